"""The one place where the Dagster code location is put together: assets, models, jobs, resources."""

from __future__ import annotations

import os

import dagster as dg

from orchestration.assets import build_assets
from orchestration.modelling import build_models_asset, dbt_resource
from orchestration.progress import progress_logger
from orchestration.settings import Settings, load_settings


def build_definitions(settings: Settings) -> dg.Definitions:
    """Definitions on these settings. dbt and child processes get the same settings through the environment."""
    os.environ.update(settings.environment())
    models = build_models_asset(settings)
    return dg.Definitions(
        assets=[*build_assets(settings, sorted(models.keys, key=lambda k: k.path)), models],
        jobs=[dg.define_asset_job("refresh", dg.AssetSelection.all(), description="Everything, from the landing zone to the publication.")],
        resources={"dbt": dbt_resource(settings)},
        loggers={"console": dg.colored_console_logger, "progress": progress_logger},
    )


defs = build_definitions(load_settings())
