"""The layers of the dbt project, held over its manifest: which layer may read which.

A new exception is not added to layer_exceptions.csv: the list may only shrink.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import pytest

BASELINE = Path(__file__).with_name("layer_exceptions.csv")

# The exhibits (intermediate/exhibits) stand between the marts and the report. Seeds count by their
# folder: facts (products, economies, indicators) are read below, the report's printed numbers, how
# exhibits are shown, and words above.
FACTS = {"seeds/products", "seeds/economies", "seeds/indicators"}
WORDS = {"seeds/labels"}
ALLOWED_PARENTS = {
    "staging": {"source"} | FACTS,
    "intermediate": {"staging", "intermediate"} | FACTS,
    "marts": {"intermediate", "marts"} | FACTS | WORDS,
    "exhibits": {"intermediate", "marts", "exhibits"} | WORDS,
    "report": {"marts", "exhibits", "report", "seeds/published", "seeds/operations"} | WORDS,
}


@dataclass(frozen=True, order=True)
class Violation:
    """A model that reads what its layer may not."""

    model: str
    parent: str

    def __str__(self) -> str:
        return f"{self.model} reads {self.parent}"


def layer_of(node: dict) -> str:
    """The layer of a model, or the folder of a seed."""
    folders = Path(node["original_file_path"]).parent
    if node["resource_type"] == "seed":
        return folders.as_posix()
    layer, room = folders.relative_to("dbt_project/models").parts
    return "exhibits" if room == "exhibits" else layer


def violations(nodes: dict[str, dict]) -> set[Violation]:
    """Every reading between two nodes that ALLOWED_PARENTS does not name."""
    found = set()
    for node in nodes.values():
        if node["resource_type"] != "model":
            continue
        for parent in node["depends_on"]["nodes"]:
            is_source = parent.startswith("source.")
            layer = "source" if is_source else layer_of(nodes[parent])
            if layer not in ALLOWED_PARENTS[layer_of(node)]:
                found.add(Violation(node["name"], parent.split(".", 2)[2]))
    return found


def baseline() -> set[Violation]:
    with open(BASELINE, newline="", encoding="utf-8") as handle:
        return {Violation(row["model"], row["parent"]) for row in csv.DictReader(handle)}


def test_every_model_lies_in_a_folder_of_a_known_layer(dbt_nodes: dict[str, dict]) -> None:
    models = [node for node in dbt_nodes.values() if node["resource_type"] == "model"]
    assert {layer_of(node) for node in models} == set(ALLOWED_PARENTS)


def test_layers_read_only_what_they_may(dbt_nodes: dict[str, dict]) -> None:
    new = violations(dbt_nodes) - baseline()
    assert not new, "; ".join(map(str, sorted(new)))


def test_an_exception_that_no_longer_occurs_leaves_the_list(dbt_nodes: dict[str, dict]) -> None:
    past = baseline() - violations(dbt_nodes)
    assert not past, f"remove from {BASELINE.name}: " + "; ".join(map(str, sorted(past)))


def _node(path: str, *parents: str) -> dict:
    return {
        "resource_type": "seed" if path.startswith("seeds") else "model",
        "name": Path(path).stem,
        "original_file_path": path,
        "depends_on": {"nodes": list(parents)},
    }


@pytest.mark.parametrize(
    ("reader", "parent", "is_violation"),
    [
        ("dbt_project/models/marts/core/dim_x.sql", "source.project.raw.x", True),
        ("dbt_project/models/staging/baci/stg_x.sql", "source.project.raw.x", False),
        ("dbt_project/models/report/tables/table_9.sql", "model.project.stg_y", True),
        ("dbt_project/models/report/tables/table_9.sql", "model.project.int_y", True),
        ("dbt_project/models/report/tables/table_9.sql", "model.project.int_exhibit_y", False),
        ("dbt_project/models/intermediate/trade/int_x.sql", "model.project.dim_y", True),
        ("dbt_project/models/intermediate/exhibits/int_x.sql", "model.project.dim_y", False),
        ("dbt_project/models/marts/core/dim_x.sql", "seed.project.printed", True),
        ("dbt_project/models/marts/core/dim_x.sql", "model.project.int_exhibit_y", True),
    ],
)
def test_a_reading_across_layers_is_found(reader: str, parent: str, is_violation: bool) -> None:
    nodes = {
        "model.project.stg_y": _node("dbt_project/models/staging/baci/stg_y.sql"),
        "model.project.int_y": _node("dbt_project/models/intermediate/trade/int_y.sql"),
        "model.project.int_exhibit_y": _node("dbt_project/models/intermediate/exhibits/int_y.sql"),
        "model.project.dim_y": _node("dbt_project/models/marts/core/dim_y.sql"),
        "seed.project.printed": _node("seeds/published/printed.csv"),
        "model.project.reader": _node(reader, parent),
    }
    assert bool(violations(nodes)) == is_violation
