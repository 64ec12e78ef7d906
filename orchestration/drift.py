"""What has moved since the last publication: aggregates of the exhibits and coefficients, against the bounds of the seed drift_bounds.

A number that moved beyond its first bound is for a person to look at; beyond its second it stops the publication, and what was
published before stands. Numbers are compared only where both publications rest on the same choices and the same world.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

import duckdb

from orchestration.settings import Settings

COMPARED_CHOICES = ("basis", "hs_treatment", "mineral_scope", "income_vintage", "is_synthetic")


@dataclass(frozen=True)
class Moved:
    """A number that moved by more than its first bound; `distance` is in the bound's unit."""

    subject: str
    name: str
    before: float
    after: float
    distance: float
    bound: float
    is_blocking: bool


@dataclass(frozen=True)
class Drift:
    """What moved, out of how many numbers compared; or why nothing was compared."""

    compared: int
    moved: tuple[Moved, ...] = ()
    not_compared: str = ""

    @property
    def is_blocking(self) -> bool:
        return any(m.is_blocking for m in self.moved)

    def table(self) -> str:
        """The moved numbers as a Markdown table, the furthest first."""
        rows = [f"| {m.subject} | {m.name} | {m.before:,.6g} | {m.after:,.6g} | {m.distance:.3g} | {m.bound:g} | {'yes' if m.is_blocking else 'no'} |" for m in self.moved]
        return "\n".join(["| what | which | before | now | moved by | bound | stops publication |", "|---|---|---|---|---|---|---|", *rows])


# subject -> the numbers of a catalogue: name, value, unit of distance (what one unit is worth of this number)
SUBJECTS = {
    "aggregate": """
        select 'figure_1 ' || measure || ' ' || "group" || ' ' || year as name, value, 1.0 as one_unit from {catalogue}.report.figure_1
        union all
        select 'figure_3 ' || measure || ' ' || sector || ' ' || year, value, abs(value) / 100 from {catalogue}.report.figure_3 where unit = 'billion USD'
        union all
        select 'figure_4 ' || measure || ' ' || sector || ' ' || year, value, abs(value) / 100 from {catalogue}.report.figure_4 where unit = 'billion USD'
    """,
    "coefficient": """
        select exhibit || ' (' || "column" || ') ' || term as name, estimate as value, std_error as one_unit
        from {catalogue}.estimates.coefficients
        where variant = 'report' and inference = 'cluster_iso3' and basis = (select basis from {catalogue}.marts.run_choices)
    """,
}


def drift(connection: duckdb.DuckDBPyConnection, settings: Settings, subject: str) -> Drift:
    """Compare the build file's numbers of a subject (aggregate, coefficient) with the published ones."""
    published = settings.published_dir / "warehouse.duckdb"
    if not published.exists():
        return Drift(0, not_compared="nothing has been published yet")
    [(here,)] = connection.execute("select current_database()").fetchall()
    connection.execute(f"attach '{str(published).replace(chr(39), chr(39) * 2)}' as before (read_only)")
    try:
        if reason := _other_choices(connection, settings, here):
            return Drift(0, not_compared=reason)
        [(warn_above, stop_above)] = connection.execute("select warn_above, stop_above from seeds.drift_bounds where subject = ?", [subject]).fetchall()
        rows = connection.execute(
            f"select name, was.value, now.value, abs(now.value - was.value) / nullif(was.one_unit, 0) as distance from ({SUBJECTS[subject].format(catalogue='before')}) as was "
            f"inner join ({SUBJECTS[subject].format(catalogue=here)}) as now using (name) where was.value is not null and now.value is not null order by distance desc nulls last, name"
        ).fetchall()
    finally:
        connection.execute("detach before")
    moved = [
        Moved(subject, name, was, now, distance, stop_above if distance > stop_above else warn_above, distance > stop_above)
        for name, was, now, distance in rows
        if distance is not None and distance > warn_above
    ]
    return Drift(len(rows), tuple(moved))


def _other_choices(connection: duckdb.DuckDBPyConnection, settings: Settings, here: str) -> str:
    columns = ", ".join(COMPARED_CHOICES)
    try:
        [before], [now] = (connection.execute(f"select {columns} from {catalogue}.marts.run_choices").fetchall() for catalogue in ("before", here))
    except duckdb.Error:
        return "the last publication is of another version"
    changed = [f"{name} was {b}, is {n}" for name, b, n in zip(COMPARED_CHOICES, before, now, strict=True) if b != n]
    if not changed and now[-1]:
        was = json.loads((settings.published_dir / "provenance.json").read_text("utf-8"))["settings"]
        is_now = {"demo_seed": settings.demo_seed, "demo_scale": settings.demo_scale}
        changed = [f"{name} was {was.get(name)}, is {value}" for name, value in is_now.items() if was.get(name) != value]
    return f"the last publication rests on other choices ({'; '.join(changed)})" if changed else ""
