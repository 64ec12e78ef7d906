"""What a publisher and a layout are: the values that publishers/ fills in and all else reads.

A `Layout` says how one kind of table is recognised, read, checked and loaded into its raw table; a
`Publisher` has layouts, and a licence and citation for what it publishes. Both are frozen values
whose hooks (fields that hold a function) have defaults, so that no code outside publishers/ asks
which publisher it deals with. Everything that is wrong with a file is a `LandingError` that names
file, row, column and remedy.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from orchestration.durable import sql_name
from orchestration.errors import ExplainedError

# the years of a layout with has_year_columns are columns; this is how their names look
YEAR = re.compile(r"^\d{4}\Z", re.ASCII)
MISSING_VALUES = ("", "NA", "..", "null", "NULL")
# the column that a raw table loaded year by year has beside the publisher's own
YEAR_OF_PARTITION = "trade_year"

# the first year of the Harmonized System in UN Comtrade: no row of trade is older
FIRST_TRADE_YEAR = 1988


class Kind(NamedTuple):
    """What the text of a column must be: a word for it, the type it must fit, and its form.

    `pattern` is a regular expression of RE2 for the whole text, where the type alone would accept
    and round other text.
    """

    word: str
    sql_type: str
    pattern: str | None = None


_WHOLE_NUMBER = r"\s*[+-]?\d+(\.0*)?\s*"
# The types are those of later steps, so that none meets a number it cannot hold. Amounts are US
# dollars and kilograms: no total of UN Comtrade reaches 10^13 of either, and a hundred rows of that
# size still sum to what the models hold.
KINDS = {
    "integer": Kind("a whole number", "integer", _WHOLE_NUMBER),
    "year": Kind("a year", "smallint", _WHOLE_NUMBER),
    # published with six digits; five where a program has dropped the zero in front
    "hs6_code": Kind("a code of six digits", "integer", r"\s*\d{5,6}\s*"),
    "number": Kind("a number", "double"),
    "amount": Kind("a number below 10^13", "decimal(16, 3)"),
    "thousands": Kind("a number below 10^10", "decimal(13, 3)"),
}


def last_year() -> int:
    """The last year that a landed row can be of: the current one."""
    return datetime.now(UTC).year


_MESSAGE_CHARACTERS = 1_000


def printable(message: str) -> str:
    """A message that every console and file takes, whatever the file it tells of has put in it."""
    text = "".join(c if c.isprintable() else repr(c)[1:-1] for c in message[:_MESSAGE_CHARACTERS])
    return text if len(message) <= _MESSAGE_CHARACTERS else f"{text} ..."


class LandingError(ExplainedError):
    """A file cannot be used as it is.

    The message names the file, what is wrong with it and the remedy.
    """


class UnknownLayoutError(LandingError):
    """A file has no known publisher's layout: it is reported and left out, and the rest goes on."""


class MissingColumnError(LandingError):
    """A table lacks columns without which its rows cannot be told apart or valued."""


class EmptyAnswerError(UnknownLayoutError):
    """A service's answer without rows; `layout` names the layout that its rows would have.

    In a folder of files it is skipped; as the response to a request of our own it counts as data.
    """

    def __init__(self, message: str, layout: str) -> None:
        super().__init__(message)
        self.layout = layout


@dataclass(frozen=True)
class Column:
    """A column of a publisher's layout.

    `kind` is text or a key of KINDS; numbers may be blank.
    """

    name: str
    kind: str = "text"
    required: bool = False
    aliases: tuple[str, ...] = ()
    blank_allowed: bool = True

    @property
    def is_checked(self) -> bool:
        """Whether its text must be a number (or an integer), or must not be blank."""
        return self.kind != "text" or (self.required and not self.blank_allowed)


def text_columns(*names: str) -> list[Column]:
    return [Column(n) for n in names]


def needed_column(
    name: str, kind: str = "text", aliases: tuple[str, ...] = (), blank_allowed: bool = False
) -> Column:
    return Column(name, kind, required=True, aliases=aliases, blank_allowed=blank_allowed)


class RawColumn(NamedTuple):
    """A column of a raw table and the SQL expression over a landed row that fills it.

    Without an expression, it is the landed column of the same name.
    """

    name: str
    sql_type: str = "varchar"
    expression: str = ""

    @property
    def filled_by(self) -> str:
        return f"cast({self.expression or sql_name(self.name)} as {self.sql_type})"


class FileDetails(NamedTuple):
    """What the name of a file says about the table in it."""

    hs_revision: str | None = None
    release: str | None = None


class Page(NamedTuple):
    """What a page of a service's answer says of itself: `rows` are its own, `total` of all."""

    number: int
    pages: int
    rows: int
    total: int


@dataclass(frozen=True)
class Replacement:
    """What a newer answer to a request replaces, and where the replaced rows are kept.

    `years` gives the years that a request covers; `replaced_rows` the SQL condition over the raw
    table for the rows within its scope. `release_period` and `release_key` are the SQL expressions
    over a raw row by which the manifest lists the releases that were current at the request
    (releases -> period -> key); a period begins with its year.
    """

    table: str
    description: str
    years: Callable[[dict], set[int]]
    replaced_rows: Callable[[dict], str]
    release_period: str
    release_key: str


# runs SQL over the rows of a table, visible to it as landed_rows, and returns what it selects
RunOverRows = Callable[[str], list[tuple]]


def _no_details(_: str) -> FileDetails:
    return FileDetails()


def _no_further_check(_label: str, _run: RunOverRows) -> None:
    return None


def _rows_as_landed(_: LandedTable) -> str:
    return "landed_rows"


def _no_answers(_label: str, _answer: object) -> list[dict] | None:
    return None


def _no_pages(_answer: object) -> Page | None:
    return None


@dataclass(frozen=True)
class Layout:
    """One kind of table of a publisher, and the raw table of the same name that holds its rows.

    recognise          whether a table with these column names (lower case) and this label is one
    missing_remedy     what to do about a missing column
    missing_values     text that stands for no value
    newlines_in_values whether a quoted value may hold a line break (reading is faster without)
    has_year_columns   whether each year is a column of numbers of its own
    lists_every_column whether `columns` is all the publisher has, so that a table with others or
                       with fewer is noted in the manifest
    details            what the name of the file says; raises LandingError if it must and does not
    further_check      what beyond the single values makes a table unusable; raises LandingError
    year_column        the column by whose years the raw table is loaded, None: loaded as a whole
    first_year         the first year that a row can be of, in the year column or the year columns;
                       the last is the current one
    cut_at             the numbers of rows at which the publisher cuts what it sends without a word:
                       a table of exactly as many is noted
    sorted_by          for a layout loaded by year: the SQL expressions over a row by which its
                       Parquet is sorted, the product's code first
    key_in_file        columns of the raw table: no two tables of a zip share a combination of them
    raw_columns        the raw table's columns; none: every column, as text
    raw_rows           the SQL relation over landed_rows from which raw_columns are taken
    counted_by         for a layout loaded by year: the columns that say of which release a file is;
                       by them, the rows of each file and year are counted as they are loaded
    summed             the column that is summed beside
    replacement        what a newer answer replaces, for a service that revises its answers
    """

    name: str
    description: str
    columns: tuple[Column, ...]
    recognise: Callable[[frozenset[str], str], bool]
    missing_remedy: str = ""
    missing_values: tuple[str, ...] = MISSING_VALUES
    newlines_in_values: bool = True
    has_year_columns: bool = False
    lists_every_column: bool = False
    details: Callable[[str], FileDetails] = _no_details
    further_check: Callable[[str, RunOverRows], None] = _no_further_check
    year_column: str | None = None
    first_year: int = FIRST_TRADE_YEAR
    cut_at: tuple[int, ...] = ()
    sorted_by: tuple[str, ...] = ()
    key_in_file: tuple[str, ...] = ()
    raw_columns: tuple[RawColumn, ...] = ()
    raw_rows: Callable[[LandedTable], str] = _rows_as_landed
    counted_by: tuple[str, ...] = ()
    summed: str = ""
    replacement: Replacement | None = None

    @property
    def years(self) -> range:
        """The years that a row can be of."""
        return range(self.first_year, last_year() + 1)

    @property
    def raw_table_columns(self) -> tuple[RawColumn, ...]:
        return self.raw_columns or tuple(RawColumn(c.name) for c in self.columns)


@dataclass(frozen=True)
class Terms:
    """On which terms a publisher's data may be used.

    `identifier` is the licence's in the lists of SPDX or the Open Definition, `address` where its
    text stands. `rows_may_be_passed_on`: whether single rows may, beside what is computed of many
    (LCT_PUBLISH; docs/replication.md has the clauses).
    """

    licence: str
    identifier: str
    address: str
    rows_may_be_passed_on: bool = True


class Author(NamedTuple):
    """An author: a person, or without a given name an institution."""

    name: str
    given_name: str = ""

    def __str__(self) -> str:
        return f"{self.name}, {self.given_name[0]}." if self.given_name else self.name


@dataclass(frozen=True)
class Reference:
    """What is cited for a publisher's data: a database, or the report that describes it."""

    title: str
    authors: tuple[Author, ...]
    year: int | None = None
    institution: str = ""
    number: str = ""

    def __str__(self) -> str:
        authors = " and ".join(str(author) for author in self.authors)
        if self.year is None:
            return f"{self.title}, {authors}."
        return f"{authors} ({self.year}). {self.title}. {self.institution} {self.number}."


@dataclass(frozen=True)
class Publisher:
    """A publisher: its folder in the landing zone, its layouts and the terms of its data.

    `address` is its page, `access` says how its data are obtained. `rows_of_answer` turns a JSON
    answer of its service into rows by column name, None if the answer is not one of its own; it
    raises LandingError for an error message in an answer's place and EmptyAnswerError for an answer
    without rows. `page_of_answer` reads which page of how many it is, None if it does not come in
    pages; it raises ValueError for page numbers that are none.
    """

    name: str
    title: str
    layouts: tuple[Layout, ...]
    terms: Terms
    reference: Reference
    address: str
    access: str
    rows_of_answer: Callable[[str, object], list[dict] | None] = _no_answers
    page_of_answer: Callable[[object], Page | None] = _no_pages

    @property
    def licence(self) -> str:
        return self.terms.licence

    @property
    def citation(self) -> str:
        return str(self.reference)


@dataclass(frozen=True)
class LandedTable:
    """One table inside a landed file (`member` names the file inside a zip, else None)."""

    path: Path
    layout: Layout
    header: tuple[str, ...]
    member: str | None = None
    hs_revision: str | None = None
    release: str | None = None
    notes: tuple[str, ...] = ()
    page: Page | None = None

    @property
    def label(self) -> str:
        return label_of(self.path, self.member)

    @property
    def year_columns(self) -> list[str]:
        return [h for h in self.header if YEAR.match(h)] if self.layout.has_year_columns else []

    def source_column(self, column: Column) -> str | None:
        """The header's own spelling of `column`, or None where the file does not have it."""
        by_lower = {h.lower(): h for h in self.header}
        for name in (column.name, *column.aliases):
            if name.lower() in by_lower:
                return by_lower[name.lower()]
        return None


def label_of(path: Path, member: str | None) -> str:
    """How messages name a table: the file, and the member of a zip after an exclamation mark."""
    return f"{path.name}!{member}" if member else path.name
