"""Which tables LCT_PUBLISH=aggregates leaves out, and what is declared of tables at all."""

from __future__ import annotations

import duckdb
import pytest

from orchestration.publishing.disclosure import withheld_tables
from orchestration.publishing.lineage import Declared, Reference, declared_tables

ROWS_OF_BOTH = {"marts.flows": Declared(rows_of=frozenset({"baci", "comtrade"}))}
FLOWS = "create schema marts; create table marts.flows as select * from (values {}) as t(source)"


@pytest.mark.parametrize(
    ("sources", "landed", "withheld"),
    [
        (("comtrade", "baci"), {"comtrade", "baci"}, ["comtrade"]),
        (("baci",), {"comtrade", "baci"}, []),
        (("baci",), {"baci"}, []),
    ],
)
def test_a_table_is_left_out_if_it_holds_rows_of_a_publisher_that_forbids_it(
    sources: tuple[str, ...], landed: set[str], withheld: list[str]
) -> None:
    with duckdb.connect() as connection:
        connection.execute(FLOWS.format(", ".join(f"('{source}')" for source in sources)))
        found = withheld_tables(connection, ROWS_OF_BOTH, landed)
    assert found == ({"marts.flows": withheld} if withheld else {})


def test_without_a_column_that_says_so_every_landed_publisher_counts() -> None:
    with duckdb.connect() as connection:
        connection.execute("create schema marts; create table marts.flows (value_usd double)")
        assert withheld_tables(connection, ROWS_OF_BOTH, {"comtrade"}) == {}, "it has no rows"
        connection.execute("insert into marts.flows values (1)")
        assert withheld_tables(connection, ROWS_OF_BOTH, {"baci"}) == {}
        assert withheld_tables(connection, ROWS_OF_BOTH, {"comtrade"}) == {
            "marts.flows": ["comtrade"]
        }


def test_a_column_of_citations_names_no_publishers() -> None:
    with duckdb.connect() as connection:
        connection.execute(FLOWS.format("('Farrell (1957)')"))
        assert list(withheld_tables(connection, ROWS_OF_BOTH, {"comtrade"})) == ["marts.flows"]


def model(name: str, schema: str = "marts", **meta: list[str]) -> dict:
    return {"resource_type": "model", "schema": schema, "name": name, "config": {"meta": meta}}


def data_test(model: str, name: str, severity: str = "ERROR", **stated: object) -> dict:
    return {
        "resource_type": "test",
        "attached_node": f"model.x.{model}",
        "column_name": stated.pop("column", None),
        "test_metadata": {"name": name, "kwargs": stated},
        "config": {"severity": severity, "where": stated.pop("where", None)},
    }


MANIFEST = {
    "nodes": {
        "model.x.flows": model("flows", rows_of=["comtrade"]),
        "model.x.economies": model("economies"),
        "model.x.stg": model("stg", schema="staging"),
        "test.x.1": data_test("flows", "unique_combination", columns=["year", '"group"']),
        "test.x.2": data_test(
            "flows", "relationships", column="iso3", to="ref('economies')", field="iso3"
        ),
        "test.x.3": data_test(
            "flows", "relationships", "warn", column="a", to="ref('economies')", field="iso3"
        ),
        "test.x.4": data_test(
            "flows", "relationships", column="b", to="ref('economies')", field="x", where="a > 1"
        ),
        "test.x.5": data_test("flows", "relationships", column="c", to="ref('stg')", field="iso3"),
        "test.x.6": data_test("economies", "unique", column="iso3"),
    },
    "sources": {
        "source.x.raw.comtrade_superseded": {"name": "comtrade_superseded"},
        "source.x.raw.baci_trade": {"name": "baci_trade"},
        "source.x.raw.own": {"name": "low_carbon_products"},
    },
    "parent_map": {
        "model.x.flows": ["model.x.stg", "model.x.int_run_choices"],
        "model.x.stg": ["source.x.raw.comtrade_superseded", "source.x.raw.own"],
        "model.x.int_run_choices": ["source.x.raw.baci_trade"],
    },
}


def test_keys_references_and_publishers_are_those_that_dbt_holds() -> None:
    declared = declared_tables(MANIFEST)
    flows = declared["marts.flows"]
    assert flows.key == ("year", "group"), "without the quotes of a reserved word"
    assert flows.references == (Reference("iso3", "marts.economies", "iso3"),), (
        "neither what only warns or holds for some rows, nor what is not published"
    )
    assert flows.made_from == {"comtrade"}, "a choice is not made of the data it was chosen by"
    assert flows.rows_of == {"comtrade"}
    assert declared["marts.economies"].key == ("iso3",)
    assert "staging.stg" not in declared
    assert declared["estimates.influence"].references == (
        Reference("claim_code", "estimates.claims", "claim_code"),
    )
