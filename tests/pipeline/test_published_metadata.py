"""Metadata of finished runs: valid for the tools that read them, and true of the published rows."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import duckdb
import frictionless
import mlcroissant
import pytest

from orchestration.cli.summary import newest_years, trade_rows
from orchestration.durable import sql_name
from orchestration.publishing.drift import drift
from orchestration.publishing.publication import publish
from orchestration.settings import Settings
from tests.support.runs import FinishedRun

FILES = (
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
RUNS = ("demo_run", "real_run")


@pytest.fixture(autouse=True)
def limit_of_fields() -> Iterator[None]:
    """frictionless widens what Python's csv takes as a field, for the whole process."""
    limit = csv.field_size_limit()
    yield
    csv.field_size_limit(limit)


@pytest.fixture(params=RUNS)
def run(request: pytest.FixtureRequest) -> FinishedRun:
    return request.getfixturevalue(request.param)


def package_of(settings: Settings) -> dict[str, Any]:
    return json.loads((settings.published_dir / "datapackage.json").read_text("utf-8"))


def tables_of(package: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {r["name"]: r for r in package["resources"] if r["format"] == "parquet"}


def opened(settings: Settings) -> duckdb.DuckDBPyConnection:
    return duckdb.connect(str(settings.published_dir / "warehouse.duckdb"), read_only=True)


def test_the_package_is_valid_and_so_are_the_first_rows_of_every_table(run: FinishedRun) -> None:
    package = package_of(run.settings)
    assert frictionless.Package.validate_descriptor(package).valid
    codebook = frictionless.Package(str(run.settings.published_dir / "datapackage.json"))
    assert codebook.get_resource("codebook").validate().valid, "every row of the file itself"
    with opened(run.settings) as connection:
        for name, table in tables_of(package).items():
            rows = connection.table(name).limit(20)
            data = [dict(zip(rows.columns, row, strict=True)) for row in rows.fetchall()]
            schema = {k: v for k, v in table["schema"].items() if k != "foreignKeys"}
            if data:
                checked = frictionless.Resource(
                    data=data, schema=frictionless.Schema.from_descriptor(schema)
                ).validate()
                assert checked.valid, (name, checked.flatten(["fieldName", "message"])[:3])


def test_the_package_describes_the_tables_as_they_are_published(run: FinishedRun) -> None:
    folder = run.settings.published_dir
    provenance = json.loads((folder / "provenance.json").read_text("utf-8"))
    tables = tables_of(package_of(run.settings))
    assert {n: t["rows"] for n, t in tables.items()} == {
        n: t["rows"] for n, t in provenance["tables"].items()
    }
    with opened(run.settings) as connection:
        for name, table in tables.items():
            fields = [field["name"] for field in table["schema"]["fields"]]
            assert fields == connection.table(name).columns
            assert all(field["type"] != "any" for field in table["schema"]["fields"]), name
            assert all(field["description"] for field in table["schema"]["fields"]), name
            listed = provenance["files"][table["path"]]
            assert (table["bytes"], table["hash"]) == (
                listed["bytes"],
                f"sha256:{listed['sha256']}",
            )
    assert set(FILES) <= set(provenance["files"]), "covered by the publication's checksums"


def test_keys_and_references_hold_in_the_published_rows(run: FinishedRun) -> None:
    tables = tables_of(package_of(run.settings))
    keys = {n: t["schema"]["primaryKey"] for n, t in tables.items() if "primaryKey" in t["schema"]}
    assert len(keys) > 35
    with opened(run.settings) as connection:
        for name, key in keys.items():
            columns = ", ".join(map(sql_name, key))
            [(rows, combinations)] = connection.execute(
                f"select count(*), (select count(*) from (select distinct {columns} from {name})) "
                f"from {name}"
            ).fetchall()
            assert rows == combinations, name
        references = [
            (name, reference["fields"], reference["reference"])
            for name, table in tables.items()
            for reference in table["schema"].get("foreignKeys", ())
        ]
        assert len(references) >= 20
        for name, [column], referred in references:
            missing = connection.execute(
                f"select {column} from {name} where {column} is not null except "
                f"select {referred['fields'][0]} from {referred['resource']}"
            ).fetchall()
            assert missing == [], (name, column)


def test_the_codebook_counts_missing_values_as_they_are(real_run: FinishedRun) -> None:
    with open(real_run.settings.published_dir / "codebook.csv", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    with opened(real_run.settings) as connection:
        for table in ("marts.panel_country_year", "marts.supply_concentration", "report.table_1"):
            columns = [row for row in rows if row["table"] == table]
            counts = ", ".join(f"count(*) - count({sql_name(c['column'])})" for c in columns)
            [missing] = connection.execute(f"select {counts} from {table}").fetchall()
            assert [int(c["missing"]) for c in columns] == list(missing), table


def test_croissant_has_no_faults_and_its_records_are_the_rows(demo_run: FinishedRun) -> None:
    dataset = mlcroissant.Dataset(str(demo_run.settings.published_dir / "croissant.json"))
    issues = dataset.metadata.ctx.issues
    assert (set(issues.errors), set(issues.warnings)) == (set(), set())
    records = list(islice(dataset.records("report.figure_1"), 5))
    assert [
        (record["report.figure_1/year"], record["report.figure_1/value"]) for record in records
    ] == demo_run.ask(
        'select year, value from report.figure_1 order by year, "group", measure limit 5'
    )


@pytest.mark.parametrize("file", FILES)
def test_invented_numbers_are_said_to_be_invented(
    file: str, demo_run: FinishedRun, real_run: FinishedRun
) -> None:
    said = ",true\n" if file == "codebook.csv" else "SYNTHETIC DEMO DATA"
    assert said in (demo_run.settings.published_dir / file).read_text("utf-8")
    real = (real_run.settings.published_dir / file).read_text("utf-8")
    assert "SYNTHETIC DEMO DATA: every number" not in real


def test_nothing_of_this_machine_is_in_them(demo_run: FinishedRun) -> None:
    for file in FILES:
        text = (demo_run.settings.published_dir / file).read_text("utf-8")
        assert str(demo_run.settings.data_dir) not in text, file
        assert str(Path(__file__).parents[2]) not in text, file


def test_aggregates_alone_leave_out_what_must_not_be_passed_on(finished_corner: Settings) -> None:
    everything = set(tables_of(package_of(finished_corner)))
    aggregates = replace(finished_corner, published_tables="aggregates")
    assert publish(aggregates).changed
    folder = aggregates.published_dir
    left_out = {table["name"] for table in package_of(aggregates)["left_out"]}
    assert {"marts.fct_trade_flow_variants", "marts.fct_world_trade"} <= left_out
    assert set(tables_of(package_of(aggregates))) == everything - left_out
    on_disk = {f"{p.parent.name}.{p.stem}" for p in folder.glob("parquet/*/*.parquet")}
    assert on_disk == everything - left_out
    for file in ("llms.txt", "codebook.html", "dbt_docs.html"):
        text = (folder / file).read_text("utf-8")
        assert [name for name in left_out if name not in text] == [], file
    with opened(aggregates) as connection:
        in_file = connection.execute("select schema_name || '.' || table_name from duckdb_tables()")
        assert {name for (name,) in in_file.fetchall()} == everything - left_out
        assert [title for title, _ in newest_years(connection)][:1] == ["UN Comtrade annual"]
        choices = connection.execute("select * from marts.run_choices").df().iloc[0]
        assert "not published" in dict(trade_rows(connection, choices))["trade flows"]

    with duckdb.connect(str(finished_corner.build_path)) as connection:
        connection.execute("update report.figure_1 set value = value + 70")
        moved = drift(connection, aggregates, "aggregate")
    assert moved.is_blocking, "numbers are compared without the records they rest on"
    assert "| not published |" in moved.table()
