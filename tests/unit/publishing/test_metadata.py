"""The forms of metadata on a publication made by hand: same bytes, and no markup of others."""

from __future__ import annotations

import csv
import io
import json
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser
from pathlib import Path

import duckdb
import pytest
import yaml

from orchestration.durable import sql_name, sql_text
from orchestration.landing.publishers import PUBLISHERS
from orchestration.publishing.integrity import PROVENANCE, WAREHOUSE
from orchestration.publishing.metadata import write_metadata
from orchestration.publishing.metadata.citation import cff_reference
from orchestration.publishing.metadata.description import unit_of
from orchestration.settings import PROJECT_ROOT
from tests.support.small_publication import publish_by_hand

FORMS = (
    "CITATION.cff",
    "codebook.csv",
    "codebook.html",
    "croissant.json",
    "datapackage.json",
    "dbt_docs.html",
    "entities.svg",
    "llms.txt",
    "schema_org.jsonld",
)
MARKUP = '</script><img src=x onerror="alert(1)"><!--'
FLOW, ECONOMY = "model.x.fct_trade_flow", "model.x.dim_economy"


def node(name: str, **more: object) -> dict:
    return {
        "resource_type": "model",
        "database": "warehouse",
        "schema": "marts",
        "name": name,
        "alias": name,
        "description": MARKUP,
        "config": {"meta": {}, "materialized": "table"},
        "root_path": "/a/machine's/own/place",
        "created_at": 1.5,
        **more,
    }


def data_test(model: str, name: str, column: str, **stated: object) -> dict:
    return node(
        name,
        resource_type="test",
        attached_node=model,
        column_name=column,
        test_metadata={"name": name, "kwargs": stated},
        config={"severity": "ERROR", "where": None},
    )


MANIFEST = {
    "metadata": {
        "dbt_schema_version": "v12",
        "dbt_version": "1.11",
        "project_name": "x",
        "adapter_type": "duckdb",
        "generated_at": "now",
        "invocation_id": "another each time",
    },
    "docs": {"doc.dbt.__overview__": {"name": "__overview__", "block_contents": "dbt's own"}},
    "nodes": {
        FLOW: node("fct_trade_flow"),
        ECONOMY: node("dim_economy"),
        "test.x.1": data_test(
            FLOW, "relationships", "exporter_iso3", to="ref('dim_economy')", field="iso3"
        ),
        "test.x.2": data_test(ECONOMY, "unique", "iso3"),
    },
    "sources": {
        "source.x.raw.baci_trade": {"name": "baci_trade", "schema": "raw", "identifier": "b"}
    },
    "parent_map": {FLOW: ["source.x.raw.baci_trade"]},
}


def published(data: Path, is_synthetic: bool) -> Path:
    """The publication made by hand, with Parquet files, units, and names that are markup."""
    folder = publish_by_hand(data, is_synthetic=is_synthetic)
    with duckdb.connect(str(folder / WAREHOUSE)) as connection:
        connection.execute(
            f"""
            update marts.dim_variable set unit = 'current US dollars';
            create or replace table marts.dim_economy as
                select 'CHN' as iso3, 1 as {sql_name(MARKUP)};
            comment on table marts.dim_economy is {sql_text(f"Grain: one row per {MARKUP}.")};
            comment on column marts.dim_economy.iso3 is {sql_text(MARKUP)};
            """
        )
        for schema, table in connection.execute(
            "select schema_name, table_name from duckdb_tables()"
        ).fetchall():
            parquet = folder / "parquet" / schema / f"{table}.parquet"
            parquet.parent.mkdir(parents=True, exist_ok=True)
            connection.execute(f'copy {schema}."{table}" to {sql_text(parquet)}')
    return folder


def written(folder: Path, withheld: list[dict]) -> dict[str, str]:
    """The text of every form of metadata of a publication."""
    provenance = json.loads((folder / PROVENANCE).read_text("utf-8"))
    provenance["sources"][0]["release"] = MARKUP
    provenance |= {
        "versions": {"duckdb": "2"},
        "git": {"commit": "abc"},
        "withheld": withheld,
    }
    with duckdb.connect(str(folder / WAREHOUSE), read_only=True) as connection:
        write_metadata(connection, folder, provenance, MANIFEST)
    return {name: (folder / name).read_text("utf-8") for name in FORMS}


@pytest.fixture(scope="module")
def synthetic(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return written(published(tmp_path_factory.mktemp("synthetic"), True), [])


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    left_out = {
        "table": "marts.fct_returned_goods",
        "grain": "one row per year.",
        "publishers": ["comtrade"],
    }
    return written(published(tmp_path_factory.mktemp("real"), False), [left_out])


class Elements(HTMLParser):
    """The elements of a page, and the text of its scripts."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.names: list[str] = []
        self.scripts: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list) -> None:
        self.names.append(tag)
        if tag == "script":
            self.scripts.append("")

    def handle_data(self, data: str) -> None:
        if self.names and self.names[-1] == "script":
            self.scripts[-1] += data


@pytest.mark.parametrize("name", FORMS)
def test_every_form_says_synthetic_where_the_numbers_are_invented(
    name: str, synthetic: dict[str, str], real: dict[str, str]
) -> None:
    said = "true" if name == "codebook.csv" else "SYNTHETIC"
    rows = list(csv.reader(io.StringIO(synthetic["codebook.csv"])))
    assert {row[-1] for row in rows[1:]} == {"true"}
    assert said in synthetic[name]
    assert "SYNTHETIC" not in real[name]


def test_names_with_markup_stay_text(synthetic: dict[str, str]) -> None:
    page = Elements(synthetic["codebook.html"])
    assert "img" not in page.names
    assert page.names.count("script") == 1
    assert json.loads(page.scripts[0])["@type"] == "Dataset"
    assert MARKUP not in synthetic["codebook.html"]
    ElementTree.fromstring(synthetic["entities.svg"])
    assert MARKUP not in synthetic["dbt_docs.html"]


def test_the_page_of_dbt_holds_the_manifest_and_the_catalog(synthetic: dict[str, str]) -> None:
    page = synthetic["dbt_docs.html"]
    assert "INLINE DATA" not in page
    assert "\\u003c/script>" in page
    assert '"nodes":{"model.x.dim_economy"' in page
    assert '"type":"VARCHAR"' in page
    for of_a_machine in ("/a/machine's/own/place", "another each time", '"created_at"'):
        assert of_a_machine not in page


def test_the_same_publication_gives_the_same_bytes(tmp_path: Path) -> None:
    folder = published(tmp_path, False)
    assert written(folder, []) == written(folder, [])


def test_what_is_left_out_and_why_is_said_where_tables_are_listed(
    synthetic: dict[str, str], real: dict[str, str]
) -> None:
    for name in ("llms.txt", "codebook.html", "datapackage.json", "dbt_docs.html"):
        assert "marts.fct_returned_goods" in real[name], name
        assert "UN Comtrade, whose terms do not allow passing them on" in real[name], name
    assert "## What is left out" in real["llms.txt"]
    assert "What is left out" not in synthetic["llms.txt"]
    assert "What is left out" not in synthetic["codebook.html"]


def test_terms_and_citation_of_each_source_are_stated(real: dict[str, str]) -> None:
    baci = PUBLISHERS["baci"]
    for name in ("llms.txt", "codebook.html", "datapackage.json"):
        assert baci.terms.licence in real[name], name
        assert baci.terms.address in real[name], name
    assert baci.citation in real["llms.txt"]
    package = json.loads(real["datapackage.json"])
    resources = {resource["name"]: resource for resource in package["resources"]}
    flow = resources["marts.fct_trade_flow"]
    assert [licence["name"] for licence in flow["licenses"]] == ["etalab-2.0"]
    assert [licence["name"] for licence in resources["report.figure_1"]["licenses"]] == ["MIT"]
    assert flow["schema"]["foreignKeys"] == [
        {
            "fields": ["exporter_iso3"],
            "reference": {"resource": "marts.dim_economy", "fields": ["iso3"]},
        }
    ]
    assert resources["marts.dim_economy"]["schema"]["primaryKey"] == ["iso3"]
    cited = yaml.safe_load(real["CITATION.cff"])
    assert cited["type"] == "dataset"
    assert baci.reference.title in [reference["title"] for reference in cited["references"]]


def test_the_software_cites_the_publishers_as_they_are_cited_with_the_data() -> None:
    stated = yaml.safe_load((PROJECT_ROOT / "CITATION.cff").read_text("utf-8"))["references"]
    bare = [{k: v for k, v in r.items() if k not in ("notes", "license")} for r in stated]
    assert [p.name for p in PUBLISHERS.values() if cff_reference(p.reference) not in bare] == []


@pytest.mark.parametrize(
    ("column", "unit"),
    [
        ("value_usd", "current US dollars"),
        ("lct_exports_to_china_kusd", "thousand current US dollars"),
        ("gdp", "dollars"),
        ("gdp_lag1", "dollars"),
        ("gdp_lag1_z", "standard deviations"),
        ("china_share_by_weight", "share (1 is all)"),
        ("year", ""),
    ],
)
def test_a_unit_is_that_of_the_variable_or_of_the_name(column: str, unit: str) -> None:
    assert unit_of(column, {"gdp": "dollars"}) == unit


def test_a_value_has_the_unit_of_its_row() -> None:
    assert unit_of("value", {}, has_units=True) == "as the column unit says"
    assert unit_of("value", {}) == ""
