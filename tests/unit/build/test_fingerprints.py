"""Fingerprints: each kind of input changes those of the layers made from it, and no other's."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from orchestration.build import dbt_project, fingerprints, warehouse
from orchestration.settings import PROJECT_ROOT, Settings, load_settings

NOT_PUBLISHED = {"memory_limit", "data_dir"}  # what profiles.yml reads and no number depends on

# what is changed, and the first layer that must be built again (None: no layer)
Change = Callable[["Made"], None]


class Made:
    """A project, settings and a build file of which models and estimates are complete."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.patch = monkeypatch
        self.root = folder / "project"
        for name in dbt_project.DBT_SOURCES:
            source, target = PROJECT_ROOT / name, self.root / name
            target.parent.mkdir(parents=True, exist_ok=True)
            (shutil.copytree if source.is_dir() else shutil.copy)(source, target)
        for module in (dbt_project, fingerprints):
            monkeypatch.setattr(module, "PROJECT_ROOT", self.root)
        self.settings = load_settings({"LCT_DATA_DIR": str(folder / "data")})
        self.truth = folder / "planted_truth.json"
        self.truth.write_text("{}")
        self.provenance: dict = {"settings": {}, "left_out": []}
        self.settings.build_path.parent.mkdir(parents=True)
        with self.writing() as connection:
            connection.execute(
                "insert into raw.loaded_partitions values ('baci_trade', '2022', 'abc', 10)"
            )
            self.complete(connection)

    def writing(self):
        return warehouse.writing(self.settings.build_path)

    def complete(self, connection: duckdb.DuckDBPyConnection) -> None:
        for layer, made_from in (
            ("models", fingerprints.of_models(connection, self.settings)),
            ("estimates", None),
        ):
            made_from = made_from or fingerprints.of_estimates(connection, self.truth)
            warehouse.complete(connection, layer, fingerprint=made_from)
        warehouse.complete(
            connection,
            warehouse.PUBLICATION,
            "000001",
            fingerprints.of_publication(connection, self.provenance),
        )

    def first_stale(self) -> str | None:
        """The first layer that a refresh builds again."""
        with self.writing() as connection:
            recorded = {
                layer: warehouse.fingerprint_of(connection, layer)
                for layer in (*warehouse.LAYERS, warehouse.PUBLICATION)
            }
            if fingerprints.of_models(connection, self.settings) != recorded["models"]:
                return "models"
            if fingerprints.of_estimates(connection, self.truth) != recorded["estimates"]:
                return "estimates"
            now = fingerprints.of_publication(connection, self.provenance)
            return None if now == recorded[warehouse.PUBLICATION] else "publication"

    def append(self, file: str, text: str) -> None:
        path = self.root / file
        path.write_text(path.read_text(encoding="utf-8") + text, encoding="utf-8")

    def version(self, package: str) -> None:
        known = fingerprints.version
        self.patch.setattr(
            fingerprints, "version", lambda name: "99.1" if name == package else known(name)
        )


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Made:
    return Made(tmp_path, monkeypatch)


def sql(statement: str) -> Change:
    def change(made: Made) -> None:
        with made.writing() as connection:
            connection.execute(statement)

    return change


def setting(**values: object) -> Change:
    def change(made: Made) -> None:
        made.settings = replace(made.settings, **values)

    return change


def code_of(name: str) -> Change:
    return lambda made: made.patch.setattr(fingerprints, name, "another digest")


CHANGES: dict[str, tuple[Change, str | None]] = {
    "nothing": (lambda made: None, None),
    "another file's rows": (sql("update raw.loaded_partitions set fingerprint = 'abd'"), "models"),
    "a landed file": (
        sql("insert into raw.landed_files (landed_file, row_count) values ('baci/x.csv', 3)"),
        "models",
    ),
    "a product of one's own list": (
        sql("insert into raw.low_carbon_products (product_code) values ('850760')"),
        "models",
    ),
    "a seed": (lambda made: made.append("seeds/labels/names.csv", "\n"), "models"),
    "a model": (
        lambda made: made.append("dbt_project/models/marts/core/dim_economy.sql", "-- \n"),
        "models",
    ),
    "a macro": (lambda made: made.append("dbt_project/macros/filled.sql", "\n"), "models"),
    "a description": (
        lambda made: made.append("dbt_project/models/marts/core/_core.yml", "\n"),
        "models",
    ),
    "a data test": (
        lambda made: (made.root / "tests/data/assert_one.sql").write_text("select 1 where false"),
        "models",
    ),
    "a model less": (
        lambda made: (made.root / "dbt_project/models/marts/core/dim_economy.sql").unlink(),
        "models",
    ),
    "the project's variables": (lambda made: made.append("dbt_project.yml", "\n"), "models"),
    "a setting of the models": (setting(hs_treatment="strict"), "models"),
    "the seed of the demo": (setting(demo_seed=7), "models"),
    "a setting that decides nothing": (
        setting(memory_limit="3GB", dagster_port=3001, accept_drift=True, full=True),
        None,
    ),
    "dbt": (lambda made: made.version("dbt-core"), "models"),
    "DuckDB": (lambda made: made.version("duckdb"), "models"),
    "pyfixest": (lambda made: made.version("pyfixest"), "estimates"),
    "estimation": (code_of("CODE_OF_ESTIMATES"), "estimates"),
    "planted truth": (lambda made: made.truth.write_text('{"a": 1}'), "estimates"),
    "publishing": (code_of("CODE_OF_PUBLICATION"), "publication"),
    "pyarrow": (lambda made: made.version("pyarrow"), "publication"),
    "what was left out": (
        lambda made: made.provenance.update(left_out=[{"file": "odd.csv"}]),
        "publication",
    ),
    "models that are incomplete": (
        sql("delete from operations.completed_layers where layer = 'models'"),
        "models",
    ),
    "layers of an earlier version": (
        sql("update operations.completed_layers set fingerprint = null where layer = 'models'"),
        "models",
    ),
}


@pytest.mark.parametrize("what", CHANGES)
def test_each_kind_of_input_makes_the_layers_stale_that_are_made_from_it(
    made: Made, what: str
) -> None:
    change, first_stale = CHANGES[what]
    change(made)
    assert made.first_stale() == first_stale


def test_every_setting_that_the_dbt_project_reads_is_in_the_fingerprint() -> None:
    stated = set(Settings().stated(is_synthetic=True))
    files = [p for p in dbt_project.project_files() if p.suffix != ".csv"]
    read = set()
    for text in (p.read_text(encoding="utf-8") for p in files):
        read |= {name.lower() for name in re.findall(r"env_var\(\s*['\"]LCT_([A-Z_]+)", text)}
        read |= set(re.findall(r"\bsetting\(\s*['\"](\w+)", text))
    assert {"trade_basis", "memory_limit"} <= read
    assert read - NOT_PUBLISHED <= stated


def test_a_build_file_of_an_earlier_version_gets_the_column(tmp_path: Path) -> None:
    path = tmp_path / "warehouse.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            "create schema operations; create table operations.completed_layers "
            "(layer varchar, completed_at timestamp, detail varchar); "
            "insert into operations.completed_layers values ('models', now(), '{}')"
        )
    with warehouse.writing(path) as connection:
        assert warehouse.completed(connection) == {"models"}
        assert warehouse.fingerprint_of(connection, "models") is None
        assert warehouse.detail_of(connection, "models") == "{}"
