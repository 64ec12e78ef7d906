"""The mark by which the demo's files say in their own data that every number is invented.

Every table of theirs ends in a column `synthetic` (publishers add columns, and readers ignore those
they do not know); descriptions of products and indicators end in "(invented)" as well, so that
these tables are known even without that column. Both remain when a file is renamed, packed in
another way, split, sorted, or saved again by a spreadsheet. A table of BACI or GeoDist from which
the column is cut off is known only if it is a whole one of the default worlds, by its rows and
total. Synthetic files land as the demo's and under no other origin, and the demo's are all marked.
"""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path
from typing import NamedTuple

from orchestration.durable import sql_name, sql_text
from orchestration.landing.layout import LandedTable, LandingError, Layout

MARK_COLUMN = "synthetic"
MARK_VALUE = "1"
INVENTED = "(invented)"
KNOWN_TOTALS = Path(__file__).with_name("synthetic_totals.csv")
AMOUNTS = ("amount", "thousands", "number")


class Total(NamedTuple):
    """What a table is known by: how many rows it has, and the sum of its first needed amount."""

    layout: str
    rows: int
    total: str | None


def has_mark(table: LandedTable) -> bool:
    """Whether the table has the column that marks synthetic ones."""
    return MARK_COLUMN in (name.strip().lower() for name in table.header)


def check_mark(table: LandedTable, is_synthetic: bool) -> None:
    """Raise LandingError for a marked table that is to land as real, or the reverse."""
    if has_mark(table) and not is_synthetic:
        raise LandingError(refusal(table.label))
    if is_synthetic and not has_mark(table):
        raise LandingError(
            f"{table.label}: no column {MARK_COLUMN}, so it is not a file of the synthetic demo "
            "and cannot land as one. Land it with SOURCE=files LANDING=folder."
        )


def says_invented(table: LandedTable) -> str:
    """The SQL condition over a landed row for text that says that its numbers are invented."""
    texts = [sql_name(c.name) for c in table.layout.columns if c.kind == "text"]
    return " or ".join(f"contains({t}, {sql_text(INVENTED)})" for t in texts) or "false"


def total_of(layout: Layout) -> str:
    """The SQL for the sum of the first column of amounts that is never blank, as text."""
    for c in layout.columns:
        if c.kind in AMOUNTS and c.required and not c.blank_allowed:
            return f"cast(sum(try_cast({sql_name(c.name)} as decimal(16, 3))) as varchar)"
    return "cast(null as varchar)"


@cache
def known_totals() -> frozenset[Total]:
    """The tables of the default worlds at the smaller scales (sources/synthetic/totals.py)."""
    with open(KNOWN_TOTALS, encoding="utf-8", newline="") as listed:
        rows = csv.DictReader(listed)
        return frozenset(Total(r["layout"], int(r["rows"]), r["total"]) for r in rows)


def refusal(label: str) -> str:
    """Why a synthetic file does not land as real, and what to do."""
    return (
        f"{label}: a file of the synthetic demo, in which every number is invented; "
        "it cannot land as real data. "
        "Use SOURCE=demo for the demo, or take the file from its publisher."
    )
