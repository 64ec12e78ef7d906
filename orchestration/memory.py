"""How much memory the databases of a run may use, and where they put what does not fit."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import duckdb
import psutil

# what settings.py hands to every process of a run, dbt's too (profiles.yml)
VARIABLE = "LCT_MEMORY_LIMIT"
LEAST_BYTES = 2_000_000_000
SHARE = 4
BESIDE_ARRAYS = 1_000_000_000
_LIMIT_OF_CONTAINER = Path("/sys/fs/cgroup/memory.max")


def default_limit() -> str:
    """A quarter of the memory that the machine, or the container, has, and at least 2 GB."""
    size = psutil.virtual_memory().total
    with suppress(OSError, ValueError):  # no container, or one without a limit
        size = min(size, int(_LIMIT_OF_CONTAINER.read_text(encoding="ascii")))
    return f"{max(size // SHARE, LEAST_BYTES) // 1_000_000}MB"


def limit() -> str:
    """The limit of this run, as DuckDB takes it."""
    return os.environ.get(VARIABLE) or default_limit()


def limit_in_bytes() -> int:
    number, unit = limit()[:-2], limit()[-2:]
    return int(number) * {"MB": 1_000_000, "GB": 1_000_000_000}[unit]


def bound(connection: duckdb.DuckDBPyConnection, spill: Path) -> duckdb.DuckDBPyConnection:
    """The connection, kept within the limit; what is more goes to the folder `spill`."""
    spill.parent.mkdir(parents=True, exist_ok=True)  # DuckDB makes one folder, not those above it
    for setting, value in (("memory_limit", limit()), ("temp_directory", str(spill))):
        quoted = value.replace("'", "''")
        connection.execute(f"set {setting} = '{quoted}'")
    return connection


@contextmanager
def ceded_to_arrays(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Keep a database within BESIDE_ARRAYS while the block lasts, if its limit is above it.

    For work that reads some tables and then calculates with arrays of its own: pages that have been
    read once would stay in memory, up to the limit, beside arrays that need it. A database that
    cannot let go of as much, such as one in memory, keeps its limit.
    """
    with suppress(duckdb.OutOfMemoryException):
        connection.execute(f"set memory_limit = '{min(limit_in_bytes(), BESIDE_ARRAYS)}B'")
    try:
        yield
    finally:
        connection.execute(f"set memory_limit = '{limit_in_bytes()}B'")


@contextmanager
def bounded_database(folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A database in memory, within the limit, that spills below `folder` while the block lasts.

    What killed processes have left there goes.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for left in folder.iterdir():
        owner = left.name.partition("-")[0]
        if owner.isdigit() and not psutil.pid_exists(int(owner)):
            shutil.rmtree(left, ignore_errors=True)
    spill = Path(tempfile.mkdtemp(prefix=f"{os.getpid()}-", dir=folder))
    connection = bound(duckdb.connect(), spill)
    try:
        yield connection
    finally:
        connection.close()
        shutil.rmtree(spill, ignore_errors=True)
