"""What a response with a status other than 200 stands for, and what to do about it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime

import httpx

from orchestration.sources.live.answers import beginning
from orchestration.sources.live.errors import QuotaExhaustedError, ServiceError, TransientError
from orchestration.sources.live.redaction import Redaction, printable

LONGEST_WAIT_SECONDS = 600.0  # a service that asks for a longer wait ends the work for now
LONGEST_MESSAGE = 300  # characters of what a service says
TRANSIENT_STATUS = {408, 425, 429, 500, 502, 503, 504}


@dataclass(frozen=True)
class Refusal:
    """A response with a status other than 200: what it says, and the wait that it asks for."""

    status: int
    said: str
    wait_seconds: float | None

    def error(self, what: str, has_key: bool) -> ServiceError:
        """The error that it stands for; `what` names the service and the request."""
        wish, said = self.wait_seconds, f"{what}: {self.status}, {self.said}"
        if self.status == 403 and "quota" in self.said.lower():
            if wish is not None and wish <= LONGEST_WAIT_SECONDS:
                return TransientError(f"{what}: {self.said}", wish)
            return QuotaExhaustedError(f"the service says the quota is used up: {self.said}")
        if wish is not None and wish > LONGEST_WAIT_SECONDS:
            return ServiceError(
                f"{said} It asks for a wait of {wish:.0f} s; run the same command again after that."
            )
        if self.status in TRANSIENT_STATUS:
            return TransientError(said, wish)
        if self.status in (401, 403):
            remedy = (
                "Check the key (COMTRADE_API_KEY in the environment or .env) and its subscription."
                if has_key
                else "Check the address in the settings, and what it takes to be let in."
            )
            return ServiceError(f"{said} {remedy}")
        if 300 <= self.status < 400:
            return ServiceError(
                f"{what}: {self.status}, a redirect to another address, which is not followed "
                "(it would receive the key). Check the base address in the settings."
            )
        return ServiceError(
            f"{said} The request or the base address is not what the service expects; "
            "its interface may have changed."
        )


def read_refusal(response: httpx.Response, redaction: Redaction, now: datetime) -> Refusal:
    """Read a response with a status other than 200, of whose body only the beginning is read."""
    body, is_cut = beginning(response)
    said = _message(body, is_cut, redaction)
    header = response.headers.get("Retry-After", "").strip()
    return Refusal(response.status_code, said, _seconds_asked(header, said, now))


def _message(body: str, is_cut: bool, redaction: Redaction) -> str:
    """What the service says, in one line of limited length.

    All that was read is redacted before any of it is cut. Where the body goes on, a secret may
    have been cut already, so that the end is dropped.
    """
    text = redaction.redacted(_text_of(redaction.redacted(body)))
    if is_cut:
        text = text[: max(0, len(text) - redaction.longest_spelling)]
    line = " ".join(printable(text).split())[:LONGEST_MESSAGE]
    return (line if line.endswith(".") else f"{line}.") if line else "without a message."


def _text_of(body: str) -> str:
    """The message in a body: in its JSON, or else the text of its HTML."""
    try:
        answer = json.loads(body)
        for _ in range(2):
            if isinstance(answer, dict):
                answer = answer.get("message") or answer.get("error") or answer
        return answer if isinstance(answer, str) else json.dumps(answer, ensure_ascii=False)
    except (ValueError, RecursionError):
        return re.sub(r"<[^<>]*>", " ", body)


def _seconds_asked(header: str, said: str, now: datetime) -> float | None:
    """How long the service asks to wait, from its header (seconds or a date), else its message.

    A header that is neither is ignored.
    """
    if re.fullmatch(r"[0-9]+", header):
        return float(header)
    if header:
        try:
            return max(0.0, (parsedate_to_datetime(header) - now).total_seconds())
        except (ValueError, TypeError, IndexError, OverflowError):
            return None
    if match := re.search(r"([0-9]{1,9}) seconds", said):
        return float(match[1])
    if match := re.search(r"([0-9]{1,6}):([0-9]{2}):([0-9]{2})", said):
        return int(match[1]) * 3600.0 + int(match[2]) * 60 + int(match[3])
    return None
