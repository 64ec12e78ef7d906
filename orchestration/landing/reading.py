"""From a landed file to its rows: which tables it holds, and their rows as text, in file order.

A file is a plain or gzipped CSV, a service's JSON answer, a Stata or an Excel file (.dta, .xls), or
a zip with such files inside.
`open_tables` turns it into one or more `LandedTable`s; `read_batches` streams a table's rows
without unpacking to disk, and `run_over_rows` runs SQL over them.

What a file may make of the machine is limited, far above what publishers ship: the limits stand
first below.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import lzma
import re
import struct
import zipfile
import zlib
from collections import Counter
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
    Page,
    UnknownLayoutError,
    label_of,
)
from orchestration.landing.synthetic_mark import MARK_COLUMN
from orchestration.messages import listed, shown

ReadFrame = Callable[[io.BytesIO], pd.DataFrame]

# A compressed file may hold a hundred times its size, and 100 MB in any case: BACI's zips hold 6
# times theirs, WDI_CSV.zip 10 times, a CSV.gz of UN Comtrade 12 times. BACI's 269 million rows of
# all revisions (8 GB in a zip of 1.5 GB) are far inside.
MOST_TIMES_ITS_SIZE = 100
ALWAYS_ALLOWED_BYTES = 100 << 20
# a JSON, Stata or Excel file is read whole; an answer of 100,000 rows has 150 MB, GeoDist 7 MB
MOST_BYTES_READ_WHOLE = 512 << 20
# UN Comtrade has 47 columns, WDICSV.csv 70; BACI's zips have 35 members, WDI_CSV.zip 6
MOST_COLUMNS = 1_000
MOST_MEMBERS = 1_000
MOST_HEADER_BYTES = 1 << 20

# what reading a file raises that was cut short or altered on its way
_DAMAGE = (
    EOFError,
    OSError,  # of gzip and bzip2
    zlib.error,
    lzma.LZMAError,
    struct.error,
    zipfile.BadZipFile,
    NotImplementedError,  # of zipfile: a version or method that no writer of today uses
)
# of a table that is a page of an answer: the metadata that say which
_PAGE = b"page"
_ENCRYPTED = 0x1  # of a zip member's flags
_ZIP_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)


# ---- which tables a file holds -------------------------------------------------------------------


def open_tables(path: Path) -> tuple[list[LandedTable], list[str]]:
    """Recognise the tables in a file.

    Returns the tables and, for a zip, a sentence for each member that is left out.
    Raises UnknownLayoutError for a file of no known layout, LandingError for a known one that
    cannot be used.
    """
    try:
        if _ending(path.name) == "zip":
            tables, left_out = _open_zip(path)
            _refuse_missing_pages(path, tables)
            return tables, left_out
        if _ending(path.name) in (*_STREAMED, *_READ_WHOLE):
            header = _header(path, None)
            if not header:
                raise LandingError(f"{path.name}: empty file. Download it again.")
            table = _table(path, header, None)
            _refuse_missing_pages(path, [table])
            return [table], []
    except _DAMAGE as error:
        raise _cut_file(path.name, error) from error
    raise UnknownLayoutError(f"{path.name}: not a {_FORMATS} file, nor a zip; left out.")


def is_hidden(parts: Iterable[str]) -> bool:
    """Whether a path of these parts is a program's own note: hidden, or of macOS's archives."""
    return any(part.startswith(".") or part == "__MACOSX" for part in parts)


def _open_zip(path: Path) -> tuple[list[LandedTable], list[str]]:
    tables, left_out = [], []
    members = _members(path)
    for member in members:
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


def _members(path: Path) -> list[str]:
    """The names of a zip's files in order, without hidden ones.

    Raises LandingError for a zip that cannot be read without unpacking, or not safely.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = [m for m in archive.infolist() if not m.is_dir()]
    except (ValueError, OverflowError) as error:  # of a damaged directory
        raise _cut_file(path.name, error) from error
    if len(members) > MOST_MEMBERS:
        raise LandingError(
            f"{path.name}: a zip of {len(members):,} files; {MOST_MEMBERS:,} are the most. "
            "Land its tables as files."
        )
    if sum(m.file_size for m in members) > _most_bytes(path):
        raise _too_large(path.name)
    members = [m for m in members if not is_hidden(m.filename.split("/"))]
    names = [m.filename for m in members]
    for member in members:
        label = label_of(path, member.filename)
        if member.flag_bits & _ENCRYPTED:
            raise LandingError(f"{label}: encrypted. Unpack the zip and land its files.")
        if member.compress_type not in _ZIP_METHODS:
            raise LandingError(
                f"{label}: compressed by method {member.compress_type} (Deflate64 is 9), which is "
                "not read. Unpack the zip and land its files."
            )
        if names.count(member.filename) > 1:
            raise LandingError(
                f"{label}: two files of the zip have this name. Download the zip again."
            )
    return sorted(names)


def _table(path: Path, header: list[str], member: str | None) -> LandedTable:
    label = label_of(path, member)
    if len(header) > MOST_COLUMNS:
        raise LandingError(f"{label}: {len(header):,} columns; {MOST_COLUMNS:,} are the most.")
    try:
        layout = publishers.recognise(header, label)
    except UnknownLayoutError:
        _refuse_other_separator(header, label)
        raise
    details = layout.details(label)
    page = _page(path, member)
    table = LandedTable(path, layout, tuple(header), member, *details, page=page)
    _refuse_ambiguous_columns(table)
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
        notes.append(f"unknown column(s) not loaded: {listed(*unknown)}")
    if absent:
        notes.append(f"optional column(s) absent: {', '.join(c.name for c in absent)}")
    return replace(table, notes=tuple(notes))


def _refuse_missing_pages(path: Path, tables: list[LandedTable]) -> None:
    """Refuse pages of an answer without the others: the rows on those would be missing."""
    rows: dict[tuple[int, int], Counter[int]] = {}
    times: dict[tuple[int, int], Counter[int]] = {}
    for page in (table.page for table in tables if table.page):
        answer = (page.pages, page.total)
        rows.setdefault(answer, Counter())[page.number] += page.rows
        times.setdefault(answer, Counter())[page.number] += 1
    for (pages, total), found in times.items():
        # two answers of one zip may have as many pages and rows: each page is there as often
        answers = max(found.values())
        arrived = sum(rows[pages, total].values())
        missing = [n for n in range(1, pages + 1) if found[n] < answers][:1]
        if missing or arrived != answers * total:
            where = f"page {missing[0]} of {pages} is missing: " if missing else ""
            raise LandingError(
                f"{path.name}: {where}{arrived:,} of the {answers * total:,} announced rows are "
                "there. Request them again on one page (per_page), or land all pages in one zip."
            )


def _refuse_other_separator(header: list[str], label: str) -> None:
    """Refuse a known table whose columns are separated by something other than commas."""
    for separator, word in ((";", "semicolons"), ("\t", "tabs"), ("|", "bars")):
        names = [h.strip('"') for h in ",".join(header).split(separator)]
        try:
            layout = publishers.recognise(names, label)
        except UnknownLayoutError:
            continue
        raise LandingError(
            f"{label}: a table of {layout.description.split(':')[0]} with its columns separated by "
            f"{word}; a program has saved it anew. Land the file as published, with commas."
        )


def _refuse_ambiguous_columns(table: LandedTable) -> None:
    """Refuse a column that is there twice, and one that is a year by its look but cannot be one."""
    names = [h.strip().lower() for h in table.header if h.strip()]
    for name in names:
        if names.count(name) > 1:
            raise LandingError(
                f"{table.label}: column {shown(name)} appears twice. Land the file as published."
            )
    if not table.layout.has_year_columns:
        return
    years = table.layout.years
    for name in (h for h in table.header if h.strip()[:1].isnumeric()):
        if name not in table.year_columns or int(name) not in years:
            raise LandingError(
                f"{table.label}: column {shown(name)} is no year from {years[0]} to {years[-1]}. "
                "Land the file as published."
            )


def _page(path: Path, member: str | None) -> Page | None:
    if _ending(member or path.name) not in _READ_WHOLE:
        return None
    said = (_whole_table(path, member).schema.metadata or {}).get(_PAGE)
    return Page(*json.loads(said)) if said else None


def _header(path: Path, member: str | None) -> list[str]:
    if _ending(member or path.name) in _READ_WHOLE:
        return _whole_table(path, member).column_names
    label = label_of(path, member)
    with _open_bytes(path, member) as stream:
        line = stream.readline(MOST_HEADER_BYTES)
    if len(line) == MOST_HEADER_BYTES or b"\r" in line.rstrip(b"\r\n"):
        raise LandingError(
            f"{label}: the header does not end in a line feed: lines end in some other way, or "
            "this is no CSV. Land the file as published."
        )
    try:
        text = line.decode("utf-8-sig")
        return next(csv.reader([text.rstrip("\r\n")], strict=True), [])
    except UnicodeDecodeError as error:
        raise LandingError(
            f"{label}: the header is not UTF-8 text ({error.reason}). Land the file as published."
        ) from error
    except csv.Error as error:
        raise LandingError(
            f"{label}: the header cannot be read ({error}). Land the file as published."
        ) from error


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
            gzipped = _Gzipped(stream, label_of(path, member), _most_bytes(path))
            stream = cast("IO[bytes]", opened.enter_context(gzipped))
        yield stream


class _Gzipped(gzip.GzipFile):
    """A gzipped file that refuses to hold more than it may."""

    def __init__(self, stream: IO[bytes], label: str, most: int) -> None:
        super().__init__(fileobj=stream, mode="rb")
        self._label, self._most = label, most

    def read(self, size: int | None = -1) -> bytes:
        return self._checked(super().read(size))

    def read1(self, size: int = -1) -> bytes:
        return self._checked(super().read1(size))

    def _checked(self, content: bytes) -> bytes:
        if self.tell() > self._most:
            raise _too_large(self._label)
        return content


def _most_bytes(path: Path) -> int:
    """How much a compressed file may hold."""
    return max(ALWAYS_ALLOWED_BYTES, MOST_TIMES_ITS_SIZE * path.stat().st_size)


def _too_large(label: str) -> LandingError:
    return LandingError(
        f"{label}: unpacked more than {MOST_TIMES_ITS_SIZE} times its size, and more than "
        f"{ALWAYS_ALLOWED_BYTES >> 20} MB: no publisher's file is. Unpack it and look at it."
    )


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
    places = [None if s is None else table.header.index(s) for s in sources]
    nameless = [n for n, name in enumerate(table.header) if not name.strip()]
    is_whole = _ending(table.member or table.path.name) in _READ_WHOLE
    schema, row = row_schema(table), 1
    for batch in _whole_batches(table) if is_whole else _csv_batches(table):
        n = batch.num_rows
        for place in nameless:
            _refuse_values(table, place, batch.column(place))
        arrays = [pa.array(np.arange(row, row + n))]
        arrays += [
            pa.nulls(n, pa.string()) if place is None else batch.column(place) for place in places
        ]
        row += n
        yield pa.RecordBatch.from_arrays(arrays, schema=schema)


def _refuse_values(table: LandedTable, place: int, column: pa.Array) -> None:
    """Refuse values in a column without a name: WDICSV.csv ends in such a column, an empty one."""
    if column.null_count < len(column) and pc.any(pc.not_equal(column, "")).as_py():
        raise LandingError(
            f"{table.label}: column {place + 1} has values but no name in the header. "
            "Land the file as published."
        )


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
    except Exception:
        if met:
            raise met[0] from None
        raise
    finally:
        connection.unregister("landed_rows")


# ---- CSV -----------------------------------------------------------------------------------------


def _csv_batches(table: LandedTable) -> Iterator[pa.RecordBatch]:
    header = [str(place) for place in range(len(table.header))]
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
        where = f"data row {row}: {fields} fields" if row else "a row has other than the fields"
        return LandingError(
            f"{table.label}: {where} where the header has {len(table.header)}. "
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

    The fast reader does not report them. Where this one cannot tell either, they are 0.
    """
    with (
        _open_bytes(table.path, table.member) as stream,
        io.TextIOWrapper(stream, encoding="utf-8-sig", errors="replace", newline="") as text,
    ):
        rows = csv.reader(text)
        next(rows)
        filled = (row for row in rows if row)
        try:
            for number, row in enumerate(filled, 1):
                if len(row) != len(table.header):
                    return number, len(row)
        except (csv.Error, *_DAMAGE):
            pass
    return 0, 0


# ---- files that are read whole -------------------------------------------------------------------

# the tables read last: a file is recognised, checked and loaded in a row, a zip member by member
_last_read: dict[tuple, pa.Table] = {}
MOST_BYTES_KEPT = 64 << 20


def _whole_table(path: Path, member: str | None = None) -> pa.Table:
    """A file that cannot be streamed, as a table of text under the publisher's column names."""
    state = path.stat()
    key = (state.st_dev, state.st_ino, state.st_size, state.st_mtime_ns, member)
    if key not in _last_read:
        is_of_another = any(other[:-1] != key[:-1] for other in _last_read)
        if is_of_another or sum(t.nbytes for t in _last_read.values()) > MOST_BYTES_KEPT:
            _last_read.clear()
        with _open_bytes(path, member) as stream:
            content = stream.read(MOST_BYTES_READ_WHOLE + 1)
        if len(content) > MOST_BYTES_READ_WHOLE:
            raise LandingError(
                f"{label_of(path, member)}: more than {MOST_BYTES_READ_WHOLE >> 20} MB, which is "
                "too much for a file that is read whole. Land the table as CSV."
            )
        read = _READ_WHOLE[_ending(member or path.name)]
        _last_read[key] = read(label_of(path, member), content)
    return _last_read[key]


def _whole_batches(table: LandedTable) -> Iterator[pa.RecordBatch]:
    rows = _whole_table(table.path, table.member)
    if _ending(table.member or table.path.name) in _FRAMES:
        # a service's answer says null where it has no value; these say it as a CSV does
        columns = [_without(table.layout.missing_values, column) for column in rows.columns]
        rows = pa.Table.from_arrays(columns, names=rows.column_names)
    yield from rows.to_batches(max_chunksize=50_000)


def _without(values: tuple[str, ...], column: pa.ChunkedArray) -> pa.ChunkedArray:
    is_missing = pc.is_in(column, pa.array(values, pa.string()))
    return pc.if_else(is_missing, pa.scalar(None, pa.string()), column)


def _read_json(label: str, content: bytes) -> pa.Table:
    try:
        answer = json.loads(
            content.decode("utf-8-sig"),
            object_pairs_hook=_object_of_distinct_keys,
            parse_constant=_no_such_number,
        )
        rows = publishers.rows_of_answer(label, answer)
        header = list(dict.fromkeys(key for row in rows for key in row))
        if len(header) > MOST_COLUMNS:
            raise ValueError(f"its rows have {len(header):,} different keys")
        table = _text_table(header, ([_json_text(row.get(h)) for row in rows] for h in header))
        page = publishers.page_of_answer(answer)
        return table.replace_schema_metadata({_PAGE: json.dumps(page)}) if page else table
    except RecursionError as error:
        raise _altered_json(label, "nested too deeply") from error
    except ValueError as error:  # no UTF-8, no JSON, a number of 5,000 digits, a lone surrogate
        raise _altered_json(label, error) from error


def _object_of_distinct_keys(pairs: list[tuple[str, object]]) -> dict:
    answer = dict(pairs)
    if len(answer) < len(pairs):
        [(twice, _)] = Counter(name for name, _ in pairs).most_common(1)
        raise ValueError(f"the key {shown(twice)} appears twice in one object")
    return answer


def _no_such_number(name: str) -> object:
    raise ValueError(f"{name} is no number")


def _altered_json(label: str, error: object) -> LandingError:
    return LandingError(
        f"{label}: not valid JSON ({error}). The download was truncated or altered; land it again."
    )


def _json_text(value: object) -> str | None:
    return value if value is None or isinstance(value, str) else repr(value)


def _text_table(names: list[str], columns: Iterable[list[str | None]]) -> pa.Table:
    return pa.Table.from_arrays([pa.array(texts, pa.string()) for texts in columns], names=names)


def _read_frame(label: str, content: bytes, what: str, read: ReadFrame) -> pa.Table:
    try:
        frame = read(io.BytesIO(content))
        columns = (frame.iloc[:, place].to_numpy() for place in range(frame.shape[1]))
        texts = ([_cell_text(value) for value in column] for column in columns)
        return _text_table([str(name) for name in frame.columns], texts)
    except ImportError:
        raise
    except Exception as error:
        # the parsers of these formats raise whatever a damaged byte leads them to
        raise _cut_file(label, f"not readable as {what}: {error}") from error


def _read_stata(label: str, content: bytes) -> pa.Table:
    def read(stream: io.BytesIO) -> pd.DataFrame:
        return pd.read_stata(stream, convert_categoricals=False, convert_dates=False)

    return _read_frame(label, content, "Stata", read)


def _read_excel(label: str, content: bytes) -> pa.Table:
    """The first sheet of a workbook; its first row holds the names of the columns."""

    def read(stream: io.BytesIO) -> pd.DataFrame:
        # the header is read as a row, so that a name that is there twice keeps it
        cells = pd.read_excel(
            stream, engine="xlrd", header=None, dtype=object, keep_default_na=False
        )
        names = [_cell_text(name) or "" for name in cells.iloc[0]]
        return cells.iloc[1:].set_axis(names, axis="columns")

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
