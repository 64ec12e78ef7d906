"""Tables as Parquet for Spark: listed files of trade themselves, and the others whole."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from orchestration.build import warehouse
from orchestration.cluster.handover import HandoverError, as_parquet, python_models
from orchestration.durable import sql_text


def write(path: Path, value: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as connection:
        connection.execute(f"copy (select {value} as t) to {sql_text(path)} (format parquet)")
    return path


def test_listed_files_are_linked_and_small_tables_are_written(tmp_path: Path) -> None:
    """Two years may have files of one name; a file that is not listed is not handed over."""
    build_path = tmp_path / "build" / "warehouse.duckdb"
    build_path.parent.mkdir()
    years = tmp_path / "build" / "raw" / "baci_trade"
    files = [write(years / f"year={year}" / "a.parquet", year) for year in (1995, 1996)]
    write(years / "year=1996" / "left_behind.parquet", 0)
    with warehouse.writing(build_path) as connection:
        for path in files:
            connection.execute(
                "insert into raw.parquet_files (table_name, path) values ('baci_trade', ?)",
                [str(path)],
            )
        connection.execute("insert into raw.baci_economies (country_code) values (4), (8)")
        connection.execute("create schema intermediate")
        for table in (*python_models(), "int_of_sql"):
            connection.execute(f"create table intermediate.{table} as select 1 as one")
    counts = as_parquet(build_path, tmp_path / "raw")
    assert counts["raw.baci_trade"] == 2
    assert {n for name, n in counts.items() if name != "raw.baci_trade"} == {1}
    assert not {"raw.parquet_files", "raw.loaded_partitions"} & set(counts)
    of_models = {name for name in counts if name.startswith("intermediate.")}
    assert of_models == {f"intermediate.{name}" for name in python_models()}
    assert len(of_models) == 3
    handed_over = sorted((tmp_path / "raw" / "raw.baci_trade").iterdir())
    assert [path.name for path in handed_over] == ["1995-a.parquet", "1996-a.parquet"]
    assert [p.stat().st_ino for p in handed_over] == [p.stat().st_ino for p in files]
    with duckdb.connect() as connection:
        rows = {
            table: connection.execute(
                f"select count(*) from read_parquet({sql_text(tmp_path / 'raw' / table / '*')})"
            ).fetchall()
            for table in ("raw.baci_economies", "raw.comtrade_trade", "raw.wdi_indicators")
        }
    assert rows == {
        "raw.baci_economies": [(2,)],
        "raw.comtrade_trade": [(0,)],
        "raw.wdi_indicators": [(0,)],
    }


def test_a_listed_file_that_is_gone_is_named_with_the_remedy(tmp_path: Path) -> None:
    build_path = tmp_path / "build" / "warehouse.duckdb"
    build_path.parent.mkdir()
    with warehouse.writing(build_path) as connection:
        connection.execute(
            "insert into raw.parquet_files (table_name, path) values ('baci_trade', ?)",
            [str(tmp_path / "year=1995" / "gone.parquet")],
        )
    with pytest.raises(HandoverError, match=r"gone\.parquet: the build file lists it.*make run"):
        as_parquet(build_path, tmp_path / "raw")
