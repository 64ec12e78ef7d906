"""The raw tables of trade: which Parquet files of which years each shows, as a view of its name.

The build file lists the files, in the transaction that loads them; the view is made from the list.
So a table changes by year, in one step, and a file that is not listed is seen by no one. In the
same transaction the rows of a counted layout (BACI's) are counted and summed by landed file.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import duckdb

from orchestration.durable import sql_name, sql_text, sql_texts
from orchestration.landing.conversion import rows_in
from orchestration.landing.layout import YEAR_OF_PARTITION, Layout
from orchestration.landing.manifest import sha256_of
from orchestration.landing.publishers import LAYOUTS

_ORIGIN_COLUMNS = (
    ("landed_file", "varchar"),
    ("landed_row", "bigint"),
    ("landed_sequence", "integer"),
)
# the rows that a newer answer replaced also have the answer that did so, and both releases
_REPLACEMENT_COLUMNS = (
    ("replaced_by_file", "varchar"),
    ("replaced_by_sequence", "integer"),
    ("released_before", "varchar"),
    ("released_after", "varchar"),
)


def tables_of(layout: Layout) -> Iterator[str]:
    """The raw tables that a layout fills: its own, and that of the replaced rows."""
    yield layout.name
    if layout.replacement:
        yield layout.replacement.table


def columns_of(layout: Layout, table: str) -> list[tuple[str, str]]:
    """Names and types of the columns of a raw table of a layout: its own or the replaced rows'."""
    columns = [(c.name, c.sql_type) for c in layout.raw_table_columns]
    if layout.year_column:
        columns.append((YEAR_OF_PARTITION, "smallint"))
    of_replaced = _REPLACEMENT_COLUMNS if table != layout.name else ()
    return [*columns, *_ORIGIN_COLUMNS, *of_replaced]


def counted_table(layout: Layout) -> str:
    """The table that says how much each landed file holds of each year, for a counted layout."""
    return f"raw.{layout.name}_counted"


def ensure_views(connection: duckdb.DuckDBPyConnection) -> None:
    """Have a view for every raw table of trade, over what is listed.

    A year of which a file is not there any more as it was (the folder was cleared, or moved) is
    taken out, and so is a table of that name, of an earlier version: they are loaded again.
    """
    connection.execute(
        "create table if not exists raw.parquet_files "
        "(table_name varchar, trade_year smallint, path varchar, row_count bigint, "
        "byte_count bigint, sha256 varchar)"
    )
    of_earlier_version = {
        name
        for (name,) in connection.execute(
            "select table_name from duckdb_tables() where schema_name = 'raw'"
        ).fetchall()
    }
    for layout in LAYOUTS.values():
        if not layout.year_column:
            continue
        for table in of_earlier_version.intersection(tables_of(layout)):
            connection.execute(f"drop table raw.{table}")
            connection.execute("delete from raw.loaded_partitions where table_name = ?", [table])
        _ensure_counts(connection, layout)
        uncounted = _uncounted_years(connection, layout)
        for year in {year for table in tables_of(layout) for year in _years(connection, table)}:
            if year in uncounted or not are_there(connection, layout, year):
                forget(connection, layout, year)
        show(connection, layout)


def list_files(
    connection: duckdb.DuckDBPyConnection, table: str, year: int, paths: list[Path]
) -> None:
    for path in paths:
        connection.execute(
            "insert into raw.parquet_files values (?, ?, ?, ?, ?, ?)",
            [table, year, str(path), rows_in(path), _size(str(path)), sha256_of(path)],
        )


def count_files(
    connection: duckdb.DuckDBPyConnection, layout: Layout, year: int, paths: list[Path]
) -> None:
    """Keep how many rows of a year each landed file has, and their sum: models need not read them.

    Only a counted layout's are kept.
    """
    if not layout.counted_by:
        return
    columns = ", ".join(["landed_file", "landed_sequence", *map(sql_name, layout.counted_by)])
    for path in paths:
        connection.execute(
            f"insert into {counted_table(layout)} "
            f"select {year}, {columns}, count(*), sum({sql_name(layout.summed)}) "
            f"from read_parquet({sql_text(path)}, hive_partitioning = false) group by {columns}"
        )


def forget(connection: duckdb.DuckDBPyConnection, layout: Layout, year: int) -> None:
    """Take a year out of a layout's tables."""
    for table in tables_of(layout):
        connection.execute(
            "delete from raw.parquet_files where table_name = ? and trade_year = ?", [table, year]
        )
    if layout.counted_by:
        connection.execute(f"delete from {counted_table(layout)} where trade_year = ?", [year])
    connection.execute(
        "delete from raw.loaded_partitions where table_name = ? and partition_key = ?",
        [layout.name, str(year)],
    )


def count(connection: duckdb.DuckDBPyConnection, table: str, year: int) -> int:
    """The rows of a year, from the list."""
    [(rows,)] = connection.execute(
        "select coalesce(sum(row_count), 0)::bigint from raw.parquet_files "
        "where table_name = ? and trade_year = ?",
        [table, year],
    ).fetchall()
    return rows


def are_there(connection: duckdb.DuckDBPyConnection, layout: Layout, year: int) -> bool:
    """Whether every listed file of a year is there, as large as it was."""
    return all(
        _size(path) == size
        for table in tables_of(layout)
        for path, size, _ in _listed(connection, table, year)
    )


def altered(
    connection: duckdb.DuckDBPyConnection, layout: Layout, year: int | None = None
) -> list[Path]:
    """The listed files, of a year or of all, that are gone or not as they were listed.

    Parquet has no checksums of its own: a changed byte may give another number without an error.
    """
    return [
        Path(path)
        for table in tables_of(layout)
        for path, size, sha256 in _listed(connection, table, year)
        if _size(path) != size or sha256_of(Path(path)) != sha256
    ]


def show(connection: duckdb.DuckDBPyConnection, layout: Layout) -> None:
    """Make the views of a layout's tables show the listed files, and nothing else."""
    for table in tables_of(layout):
        columns = columns_of(layout, table)
        paths = [path for path, *_ in _listed(connection, table)]
        names = ", ".join(sql_name(name) for name, _ in columns)
        if paths:
            rows = (
                f"select {names} from read_parquet([{sql_texts(paths)}], hive_partitioning=false)"
            )
        else:
            nulls = ", ".join(f"cast(null as {t}) as {sql_name(n)}" for n, t in columns)
            rows = f"select {nulls} where false"
        connection.execute(f"create or replace view raw.{table} as {rows}")


def remove_unlisted(connection: duckdb.DuckDBPyConnection, folder: Path, layout: Layout) -> None:
    """Delete the Parquet files that are listed no more, or never were."""
    for table in tables_of(layout):
        listed = {path for path, *_ in _listed(connection, table)}
        for path in (folder / table).glob("year=*/*"):
            if str(path) not in listed:
                path.unlink()
        for year in (folder / table).glob("year=*"):
            if not any(year.iterdir()):
                year.rmdir()


def _ensure_counts(connection: duckdb.DuckDBPyConnection, layout: Layout) -> None:
    if layout.counted_by:
        described = ", ".join(f"{sql_name(name)} varchar" for name in layout.counted_by)
        connection.execute(
            f"create table if not exists {counted_table(layout)} (trade_year smallint, "
            f"landed_file varchar, landed_sequence integer, {described}, row_count bigint, "
            f"{sql_name(layout.summed)} decimal(38, 3))"
        )


def _uncounted_years(connection: duckdb.DuckDBPyConnection, layout: Layout) -> set[int]:
    """The years whose rows an earlier version loaded, which did not count them."""
    if not layout.counted_by:
        return set()
    found = connection.execute(
        "select trade_year from raw.parquet_files where table_name = ? and row_count > 0 "
        f"except select trade_year from {counted_table(layout)}",
        [layout.name],
    ).fetchall()
    return {year for (year,) in found}


def _listed(
    connection: duckdb.DuckDBPyConnection, table: str, year: int | None = None
) -> list[tuple[str, int, str]]:
    """The files of a table, or of one year of it, each with its bytes and their checksum."""
    return connection.execute(
        "select path, byte_count, sha256 from raw.parquet_files "
        "where table_name = ? and coalesce(trade_year = ?, true) order by trade_year, path",
        [table, year],
    ).fetchall()


def _years(connection: duckdb.DuckDBPyConnection, table: str) -> list[int]:
    return [
        year
        for (year,) in connection.execute(
            "select distinct trade_year from raw.parquet_files where table_name = ?", [table]
        ).fetchall()
    ]


def _size(path: str) -> int | None:
    try:
        return os.stat(path).st_size
    except OSError:
        return None
