"""What differs between the tables of two publications: rows added, gone and changed, and how much.

Rows are told apart by their keys (row_keys.py). Two floating-point numbers that differ in their
last digits only are the same number, as they are for drift.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import duckdb

from orchestration.durable import sql_name
from orchestration.messages import shown
from orchestration.publishing.catalogue import UnknownTableError
from orchestration.publishing.drift import SAME_NUMBER
from orchestration.publishing.reading import EARLIER, LATER
from orchestration.publishing.row_keys import MEASURED, row_key

# columns that say what a number of a tidy table is: sizes are compared within one of them
SERIES = ("measure", "unit", "variable", "formula", "exhibit", "term")
NUMBERS = (*MEASURED, "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "U")


@dataclass(frozen=True)
class Change:
    """A value that changed: the row's key, the column, the value before and after.

    `percent` is the change in percent of the value before; None where there is none.
    """

    key: dict[str, Any]
    column: str
    before: Any
    after: Any
    percent: float | None


@dataclass(frozen=True)
class TableChange:
    """How a table differs: rows, None where a publication does not have the table; columns; values.

    `changed` counts the rows that both publications have with other values, `changed_columns` those
    of each column. Without a `key`, rows are compared as wholes: a changed one is gone and added.
    `largest` are the largest changes, in averages of their series, `examples_added` and
    `examples_gone` the first keys of such rows.
    """

    table: str
    rows_before: int | None
    rows_after: int | None
    key: tuple[str, ...] = ()
    added: int = 0
    gone: int = 0
    changed: int = 0
    columns_added: tuple[str, ...] = ()
    columns_gone: tuple[str, ...] = ()
    changed_columns: dict[str, int] = field(default_factory=dict)
    largest: tuple[Change, ...] = ()
    examples_added: tuple[dict[str, Any], ...] = ()
    examples_gone: tuple[dict[str, Any], ...] = ()


def compared_tables(
    connection: duckdb.DuckDBPyConnection,
    contents: tuple[Mapping[str, Any], Mapping[str, Any]],
    examples: int,
    only: str | None = None,
) -> list[TableChange]:
    """The tables of two open publications that differ, by name; `only` the one of that name.

    `contents` are the tables as the two provenances list them: equal checksums need no second look.
    Raises UnknownTableError if neither has a table `only`, with its schema or without.
    """
    columns = {name: _columns(connection, name) for name in (EARLIER, LATER)}
    found = []
    for table in _meant(only, sorted({*columns[EARLIER], *columns[LATER]})):
        was, now = (columns[name].get(table) for name in (EARLIER, LATER))
        if was is None or now is None:
            rows_before, rows_after = _counts(connection, table, was, now)
            found.append(TableChange(table, rows_before, rows_after))
        elif was != now or not _is_listed_as_equal(table, contents):
            change = _compared(connection, table, was, now, examples)
            found += [change] if change else []
    return found


def _meant(named: str | None, tables: list[str]) -> list[str]:
    meant = [t for t in tables if named in (None, t, t.partition(".")[2])]
    if named is not None and len(meant) != 1:
        raise UnknownTableError(
            f"There is no one table {shown(named)} in them. `lct tables` lists all tables."
        )
    return meant


def _columns(connection: duckdb.DuckDBPyConnection, catalogue: str) -> dict[str, dict[str, str]]:
    """The columns of each table (schema.table), with their types."""
    found: dict[str, dict[str, str]] = {}
    for table, column, data_type in connection.execute(
        """
        select schema_name || '.' || table_name, column_name, data_type
        from duckdb_columns()
        where database_name = ? and not internal
        order by table_name, column_index
        """,
        [catalogue],
    ).fetchall():
        found.setdefault(table, {})[column] = data_type
    return found


def _is_listed_as_equal(table: str, contents: tuple[Mapping[str, Any], Mapping[str, Any]]) -> bool:
    was, now = (content.get(table) for content in contents)
    return was is not None and was == now


def _counts(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    was: dict[str, str] | None,
    now: dict[str, str] | None,
) -> tuple[int | None, int | None]:
    """The rows of a table before and after; None where it is not there."""

    def counted(catalogue: str) -> int:
        place = sql_name(catalogue, *table.split("."))
        [(rows,)] = connection.execute(f"select count(*) from {place}").fetchall()
        return rows

    return (
        None if was is None else counted(EARLIER),
        None if now is None else counted(LATER),
    )


def _compared(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    was: dict[str, str],
    now: dict[str, str],
    examples: int,
) -> TableChange | None:
    """How a table that both have differs; None if only in the last digits of numbers."""
    key = row_key(connection, table, (EARLIER, LATER))
    rows_before, rows_after = _counts(connection, table, was, now)
    values = [column for column in now if column in was and column not in key]
    if key:
        _pair_rows(connection, table, key, values, {c: now[c] for c in values})
        added, gone, changed, *of_columns = connection.execute(_counted(len(values))).fetchall()[0]
    else:
        added, gone = _whole_rows(connection, table, [column for column in now if column in was])
        changed, of_columns = 0, []
    changed_columns = {c: n for c, n in zip(values, of_columns, strict=False) if n}
    columns_added = tuple(column for column in now if column not in was)
    columns_gone = tuple(column for column in was if column not in now)
    if not (added or gone or changed or columns_added or columns_gone):
        return None
    largest: list[tuple[float, Change]] = []
    for column in changed_columns:
        series = [c for c in key if c in SERIES]
        place = (values.index(column), column, now[column])
        largest += _largest(connection, table, key, series, place, examples)
    largest.sort(key=lambda found: -found[0])
    return TableChange(
        table,
        rows_before,
        rows_after,
        key=key,
        added=added,
        gone=gone,
        changed=changed,
        columns_added=columns_added,
        columns_gone=columns_gone,
        changed_columns=changed_columns,
        largest=tuple(change for _, change in largest[:examples]),
        examples_added=_examples(connection, key, "is_added", examples),
        examples_gone=_examples(connection, key, "is_gone", examples),
    )


def _pair_rows(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    key: Sequence[str],
    values: Sequence[str],
    types: Mapping[str, str],
) -> None:
    """The rows that differ, in the temporary table `paired`.

    It has the key, is_added, is_gone and, for the n-th of `values`, was_n, now_n and differs_n.
    """
    names = [sql_name(column) for column in key]
    on = " and ".join(f"was.{name} is not distinct from now.{name}" for name in names)
    differs = [_differs(sql_name(column), types[column]) for column in values]
    columns = [
        *(f"coalesce(now.{name}, was.{name}) as {name}" for name in names),
        "was.is_there is null as is_added",
        "now.is_there is null as is_gone",
        *(
            f"was.{sql_name(column)} as was_{n}, now.{sql_name(column)} as now_{n}, "
            f"coalesce(was.is_there and now.is_there and ({differs[n]}), false) as differs_{n}"
            for n, column in enumerate(values)
        ),
    ]
    unequal = "".join(f" or differs_{n}" for n in range(len(values)))
    earlier, later = (sql_name(catalogue, *table.split(".")) for catalogue in (EARLIER, LATER))
    connection.execute(
        f"""
        create or replace temporary table paired as
        select *
        from (
            select {", ".join(columns)}
            from (select *, true as is_there from {earlier}) as was
            full join (select *, true as is_there from {later}) as now on {on}
        )
        where is_added or is_gone{unequal}
        """
    )


def _differs(name: str, data_type: str) -> str:
    if data_type in ("DOUBLE", "FLOAT"):
        return (
            f"(was.{name} is null) <> (now.{name} is null) or abs(now.{name} - was.{name}) > "
            f"{SAME_NUMBER} * greatest(abs(now.{name}), abs(was.{name}))"
        )
    return f"was.{name} is distinct from now.{name}"


def _counted(values: int) -> str:
    of_columns = "".join(f", count(*) filter (differs_{n})" for n in range(values))
    return f"""
        select
            count(*) filter (is_added),
            count(*) filter (is_gone),
            count(*) filter (not is_added and not is_gone){of_columns}
        from paired
    """


def _whole_rows(
    connection: duckdb.DuckDBPyConnection, table: str, columns: Sequence[str]
) -> tuple[int, int]:
    """How many rows are added and gone, where they have no key."""
    held = ", ".join(sql_name(column) for column in columns)
    earlier, later = (
        f"select {held} from {sql_name(catalogue, *table.split('.'))}"
        for catalogue in (EARLIER, LATER)
    )
    [(added, gone)] = connection.execute(
        f"""
        select
            (select count(*) from ({later} except all {earlier})),
            (select count(*) from ({earlier} except all {later}))
        """
    ).fetchall()
    return added, gone


def _largest(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    key: Sequence[str],
    series: Sequence[str],
    place: tuple[int, str, str],
    examples: int,
) -> list[tuple[float, Change]]:
    """The largest changes of a column, each with its size: in averages of the series it is of.

    What is no number has the size 0. `place` is the column's number, name and type.
    """
    number, column, data_type = place
    keys = ", ".join(f"paired.{sql_name(name)}" for name in key)
    size, join = "0", ""
    if data_type.startswith(NUMBERS):
        groups = ", ".join(sql_name(name) for name in series)
        average = f"avg(abs(cast({sql_name(column)} as double))) as average"
        on = [f"paired.{sql_name(n)} is not distinct from typical.{sql_name(n)}" for n in series]
        join = f"""
            left join (
                select {f"{groups}, " if groups else ""}{average}
                from {sql_name(LATER, *table.split("."))}
                {f"group by {groups}" if groups else ""}
            ) as typical on {" and ".join(on) or "true"}
        """
        step = f"abs(cast(coalesce(now_{number}, 0) as double) - coalesce(was_{number}, 0))"
        size = f"coalesce({step} / nullif(average, 0), 0)"
    found = connection.execute(
        f"""
        select {size} as size, was_{number}, now_{number}, {keys}
        from paired
        {join}
        where differs_{number}
        order by size desc, {keys}
        limit ?
        """,
        [examples],
    ).fetchall()
    return [
        (size, Change(dict(zip(key, keys, strict=True)), column, was, now, _percent(was, now)))
        for size, was, now, *keys in found
    ]


def _percent(was: Any, now: Any) -> float | None:
    try:
        return float(100 * (now - was) / abs(was)) if was else None
    except TypeError:
        return None


def _examples(
    connection: duckdb.DuckDBPyConnection, key: Sequence[str], which: str, examples: int
) -> tuple[dict[str, Any], ...]:
    """The first keys of rows that are added, or gone; none where rows have no key."""
    if not key:
        return ()
    keys = ", ".join(sql_name(column) for column in key)
    found = connection.execute(
        f"select {keys} from paired where {which} order by {keys} limit ?", [examples]
    ).fetchall()
    return tuple(dict(zip(key, row, strict=True)) for row in found)
