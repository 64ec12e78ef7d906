"""The models as they are written: grain, contracts, the portable subset, and their unit tests."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from dbt_project.generate_panel_contract import TARGET, contract
from orchestration.build import warehouse
from orchestration.settings import PROJECT_ROOT


def test_every_model_states_its_grain_and_marts_their_contract(dbt_nodes: dict[str, dict]) -> None:
    for key, node in dbt_nodes.items():
        if node["resource_type"] != "model":
            continue
        assert node["description"].startswith("Grain: "), key
        if node["fqn"][1] in ("marts", "report"):
            assert node["config"]["contract"]["enforced"], key
            assert all(c["description"] for c in node["columns"].values()), key


def test_models_stay_in_the_portable_subset(dbt_nodes: dict[str, dict]) -> None:
    """The same models run on DuckDB and on Spark.

    There is no ::, qualify, group by all, exclude or replace list.
    """
    models = [n for n in dbt_nodes.values() if n["resource_type"] == "model"]
    assert len(models) > 50
    for path in (PROJECT_ROOT / model["original_file_path"] for model in models):
        sql = "\n".join(line.split("--")[0] for line in path.read_text().lower().splitlines())
        for forbidden in (
            "::",
            "qualify ",
            "group by all",
            "order by all",
            "* exclude",
            "* replace",
            "dbt.type_float",
        ):
            assert forbidden not in sql, f"{path.name}: {forbidden}"


def test_the_panel_contract_is_generated_from_the_seed() -> None:
    assert TARGET.read_text(encoding="utf-8") == contract(), (
        "run `make contracts` after changing seeds/variables.csv"
    )


def test_everything_builds_where_nothing_has_landed_and_dbt_unit_tests_pass(
    dbt: Callable, tmp_path: Path
) -> None:
    """Unit tests try the SQL on rows that can be checked by hand.

    They cover lags over a gap, rolling windows, de-duplication, transformations and bases.
    """
    with warehouse.writing(tmp_path / "build" / "warehouse.duckdb"):
        pass  # its raw tables are there and hold no rows
    kinds = ("seed", "model", "unit_test")
    done = dbt(tmp_path, "build", *(f"--resource-type={kind}" for kind in kinds))
    assert done.returncode == 0, done.stdout
    results = json.loads((tmp_path / "dbt" / "run_results.json").read_text())["results"]
    # the hooks that run before them are operations
    statuses = {r["unique_id"]: r["status"] for r in results if "operation." not in r["unique_id"]}
    manifest = json.loads((tmp_path / "dbt" / "manifest.json").read_text())
    built = [k for k, n in manifest["nodes"].items() if n["resource_type"] in kinds]
    assert len(built) > 60
    assert statuses == dict.fromkeys(built, "success") | dict.fromkeys(
        manifest["unit_tests"], "pass"
    )
    assert len(manifest["unit_tests"]) >= 13, "none has been lost"
