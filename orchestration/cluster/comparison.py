"""Whether Spark's results are DuckDB's: every table of marts and report, row by row.

What is no double is the key of a row: the same rows must be there, as often. Doubles may differ by
1e-9 of their size, because Spark adds them in the order in which they arrive.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from orchestration.durable import sql_name, sql_text
from orchestration.memory import bounded_database

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

COMPARED_SCHEMAS = ("marts", "report")
TOLERANCE = 1e-9

# A difference of two numbers that nearly cancel carries the error of the large ones: its size is
# that of another column of its row.
_DIFFERENCES = {
    ("report", "published_comparison", "difference"): "own",
    ("marts", "price_index", "spread_of_formulas"): "index",
}
# z-scores count standard deviations, and are differences from a mean: their size is at least 1.
_STANDARDISED = "_z"


@dataclass
class Comparison:
    """How much was compared, the largest difference of a double in its size, and what differs."""

    tables: int = 0
    rows: int = 0
    doubles: int = 0
    largest: float = 0.0
    differences: list[str] = field(default_factory=list)


def compare(session: SparkSession, build_path: Path, spill: Path) -> Comparison:
    """Compare every table of marts and report in the session with that of the build file."""
    found = Comparison()
    with bounded_database(spill) as connection:
        connection.execute(f"attach {sql_text(build_path)} as duck (read_only)")
        tables = connection.execute(
            "select schema_name, table_name from duckdb_tables() "
            "where database_name = 'duck' and list_contains(?, schema_name) order by all",
            [list(COMPARED_SCHEMAS)],
        ).fetchall()
        for schema, table in tables:
            if not session.catalog.tableExists(f"{schema}.{table}"):
                found.differences.append(f"{schema}.{table}: Spark has no such table")
                continue
            # wherever the cluster keeps its tables, their rows come through the driver
            connection.register("of_spark", session.table(f"{schema}.{table}").toArrow())
            compare_table(connection, schema, table, found)
            connection.unregister("of_spark")
    return found


def compare_table(
    connection: duckdb.DuckDBPyConnection, schema: str, table: str, found: Comparison
) -> None:
    """Compare duck.<schema>.<table> with the relation of_spark, and add what is found."""
    ours = _columns(connection, f"duck.{sql_name(schema, table)}")
    theirs = _columns(connection, "of_spark")
    name = f"{schema}.{table}"
    if ours != theirs:
        found.differences.append(f"{name}: columns {sorted(set(ours) ^ set(theirs))} differ")
        return
    keys = [column for column, kind in ours if kind != "DOUBLE"]
    same = " and ".join(f"o.{sql_name(c)} is not distinct from t.{sql_name(c)}" for c in keys)
    both = [f"duck.{sql_name(schema, table)}", "of_spark"]
    o, t = (f"(from {side} select *, true as is_there)" for side in both)
    connection.execute(
        f"create or replace temp table paired as from {o} as o full join {t} as t "
        f"on {same or 'true'} select o, t"
    )
    [(rows,)] = connection.table(f"duck.{schema}.{table}").count("*").fetchall()
    [(pairs, only_ours, only_theirs)] = connection.execute(
        "select count(*), count(*) filter (t.is_there is null), "
        "count(*) filter (o.is_there is null) from paired"
    ).fetchall()
    found.tables += 1
    found.rows += rows
    if only_ours or only_theirs:
        found.differences.append(
            f"{name}: {only_ours} rows only on DuckDB, {only_theirs} only on Spark"
        )
    elif pairs != rows:
        found.differences.append(f"{name}: {pairs} pairs of {rows} rows: its keys are not unique")
    for column, kind in ours:
        if kind == "DOUBLE":
            _compare_double(connection, (schema, table, column), found)


def _compare_double(
    connection: duckdb.DuckDBPyConnection, column: tuple[str, str, str], found: Comparison
) -> None:
    value = sql_name(column[2])
    sizes = [f"abs(o.{value})", f"abs(t.{value})"]
    if column in _DIFFERENCES:
        sizes.append(f"abs(o.{sql_name(_DIFFERENCES[column])})")
    if column[2].endswith(_STANDARDISED):
        sizes.append("1")
    size = f"greatest({', '.join(sizes)})"
    [(values, largest, wrong)] = connection.execute(
        f"""
        from (
            from paired
            select
                (o.{value} is null) <> (t.{value} is null) as is_missing,
                case
                    when o.{value} <> t.{value} then abs(o.{value} - t.{value}) / {size} else 0
                end as part
            where o.is_there and t.is_there
        )
        select
            count(*) filter (part is not null and not is_missing),
            coalesce(max(part), 0),
            count(*) filter (is_missing or part > ?)
        """,
        [TOLERANCE],
    ).fetchall()
    found.doubles += values
    found.largest = max(found.largest, largest)
    if wrong:
        found.differences.append(
            f"{'.'.join(column)}: {wrong} values differ, by up to {largest:.2g} of their size"
        )


def _columns(connection: duckdb.DuckDBPyConnection, relation: str) -> list[tuple[str, str]]:
    described = connection.execute(f"describe from {relation}").fetchall()
    return [(name, kind) for name, kind, *_ in described]
