"""What goes wrong between us and a service, by what is done about it."""

from __future__ import annotations

from orchestration.landing.layout import LandingError


class ServiceError(LandingError):
    """A service does not deliver what was requested.

    The message names the service and the request, what the service said, and the remedy.
    """


class UnusableAnswerError(ServiceError):
    """A service answers, but one request never with anything that can be used.

    Other requests may fare better, so the work goes on without this one.
    """


class TransientError(ServiceError):
    """A transient fault: the request is repeated, up to the number of attempts.

    `wait_seconds` is the wait that the service asks for, if it does; `has_answer` says whether
    something came that could have been an answer.
    """

    def __init__(
        self, message: str, wait_seconds: float | None = None, has_answer: bool = False
    ) -> None:
        super().__init__(message)
        self.wait_seconds = wait_seconds
        self.has_answer = has_answer


class QuotaExhaustedError(ServiceError):
    """The day's calls are used up, by our own count or according to the service."""
