"""File locks, replaced files, full disks, transactions, and quoting for SQL.

What holds whatever moment a process ends at. Here belongs only what knows nothing of trade,
publishers or Dagster; each of these is written once and used everywhere.
"""

from __future__ import annotations

import errno
import fcntl
import os
import re
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from orchestration.errors import ExplainedError


class LockTimeoutError(ExplainedError):
    """A lock was held by another process for longer than one would wait."""


class DiskFullError(ExplainedError):
    """A disk has no space left. The message says for which file, what is free, what is needed."""


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
    content = body.encode("utf-8") if isinstance(body, str) else body
    partial = partial_path(path)
    with explaining_full_disk(path, len(content)):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            partial.write_bytes(content)
            move_into_place(partial, path)
        except OSError:
            partial.unlink(missing_ok=True)
            raise


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


# how DuckDB, SQLite, dbt and Arrow say so, whose errors carry no number of the system
_NO_SPACE = re.compile(
    "No space left on device|Disk quota exceeded|database or disk is full|max_temp_directory_size"
)
# what SQLite says of a full disk, and of a broken one
_NO_SPACE_OR_BROKEN = re.compile("disk I/O error|unable to open database file")
_LITTLE_SPACE = 1_000_000
_FILE_IN_MESSAGE = re.compile(r'file \\?"(/[^"\\]+)')


@contextmanager
def explaining_full_disk(path: Path, needed_bytes: int | None = None) -> Iterator[None]:
    """If the disk is full in the block, raise DiskFullError: which file, what is free and needed.

    `path` is what is being written, unless the error itself names a file; `needed_bytes` about how
    much that takes.
    """
    try:
        yield
    except Exception as error:
        if isinstance(error, ExplainedError) or not is_disk_full(error, path):
            raise
        named = _FILE_IN_MESSAGE.search(str(error))
        file = Path(named[1]) if named else path
        raise _disk_full(file, needed_bytes) from error


def refuse_without_space(path: Path, needed_bytes: int) -> None:
    """Raise DiskFullError if the disk that `path` is on has no room for so many bytes more."""
    if _free_bytes(path) < needed_bytes:
        raise _disk_full(path, needed_bytes)


def _disk_full(path: Path, needed_bytes: int | None) -> DiskFullError:
    needed = "" if needed_bytes is None else f", about {megabytes(needed_bytes)} are needed"
    return DiskFullError(
        f"{path}: the disk is full: {megabytes(_free_bytes(path))} are free{needed}. "
        "Free space and run again."
    )


def is_disk_full(error: BaseException | None, path: Path) -> bool:
    """Whether an error, or one behind it, says that the disk that `path` is on is full."""
    while error is not None:
        number = error.errno if isinstance(error, OSError) else None
        if number in (errno.ENOSPC, errno.EDQUOT) or _NO_SPACE.search(str(error)):
            return True
        if _NO_SPACE_OR_BROKEN.search(str(error)) and _free_bytes(path) < _LITTLE_SPACE:
            return True
        error = error.__cause__ or error.__context__
    return False


def _free_bytes(path: Path) -> int:
    exists = next(p for p in (path, *path.absolute().parents) if p.exists())
    return shutil.disk_usage(exists).free


def megabytes(size: int) -> str:
    return f"{size / 1e6:,.1f} MB"


def bytes_below(folder: Path) -> int:
    """What the files below a folder take."""
    return sum(p.stat().st_size for p in folder.rglob("*") if p.is_file())


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
