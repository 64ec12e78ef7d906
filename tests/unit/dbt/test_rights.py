"""What models state of the rows they pass on, and what the documents say of it."""

from __future__ import annotations

import re

import pytest

from estimation.schema import TABLES
from orchestration.landing.publishers import PUBLISHERS
from orchestration.publishing.exhibits import exhibits
from orchestration.publishing.lineage import Declared, declared_tables
from orchestration.publishing.metadata.misreadings import MISREADINGS
from orchestration.settings import PROJECT_ROOT

REPLICATION = PROJECT_ROOT / "docs" / "replication.md"
PRODUCTS, TIMES = {"product_code", "hs6_code"}, {"year", "month", "period"}
NAMED_TABLE = re.compile(r"\b(?:marts|report|estimates)\.[a-z_0-9]+")


@pytest.fixture(scope="module")
def declared(whole_manifest: dict[str, dict]) -> dict[str, Declared]:
    return declared_tables(whole_manifest)


@pytest.fixture(scope="module")
def columns(dbt_nodes: dict[str, dict]) -> dict[str, set[str]]:
    """The columns of every published table."""
    of_models = {
        f"{node['schema']}.{node['name']}": set(node["columns"])
        for node in dbt_nodes.values()
        if node["resource_type"] == "model"
    }
    return of_models | {f"estimates.{name}": set(table.columns) for name, table in TABLES.items()}


def test_a_mart_by_product_and_time_states_whose_rows_it_holds(
    dbt_nodes: dict[str, dict], declared: dict[str, Declared]
) -> None:
    """Such a row may be one record of a publisher; `rows_of: []` says that it is a sum of many."""
    by_product = {t for t, d in declared.items() if PRODUCTS & {*d.key} and TIMES & {*d.key}}
    assert len(by_product) >= 10
    stated = {
        f"{node['schema']}.{node['name']}"
        for node in dbt_nodes.values()
        if node["resource_type"] == "model" and "rows_of" in node["config"]["meta"]
    }
    assert by_product - stated == set()


def test_rows_are_those_of_publishers_that_the_model_is_made_from(
    declared: dict[str, Declared],
) -> None:
    unfounded = [table for table, says in declared.items() if not says.rows_of <= says.made_from]
    assert unfounded == []


def test_every_published_model_but_the_choices_has_a_key(declared: dict[str, Declared]) -> None:
    assert {table for table, says in declared.items() if not says.key} == {"marts.run_choices"}


def test_what_is_said_of_misreadings_names_tables_and_columns_that_are_there(
    columns: dict[str, set[str]],
) -> None:
    for misreading in MISREADINGS:
        named = {*misreading.tables, *NAMED_TABLE.findall(misreading.sentence)}
        assert named <= set(columns), misreading.sentence
        for table in misreading.tables:
            assert set(misreading.columns) <= columns[table], (table, misreading.sentence)
        assert [c for c in misreading.columns if c not in misreading.sentence] == []


def test_the_guide_to_replication_lists_what_aggregates_leave_out(
    declared: dict[str, Declared],
) -> None:
    text = REPLICATION.read_text("utf-8")
    [section] = re.findall(r"\n## Aggregates only\n(.*?)\n## ", text, flags=re.DOTALL)
    closed = {p.name for p in PUBLISHERS.values() if not p.terms.rows_may_be_passed_on}
    rows = dict(re.findall(r"^\| `(marts\.\w+)` \| (.+?) \|$", section, flags=re.MULTILINE))
    assert set(rows) == {table for table, says in declared.items() if says.rows_of & closed}


def test_the_guide_to_replication_maps_every_exhibit_to_its_model_and_file(
    dbt_nodes: dict[str, dict],
) -> None:
    text = REPLICATION.read_text("utf-8")
    rows = re.findall(r"^\| ([^|]+) \| ([^|]+) \| `([^`|]+)` \| ([^|]+) \|$", text, re.MULTILINE)
    mapped = {table for _, tables, _, _ in rows for table in NAMED_TABLE.findall(tables)}
    of_report = {f"report.{name}" for name in (*exhibits(), "table_1", "table_3")}
    assert of_report <= mapped
    assert {f"estimates.{name}" for name in TABLES} <= mapped
    for _, _, place, _ in rows:
        assert (PROJECT_ROOT / place).exists(), place
