"""The rows of landed files on their way into raw tables: as Parquet, merged, or inserted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow as pa

from orchestration.build.raw_files import columns_of
from orchestration.durable import explaining_full_disk, move_into_place, sql_name, sql_text
from orchestration.landing.conversion import PARQUET, Conversion, piece_path, rows_in
from orchestration.landing.inspection import inspect_file
from orchestration.landing.layout import (
    LandedTable,
    LandingError,
    Layout,
    Replacement,
)
from orchestration.landing.manifest import FileEntry, Manifest, TableEntry, sha256_of
from orchestration.landing.reading import open_tables, run_over_rows


def landed_file(manifest: Manifest, file: FileEntry) -> Path:
    """Where a landed file is. Raises LandingError if it is gone or has changed since it landed."""
    path = manifest.path_of(file)
    if not path.exists():
        raise LandingError(f"{path}: listed in the manifest but no longer there. Land it again.")
    if sha256_of(path) != file.sha256:
        raise LandingError(
            f"{path}: has changed since it landed (its sha256 differs from the manifest). "
            "Landed files are never edited; land the new one instead."
        )
    return path


def landed_tables(
    manifest: Manifest, layout: Layout, file: FileEntry
) -> Iterator[tuple[LandedTable, TableEntry]]:
    """The tables of a layout in a landed file, with what was counted when it landed."""
    path = landed_file(manifest, file)
    for table in open_tables(path)[0] if file.rows else []:
        if table.layout == layout:
            yield (
                table,
                next(
                    t for t in file.tables if t.layout == layout.name and t.member == table.member
                ),
            )


def insert_rows(
    connection: duckdb.DuckDBPyConnection,
    target: str,
    table: LandedTable,
    entry: TableEntry,
    file: FileEntry,
    year: int | None = None,
) -> None:
    """Insert the rows of a table, those of one year (None: all of them), into `target`.

    Raises LandingError if they are not as many as were counted when the file landed.
    """
    layout = table.layout
    columns = [column.filled_by for column in layout.raw_table_columns]
    rows_of_year = ""
    if layout.year_column and year is not None:
        columns.append(str(year))
        rows_of_year = f"where try_cast({sql_name(layout.year_column)} as integer) = {year}"
    try:
        [(rows,)] = run_over_rows(
            table,
            connection,
            f"insert into {target} select {', '.join(columns)}, "
            f"{sql_text(file.file)}, landed_row, {file.sequence} "
            f"from {layout.raw_rows(table)} {rows_of_year}",
        )
    except duckdb.Error as error:
        raise LandingError(
            f"{file.file}: cannot be loaded into raw.{layout.name} ({error}). "
            "Take it out of the landing zone and land it again, so that it is checked."
        ) from error
    _refuse_other_rows(layout, entry, file, year, rows)


def _refuse_other_rows(
    layout: Layout, entry: TableEntry, file: FileEntry, year: int | None, rows: int | None
) -> None:
    if not entry.raw_rows:
        return
    expected = entry.raw_rows[0 if year is None else entry.years.index(year)]
    if rows != expected:
        raise LandingError(
            f"{file.file}: {rows or 0:,} rows for raw.{layout.name}"
            f"{'' if year is None else f' of {year}'} where {expected:,} were counted when it "
            "landed; nothing was loaded. Take it out of the landing zone and land it again."
        )


# ---- pieces --------------------------------------------------------------------------------------


def pieces_of(
    connection: duckdb.DuckDBPyConnection,
    manifest: Manifest,
    layout: Layout,
    files: list[FileEntry],
    year: int,
) -> list[Path]:
    """The Parquet files with the rows of a year, one for each landed table.

    What landing has not left there is made from the landed file.
    """
    paths = []
    for file in files:
        for number, entry in enumerate(file.tables):
            if entry.layout != layout.name or year not in entry.years:
                continue
            piece = piece_path(
                manifest.raw_folder, layout, year, file.sequence, file.sha256, number
            )
            if rows_in(piece) is None:
                _convert(connection, manifest, file)
            _refuse_other_rows(layout, entry, file, year, rows_in(piece))
            paths.append(piece)
    return paths


def _convert(connection: duckdb.DuckDBPyConnection, manifest: Manifest, file: FileEntry) -> None:
    folder = manifest.raw_folder
    conversion = Conversion(
        folder, folder / ".loading", file.sequence, file.sha256, lambda _: file.file
    )
    inspect_file(landed_file(manifest, file), connection, file.is_synthetic, conversion)
    conversion.keep(connection)


# ---- answers that replace older ones -------------------------------------------------------------


def merge_answers(
    connection: duckdb.DuckDBPyConnection,
    manifest: Manifest,
    layout: Layout,
    files: list[FileEntry],
    year: int,
    fingerprint: str,
) -> dict[str, list[Path]]:
    """The Parquet files of a year for the raw table and for that of the replaced rows.

    The files are gone through in their order: each answer sets aside what it replaces. All rows
    that stay are one file, for a service may have answered thousands of times.
    """
    replacement = layout.replacement
    assert replacement, "only a layout whose answers replace others is merged"
    for table in (layout.name, replacement.table):
        columns = ", ".join(f"{sql_name(n)} {t}" for n, t in columns_of(layout, table))
        connection.execute(f"create or replace temp table {table} ({columns})")
    try:
        for file in files:
            if file.request_parameters:
                _set_aside_what_it_replaces(connection, layout, replacement, file, files, year)
            for landed, entry in landed_tables(manifest, layout, file):
                if year in entry.years:
                    insert_rows(connection, f"temp.{layout.name}", landed, entry, file, year)
        return {
            table: _written(connection, manifest.raw_folder, layout, table, year, fingerprint)
            for table in (layout.name, replacement.table)
        }
    finally:
        connection.execute(f"drop table temp.{layout.name}")
        connection.execute(f"drop table temp.{replacement.table}")


def _written(
    connection: duckdb.DuckDBPyConnection,
    folder: Path,
    layout: Layout,
    table: str,
    year: int,
    fingerprint: str,
) -> list[Path]:
    [(rows,)] = connection.execute(f"select count(*) from temp.{table}").fetchall()
    if not rows:
        return []
    path = folder / table / f"year={year}" / f"{fingerprint[:16]}.parquet"
    part = folder / ".loading" / path.name
    part.parent.mkdir(parents=True, exist_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    with explaining_full_disk(part):
        connection.execute(
            f"copy (select * from temp.{table} order by {', '.join(layout.sorted_by)}) "
            f"to {sql_text(part)} {PARQUET}"
        )
        move_into_place(part, path)
    return [path]


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
        (f.sequence, period, key, released)
        for f in files
        for period, keys in (f.parameters.get("releases") or {}).items()
        if int(period[:4]) == year
        for key, released in keys.items()
    ]
    sequences, periods, keys, releases = zip(*stamps, strict=True) if stamps else ((),) * 4
    connection.register(
        "releases_of_year",
        pa.table(
            {
                "landed_sequence": pa.array(sequences, pa.int32()),
                "release_period": pa.array(periods, pa.string()),
                "release_key": pa.array(keys, pa.string()),
                "released": pa.array(releases, pa.string()),
            }
        ),
    )

    def released(sequence: str | int) -> str:
        return f"""(
            select r.released from releases_of_year as r
            where r.landed_sequence = {sequence}
                and r.release_period = replaced.replaced_period
                and r.release_key = replaced.replaced_key
        )"""

    scope = replacement.replaced_rows(request)
    connection.execute(
        f"""
        insert into temp.{replacement.table}
        select
            replaced.* exclude (replaced_period, replaced_key),
            {sql_text(answer.file)},
            {answer.sequence},
            {released("replaced.landed_sequence")},
            {released(answer.sequence)}
        from (
            select
                *,
                {replacement.release_period} as replaced_period,
                {replacement.release_key} as replaced_key
            from temp.{layout.name}
            where {scope}
        ) as replaced
        """
    )
    connection.execute(f"delete from temp.{layout.name} where {scope}")
    connection.unregister("releases_of_year")
