"""What Dagster and dbt add to the bare work, on a finished run."""

from __future__ import annotations

import shutil
from pathlib import Path

from benchmarks.measuring import Result, Say, environment_with, measured
from orchestration.build.dbt_project import dbt_command
from orchestration.settings import PROJECT_ROOT, Settings


def measure(settings: Settings, say: Say) -> Result:
    """The code location's loading, and dbt's run and build on a copy of the build file.

    The bare SQL of the same models is in models.py, and Dagster's share of a run in growth.py.
    """
    environment = environment_with(**settings.environment(with_secrets=False))
    say("Dagster: loading the code location")
    loading, _ = measured(["-c", "import orchestration.definitions"], environment)
    copy = settings.data_dir / "bench-dbt"
    shutil.rmtree(copy, ignore_errors=True)
    (copy / "build").mkdir(parents=True)
    try:
        shutil.copy(settings.build_path, copy / "build" / settings.build_path.name)
        say("dbt: run")
        run = _dbt(environment, copy, "run")
        say("dbt: build with seeds and data tests")
        build = _dbt(environment, copy, "build", "--exclude-resource-type", "unit_test")
    finally:
        shutil.rmtree(copy)
    return {"code_location": loading, "dbt_run": run, "dbt_build": build}


def _dbt(environment: dict[str, str], data_dir: Path, *arguments: str) -> Result:
    target = str(data_dir / "target")
    took, _ = measured(
        [
            *dbt_command()[1:],  # after Python itself
            *arguments,
            *("--project-dir", str(PROJECT_ROOT), "--profiles-dir", str(PROJECT_ROOT)),
        ],
        environment
        | {"LCT_DATA_DIR": str(data_dir), "DBT_TARGET_PATH": target, "DBT_LOG_PATH": target},
    )
    return took
