"""An Excel workbook of an extract: its rows, a codebook, and where they come from.

Texts are written as texts, never as formulas. A sheet ends at row 1,048,576: what does not fit is
refused before anything is written.
"""

from __future__ import annotations

import datetime
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from orchestration.durable import explaining_full_disk, sql_name
from orchestration.publishing.exports.extract import Extract, ExtractError
from orchestration.publishing.exports.labels import LabelledColumn
from orchestration.publishing.reading import OpenPublication

MOST_ROWS = 1_048_576
LONGEST_TEXT = 32_767
EXACT_WHOLE_NUMBERS = 2**53
FAINT, WARNING = "#666666", "#b00000"
# the same numbers give the same file
CREATED = datetime.datetime(2000, 1, 1, tzinfo=datetime.UTC)


def write_workbook(extract: Extract, path: Path) -> list[str]:
    """Write the sheets `data`, `codebook` and `about` to `path`; returns what to tell: nothing.

    Raises ExtractError for more rows or a longer text than a sheet can hold.
    """
    _refuse_what_does_not_fit(extract)
    with opened_workbook(path, extract.publication, by_rows=True) as book:
        _write_data(book, extract)
        write_codebook(book, extract.columns)
        _write_about(book, extract)
    return []


@contextmanager
def opened_workbook(
    path: Path, publication: OpenPublication, by_rows: bool = False
) -> Iterator[Workbook]:
    """A workbook that is written to `path` at the end of the block.

    With `by_rows` each row is put aside as it is written, so that memory does not grow with them;
    rows then have to come in their order. All that is put aside is in the publication's spill.
    """
    whole = publication.spill / path.name
    options = {
        "constant_memory": by_rows,
        "tmpdir": str(publication.spill),
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    with explaining_full_disk(whole):
        book = xlsxwriter.Workbook(str(whole), options)
        book.set_properties({"created": CREATED, "comments": publication.notice})
        yield book
        book.close()
    shutil.copyfile(whole, path)
    whole.unlink()


def write_codebook(
    book: Workbook, columns: Sequence[LabelledColumn], name: str = "codebook"
) -> None:
    """A sheet with a line a column, and below it the names of values in both languages."""
    sheet, bold, wrapped = book.add_worksheet(name), heading(book), wrapping(book)
    sheet.set_column(0, 0, 44)
    sheet.set_column(1, 2, 40, wrapped)
    sheet.set_column(3, 3, 24)
    sheet.set_column(4, 4, 80, wrapped)
    lines: list[tuple[str, ...]] = [
        (c.name, c.label_en, c.label_zh, c.unit, c.description) for c in columns
    ]
    write_texts(sheet, 0, ("column", "label_en", "label_zh", "unit", "description"), bold)
    for row, line in enumerate(lines, 1):
        write_texts(sheet, row, line)
    named = [(c.name, v) for c in columns for v in c.values]
    row = len(lines) + 2
    if named:
        write_texts(sheet, row, ("column", "name_en", "name_zh", "value"), bold)
    for at, (column, value) in enumerate(named, row + 1):
        write_texts(sheet, at, (column, value.name_en, value.name_zh, value.value))
    sheet.freeze_panes(1, 1)


def write_texts(
    sheet: Worksheet, row: int, texts: Iterable[str], layout: Format | None = None
) -> None:
    """Texts in a row from its first cell on; an empty one leaves its cell empty."""
    for place, text in enumerate(texts):
        if text:
            sheet.write_string(row, place, text, layout)


def heading(book: Workbook) -> Format:
    return book.add_format({"bold": True, "bottom": 1})


def wrapping(book: Workbook) -> Format:
    return book.add_format({"text_wrap": True, "valign": "top"})


def warning(book: Workbook) -> Format:
    return book.add_format({"bold": True, "font_color": WARNING})


# ---- the sheets of an extract --------------------------------------------------------------------


def _refuse_what_does_not_fit(extract: Extract) -> None:
    if extract.rows >= MOST_ROWS:
        raise ExtractError(
            f"{extract.table} has {extract.rows:,} rows, and a sheet of Excel ends at "
            f"{MOST_ROWS:,}. Choose --years or --economies, or --format csv or parquet."
        )
    texts = [c.name for c in extract.columns if c.type == "VARCHAR"]
    longest = ", ".join(f"max(length({sql_name(name)}))" for name in texts) or "0"
    [found] = extract.ask(f"select {longest} from ({extract.query})")
    for name, length in zip(texts, found, strict=False):
        if length is not None and length > LONGEST_TEXT:
            raise ExtractError(
                f"{extract.table}.{name} has a text of {length:,} characters, and a cell of Excel "
                f"ends at {LONGEST_TEXT:,}. Leave it out with --variables, or use --format csv."
            )


def _write_data(book: Workbook, extract: Extract) -> None:
    sheet, bold = book.add_worksheet("data"), heading(book)
    day, moment = (
        book.add_format({"num_format": layout}) for layout in ("yyyy-mm-dd", "yyyy-mm-dd hh:mm:ss")
    )
    for place, column in enumerate(extract.columns):
        sheet.set_column(place, place, max(len(column.name), 10) + 2)
    sheet.freeze_panes(1, 0)
    sheet.autofilter(0, 0, extract.rows, len(extract.columns) - 1)
    if extract.publication.notice:
        sheet.set_header(f"&C{extract.publication.notice}")
    for place, column in enumerate(extract.columns):
        sheet.write_string(0, place, column.name, bold)
    row = 0
    for batch in extract.batches():
        for values in zip(*(column.to_pylist() for column in batch.columns), strict=True):
            row += 1
            for place, value in enumerate(values):
                if isinstance(value, datetime.date):
                    layout = moment if isinstance(value, datetime.datetime) else day
                    sheet.write_datetime(row, place, value, layout)
                elif value is not None:
                    _write_value(sheet, row, place, value)


def _write_value(sheet: Worksheet, row: int, place: int, value: Any) -> None:
    """A number as a number, exact to 15 digits; a whole one that a double would round as text."""
    if isinstance(value, bool):
        sheet.write_boolean(row, place, value)
    elif isinstance(value, (int, float, Decimal)) and not _is_rounded(value):
        sheet.write_number(row, place, value)
    else:
        sheet.write_string(row, place, str(value))


def _is_rounded(value: float | Decimal) -> bool:
    return isinstance(value, int) and abs(value) > EXACT_WHOLE_NUMBERS


def _write_about(book: Workbook, extract: Extract) -> None:
    """Where the rows come from; it is what one sees first where they are invented."""
    sheet, wrapped = book.add_worksheet("about"), wrapping(book)
    sheet.set_column(0, 0, 16)
    sheet.set_column(1, 1, 100, wrapped)
    publication = extract.publication
    if publication.notice:
        sheet.write_string(0, 0, publication.notice, warning(book))
        sheet.set_tab_color(WARNING)
        sheet.activate()
    about: dict[str, str] = {
        "table": extract.table,
        "publication": publication.number,
        "rows": f"{extract.rows:,}",
        "grain": extract.grain,
        "description": extract.description,
    }
    for row, line in enumerate(about.items(), 2):
        write_texts(sheet, row, line)
