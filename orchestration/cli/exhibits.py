"""`lct exhibits`: the report's figures and tables on the terminal, in English or Chinese.

Figures are shown as they are drawn, a panel a measure with a column a series; the tables of the
schema report as their rows; tables of regressions as printed in journal layout.
"""

from __future__ import annotations

import csv
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

from orchestration.cli.exit_codes import answered
from orchestration.cli.printing import aligned_lines, json_text, print_notice, table_lines
from orchestration.cli.wrapping import wrapped
from orchestration.errors import ExplainedError
from orchestration.messages import shown
from orchestration.publishing.catalogue import tables_of
from orchestration.publishing.exhibits import exhibits
from orchestration.publishing.reading import OpenPublication, open_publication
from orchestration.seeds import seed_rows
from orchestration.settings import Settings

Language = Literal["en", "zh"]

INDENT = 4
THREE_DECIMALS = Decimal("0.001")
# what the names of a figure's series are, in the seed names
SERIES_KINDS = ("country_group", "income_group", "region", "sector")


class UnknownExhibitError(ExplainedError):
    """A publication has no exhibit of a name, or none for a year. The message says which it has."""


@dataclass(frozen=True)
class Shown:
    """An exhibit as it is shown: its name, its title, and where its rows are.

    `file` is the printed table, None for a table of the schema report.
    """

    name: str
    title: str
    file: Path | None = None


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
                chosen = _named(exhibit, found)
                stated, lines = _answer(opened, chosen, language, year)
                stated = {"exhibit": chosen.name, "title": chosen.title} | stated
            print(json_text(opened.as_json() | stated) if as_json else "\n".join(lines))

    return answered(answer, as_json)


def exhibits_of(publication: OpenPublication, language: Language) -> list[Shown]:
    """All exhibits of a publication: those of the schema report, then the printed tables.

    The name of a printed table on a variant of the report's specification has the variant before
    it, such as strict/table_4.
    """
    found = []
    for table in tables_of(publication.connection):
        name = table.name.removeprefix("report.")
        if re.fullmatch(r"(figure|table)_[0-9]+", name):
            found.append(Shown(name, _titles(language).get(name, table.description or table.grain)))
    folder = publication.folder / "tables"
    for file in sorted(folder.rglob(f"*.{language}.csv"), key=_place_of_printed):
        name = str(file.relative_to(folder)).removesuffix(f".{language}.csv")
        captions = [row[0] for row in _cells(file) if len(row) == 1]
        title = next((c for c in captions if c != notice(language)), name)
        found.append(Shown(name, title, file))
    return found


def notice(language: Language) -> str:
    """What synthetic numbers are marked with, in a language."""
    [text] = [
        row[f"text_{language}"]
        for row in seed_rows("reasons")
        if (row["family"], row["code"]) == ("table_label", "synthetic")
    ]
    return text


def _titles(language: Language) -> dict[str, str]:
    return {row["exhibit"]: row[f"title_{language}"] for row in seed_rows("exhibits")}


def _place_of_printed(file: Path) -> tuple[int, str, str, int]:
    """Those without a variant first; table 4 before table 10."""
    exhibit = file.name.partition(".")[0]
    kind, _, number = exhibit.rpartition("_")
    return (len(file.parts), str(file.parent), kind, int(number))


def _named(name: str, found: list[Shown]) -> Shown:
    for exhibit in found:
        if exhibit.name == name:
            return exhibit
    names = ", ".join(e.name for e in found if "/" not in e.name)
    raise UnknownExhibitError(f"There is no exhibit {shown(name)}; there are: {names}.")


def _listed(found: list[Shown]) -> Iterator[str]:
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
    publication: OpenPublication, exhibit: Shown, language: Language, year: int | None
) -> tuple[dict[str, Any], list[str]]:
    """What programs get of an exhibit, and the lines that people see."""
    if exhibit.file is not None:
        if year is not None:
            raise UnknownExhibitError(f"{exhibit.name} has no years: leave --year out.")
        cells = _cells(exhibit.file)
        return {"cells": cells}, list(_printed_lines(cells))
    rows = _rows_of(publication, exhibit.name, year)
    lines = [notice(language), ""] if publication.is_synthetic else []
    lines += [exhibit.title, ""]
    drawn = exhibits().get(exhibit.name)
    if drawn is not None and drawn.chart:
        lines += _panels(rows, drawn.series_column, _series_names(language))
        lines += _notes(rows)
    else:
        lines += table_lines(list(rows[0]), [list(row.values()) for row in rows])
    return {"rows": rows}, lines


def _rows_of(publication: OpenPublication, name: str, year: int | None) -> list[dict[str, Any]]:
    """The rows of report.<name>, of one year if given. Raises UnknownExhibitError if none."""
    table = publication.connection.table(f"report.{name}")
    rows = [dict(zip(table.columns, row, strict=True)) for row in table.order("all").fetchall()]
    if year is not None:
        if "year" not in table.columns:
            raise UnknownExhibitError(f"{name} has no years: leave --year out.")
        years = sorted({row["year"] for row in rows})
        rows = [row for row in rows if row["year"] == year]
        if not rows and years:
            raise UnknownExhibitError(f"{name} has no {year}, but {years[0]} to {years[-1]}.")
    if not rows:
        raise UnknownExhibitError(f"{name} has no rows in this publication.")
    return rows


def _panels(rows: list[dict[str, Any]], series_column: str, names: dict[str, str]) -> Iterator[str]:
    """A table of years by series for each measure."""
    for measure, unit in dict.fromkeys((row["measure"], row["unit"]) for row in rows):
        of_measure = [row for row in rows if row["measure"] == measure]
        series = list(dict.fromkeys(row[series_column] for row in of_measure))
        values = {(row["year"], row[series_column]): row["value"] for row in of_measure}
        years = sorted({year for year, _ in values})
        yield f"{measure}, {unit}"
        yield from table_lines(
            ["", *(names.get(s, s) for s in series)],
            [[year, *(_rounded(values.get((year, s))) for s in series)] for year in years],
        )
        yield ""


def _rounded(value: float | None) -> Decimal | None:
    return None if value is None else Decimal(value).quantize(THREE_DECIMALS)


def _notes(rows: list[dict[str, Any]]) -> Iterator[str]:
    """Each note of the figure once, with its years."""
    years_of: dict[str, set[int]] = {}
    for row in rows:
        if row["note"]:
            years_of.setdefault(row["note"], set()).add(row["year"])
    for note, years in years_of.items():
        yield from wrapped(f"{', '.join(map(str, sorted(years)))}: {note}")


def _series_names(language: Language) -> dict[str, str]:
    return {
        row["code"]: row[f"name_{language}"]
        for row in seed_rows("names")
        if row["kind"] in SERIES_KINDS
    }


def _cells(file: Path) -> list[list[str]]:
    with open(file, newline="", encoding="utf-8-sig") as handle:
        return list(csv.reader(handle))


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
