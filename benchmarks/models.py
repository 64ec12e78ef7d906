"""The models as bare DuckDB, all of it or what the default fact and panel need; and by hand.

Everything runs on a copy of the build file of a finished run, so on the same Parquet as the
scripts of by_hand/. Before any time counts, the scripts must have the warehouse's totals.
"""

from __future__ import annotations

import json
import runpy
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import duckdb

from benchmarks.by_hand import TRADE_WITH_CHINA, Totals
from benchmarks.measuring import Result, Say, answer_of, environment_with, timed
from orchestration.memory import bound
from orchestration.settings import Settings, load_settings

DEFAULT_FACT_AND_PANEL = ("fct_trade_flow", "panel_country_year")
# what the report has not: folders of models
BEYOND_THE_REPORT = ("concentration", "prices")
# ours rounds each amount to a thousandth, as customs do; the scripts calculate with doubles
TOLERANCE = {"scripts": 1e-9, "warehouse": 1e-6}
OF_FACT = """
select count(*), sum(value_usd), sum(net_weight_kg)
from marts.fct_trade_flow_variants
where basis = 'reconciled' and hs_treatment = 'harmonised'
"""
OF_PANEL = """
select sum({columns})
from marts.panel_country_year_variants
where basis = 'reconciled' and hs_treatment = 'harmonised' and mineral_scope = 'ores'
"""
SCRIPTS = {
    "duckdb": ("in_duckdb",),
    "polars": ("in_polars",),
    "pandas": ("in_pandas",),
    "pandas_with_filters": ("in_pandas", "filters"),
}


IsWanted = Callable[[dict[str, Any]], bool]
# which of dbt's nodes are run: with what they need
CHOSEN: dict[str, IsWanted] = {
    "all_models": lambda _: True,
    "models_of_the_report": lambda node: not set(node["fqn"]) & set(BEYOND_THE_REPORT),
    "default_fact_and_panel": lambda node: node["name"] in DEFAULT_FACT_AND_PANEL,
}


def measure(settings: Settings, say: Say, repeats: int = 2) -> Result:
    """Seconds of each way, the quickest of several, in turn; the slowest models; the totals."""
    ways: dict[str, tuple[str, list[str]]] = {
        name: ("benchmarks.models", [str(settings.data_dir), name]) for name in CHOSEN
    }
    raw = settings.data_dir / "build" / "raw"
    for name, (module, *arguments) in SCRIPTS.items():
        ways[f"by_hand_{name}"] = (f"benchmarks.by_hand.{module}", [str(raw), *arguments])
    found: dict[str, Result] = {}
    for _ in range(repeats):
        for way, (module, arguments) in ways.items():
            say(f"the same work: {way}")
            result = answer_of(module, arguments, environment_with())
            if way not in found or result["seconds"] < found[way]["seconds"]:
                found[way] = result
    warehouse = _totals_of_warehouse(settings)
    totals = {way: result.pop("totals") for way, result in found.items() if "totals" in result}
    for way, of_script in totals.items():
        _compare(way, of_script, totals["by_hand_duckdb"], TOLERANCE["scripts"])
        _compare(way, of_script, warehouse, TOLERANCE["warehouse"])
    return {**found, "totals": totals["by_hand_duckdb"]}


def data_tests(settings: Settings) -> Result:
    """Seconds that dbt spent on models, seeds and tests in the run, and its slowest of each."""
    results = settings.dbt_target_dir / "run" / "run_results.json"
    taken: dict[str, dict[str, float]] = {}
    for node in json.loads(results.read_text("utf-8"))["results"]:
        kind, _, name = node["unique_id"].split(".")[:3]
        taken.setdefault(kind, {})[name] = node["execution_time"]
    return {
        kind: {
            "seconds": sum(seconds.values()),
            "count": len(seconds),
            "slowest": _slowest(seconds),
        }
        for kind, seconds in taken.items()
    }


@dataclass(frozen=True)
class CompiledModel:
    """A model as dbt has compiled it: a query, or a function of Python's that gives a table."""

    name: str
    relation: str
    is_view: bool
    path: Path

    def make(self, connection: duckdb.DuckDBPyConnection) -> None:
        if self.path.suffix == ".py":
            self._make_by_python(connection)
            return
        kind = "view" if self.is_view else "table"
        query = self.path.read_text("utf-8")
        connection.execute(f"create or replace {kind} {self.relation} as {query}")

    def _make_by_python(self, connection: duckdb.DuckDBPyConnection) -> None:
        """As dbt-duckdb does it: the compiled file says which relations its references are."""
        compiled = runpy.run_path(str(self.path))
        dbt = compiled["dbtObj"](lambda relation: connection.query(f"from {relation}"))
        connection.register("made_by_python", compiled["model"](dbt, connection))
        connection.execute(f"create or replace table {self.relation} as from made_by_python")
        connection.unregister("made_by_python")


def compiled_models(settings: Settings, is_wanted: IsWanted) -> list[CompiledModel]:
    """The wanted models and what they need, in dependency order."""
    target = settings.dbt_target_dir / "run"
    nodes = {
        key: node
        for key, node in json.loads((target / "manifest.json").read_text("utf-8"))["nodes"].items()
        if node["resource_type"] == "model"
    }
    needs = {k: [d for d in n["depends_on"]["nodes"] if d in nodes] for k, n in nodes.items()}
    kept, waiting = set(), [k for k, n in nodes.items() if is_wanted(n)]
    while waiting:
        key = waiting.pop()
        if key not in kept:
            kept.add(key)
            waiting += needs[key]
    needs = {k: v for k, v in needs.items() if k in kept}
    models = []
    for key in TopologicalSorter(needs).static_order():
        node = nodes[key]
        if node["config"]["materialized"] == "ephemeral":
            continue
        [path] = (target / "compiled").rglob(f"{node['name']}{Path(node['path']).suffix}")
        relation = f'{node["schema"]}."{node["name"]}"'
        is_view = node["config"]["materialized"] == "view"
        models.append(CompiledModel(node["name"], relation, is_view, path))
    return models


def run_bare(settings: Settings, name: str = "all_models") -> Result:
    """Run models, chosen by a name of CHOSEN, on a copy of the build file, but without dbt."""
    chosen = compiled_models(settings, CHOSEN[name])
    scratch = settings.data_dir / "bench-models"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir()
    try:
        shutil.copy(settings.build_path, scratch / settings.build_path.name)
        with duckdb.connect(str(scratch / settings.build_path.name)) as connection:
            bound(connection, scratch / "spill")

            def all_in_turn() -> dict[str, float]:
                return {
                    model.name: timed(partial(model.make, connection))[1]["seconds"]
                    for model in chosen
                }

            taken, took = timed(all_in_turn)
    finally:
        shutil.rmtree(scratch)
    return {"models": len(taken), **took, "slowest": _slowest(taken)}


def _slowest(seconds: dict[str, float], count: int = 10) -> dict[str, float]:
    return dict(sorted(seconds.items(), key=lambda item: -item[1])[:count])


def _totals_of_warehouse(settings: Settings) -> Totals:
    """The scripts' totals as the warehouse has them, of the variant that they calculate."""
    now = " + ".join(f"coalesce({name}, 0)" for name in TRADE_WITH_CHINA)
    with duckdb.connect(str(settings.build_path), read_only=True) as connection:
        [(rows, usd, kg)] = connection.execute(OF_FACT).fetchall()
        [(kusd,)] = connection.execute(OF_PANEL.format(columns=now)).fetchall()
    return {"fact_rows": rows, "fact_usd": usd, "fact_kg": kg, "panel_kusd": kusd}


def _compare(way: str, found: Totals, expected: Totals, tolerance: float) -> None:
    apart = {
        name: (found[name], value)
        for name, value in expected.items()
        if abs(found[name] - value) > tolerance * abs(value)
    }
    if apart:
        raise ValueError(f"{way} and what it is compared with have other totals: {apart}")


if __name__ == "__main__":
    folder, name = sys.argv[1:]
    print(json.dumps(run_bare(load_settings({"LCT_DATA_DIR": folder}), name)))
