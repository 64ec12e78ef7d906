"""The seed exhibits: how each exhibit is drawn, and which of its numbers are watched for drift."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from orchestration.seeds import seed_rows

PERCENTAGE_POINT = "percentage point"
PERCENT_OF_VALUE = "percent of the value"


@dataclass(frozen=True)
class Exhibit:
    """A table of the schema report that holds year, series, measure, value and unit.

    Its series are told apart by `series_column`. Each of `drawn_measures` is a panel of its
    picture, `lines` or `areas`. Drift in `watched_measures` is counted in `movement_unit`.
    """

    table: str
    title: str
    series_column: str
    chart: str
    drawn_measures: tuple[str, ...]
    watched_measures: tuple[str, ...]
    movement_unit: str


@cache
def exhibits() -> dict[str, Exhibit]:
    """Table of the schema report -> its row of the seed, in the seed's order."""
    return {
        row["exhibit"]: Exhibit(
            table=row["exhibit"],
            title=row["title_en"],
            series_column=row["series_column"],
            chart=row["chart"],
            drawn_measures=_listed(row["drawn_measures"]),
            watched_measures=_listed(row["watched_measures"]),
            movement_unit=row["movement_unit"],
        )
        for row in seed_rows("exhibits")
    }


def _listed(measures: str) -> tuple[str, ...]:
    return tuple(measures.split("; ")) if measures else ()
