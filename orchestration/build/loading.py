"""Idempotent loading of landed files into the build file's schema raw.

Trade is loaded year by year. Each load is one transaction. Rows are stored as the publisher wrote
them; only text that must be a number is checked (at landing) and, for BACI and WDI, stored as a
number. Every row carries the file and the row it came from and the landing's sequence number.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa

from orchestration.build import warehouse
from orchestration.durable import sql_text, sql_texts, transaction
from orchestration.landing import layout as layouts
from orchestration.landing.layout import LandedTable, LandingError, Layout
from orchestration.landing.manifest import FileEntry, Manifest, TableEntry, run_over_rows, sha256_of
from orchestration.landing.own_products import OWN_PRODUCT_COLUMNS, read_own_products

FIRST_TRADE_YEAR = 1988  # the first year of the Harmonized System in UN Comtrade


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
        year_column = "refYear" if layout is layouts.COMTRADE_TRADE else "t"
        result = _load(
            connection,
            manifest,
            layout,
            str(year),
            files,
            f"where try_cast({year_column} as integer) = {year}",
            f"trade_year = {year}",
            str(year),
        )
        loaded.append(result)
        if result.changed and result.rows:
            say(f"raw.{layout.name} {year}: {result.rows:,} rows")
    return loaded


def load_whole(connection: duckdb.DuckDBPyConnection, manifest: Manifest, layout: Layout) -> Loaded:
    """Make raw.<layout> hold exactly the landed rows of every current file of that layout."""
    return _load(connection, manifest, layout, "all", manifest.current(layout), "", "true", None)


def _load(
    connection,
    manifest: Manifest,
    layout: Layout,
    partition: str,
    files: list[FileEntry],
    source_filter: str,
    table_filter: str,
    year: str | None,
) -> Loaded:
    states = "\n".join(f"{f.file} {f.sha256} {f.sequence}" for f in files)
    fingerprint = hashlib.sha256(states.encode()).hexdigest() if files else "empty"
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
        connection.execute(f"delete from raw.{layout.name} where {table_filter}")
        if layout is layouts.COMTRADE_TRADE:
            connection.execute(f"delete from raw.comtrade_superseded where {table_filter}")
        for file in files:
            path = manifest.folder / file.file
            if not path.exists():
                raise LandingError(
                    f"{path}: listed in the manifest but no longer there. Land it again."
                )
            if sha256_of(path) != file.sha256:
                raise LandingError(
                    f"{path}: has changed since it landed (its sha256 differs from the manifest). "
                    "Landed files are never edited; land the new one instead."
                )
            if file.asked is not None and year is not None:
                _set_aside_what_it_replaces(connection, file, files, int(year))
            for table in layouts.open_tables(path)[0] if file.rows else []:
                if table.layout is layout and (year is None or int(year) in _years_of(file, table)):
                    run_over_rows(table, connection, _insert(table, file, source_filter, year))
        [(rows,)] = connection.execute(
            f"select count(*) from raw.{layout.name} where {table_filter}"
        ).fetchall()
        connection.execute(
            "delete from raw.loaded_partitions where table_name = ? and partition_key = ?",
            [layout.name, partition],
        )
        connection.execute(
            "insert into raw.loaded_partitions values (?, ?, ?, ?)",
            [layout.name, partition, fingerprint, rows],
        )
    return Loaded(layout.name, partition, rows, names, fingerprint, True)


def _set_aside_what_it_replaces(
    connection: duckdb.DuckDBPyConnection, answer: FileEntry, files: list[FileEntry], year: int
) -> None:
    """Move older rows for the same question as `answer` to raw.comtrade_superseded.

    The moved rows carry both releases. A row that the new answer no longer has is thereby removed
    from the raw table too: a revision may withdraw a flow.
    """
    asked = answer.asked
    if str(year) not in asked["period"].split(","):
        return
    stamps = [
        (f.sequence, reporter, released)
        for f in files
        for reporter, released in (f.parameters.get("releases") or {}).get(str(year), {}).items()
    ]
    sequences, reporters, releases = zip(*stamps, strict=True) if stamps else ((), (), ())
    connection.register(
        "releases_of_year",
        pa.table(
            {
                "landed_sequence": pa.array(sequences, pa.int32()),
                "reporter_code": pa.array(reporters, pa.string()),
                "released": pa.array(releases, pa.string()),
            }
        ),
    )
    question = f"""
        trade_year = {year}
        and cast(try_cast(reporterCode as integer) as varchar)
            in ({sql_texts(asked["reporterCode"].split(","))})
        and upper(trim(flowCode)) in ({sql_texts(asked["flowCode"].split(","))})
        and lpad(trim(cmdCode), 6, '0') in ({sql_texts(asked["cmdCode"].split(","))})
    """
    if "partnerCode" in asked:
        question += f"""
        and cast(try_cast(partnerCode as integer) as varchar)
            in ({sql_texts(asked["partnerCode"].split(","))})
        """

    def released(sequence: str | int) -> str:
        return f"""(
            select released from releases_of_year as r
            where r.landed_sequence = {sequence}
            and r.reporter_code = cast(try_cast(t.reporterCode as integer) as varchar)
        )"""

    connection.execute(
        f"""
        insert into raw.comtrade_superseded
        select
            t.*,
            {sql_text(answer.file)},
            {answer.sequence},
            {released("t.landed_sequence")},
            {released(answer.sequence)}
        from raw.comtrade_trade as t
        where {question}
        """
    )
    connection.execute(f"delete from raw.comtrade_trade where {question}")
    connection.unregister("releases_of_year")


def _years_of(file: FileEntry, table: LandedTable) -> tuple[int, ...]:
    entry: TableEntry = next(
        t for t in file.tables if t.layout == table.layout.name and t.member == table.member
    )
    return entry.years


def _insert(table: LandedTable, file: FileEntry, source_filter: str, year: str | None) -> str:
    origin = f"{sql_text(file.file)}, landed_row, {file.sequence}"
    if table.layout is layouts.WDI_INDICATORS:
        years = ", ".join(f'"{y}"' for y in table.year_columns)
        return f"""
            insert into raw.wdi_indicators
            select
                trim("Country Code"),
                trim("Indicator Code"),
                "Indicator Name",
                year::smallint,
                value::double,
                {origin}
            from (unpivot (select * from landed_rows) on {years} into name year value value)
        """
    if table.layout is layouts.BACI_TRADE:
        columns = (
            "t::smallint, i::integer, j::integer, k, v::decimal(18, 3), q::decimal(18, 3), "
            f"'{table.hs_revision}', {sql_text(table.release or '')}"
        )
    else:
        columns = ", ".join(f'"{c.name}"' for c in table.layout.columns)
    partition = f", {year}" if year is not None else ""
    return (
        f"insert into raw.{table.layout.name} "
        f"select {columns}{partition}, {origin} from landed_rows {source_filter}"
    )


def forget_years(connection: duckdb.DuckDBPyConnection, manifest: Manifest, layout: Layout) -> int:
    """Delete the years that no current file holds any more. Returns their number.

    That happens after a change of world, or when a file is superseded.
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
            connection.execute(f"delete from raw.{layout.name} where trade_year = {int(partition)}")
            if layout is layouts.COMTRADE_TRADE:
                connection.execute(
                    f"delete from raw.comtrade_superseded where trade_year = {int(partition)}"
                )
            connection.execute(
                "delete from raw.loaded_partitions where table_name = ? and partition_key = ?",
                [layout.name, partition],
            )
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
