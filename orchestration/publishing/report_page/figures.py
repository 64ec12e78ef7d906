"""A figure or a table of the page as a value, and the data that the scripts draw it from.

A figure's rows are what its SQL gives, with columns named for what they are to the chart: x,
series, value, and low and high where there is an interval. All other columns are told apart by
panels (side by side) or by switches (one at a time).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from markupsafe import Markup, escape

from orchestration.publishing.report_page.wording import Text

# digits that are kept of a number in the scripts' data: more than any chart can show
DIGITS = 7


@dataclass(frozen=True)
class Series:
    """One line, bar segment or kind of point: its name and which of the six hues it has.

    Hue 0 is the neutral one.
    """

    name: Text
    hue: int


@dataclass(frozen=True)
class Panel:
    """One chart of a figure: the rows where the columns `where` have these values.

    `unit` is a key of the scripts' units: what the axis says, and how values are written.
    """

    chart: str
    unit: str
    title: Text | None = None
    where: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Switch:
    """A choice that the reader makes: rows where `column` has the chosen option are shown."""

    column: str
    label: Text
    options: Mapping[Any, Text]
    chosen: Any
    is_long: bool = False


@dataclass(frozen=True)
class Figure:
    """A figure with all that belongs to it.

    `anchor` is its stable link; `has_slider` gives it a slider over x; `columns` name those of
    `rows`; `empty` says in one sentence why there is nothing, if there is nothing.
    """

    anchor: str
    title: Text
    panels: Sequence[Panel]
    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]
    series: Mapping[str, Series]
    sql: str
    source: Text
    x_label: Text
    series_label: Text
    lead: Text | None = None
    caveats: Sequence[Text] = ()
    switches: Sequence[Switch] = ()
    has_slider: bool = False
    empty: Text | None = None
    names: Mapping[str, Text] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        return not self.rows

    @property
    def shown_years(self) -> list[int]:
        place = list(self.columns).index("x")
        return sorted({row[place] for row in self.rows})

    def data(self) -> dict[str, Any]:
        """What the scripts read, as JSON has it."""
        return {
            "columns": list(self.columns),
            "rows": [[plain(value) for value in row] for row in self.rows],
            "panels": [
                {"chart": p.chart, "unit": p.unit, "where": dict(p.where)} for p in self.panels
            ],
            "series": {
                code: {"name": s.name.pair, "hue": s.hue} for code, s in self.series.items()
            },
            "names": {code: text.pair for code, text in self.names.items()},
            "links": dict(self.links),
            "switches": {s.column: s.chosen for s in self.switches},
            "slider": self.has_slider,
            "labels": {"x": self.x_label.pair, "series": self.series_label.pair},
            "title": self.title.pair,
        }


def plain(value: Any) -> Any:
    """A value as JSON has it."""
    if isinstance(value, bool | int | str) or value is None:
        return value
    if isinstance(value, float) and math.isnan(value):
        return None
    if isinstance(value, float | Decimal):
        number = float(f"{value:.{DIGITS}g}")
        return int(number) if number.is_integer() and abs(number) < 1e15 else number
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{value!r} has no place in the data of a figure")


@dataclass(frozen=True)
class Cell:
    """A cell of a table: what is read, and the number behind it for downloads and checks."""

    shown: Text | str
    value: float | int | None = None
    href: str = ""
    is_number: bool = True

    def __html__(self) -> str:
        shown = escape(self.shown)
        return f'<a href="{escape(self.href)}">{shown}</a>' if self.href else str(shown)

    @property
    def attributes(self) -> str:
        """What its element carries beside what is read."""
        value = plain(self.value)
        of_number = ' class="n"' if self.is_number else ""
        return of_number + (f' data-v="{value}"' if value is not None else "")


@dataclass(frozen=True)
class Table:
    """A table that is in the page itself: heads, and rows whose first cell is their head."""

    anchor: str
    title: Text
    heads: Sequence[Text]
    rows: Sequence[Sequence[Cell | Text]]
    sql: str
    source: Text
    lead: Text | None = None
    caveats: Sequence[Text] = ()
    empty: Text | None = None
    is_folded: bool = False

    @property
    def is_empty(self) -> bool:
        return not self.rows

    @property
    def head(self) -> Markup:
        """The row of heads, in line with their columns."""
        return _row(
            f'<th scope="col"{_alignment(cell)}>{escape(head)}</th>'
            for head, cell in zip(self.heads, self.rows[0], strict=True)
        )

    @property
    def body(self) -> Markup:
        """All rows; not from a template, for there are fifty thousand cells."""
        return Markup("\n").join(
            _row(
                f'<th scope="row">{escape(cell)}</th>'
                if place == 0
                else f"<td{cell.attributes if isinstance(cell, Cell) else ''}>{escape(cell)}</td>"
                for place, cell in enumerate(row)
            )
            for row in self.rows
        )


def _row(cells: Iterable[str]) -> Markup:
    return Markup(f"<tr>{''.join(cells)}</tr>")  # every text in it is escaped


def _alignment(cell: Cell | Text) -> str:
    return ' class="n"' if isinstance(cell, Cell) and cell.is_number else ""
