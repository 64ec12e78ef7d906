"""The exhibits of a publication: the report's figures and tables, as they are shown and exported.

Figures and tables of the schema report are rows; tables of regressions are printed, with one file
a language below `tables/` of the publication. How a figure is drawn says the seed exhibits.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from orchestration.errors import ExplainedError
from orchestration.messages import shown
from orchestration.publishing.catalogue import tables_of
from orchestration.publishing.exhibits import exhibits
from orchestration.publishing.reading import OpenPublication
from orchestration.seeds import seed_rows

Language = Literal["en", "zh"]
Row = dict[str, Any]

# whose names stand in figures and tables of the schema report, in the seed names
SHOWN_KINDS = ("country_group", "income_group", "region", "sector", "technology")


class UnknownExhibitError(ExplainedError):
    """A publication has no exhibit of a name, or none for a year. The message says which it has."""


@dataclass(frozen=True)
class PublishedExhibit:
    """An exhibit of a publication: its name, its title, and where its rows are.

    `file` is the printed table, None for a table of the schema report.
    """

    name: str
    title: str
    file: Path | None = None

    @property
    def is_drawn(self) -> bool:
        """Whether it is a figure: a panel a measure with a series a group."""
        drawn = exhibits().get(self.name)
        return drawn is not None and bool(drawn.chart)


@dataclass(frozen=True)
class Panel:
    """A measure of a figure: its values by year and series, None where there is none.

    `series` are the names as the data have them, `heads` in the language that was asked for.
    """

    measure: str
    unit: str
    series: tuple[str, ...]
    heads: tuple[str, ...]
    rows: tuple[tuple[int, tuple[float | None, ...]], ...]


def exhibits_of(publication: OpenPublication, language: Language) -> list[PublishedExhibit]:
    """All exhibits of a publication: those of the schema report, then the printed tables.

    The name of a printed table on a variant of the report's specification has the variant before
    it, such as strict/table_4.
    """
    found = []
    for table in tables_of(publication.connection):
        name = table.name.removeprefix("report.")
        if re.fullmatch(r"(figure|table)_[0-9]+", name):
            title = _titles(language).get(name, table.description or table.grain)
            found.append(PublishedExhibit(name, title))
    folder = publication.folder / "tables"
    for file in sorted(folder.rglob(f"*.{language}.csv"), key=_place_of_printed):
        name = str(file.relative_to(folder)).removesuffix(f".{language}.csv")
        captions = [row[0] for row in cells_of(file) if len(row) == 1]
        title = next((c for c in captions if c != notice_in(language)), name)
        found.append(PublishedExhibit(name, title, file))
    return found


def exhibit_named(name: str, found: list[PublishedExhibit]) -> PublishedExhibit:
    """The exhibit `name` among those found. Raises UnknownExhibitError."""
    for exhibit in found:
        if exhibit.name == name:
            return exhibit
    names = ", ".join(e.name for e in found if "/" not in e.name)
    raise UnknownExhibitError(f"There is no exhibit {shown(name)}; there are: {names}.")


def rows_of(publication: OpenPublication, name: str, year: int | None = None) -> list[Row]:
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


def panels_of(name: str, rows: list[Row], language: Language) -> Iterator[Panel]:
    """The rows of a figure, a panel a measure."""
    series_column = exhibits()[name].series_column
    names = names_in(language)
    for measure, unit in dict.fromkeys((row["measure"], row["unit"]) for row in rows):
        of_measure = [row for row in rows if row["measure"] == measure]
        series = tuple(dict.fromkeys(row[series_column] for row in of_measure))
        values = {(row["year"], row[series_column]): row["value"] for row in of_measure}
        yield Panel(
            measure,
            unit,
            series,
            tuple(names.get(s, s) for s in series),
            tuple(
                (year, tuple(values.get((year, s)) for s in series))
                for year in sorted({year for year, _ in values})
            ),
        )


def notes_of(rows: list[Row]) -> Iterator[str]:
    """Each note of a figure once, with its years."""
    years_of: dict[str, set[int]] = {}
    for row in rows:
        if row["note"]:
            years_of.setdefault(row["note"], set()).add(row["year"])
    for note, years in years_of.items():
        yield f"{', '.join(map(str, sorted(years)))}: {note}"


def names_in(language: Language) -> dict[str, str]:
    """Code of a group, sector or technology -> its name."""
    return {
        row["code"]: row[f"name_{language}"]
        for row in seed_rows("names")
        if row["kind"] in SHOWN_KINDS
    }


def notice_in(language: Language) -> str:
    """What synthetic numbers are marked with, in a language."""
    [text] = [
        row[f"text_{language}"]
        for row in seed_rows("reasons")
        if (row["family"], row["code"]) == ("table_label", "synthetic")
    ]
    return text


def cells_of(file: Path) -> list[list[str]]:
    """A printed table, a list of cells a line; captions and notes are lines of one cell."""
    with open(file, newline="", encoding="utf-8-sig") as handle:
        return list(csv.reader(handle))


def _titles(language: Language) -> dict[str, str]:
    return {row["exhibit"]: row[f"title_{language}"] for row in seed_rows("exhibits")}


def _place_of_printed(file: Path) -> tuple[int, str, str, int]:
    """Those without a variant first; table 4 before table 10."""
    exhibit = file.name.partition(".")[0]
    kind, _, number = exhibit.rpartition("_")
    return (len(file.parts), str(file.parent), kind, int(number))
