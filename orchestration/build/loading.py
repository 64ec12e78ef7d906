"""Idempotent loading of landed files into the build file's schema raw.

A raw table is created and filled as its layout says, as a whole or year by year. Each load is one
transaction. Rows are stored as the publisher wrote them; text that must be a number was checked at
landing. Every row carries the file and the row it came from and the landing's sequence number.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa

from orchestration.build import warehouse
from orchestration.durable import sql_name, sql_text, transaction
from orchestration.landing.layout import (
    YEAR_OF_PARTITION,
    LandedTable,
    LandingError,
    Layout,
    Replacement,
)
from orchestration.landing.manifest import FileEntry, Manifest, TableEntry, sha256_of
from orchestration.landing.own_products import OWN_PRODUCT_COLUMNS, read_own_products
from orchestration.landing.reading import open_tables, run_over_rows


@dataclass(frozen=True)
class Loaded:
    """What a load left in a raw table (or one year of it)."""

    table: str
    partition: str
    rows: int
    files: tuple[str, ...]
    fingerprint: str
    changed: bool


def load_trade_years(
    connection: duckdb.DuckDBPyConnection,
    manifest: Manifest,
    layout: Layout,
    years: Iterable[int],
    say: Callable[[str], None] = lambda _: None,
) -> list[Loaded]:
    """Make raw.<layout> hold exactly the landed rows of each year.

    A year whose files are unchanged is left as it is.
    """
    loaded = []
    for year in years:
        files = [f for f in manifest.replayed(layout) if year in f.years_of(layout)]
        result = _load(connection, manifest, layout, files, year)
        loaded.append(result)
        if result.changed and result.rows:
            say(f"raw.{layout.name} {year}: {result.rows:,} rows")
    return loaded


def load_whole(connection: duckdb.DuckDBPyConnection, manifest: Manifest, layout: Layout) -> Loaded:
    """Make raw.<layout> hold exactly the landed rows of every current file of that layout."""
    return _load(connection, manifest, layout, manifest.current(layout), None)


def _load(
    connection: duckdb.DuckDBPyConnection,
    manifest: Manifest,
    layout: Layout,
    files: list[FileEntry],
    year: int | None,
) -> Loaded:
    partition = "all" if year is None else str(year)
    fingerprint = fingerprint_of(files)
    known = connection.execute(
        "select fingerprint, row_count from raw.loaded_partitions "
        "where table_name = ? and partition_key = ?",
        [layout.name, partition],
    ).fetchall()
    names = tuple(f.file for f in files)
    if known == [] and not files:
        return Loaded(layout.name, partition, 0, (), fingerprint, False)
    if known and known[0][0] == fingerprint:
        return Loaded(layout.name, partition, known[0][1], names, fingerprint, False)
    with transaction(connection):
        warehouse.invalidate(connection, "models")
        _delete(connection, layout, year)
        for file in files:
            _load_file(connection, manifest, layout, files, file, year)
        [(rows,)] = connection.execute(
            f"select count(*) from raw.{layout.name} where {_in_partition(year)}"
        ).fetchall()
        connection.execute(
            "insert into raw.loaded_partitions values (?, ?, ?, ?)",
            [layout.name, partition, fingerprint, rows],
        )
    return Loaded(layout.name, partition, rows, names, fingerprint, True)


def fingerprint_of(files: list[FileEntry]) -> str:
    """What identifies the content of a partition: the landed files that its rows come from."""
    states = "\n".join(f"{f.file} {f.sha256} {f.sequence}" for f in files)
    return hashlib.sha256(states.encode()).hexdigest() if files else "empty"


def _in_partition(year: int | None) -> str:
    return "true" if year is None else f"{YEAR_OF_PARTITION} = {year}"


def _delete(connection: duckdb.DuckDBPyConnection, layout: Layout, year: int | None) -> None:
    """Delete a layout's rows, the replaced ones too, of one year (None: the whole table)."""
    connection.execute(f"delete from raw.{layout.name} where {_in_partition(year)}")
    if layout.replacement:
        connection.execute(
            f"delete from raw.{layout.replacement.table} where {_in_partition(year)}"
        )
    connection.execute(
        "delete from raw.loaded_partitions where table_name = ? and partition_key = ?",
        [layout.name, "all" if year is None else str(year)],
    )


def _load_file(
    connection: duckdb.DuckDBPyConnection,
    manifest: Manifest,
    layout: Layout,
    files: list[FileEntry],
    file: FileEntry,
    year: int | None,
) -> None:
    path = manifest.path_of(file)
    if not path.exists():
        raise LandingError(f"{path}: listed in the manifest but no longer there. Land it again.")
    if sha256_of(path) != file.sha256:
        raise LandingError(
            f"{path}: has changed since it landed (its sha256 differs from the manifest). "
            "Landed files are never edited; land the new one instead."
        )
    if layout.replacement and file.request_parameters and year is not None:
        _set_aside_what_it_replaces(connection, layout, layout.replacement, file, files, year)
    for table in open_tables(path)[0] if file.rows else []:
        entry = _entry_of(file, table)
        if table.layout == layout and (year is None or year in entry.years):
            _load_table(connection, table, entry, file, year)


def _load_table(
    connection: duckdb.DuckDBPyConnection,
    table: LandedTable,
    entry: TableEntry,
    file: FileEntry,
    year: int | None,
) -> None:
    """Insert the rows of a table, those of one year (None: all of them).

    Raises LandingError if they are not as many as were counted when the file landed.
    """
    try:
        [(rows,)] = run_over_rows(table, connection, _insert(table, file, year))
    except duckdb.Error as error:
        raise LandingError(
            f"{file.file}: cannot be loaded into raw.{table.layout.name} ({error}). "
            "Take it out of the landing zone and land it again, so that it is checked."
        ) from error
    if not entry.raw_rows:
        return
    expected = entry.raw_rows[0 if year is None else entry.years.index(year)]
    if rows != expected:
        raise LandingError(
            f"{file.file}: {rows:,} rows for raw.{table.layout.name}"
            f"{'' if year is None else f' of {year}'} where {expected:,} were counted when it "
            "landed; nothing was loaded. Take it out of the landing zone and land it again."
        )


def _set_aside_what_it_replaces(
    connection: duckdb.DuckDBPyConnection,
    layout: Layout,
    replacement: Replacement,
    answer: FileEntry,
    files: list[FileEntry],
    year: int,
) -> None:
    """Move older rows within the scope of the request of `answer` to the replaced rows.

    The moved rows carry both releases. A row that the new answer no longer has is thereby removed
    from the raw table too: a revision may withdraw a flow.
    """
    request = answer.request_parameters or {}
    if year not in replacement.years(request):
        return
    stamps = [
        (f.sequence, key, released)
        for f in files
        for key, released in (f.parameters.get("releases") or {}).get(str(year), {}).items()
    ]
    sequences, keys, releases = zip(*stamps, strict=True) if stamps else ((), (), ())
    connection.register(
        "releases_of_year",
        pa.table(
            {
                "landed_sequence": pa.array(sequences, pa.int32()),
                "release_key": pa.array(keys, pa.string()),
                "released": pa.array(releases, pa.string()),
            }
        ),
    )

    def released(sequence: str | int) -> str:
        return f"""(
            select r.released from releases_of_year as r
            where r.landed_sequence = {sequence} and r.release_key = replaced.replaced_key
        )"""

    scope = f"{_in_partition(year)} and {replacement.replaced_rows(request)}"
    connection.execute(
        f"""
        insert into raw.{replacement.table}
        select
            replaced.* exclude (replaced_key),
            {sql_text(answer.file)},
            {answer.sequence},
            {released("replaced.landed_sequence")},
            {released(answer.sequence)}
        from (
            select *, {replacement.release_key} as replaced_key
            from raw.{layout.name}
            where {scope}
        ) as replaced
        """
    )
    connection.execute(f"delete from raw.{layout.name} where {scope}")
    connection.unregister("releases_of_year")


def _entry_of(file: FileEntry, table: LandedTable) -> TableEntry:
    return next(
        t for t in file.tables if t.layout == table.layout.name and t.member == table.member
    )


def _insert(table: LandedTable, file: FileEntry, year: int | None) -> str:
    layout = table.layout
    columns = [column.filled_by for column in layout.raw_table_columns]
    rows_of_year = ""
    if layout.year_column and year is not None:
        columns.append(str(year))
        rows_of_year = f"where try_cast({sql_name(layout.year_column)} as integer) = {year}"
    return (
        f"insert into raw.{layout.name} select {', '.join(columns)}, "
        f"{sql_text(file.file)}, landed_row, {file.sequence} "
        f"from {layout.raw_rows(table)} {rows_of_year}"
    )


def delete_stale_years(
    connection: duckdb.DuckDBPyConnection, manifest: Manifest, layout: Layout
) -> int:
    """Delete the years that no current file holds any more. Returns their number.

    That happens after a change between synthetic and real files, or when a file is superseded.
    """
    kept = {str(y) for y in manifest.years(layout)}
    stale = [
        p
        for (p,) in connection.execute(
            "select partition_key from raw.loaded_partitions where table_name = ? order by 1",
            [layout.name],
        ).fetchall()
        if p not in kept
    ]
    for partition in stale:
        with transaction(connection):
            warehouse.invalidate(connection, "models")
            _delete(connection, layout, int(partition))
    return len(stale)


def load_manifest(connection: duckdb.DuckDBPyConnection, manifest: Manifest) -> int:
    """Write the manifest's current files to raw.landed_files, one row per file and layout.

    Returns the number of rows.
    """
    rows = [
        (
            f.file,
            f.source,
            f.origin,
            t.layout,
            t.hs_revision,
            t.release,
            t.rows,
            f.bytes,
            f.sha256,
            f.landed_at,
            f.sequence,
        )
        for f in manifest.current()
        for t in f.tables
    ]
    if connection.execute(
        "select * from raw.landed_files order by landed_sequence, layout, row_count"
    ).fetchall() == sorted(rows, key=lambda r: (r[10], r[3], r[6])):
        return len(rows)
    with transaction(connection):
        warehouse.invalidate(connection, "models")
        connection.execute("delete from raw.landed_files")
        if rows:
            connection.executemany(
                f"insert into raw.landed_files values ({', '.join('?' * 11)})", rows
            )
    return len(rows)


def load_own_products(connection: duckdb.DuckDBPyConnection, path: Path | None) -> int:
    """Write the user's own list of low-carbon products to raw.low_carbon_products.

    If `path` is None, the table is emptied. Returns the number of products. Raises LandingError
    naming the row and the column of a value that cannot be used.
    """
    rows = read_own_products(path) if path is not None else []
    known = connection.execute(
        "select * from raw.low_carbon_products order by product_code"
    ).fetchall()
    if known != sorted(rows):
        with transaction(connection):
            warehouse.invalidate(connection, "models")
            connection.execute("delete from raw.low_carbon_products")
            if rows:
                placeholders = ", ".join("?" * len(OWN_PRODUCT_COLUMNS))
                connection.executemany(
                    f"insert into raw.low_carbon_products values ({placeholders})", rows
                )
    return len(rows)
