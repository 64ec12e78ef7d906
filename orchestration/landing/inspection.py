"""The inspection of a file before it lands: it is read to its end, and every number is checked.

Loading therefore never meets a file it cannot read.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from orchestration.durable import sql_name
from orchestration.landing.layout import SQL_TYPES, Column, LandedTable, LandingError
from orchestration.landing.manifest import TableEntry
from orchestration.landing.reading import open_tables, run_over_rows


def inspect_file(
    path: Path, connection: duckdb.DuckDBPyConnection
) -> tuple[tuple[TableEntry, ...], list[str]]:
    """The tables of a file, each read to its end, and a sentence for each zip member left out.

    Raises LandingError naming the file, the first bad row, the column and the value, and
    UnknownLayoutError for a file of no known layout.
    """
    tables, left_out = open_tables(path)
    return tuple(inspect_table(table, connection) for table in tables), left_out


def inspect_table(table: LandedTable, connection: duckdb.DuckDBPyConnection) -> TableEntry:
    """Read a table to its end: count its rows and years, and check that every number is one."""
    layout = table.layout

    def run(sql: str) -> list[tuple]:
        return run_over_rows(table, connection, sql)

    bad = {c.name: _bad_value(c) for c in layout.columns if c.is_checked} | {
        year: _not_of_kind(year, "number") for year in table.year_columns
    }
    year = layout.year_column
    selected = [
        "count(*)",
        f"list(distinct try_cast({sql_name(year)} as integer))" if year else "null",
    ]
    for name, condition in bad.items():
        selected += [
            f"min(landed_row) filter ({condition})",
            f"arg_min(coalesce({sql_name(name)}, ''), landed_row) filter ({condition})",
        ]
    [result] = run(f"select {', '.join(selected)} from landed_rows")
    rows, years, found = result[0], result[1] or [], result[2:]
    for name, row, value in zip(bad, found[::2], found[1::2], strict=True):
        if row is not None:
            what = "blank" if value == "" else f"{value!r}"
            raise LandingError(
                f"{table.label}: row {row}, column {name}: {what} where a value is needed. "
                "Land the file as published, or request it again."
            )
    layout.further_check(table.label, run)
    return TableEntry(
        layout.name,
        table.member,
        rows,
        tuple(sorted(y for y in years if y is not None)),
        table.hs_revision,
        table.release,
        table.notes,
    )


def _bad_value(column: Column) -> str:
    name = sql_name(column.name)
    blank = f"{name} is null or trim({name}) = ''"
    if column.kind == "text":
        return blank
    not_of_kind = _not_of_kind(column.name, column.kind)
    return (
        f"{not_of_kind} or {blank}" if column.required and not column.blank_allowed else not_of_kind
    )


def _not_of_kind(column: str, kind: str) -> str:
    """The condition for text that is not a number of its kind; infinity and NaN are none."""
    name = sql_name(column)
    value = f"try_cast({name} as {SQL_TYPES[kind]})"
    return f"({name} is not null and not coalesce(isfinite(cast({value} as double)), false))"
