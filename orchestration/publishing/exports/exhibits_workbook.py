"""An Excel workbook of the report's exhibits as they are printed: a sheet an exhibit and language.

Tables of regressions keep the layout of a journal, cell by cell as printed; figures are a block of
years by series for each measure, with a chart of Excel's own drawn from these cells.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from rich.cells import cell_len
from xlsxwriter.format import Format
from xlsxwriter.utility import xl_rowcol_to_cell
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from orchestration.publishing.catalogue import columns_of, table_named
from orchestration.publishing.exhibits import exhibits
from orchestration.publishing.exports.extract import KEYS, PANEL_TABLE
from orchestration.publishing.exports.labels import labelled_columns
from orchestration.publishing.exports.workbook import (
    FAINT,
    WARNING,
    heading,
    opened_workbook,
    warning,
    write_codebook,
    write_texts,
)
from orchestration.publishing.published_exhibits import (
    Language,
    Panel,
    PublishedExhibit,
    UnknownExhibitError,
    cells_of,
    names_in,
    notes_of,
    notice_in,
    panels_of,
    rows_of,
)
from orchestration.publishing.reading import OpenPublication

CONTENTS = "contents"
LONGEST_SHEET_NAME = 31
CHARTS = {"lines": {"type": "line"}, "areas": {"type": "area", "subtype": "stacked"}}
ROWS_OF_A_CHART = 18
LABEL_WIDTH, CELL_WIDTH, LINE_HEIGHT = 44, 18, 15


@dataclass(frozen=True)
class _Crossing:
    """How a table of the schema report is printed: a block for each value of `blocks`, in it a
    line for each of `line` and a column for each of `column`, in the order `heads` if it is given.
    """

    blocks: tuple[str, ...]
    line: str
    column: str
    heads: tuple[str, ...] = ()


CROSSINGS = {
    "table_2": _Crossing(("grouping_by", "measure", "unit"), "group", "year"),
    "table_3": _Crossing(("sample",), "variable", "measure", ("n", "mean", "sd", "min", "max")),
}


@dataclass(frozen=True)
class _Layouts:
    """The formats of one workbook."""

    title: Format
    warning: Format
    head: Format
    label: Format
    cell: Format
    last_label: Format
    last_cell: Format
    note: Format
    value: Format
    year: Format

    @classmethod
    def of(cls, book: Workbook) -> _Layouts:
        centred = {"align": "center"}
        return cls(
            title=book.add_format({"bold": True}),
            warning=warning(book),
            head=book.add_format(centred | {"text_wrap": True, "valign": "vcenter"}),
            label=book.add_format({"align": "left"}),
            cell=book.add_format(centred),
            last_label=book.add_format({"align": "left", "bottom": 1}),
            last_cell=book.add_format(centred | {"bottom": 1}),
            note=book.add_format({"font_color": FAINT, "text_wrap": True, "valign": "top"}),
            value=book.add_format({"num_format": "#,##0.000"}),
            year=book.add_format({"align": "left"}),
        )


def write_exhibits_workbook(
    publication: OpenPublication,
    found: dict[Language, list[PublishedExhibit]],
    path: Path,
) -> None:
    """Write the exhibits of each language to `path`, after their contents; last the codebook."""
    with opened_workbook(path, publication) as book:
        layouts = _Layouts.of(book)
        contents = book.add_worksheet(CONTENTS)
        listed = []
        for language, of_language in found.items():
            for exhibit in of_language:
                name = sheet_name(exhibit.name, language if len(found) > 1 else "en")
                sheet = book.add_worksheet(name)
                listed.append((name, exhibit.title))
                _write_exhibit(book, sheet, publication, exhibit, language, layouts)
        _write_contents(book, contents, publication, listed, layouts)
        panel = table_named(publication.connection, PANEL_TABLE)
        columns = [c for c in columns_of(publication.connection, panel) if c.name not in KEYS]
        write_codebook(book, labelled_columns(publication.connection, columns))


def sheet_name(exhibit: str, language: Language) -> str:
    """The exhibit's own name, without the slash that Excel forbids; the Chinese one ends in zh."""
    ending = "" if language == "en" else f" {language}"
    return exhibit.replace("/", " ")[: LONGEST_SHEET_NAME - len(ending)] + ending


def _write_contents(
    book: Workbook,
    sheet: Worksheet,
    publication: OpenPublication,
    listed: list[tuple[str, str]],
    layouts: _Layouts,
) -> None:
    """What each sheet is, with a link to it."""
    link = book.get_default_url_format()
    sheet.set_column(0, 0, 34)
    sheet.set_column(1, 1, 100)
    if publication.notice:
        sheet.write_string(0, 0, publication.notice, layouts.warning)
        sheet.set_tab_color(WARNING)
    sheet.write_string(1, 0, f"publication {publication.number}")
    write_texts(sheet, 3, ("sheet", "exhibit"), heading(book))
    for row, (name, title) in enumerate([*listed, ("codebook", "")], 4):
        sheet.write_url(row, 0, f"internal:'{name}'!A1", link, name)
        write_texts(sheet, row, ("", title))


def _write_exhibit(
    book: Workbook,
    sheet: Worksheet,
    publication: OpenPublication,
    exhibit: PublishedExhibit,
    language: Language,
    layouts: _Layouts,
) -> None:
    sheet.set_landscape()
    sheet.set_paper(9)  # A4
    sheet.fit_to_pages(1, 0)
    sheet.hide_gridlines(2)
    if exhibit.file is not None:
        _write_printed(sheet, cells_of(exhibit.file), layouts)
        return
    row = 0
    if publication.is_synthetic:
        sheet.write_string(row, 0, notice_in(language), layouts.warning)
        row += 1
    sheet.write_string(row, 0, exhibit.title, layouts.title)
    try:
        rows = rows_of(publication, exhibit.name)
    except UnknownExhibitError as error:  # nothing of it has landed
        sheet.write_string(row + 2, 0, str(error))
        return
    if exhibit.is_drawn:
        _write_figure(book, sheet, row + 2, exhibit, rows, language, layouts)
    elif exhibit.name in CROSSINGS:
        names = names_in(language) | _variable_names(publication, language)
        _write_crossed(book, sheet, row + 2, CROSSINGS[exhibit.name], rows, names, layouts)
    else:
        _write_rows(sheet, row + 2, rows, names_in(language), heading(book))


# ---- printed tables ------------------------------------------------------------------------------


def _write_printed(sheet: Worksheet, cells: list[list[str]], layouts: _Layouts) -> None:
    """A table of regressions: captions, heads, coefficients, what is below the line, notes."""
    lined = set(_lines_with_a_rule(cells))
    width = max(map(len, cells))
    sheet.set_column(0, 0, LABEL_WIDTH)
    sheet.set_column(1, max(width - 1, 1), CELL_WIDTH)
    first = next(i for i, line in enumerate(cells) if len(line) > 1)
    for row, line in enumerate(cells):
        if len(line) == 1:
            if row < first:
                is_title = row == first - 1
                sheet.write_string(row, 0, line[0], layouts.title if is_title else layouts.warning)
            elif width > 1:
                sheet.merge_range(row, 0, row, width - 1, line[0], layouts.note)
                # merged cells do not grow with their text by themselves
                columns = LABEL_WIDTH + (width - 1) * CELL_WIDTH
                sheet.set_row(row, LINE_HEIGHT * math.ceil(cell_len(line[0]) / columns))
            continue
        label = layouts.last_label if row in lined else layouts.label
        cell = layouts.last_cell if row in lined else layouts.cell
        if row in (first, first + 1):
            cell = layouts.last_cell if row in lined else layouts.head
        _write_line(sheet, row, line, label, cell)
    # numbers are printed with stars and brackets: they are texts, and meant to be
    sheet.ignore_errors({"number_stored_as_text": f"A1:{xl_rowcol_to_cell(len(cells), width)}"})
    sheet.freeze_panes(first + 2, 1)


def _write_line(
    sheet: Worksheet, row: int, line: Sequence[str], label: Format, cell: Format
) -> None:
    for place, text in enumerate(line):
        layout = cell if place else label
        if text:
            sheet.write_string(row, place, text, layout)
        else:
            sheet.write_blank(row, place, None, layout)


def _lines_with_a_rule(cells: list[list[str]]) -> Iterator[int]:
    """The lines under which a journal draws one: title, heads, coefficients, and the last.

    Coefficients end with the last line without a label, that of the last t statistics.
    """
    rows = [i for i, line in enumerate(cells) if len(line) > 1]
    unlabelled = [i for i in rows if not cells[i][0]]
    yield from {rows[0] + 1, unlabelled[-1], rows[-1]} & set(rows)


# ---- figures and tables of the schema report -----------------------------------------------------


def _write_figure(
    book: Workbook,
    sheet: Worksheet,
    row: int,
    exhibit: PublishedExhibit,
    rows: list[dict[str, Any]],
    language: Language,
    layouts: _Layouts,
) -> None:
    """A block of years by series for each measure, its chart on the right, the notes below."""
    drawn = exhibits()[exhibit.name]
    sheet.set_column(0, 0, 12)
    for panel in panels_of(exhibit.name, rows, language):
        _write_panel(book, sheet, row, panel, layouts)
        if panel.measure in drawn.drawn_measures:
            _insert_chart(book, sheet, row, panel, drawn.chart)
        row += max(len(panel.rows), ROWS_OF_A_CHART) + 3
    for note in notes_of(rows):
        sheet.write_string(row, 0, note)
        row += 1


def _write_panel(
    book: Workbook, sheet: Worksheet, row: int, panel: Panel, layouts: _Layouts
) -> None:
    sheet.write_string(row, 0, f"{panel.measure}, {panel.unit}", layouts.title)
    write_texts(sheet, row + 1, ["", *panel.heads], heading(book))
    sheet.set_column(1, len(panel.heads), 20)
    for at, (year, values) in enumerate(panel.rows, row + 2):
        sheet.write_number(at, 0, year, layouts.year)
        for place, value in enumerate(values, 1):
            if value is not None:
                sheet.write_number(at, place, value, layouts.value)


def _insert_chart(book: Workbook, sheet: Worksheet, row: int, panel: Panel, kind: str) -> None:
    """A chart of a panel's cells; the sum of all series is not one of them."""
    chart = book.add_chart(CHARTS[kind])
    first, last = row + 2, row + 1 + len(panel.rows)
    for place, series in enumerate(panel.series, 1):
        if series != "all sectors":
            chart.add_series(
                {
                    "name": [sheet.name, row + 1, place],
                    "categories": [sheet.name, first, 0, last, 0],
                    "values": [sheet.name, first, place, last, place],
                }
            )
    chart.set_y_axis({"name": panel.unit})
    chart.set_legend({"position": "bottom"})
    sheet.insert_chart(row, len(panel.heads) + 2, chart)


def _variable_names(publication: OpenPublication, language: Language) -> dict[str, str]:
    """Variable of the panel -> its label."""
    connection = publication.connection
    panel = columns_of(connection, table_named(connection, PANEL_TABLE))
    return {c.name: c.label(language) for c in labelled_columns(connection, panel)}


def _write_crossed(
    book: Workbook,
    sheet: Worksheet,
    row: int,
    crossing: _Crossing,
    rows: list[dict[str, Any]],
    names: dict[str, str],
    layouts: _Layouts,
) -> None:
    """A block of lines by columns for each value of the crossing's blocks."""
    sheet.set_column(0, 0, LABEL_WIDTH)

    def block_of(values: dict[str, Any]) -> tuple[str, ...]:
        return tuple(str(values[name]) for name in crossing.blocks)

    for block, group in itertools.groupby(sorted(rows, key=block_of), key=block_of):
        values = {(r[crossing.line], r[crossing.column]): r["value"] for r in group}
        heads = crossing.heads or tuple(sorted({column for _, column in values}))
        sheet.write_string(row, 0, ", ".join(block), layouts.title)
        write_texts(sheet, row + 1, ["", *map(str, heads)], heading(book))
        lines = dict.fromkeys(line for line, _ in values)
        for at, line in enumerate(lines, row + 2):
            sheet.write_string(at, 0, names.get(line, line), layouts.label)
            for place, head in enumerate(heads, 1):
                if (value := values.get((line, head))) is not None:
                    sheet.write_number(at, place, value, layouts.value)
        row += len(lines) + 3
        sheet.set_column(1, len(heads), CELL_WIDTH)


def _write_rows(
    sheet: Worksheet, row: int, rows: list[dict[str, Any]], names: dict[str, str], bold: Format
) -> None:
    """The rows of a table of the schema report, under its columns' names."""
    sheet.set_column(0, len(rows[0]) - 1, 24)
    write_texts(sheet, row, rows[0], bold)
    for at, values in enumerate(rows, row + 1):
        for place, value in enumerate(values.values()):
            if isinstance(value, (int, float, Decimal)):
                sheet.write_number(at, place, value)
            elif value is not None:
                sheet.write_string(at, place, names.get(value, str(value)))
