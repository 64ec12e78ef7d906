"""The Dagster code location: assets, models, checks, jobs, schedules, sensors and resources."""

from __future__ import annotations

import os
import warnings

import dagster as dg

from orchestration.defs.assets import build_assets
from orchestration.defs.checks import build_checks
from orchestration.defs.dbt_models import build_models_asset, dbt_resource
from orchestration.defs.jobs import build_jobs
from orchestration.defs.progress import progress_logger
from orchestration.defs.resources import build_resources
from orchestration.defs.schedules import build_schedules
from orchestration.defs.sensors import build_sensors
from orchestration.settings import Settings, load_settings


def build_definitions(
    settings: Settings, resources: dict[str, dg.ConfigurableResource] | None = None
) -> dg.Definitions:
    """The definitions for these settings; `resources` replace those of the same names.

    dbt and child processes get the same settings through the environment.
    """
    os.environ.update(settings.environment())
    warnings.filterwarnings("ignore", category=dg.BetaWarning)  # Dagster is pinned to one version
    models = build_models_asset(settings)
    model_keys = sorted(models.keys, key=dg.AssetKey.to_user_string)
    return dg.Definitions(
        assets=[*build_assets(model_keys), models],
        asset_checks=build_checks(),
        jobs=build_jobs(),
        schedules=build_schedules(settings.schedules_on),
        sensors=build_sensors(settings.schedules_on),
        resources={"dbt": dbt_resource(settings), **build_resources(settings), **(resources or {})},
        # steps take turns at the build file anyway: one process per step would only import
        # all of this again, a dozen times a run
        executor=dg.in_process_executor,
        loggers={"console": dg.colored_console_logger, "progress": progress_logger},
    )


defs = build_definitions(load_settings())
