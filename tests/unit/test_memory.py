"""The limit of memory: what it is, that databases keep to it, and what spilling leaves behind."""

from __future__ import annotations

import os
from pathlib import Path

import duckdb
import jinja2
import psutil
import pytest
import yaml
from dbt.adapters.duckdb.credentials import DuckDBCredentials
from dbt.adapters.duckdb.environments.local import LocalEnvironment

from orchestration import memory
from orchestration.build import warehouse
from orchestration.settings import PROJECT_ROOT, load_settings

SORTED_HALF_A_GIGABYTE = (
    "create temp table t as select hash(i) as h, uuid() as text from range(8000000) r(i) order by h"
)


def limit_of(connection: duckdb.DuckDBPyConnection) -> str:
    [(limit,)] = connection.execute("select current_setting('memory_limit')").fetchall()
    return limit


def spilled_files(connection: duckdb.DuckDBPyConnection) -> int:
    [(count,)] = connection.execute("select count(*) from duckdb_temporary_files()").fetchall()
    return count


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


def test_a_database_cedes_memory_to_arrays_and_has_it_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("LCT_MEMORY_LIMIT", "3GB")
    with memory.bounded_database(tmp_path) as connection:
        with memory.ceded_to_arrays(connection):
            assert limit_of(connection) == limit_of(connection.cursor()) == "953.6 MiB"
        assert limit_of(connection) == "2.7 GiB"
        monkeypatch.setenv("LCT_MEMORY_LIMIT", "300MB")
        with memory.ceded_to_arrays(connection):
            assert limit_of(connection) == "286.1 MiB"


def test_databases_keep_to_it_and_spill_into_the_data_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("LCT_MEMORY_LIMIT", "300MB")
    folder = tmp_path / "it's a folder" / "spill"
    with memory.bounded_database(folder) as connection:
        assert limit_of(connection) == "286.1 MiB"
        connection.execute(SORTED_HALF_A_GIGABYTE)
        assert spilled_files(connection) > 0
    assert list(folder.iterdir()) == []
    with warehouse.writing(tmp_path / "build" / "w.duckdb") as connection:
        assert limit_of(connection) == "286.1 MiB"


def test_dbt_keeps_to_it_and_goes_on_after_it_has_spilled(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """dbt opens a cursor for every thread and test, also after the first has spilled."""
    monkeypatch.setenv("LCT_MEMORY_LIMIT", "300MB")
    monkeypatch.setenv("LCT_DATA_DIR", str(tmp_path))
    text = jinja2.Template((PROJECT_ROOT / "profiles.yml").read_text("utf-8"))
    profile = yaml.safe_load(text.render(env_var=os.environ.get))
    with warehouse.writing(tmp_path / "build" / "warehouse.duckdb"):
        pass  # the pipeline has opened the file before dbt does
    outputs = profile["low_carbon_trade_warehouse"]["outputs"]
    database = LocalEnvironment(
        DuckDBCredentials.from_dict({**outputs["duckdb"], "database": "warehouse"})
    )
    first = database.handle().cursor()
    assert limit_of(first) == "286.1 MiB"
    first.execute(SORTED_HALF_A_GIGABYTE)
    assert spilled_files(first) > 0
    assert any((tmp_path / "build" / "spill" / "warehouse").iterdir())
    assert limit_of(database.handle().cursor()) == "286.1 MiB"


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
