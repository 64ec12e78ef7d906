"""`lct exhibits`: the report's figures and tables on the terminal, in English or Chinese.

Figures are shown as they are drawn, a panel a measure with a column a series; the tables of the
schema report as their rows; tables of regressions as printed in journal layout.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from orchestration.cli.exit_codes import answered
from orchestration.cli.printing import aligned_lines, json_text, print_notice, table_lines
from orchestration.cli.wrapping import wrapped
from orchestration.publishing.published_exhibits import (
    Language,
    Panel,
    PublishedExhibit,
    UnknownExhibitError,
    cells_of,
    exhibit_named,
    exhibits_of,
    notes_of,
    notice_in,
    panels_of,
    rows_of,
)
from orchestration.publishing.reading import OpenPublication, open_publication
from orchestration.settings import Settings

INDENT = 4
THREE_DECIMALS = Decimal("0.001")


def main(
    exhibit: str | None = None,
    language: Language = "en",
    year: int | None = None,
    publication: str | None = None,
    as_json: bool = False,
) -> int:
    """List the exhibits of a publication, or show one. Returns the exit status."""

    def answer(settings: Settings) -> None:
        with open_publication(settings, publication) as opened:
            print_notice(opened.notice)
            found = exhibits_of(opened, language)
            if exhibit is None:
                stated: dict[str, Any] = {
                    "exhibits": [{"exhibit": e.name, "title": e.title} for e in found]
                }
                lines = list(_listed(found))
            else:
                chosen = exhibit_named(exhibit, found)
                stated, lines = _answer(opened, chosen, language, year)
                stated = {"exhibit": chosen.name, "title": chosen.title} | stated
            print(json_text(opened.as_json() | stated) if as_json else "\n".join(lines))

    return answered(answer, as_json)


def _listed(found: list[PublishedExhibit]) -> Iterator[str]:
    for exhibit in found:
        if "/" not in exhibit.name:
            yield exhibit.name
            yield from wrapped(exhibit.title, indent=INDENT)
    variants = [e.name for e in found if "/" in e.name]
    if variants:
        names = sorted({name.partition("/")[0] for name in variants})
        yield from wrapped(f"Variants of printed tables: {', '.join(names)}.")
        yield f"`lct exhibits {variants[0]}` shows one."
    yield "`lct exhibits NAME` shows one."


def _answer(
    publication: OpenPublication, exhibit: PublishedExhibit, language: Language, year: int | None
) -> tuple[dict[str, Any], list[str]]:
    """What programs get of an exhibit, and the lines that people see."""
    if exhibit.file is not None:
        if year is not None:
            raise UnknownExhibitError(f"{exhibit.name} has no years: leave --year out.")
        cells = cells_of(exhibit.file)
        return {"cells": cells}, list(_printed_lines(cells))
    rows = rows_of(publication, exhibit.name, year)
    lines = [notice_in(language), ""] if publication.is_synthetic else []
    lines += [exhibit.title, ""]
    if exhibit.is_drawn:
        for panel in panels_of(exhibit.name, rows, language):
            lines += _panel_lines(panel)
        lines += itertools.chain.from_iterable(map(wrapped, notes_of(rows)))
    else:
        lines += table_lines(list(rows[0]), [list(row.values()) for row in rows])
    return {"rows": rows}, lines


def _panel_lines(panel: Panel) -> Iterator[str]:
    """A table of years by series."""
    yield f"{panel.measure}, {panel.unit}"
    yield from table_lines(
        ["", *panel.heads], [[year, *map(_rounded, values)] for year, values in panel.rows]
    )
    yield ""


def _rounded(value: float | None) -> Decimal | None:
    return None if value is None else Decimal(value).quantize(THREE_DECIMALS)


def _printed_lines(cells: list[list[str]]) -> Iterator[str]:
    """Captions and notes, which have one cell, as lines; the rows between them aligned."""
    for is_row, group in itertools.groupby(cells, key=_is_row):
        if is_row:
            yield from aligned_lines(list(group))
        else:
            for cell in itertools.chain.from_iterable(group):
                yield from wrapped(cell)


def _is_row(cells: list[str]) -> bool:
    return len(cells) > 1
