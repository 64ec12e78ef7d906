"""The Parquet files of a publication as a lake: where each table is, and scripts that name them.

A script leads through the link `published`, unless one publication is asked for: what it has named
follows the next refresh without being run again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq

from orchestration.durable import sql_name, sql_text
from orchestration.publishing.reading import PublicationError

PARQUET = "parquet"


@dataclass(frozen=True)
class LakeTable:
    """A table of the lake: `schema.table`, its rows, the bytes of its file, and where that is."""

    name: str
    rows: int
    bytes: int
    path: Path


def lake_tables(folder: Path) -> list[LakeTable]:
    """The tables of the publication in a folder, by schema and name.

    Raises PublicationError if it has no Parquet files, or one of them cannot be read.
    """
    files = sorted((folder / PARQUET).glob("*/*.parquet"))
    if not files:
        raise PublicationError(
            f"{folder / PARQUET}: no Parquet files are there. `lct verify` says what is damaged; "
            "`lct run` publishes again."
        )
    return [_table(file) for file in files]


def _table(file: Path) -> LakeTable:
    try:
        rows = pq.read_metadata(file).num_rows
    except (OSError, ValueError) as error:
        raise PublicationError(
            f"{file} cannot be read: {error}. `lct verify` says what is damaged."
        ) from error
    return LakeTable(f"{file.parent.name}.{file.stem}", rows, file.stat().st_size, file)


# ---- scripts -------------------------------------------------------------------------------------


def script(engine: str, tables: list[LakeTable], notice: str) -> str:
    """What an engine (a key of ENGINES) is given to have the tables by their names.

    `notice` on synthetic data stands on top.
    """
    return "\n".join(ENGINES[engine](tables, notice))


def _duckdb(tables: list[LakeTable], notice: str) -> Iterator[str]:
    yield from _opening("--", notice, "duckdb lake.duckdb < lake.sql")
    for schema in _schemas(tables):
        yield f"create schema if not exists {sql_name(schema)};"
    for table in tables:
        name = sql_name(*table.name.split("."))
        yield (
            f"create or replace view {name} as select * from read_parquet({sql_text(table.path)});"
        )


def _spark(tables: list[LakeTable], notice: str) -> Iterator[str]:
    yield from _opening("--", notice, "spark-sql -i lake.sql")
    for schema in _schemas(tables):
        yield f"create schema if not exists {schema};"
    for table in tables:
        address = table.path.as_uri().replace("`", "``")
        yield f"create or replace view {table.name} as select * from parquet.`{address}`;"


def _polars(tables: list[LakeTable], notice: str) -> Iterator[str]:
    yield from _opening("#", notice, 'from lake import lake; lake["marts.dim_economy"].collect()')
    yield "import polars as pl"
    yield ""
    yield "lake = {"
    for table in tables:
        yield f"    {table.name!r}: pl.scan_parquet({str(table.path)!r}),"
    yield "}"


ENGINES: dict[str, Callable[[list[LakeTable], str], Iterator[str]]] = {
    "duckdb": _duckdb,
    "spark": _spark,
    "polars": _polars,
}


def _opening(comment: str, notice: str, use: str) -> Iterator[str]:
    yield f"{comment} The published tables over their Parquet files: {use}"
    if notice:
        yield f"{comment} {notice}"


def _schemas(tables: list[LakeTable]) -> list[str]:
    return sorted({table.name.partition(".")[0] for table in tables})
