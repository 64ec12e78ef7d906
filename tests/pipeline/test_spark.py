"""The whole project on a real cluster of Spark: a master, two workers, and results like DuckDB's.

Spark has an environment of its own (`make spark`) and needs Java; without either this is skipped.
Every seed and model, and the data tests whose SQL is the project's own, run on a corner of the
small demo, one year of each publisher of trade: planning and compiling the queries is most of the
time. With LCT_TEST_SPARK=whole it is all of the small demo and every data test, which takes four
times as long.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import duckdb
import pytest

from orchestration.settings import PROJECT_ROOT
from tests.support.runs import FinishedRun, environment_of

ENVIRONMENT = PROJECT_ROOT / ".venv-spark"
TESTS_OF_DBT = ("not_null", "unique", "accepted_values", "relationships")


@pytest.mark.long(4)
def test_a_cluster_builds_what_duckdb_built(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """Seeds, models and data tests on two executors: every row the same, values to 1e-9.

    `lct spark` itself refuses a table that differs, a data test that fails or ends otherwise, and
    an executor without work; here stands that it had all of them to look at.
    """
    if shutil.which("java") is None:
        pytest.skip("skipped: no Java on this machine")
    if not (ENVIRONMENT / "ready").exists():
        pytest.skip("skipped: no environment with Spark; `make spark` sets it up")
    is_whole = os.environ.get("LCT_TEST_SPARK") == "whole"
    run: FinishedRun = request.getfixturevalue("demo_run" if is_whole else "corner_run")
    build_path = run.settings.build_path
    (tmp_path / "build").mkdir()
    shutil.copy(build_path, tmp_path / "build")
    command = [ENVIRONMENT / "bin" / "python", "-m", "orchestration.cli", "spark"]
    left_out = () if is_whole else (f"--exclude=test_name:{name}" for name in TESTS_OF_DBT)
    done = subprocess.run(
        [*command, "--cluster", "--json", *left_out],
        cwd=PROJECT_ROOT,
        env=environment_of(tmp_path, "demo"),
        capture_output=True,
        text=True,
        timeout=1200,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-6000:]
    outcome = json.loads(done.stdout)
    with duckdb.connect(str(build_path), read_only=True) as connection:
        [(detail,)] = connection.execute(
            "select detail from operations.completed_layers where layer = 'models'"
        ).fetchall()
        [(tables, rows)] = connection.execute(
            "select count(*), sum(estimated_size) from duckdb_tables() "
            "where schema_name in ('marts', 'report')"
        ).fetchall()
    compared = outcome["comparison"]
    assert outcome["master"].startswith("spark://127.0.0.1:")
    assert outcome["models"] == len(list((PROJECT_ROOT / "dbt_project/models").rglob("*.sql")))
    if is_whole:
        assert outcome["tests"] == {name: json.loads(detail)[name] for name in ("pass", "warn")}
    assert outcome["tests"]["pass"] > (200 if is_whole else 100)
    assert (compared["tables"], compared["rows"]) == (tables, rows)
    assert compared["doubles"] > rows > 50_000
    assert compared["differences"] == []
    assert 0 < compared["largest"] <= 1e-9, "sums on two executors are not in DuckDB's order"
    assert sorted(outcome["tasks"]) == ["0", "1"]
    assert min(outcome["tasks"].values()) > 100
