"""What the warehouse is to reach, and whether it does: ratios within one run, seconds and memory.

A goal is measured at the reference size where there is one; else at the largest size measured.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Results = dict[str, Any]
REFERENCE_ROWS, TENTH, FULL_ROWS = 100_000_000, 10_000_000, 250_000_000


@dataclass(frozen=True)
class Goal:
    """`value` gives the number, or raises KeyError where it has not been measured."""

    work: str
    at_most: float
    unit: str
    value: Callable[[Results], float]


def size(results: Results, rows: int) -> Results:
    """The results at a number of rows. Raises KeyError."""
    return results["sizes"][str(rows)]


def reference(results: Results) -> Results:
    """The results at the reference size, or at the largest below it."""
    measured = [int(rows) for rows in results.get("sizes", {}) if int(rows) <= REFERENCE_ROWS]
    if not measured:
        raise KeyError("sizes")
    return size(results, max(measured))


def _seconds(of: Results, *names: str) -> float:
    for name in names:
        of = of[name]
    return float(of["seconds"])


def _same_work(numerator: str, denominator: str) -> Callable[[Results], float]:
    def value(results: Results) -> float:
        work = reference(results)["same_work"]
        return _seconds(work, numerator) / _seconds(work, denominator)

    return value


def _landing(results: Results) -> float:
    both = reference(results)["landing_and_loading"]
    return _seconds(both, "ours") / _seconds(both, "by_duckdb")


def _tests(results: Results) -> float:
    spent = reference(results)["data_tests"]
    return _seconds(spent, "test") / _seconds(spent, "model")


def _peak(results: Results) -> float:
    return size(results, REFERENCE_ROWS)["first_run"]["peak_bytes"] / 1e9


def _peak_of_all(results: Results) -> float:
    largest = max(int(rows) for rows in results["sizes"])
    if largest < FULL_ROWS:
        raise KeyError("the full size")
    return size(results, largest)["first_run"]["peak_bytes"] / 1e9


def _changed_year(results: Results) -> float:
    of = reference(results)
    return _seconds(of, "changed_year") / _seconds(of, "first_run")


GOALS = (
    Goal("landing and loading / DuckDB's own conversion to sorted Parquet", 1.0, "", _landing),
    Goal(
        "all models' SQL / hand-written script", 8, "", _same_work("all_models", "by_hand_duckdb")
    ),
    Goal(
        "the same without concentration and prices, which came later",
        8,
        "",
        _same_work("models_of_the_report", "by_hand_duckdb"),
    ),
    Goal(
        "default fact and panel alone / hand-written script",
        2,
        "",
        _same_work("default_fact_and_panel", "by_hand_duckdb"),
    ),
    Goal("data tests / models, in dbt's seconds", 1, "", _tests),
    Goal("peak memory of the first run at 100 million rows", 4, "GB", _peak),
    Goal("peak memory of the first run at the full size", 6, "GB", _peak_of_all),
    Goal(
        "whole run at 100 million rows / at 10 million",
        9,
        "",
        lambda r: (
            _seconds(size(r, REFERENCE_ROWS), "first_run") / _seconds(size(r, TENTH), "first_run")
        ),
    ),
    Goal("one changed year / first run", 0.2, "", _changed_year),
    Goal(
        "nothing new on real files, processor time",
        12,
        "s",
        lambda r: float(r["real_files"]["nothing_new"]["cpu_seconds"]),
    ),
    Goal(
        "whole run at 100 million rows",
        140,
        "s",
        lambda r: _seconds(size(r, REFERENCE_ROWS), "first_run"),
    ),
    Goal(
        "demo, clone to published without setting up",
        70,
        "s",
        lambda r: _seconds(r["demo"], "first_run"),
    ),
    Goal(
        "default fact and panel / polars",
        0.8,
        "",
        _same_work("default_fact_and_panel", "by_hand_polars"),
    ),
    Goal(
        "default fact and panel / pandas",
        0.1,
        "",
        _same_work("default_fact_and_panel", "by_hand_pandas"),
    ),
)


def judged(results: Results) -> list[dict[str, Any]]:
    """Every goal with its number, None where it is not measured, and whether it is met."""
    rows = []
    for goal in GOALS:
        try:
            value = goal.value(results)
        except KeyError:
            value = None
        rows.append(
            {
                "work": goal.work,
                "at_most": goal.at_most,
                "unit": goal.unit,
                "value": value,
                "is_met": None if value is None else value <= goal.at_most,
            }
        )
    return rows
