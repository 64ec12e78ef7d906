"""The code location as Dagster loads it: names, groups, partitions, pools and checks."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import dagster as dg
import duckdb
import pytest

from orchestration.settings import PROJECT_ROOT, SettingError, load_settings
from tests.support.runs import FinishedRun, environment_of


def test_the_graph_runs_from_landed_files_to_the_publication(definitions: dg.Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    upstream = graph.get_ancestor_asset_keys(dg.AssetKey(["published", "warehouse"]))
    for key in (
        ["landing", "files"],
        ["raw", "comtrade_trade"],
        ["staging", "stg_comtrade__trade_records"],
        ["marts", "fct_trade_flow"],
        ["estimates", "coefficients"],
    ):
        assert dg.AssetKey(key) in upstream, key
    assert set(graph.get_all_asset_keys()) == {
        *upstream,
        dg.AssetKey(["published", "warehouse"]),
    }, "nothing stands aside"


def test_trade_is_partitioned_by_year_and_every_writer_is_in_the_pool(
    definitions: dg.Definitions,
) -> None:
    graph = definitions.resolve_asset_graph()
    for table in ("comtrade_trade", "baci_trade"):
        keys = graph.get(dg.AssetKey(["raw", table])).partitions_def.get_partition_keys()
        assert keys[0] == "1988"
        assert "2022" in keys
    for assets in graph.assets_defs:
        if assets.keys and next(iter(assets.keys)).path[0] != "landing":
            assert assets.op.pool == "duckdb_writer", assets.keys


def test_dbt_tests_are_checks_on_their_models(definitions: dg.Definitions) -> None:
    checks = definitions.resolve_asset_graph().asset_check_keys
    names = {c.name for c in checks if c.asset_key == dg.AssetKey(["marts", "fct_world_trade"])}
    assert "assert_world_trade_is_allocated_plus_unallocated" in names
    assert len(checks) > 100


def test_dagster_itself_loads_the_code_location(tmp_path: Path) -> None:
    """As `dagster dev` does: from the project's root, by pyproject.toml."""
    done = subprocess.run(
        [str(Path(sys.executable).with_name("dagster")), "definitions", "validate"],
        cwd=PROJECT_ROOT,
        env={**environment_of(tmp_path, "demo"), "DAGSTER_HOME": ""},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("LCT_SOURCE", "web"),
        ("LCT_TRADE_BASIS", "mirror"),
        ("LCT_HS_TREATMENT", "loose"),
        ("LCT_MINERAL_SCOPE", "all"),
        ("LCT_INCOME_VINTAGE", "FY30"),
        ("LCT_DEMO_SEED", "x"),
        ("LCT_DAGSTER_PORT", "70000"),
    ],
)
def test_a_wrong_setting_is_named_with_what_is_allowed(variable: str, value: str) -> None:
    with pytest.raises(SettingError) as error:
        load_settings({variable: value})
    assert value in str(error.value)
    assert variable.removeprefix("LCT_SOURCE") in str(error.value)


def test_every_setting_is_listed_in_the_example() -> None:
    example = (PROJECT_ROOT / ".env.example").read_text()
    settings = load_settings({"LCT_LANDING": "x"}).environment()
    assert [k for k in settings if k.startswith("LCT_") and k not in example] == []


def test_the_chosen_basis_and_scope_are_obeyed(
    demo_run: FinishedRun, tmp_path: Path, dbt: Callable
) -> None:
    """Three variables choose another basis, treatment and scope.

    The recorded choices, the default facts and the default panel follow.
    """
    (tmp_path / "build").mkdir()
    shutil.copy(demo_run.settings.build_path, tmp_path / "build")
    models = (
        "int_run_choices",
        "run_choices",
        "fct_trade_flow",
        "panel_country_year",
        "assert_panel_trade_equals_facts",
        "assert_facts_hold_what_was_classified",
    )
    done = dbt(
        tmp_path,
        "build",
        "--select",
        *models,
        LCT_TRADE_BASIS="partner_reported",
        LCT_HS_TREATMENT="harmonised",
        LCT_MINERAL_SCOPE="all_stages",
    )
    assert done.returncode == 0, done.stdout
    with duckdb.connect(str(tmp_path / "build" / "warehouse.duckdb"), read_only=True) as connection:
        assert connection.execute(
            "select basis, hs_treatment, mineral_scope from marts.run_choices"
        ).fetchall() == [("partner_reported", "harmonised", "all_stages")]
        assert connection.execute(
            "select distinct basis, hs_treatment, mineral_scope from marts.panel_country_year"
        ).fetchall() == [("partner_reported", "harmonised", "all_stages")]
        assert connection.execute(
            "select distinct basis, hs_treatment from marts.fct_trade_flow"
        ).fetchall() == [("partner_reported", "harmonised")]


def test_a_killed_run_gives_its_place_in_the_pool_back(tmp_path: Path) -> None:
    """A killed run is still "started" in Dagster and still holds the writer's pool.

    The next run frees it.
    """
    from orchestration.cli.run import LAUNCHED_BY, close_killed_runs, prepare_environment

    settings = load_settings(environment_of(tmp_path, "demo"))
    before = dict(os.environ)
    try:
        prepare_environment(settings)
        with dg.DagsterInstance.get() as instance:
            instance.event_log_storage.set_concurrency_slots("duckdb_writer", 1)
            killed = instance.add_run(
                dg.DagsterRun(
                    job_name="refresh",
                    status=dg.DagsterRunStatus.STARTED,
                    tags={LAUNCHED_BY: "make run"},
                )
            )
            other = instance.add_run(
                dg.DagsterRun(job_name="refresh", status=dg.DagsterRunStatus.STARTED)
            )
            assert instance.event_log_storage.claim_concurrency_slot(
                "duckdb_writer", killed.run_id, "models"
            ).is_claimed
            close_killed_runs(instance)
            assert instance.get_run_by_id(killed.run_id).status == dg.DagsterRunStatus.FAILURE
            assert instance.get_run_by_id(other.run_id).status == dg.DagsterRunStatus.STARTED, (
                "runs of dagster dev are Dagster's own to watch"
            )
            assert instance.event_log_storage.claim_concurrency_slot(
                "duckdb_writer", "another-run", "models"
            ).is_claimed
    finally:
        os.environ.clear()
        os.environ.update(before)


def test_processes_that_start_together_parse_the_project_once(tmp_path: Path) -> None:
    """Five on a new data folder: each reads a whole manifest, and all of them the same one."""
    program = (
        "import json; from orchestration.defs.dbt_models import dbt_manifest; "
        "from orchestration.settings import load_settings\n"
        "path = dbt_manifest(load_settings()); "
        "print(path, len(json.loads(path.read_text('utf-8'))['nodes']))"
    )
    started = [
        subprocess.Popen(
            [sys.executable, "-c", program],
            cwd=PROJECT_ROOT,
            env=environment_of(tmp_path, "demo"),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(5)
    ]
    ended = [(*process.communicate(timeout=300), process.returncode) for process in started]
    assert [(errors, code) for _, errors, code in ended if code] == []
    assert len({output for output, _, _ in ended}) == 1
    assert [p.name for p in (tmp_path / "build" / "dbt_target").glob("parsing-*")] == []


@pytest.mark.long(7)
def test_runs_at_the_same_time_wait_for_one_another_and_lose_nothing(
    demo_run: FinishedRun, tmp_path: Path
) -> None:
    """Three runs at once on one data folder, two of them loading trade of different years.

    Each succeeds, and no row is missing.
    """
    from orchestration.cli.run import prepare_environment

    shutil.copytree(demo_run.settings.landing_dir, tmp_path / "landing")
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


def test_dagsters_record_of_old_runs_is_forgotten(tmp_path: Path) -> None:
    """The last runs of `make run` are kept; runs launched in the web interface are left alone."""
    from orchestration.cli.run import KEPT_RUNS, LAUNCHED_BY, forget_old_runs

    with dg.instance_for_test(temp_dir=str(tmp_path)) as instance:
        by_hand = instance.add_run(
            dg.DagsterRun(job_name="refresh", status=dg.DagsterRunStatus.SUCCESS)
        )
        ours = [
            instance.add_run(
                dg.DagsterRun(
                    job_name="refresh",
                    status=dg.DagsterRunStatus.SUCCESS,
                    tags={LAUNCHED_BY: "make run"},
                )
            )
            for _ in range(KEPT_RUNS + 2)
        ]
        forget_old_runs(instance)
        assert {run.run_id for run in instance.get_runs()} == {
            by_hand.run_id,
            *(run.run_id for run in ours[2:]),
        }
