"""The dbt project in Dagster: its manifest, asset names and groups, and the run that builds it."""

from collections.abc import Iterator, Sequence
from functools import cached_property
from graphlib import TopologicalSorter
from importlib import metadata
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
from packaging.version import Version

from orchestration.build import fingerprints, warehouse
from orchestration.build.dbt_project import dbt_command, dbt_manifest, target_of_runs
from orchestration.build.warehouse import WarehouseError
from orchestration.defs.metadata import table_metadata
from orchestration.defs.policies import (
    ANALYTICS_ENGINEERING,
    UNCHANGED,
    WRITER_POOL,
    data_version,
    may_skip,
)
from orchestration.progress import tell
from orchestration.settings import PROJECT_ROOT, Settings


class WarehouseTranslator(DagsterDbtTranslator):
    """Assets are named [schema, model], as in the warehouse, and grouped by layer."""

    def __init__(self) -> None:
        super().__init__(
            settings=DagsterDbtTranslatorSettings(
                enable_asset_checks=True,
                enable_source_tests_as_checks=True,
                # what has been counted of a raw table belongs to the asset that loads it
                enable_duplicate_source_asset_keys=True,
            )
        )

    def get_asset_spec(
        self, manifest: Any, unique_id: str, project: DbtProject | None
    ) -> dg.AssetSpec:
        spec = super().get_asset_spec(manifest, unique_id, project)
        properties = self.get_resource_props(manifest, unique_id)
        if properties["resource_type"] == "source":
            return spec.replace_attributes(group_name="raw")
        schema = properties["config"].get("schema") or properties["resource_type"]
        return spec.replace_attributes(
            key=dg.AssetKey([schema, properties["name"]]),
            group_name=schema,
            owners=ANALYTICS_ENGINEERING,
        )


def build_models_asset(settings: Settings) -> dg.AssetsDefinition:
    """All seeds and models as one multi-asset: one dbt invocation, its tests as asset checks."""
    translator = WarehouseTranslator()

    @dbt_assets(
        manifest=dbt_manifest(settings),
        dagster_dbt_translator=translator,
        name="models",
        pool=WRITER_POOL,
    )
    def models(context: dg.AssetExecutionContext, dbt: DbtCliResource) -> Iterator[Any]:
        with warehouse.writing(settings.build_path, context.log.info) as connection:
            made_from = fingerprints.of_models(connection, settings)
            recorded = warehouse.fingerprint_of(connection, "models")
            they_stay = recorded == made_from and may_skip(context, settings)
            if not they_stay:
                warehouse.invalidate(connection, "models")
        if they_stay:
            context.log.info("models: nothing is new, they stay")
            yield from _as_they_are(context, made_from)
            return
        with (
            warehouse.exclusive(settings.build_path, context.log.info),
            warehouse.explaining_its_faults(settings.build_path),
        ):
            # unit tests check the SQL, not the data: they belong to `make test`
            run = dbt.cli(
                ["build", "--exclude-resource-type", "unit_test"],
                context=context,
                target_path=target_of_runs(settings),
                raise_on_error=True,
            )
            warehouse.remember_dbt(settings.build_path, run.process.pid)
            events, failure = [], None
            try:
                for event in _counted(run.stream(), context.assets_def):
                    if isinstance(event, dg.Output):
                        context.log.info(event.output_name.replace("__", ".", 1))
                    events.append(event)
            except Exception as error:
                failure = error
            # tables can be read only after dbt has closed the file, so all events are yielded
            # together at the end, also before a failure is raised
            yield from _with_metadata(settings, events, made_from)
            if failure is not None:
                raise failure
        with warehouse.writing(settings.build_path, context.log.info) as connection:
            if fingerprints.of_models(connection, settings) != made_from:
                raise WarehouseError(
                    "What the models are made from (rows, the dbt project or settings) has changed "
                    "while they were built, so they are not complete. Run again."
                )
            warehouse.complete(
                connection, "models", _test_summary(run.target_path), fingerprint=made_from
            )

    # The models are built and tested together or not at all. If they were split into subsets, as a
    # backfill does when partitioned assets lie between them, a model's tests would refer to models
    # that do not exist yet. dagster-dbt offers no argument for this.
    models._computation = replace(models._computation, can_subset=False)
    return models


def _counted(stream: Iterator[Any], models: dg.AssetsDefinition) -> Iterator[Any]:
    """dbt's events, while it is told how many models and tests are done."""
    total = len(models.keys) + len(list(models.check_specs))
    for done, event in enumerate(stream, start=1):
        tell("models and their tests", min(done, total), total)
        yield event


def _as_they_are(context: dg.AssetExecutionContext, made_from: str) -> Iterator[Any]:
    """The events of models that stay as they are, with all that stops publication passed.

    In dependency order, as Dagster takes them.
    """
    definition = context.assets_def
    for key in TopologicalSorter(definition.asset_deps).static_order():
        if key in definition.keys:
            yield dg.MaterializeResult(
                asset_key=key, metadata=UNCHANGED, data_version=data_version(made_from)
            )
    for check in definition.check_specs:
        if check.blocking:
            yield dg.AssetCheckResult(
                passed=True, asset_key=check.asset_key, check_name=check.name, metadata=UNCHANGED
            )


def _with_metadata(settings: Settings, events: list[Any], made_from: str) -> Iterator[Any]:
    """The events of dbt, with table metadata and the data version added to that of each table."""
    with duckdb.connect(str(settings.build_path), read_only=True) as connection:
        for event in events:
            if isinstance(event, dg.Output):
                schema, table = event.output_name.split("__", 1)
                event = dg.Output(
                    event.value,
                    event.output_name,
                    {**event.metadata, **table_metadata(connection, schema, table)},
                    data_version(made_from),
                    tags=event.tags,
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


class DbtOfThisEnvironment(DbtCliResource):
    """dbt, started without what dagster-dbt finds out first and this project has no use for.

    That took five of the fifty seconds of processor time of a small run.
    """

    @cached_property
    def _cli_version(self) -> Version:
        """Of the package beside this Python: `dbt --version` takes two seconds to say it."""
        return Version(metadata.version("dbt-core"))

    def _initialize_dbt_core_adapter(self, args: Sequence[str]) -> Any:
        """None: a handle on the warehouse would be for counts and columns, which are ours."""


def dbt_resource(settings: Settings) -> DbtCliResource:
    python, *options = dbt_command()
    return DbtOfThisEnvironment(
        project_dir=str(PROJECT_ROOT),
        profiles_dir=str(PROJECT_ROOT),
        dbt_executable=python,
        global_config_flags=options,
    )
