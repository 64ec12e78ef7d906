"""What Dagster's pages show of each table: rows, economies, years, shares and pictures."""

from __future__ import annotations

import os
import subprocess
import sys

import duckdb

from orchestration.defs.metadata import table_metadata
from orchestration.publishing.exhibits import exhibits
from orchestration.settings import PROJECT_ROOT
from tests.support.runs import FinishedRun


def test_raw_tables_show_the_years_that_were_loaded(demo_run: FinishedRun) -> None:
    with duckdb.connect(str(demo_run.settings.build_path), read_only=True) as connection:
        of_a_year = table_metadata(
            connection, "raw", "comtrade_trade", "trade_year between 2010 and 2010"
        )
        [(rows, economies)] = connection.execute(
            'select count(*), count(distinct "reporterCode") from raw.comtrade_trade '
            "where trade_year = 2010"
        ).fetchall()
        assert (of_a_year["dagster/row_count"], of_a_year["economies"], of_a_year["years"]) == (
            rows,
            economies,
            "2010-2010",
        )
        assert rows > 1000
        assert set(table_metadata(connection, "staging", "stg_comtrade__trade_records")) == {
            "preview"
        }, "a view is not counted"


def test_tables_show_rows_economies_years_shares_and_pictures(demo_run: FinishedRun) -> None:
    with duckdb.connect(
        str(demo_run.settings.published_dir / "warehouse.duckdb"), read_only=True
    ) as connection:
        world_trade = table_metadata(connection, "marts", "fct_world_trade")
        assert world_trade["economies"] > 150
        assert world_trade["years"] == "1992-2022"
        assert 0 < world_trade["unallocated_share"] < 0.2
        assert world_trade["dagster/row_count"] > 10_000
        assert "| " in world_trade["preview"].md_str
        assert "dagster/row_count" not in table_metadata(connection, "report", "no_such_table")
        for table in (e.table for e in exhibits().values() if e.chart):
            assert (
                "](data:image/png;base64,iVBOR"
                in table_metadata(connection, "report", table)["picture"].md_str
            )
        assert "picture" in table_metadata(connection, "estimates", "coefficients")
        assert "picture" not in table_metadata(connection, "report", "table_2")


PICTURES = """
import hashlib, sys
import duckdb
from orchestration.publishing import figures
from orchestration.publishing.exhibits import exhibits
with duckdb.connect(sys.argv[1], read_only=True) as connection:
    tables = connection.execute(
        "select table_name from duckdb_tables() where schema_name = 'report' order by 1"
    ).fetchall()
    for (table,) in tables:
        if picture := figures.picture_of(connection, table):
            print(table, hashlib.sha256(picture).hexdigest())
"""


def test_the_same_numbers_give_the_same_pictures(demo_run: FinishedRun) -> None:
    """In two processes that order sets differently and write on different days."""
    published = str(demo_run.settings.published_dir / "warehouse.duckdb")
    drawn = [
        subprocess.run(
            [sys.executable, "-c", PICTURES, published],
            cwd=PROJECT_ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed, "SOURCE_DATE_EPOCH": epoch},
            capture_output=True,
            text=True,
            check=True,
            timeout=120,
        ).stdout
        for seed, epoch in (("1", "1000000000"), ("2", "1700000000"))
    ]
    assert len(drawn[0].splitlines()) >= 4, "at least figures 1 to 4"
    assert drawn[0] == drawn[1]
