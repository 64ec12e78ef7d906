"""HTTP requests and recovery from failures: retries, pauses, limits of time and size, secrets.

What is the same for every service belongs here. An answer is written to disk while it arrives,
checked, and only then gets its final name: a file with its final name is a complete answer. Clock,
sleep and chance are passed in, so that tests need no time.
"""

from __future__ import annotations

import gzip
import logging
import random
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

import httpx
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt

from orchestration.durable import move_into_place, partial_path
from orchestration.errors import ExplainedError
from orchestration.landing.layout import LandingError
from orchestration.sources.live.answers import EncodingError, decoded
from orchestration.sources.live.deadline import Deadline
from orchestration.sources.live.errors import (
    QuotaExhaustedError,
    ServiceError,
    TransientError,
    UnusableAnswerError,
)
from orchestration.sources.live.ledger import Ledger
from orchestration.sources.live.redaction import Redaction, secrets_of
from orchestration.sources.live.refusals import read_refusal

LONGEST_QUERY = 120  # characters of a request's query in a message
MOST_REDIRECTS = 5  # of a download
T = TypeVar("T")

# they log whole addresses and, in detail, headers: both may hold a secret
for _library in ("httpx", "httpcore"):
    logging.getLogger(_library).setLevel(logging.WARNING)


@dataclass(frozen=True)
class Bounds:
    """What one exchange may take at most; what takes more is cut off.

    Separators are the commas of an answer: they bound what its JSON can take in memory, where
    100,000 rows of trade have five million.
    """

    answer_seconds: float = 600.0
    answer_bytes: int = 256 << 20
    answer_separators: int = 20_000_000
    error_seconds: float = 30.0
    download_seconds: float = 6 * 3600.0
    download_bytes: int = 16 << 30
    # a download slower than this, over this time, is interrupted and resumed
    pace_seconds: float = 120.0
    pace_bytes: int = 120 << 10


@dataclass
class Transport:
    """The connection to one service.

    `secret` goes into the header `secret_header` of requests to `base` and nowhere else.
    """

    service: str
    base: str
    say: Callable[[str], None] = lambda _: None
    secret: str = field(default="", repr=False)
    secret_header: str = "Ocp-Apim-Subscription-Key"
    ledger: Ledger | None = None
    pause_seconds: float = 0.0
    attempts: int = 6
    bounds: Bounds = field(default_factory=Bounds)
    first_backoff_seconds: float = 2.0
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    chance: Callable[[], float] = random.random
    timeout: httpx.Timeout = field(default_factory=lambda: httpx.Timeout(30.0, read=120.0))

    def __post_init__(self) -> None:
        self._last_call: float | None = None
        self.redaction = Redaction(frozenset({self.secret, *secrets_of(self.base)} - {""}))
        # no redirects: the key would follow to wherever they lead. A connection serves one
        # exchange, so that its deadline knows which to cut.
        self._client = httpx.Client(
            verify=_trusted_certificates(),
            timeout=self.timeout,
            follow_redirects=False,
            max_redirects=MOST_REDIRECTS,
            limits=httpx.Limits(max_keepalive_connections=0),
            headers={
                "User-Agent": "low-carbon-trade-warehouse",
                "Accept": "application/json",
                "Accept-Encoding": "gzip",
            },
        )

    def close(self) -> None:
        self._client.close()

    def redacted(self, text: str) -> str:
        """The text without the secrets of this connection, and of limited length."""
        return self.redaction.shown(text)

    def fetch(self, url: str, path: Path, check: Callable[[Path], T]) -> T:
        """Request `url` and keep the answer, gzipped, at `path`; return the result of `check`.

        An answer that is already there and passes `check` is not requested again. `check` may raise
        TransientError (the request is repeated) or any other LandingError (the answer is not kept);
        whatever else it raises shows that the answer is no known one, and the request is repeated.
        Raises QuotaExhaustedError, or once the attempts are used up UnusableAnswerError if answers
        arrived and none could be used, else ServiceError.
        """
        if path.exists():
            try:
                return self._checked(url, path, check)
            except LandingError:
                path.unlink()
        partial = partial_path(path)
        partial.parent.mkdir(parents=True, exist_ok=True)
        try:
            result = self.retrying(self.redacted)(self._attempt, url, partial, check)
            move_into_place(partial, path)
            return result
        except TransientError as error:
            kind = UnusableAnswerError if error.has_answer else ServiceError
            raise kind(
                self.redacted(
                    f"{self.redacted(str(error))} {self.service} did not recover in "
                    f"{self.attempts} attempts; run the same command again later, "
                    "what has landed is kept."
                )
            ) from None
        except LandingError as error:
            error.args = (self.redacted(str(error)),)
            # from None: the cause's text is the service's, not ours
            raise error from None
        finally:
            partial.unlink(missing_ok=True)

    def _attempt(self, url: str, partial: Path, check: Callable[[Path], T]) -> T:
        if self.ledger is not None:
            self.ledger.spend()
        self._pause()
        headers = {self.secret_header: self.secret} if self.secret else {}
        what = self.described(url)
        with self.exchange(url, what, headers) as (response, _):
            self._receive(response, partial, what)
        if self.redaction.secrets and _repeats(partial, self.redaction):
            raise ServiceError(
                f"{what}: the answer repeats the key, so it is not kept. "
                "Report this to the service, then run again."
            )
        return self._checked(url, partial, check)

    @contextmanager
    def exchange(
        self,
        url: str,
        what: str,
        headers: dict[str, str],
        accepted: tuple[int, ...] = (200,),
        follow_redirects: bool = False,
    ) -> Iterator[tuple[httpx.Response, Deadline]]:
        """One request and its response, which must be over within the seconds of an answer.

        `what` names the request in messages. Raises TransientError for whatever fails on the way,
        and for a response of another status than those accepted the error that it stands for.
        """
        deadline = Deadline(self.bounds.answer_seconds)
        try:
            with (
                deadline,
                self._client.stream(
                    "GET",
                    url,
                    headers=headers,
                    follow_redirects=follow_redirects,
                    extensions={"trace": deadline.trace},
                ) as response,
            ):
                if response.status_code not in accepted:
                    deadline.extend(self.bounds.error_seconds)
                    refusal = read_refusal(response, self._redaction_of(response), self.now())
                    fault = refusal.error(what, bool(self.secret))
                    if isinstance(fault, QuotaExhaustedError) and self.ledger is not None:
                        # the service says so, whatever our own count is
                        self.ledger.exhaust()
                    raise fault
                yield response, deadline
        except ExplainedError:
            raise
        except EncodingError as error:
            raise TransientError(f"{what}: {error}.", has_answer=True) from None
        except Exception as error:
            # whatever bytes can lead the libraries to: nothing that a server sends ends the run
            if _is_of_our_disk(error):
                raise
            if not deadline.has_passed:
                # the text of an error on the way may hold the address that it was sent on to
                text = "" if follow_redirects else f": {error}"
                reason = self.redaction.shown(f"{type(error).__name__}{text}")
                raise TransientError(f"{what}: the connection failed ({reason}).") from None
        if deadline.has_passed:
            # a body without a length seems to have ended where the connection was cut
            raise TransientError(
                f"{what}: the answer was not complete after {deadline.seconds:.0f} s."
            )

    def _redaction_of(self, response: httpx.Response) -> Redaction:
        """The secrets of this connection, and those of the addresses that it was sent on to."""
        passed_on = [*response.history, response] if response.history else []
        return self.redaction.also(s for r in passed_on for s in secrets_of(str(r.url)))

    def _receive(self, response: httpx.Response, partial: Path, what: str) -> None:
        """Write the body as it arrives; the same body gives the same bytes."""
        size = separators = 0
        with (
            open(partial, "wb") as raw,
            gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0, compresslevel=5) as packed,
        ):
            for chunk in decoded(response):
                packed.write(chunk)
                size += len(chunk)
                separators += chunk.count(b",")
                if size > self.bounds.answer_bytes or separators > self.bounds.answer_separators:
                    raise TransientError(
                        f"{what}: the answer is larger than any that was asked for "
                        f"(over {size:,} bytes, {separators:,} commas).",
                        has_answer=True,
                    )

    def _checked(self, url: str, path: Path, check: Callable[[Path], T]) -> T:
        try:
            return check(path)
        except TransientError as error:
            error.has_answer = True
            raise
        except LandingError:
            raise
        except Exception as error:
            if _is_of_our_disk(error):
                raise
            # no known answer leads a check to anything else than the above
            raise TransientError(
                f"{self.described(url)}: the answer is not in any known form "
                f"({type(error).__name__}).",
                has_answer=True,
            ) from None

    def described(self, url: str) -> str:
        """The service and the request, as messages name them."""
        parts = urlsplit(url)
        query = self.redaction.redacted(parts.query)
        short = query if len(query) < LONGEST_QUERY else query[:LONGEST_QUERY] + "..."
        return f"{self.service} {parts.path}?{short}" if short else f"{self.service} {parts.path}"

    def _pause(self) -> None:
        if (
            self._last_call is not None
            and (rest := self._last_call + self.pause_seconds - self.clock()) > 0
        ):
            self.sleep(rest)
        self._last_call = self.clock()

    def retrying(self, redacted: Callable[[str], str]) -> Retrying:
        """Transient errors are tried again, after waits, up to the number of attempts."""

        def tell(state: RetryCallState) -> None:
            self.say(
                f"{redacted(str(_fault(state)))} Trying again in {state.upcoming_sleep:.0f} s "
                f"(attempt {state.attempt_number + 1} of {self.attempts})."
            )

        return Retrying(
            stop=stop_after_attempt(self.attempts),
            wait=self._wait,
            retry=retry_if_exception_type(TransientError),
            sleep=self.sleep,
            before_sleep=tell,
            reraise=True,
        )

    def _wait(self, state: RetryCallState) -> float:
        """The wait before the next attempt: what the service asks for, else exponential backoff.

        Either has a random part, so that clients do not come back at the same moment.
        """
        wish = getattr(_fault(state), "wait_seconds", None)
        backoff = min(120.0, self.first_backoff_seconds * 2 ** (state.attempt_number - 1))
        return wish + self.chance() if wish is not None else backoff * (0.5 + self.chance())


@cache
def _trusted_certificates() -> ssl.SSLContext:
    """Those that httpx trusts, for every connection of the process: they take 30 ms to read."""
    return httpx.create_ssl_context()


def _repeats(path: Path, redaction: Redaction) -> bool:
    """Whether a gzipped answer holds a secret, in whatever spelling."""
    tail = ""
    with gzip.open(path, "rt", encoding="latin-1") as stream:
        while chunk := stream.read(1 << 20):
            if redaction.is_in(tail + chunk):
                return True
            tail = chunk[-redaction.longest_spelling :]
    return False


def _is_of_our_disk(error: Exception) -> bool:
    """Whether an error is no service's doing: a full disk, a folder that is not writable."""
    of_others = (ConnectionError, TimeoutError, socket.gaierror, ssl.SSLError, gzip.BadGzipFile)
    return isinstance(error, OSError) and not isinstance(error, of_others)


def _fault(state: RetryCallState) -> BaseException | None:
    """What ended an attempt that is to be repeated."""
    return state.outcome.exception() if state.outcome is not None else None
