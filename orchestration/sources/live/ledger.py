"""The count of a day's calls to a service that grants so many a day."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from orchestration.durable import write_then_replace
from orchestration.landing.layout import LandingError
from orchestration.sources.live.errors import QuotaExhaustedError


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
