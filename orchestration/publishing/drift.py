"""Drift since the last publication: how far the exhibits' aggregates and the coefficients changed.

Each number is compared with the bounds in the seed drift_bounds. A number that moved beyond its
first bound raises a warning for review. A number beyond its second bound, or missing, stops the
publication, and the previous one stays in place; unless it rests on clearly more data than before,
when a change is expected. Numbers are compared only if both publications rest on the same choices
and the same world.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass

import duckdb

from orchestration.durable import sql_name, sql_text, sql_texts
from orchestration.publishing.exhibits import PERCENT_OF_VALUE, PERCENTAGE_POINT, exhibits
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
COMPARED_SETTINGS = ("low_carbon_products", "demo_seed", "demo_scale")
HOW_TO_ACCEPT = "If the change is intended, run once with LCT_ACCEPT_DRIFT=true."


@dataclass(frozen=True)
class Moved:
    """A number that moved by more than its first bound, or is missing now (`after` is None).

    `distance` is in the bound's unit; `data_before` and `data_after` are how many records or
    observations the number rests on.
    """

    subject: str
    name: str
    before: float
    after: float | None
    distance: float
    bound: float
    data_before: int
    data_after: int
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
            f"{len(self.moved)} of {self.compared} {self.subject}s have changed "
            "since the last publication by more than their bound, "
            f"among them {first.both_values()}."
        )

    def table(self) -> str:
        """The moved numbers as a Markdown table, the largest move first."""
        rows = [
            f"| {m.name} | {m.before:,.6g} | {_number(m.after)} | {m.distance:.3g} | {m.bound:g} "
            f"| {m.data_before:,} | {m.data_after:,} | {'yes' if m.is_blocking else 'no'} |"
            for m in self.moved
        ]
        return "\n".join(
            [
                f"| {self.subject} | before | now | changed by | bound "
                "| data before | data now | stops publication |",
                "|---|---|---|---|---|---|---|---|",
                *rows,
            ]
        )


# size of one unit of distance, by movement_unit of the seed exhibits
ONE_UNIT = {PERCENTAGE_POINT: "1.0", PERCENT_OF_VALUE: "abs(value) / 100"}


def _aggregates(catalogue: str) -> str:
    """Every number that the seed exhibits has watched; its data are the year's world trade."""
    numbers = " union all ".join(
        f"""
            select
                {sql_text(exhibit.table)} || ' ' || measure || ' '
                || {sql_name(exhibit.series_column)} || ' ' || year as name,
                year,
                value,
                {ONE_UNIT[exhibit.movement_unit]} as one_unit
            from {sql_name(catalogue, "report", exhibit.table)}
            where measure in ({sql_texts(exhibit.watched_measures)})
        """
        for exhibit in exhibits().values()
        if exhibit.watched_measures
    )
    return f"""
        with numbers as ({numbers}),
        trade as (
            select year, count(*) as records
            from {catalogue}.marts.fct_world_trade
            group by year
        )
        select name, value, one_unit, coalesce(records, 0) as records
        from numbers
        left join trade using (year)
    """


def _coefficients(catalogue: str) -> str:
    """The coefficients of the report's own specification, with the observations they rest on."""
    return f"""
        select
            exhibit || ' (' || "column" || ') ' || term as name,
            estimate as value,
            std_error as one_unit,
            n_observations as records
        from {catalogue}.estimates.coefficients
        where
            variant = 'report'
            and inference = 'cluster_iso3'
            and basis = (select basis from {catalogue}.marts.run_choices)
    """


# subject -> the query for the numbers of a catalogue: name, value, size of one unit of distance,
# and the number of records the value rests on
SUBJECTS: dict[str, Callable[[str], str]] = {
    "aggregate": _aggregates,
    "coefficient": _coefficients,
}


def drift(connection: duckdb.DuckDBPyConnection, settings: Settings, subject: str) -> Drift:
    """Compare the build file's numbers of a subject (a key of SUBJECTS) with those published."""
    published = settings.published_dir / "warehouse.duckdb"
    if not published.exists():
        return Drift(subject, 0, not_compared="nothing has been published yet")
    [(here,)] = connection.execute("select current_database()").fetchall()
    connection.execute(f"attach {sql_text(published)} as before (read_only)")
    try:
        if reason := _other_choices(connection, settings, here):
            return Drift(subject, 0, not_compared=reason)
        [(warn_above, stop_above, more_data)] = connection.execute(
            "select warn_above, stop_above, more_data_percent "
            "from seeds.drift_bounds where subject = ?",
            [subject],
        ).fetchall()
        was, now = (SUBJECTS[subject](catalogue) for catalogue in ("before", here))
        rows = connection.execute(
            f"""
            select
                name,
                was.value,
                now.value,
                case
                    when now.value is null then 'inf'::double
                    else abs(now.value - was.value) / nullif(was.one_unit, 0)
                end as distance,
                was.records,
                coalesce(now.records, 0)
            from ({was}) as was
            left join ({now}) as now using (name)
            where was.value is not null
            order by distance desc nulls last, name
            """
        ).fetchall()
    finally:
        connection.execute("detach before")
    moved = []
    for name, before, after, distance, data_before, data_after in rows:
        if distance is None or distance <= warn_above:
            continue
        stops = distance > stop_above and (
            after is None or data_after < data_before * (1 + more_data / 100)
        )
        moved.append(
            Moved(
                subject,
                name,
                before,
                after,
                distance,
                stop_above if distance > stop_above else warn_above,
                data_before,
                data_after,
                stops,
            )
        )
    return Drift(subject, len(rows), tuple(moved))


def _number(value: float | None) -> str:
    return "nothing" if value is None or math.isnan(value) else f"{value:,.6g}"


def _other_choices(connection: duckdb.DuckDBPyConnection, settings: Settings, here: str) -> str:
    columns = ", ".join(COMPARED_CHOICES)
    try:
        [before], [now] = (
            connection.execute(f"select {columns} from {catalogue}.marts.run_choices").fetchall()
            for catalogue in ("before", here)
        )
    except duckdb.Error:
        return "the last publication is from another version"
    changed = [
        f"{name} was {b}, is {n}"
        for name, b, n in zip(COMPARED_CHOICES, before, now, strict=True)
        if b != n
    ]
    if not changed:
        provenance = (settings.published_dir / "provenance.json").read_text("utf-8")
        was = json.loads(provenance)["settings"]
        is_now = settings.stated(now[-1])
        changed = [
            f"{name} was {was.get(name)}, is {is_now.get(name)}"
            for name in COMPARED_SETTINGS
            if was.get(name) != is_now.get(name)
        ]
    return (
        f"the last publication was made with other choices ({'; '.join(changed)})"
        if changed
        else ""
    )
