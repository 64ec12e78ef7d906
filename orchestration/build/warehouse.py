"""The build file (build/warehouse.duckdb): its write lock, its raw tables and its completed layers.

Only the pipeline opens the build file, one process at a time: `writing` waits for its turn. The
table operations.completed_layers records which layers are complete on the current raw data;
publication relies on nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import psutil

from orchestration.durable import file_lock, sql_name
from orchestration.landing.layout import YEAR_OF_PARTITION, Layout
from orchestration.landing.publishers import LAYOUTS

LAYERS = ("models", "estimates")


class WarehouseError(Exception):
    """The build file cannot be used as asked. The message says why and what to do."""


_ORIGIN_COLUMNS = "landed_file varchar, landed_row bigint, landed_sequence integer"
# the rows that a newer answer replaced also have the answer that did so, and both releases
_REPLACEMENT_COLUMNS = (
    "replaced_by_file varchar, replaced_by_sequence integer, "
    "released_before varchar, released_after varchar"
)


@contextmanager
def exclusive(
    build_path: Path, say: Callable[[str], None] = print, wait_seconds: float = 900
) -> Iterator[None]:
    """Hold the build file's lock; wait for another run to finish, saying so once.

    The lock ends with the process, however it ends. Raises LockTimeoutError after `wait_seconds`.
    """
    with file_lock(build_path.with_name("writer.lock"), say, wait_seconds):
        _end_orphaned_dbt(build_path, say)
        yield


def remember_dbt(build_path: Path, process_id: int) -> None:
    """Record the dbt process started by the holder of the build file's lock.

    If its parent is killed, the next holder ends it.
    """
    _dbt_note(build_path).write_text(str(process_id))


def _end_orphaned_dbt(build_path: Path, say: Callable[[str], None]) -> None:
    """End a dbt process whose parent was killed.

    The caller holds the build file's lock, so the parent cannot be running any more.
    """
    note = _dbt_note(build_path)
    try:
        process = psutil.Process(int(note.read_text()))
        if any("dbt" in part for part in process.cmdline()):
            say("stopping a dbt process left behind by a run that was killed")
            process.kill()
            process.wait(60)
    except (FileNotFoundError, ValueError, psutil.NoSuchProcess):
        pass
    note.unlink(missing_ok=True)


def _dbt_note(build_path: Path) -> Path:
    return build_path.with_name("dbt.pid")


@contextmanager
def writing(
    build_path: Path, say: Callable[[str], None] = print
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the build file for writing, with its raw and operations tables in place."""
    with exclusive(build_path, say):
        connection = _open(build_path)
        try:
            ensure_tables(connection)
            yield connection
        finally:
            connection.close()


def _open(build_path: Path) -> duckdb.DuckDBPyConnection:
    try:
        return duckdb.connect(str(build_path))
    except duckdb.IOException as error:
        raise WarehouseError(
            f"{build_path}: the build file is open elsewhere ({error}). "
            "Analysts open published/warehouse.duckdb, never this file; "
            "close it there and run again."
        ) from error


def ensure_tables(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("create schema if not exists raw; create schema if not exists operations;")
    for layout in LAYOUTS.values():
        columns = _raw_columns(layout)
        connection.execute(f"create table if not exists raw.{layout.name} ({columns})")
        if layout.replacement:
            connection.execute(
                f"create table if not exists raw.{layout.replacement.table} "
                f"({columns}, {_REPLACEMENT_COLUMNS})"
            )
    connection.execute(
        """
        create table if not exists raw.landed_files (
            landed_file varchar, source varchar, origin varchar, layout varchar,
            hs_revision varchar, release varchar, row_count bigint, byte_count bigint,
            sha256 varchar, landed_at varchar, landed_sequence integer
        );
        create table if not exists raw.low_carbon_products (
            product_code varchar, list_revision varchar, description varchar, sector varchar,
            technology varchar, is_dual_use boolean, evidence_note varchar
        );
        create table if not exists raw.loaded_partitions (
            table_name varchar, partition_key varchar, fingerprint varchar, row_count bigint
        );
        create table if not exists operations.completed_layers (
            layer varchar, completed_at timestamp, detail varchar
        );
        """
    )


def _raw_columns(layout: Layout) -> str:
    columns = [f"{sql_name(c.name)} {c.sql_type}" for c in layout.raw_table_columns]
    if layout.year_column:
        columns.append(f"{YEAR_OF_PARTITION} smallint")
    return ", ".join([*columns, _ORIGIN_COLUMNS])


def invalidate(connection: duckdb.DuckDBPyConnection, layer: str) -> None:
    """Record that `layer` and every layer that depends on it are no longer complete."""
    stale = LAYERS[LAYERS.index(layer) :]
    connection.execute(
        f"delete from operations.completed_layers where layer in ({', '.join('?' * len(stale))})",
        list(stale),
    )


def complete(connection: duckdb.DuckDBPyConnection, layer: str, detail: str = "") -> None:
    """Record that `layer` is complete and has passed every blocking check."""
    connection.execute("delete from operations.completed_layers where layer = ?", [layer])
    connection.execute(
        "insert into operations.completed_layers values (?, current_timestamp::timestamp, ?)",
        [layer, detail],
    )


def completed(connection: duckdb.DuckDBPyConnection) -> set[str]:
    return {
        layer
        for (layer,) in connection.execute(
            "select layer from operations.completed_layers"
        ).fetchall()
    }
