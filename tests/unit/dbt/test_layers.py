"""The layers of the dbt project, held over its manifest: which layer may read which."""

from __future__ import annotations


def layer_of(node: dict) -> str:
    return node["fqn"][1]


def test_layers_read_only_what_they_may(dbt_nodes: dict[str, dict]) -> None:
    """Only staging reads sources (a list in use may come from a seed).

    Intermediate models never read marts or reports; marts never read reports.
    """
    allowed = {
        "staging": {"source", "seed"},
        "intermediate": {"seed", "staging", "intermediate"},
        "marts": {"seed", "staging", "intermediate", "marts"},
        "report": {"seed", "intermediate", "marts", "report"},
    }
    models = {k: n for k, n in dbt_nodes.items() if n["resource_type"] == "model"}
    assert {layer_of(n) for n in models.values()} == set(allowed)
    for key, node in models.items():
        for parent in node["depends_on"]["nodes"]:
            kind = parent.split(".")[0]
            layer = kind if kind in ("source", "seed") else layer_of(dbt_nodes[parent])
            assert layer in allowed[layer_of(node)], f"{key} reads {parent}"
