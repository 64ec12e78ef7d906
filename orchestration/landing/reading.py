"""From a landed file to its rows: which tables it holds, and their rows as text, in file order.

A file is a plain or gzipped CSV, a service's JSON answer, a Stata or an Excel file (.dta, .xls), or
a zip with such files inside.
`open_tables` turns it into one or more `LandedTable`s; `read_batches` streams a table's rows
without unpacking to disk, and `run_over_rows` runs SQL over them.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import IO, cast

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from orchestration.landing import publishers
from orchestration.landing.layout import (
    LandedTable,
    LandingError,
    MissingColumnError,
    UnknownLayoutError,
    label_of,
)
from orchestration.landing.synthetic_mark import MARK_COLUMN

ReadFrame = Callable[[io.BytesIO], pd.DataFrame]

# what reading a file raises that was cut short or altered on its way
_DAMAGE = (EOFError, gzip.BadGzipFile, zlib.error, zipfile.BadZipFile)


# ---- which tables a file holds -------------------------------------------------------------------


def open_tables(path: Path) -> tuple[list[LandedTable], list[str]]:
    """Recognise the tables in a file.

    Returns the tables and, for a zip, a sentence for each member that is left out.
    Raises UnknownLayoutError for a file of no known layout, LandingError for a known one that
    cannot be used.
    """
    try:
        if _ending(path.name) == "zip":
            return _open_zip(path)
        if _ending(path.name) in (*_STREAMED, *_READ_WHOLE):
            header = _header(path, None)
            if not header:
                raise LandingError(f"{path.name}: empty file. Download it again.")
            return [_table(path, header, None)], []
    except (*_DAMAGE, OSError) as error:
        raise _cut_file(path.name, error) from error
    raise UnknownLayoutError(f"{path.name}: not a {_FORMATS} file, nor a zip; left out.")


def _open_zip(path: Path) -> tuple[list[LandedTable], list[str]]:
    tables, left_out = [], []
    with zipfile.ZipFile(path) as archive:
        members = [m for m in archive.namelist() if not m.endswith("/")]
    for member in sorted(members):
        # in a zip, a .txt is a note to the reader
        if _ending(member) not in ("csv", *_READ_WHOLE):
            left_out.append(f"{label_of(path, member)}: not a {_FORMATS} file; left out")
            continue
        try:
            tables.append(_table(path, _header(path, member), member))
        except UnknownLayoutError as unknown:
            left_out.append(str(unknown))
    if not tables:
        raise UnknownLayoutError(
            f"{path.name}: a zip without any table this warehouse knows ({len(members)} members)."
        )
    return tables, left_out


def _table(path: Path, header: list[str], member: str | None) -> LandedTable:
    label = label_of(path, member)
    layout = publishers.recognise(header, label)
    details = layout.details(label)
    table = LandedTable(path, layout, tuple(header), member, *details)
    absent = [c for c in layout.columns if table.source_column(c) is None]
    if missing := [c.name for c in absent if c.required]:
        raise MissingColumnError(
            f"{label}: missing column(s) {', '.join(missing)}. {layout.missing_remedy}".strip()
        )
    if not layout.lists_every_column:
        return table
    known = {MARK_COLUMN} | {n.lower() for c in layout.columns for n in (c.name, *c.aliases)}
    unknown = [h for h in header if h.strip() and h.lower() not in known]
    notes = []
    if unknown:
        notes.append(f"unknown column(s) not loaded: {', '.join(unknown)}")
    if absent:
        notes.append(f"optional column(s) absent: {', '.join(c.name for c in absent)}")
    return replace(table, notes=tuple(notes))


def _header(path: Path, member: str | None) -> list[str]:
    if _ending(member or path.name) in _READ_WHOLE:
        return _whole_table(path, member).column_names
    with _open_bytes(path, member) as stream:
        line = stream.readline()
    try:
        text = line.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise LandingError(
            f"{path.name}: the header is not UTF-8 text ({error.reason}). "
            "Land the file as published."
        ) from error
    return next(csv.reader([text.rstrip("\r\n")]), [])


def _ending(name: str) -> str:
    """What kind of file a name says it is: its ending in lower case, without that of gzip."""
    return name.lower().removesuffix(".gz").rpartition(".")[2]


@contextmanager
def _open_bytes(path: Path, member: str | None = None) -> Iterator[IO[bytes]]:
    with ExitStack() as opened:
        if member is None:
            stream: IO[bytes] = opened.enter_context(open(path, "rb"))
        else:
            stream = opened.enter_context(opened.enter_context(zipfile.ZipFile(path)).open(member))
        if (member or path.name).lower().endswith(".gz"):
            stream = cast("IO[bytes]", opened.enter_context(gzip.open(stream)))
        yield stream


def _cut_file(label: str, error: object) -> LandingError:
    return LandingError(
        f"{label}: damaged or cut short ({error}). "
        "Download it again and compare its size with the publisher's."
    )


# ---- rows ----------------------------------------------------------------------------------------


def row_schema(table: LandedTable) -> pa.Schema:
    """The columns of a table's rows: landed_row, the layout's columns and the years, all text."""
    names = [*(c.name for c in table.layout.columns), *table.year_columns]
    return pa.schema([("landed_row", pa.int64()), *((name, pa.string()) for name in names)])


def read_batches(table: LandedTable) -> Iterator[pa.RecordBatch]:
    """Stream a table's rows as text columns under the layout's own names, plus `landed_row`.

    `landed_row` is 1 for the first data row. Columns that are years keep their names. Columns the
    file lacks are null.
    """
    sources = [table.source_column(c) for c in table.layout.columns] + table.year_columns
    is_whole = _ending(table.member or table.path.name) in _READ_WHOLE
    schema, row = row_schema(table), 1
    for batch in _whole_batches(table) if is_whole else _csv_batches(table):
        n = batch.num_rows
        arrays = [pa.array(range(row, row + n), pa.int64())]
        arrays += [
            batch.column(source) if source else pa.nulls(n, pa.string()) for source in sources
        ]
        row += n
        yield pa.RecordBatch.from_arrays(arrays, schema=schema)


def run_over_rows(
    table: LandedTable, connection: duckdb.DuckDBPyConnection, sql: str
) -> list[tuple]:
    """Run `sql` over the streamed rows of `table` and return what it selects.

    The rows are visible to it as `landed_rows`. A LandingError raised while reading surfaces as
    itself, not wrapped in the database's own error.
    """
    met: list[BaseException] = []

    def stream() -> Iterator[pa.RecordBatch]:
        try:
            yield from read_batches(table)
        except BaseException as error:
            met.append(error)
            raise

    reader = pa.RecordBatchReader.from_batches(row_schema(table), stream())
    connection.register("landed_rows", reader)
    try:
        return connection.execute(sql).fetchall()
    except duckdb.Error:
        if met:
            raise met[0] from None
        raise
    finally:
        connection.unregister("landed_rows")


# ---- CSV -----------------------------------------------------------------------------------------


def _csv_batches(table: LandedTable) -> Iterator[pa.RecordBatch]:
    header = [h if h.strip() else f"_blank_{n}" for n, h in enumerate(table.header)]
    try:
        with _open_bytes(table.path, table.member) as stream:
            stream.readline()
            yield from pa_csv.open_csv(
                stream,
                read_options=pa_csv.ReadOptions(column_names=header, block_size=1 << 24),
                parse_options=pa_csv.ParseOptions(
                    newlines_in_values=table.layout.newlines_in_values
                ),
                convert_options=pa_csv.ConvertOptions(
                    column_types=dict.fromkeys(header, pa.string()),
                    null_values=list(table.layout.missing_values),
                    strings_can_be_null=True,
                    quoted_strings_can_be_null=True,
                ),
            )
    except pa.ArrowInvalid as error:
        if "Empty CSV file" in str(error):
            return
        raise _csv_error(table, str(error)) from error
    except _DAMAGE as error:
        raise _cut_file(table.label, error) from error


def _csv_error(table: LandedTable, message: str) -> LandingError:
    if re.search(r"Expected \d+ columns, got \d+", message):
        row, fields = _first_row_of_other_length(table)
        return LandingError(
            f"{table.label}: data row {row}: "
            f"{fields} fields where the header has {len(table.header)}. "
            "The line is truncated or has a stray comma; land the file as published."
        )
    if "UTF8" in message:
        return LandingError(
            f"{table.label}: holds bytes that are not UTF-8 text ({message}). "
            "Land the file as published."
        )
    return LandingError(
        f"{table.label}: cannot be read as CSV ({message}). Land the file as published."
    )


def _first_row_of_other_length(table: LandedTable) -> tuple[int, int]:
    """The number and field count of the first data row whose field count is not the header's.

    The fast reader does not report them.
    """
    with (
        _open_bytes(table.path, table.member) as stream,
        io.TextIOWrapper(stream, encoding="utf-8-sig", errors="replace", newline="") as text,
    ):
        rows = csv.reader(text)
        next(rows)
        return next(
            (
                (number, len(row))
                for number, row in enumerate(rows, 1)
                if len(row) != len(table.header)
            ),
            (0, 0),
        )


# ---- files that are read whole -------------------------------------------------------------------

# the table read last: a file is recognised, checked and loaded in a row
_last_read: dict[tuple, pa.Table] = {}


def _whole_table(path: Path, member: str | None = None) -> pa.Table:
    """A file that cannot be streamed, as a table of text under the publisher's column names."""
    state = path.stat()
    key = (state.st_dev, state.st_ino, state.st_size, state.st_mtime_ns, member)
    if key not in _last_read:
        _last_read.clear()
        with _open_bytes(path, member) as stream:
            content = stream.read()
        read = _READ_WHOLE[_ending(member or path.name)]
        _last_read[key] = read(label_of(path, member), content)
    return _last_read[key]


def _whole_batches(table: LandedTable) -> Iterator[pa.RecordBatch]:
    rows = _whole_table(table.path, table.member)
    if _ending(table.member or table.path.name) in _FRAMES:
        # a service's answer says null where it has no value; these say it as a CSV does
        rows = pa.table(
            {
                name: _without(table.layout.missing_values, rows.column(name))
                for name in rows.column_names
            }
        )
    yield from rows.to_batches(max_chunksize=50_000)


def _without(values: tuple[str, ...], column: pa.ChunkedArray) -> pa.ChunkedArray:
    is_missing = pc.is_in(column, pa.array(values, pa.string()))
    return pc.if_else(is_missing, pa.scalar(None, pa.string()), column)


def _read_json(label: str, content: bytes) -> pa.Table:
    try:
        answer = json.loads(content.decode("utf-8-sig"))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise LandingError(
            f"{label}: not valid JSON ({error}). "
            "The download was truncated or altered; land it again."
        ) from error
    rows = publishers.rows_of_answer(label, answer)
    header = list(dict.fromkeys(key for row in rows for key in row))
    return _text_table({h: [_json_text(r.get(h)) for r in rows] for h in header})


def _json_text(value: object) -> str | None:
    return value if value is None or isinstance(value, str) else repr(value)


def _text_table(columns: dict[str, Iterable[str | None]]) -> pa.Table:
    return pa.table({name: pa.array(texts, pa.string()) for name, texts in columns.items()})


def _read_frame(label: str, content: bytes, what: str, read: ReadFrame) -> pa.Table:
    try:
        frame = read(io.BytesIO(content))
    except ImportError:
        raise
    except Exception as error:
        # the parsers of these formats raise whatever a damaged byte leads them to
        raise _cut_file(label, f"not readable as {what}: {error}") from error
    return _text_table(
        {
            str(name): [_cell_text(value) for value in frame[name].to_numpy()]
            for name in frame.columns
        }
    )


def _read_stata(label: str, content: bytes) -> pa.Table:
    def read(stream: io.BytesIO) -> pd.DataFrame:
        return pd.read_stata(stream, convert_categoricals=False, convert_dates=False)

    return _read_frame(label, content, "Stata", read)


def _read_excel(label: str, content: bytes) -> pa.Table:
    """The first sheet of a workbook; its first row holds the names of the columns."""

    def read(stream: io.BytesIO) -> pd.DataFrame:
        return pd.read_excel(stream, engine="xlrd", dtype=object, keep_default_na=False)

    return _read_frame(label, content, "Excel", read)


def _cell_text(value: object) -> str | None:
    """A cell as a CSV would have it: a whole number without a decimal point."""
    if pd.isna(value):
        return None
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    return str(value)


_STREAMED = ("csv", "txt")
_FRAMES = ("dta", "xls")
_READ_WHOLE: dict[str, Callable[[str, bytes], pa.Table]] = {
    "json": _read_json,
    "dta": _read_stata,
    "xls": _read_excel,
}
_FORMATS = "CSV, JSON, Stata or Excel"
