"""What holds for every publisher of the registry, and what the manifest keeps of its terms."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from orchestration.build import warehouse
from orchestration.landing.layout import Layout, Publisher
from orchestration.landing.manifest import read_manifest
from orchestration.landing.publishers import LAYOUTS, PUBLISHERS
from orchestration.landing.registration import register
from tests.support.publishers_files import comtrade_row, write_csv


def smallest_header(layout: Layout) -> frozenset[str]:
    years = ["2021"] if layout.has_year_columns else []
    return frozenset([c.name.lower() for c in layout.columns if c.required] + years)


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_a_table_is_recognised_by_one_layout_alone(layout: Layout) -> None:
    names = smallest_header(layout) | {c.name.lower() for c in layout.columns}
    assert [x.name for x in LAYOUTS.values() if x.recognise(names, "table.csv")] == [layout.name]


@pytest.mark.parametrize("publisher", PUBLISHERS.values(), ids=PUBLISHERS)
def test_a_publisher_states_its_terms(publisher: Publisher) -> None:
    for said in (publisher.title, publisher.licence, publisher.citation, publisher.access):
        assert said.strip()
    assert publisher.name.isidentifier(), "it is the name of a folder"


def test_every_layout_has_its_raw_table(tmp_path: Path) -> None:
    with warehouse.writing(tmp_path / "warehouse.duckdb") as connection:
        for layout in LAYOUTS.values():
            columns = [
                name
                for (name,) in connection.execute(
                    "select column_name from duckdb_columns() "
                    "where schema_name = 'raw' and table_name = ? order by column_index",
                    [layout.name],
                ).fetchall()
            ]
            assert columns == [
                *(column.name for column in layout.raw_table_columns),
                *(["trade_year"] if layout.year_column else []),
                "landed_file",
                "landed_row",
                "landed_sequence",
            ]


def test_the_manifest_keeps_the_terms_of_each_file(tmp_path: Path) -> None:
    manifest = read_manifest(tmp_path / "landing" / "manifest.json")
    register(manifest, [write_csv(tmp_path / "real.csv", [comtrade_row()])], "files")
    marked = comtrade_row(qty=1) | {"synthetic": "1"}
    register(manifest, [write_csv(tmp_path / "demo.csv", [marked])], "demo")
    real, synthetic = read_manifest(manifest.path).files
    assert real.licence == PUBLISHERS["comtrade"].licence
    assert real.citation == PUBLISHERS["comtrade"].citation
    assert synthetic.licence == "no licence needed: every number is invented"
    assert synthetic.citation is None
    assert [t["title"] for t in manifest.terms()] == ["UN Comtrade"]


def test_a_manifest_written_before_the_terms_were_kept_still_loads(tmp_path: Path) -> None:
    manifest = read_manifest(tmp_path / "landing" / "manifest.json")
    register(manifest, [write_csv(tmp_path / "real.csv", [comtrade_row()])], "files")
    body = json.loads(manifest.path.read_text(encoding="utf-8"))
    assert body["world"] == "real"
    for file in body["files"]:
        del file["licence"], file["citation"]
    manifest.path.write_text(json.dumps(body), encoding="utf-8")
    assert read_manifest(manifest.path).files == manifest.files
