"""What is declared of the published tables: keys, references, and whose data they are made from.

For marts and report it is taken from dbt's manifest (the tests of grain and relationships, the
graph, `meta.rows_of`), for estimates from the schema that creates them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from estimation.schema import TABLES
from orchestration.landing.publishers import LAYOUTS, PUBLISHER_OF

DBT_SCHEMAS = ("marts", "report")
ESTIMATES = "estimates"
# what a run chose, by counts of what has landed: a choice is not made of the publishers' data
CHOICES = "int_run_choices"
_REFERRED_MODEL = re.compile(r"""ref\(['"](\w+)['"]\)""")


@dataclass(frozen=True)
class Reference:
    """A column whose values are all found in the one-column key `field` of `table`."""

    column: str
    table: str
    field: str


@dataclass(frozen=True)
class Declared:
    """What is declared of a table.

    No two rows share the values of `key`. `made_from` names the publishers whose data may be in it,
    `rows_of` those whose single rows it may hold: values that are one record of theirs, and no sum
    over partners or products.
    """

    key: tuple[str, ...] = ()
    references: tuple[Reference, ...] = ()
    made_from: frozenset[str] = frozenset()
    rows_of: frozenset[str] = frozenset()


def declared_tables(manifest: Mapping[str, Any]) -> dict[str, Declared]:
    """What is declared of each table of marts, report and estimates, by `schema.table`."""
    nodes = manifest["nodes"]
    models = {
        name: node
        for name, node in nodes.items()
        if node["resource_type"] == "model" and node["schema"] in DBT_SCHEMAS
    }
    tests: dict[str, list[dict]] = {name: [] for name in models}
    for _, node in sorted(nodes.items()):
        if node["resource_type"] == "test" and node.get("attached_node") in tests:
            tests[node["attached_node"]].append(node)
    publishers_behind = _publishers_behind(manifest)
    full_names = {model["name"]: _full_name(model) for model in models.values()}
    declared = {
        _full_name(model): Declared(
            _key(tests[name]),
            _references(tests[name], full_names),
            publishers_behind(name),
            frozenset(model["config"]["meta"].get("rows_of", ())),
        )
        for name, model in models.items()
    }
    everyone = frozenset[str]().union(*(d.made_from for d in declared.values()))
    return declared | {
        f"{ESTIMATES}.{name}": Declared(
            table.key,
            tuple(
                Reference(column, f"{ESTIMATES}.{other}", TABLES[other].key[0])
                for column, other in table.references.items()
            ),
            everyone,
        )
        for name, table in TABLES.items()
    }


def _full_name(model: Mapping[str, Any]) -> str:
    return f"{model['schema']}.{model['name']}"


def _key(tests: list[dict]) -> tuple[str, ...]:
    """The columns of the test of grain; of several columns before one."""
    for test in tests:
        if test.get("test_metadata", {}).get("name") == "unique_combination":
            return tuple(c.strip('"') for c in test["test_metadata"]["kwargs"]["columns"])
    for test in tests:
        if test.get("test_metadata", {}).get("name") == "unique":
            return (test["column_name"],)
    return ()


def _references(tests: list[dict], full_names: Mapping[str, str]) -> tuple[Reference, ...]:
    """The relationships to published tables that a test holds without exception."""
    found = []
    for test in tests:
        stated = test.get("test_metadata") or {}
        if stated.get("name") != "relationships" or test["config"].get("where"):
            continue
        if test["config"]["severity"].lower() != "error":
            continue
        referred = _REFERRED_MODEL.search(stated["kwargs"]["to"])
        if referred and referred[1] in full_names:
            found.append(
                Reference(test["column_name"], full_names[referred[1]], stated["kwargs"]["field"])
            )
    return tuple(sorted(found, key=lambda r: r.column))


def _publishers_behind(manifest: Mapping[str, Any]) -> Callable[[str], frozenset[str]]:
    """The publishers of the raw tables that a node of dbt's graph is made from."""
    of_raw_table = {name: PUBLISHER_OF[name].name for name in LAYOUTS} | {
        layout.replacement.table: PUBLISHER_OF[name].name
        for name, layout in LAYOUTS.items()
        if layout.replacement
    }
    parents, sources = manifest["parent_map"], manifest["sources"]
    known: dict[str, frozenset[str]] = {}

    def behind(name: str) -> frozenset[str]:
        if name not in known:
            if name.endswith(f".{CHOICES}"):
                known[name] = frozenset()
            elif name in sources:
                publisher = of_raw_table.get(sources[name]["name"])
                known[name] = frozenset([publisher] if publisher else [])
            else:
                known[name] = frozenset[str]().union(*(behind(p) for p in parents.get(name, ())))
        return known[name]

    return behind
