"""The plan of a refresh of trade, kept on disk (incoming/plan.json) until all of it has landed.

A run that is killed, or that reaches the end of the day's quota, is continued by the next one
without requesting anything twice.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from orchestration.durable import write_then_replace
from orchestration.landing.layout import LandingError
from orchestration.settings import Settings
from orchestration.sources.live import plan
from orchestration.sources.live.comtrade import Releases
from orchestration.sources.live.plan import Request


@dataclass
class PendingPlan:
    """The requests of a refresh that are left, with the releases it was planned on.

    `total` counts the requests it began with.
    """

    path: Path
    made_at: str
    codes: tuple[str, ...]
    rows_per_answer: int
    releases: Releases
    requests: list[Request]
    total: int

    def write(self) -> None:
        body = {
            "made_at": self.made_at,
            "codes": self.codes,
            "rows_per_answer": self.rows_per_answer,
            "total": self.total,
            "releases": [
                [reporter, period, released]
                for (reporter, period), released in self.releases.items()
            ],
            "requests": [plan.as_json(request) for request in self.requests],
        }
        write_then_replace(self.path, json.dumps(body).encode())


def read_plan(path: Path) -> PendingPlan | None:
    """The plan at `path`, or None if there is none. Raises LandingError if it is damaged."""
    if not path.exists():
        return None
    try:
        body = json.loads(path.read_text(encoding="utf-8"))
        releases = {(reporter, period): stamp for reporter, period, stamp in body["releases"]}
        return PendingPlan(
            path,
            body["made_at"],
            tuple(body["codes"]),
            body["rows_per_answer"],
            releases,
            [plan.from_json(r) for r in body["requests"]],
            body["total"],
        )
    except (ValueError, KeyError, TypeError) as error:
        raise LandingError(
            f"{path}: the plan of the refresh is damaged ({error}). "
            "Remove it; what has landed is not requested again."
        ) from error


def plan_path(settings: Settings) -> Path:
    """Where the plan is kept."""
    return settings.incoming_dir / "plan.json"


def waiting_requests(settings: Settings) -> int:
    """How many requests of the last refresh have not landed yet."""
    pending = read_plan(plan_path(settings))
    return len(pending.requests) if pending else 0
