"""Several runs at once on one data folder, as Dagster starts them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import dagster as dg
import duckdb
import pytest

from orchestration.settings import PROJECT_ROOT, Settings, load_settings
from tests.support.runs import FinishedRun, copy_parsed_project, environment_of


@pytest.mark.long(11)
def test_runs_at_the_same_time_wait_for_one_another_and_lose_nothing(
    demo_run: FinishedRun, demo_landing: Path, parsed_project: Settings, tmp_path: Path
) -> None:
    """Three runs at once on one data folder, two of them loading trade of different years.

    Each succeeds, and no row is missing.
    """
    from orchestration.cli.run import prepare_environment

    shutil.copytree(demo_landing, tmp_path / "landing")
    copy_parsed_project(parsed_project, tmp_path)
    settings = load_settings(environment_of(tmp_path, "demo"))
    before = dict(os.environ)
    try:
        prepare_environment(settings)
        with dg.DagsterInstance.get():
            pass  # its databases; Dagster cannot have them made by several processes at once
    finally:
        os.environ.clear()
        os.environ.update(before)
    environment = {**environment_of(tmp_path, "demo"), "DAGSTER_HOME": str(settings.dagster_home)}
    command = [
        str(Path(sys.executable).with_name("dagster")),
        "asset",
        "materialize",
        "-m",
        "orchestration.definitions",
        "--select",
    ]
    years = ("2011", "2012")
    runs = [["key:raw/baci_trade", "--partition", year] for year in years] + [
        ["key:raw/wdi_indicators"]
    ]
    started = [
        subprocess.Popen(
            [*command, *run],
            cwd=PROJECT_ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for run in runs
    ]
    for process in started:
        output, _ = process.communicate(timeout=300)
        assert process.returncode == 0, output[-3000:]
    with (
        duckdb.connect(str(settings.build_path), read_only=True) as connection,
        duckdb.connect(str(demo_run.settings.build_path), read_only=True) as whole,
    ):
        for sql in (
            "select trade_year, count(*), sum(v) from raw.baci_trade "
            f"where trade_year in ({', '.join(years)}) group by all order by all",
            "select count(*) from raw.wdi_indicators",
        ):
            assert connection.execute(sql).fetchall() == whole.execute(sql).fetchall()
        assert connection.execute(
            "select count(distinct trade_year) from raw.baci_trade"
        ).fetchall() == [(2,)]
