"""Whole runs at one number of rows: the first, one with nothing new, one with a changed year."""

from __future__ import annotations

import shutil
from pathlib import Path

import dagster as dg

from benchmarks import conversion, models
from benchmarks.goals import REFERENCE_ROWS
from benchmarks.measuring import Result, Say, bytes_in, environment_with, measured
from benchmarks.worlds import settings_of, with_one_year_changed, world_of
from orchestration.cli.run import seconds_by_step
from orchestration.settings import Settings, load_settings


def measure(rows: int, folder: Path, say: Say, keep: bool = False) -> Result:
    """Everything that is measured at one size; the data folder goes afterwards unless kept.

    Beyond the reference size that is whole runs alone: they take long, and what they compare with
    grows in proportion.
    """
    world, written = world_of(rows, folder / "worlds", say)
    data_dir = folder / "data" / f"{rows}"
    shutil.rmtree(data_dir, ignore_errors=True)
    environment = environment_with(
        LCT_DATA_DIR=str(data_dir), LCT_BENCH_WORLD=str(world), **settings_of(rows)
    )
    settings = load_settings(environment)
    found: Result = {"rows": written["rows"], "world": written}
    repeats = 3 if rows <= 20_000_000 else 1
    is_compared = rows <= REFERENCE_ROWS
    if is_compared:
        found["landing_and_loading"] = conversion.measure(world, data_dir / "scratch", say, repeats)
    say("the first run")
    found["first_run"] = whole_run(environment, settings)
    found["first_run"]["disk_bytes"] = {
        part.name: bytes_in(part) for part in sorted(data_dir.iterdir()) if part.is_dir()
    }
    found["data_tests"] = models.data_tests(settings)
    if is_compared:
        found["same_work"] = models.measure(settings, say)
    say("a run with nothing new")
    found["nothing_new"] = whole_run(environment, settings)
    say("a run with one changed year")
    changed = {
        "LCT_BENCH_WORLD": str(with_one_year_changed(world, rows)),
        "LCT_BENCH_LAND_AGAIN": "1",
        "LCT_ACCEPT_DRIFT": "true",
    }
    found["changed_year"] = whole_run(environment | changed, settings)
    if not keep:
        shutil.rmtree(data_dir)
    return found


def whole_run(
    environment: dict[str, str], settings: Settings, module: str = "benchmarks.run"
) -> Result:
    """One run of the pipeline, and the seconds of its stages as Dagster recorded them."""
    took, _ = measured(["-m", module, *(["run"] if module.endswith("cli") else [])], environment)
    with dg.DagsterInstance.from_config(str(settings.dagster_home)) as instance:
        [run] = instance.get_runs(limit=1)
        stages = seconds_by_step(instance, run.run_id)
    return {**took, "stages": stages, "around_the_stages": took["seconds"] - sum(stages.values())}


def demo(folder: Path, say: Say) -> Result:
    """From a clone to a publication, without setting up: the default demo, its world included."""
    say("the demo, from nothing to published")
    data_dir = folder / "data" / "demo"
    shutil.rmtree(data_dir, ignore_errors=True)
    environment = environment_with(LCT_DATA_DIR=str(data_dir))
    settings = load_settings(environment)
    first = whole_run(environment, settings, "orchestration.cli")
    say("the demo, nothing new")
    return {
        "first_run": first,
        "nothing_new": whole_run(environment, settings, "orchestration.cli"),
    }


def real_files(landing: Path, folder: Path, say: Say) -> Result:
    """The same for real files in a folder."""
    say("real files, the first run")
    data_dir = folder / "data" / "real"
    shutil.rmtree(data_dir, ignore_errors=True)
    environment = environment_with(
        LCT_DATA_DIR=str(data_dir), LCT_SOURCE="files", LCT_LANDING=str(landing)
    )
    settings = load_settings(environment)
    first = whole_run(environment, settings, "orchestration.cli")
    say("real files, nothing new")
    again = whole_run(environment, settings, "orchestration.cli")
    shutil.rmtree(data_dir)
    return {"first_run": first, "nothing_new": again}
