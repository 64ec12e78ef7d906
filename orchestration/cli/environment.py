"""The folders and environment variables that Dagster and dbt need before they are imported."""

from __future__ import annotations

import os

from orchestration.durable import write_then_replace
from orchestration.settings import PROJECT_ROOT, Settings


def prepare_environment(settings: Settings) -> None:
    """Create the folders and set up Dagster's instance settings and the environment.

    Call it before Dagster or dbt is imported.
    """
    os.environ.update(settings.environment())
    os.environ["DO_NOT_TRACK"] = "1"
    settings.dagster_home.mkdir(parents=True, exist_ok=True)
    settings.build_path.parent.mkdir(parents=True, exist_ok=True)
    instance_settings = PROJECT_ROOT / "orchestration" / "defs" / "dagster.yaml"
    # replaced in one step: another process may be reading it
    write_then_replace(settings.dagster_home / "dagster.yaml", instance_settings.read_bytes())
