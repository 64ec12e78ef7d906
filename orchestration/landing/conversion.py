"""Landed tables of trade as Parquet: typed and sorted, written in the pass that checks the file.

build/raw/<table>/year=YYYY/ holds a piece for each landed table of that year: its rows sorted by
product, exporter and importer, in groups small enough that a reader of the listed products skips
most of them, each row with the file it came from. A piece is complete before it has its name. It is
derived from the landed file, and made again from it where it is missing.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import pyarrow.parquet as pq

from orchestration.durable import explaining_full_disk, move_into_place, sql_name, sql_text
from orchestration.landing.checks import bad_row
from orchestration.landing.layout import (
    YEAR_OF_PARTITION,
    LandedTable,
    Layout,
    RunOverRows,
)
from orchestration.landing.reading import run_over_rows

# zstd and groups of 100,000 rows: DuckDB, Spark and polars read them in parallel and skip by code
PARQUET = "(format parquet, compression zstd, row_group_size 100000)"


def piece_path(
    folder: Path, layout: Layout, year: int, sequence: int, sha256: str, table: int
) -> Path:
    """Where the rows of a year are that the n-th table of a landed file has."""
    name = f"{sequence:06d}-{table}-{sha256[:8]}.parquet"
    return folder / layout.name / f"year={year}" / name


@dataclass
class Conversion:
    """The Parquet that a file becomes: written table by table, then kept or discarded as a whole.

    `folder` is that of the raw tables, `workplace` the one for what is unfinished. `file_of` says
    under which name a file lands whose first table is of a layout; `rows` are those of each table's
    years, as the inspection counts them.
    """

    folder: Path
    workplace: Path
    sequence: int
    sha256: str
    file_of: Callable[[Layout], str]
    file: str = ""
    layouts: dict[int, Layout] = field(default_factory=dict)
    rows: dict[int, dict[int, int]] = field(default_factory=dict)

    def begin(self, first: Layout) -> None:
        """Start with a file whose first table is of this layout; what an earlier one left goes."""
        self.file = self.file_of(first)
        self.discard()

    def write(self, table: LandedTable, number: int, connection: duckdb.DuckDBPyConnection) -> Path:
        """Write all rows of a landed table, typed and sorted.

        Raises LandingError for what reading meets, and duckdb.Error if any value is not what its
        layout says: which one, the inspection of the text tells.
        """
        layout = self.layouts[number] = table.layout
        path = self.workplace / f"{number}.parquet"
        columns = [f"{c.filled_by} as {sql_name(c.name)}" for c in layout.raw_table_columns]
        year = f"cast({sql_name(layout.year_column or '')} as smallint)"
        checked = f"case when {bad_row(table)} then error('a bad value') else {year} end"
        path.parent.mkdir(parents=True, exist_ok=True)
        with explaining_full_disk(path, 3 * table.path.stat().st_size):
            run_over_rows(
                table,
                connection,
                f"copy (select {', '.join(columns)}, {checked} as {YEAR_OF_PARTITION}, "
                f"{sql_text(self.file)} as landed_file, landed_row, "
                f"cast({self.sequence} as integer) as landed_sequence "
                f"from {layout.raw_rows(table)} order by {', '.join(layout.sorted_by)}) "
                f"to {sql_text(path)} {PARQUET}",
            )
        return path

    def keep(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Give each year of what was written its place, in one step each."""
        for number, layout in self.layouts.items():
            written, years = self.workplace / f"{number}.parquet", self.rows[number]
            for year in years:
                part = written
                if len(years) > 1:
                    part = written.with_name(f"{number}-{year}.parquet")
                    _copy_year(written, part, year, layout, connection)
                piece = piece_path(self.folder, layout, year, self.sequence, self.sha256, number)
                piece.parent.mkdir(parents=True, exist_ok=True)
                move_into_place(part, piece)
        self.discard()

    def discard(self) -> None:
        shutil.rmtree(self.workplace, ignore_errors=True)


def _copy_year(
    written: Path, part: Path, year: int, layout: Layout, connection: duckdb.DuckDBPyConnection
) -> None:
    with explaining_full_disk(part, written.stat().st_size):
        connection.execute(
            f"copy (select * from read_parquet({sql_text(written)}, hive_partitioning = false) "
            f"where {YEAR_OF_PARTITION} = {year} order by {', '.join(layout.sorted_by)}) "
            f"to {sql_text(part)} {PARQUET}"
        )


def run_over_parquet(path: Path, connection: duckdb.DuckDBPyConnection) -> RunOverRows:
    """Runs SQL over the rows written to `path`, visible to it as landed_rows."""

    def run(sql: str) -> list[tuple]:
        connection.execute(
            "create or replace temp view landed_rows as "
            f"select * from read_parquet({sql_text(path)}, hive_partitioning = false)"
        )
        try:
            return connection.execute(sql).fetchall()
        finally:
            connection.execute("drop view landed_rows")

    return run


def rows_in(piece: Path) -> int | None:
    """How many rows a piece has by its own account, None if it is not there or not whole."""
    try:
        return pq.read_metadata(piece).num_rows
    except (OSError, ValueError):  # pyarrow's errors of damage are ValueErrors
        return None


def remove_unlisted(folder: Path, layout: Layout, listed: set[Path]) -> None:
    """Remove the pieces of a layout that are not among `listed`: superseded, or never loaded."""
    for place in (folder / layout.name).glob("year=*"):
        for piece in place.iterdir():
            if piece not in listed:
                piece.unlink()
        if not any(place.iterdir()):
            shutil.rmtree(place)
