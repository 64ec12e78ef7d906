"""Idempotent loading of landed files into the build file's schema raw.

A raw table of trade is a view over Parquet files, some for each year (raw_files.py); any other is
filled as a whole. Each load is one transaction: readers see a year as it was or as it is. Rows are
as the publisher wrote them; text that must be a number was checked at landing. Every row carries
the file and the row it came from and the landing's sequence number.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import duckdb

from orchestration.build import raw_files, warehouse
from orchestration.build.raw_rows import insert_rows, landed_tables, merge_answers, pieces_of
from orchestration.durable import transaction
from orchestration.landing.layout import Layout
from orchestration.landing.manifest import FileEntry, Manifest
from orchestration.landing.own_products import OWN_PRODUCT_COLUMNS, read_own_products
from orchestration.progress import counted


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
    """Make raw.<layout> show exactly the landed rows of each year.

    A year whose files are unchanged is left as it is.
    """
    replayed = manifest.replayed(layout)
    loaded = []
    for year in counted(list(years), f"raw.{layout.name}: years"):
        files = [f for f in replayed if year in f.years_of(layout)]
        result = _load_year(connection, manifest, layout, files, year)
        loaded.append(result)
        if result.changed and result.rows:
            say(f"raw.{layout.name} {year}: {result.rows:,} rows")
    raw_files.show(connection, layout)
    raw_files.remove_unlisted(connection, manifest.raw_folder, layout)
    return loaded


def _load_year(
    connection: duckdb.DuckDBPyConnection,
    manifest: Manifest,
    layout: Layout,
    files: list[FileEntry],
    year: int,
) -> Loaded:
    fingerprint, names = fingerprint_of(files), tuple(f.file for f in files)
    known = _known(connection, layout.name, str(year))
    if known is None and not files:
        return Loaded(layout.name, str(year), 0, (), fingerprint, False)
    altered = raw_files.altered(connection, layout, year)
    if known and known[0] == fingerprint and not altered:
        return Loaded(layout.name, str(year), known[1], names, fingerprint, False)
    for path in altered:
        path.unlink(missing_ok=True)  # made again from the landed file
    if layout.replacement and any(f.request_parameters for f in files):
        merged = merge_answers(connection, manifest, layout, files, year, fingerprint)
    else:
        merged = {layout.name: pieces_of(connection, manifest, layout, files, year)}
    with transaction(connection):
        warehouse.invalidate(connection, "models")
        raw_files.forget(connection, layout, year)
        for table, paths in merged.items():
            raw_files.list_files(connection, table, year, paths)
        raw_files.count_files(connection, layout, year, merged[layout.name])
        rows = raw_files.count(connection, layout.name, year)
        _remember(connection, layout.name, str(year), fingerprint, rows)
        raw_files.show(connection, layout)
    return Loaded(layout.name, str(year), rows, names, fingerprint, True)


def load_whole(connection: duckdb.DuckDBPyConnection, manifest: Manifest, layout: Layout) -> Loaded:
    """Make raw.<layout> hold exactly the landed rows of every current file of that layout."""
    files = manifest.current(layout)
    fingerprint, names = fingerprint_of(files), tuple(f.file for f in files)
    known = _known(connection, layout.name, "all")
    if known is None and not files:
        return Loaded(layout.name, "all", 0, (), fingerprint, False)
    if known and known[0] == fingerprint:
        return Loaded(layout.name, "all", known[1], names, fingerprint, False)
    with transaction(connection):
        warehouse.invalidate(connection, "models")
        connection.execute(f"delete from raw.{layout.name}")
        for file in files:
            for table, entry in landed_tables(manifest, layout, file):
                insert_rows(connection, f"raw.{layout.name}", table, entry, file)
        [(rows,)] = connection.execute(f"select count(*) from raw.{layout.name}").fetchall()
        _remember(connection, layout.name, "all", fingerprint, rows)
    return Loaded(layout.name, "all", rows, names, fingerprint, True)


def fingerprint_of(files: list[FileEntry]) -> str:
    """What identifies the content of a partition: the landed files that its rows come from."""
    states = "\n".join(f"{f.file} {f.sha256} {f.sequence}" for f in files)
    return hashlib.sha256(states.encode()).hexdigest() if files else "empty"


def _known(
    connection: duckdb.DuckDBPyConnection, table: str, partition: str
) -> tuple[str, int] | None:
    found = connection.execute(
        "select fingerprint, row_count from raw.loaded_partitions "
        "where table_name = ? and partition_key = ?",
        [table, partition],
    ).fetchall()
    return found[0] if found else None


def _remember(
    connection: duckdb.DuckDBPyConnection, table: str, partition: str, fingerprint: str, rows: int
) -> None:
    connection.execute(
        "delete from raw.loaded_partitions where table_name = ? and partition_key = ?",
        [table, partition],
    )
    connection.execute(
        "insert into raw.loaded_partitions values (?, ?, ?, ?)",
        [table, partition, fingerprint, rows],
    )


def delete_stale_years(
    connection: duckdb.DuckDBPyConnection, manifest: Manifest, layout: Layout
) -> int:
    """Take out the years that no current file holds any more. Returns their number.

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
            raw_files.forget(connection, layout, int(partition))
            raw_files.show(connection, layout)
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
