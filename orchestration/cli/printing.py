"""Rows on the terminal and in files: as an aligned table, Markdown, CSV or JSON.

A value is the same in each: numbers in full, without separators of thousands. Texts that hold
control characters cannot steer a terminal.
"""

from __future__ import annotations

import csv
import datetime
import json
import math
import sys
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Any, TextIO

from rich.cells import cell_len

Row = Sequence[Any]


def as_text(value: Any) -> str:
    """A value as it stands in CSV and in tables; nothing for NULL."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, (list, dict, tuple)):
        return json.dumps(as_json(value), ensure_ascii=False)
    return str(value)


def as_json(value: Any) -> Any:
    """A value as JSON has it: decimals are numbers, dates and what is not finite are texts."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, dict):
        return {str(key): as_json(held) for key, held in value.items()}
    if isinstance(value, (list, tuple)):
        return [as_json(held) for held in value]
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    return value if isinstance(value, (bool, int, float, str, type(None))) else str(value)


def table_lines(columns: Sequence[str], rows: Iterable[Row]) -> Iterator[str]:
    """An aligned table: the columns' names, a rule, the rows. Columns of numbers stand right."""
    held = [list(row) for row in rows]
    cells = [[_printable(as_text(value)) for value in row] for row in held]
    heads = [_printable(name) for name in columns]
    right = [_is_numeric(row[i] for row in held) for i in range(len(heads))]
    first, *others = _aligned([heads, *cells], right)
    yield first
    yield "  ".join("-" * width for width in _widths([heads, *cells]))
    yield from others


def aligned_lines(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Rows of as many texts each, the first of them on the left, the others on the right."""
    cells = [[_printable(text) for text in row] for row in rows]
    return _aligned(cells, [place > 0 for place in range(len(cells[0]))])


def markdown_lines(columns: Sequence[str], rows: Iterable[Row]) -> Iterator[str]:
    """A Markdown table; columns of numbers stand right."""
    held = [list(row) for row in rows]
    right = [_is_numeric(row[i] for row in held) for i in range(len(columns))]
    yield _markdown_line(columns)
    yield "| " + " | ".join("---:" if stands_right else "---" for stands_right in right) + " |"
    for row in held:
        yield _markdown_line([as_text(value) for value in row])


def write_csv(columns: Sequence[str], rows: Iterable[Row], out: TextIO) -> None:
    """RFC 4180, with a line of the columns' names."""
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([as_text(value) for value in row] for row in rows)


def json_text(value: Any) -> str:
    return json.dumps(as_json(value), indent=1, ensure_ascii=False)


def print_error(error: Exception | str, is_json: bool = False) -> None:
    """To standard error, for people or for programs."""
    text = str(error)
    print(json.dumps({"error": text}) if is_json else text, file=sys.stderr)


def print_notice(notice: str) -> None:
    """To standard error, where it is seen however the rows are piped on."""
    if notice:
        print(notice, file=sys.stderr)


def _markdown_line(cells: Sequence[str]) -> str:
    escaped = (_printable(c).replace("\\", "\\\\").replace("|", "\\|") for c in cells)
    return "| " + " | ".join(escaped) + " |"


def _widths(rows: Sequence[Sequence[str]]) -> list[int]:
    return [max(map(cell_len, column)) for column in zip(*rows, strict=True)]


def _aligned(rows: Sequence[Sequence[str]], right: Sequence[bool]) -> Iterator[str]:
    """The rows as lines; a column stands on the right where `right` says so."""
    widths = _widths(rows)
    for row in rows:
        padded = (
            " " * (width - cell_len(cell)) + cell if stands_right else _filled(cell, width)
            for cell, width, stands_right in zip(row, widths, right, strict=True)
        )
        yield "  ".join(padded).rstrip()


def _filled(cell: str, width: int) -> str:
    return cell + " " * (width - cell_len(cell))


def _printable(text: str) -> str:
    """`text` on one line, with escapes in the place of control characters."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def _is_numeric(values: Iterable[Any]) -> bool:
    known = [v for v in values if v is not None]
    return bool(known) and all(
        isinstance(v, (int, float, Decimal)) and not isinstance(v, bool) for v in known
    )
