"""The dbt project as it stands: layers, grain, contracts and the portable subset of SQL."""

from __future__ import annotations

import json

import pytest

from dbt_project.generate_panel_contract import TARGET, contract
from orchestration.defs.dbt_models import dbt_manifest
from orchestration.settings import PROJECT_ROOT, load_settings
from tests.support.runs import environment_of


@pytest.fixture(scope="session")
def dbt_nodes(tmp_path_factory: pytest.TempPathFactory) -> dict:
    settings = load_settings(environment_of(tmp_path_factory.mktemp("parse"), "files"))
    return json.loads(dbt_manifest(settings).read_text())


def layer_of(node: dict) -> str:
    return node["fqn"][1]


def test_layers_read_only_what_they_may(dbt_nodes: dict) -> None:
    """Only staging reads sources (a list in use may come from a seed).

    Intermediate models never read marts or reports; marts never read reports.
    """
    allowed = {
        "staging": {"source", "seed"},
        "intermediate": {"seed", "staging", "intermediate"},
        "marts": {"seed", "staging", "intermediate", "marts"},
        "report": {"seed", "intermediate", "marts", "report"},
    }
    models = {k: n for k, n in dbt_nodes["nodes"].items() if n["resource_type"] == "model"}
    assert {layer_of(n) for n in models.values()} == set(allowed)
    for key, node in models.items():
        for parent in node["depends_on"]["nodes"]:
            kind = parent.split(".")[0]
            layer = kind if kind in ("source", "seed") else layer_of(dbt_nodes["nodes"][parent])
            assert layer in allowed[layer_of(node)], f"{key} reads {parent}"


def test_every_model_states_its_grain_and_marts_their_contract(dbt_nodes: dict) -> None:
    for key, node in dbt_nodes["nodes"].items():
        if node["resource_type"] != "model":
            continue
        assert node["description"].startswith("Grain: "), key
        if layer_of(node) in ("marts", "report"):
            assert node["config"]["contract"]["enforced"], key
            assert all(c["description"] for c in node["columns"].values()), key


def test_models_stay_in_the_portable_subset(dbt_nodes: dict) -> None:
    """The same models run on DuckDB and on Spark.

    There is no ::, qualify, group by all, exclude or replace list.
    """
    models = [n for n in dbt_nodes["nodes"].values() if n["resource_type"] == "model"]
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
