"""The Dagster code location: assets, models, checks, jobs, schedules, sensors and resources."""

from __future__ import annotations

import os
import warnings

import dagster as dg

from orchestration.assets import WRITER_POOL, build_assets
from orchestration.automation import build_drift_checks, build_jobs, build_schedules, build_sensors
from orchestration.modelling import build_models_asset, dbt_resource
from orchestration.progress import progress_logger
from orchestration.settings import Settings, load_settings


def build_definitions(settings: Settings) -> dg.Definitions:
    """The definitions for these settings.

    dbt and child processes get the same settings through the environment.
    """
    os.environ.update(settings.environment())
    warnings.filterwarnings("ignore", category=dg.BetaWarning)  # Dagster is pinned to one version
    models = build_models_asset(settings)
    return dg.Definitions(
        assets=[*build_assets(settings, sorted(models.keys, key=lambda k: k.path)), models],
        asset_checks=build_drift_checks(settings, WRITER_POOL),
        jobs=build_jobs(),
        schedules=build_schedules(settings),
        sensors=build_sensors(settings),
        resources={"dbt": dbt_resource(settings)},
        # steps take turns at the build file anyway: one process per step would only import
        # all of this again, a dozen times a run
        executor=dg.in_process_executor,
        loggers={"console": dg.colored_console_logger, "progress": progress_logger},
    )


defs = build_definitions(load_settings())
