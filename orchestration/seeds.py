"""Reading seeds/, the facts that models rest on, where there is no warehouse yet to ask."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

from orchestration.settings import PROJECT_ROOT


def seed_path(name: str) -> Path:
    """Where the seed `name` lies below seeds/."""
    [path] = (PROJECT_ROOT / "seeds").rglob(f"{name}.csv")
    return path


@cache
def seed_rows(name: str) -> tuple[dict[str, str], ...]:
    """The rows of the seed `name` as text, in the order of the file."""
    with open(seed_path(name), newline="", encoding="utf-8") as handle:
        return tuple(csv.DictReader(handle))
