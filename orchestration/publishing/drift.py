"""Drift since the last publication: how far the exhibits' aggregates and the coefficients changed.

Each number is compared with the bounds in the seed drift_bounds. A number that moved beyond its
first bound raises a warning for review. A number beyond its second bound stops the publication, and
the previous one stays in place; unless it rests on clearly more data than before, when a change is
expected. A number that is missing, NaN or infinite, now or before, always stops it. Numbers are
compared only if both publications rest on the same choices and the same world.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import duckdb

from orchestration.durable import sql_name, sql_text, sql_texts
from orchestration.publishing.catalogue import is_published
from orchestration.publishing.exhibits import PERCENT_OF_VALUE, PERCENTAGE_POINT, exhibits
from orchestration.publishing.last_publication import NotComparableError, last_publication
from orchestration.seeds import seed_rows
from orchestration.settings import Settings

COMPARED_CHOICES = (
    "basis",
    "hs_treatment",
    "mineral_scope",
    "income_vintage",
    "standardisation_first_year",
    "standardisation_last_year",
    "is_synthetic",
)
COMPARED_SETTINGS = ("low_carbon_products", "demo_seed", "demo_scale", "demo_rows")
SAME_NUMBER = 1e-12  # two sums of the same values may differ by this in their last digits
HOW_TO_ACCEPT = "If the change is intended, run once with LCT_ACCEPT_DRIFT=true."


@dataclass(frozen=True)
class Moved:
    """A number that moved by more than its first bound, or is missing now (`after` is None).

    A value before or now that is NaN or infinite counts as missing.

    `distance` is in the bound's unit; `data_before` and `data_after` are how many records or
    observations the number rests on, None where that is not published.
    """

    subject: str
    name: str
    before: float
    after: float | None
    distance: float
    bound: float
    data_before: int | None
    data_after: int | None
    is_blocking: bool

    def both_values(self) -> str:
        return f"{self.name} from {self.before:,.6g} to {_number(self.after)}"


@dataclass(frozen=True)
class Drift:
    """The numbers that moved, out of how many compared; or why nothing was compared."""

    subject: str
    compared: int
    moved: tuple[Moved, ...] = ()
    not_compared: str = ""

    @property
    def is_blocking(self) -> bool:
        return any(m.is_blocking for m in self.moved)

    def sentence(self) -> str:
        """How many moved, and one example: the first that stops the publication, if any does."""
        first = next((m for m in self.moved if m.is_blocking), self.moved[0])
        return (
            f"{len(self.moved)} of {self.compared} {plural(self.subject)} have changed "
            "since the last publication by more than their bound, "
            f"among them {first.both_values()}."
        )

    def table(self) -> str:
        """The moved numbers as a Markdown table, the largest move first."""
        rows = [
            f"| {m.name} | {m.before:,.6g} | {_number(m.after)} | {m.distance:.3g} | {m.bound:g} "
            f"| {_count(m.data_before)} | {_count(m.data_after)} "
            f"| {'yes' if m.is_blocking else 'no'} |"
            for m in self.moved
        ]
        return "\n".join(
            [
                f"| {self.subject.replace('_', ' ')} | before | now | changed by | bound "
                "| data before | data now | stops publication |",
                "|---|---|---|---|---|---|---|---|",
                *rows,
            ]
        )


# Size of one unit of distance, by movement_unit of the seed exhibits. There is no percentage of
# zero: a number that was zero is measured by the largest of its series.
ONE_UNIT = {
    PERCENTAGE_POINT: "1.0",
    PERCENT_OF_VALUE: (
        "coalesce(nullif(abs(value), 0), max(abs(value)) over (partition by measure, {series}))"
        " / 100"
    ),
}


WORLD_TRADE = "marts.fct_world_trade"


def _aggregates(connection: duckdb.DuckDBPyConnection, catalogue: str) -> str:
    """Every number that the seed exhibits has watched; its data are the year's world trade.

    That is unknown where its table is not published (LCT_PUBLISH=aggregates).
    """
    numbers = " union all ".join(
        f"""
            select
                {sql_text(exhibit.table)} || ' ' || measure || ' '
                || {sql_name(exhibit.series_column)} || ' ' || year as name,
                year,
                value,
                {ONE_UNIT[exhibit.movement_unit].format(series=sql_name(exhibit.series_column))}
                    as one_unit
            from {sql_name(catalogue, "report", exhibit.table)}
            where measure in ({sql_texts(exhibit.watched_measures)})
        """
        for exhibit in exhibits().values()
        if exhibit.watched_measures
    )
    is_counted = is_published(connection, WORLD_TRADE)
    counted = f"select year, count(*) as records from {catalogue}.{WORLD_TRADE} group by year"
    trade = counted if is_counted else "select null as year where false"
    records = "coalesce(records, 0)" if is_counted else "null"
    return f"""
        with numbers as ({numbers}), trade as ({trade})
        select name, value, one_unit, {records} as records
        from numbers
        left join trade using (year)
    """


def _estimated(catalogue: str, condition: str) -> str:
    """The coefficients of every table's own specification, with the observations they rest on."""
    return f"""
        select
            exhibit || ' (' || "column" || ') ' || term as name,
            estimate as value,
            std_error as one_unit,
            n_observations as records
        from {catalogue}.estimates.coefficients
        where variant = 'report' and {condition}
    """


def _coefficients(_: duckdb.DuckDBPyConnection, catalogue: str) -> str:
    """Those of the report's tables on the run's basis, clustered by economy."""
    run_basis = f"select basis from {catalogue}.marts.run_choices"
    return _estimated(catalogue, f"inference = 'cluster_iso3' and basis = ({run_basis})")


def _gravity_coefficients(_: duckdb.DuckDBPyConnection, catalogue: str) -> str:
    """Those of gravity, clustered by pair; there is one basis that has trade of all pairs."""
    return _estimated(catalogue, "inference = 'cluster_pair' and exhibit like 'gravity_%'")


# subject -> the query for the numbers of a connection's catalogue: name, value, size of one unit of
# distance, and the number of records the value rests on
SUBJECTS: dict[str, Callable[[duckdb.DuckDBPyConnection, str], str]] = {
    "aggregate": _aggregates,
    "coefficient": _coefficients,
    "gravity_coefficient": _gravity_coefficients,
}


class Number(NamedTuple):
    """A value, the size of one unit of distance, and how many records it rests on, if known."""

    value: float
    one_unit: float | None
    records: int | None


NOTHING = Number(math.nan, None, 0)


def drift(connection: duckdb.DuckDBPyConnection, settings: Settings, subject: str) -> Drift:
    """Compare the build file's numbers of a subject (a key of SUBJECTS) with those published."""
    try:
        with last_publication(settings) as before:
            if reason := other_choices_of_the_last(before, connection, settings):
                return Drift(subject, 0, not_compared=reason)
            was = _numbers(before, subject)
    except NotComparableError as error:
        return Drift(subject, 0, not_compared=str(error))
    [bounds] = connection.execute(
        "select warn_above, stop_above, more_data_percent "
        "from seeds.drift_bounds where subject = ?",
        [subject],
    ).fetchall()
    return _drift(subject, was, _numbers(connection, subject), bounds)


def drift_between(
    connection: duckdb.DuckDBPyConnection, earlier: str, later: str, subject: str
) -> Drift:
    """The same between two publications that a connection holds as catalogues of these names."""
    [bounds] = (row for row in seed_rows("drift_bounds") if row["subject"] == subject)
    try:
        was, now = (_numbers(connection, subject, name) for name in (earlier, later))
    except duckdb.CatalogException:
        return Drift(subject, 0, not_compared="one of them is from another version")
    names = ("warn_above", "stop_above", "more_data_percent")
    warn_above, stop_above, more_data_percent = (float(bounds[name]) for name in names)
    return _drift(subject, was, now, (warn_above, stop_above, more_data_percent))


def _drift(
    subject: str,
    was: dict[str, Number],
    now: dict[str, Number],
    bounds: tuple[float, float, float],
) -> Drift:
    moved = [
        found
        for name, number in was.items()
        if (found := _moved(subject, name, number, now.get(name, NOTHING), bounds))
    ]
    return Drift(subject, len(was), tuple(sorted(moved, key=lambda m: (-m.distance, m.name))))


def _moved(
    subject: str, name: str, was: Number, now: Number, bounds: tuple[float, float, float]
) -> Moved | None:
    """A number with what it was and is now, if it moved beyond the first of its bounds."""
    warn_above, stop_above, more_data_percent = bounds
    distance = distance_moved(was.value, now.value, was.one_unit)
    if distance <= warn_above:
        return None
    is_gone = not (math.isfinite(was.value) and math.isfinite(now.value))
    # where it is not known, nothing excuses the change
    rests_on_more = (
        now.records is not None
        and was.records is not None
        and now.records >= was.records * (1 + more_data_percent / 100)
    )
    return Moved(
        subject=subject,
        name=name,
        before=was.value,
        after=None if now is NOTHING else now.value,
        distance=distance,
        bound=stop_above if distance > stop_above else warn_above,
        data_before=was.records,
        data_after=now.records,
        is_blocking=is_gone or (distance > stop_above and not rests_on_more),
    )


def distance_moved(before: float, after: float, one_unit: float | None) -> float:
    """How far a number moved, in units of `one_unit`.

    Infinitely far if either value is NaN (as a missing one is) or infinite, or if it changed and
    there is no unit to measure it in.
    """
    if not (math.isfinite(before) and math.isfinite(after)):
        return math.inf
    if math.isclose(before, after, rel_tol=SAME_NUMBER):
        return 0.0
    if not one_unit or not math.isfinite(one_unit):
        return math.inf
    return abs(after - before) / one_unit


def _numbers(
    connection: duckdb.DuckDBPyConnection, subject: str, catalogue: str | None = None
) -> dict[str, Number]:
    """The numbers of a subject by name, in a catalogue; without one, in the connection's own."""
    if catalogue is None:
        [(catalogue,)] = connection.execute("select current_database()").fetchall()
    numbers = SUBJECTS[subject](connection, catalogue)
    return {
        name: Number(value, one_unit, records)
        for name, value, one_unit, records in connection.execute(
            f"select name, value, one_unit, records from ({numbers}) "
            "where value is not null order by name"
        ).fetchall()
    }


def _count(records: int | None) -> str:
    return "not published" if records is None else f"{records:,}"


def _number(value: float | None) -> str:
    return "nothing" if value is None else f"{value:,.6g}"


def plural(subject: str) -> str:
    """How a sentence names the numbers of a subject."""
    return f"{subject.replace('_', ' ')}s"


def other_choices(was: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """What keeps the numbers of two publications from being compared, a few words each.

    `was` and `now` have `choices` and `settings`, as provenance has them.
    """
    return [
        f"{name} was {was[part].get(name)}, is {now[part].get(name)}"
        for part, names in (("choices", COMPARED_CHOICES), ("settings", COMPARED_SETTINGS))
        for name in names
        if was[part].get(name) != now[part].get(name)
    ]


def other_choices_of_the_last(
    published: duckdb.DuckDBPyConnection, build: duckdb.DuckDBPyConnection, settings: Settings
) -> str:
    """What keeps a build from being compared with the last publication; empty if nothing does."""
    sql = f"select {', '.join(COMPARED_CHOICES)} from marts.run_choices"
    before, now = (
        dict(zip(COMPARED_CHOICES, connection.execute(sql).fetchall()[0], strict=True))
        for connection in (published, build)
    )
    provenance = (settings.published_dir / "provenance.json").read_text("utf-8")
    changed = other_choices(
        {"choices": before, "settings": json.loads(provenance)["settings"]},
        {"choices": now, "settings": settings.stated(now["is_synthetic"])},
    )
    return (
        f"the last publication was made with other choices ({'; '.join(changed)})"
        if changed
        else ""
    )
