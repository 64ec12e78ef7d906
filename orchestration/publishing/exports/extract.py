"""What is exported of a publication: the panel or a table, for chosen economies, years, variables.

An extract is a query on the publication with the labels of its columns; the formats read its rows
in batches, so that no table has to fit into memory.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from orchestration.durable import sql_name, sql_text, sql_texts
from orchestration.errors import ExplainedError
from orchestration.messages import listed, shown
from orchestration.publishing.catalogue import Column, Table, columns_of, table_named
from orchestration.publishing.exports.labels import LabelledColumn, labelled_columns
from orchestration.publishing.reading import OpenPublication, explaining_queries

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

PANEL = "panel"
PANEL_TABLE = "marts.panel_country_year"
# who a row of the panel is about, from marts.dim_economy, between iso3 and the year
OF_THE_ECONOMY = ("economy_name", "economy_name_zh", "region", "income_group", "country_group")
KEYS = ("iso3", *OF_THE_ECONOMY, "year")
# on which choices the panel's numbers rest, and whether they are invented
CHOICES = ("basis", "hs_treatment", "mineral_scope", "is_synthetic")

# columns that hold an economy's code: a row belongs to each economy that stands in one of them
ECONOMY_COLUMNS = (
    "iso3",
    "economy_iso3",
    "exporter_iso3",
    "importer_iso3",
    "supplier_iso3",
    "reporter_iso3",
    "partner_iso3",
    "iso3_o",
    "iso3_d",
)
# columns whose year is meant by --years, the first that a table has: a year or a day
YEAR_COLUMNS = ("year", "period", "month")

ROWS_AT_ONCE = 50_000
NOTICE_COLUMN = "notice"


class ExtractError(ExplainedError):
    """Nothing can be exported so. The message says what there is, or what may be meant."""


@dataclass(frozen=True)
class Selection:
    """Which part of a table: all economies, years and columns where nothing is named.

    `years` are ranges, first and last year; `variables` names of columns, or patterns such as ln_*.
    """

    economies: tuple[str, ...] = ()
    years: tuple[tuple[int, int], ...] = ()
    variables: tuple[str, ...] = ()


@dataclass(frozen=True)
class Extract:
    """Rows to export, and all that a reader must know of them.

    name        what the file is called without another name, and the data in it
    table       the table of the publication, with its schema
    grain, description
                what a row is, and what else is to be known
    query       the SELECT that gives the rows, in a fixed order
    remarks     what whoever exports should hear, such as economies without rows
    """

    name: str
    table: str
    grain: str
    description: str
    columns: tuple[LabelledColumn, ...]
    query: str
    rows: int
    publication: OpenPublication
    remarks: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        return f"{self.table}, publication {self.publication.number}"

    def ask(self, sql: str) -> list[tuple]:
        """The rows of a query on the publication."""
        with explaining_queries():
            return self.publication.connection.execute(sql).fetchall()

    def batches(self, query: str = "") -> Iterator[pa.RecordBatch]:
        """The rows, or those of another query of the same rows, as batches of Arrow."""
        with explaining_queries():
            relation: duckdb.DuckDBPyRelation = self.publication.connection.sql(query or self.query)
            yield from relation.to_arrow_reader(ROWS_AT_ONCE)

    def with_notice(self) -> Extract:
        """The same with the notice on synthetic data as a last column, where there is one.

        For formats that have no other place for it.
        """
        notice = self.publication.notice
        if not notice:
            return self
        column = LabelledColumn(NOTICE_COLUMN, "VARCHAR", "What the data are.", "Notice", "", "")
        query = f"select *, {sql_text(notice)} as {NOTICE_COLUMN} from ({self.query})"
        return replace(self, columns=(*self.columns, column), query=query)


def extract_of(publication: OpenPublication, what: str, selection: Selection) -> Extract:
    """`panel`, or a table of the publication by its name, of which `selection` says which part.

    Raises UnknownTableError for a table that is not there; ExtractError for an economy or a
    variable that is not there, for a selection that the table cannot be asked for, and if no row
    is left.
    """
    connection = publication.connection
    is_panel = what == PANEL
    table = table_named(connection, PANEL_TABLE if is_panel else what)
    columns = columns_of(connection, table)
    rows_from = _panel_rows(connection, table) if is_panel else sql_name(*table.name.split("."))
    if is_panel:
        columns = _panel_columns(connection, columns)
    kept = _kept_columns(table, columns, selection.variables, (KEYS, CHOICES) if is_panel else ())
    _refuse_unknown_economies(connection, selection.economies)
    conditions = _conditions(table, columns, selection)
    order = "order by iso3, year" if is_panel else ""
    names = ", ".join(sql_name(c.name) for c in kept)
    query = f"select {names} from {rows_from}{conditions} {order}".strip()
    extract = Extract(
        PANEL if is_panel else table.name.partition(".")[2],
        table.name,
        table.grain,
        table.description,
        (),
        query,
        0,
        publication,
    )
    [(rows,)] = extract.ask(f"select count(*) from {rows_from}{conditions}")
    if rows == 0:
        raise ExtractError(_nothing(extract, rows_from, columns, selection))
    return replace(
        extract,
        rows=rows,
        columns=_with_certain_names(extract, labelled_columns(connection, kept)),
        remarks=tuple(_remarks(extract, rows_from, columns, conditions, selection)),
    )


# ---- columns -------------------------------------------------------------------------------------


def _panel_rows(connection: duckdb.DuckDBPyConnection, panel: Table) -> str:
    """The panel with who its rows are about."""
    of_the_economy = ", ".join(f"economy.{name}" for name in OF_THE_ECONOMY)
    return (
        f"(select panel.*, {of_the_economy} from {panel.name} as panel "
        "left join marts.dim_economy as economy on panel.iso3 = economy.iso3)"
    )


def _panel_columns(connection: duckdb.DuckDBPyConnection, columns: list[Column]) -> list[Column]:
    """Keys first, then the variables, last the choices."""
    economy = columns_of(connection, table_named(connection, "marts.dim_economy"))
    by_name = {c.name: c for c in [*economy, *columns]}
    variables = [c for c in columns if c.name not in (*KEYS, *CHOICES)]
    choices = [c for c in columns if c.name in CHOICES]
    return [*(by_name[name] for name in KEYS), *variables, *choices]


def _kept_columns(
    table: Table,
    columns: list[Column],
    variables: Sequence[str],
    always: tuple[tuple[str, ...], ...],
) -> list[Column]:
    """Those that are always there and those that `variables` name, in the table's order."""
    if not variables:
        return columns
    names = [c.name for c in columns]
    wanted = {name for part in always for name in part}
    for variable in variables:
        found = [name for name in names if fnmatchcase(name, variable)]
        if not found:
            alike = difflib.get_close_matches(variable, names, n=3, cutoff=0.5)
            alike = alike or [name for name in names if variable in name][:3]
            meant = f"Do you mean {' or '.join(alike)}? " if alike else ""
            raise ExtractError(
                f"{table.name} has no variable {shown(variable)}. {meant}"
                f"`lct tables {table.name}` lists all of them."
            )
        wanted.update(found)
    return [c for c in columns if c.name in wanted]


def _with_certain_names(
    extract: Extract, columns: tuple[LabelledColumn, ...]
) -> tuple[LabelledColumn, ...]:
    """Without the names of values where a column holds a value that has none."""
    named = [c for c in columns if c.values]
    if not named:
        return columns
    unnamed = ", ".join(
        f"count(*) filter ({sql_name(c.name)} not in "
        f"({sql_texts(tuple(v.value for v in c.values))}))"
        for c in named
    )
    [counts] = extract.ask(f"select {unnamed} from ({extract.query})")
    uncertain = {c.name for c, count in zip(named, counts, strict=True) if count}
    return tuple(replace(c, values=()) if c.name in uncertain else c for c in columns)


# ---- rows ----------------------------------------------------------------------------------------


def _conditions(table: Table, columns: list[Column], selection: Selection) -> str:
    """The WHERE of a selection, or nothing."""
    conditions = []
    if selection.economies:
        held = [c.name for c in columns if c.name in ECONOMY_COLUMNS]
        if not held:
            raise ExtractError(
                f"{table.name} has no economies: leave --economies out, or use `lct query`."
            )
        codes = sql_texts(selection.economies)
        conditions.append(_any_of(f"{sql_name(name)} in ({codes})" for name in held))
    if selection.years:
        year = _year_of(columns)
        if not year:
            raise ExtractError(f"{table.name} has no years: leave --years out, or use `lct query`.")
        conditions.append(
            _any_of(f"{year} between {first} and {last}" for first, last in selection.years)
        )
    return f" where {' and '.join(conditions)}" if conditions else ""


def _any_of(conditions: Iterable[str]) -> str:
    return f"({' or '.join(conditions)})"


def _year_of(columns: list[Column]) -> str:
    """The year of a row in SQL; nothing for a table without."""
    by_name = {c.name: c for c in columns}
    for name in YEAR_COLUMNS:
        if name in by_name:
            is_day = by_name[name].type in ("DATE", "TIMESTAMP")
            return f"year({sql_name(name)})" if is_day else sql_name(name)
    return ""


def _refuse_unknown_economies(
    connection: duckdb.DuckDBPyConnection, economies: Sequence[str]
) -> None:
    """Raises ExtractError, naming the economies that may be meant."""
    if not economies:
        return
    names = dict(connection.execute("select iso3, economy_name from marts.dim_economy").fetchall())
    unknown = [code for code in economies if code not in names]
    if unknown:
        meant = [f"{code} ({names[code]})" for u in unknown for code in _alike(u, names)]
        raise ExtractError(
            f"Unknown economies: {listed(*unknown)}. "
            + (f"Do you mean {' or '.join(dict.fromkeys(meant))}? " if meant else "")
            + "Economies are ISO 3166 alpha-3 codes, those of marts.dim_economy."
        )


def _alike(text: str, names: dict[str, str]) -> list[str]:
    """The codes of at most three economies: their name begins so, or name or code are like it."""
    begin = [code for code, name in names.items() if name.upper().startswith(text.upper())]
    if begin:
        return begin[:3]
    of_names = {name.upper(): code for code, name in names.items()}
    like = [of_names[n] for n in difflib.get_close_matches(text.upper(), of_names, n=2)]
    return [*like, *difflib.get_close_matches(text.upper(), names, n=3, cutoff=0.6)][:3]


def _nothing(extract: Extract, rows_from: str, columns: list[Column], selection: Selection) -> str:
    """Why there is no row, as far as it can be said: which years the table has."""
    year = _year_of(columns)
    if not selection.years or not year:
        chosen = f" of {listed(*selection.economies)}" if selection.economies else ""
        return f"Nothing to export: {extract.table} has no rows{chosen}."
    economies = _conditions(Table(extract.table, 0, "", ""), columns, replace(selection, years=()))
    [(first, last)] = extract.ask(f"select min({year}), max({year}) from {rows_from}{economies}")
    chosen = f" of {listed(*selection.economies)}" if selection.economies else ""
    has = "no rows" if first is None else f"{first} to {last}"
    return f"Nothing to export for these years: {extract.table} has {has}{chosen}."


def _remarks(
    extract: Extract,
    rows_from: str,
    columns: list[Column],
    conditions: str,
    selection: Selection,
) -> Iterator[str]:
    """Of the economies that were asked for, those without a row."""
    held = [c.name for c in columns if c.name in ECONOMY_COLUMNS]
    if selection.economies:
        found = {
            code
            for name in held
            for (code,) in extract.ask(
                f"select distinct {sql_name(name)} from {rows_from}{conditions}"
            )
        }
        without = [code for code in selection.economies if code not in found]
        if without:
            yield f"no rows for {listed(*without)}"
