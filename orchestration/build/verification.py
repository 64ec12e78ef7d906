"""Verification of the build file: whether its raw tables hold what the manifest lists."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb

from orchestration.build import raw_files, warehouse
from orchestration.build.loading import fingerprint_of
from orchestration.landing.layout import YEAR_OF_PARTITION
from orchestration.landing.manifest import Manifest
from orchestration.landing.publishers import LAYOUTS

EMPTY = fingerprint_of([])

Partition = tuple[str, str]


def verify_build_file(
    build_path: Path, manifest: Manifest, say: Callable[[str], None] = lambda _: None
) -> list[str]:
    """What in the raw tables is not what the manifest lists, a sentence each; it waits for a run.

    Every one of them is mended by the next run, which loads again what differs. A build file that
    is not there yet differs in nothing.
    """
    if not build_path.exists():
        return []
    try:
        with (
            warehouse.exclusive(build_path, say),
            duckdb.connect(str(build_path), read_only=True) as connection,
        ):
            return list(_differences(connection, manifest))
    except duckdb.Error as error:
        first = str(error).partition("\n")[0][:200]
        return [f"cannot be read ({first})"]


def _differences(connection: duckdb.DuckDBPyConnection, manifest: Manifest) -> Iterator[str]:
    loaded = {
        (table, partition): (fingerprint, rows)
        for table, partition, fingerprint, rows in connection.execute(
            "select table_name, partition_key, fingerprint, row_count from raw.loaded_partitions"
        ).fetchall()
    }
    listed = dict(_listed(manifest))
    rows = dict(_rows(connection))
    for partition in sorted({*loaded, *listed}):
        fingerprint, recorded = loaded.get(partition, (EMPTY, 0))
        name = " ".join(partition)
        if fingerprint != listed.get(partition, EMPTY):
            yield f"raw.{name}: was loaded from other files than the manifest lists now"
        elif rows.get(partition, 0) != recorded:
            yield f"raw.{name}: holds {rows.get(partition, 0):,} rows; {recorded:,} were loaded"
    for layout in LAYOUTS.values():
        for path in raw_files.altered(connection, layout):
            yield f"raw.{layout.name}: {path.name} of {path.parent.name} is not as it was written"


def _listed(manifest: Manifest) -> Iterator[tuple[Partition, str]]:
    for layout in LAYOUTS.values():
        if not layout.year_column:
            yield (layout.name, "all"), fingerprint_of(manifest.current(layout))
            continue
        replayed = manifest.replayed(layout)
        for year in manifest.years(layout):
            files = [f for f in replayed if year in f.years_of(layout)]
            yield (layout.name, str(year)), fingerprint_of(files)


def _rows(connection: duckdb.DuckDBPyConnection) -> Iterator[tuple[Partition, int]]:
    for layout in LAYOUTS.values():
        year = f"cast({YEAR_OF_PARTITION} as varchar)" if layout.year_column else "'all'"
        for partition, rows in connection.execute(
            f"select {year}, count(*) from raw.{layout.name} group by 1"
        ).fetchall():
            yield (layout.name, partition), rows
