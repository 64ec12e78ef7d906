"""The build file (build/warehouse.duckdb): its write lock, its raw tables and its completed layers.

Only the pipeline opens the build file, one process at a time: `writing` waits for its turn. The
table operations.completed_layers records which layers are complete on the current raw data, and
what they were made from; publication relies on nothing else. The build file is derived from what
has landed: one that is damaged is moved aside and rebuilt.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import duckdb
import psutil

from orchestration.build import raw_files
from orchestration.durable import (
    explaining_full_disk,
    file_lock,
    is_disk_full,
    sql_name,
)
from orchestration.errors import ExplainedError
from orchestration.landing.publishers import LAYOUTS
from orchestration.memory import bound

LAYERS = ("models", "estimates")
PUBLICATION = "publication"  # recorded beside the layers; its detail is the publication's folder

# what DuckDB says, by itself or through dbt, of a file whose bytes are not what it wrote
_DAMAGE = re.compile(
    "Corrupt database file|Could not read enough bytes|not a valid DuckDB database file"
)
# two readings of one process's start differ by what the system's clock was corrected in between
_SAME_START_SECONDS = 2.0


class WarehouseError(ExplainedError):
    """The build file cannot be used as asked. The message says why and what to do."""


class DamagedBuildFileError(WarehouseError):
    """The build file was found damaged and has been moved aside: the next run rebuilds it."""


@contextmanager
def exclusive(
    build_path: Path, say: Callable[[str], None] = print, wait_seconds: float = 900
) -> Iterator[None]:
    """Hold the build file's lock; wait for another run to finish, saying so once.

    The lock ends with the process, however it ends. Raises LockTimeoutError after `wait_seconds`.
    """
    with file_lock(build_path.with_name("writer.lock"), say, wait_seconds):
        _end_orphaned_dbt(build_path, say)
        shutil.rmtree(_spill(build_path), ignore_errors=True)  # of one that was killed
        yield


def remember_dbt(build_path: Path, process_id: int) -> None:
    """Record the dbt process started by the holder of the build file's lock.

    If its parent is killed, the next holder ends it. A process id alone does not name a process:
    the system gives it to another one in time. So its start and its command are recorded too.
    """
    try:
        _dbt_note(build_path).write_text(json.dumps(_identity(process_id)), encoding="utf-8")
    except psutil.Error:
        _dbt_note(build_path).unlink(missing_ok=True)  # it has ended already


def _identity(process_id: int) -> dict:
    process = psutil.Process(process_id)
    return {"pid": process_id, "started": process.create_time(), "command": process.cmdline()}


def _end_orphaned_dbt(build_path: Path, say: Callable[[str], None]) -> None:
    """End a dbt process whose parent was killed, and no other that has its number by now.

    The caller holds the build file's lock, so the parent cannot be running any more.
    """
    note = _dbt_note(build_path)
    try:
        recorded = json.loads(note.read_text(encoding="utf-8"))
        process = psutil.Process(recorded["pid"])
        found = _identity(process.pid)
        if (
            found["command"] == recorded["command"]
            and abs(found["started"] - recorded["started"]) < _SAME_START_SECONDS
        ):
            say("stopping a dbt process left behind by a run that was killed")
            process.kill()
            process.wait(60)
    except (FileNotFoundError, ValueError, TypeError, KeyError, psutil.Error):
        pass  # it has ended, or is another user's, or the note is not one of ours
    note.unlink(missing_ok=True)


def _dbt_note(build_path: Path) -> Path:
    return build_path.with_name("dbt.pid")


@contextmanager
def writing(
    build_path: Path, say: Callable[[str], None] = print
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the build file for writing, with its raw and operations tables in place.

    One that is damaged is moved aside and a new one is begun: raw tables are loaded again, and no
    layer is complete.
    """
    with exclusive(build_path, say), explaining_its_faults(build_path):
        connection = _open(build_path, say)
        try:
            ensure_tables(connection)
            yield connection
        finally:
            connection.close()


@contextmanager
def explaining_its_faults(build_path: Path) -> Iterator[None]:
    """What a full disk or a damaged block of the build file raises in the block, in our words.

    Raises DiskFullError, or DamagedBuildFileError after moving the damaged file aside.
    """
    try:
        yield
    except ExplainedError:
        raise
    except Exception as error:
        said = str(error)
        of_this_file = f"{build_path.parent.name}/{build_path.name}" in said
        if _DAMAGE.search(said) and (of_this_file or "Corrupt database file" in said):
            aside = _move_aside(build_path)
            raise DamagedBuildFileError(
                f"{build_path}: the build file is damaged and has been moved to {aside.name}. "
                "Run again: it is rebuilt from what has landed."
            ) from error
        # rebuilding every table takes about as much again as the tables take now
        size = build_path.stat().st_size if build_path.exists() else None
        with explaining_full_disk(build_path, size):
            raise


def _open(build_path: Path, say: Callable[[str], None]) -> duckdb.DuckDBPyConnection:
    try:
        return bound(duckdb.connect(str(build_path)), _spill(build_path))
    except duckdb.Error as error:
        if "lock on file" in str(error):
            raise WarehouseError(
                f"{build_path}: the build file is open elsewhere ({error}). "
                "Analysts open published/warehouse.duckdb, never this file; "
                "close it there and run again."
            ) from error
        if is_disk_full(error, build_path) or isinstance(error, duckdb.OutOfMemoryException):
            raise
        with open(build_path, "r+b"):
            pass  # what the system does not let us open is not damaged, and this says why
        aside = _move_aside(build_path)
        reason = str(error).splitlines()[0]
        say(f"the build file cannot be read ({reason}): moved to {aside.name}, and rebuilt")
        return bound(duckdb.connect(str(build_path)), _spill(build_path))


def _spill(build_path: Path) -> Path:
    """Where the holder of the build file's lock, or its dbt, puts what memory does not hold."""
    return build_path.with_name("spill") / "warehouse"


def _move_aside(build_path: Path) -> Path:
    """Move a build file that cannot be used to a name beside it; one such file is kept."""
    aside = build_path.with_name("warehouse.damaged.duckdb")
    build_path.replace(aside)
    build_path.with_name(build_path.name + ".wal").unlink(missing_ok=True)
    return aside


def ensure_tables(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("create schema if not exists raw; create schema if not exists operations;")
    for layout in LAYOUTS.values():
        if layout.year_column:
            continue
        columns = raw_files.columns_of(layout, layout.name)
        _forget_other_columns(connection, layout.name, columns)
        typed = ", ".join(f"{sql_name(name)} {sql_type}" for name, sql_type in columns)
        connection.execute(f"create table if not exists raw.{layout.name} ({typed})")
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
            layer varchar, completed_at timestamp, detail varchar, fingerprint varchar
        );
        alter table operations.completed_layers add column if not exists fingerprint varchar;
        """
    )
    raw_files.ensure_views(connection)


def _forget_other_columns(
    connection: duckdb.DuckDBPyConnection, table: str, columns: Sequence[tuple[str, str]]
) -> None:
    """Drop a raw table that an earlier version made with other columns: it is loaded again."""
    found = connection.execute(
        "select column_name, data_type from duckdb_columns() "
        "where schema_name = 'raw' and table_name = ? order by column_index",
        [table],
    ).fetchall()
    if found and found != [(name, sql_type.upper()) for name, sql_type in columns]:
        connection.execute(f"drop table raw.{table}")
        connection.execute("delete from raw.loaded_partitions where table_name = ?", [table])
        connection.execute("delete from operations.completed_layers")


def invalidate(connection: duckdb.DuckDBPyConnection, layer: str) -> None:
    """Record that `layer` and every layer that depends on it are no longer complete."""
    stale = LAYERS[LAYERS.index(layer) :]
    connection.execute(
        f"delete from operations.completed_layers where layer in ({', '.join('?' * len(stale))})",
        list(stale),
    )


def complete(
    connection: duckdb.DuckDBPyConnection,
    layer: str,
    detail: str = "",
    fingerprint: str | None = None,
) -> None:
    """Record that `layer` is complete, has passed every blocking check, and what it is made from.

    `fingerprint` is the one of fingerprints.py, taken before the layer was begun.
    """
    connection.execute("delete from operations.completed_layers where layer = ?", [layer])
    connection.execute(
        "insert into operations.completed_layers values (?, current_timestamp::timestamp, ?, ?)",
        [layer, detail, fingerprint],
    )


def completed(connection: duckdb.DuckDBPyConnection) -> set[str]:
    """The layers that are complete; a publication that is recorded beside them is none."""
    recorded = connection.execute("select layer from operations.completed_layers").fetchall()
    return {layer for (layer,) in recorded if layer in LAYERS}


def fingerprint_of(connection: duckdb.DuckDBPyConnection, layer: str) -> str | None:
    """What a complete layer was made from; None if it is not complete, or was not recorded."""
    return _recorded(connection, layer, "fingerprint")


def detail_of(connection: duckdb.DuckDBPyConnection, layer: str) -> str | None:
    """What was recorded with a layer: of the models the outcome of the data tests, as JSON."""
    return _recorded(connection, layer, "detail")


def _recorded(connection: duckdb.DuckDBPyConnection, layer: str, column: str) -> str | None:
    found = connection.execute(
        f"select {column} from operations.completed_layers where layer = ?", [layer]
    ).fetchone()
    return found[0] if found else None
