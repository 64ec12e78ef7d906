"""The dbt project in Dagster: its manifest, asset names and groups, and the run that builds it."""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
from dagster_dbt import (
    DagsterDbtTranslator,
    DagsterDbtTranslatorSettings,
    DbtCliResource,
    DbtProject,
    dbt_assets,
)
from dagster_shared.record import replace

from orchestration import warehouse
from orchestration.settings import PROJECT_ROOT, Settings
from orchestration.table_metadata import table_metadata

DBT_SOURCES = ("dbt_project.yml", "profiles.yml", "dbt_project", "seeds", "tests/data")


def dbt_executable() -> str:
    """The dbt of this Python environment, even if its folder is not on PATH."""
    beside = Path(sys.executable).with_name("dbt")
    return str(beside) if beside.exists() else "dbt"


def dbt_manifest(settings: Settings) -> Path:
    """The dbt manifest of the project's current state, parsed at most once per state.

    The manifest's name holds a fingerprint of the project's files. It is parsed in a folder of its
    own under a file lock and then renamed into place, so that processes that start together never
    read an incomplete one. Raises RuntimeError with dbt's own message if the project does not
    parse.
    """
    manifest = settings.dbt_target_dir / f"manifest-{_project_fingerprint()}.json"
    if manifest.exists():
        return manifest
    with warehouse.held(settings.dbt_target_dir / "parse.lock", say=lambda _: None):
        if not manifest.exists():
            _parse_project(settings, manifest)
    return manifest


def _project_fingerprint() -> str:
    """A digest of the name, size and modification time of every file that dbt parses.

    A deleted or restored file changes it too.
    """
    paths = [
        path
        for source in DBT_SOURCES
        for root in [PROJECT_ROOT / source]
        for path in ([root] if root.is_file() else root.rglob("*"))
    ]
    states = [
        (path.relative_to(PROJECT_ROOT).as_posix(), path.stat())
        for path in sorted(paths)
        if path.suffix in (".sql", ".yml", ".csv")
    ]
    return hashlib.sha256(
        "\n".join(f"{name} {state.st_size} {state.st_mtime_ns}" for name, state in states).encode()
    ).hexdigest()[:16]


def _parse_project(settings: Settings, manifest: Path) -> None:
    for left_by_a_killed_run in settings.dbt_target_dir.glob("parsing-*"):
        shutil.rmtree(left_by_a_killed_run)
    with tempfile.TemporaryDirectory(dir=settings.dbt_target_dir, prefix="parsing-") as parsing:
        command = [
            dbt_executable(),
            "parse",
            "--quiet",
            "--project-dir",
            str(PROJECT_ROOT),
            "--profiles-dir",
            str(PROJECT_ROOT),
            "--target-path",
            parsing,
        ]
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            env={**os.environ, **settings.environment(), "DO_NOT_TRACK": "1"},
        )
        if done.returncode:
            raise RuntimeError(f"dbt cannot parse the project:\n{done.stdout}{done.stderr}")
        for older in settings.dbt_target_dir.glob("manifest-*.json"):
            older.unlink()
        os.replace(Path(parsing) / "manifest.json", manifest)


class WarehouseTranslator(DagsterDbtTranslator):
    """Assets are named [schema, model], as in the warehouse, and grouped by layer."""

    def __init__(self) -> None:
        super().__init__(
            settings=DagsterDbtTranslatorSettings(
                enable_asset_checks=True, enable_source_tests_as_checks=True
            )
        )

    def get_asset_spec(
        self, manifest: Any, unique_id: str, project: DbtProject | None
    ) -> dg.AssetSpec:
        spec = super().get_asset_spec(manifest, unique_id, project)
        properties = self.get_resource_props(manifest, unique_id)
        if properties["resource_type"] == "source":
            return spec.replace_attributes(
                key=dg.AssetKey(["raw", properties["name"]]), group_name="raw"
            )
        schema = properties["config"].get("schema") or properties["resource_type"]
        return spec.replace_attributes(
            key=dg.AssetKey([schema, properties["name"]]),
            group_name=schema,
            owners=["team:analytics_engineering"],
        )


def build_models_asset(settings: Settings) -> dg.AssetsDefinition:
    """All seeds and models as one multi-asset: one dbt invocation, its tests as asset checks."""
    translator = WarehouseTranslator()

    @dbt_assets(
        manifest=dbt_manifest(settings),
        dagster_dbt_translator=translator,
        name="models",
        pool="duckdb_writer",
    )
    def models(context: dg.AssetExecutionContext, dbt: DbtCliResource) -> Iterator[Any]:
        with warehouse.writing(settings.build_path, context.log.info) as connection:
            warehouse.invalidate(connection, "models")
        with warehouse.exclusive(settings.build_path, context.log.info):
            # unit tests check the SQL, not the data: they belong to `make test`
            run = dbt.cli(
                ["build", "--exclude-resource-type", "unit_test"],
                context=context,
                target_path=settings.dbt_target_dir / "run",
                raise_on_error=True,
            )
            warehouse.remember_dbt(settings.build_path, run.process.pid)
            events, failure = [], None
            try:
                for event in run.stream():
                    if isinstance(event, dg.Output):
                        context.log.info(event.output_name.replace("__", ".", 1))
                    events.append(event)
            except Exception as error:
                failure = error
            # tables can be read only after dbt has closed the file, so all events are yielded
            # together at the end, also before a failure is raised
            yield from _with_metadata(settings, events)
            if failure is not None:
                raise failure
        with warehouse.writing(settings.build_path, context.log.info) as connection:
            warehouse.complete(connection, "models", _test_summary(run.target_path))

    # The models are built and tested together or not at all. If they were split into subsets, as a
    # backfill does when partitioned assets lie between them, a model's tests would refer to models
    # that do not exist yet. dagster-dbt offers no argument for this.
    models._computation = replace(models._computation, can_subset=False)
    return models


def _with_metadata(settings: Settings, events: list[Any]) -> Iterator[Any]:
    """The events of dbt, with table metadata added to the event of each table."""
    with duckdb.connect(str(settings.build_path), read_only=True) as connection:
        for event in events:
            if isinstance(event, dg.Output):
                schema, table = event.output_name.split("__", 1)
                event = event.with_metadata(
                    {**event.metadata, **table_metadata(connection, schema, table)}
                )
            yield event


def _test_summary(target: Path) -> str:
    """Passed, warned and failed data tests of a dbt run, as JSON."""
    import json

    results = json.loads((target / "run_results.json").read_text(encoding="utf-8"))["results"]
    tests = [r["status"] for r in results if r["unique_id"].startswith("test.")]
    return json.dumps(
        {status: tests.count(status) for status in ("pass", "warn", "fail", "error", "skipped")}
    )


def dbt_resource(settings: Settings) -> DbtCliResource:
    return DbtCliResource(
        project_dir=str(PROJECT_ROOT),
        profiles_dir=str(PROJECT_ROOT),
        dbt_executable=dbt_executable(),
    )
