"""`lct query`: one SELECT on a publication, as a table, CSV, JSON, Markdown or Parquet.

It can neither write nor read anything else (publishing/reading.py), nor run longer than its limit.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TextIO

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from orchestration.cli.exit_codes import FAILED, MISUSED, TIMED_OUT, UsageError, drop_the_rest
from orchestration.cli.places import refuse_place
from orchestration.cli.printing import (
    json_text,
    markdown_lines,
    print_error,
    print_notice,
    table_lines,
    write_csv,
)
from orchestration.durable import move_into_place, partial_path
from orchestration.errors import ExplainedError
from orchestration.publishing.reading import (
    OpenPublication,
    QueryError,
    explaining_queries,
    open_publication,
    select,
)
from orchestration.settings import SettingError, Settings, load_settings

Format = Literal["table", "csv", "json", "markdown", "parquet"]


ROWS_AT_ONCE = 10_000
# a step of a query that DuckDB cannot interrupt, such as one function on one huge value, is ended
# with the process when so many seconds have passed after the limit
GRACE_SECONDS = 2.0


@dataclass(frozen=True)
class Query:
    """One SELECT: at most `limit` rows (0: all), for at most `timeout` seconds.

    `sql` or what the file `file` holds, else standard input. Without `publication`, it is asked of
    the one that is published.
    """

    sql: str | None = None
    file: Path | None = None
    limit: int = 1000
    timeout: float = 60
    publication: str | None = None


class OutOfTimeError(ExplainedError):
    """A query was stopped at its time limit."""

    def __init__(self, seconds: float) -> None:
        super().__init__(
            f"The query was stopped after {seconds:g} s. Select less (years, products, a limit), "
            "or give it longer with --timeout."
        )


class LimitedRows:
    """The rows of an answer, at most `limit` (0: all); counted, and `is_cut` if there are more."""

    def __init__(self, answer: duckdb.DuckDBPyRelation, limit: int) -> None:
        self.columns = answer.columns
        self.count = 0
        self.is_cut = False
        self._answer: Any = answer.to_arrow_reader(ROWS_AT_ONCE)
        self._limit = limit

    def __iter__(self) -> Iterator[tuple]:
        for batch in self._batches():
            yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)

    def write_parquet(self, path: Path, notice: str) -> None:
        """All rows as Parquet, with the notice on synthetic data in the file's metadata."""
        schema = self._answer.schema.with_metadata({"notice": notice} if notice else None)
        with pq.ParquetWriter(path, schema, compression="zstd") as writer:
            for batch in self._batches():
                writer.write_batch(batch.replace_schema_metadata(schema.metadata))

    def _batches(self) -> Iterator[pa.RecordBatch]:
        try:
            for batch in self._answer:
                kept = batch.slice(0, self._room(len(batch)))
                self.count += len(kept)
                yield kept
                if self.is_cut:
                    return
        except (pa.ArrowException, OSError) as error:  # how a query fails after its first rows
            raise QueryError(str(error)) from error

    def _room(self, rows: int) -> int:
        """How many of the next `rows` are within the limit."""
        room = self._limit - self.count if self._limit else rows
        self.is_cut = rows > room
        return room


def main(query: Query, output_format: Format = "table", output: Path | None = None) -> int:
    """Run the query, and print its rows or write them to `output`. Returns the exit status.

    0 done, 1 nothing published or the query fails, 2 wrong options or settings, 3 out of time.
    """
    is_json = output_format == "json"
    try:
        settings = load_settings()
        sql = read_sql(query, sys.stdin)
        refuse_output(settings, output_format, output)
        with (
            open_publication(settings, query.publication) as publication,
            interrupted_by_signals(publication.connection),
            time_limit(publication, query.timeout, output),
            explaining_queries(),
        ):
            print_notice(publication.notice)
            rows = LimitedRows(select(publication, sql), query.limit)
            _write(publication, rows, output_format, output)
            sys.stdout.flush()
    except (SettingError, UsageError) as error:
        print_error(error, is_json)
        return MISUSED
    except OutOfTimeError as error:
        print_error(error, is_json)
        return TIMED_OUT
    except BrokenPipeError:
        drop_the_rest()
        return 0
    except (ExplainedError, OSError) as error:
        print_error(error, is_json)
        return FAILED
    if rows.is_cut:
        print(f"cut after {rows.count:,} rows; --limit gives more, 0 all", file=sys.stderr)
    return 0


def refuse_output(settings: Settings, output_format: Format, output: Path | None) -> None:
    """Raises UsageError if the rows cannot or must not be written there."""
    if output is None:
        if output_format == "parquet":
            raise UsageError("Parquet is not for a terminal: name a file with --output.")
        return
    refuse_place(settings, output)


@contextmanager
def interrupted_by_signals(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Ctrl-C interrupts the query of the block at once.

    Python itself would hear of it when DuckDB returns, which may be at the time limit.
    """
    heard, said = socket.socketpair()
    said.setblocking(False)
    before = signal.set_wakeup_fd(said.fileno(), warn_on_full_buffer=False)

    def wait() -> None:
        if heard.recv(1):  # nothing once the other end is closed
            connection.interrupt()

    waiting = threading.Thread(target=wait, daemon=True)
    waiting.start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(before)
        said.close()
        waiting.join()
        heard.close()


@contextmanager
def time_limit(
    publication: OpenPublication, seconds: float, output: Path | None = None
) -> Iterator[None]:
    """Interrupt the query of the block after so many seconds. Raises OutOfTimeError then.

    If DuckDB does not come to a point where it can stop, the process is ended.
    """
    is_over = threading.Event()

    def interrupt() -> None:
        is_over.set()
        publication.connection.interrupt()

    def end_process() -> None:
        print(OutOfTimeError(seconds), file=sys.stderr, flush=True)
        shutil.rmtree(publication.spill, ignore_errors=True)
        if output:
            partial_path(output).unlink(missing_ok=True)
        os._exit(TIMED_OUT)

    timers = [
        threading.Timer(seconds, interrupt),
        threading.Timer(seconds + GRACE_SECONDS, end_process),
    ]
    for timer in timers:
        timer.daemon = True
        timer.start()
    try:
        yield
    except (duckdb.Error, QueryError) as error:
        if is_over.is_set():
            raise OutOfTimeError(seconds) from error
        raise
    finally:
        for timer in timers:
            timer.cancel()


def _write(
    publication: OpenPublication, rows: LimitedRows, output_format: Format, output: Path | None
) -> None:
    if output_format in ("json", "parquet") and len(set(rows.columns)) < len(rows.columns):
        raise QueryError(
            f"Two columns have one name ({', '.join(rows.columns)}), which {output_format} cannot "
            "hold. Name each with `as`."
        )
    if output is None:
        _write_text(publication, rows, output_format, sys.stdout)
        return
    partial = partial_path(output)
    try:
        if output_format == "parquet":
            rows.write_parquet(partial, publication.notice)
        else:
            with open(partial, "w", encoding="utf-8", newline="") as out:
                _write_text(publication, rows, output_format, out)
        move_into_place(partial, output)
    finally:
        partial.unlink(missing_ok=True)


def _write_text(
    publication: OpenPublication, rows: LimitedRows, output_format: Format, out: TextIO
) -> None:
    if output_format == "csv":
        write_csv(rows.columns, rows, out)
        return
    if output_format == "json":
        held = [dict(zip(rows.columns, row, strict=True)) for row in rows]
        out.write(json_text(publication.as_json() | {"is_cut": rows.is_cut, "rows": held}) + "\n")
        return
    if publication.notice:
        out.write(f"{publication.notice}\n\n")
    lines = table_lines if output_format == "table" else markdown_lines
    out.writelines(f"{line}\n" for line in lines(rows.columns, rows))


def read_sql(query: Query, given: TextIO) -> str:
    """The text of a query; `given` is standard input.

    Raises UsageError if there is none, more than one, or a file that cannot be read.
    """
    if query.sql is not None and query.file:
        raise UsageError("Give the query as an argument or with --file, not both.")
    if query.file:
        try:
            return query.file.read_text(encoding="utf-8")
        except (OSError, ValueError) as error:
            raise UsageError(f"{query.file}: cannot be read as text ({error}).") from error
    if query.sql not in (None, "-"):
        return str(query.sql)
    if given.isatty():
        raise UsageError(
            'Give a query: lct query "from marts.run_choices", --file, or standard input.'
        )
    return given.read()
