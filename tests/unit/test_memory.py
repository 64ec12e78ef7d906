"""The limit of memory: what it is, that databases keep to it, and what spilling leaves behind."""

from __future__ import annotations

import os
from pathlib import Path

import duckdb
import psutil
import pytest

from orchestration import memory
from orchestration.build import warehouse
from orchestration.settings import load_settings


def limit_of(connection: duckdb.DuckDBPyConnection) -> str:
    [(limit,)] = connection.execute("select current_setting('memory_limit')").fetchall()
    return limit


def test_by_default_it_is_a_quarter_of_the_machines_or_the_containers_and_at_least_2_gb(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    total = psutil.virtual_memory().total
    monkeypatch.setattr(memory, "_LIMIT_OF_CONTAINER", tmp_path / "max")
    assert memory.default_limit() == f"{max(total // 4, 2_000_000_000) // 1_000_000}MB"
    (tmp_path / "max").write_text("max\n")
    assert memory.default_limit() == f"{max(total // 4, 2_000_000_000) // 1_000_000}MB"
    (tmp_path / "max").write_text("1000000000\n")
    assert memory.default_limit() == "2000MB"


def test_the_setting_reaches_every_process_as_the_amount_that_counts() -> None:
    assert load_settings({}).environment()["LCT_MEMORY_LIMIT"] == memory.default_limit()
    chosen = load_settings({"LCT_MEMORY_LIMIT": "3GB"})
    assert chosen.environment()["LCT_MEMORY_LIMIT"] == "3GB"


def test_databases_keep_to_it_and_spill_into_the_data_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("LCT_MEMORY_LIMIT", "300MB")
    folder = tmp_path / "it's a folder" / "spill"
    with memory.bounded_database(folder) as connection:
        assert limit_of(connection) == "286.1 MiB"
        # a sort of half a gigabyte
        rows = connection.execute(
            "select count(*) from (select hash(i) as h, repeat('x', 50) from range(8000000) t(i) "
            "order by h limit 7000000)"
        ).fetchall()
        assert rows == [(7_000_000,)]
    assert list(folder.iterdir()) == []
    with warehouse.writing(tmp_path / "build" / "w.duckdb") as connection:
        assert limit_of(connection) == "286.1 MiB"


def test_what_killed_processes_have_spilled_goes(tmp_path: Path) -> None:
    dead = next(n for n in range(99_999, 1, -1) if not psutil.pid_exists(n))
    for owner in (dead, os.getpid()):
        (tmp_path / "spill" / f"{owner}-x").mkdir(parents=True)
        (tmp_path / "spill" / f"{owner}-x" / "duckdb_temp_block").write_bytes(b"x")
    with memory.bounded_database(tmp_path / "spill"):
        left = {path.name.partition("-")[0] for path in (tmp_path / "spill").iterdir()}
    assert left == {str(os.getpid())}
    left_by_dbt = tmp_path / "spill" / "warehouse" / "duckdb_temp_storage"
    left_by_dbt.parent.mkdir()
    left_by_dbt.write_bytes(b"x")
    with warehouse.writing(tmp_path / "w.duckdb"):
        assert not left_by_dbt.exists()
