"""File locks, replaced files, transactions, and quoting for SQL.

What holds whatever moment a process ends at. Here belongs only what knows nothing of trade,
publishers or Dagster; each of these is written once and used everywhere.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb


class LockTimeoutError(Exception):
    """A lock was held by another process for longer than one would wait."""


@contextmanager
def file_lock(
    path: Path, say: Callable[[str], None] = print, wait_seconds: float = 900
) -> Iterator[None]:
    """Hold an exclusive lock on the file `path`; wait for its holder, saying so once.

    The lock ends with the process, however that ends. Raises LockTimeoutError after `wait_seconds`.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "a+") as lock:
        deadline, has_said = time.monotonic() + wait_seconds, False
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise LockTimeoutError(
                        f"{path}: another run was still in progress after {wait_seconds:.0f} s. "
                        "Let it finish or stop it, then run again."
                    ) from None
                if not has_said:
                    say("another run is using this warehouse; waiting for it to finish")
                    has_said = True
                time.sleep(0.2)
        yield


def partial_path(path: Path) -> Path:
    """Where a file is written before it is whole: hidden, beside `path`."""
    return path.with_name(f".part-{path.name}")


def move_into_place(partial: Path, path: Path) -> None:
    """Give a whole file its name in one step, flushed to disk: readers see the old one or this."""
    with open(partial, "rb") as handle:
        os.fsync(handle.fileno())
    os.replace(partial, path)


def write_then_replace(path: Path, body: bytes | str) -> None:
    """Replace the file at `path` by one with `body`: a reader never sees a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = partial_path(path)
    partial.write_bytes(body.encode("utf-8") if isinstance(body, str) else body)
    move_into_place(partial, path)


def point_link(link: Path, target: Path) -> None:
    """Make the symbolic link `link` point at the folder `target` in one step."""
    partial = partial_path(link)
    partial.unlink(missing_ok=True)
    partial.symlink_to(target, target_is_directory=True)
    os.replace(partial, link)


def flush_to_disk(folder: Path) -> None:
    """Make sure that everything below `folder`, and the folder itself, is on disk."""
    for path in [*folder.rglob("*"), folder]:
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


@contextmanager
def transaction(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """All statements of the block or none: committed at its end, rolled back if it raises."""
    connection.execute("begin transaction")
    try:
        yield
        connection.execute("commit")
    except BaseException:
        connection.execute("rollback")
        raise


def sql_text(value: object) -> str:
    """`value` as a text literal of SQL, in quotes."""
    return "'" + str(value).replace("'", "''") + "'"


def sql_texts(values: list[str] | tuple[str, ...]) -> str:
    """The values as a list of text literals, as `in (...)` takes them."""
    return ", ".join(sql_text(value) for value in values)


def sql_name(*parts: str) -> str:
    """A name of SQL in double quotes: sql_name("marts", "dim_economy") is "marts"."dim_economy"."""
    return ".".join('"' + part.replace('"', '""') + '"' for part in parts)
