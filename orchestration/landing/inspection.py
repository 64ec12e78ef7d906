"""The inspection of a file before it lands: it is read to its end, and every number is checked.

Loading therefore never meets a file it cannot read, nor a row that it would drop.
"""

from __future__ import annotations

from pathlib import Path
from typing import NoReturn

import duckdb

from orchestration.durable import sql_name, sql_text
from orchestration.landing.checks import any_bad, bad_value, checked_columns
from orchestration.landing.conversion import Conversion, run_over_parquet
from orchestration.landing.entries import TableEntry
from orchestration.landing.layout import (
    KINDS,
    Column,
    LandedTable,
    LandingError,
    Layout,
    RunOverRows,
)
from orchestration.landing.reading import open_tables, run_over_rows
from orchestration.landing.synthetic_mark import (
    Total,
    check_mark,
    known_totals,
    refusal,
    says_invented,
    total_of,
)
from orchestration.messages import listed, shown


def inspect_file(
    path: Path,
    connection: duckdb.DuckDBPyConnection,
    is_synthetic: bool = False,
    conversion: Conversion | None = None,
) -> tuple[tuple[TableEntry, ...], list[str]]:
    """The tables of a file, each read to its end, and a sentence for each zip member left out.

    With a `conversion`, tables that are loaded by year are written as Parquet in the same pass.

    Raises LandingError naming the file, the first bad row, the column and the value, or saying that
    a synthetic file is to land as real; UnknownLayoutError for a file of no known layout.
    """
    tables, left_out = open_tables(path)
    for table in tables:
        check_mark(table, is_synthetic)
    if conversion:
        conversion.begin(tables[0].layout)
    entries = tuple(
        _inspect_and_convert(table, number, connection, is_synthetic, conversion)
        for number, table in enumerate(tables)
    )
    for layout in {t.layout.name: t.layout for t in tables}.values():
        of_layout = [t for t in tables if t.layout == layout]
        if layout.key_in_file == (layout.year_column,):
            _refuse_shared_years(layout, [e for e in entries if e.layout == layout.name], path)
        elif layout.key_in_file and len(of_layout) > 1:
            _refuse_shared_keys(layout, of_layout, connection)
    return entries, left_out


def _inspect_and_convert(
    table: LandedTable,
    number: int,
    connection: duckdb.DuckDBPyConnection,
    is_synthetic: bool,
    conversion: Conversion | None,
) -> TableEntry:
    def run(sql: str) -> list[tuple]:
        return run_over_rows(table, connection, sql)

    columns = checked_columns(table)
    if conversion is None or table.layout.year_column is None:
        return _inspect(table, run, columns, is_synthetic)
    try:
        written = conversion.write(table, number, connection)
    except duckdb.Error:
        # a value is not what it should be: the text says which
        _inspect(table, run, columns, is_synthetic)
        raise
    # what is written has passed every check of single values
    entry = _inspect(table, run_over_parquet(written, connection), [], is_synthetic)
    conversion.rows[number] = dict(zip(entry.years, entry.raw_rows, strict=True))
    return entry


def _inspect(
    table: LandedTable, run: RunOverRows, columns: list[Column], is_synthetic: bool
) -> TableEntry:
    """Read a table to its end: count its rows and years, and check the values of `columns`."""
    layout = table.layout
    year = layout.year_column
    selected = [
        "count(*)",
        f"histogram(try_cast({sql_name(year)} as integer))" if year else "null",
        _count_of_values(table),
        f"bool_or({says_invented(table)})",
        total_of(layout),
        f"bool_or({any_bad(layout, columns)})",
    ]
    [result] = run(f"select {', '.join(selected)} from landed_rows")
    rows, rows_of_years, values, is_invented, total, is_bad = result
    if not is_synthetic and (is_invented or Total(layout.name, rows, total) in known_totals()):
        raise LandingError(refusal(table.label))
    if is_bad:
        _refuse_first_bad_value(table, run, columns)
    layout.further_check(table.label, run)
    by_year = sorted((rows_of_years or {}).items())
    return TableEntry(
        layout.name,
        table.member,
        rows,
        tuple(year for year, _ in by_year),
        table.hs_revision,
        table.release,
        table.notes + _note_if_cut(layout, rows),
        tuple(n for _, n in by_year) if year else (values if table.year_columns else rows,),
    )


def _refuse_first_bad_value(
    table: LandedTable, run: RunOverRows, columns: list[Column]
) -> NoReturn:
    """Name the first of `columns` with a bad value, and the first row where it has one.

    It is asked only of a table that has one: to ask it of all would take longer than to read them.
    """
    selected: list[str] = []
    for column in columns:
        bad, name = bad_value(table.layout, column), sql_name(column.name)
        selected += [
            f"min(landed_row) filter ({bad})",
            f"arg_min(coalesce({name}, ''), landed_row) filter ({bad})",
        ]
    [found] = run(f"select {', '.join(selected)} from landed_rows")
    column, row, value = next(
        found_in
        for found_in in zip(columns, found[::2], found[1::2], strict=True)
        if found_in[1] is not None
    )
    raise LandingError(
        f"{table.label}: row {row}, column {column.name}: "
        f"{shown(value) if value else 'blank'} where {_needed(table.layout, column)} is needed. "
        "Land the file as published, or request it again."
    )


def _note_if_cut(layout: Layout, rows: int) -> tuple[str, ...]:
    if rows not in layout.cut_at:
        return ()
    return (
        f"exactly {rows:,} rows, where the publisher cuts an answer without a word: "
        "request it in two parts, and land them if they hold more",
    )


def table_total(table: LandedTable, connection: duckdb.DuckDBPyConnection) -> Total:
    """The rows and the total by which `inspect_table` would know a table of a default world."""
    sql = f"select count(*), {total_of(table.layout)} from landed_rows"
    [(rows, total)] = run_over_rows(table, connection, sql)
    return Total(table.layout.name, rows, total)


def _count_of_values(table: LandedTable) -> str:
    """How many rows of the raw table a table with years in columns gives: one for each value."""
    return " + ".join(f"count({sql_name(year)})" for year in table.year_columns) or "null"


def _needed(layout: Layout, column: Column) -> str:
    if column.kind == "text":
        return "a value"
    if column.name == layout.year_column:
        return f"a year from {layout.years[0]} to {layout.years[-1]}"
    return KINDS[column.kind].word


def _refuse_shared_years(layout: Layout, entries: list[TableEntry], path: Path) -> None:
    """Refuse a zip of which two members hold the same year: loaded, it would count twice."""
    member_of: dict[int, str | None] = {}
    for entry in entries:
        for year in entry.years:
            if year in member_of:
                raise LandingError(
                    f"{path.name}: {layout.year_column} {year} is in "
                    f"{listed(member_of[year])} and in {listed(entry.member)}. "
                    "Keep one of them, or land the zip as published."
                )
            member_of[year] = entry.member


def _refuse_shared_keys(
    layout: Layout, tables: list[LandedTable], connection: duckdb.DuckDBPyConnection
) -> None:
    """Refuse a zip of which two members hold the same: loaded, it would count twice."""
    filled_by = {c.name: c.filled_by for c in layout.raw_table_columns}
    key = ", ".join(f"cast({filled_by[name]} as varchar)" for name in layout.key_in_file)
    names = ", ".join(layout.key_in_file)
    texts = ", ".join(f"{name} varchar" for name in layout.key_in_file)
    connection.execute(f"create or replace temp table keys_in_file ({texts}, member varchar)")
    for table in tables:
        run_over_rows(
            table,
            connection,
            f"insert into keys_in_file select distinct {key}, {sql_text(table.member)} "
            f"from {layout.raw_rows(table)}",
        )
    shared = connection.execute(
        f"select {names}, min(member), max(member) from keys_in_file "
        "group by all having count(*) > 1 order by all limit 1"
    ).fetchall()
    connection.execute("drop table keys_in_file")
    for *values, one, other in shared:
        raise LandingError(
            f"{tables[0].path.name}: {names} {listed(*values)} is in {listed(one)} "
            f"and in {listed(other)}. "
            "Keep one of them, or land the zip as published."
        )
