"""Tables and macros of a publication as their descriptions tell: grain, caveats, columns, rows."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass

import duckdb

from orchestration.durable import sql_name
from orchestration.errors import ExplainedError
from orchestration.messages import shown
from orchestration.publishing.reading import SYNTHETIC_NOTICE

# the unit of a number by the end of its column's name, throughout the warehouse
UNITS = {
    "_usd": "current US dollars",
    "_kusd": "thousand current US dollars",
    "_kg": "kilograms",
    "_km": "kilometres",
    "_share": "share (1 is all)",
    "_share_by_weight": "share (1 is all)",
}


class UnknownTableError(ExplainedError):
    """A publication has no table of a name. The message names those that are like it."""


@dataclass(frozen=True)
class Column:
    """A column: its name, its type in DuckDB, and what it holds, in which unit."""

    name: str
    type: str
    description: str


@dataclass(frozen=True)
class Table:
    """A table: `schema.table`, its number of rows, what a row is, and what else is to be known."""

    name: str
    rows: int
    grain: str
    description: str


@dataclass(frozen=True)
class Macro:
    """A macro: its name, how it is called, what a row of it is, and what else is to be known.

    One that gives a value and no table has no grain.
    """

    name: str
    call: str
    grain: str
    description: str


def unit_by_name(column: str) -> str:
    """The unit that a column's name ends in; empty where it says none."""
    return next((unit for end, unit in UNITS.items() if column.endswith(end)), "")


def tables_of(connection: duckdb.DuckDBPyConnection) -> list[Table]:
    """All tables of a publication, by schema and name."""
    return [_table(connection, *of_table) for of_table in _comments(connection).items()]


def table_named(connection: duckdb.DuckDBPyConnection, name: str) -> Table:
    """The table `name`, with its schema or, if only one has such a table, without.

    Raises UnknownTableError.
    """
    tables = _comments(connection)
    matches = [(s, t) for s, t in tables if name in (t, f"{s}.{t}")]
    if len(matches) == 1:
        return _table(connection, matches[0], tables[matches[0]])
    names = [f"{s}.{t}" for s, t in matches or tables]
    alike = names if matches else difflib.get_close_matches(name, names, cutoff=0.4)
    meant = f"Do you mean {' or '.join(alike)}? " if alike else ""
    raise UnknownTableError(
        f"There is no one table {shown(name)}. {meant}`lct tables` lists all of them."
    )


def _comments(connection: duckdb.DuckDBPyConnection) -> dict[tuple[str, str], str]:
    """The comment of each table, by schema and name, in their order."""
    found = connection.execute(
        """
        select schema_name, table_name, coalesce(comment, '')
        from duckdb_tables()
        where not internal
        order by schema_name, table_name
        """
    ).fetchall()
    return {(schema, table): comment for schema, table, comment in found}


def _table(
    connection: duckdb.DuckDBPyConnection, schema_and_name: tuple[str, str], comment: str
) -> Table:
    counted = f"select count(*) from {sql_name(*schema_and_name)}"
    [(rows,)] = connection.execute(counted).fetchall()
    return Table(".".join(schema_and_name), rows, *grain_of(comment))


def is_published(connection: duckdb.DuckDBPyConnection, name: str) -> bool:
    """Whether there is a table `schema.table`: LCT_PUBLISH=aggregates leaves some out."""
    schema, _, table = name.partition(".")
    [(found,)] = connection.execute(
        "select count(*) > 0 from duckdb_tables() where database_name = current_database() "
        "and schema_name = ? and table_name = ?",
        [schema, table],
    ).fetchall()
    return found


def columns_of(connection: duckdb.DuckDBPyConnection, table: Table) -> list[Column]:
    """The columns of a table, in its order."""
    return columns_by_table(connection)[table.name]


def columns_by_table(connection: duckdb.DuckDBPyConnection) -> dict[str, list[Column]]:
    """The columns of every table, in its order."""
    found: dict[str, list[Column]] = {}
    for name, *column in connection.execute(
        """
        select schema_name || '.' || table_name, column_name, data_type, coalesce(comment, '')
        from duckdb_columns()
        where database_name = current_database() and not internal
        order by schema_name, table_name, column_index
        """
    ).fetchall():
        found.setdefault(name, []).append(Column(*column))
    return found


def grain_of(comment: str) -> tuple[str, str]:
    """What a row is, and the rest of a comment, which opens with the grain as all of ours do."""
    text = " ".join(comment.removeprefix(SYNTHETIC_NOTICE).split())
    opening = re.match(r"Grain: (.+?\.)(?= |$)", text)
    return (opening[1], text[opening.end() :].strip()) if opening else ("", text)


# ---- macros --------------------------------------------------------------------------------------


def macros_of(connection: duckdb.DuckDBPyConnection) -> list[Macro]:
    """All macros of a publication, those that give tables first, by name."""
    found = connection.execute(
        """
        select
            function_name,
            function_name || '(' || array_to_string(parameters, ', ') || ')' as call,
            coalesce(comment, '')
        from duckdb_functions()
        where not internal
        order by function_type = 'macro', function_name
        """
    ).fetchall()
    return [Macro(name, call, *grain_of(comment)) for name, call, comment in found]


def columns_given_by(connection: duckdb.DuckDBPyConnection, macro: Macro) -> list[Column]:
    """The columns of the table that a macro gives; none if it gives a value.

    A column is described as in the first of the tables that the macro reads that has it; one that
    is the macro's own is described in what is said of the macro.
    """
    if not macro.grain:
        return []
    nothing = re.sub(r"\w+(?=[,)])", "null", macro.call)
    given = connection.execute(f"describe select * from {nothing}").fetchall()
    known: dict[str, str] = {}
    for table in _tables_read_by(connection, macro.name):
        for column in columns_of(connection, table_named(connection, table)):
            known.setdefault(column.name, column.description)
    return [Column(name, type_, known.get(name, "")) for name, type_, *_ in given]


def _tables_read_by(connection: duckdb.DuckDBPyConnection, macro: str) -> list[str]:
    """The tables that the macro names, then those of the macros that it calls."""
    definitions = dict(
        connection.execute(
            "select function_name, macro_definition from duckdb_functions() where not internal"
        ).fetchall()
    )
    found: list[str] = []
    to_read = [macro]
    for name in to_read:
        text = definitions[name]
        found += re.findall(r"\b(?:marts|report|estimates)\.\w+", text)
        to_read += [
            other
            for other in definitions
            if other not in to_read and re.search(rf"\b{other}\(", text)
        ]
    return list(dict.fromkeys(found))
