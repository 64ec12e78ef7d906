"""HTTP requests and recovery from failures: retries, pauses, daily quota, secrets, cut answers.

What is the same for every service belongs here. An answer is written to disk while it arrives,
checked, and only then gets its final name: a file with its final name is a complete answer. Clock,
sleep and chance are passed in, so that tests need no time.
"""

from __future__ import annotations

import gzip
import json
import random
import re
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote, urlsplit

import httpx
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt

from orchestration.durable import move_into_place, partial_path, write_then_replace
from orchestration.landing.layout import LandingError

LONGEST_WAIT_SECONDS = 600.0  # a service that asks for a longer wait ends the work for now
T = TypeVar("T")
TRANSIENT_STATUS = {408, 425, 429, 500, 502, 503, 504}


class ServiceError(LandingError):
    """A service does not deliver what was requested.

    The message names the service and the request, what the service said, and the remedy.
    """


class TransientError(ServiceError):
    """A transient fault: the request is repeated, up to the number of attempts.

    `wait_seconds` is the wait that the service asks for, if it does.
    """

    def __init__(self, message: str, wait_seconds: float | None = None) -> None:
        super().__init__(message)
        self.wait_seconds = wait_seconds


class QuotaExhaustedError(ServiceError):
    """The day's calls are used up, by our own count or according to the service."""


@dataclass
class Ledger:
    """The count of the day's calls, kept on disk so that it survives a restart.

    A day is a UTC day, as it is for the service. A call is recorded before it is sent: even if the
    process is killed, the count is never too low.
    """

    path: Path
    calls_a_day: int
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def _read(self) -> tuple[date, int]:
        today = self.now().date()
        try:
            body = json.loads(self.path.read_text(encoding="utf-8"))
            day, calls = date.fromisoformat(body["day"]), int(body["calls"])
        except FileNotFoundError:
            return today, 0
        except (ValueError, KeyError, TypeError) as error:
            raise LandingError(
                f"{self.path}: the count of the day's calls is damaged ({error}). "
                f"Remove it if fewer than {self.calls_a_day} calls were made today (UTC)."
            ) from error
        if today > day:
            return today, 0
        # a clock that was set back gives no second quota; one that had run far ahead does not lock
        # the count for ever
        return (day, calls) if day - today <= timedelta(days=1) else (today, calls)

    @property
    def left(self) -> int:
        return max(0, self.calls_a_day - self._read()[1])

    def spend(self) -> None:
        """Count one call. Raises QuotaExhaustedError if none is left."""
        day, calls = self._read()
        if calls >= self.calls_a_day:
            raise QuotaExhaustedError(
                f"the {self.calls_a_day} calls of {day} (UTC) are used up; "
                "a new quota begins at 00:00 UTC"
            )
        self._write(day, calls + 1)

    def exhaust(self) -> None:
        """Mark the quota as used up because the service says so, whatever our own count is."""
        day, calls = self._read()
        self._write(day, max(calls, self.calls_a_day))

    def _write(self, day: date, calls: int) -> None:
        write_then_replace(self.path, json.dumps({"day": day.isoformat(), "calls": calls}).encode())


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
    answer_seconds: float = 600.0
    first_backoff_seconds: float = 2.0
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    chance: Callable[[], float] = random.random
    timeout: httpx.Timeout = field(default_factory=lambda: httpx.Timeout(30.0, read=120.0))
    calls: int = 0

    def __post_init__(self) -> None:
        self._last_call: float | None = None
        # no redirects: the key would follow to wherever they lead
        self._client = httpx.Client(
            timeout=self.timeout,
            follow_redirects=False,
            headers={"User-Agent": "low-carbon-trade-warehouse", "Accept": "application/json"},
        )

    def close(self) -> None:
        self._client.close()

    def redacted(self, text: str) -> str:
        """The text without the secret, plain or percent-encoded."""
        for spelling in {self.secret, quote(self.secret, safe="")} - {""}:
            text = text.replace(spelling, "***")
        return text

    def fetch(self, url: str, path: Path, check: Callable[[Path], T]) -> T:
        """Request `url` and keep the answer, gzipped, at `path`; return the result of `check`.

        An answer that is already there and passes `check` is not requested again. `check` may raise
        TransientError (the request is repeated) or any other LandingError (the answer is not kept).
        Raises QuotaExhaustedError, or ServiceError once the attempts are used up.
        """
        if path.exists():
            try:
                return check(path)
            except LandingError:
                path.unlink()
        partial = partial_path(path)
        partial.parent.mkdir(parents=True, exist_ok=True)
        try:
            result = self._retrying()(self._attempt, url, partial, check)
            move_into_place(partial, path)
            return result
        except TransientError as error:
            raise ServiceError(
                self.redacted(
                    f"{error} {self.service} did not recover in {self.attempts} attempts; "
                    "run the same command again later, what has landed is kept."
                )
            ) from None
        except LandingError as error:
            # from None: the cause's text is the service's, not ours
            raise type(error)(self.redacted(str(error))) from None
        finally:
            partial.unlink(missing_ok=True)

    def _attempt(self, url: str, partial: Path, check: Callable):
        if self.ledger is not None:
            self.ledger.spend()
        self._pause()
        self.calls += 1
        try:
            with self._client.stream(
                "GET", url, headers={self.secret_header: self.secret} if self.secret else {}
            ) as response:
                if response.status_code != 200:
                    raise self._refusal(response)
                self._receive(response, partial)
        except (httpx.TransportError, httpx.DecodingError) as error:
            raise TransientError(
                f"{self._what(url)}: the connection failed ({type(error).__name__}: {error})."
            ) from None
        if self.secret and _holds(partial, self.secret):
            raise ServiceError(
                f"{self._what(url)}: the answer repeats the key, so it is not kept. "
                "Report this to the service, then run again."
            )
        return check(partial)

    def _receive(self, response: httpx.Response, partial: Path) -> None:
        """Write the body as it arrives; the same body gives the same bytes.

        An answer that takes longer than `answer_seconds` is a failed attempt.
        """
        deadline = self.clock() + self.answer_seconds
        with (
            open(partial, "wb") as raw,
            gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0, compresslevel=5) as packed,
        ):
            # no chunk size: gathered into chunks of one size, a body that arrives in drips would
            # never reach the deadline
            for chunk in response.iter_bytes():
                packed.write(chunk)
                if self.clock() > deadline:
                    raise TransientError(
                        f"{self._what(str(response.url))}: "
                        f"the answer was not complete after {self.answer_seconds:.0f} s."
                    )

    def _refusal(self, response: httpx.Response, address: str | None = None) -> ServiceError:
        """The error that a response with a status other than 200 stands for."""
        response.read()
        status = response.status_code
        what = self._what(address or str(response.url))
        said = _message(response)
        wish = _seconds_asked(response, said, self.now())
        if status == 403 and "quota" in said.lower():
            if wish is not None and wish <= LONGEST_WAIT_SECONDS:
                return TransientError(f"{what}: {said}", wish)
            if self.ledger is not None:
                self.ledger.exhaust()
            return QuotaExhaustedError(f"the service says the quota is used up: {said}")
        if wish is not None and wish > LONGEST_WAIT_SECONDS:
            return ServiceError(
                f"{what}: {status}, {said} It asks for a wait of {wish:.0f} s; "
                "run the same command again after that."
            )
        if status in TRANSIENT_STATUS:
            return TransientError(f"{what}: {status}, {said}", wish)
        if status in (401, 403):
            return ServiceError(
                f"{what}: {status}, {said} "
                "Check the key (COMTRADE_API_KEY in the environment or .env) and its subscription."
            )
        if 300 <= status < 400:
            return ServiceError(
                f"{what}: {status}, a redirect to another address, "
                "which is not followed (it would receive the key). "
                "Check the base address in the settings."
            )
        return ServiceError(
            f"{what}: {status}, {said} "
            "The request or the base address is not what the service expects; "
            "its interface may have changed."
        )

    def _what(self, url: str) -> str:
        parts = urlsplit(url)
        short = parts.query if len(parts.query) < 120 else parts.query[:120] + "..."
        return f"{self.service} {parts.path}?{short}" if short else f"{self.service} {parts.path}"

    def _pause(self) -> None:
        if (
            self._last_call is not None
            and (rest := self._last_call + self.pause_seconds - self.clock()) > 0
        ):
            self.sleep(rest)
        self._last_call = self.clock()

    def _retrying(self) -> Retrying:
        """Transient errors are tried again, after waits, up to the number of attempts."""
        return Retrying(
            stop=stop_after_attempt(self.attempts),
            wait=self._wait,
            retry=retry_if_exception_type(TransientError),
            sleep=self.sleep,
            before_sleep=self._tell,
            reraise=True,
        )

    def _wait(self, state: RetryCallState) -> float:
        """The wait before the next attempt: what the service asks for, else exponential backoff.

        Either has a random part, so that clients do not come back at the same moment.
        """
        wish = getattr(_fault(state), "wait_seconds", None)
        backoff = min(120.0, self.first_backoff_seconds * 2 ** (state.attempt_number - 1))
        return wish + self.chance() if wish is not None else backoff * (0.5 + self.chance())

    def _tell(self, state: RetryCallState) -> None:
        self.say(
            self.redacted(
                f"{_fault(state)} Trying again in {state.upcoming_sleep:.0f} s "
                f"(attempt {state.attempt_number + 1} of {self.attempts})."
            )
        )

    def download(self, url: str, path: Path) -> Path:
        """Download a large file, resuming where an interrupted download ended.

        Raises ServiceError with the remedy.
        """
        partial = partial_path(path)
        partial.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._retrying()(self._download_rest, url, partial)
        except TransientError as error:
            raise ServiceError(
                f"{error} The part that arrived is kept; "
                "run the same command again to continue, or download the file yourself and land it."
            ) from None
        move_into_place(partial, path)
        return path

    def _download_rest(self, url: str, partial: Path) -> None:
        have = partial.stat().st_size if partial.exists() else 0
        self.calls += 1
        # If-Range: a file that has been replaced since comes whole, never as the end of another
        tag = partial.with_name(f"{partial.name}.etag")
        conditions = (
            {"Range": f"bytes={have}-", **({"If-Range": tag.read_text()} if tag.exists() else {})}
            if have
            else {}
        )
        try:
            with self._client.stream(
                "GET",
                url,
                headers={"Accept-Encoding": "identity", **conditions},
                follow_redirects=True,
            ) as response:
                if response.status_code == 416:
                    partial.unlink()
                    raise TransientError(
                        f"{self._what(_path_of(url))}: the part on disk does not match the file; "
                        "starting over.",
                        0.0,
                    )
                if response.status_code not in (200, 206):
                    raise self._refusal(response, _path_of(url))
                if response.status_code == 206 and not response.headers.get(
                    "Content-Range", ""
                ).startswith(f"bytes {have}-"):
                    partial.unlink()
                    raise TransientError(
                        f"{self._what(_path_of(url))}: "
                        "a different part arrived than was requested; starting over.",
                        0.0,
                    )
                if etag := response.headers.get("ETag"):
                    tag.write_text(etag)
                with open(partial, "ab" if response.status_code == 206 else "wb") as handle:
                    shutil.copyfileobj(_Chunks(response), handle)
        except httpx.TransportError as error:
            raise TransientError(
                f"{self._what(_path_of(url))}: "
                f"the connection failed ({type(error).__name__}: {error})."
            ) from None
        tag.unlink(missing_ok=True)


class _Chunks:
    """A response's body as a file to read from."""

    def __init__(self, response: httpx.Response) -> None:
        self._chunks = response.iter_raw()

    def read(self, _: int = -1) -> bytes:
        return next(self._chunks, b"")


def _path_of(address: str) -> str:
    """An address without its query, which may hold a secret."""
    return urlsplit(address)._replace(query="").geturl()


def _holds(path: Path, secret: str) -> bool:
    needle, tail = secret.encode(), b""
    with gzip.open(path) as stream:
        while chunk := stream.read(1 << 20):
            if needle in tail + chunk:
                return True
            tail = chunk[-len(needle) :]
    return False


def _message(response: httpx.Response) -> str:
    """What the service says, in one line of limited length."""
    try:
        body = response.json()
        text = body.get("message") or body.get("error") or body if isinstance(body, dict) else body
        text = text.get("message", text) if isinstance(text, dict) else text
    except ValueError:
        text = re.sub(r"<[^>]*>", " ", response.text)
    line = " ".join(str(text).split())[:300]
    return (line if line.endswith(".") else f"{line}.") if line else "without a message."


def _seconds_asked(response: httpx.Response, said: str, now: datetime) -> float | None:
    """How long the service asks to wait, from its header (seconds or a date), else its message."""
    header = response.headers.get("Retry-After", "").strip()
    if header.isdigit():
        return float(header)
    if header:
        try:
            from email.utils import parsedate_to_datetime

            return max(0.0, (parsedate_to_datetime(header) - now).total_seconds())
        except (ValueError, TypeError):
            return None
    if match := re.search(r"(\d+) seconds", said):
        return float(match[1])
    if match := re.search(r"(\d+):(\d\d):(\d\d)", said):
        return int(match[1]) * 3600.0 + int(match[2]) * 60 + int(match[3])
    return None


def _fault(state: RetryCallState) -> BaseException | None:
    """What ended an attempt that is to be repeated."""
    return state.outcome.exception() if state.outcome is not None else None
