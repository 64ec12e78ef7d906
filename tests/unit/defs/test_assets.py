"""The graph of assets as Dagster loads it: names, groups, owners, partitions, pools and checks."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest

from orchestration.settings import PROJECT_ROOT, Settings
from tests.support.runs import copy_parsed_project, environment_of


def test_every_asset_has_group_owner_kind_and_description(definitions: dg.Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    assert {graph.get(k).group_name for k in graph.get_all_asset_keys()} == {
        "landing",
        "raw",
        "seeds",
        "staging",
        "intermediate",
        "marts",
        "report",
        "estimates",
        "published",
    }
    bare = [
        k.to_user_string()
        for k in graph.get_all_asset_keys()
        if not (graph.get(k).owners and graph.get(k).kinds and graph.get(k).description)
    ]
    assert bare == []


def test_drift_checks_stand_between_estimates_and_publication(definitions: dg.Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    names = {
        "aggregates_have_not_drifted",
        "coefficients_have_not_drifted",
        "gravity_coefficients_have_not_drifted",
        "no_changed_verdicts",
    }
    checks = {c.name: c for c in graph.asset_check_keys if c.name in names}
    assert set(checks) == names
    upstream = graph.get_ancestor_asset_keys(dg.AssetKey(["published", "warehouse"]))
    for key in checks.values():
        assert graph.get(key).blocking
        assert key.asset_key in upstream


def test_the_graph_runs_from_landed_files_to_the_publication(definitions: dg.Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    upstream = graph.get_ancestor_asset_keys(dg.AssetKey(["published", "report_page"]))
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
        dg.AssetKey(["published", "report_page"]),
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


@pytest.mark.slow
def test_dagster_itself_loads_the_code_location(parsed_project: Settings, tmp_path: Path) -> None:
    """As `dagster dev` does: from the project's root, by pyproject.toml."""
    copy_parsed_project(parsed_project, tmp_path)
    done = subprocess.run(
        [str(Path(sys.executable).with_name("dagster")), "definitions", "validate"],
        cwd=PROJECT_ROOT,
        env={**environment_of(tmp_path, "demo"), "DAGSTER_HOME": ""},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
