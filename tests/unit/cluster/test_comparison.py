"""The comparison of Spark's tables with DuckDB's: equal is equal, and every kind of fault is found.

Both sides are relations of DuckDB here; what Spark gives is an Arrow table in the end.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from orchestration.cluster.comparison import Comparison, compare_table

COLUMNS = "iso3 varchar, year integer, note varchar, value double, difference double, own double"
ROWS = "('CHN', 2020, null, 1e6, 1e-3, 1e9), ('FRA', 2020, 'x', null, 0, 2.0), ('FRA', 2021, 'x'"
ROWS += ", 3.5, -1, 4.0)"


@pytest.fixture
def sides(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A table of DuckDB's, and the same rows as Spark's, to change."""
    with duckdb.connect() as connection:
        connection.execute(f"attach '{tmp_path}/warehouse.duckdb' as duck")
        connection.execute("create schema duck.report")
        for table in ("duck.report.published_comparison", "of_spark"):
            connection.execute(f"create table {table} ({COLUMNS})")
            connection.execute(f"insert into {table} values {ROWS}")
        yield connection


def compared(connection: duckdb.DuckDBPyConnection) -> Comparison:
    found = Comparison()
    compare_table(connection, "report", "published_comparison", found)
    return found


def test_equal_tables_are_equal_and_counted(sides: duckdb.DuckDBPyConnection) -> None:
    """Missing keys and values are the same as missing ones."""
    found = compared(sides)
    assert (found.tables, found.rows, found.doubles) == (1, 3, 9)
    assert (found.largest, found.differences) == (0, [])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("delete from of_spark where year = 2021", "1 rows only on DuckDB, 0 only on Spark"),
        (
            "insert into of_spark values ('DEU', 2020, null, 1, 1, 1)",
            "0 rows only on DuckDB, 1 only on Spark",
        ),
        ("update of_spark set note = 'y' where year = 2021", "1 rows only on DuckDB, 1 only on"),
        ("update of_spark set note = '' where note is null", "1 rows only on DuckDB, 1 only on"),
        ("insert into of_spark from of_spark where note is null", "keys are not unique"),
        ("update of_spark set value = value * (1 + 2e-9)", "value: 2 values differ"),
        ("update of_spark set value = 0 where value is null", "value: 1 values differ"),
        ("update of_spark set value = null", "value: 2 values differ"),
        ("update of_spark set value = 'nan' where year = 2021", "value: 1 values differ"),
        ("update of_spark set difference = 2.1 where iso3 = 'CHN'", "difference: 1 values differ"),
        ("alter table of_spark alter year type bigint", "columns"),
        ("alter table of_spark drop own", "columns"),
    ],
)
def test_every_kind_of_fault_is_found(
    sides: duckdb.DuckDBPyConnection, change: str, said: str
) -> None:
    sides.execute(change)
    found = compared(sides)
    assert len(found.differences) == 1
    assert said in found.differences[0]
    assert found.differences[0].startswith("report.published_comparison")


def test_the_order_of_a_sum_is_no_difference(sides: duckdb.DuckDBPyConnection) -> None:
    """Of a value a billionth part; of a difference, a billionth of what it is the difference of."""
    sides.execute("update of_spark set value = value * (1 + 5e-10)")
    sides.execute("update of_spark set difference = difference + 0.5 where iso3 = 'CHN'")
    found = compared(sides)
    assert found.differences == []
    assert 4e-10 < found.largest < 6e-10
