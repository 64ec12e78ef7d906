"""`lct run`, `make run`: the whole pipeline, from landing to publication, in one process.

A person sees what it does, a bar below that on a terminal, and a summary; a program gets the same
on standard error and one JSON object.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from rich.console import Console

from orchestration.cli.environment import prepare_environment
from orchestration.cli.exit_codes import FAILED, MISUSED
from orchestration.cli.printing import json_text, print_error
from orchestration.durable import explaining_full_disk, file_lock
from orchestration.errors import ExplainedError
from orchestration.settings import SettingError, Settings, load_settings

if TYPE_CHECKING:
    import dagster as dg

Stream = Literal["stdout", "stderr"]

LAUNCHED_BY = "lct/launched_by"

# two years of monthly refreshes; Dagster records the events of every run and never deletes any
KEPT_RUNS = 24
BYTES_OF_A_RUNS_RECORD = 15_000_000


def main(as_json: bool = False) -> int:
    """Run the job `refresh` with the settings from the environment.

    Returns the process's exit status, 0 only if everything succeeded.
    """
    console = Console(soft_wrap=True, stderr=as_json)
    # before the environment is prepared for child processes
    had_fixed_hashes = os.environ.get("PYTHONHASHSEED") == "0"
    try:
        settings = load_settings()
        # what has no better name for a full disk is Dagster's record of the run
        with explaining_full_disk(settings.dagster_home, BYTES_OF_A_RUNS_RECORD):
            prepare_environment(settings)
            return _run(settings, console, had_fixed_hashes, as_json)
    except ExplainedError as error:
        if as_json:
            print_error(error, is_json=True)
        else:
            console.print(str(error), style="red", markup=False)
        return MISUSED if isinstance(error, SettingError) else FAILED


def _run(settings: Settings, console: Console, had_fixed_hashes: bool, as_json: bool) -> int:
    started = time.monotonic()
    if not had_fixed_hashes:
        command = [sys.executable, "-m", "orchestration.cli", "run"]
        os.execv(sys.executable, [*command, "--json"] if as_json else command)
    console.print(
        f"Low-Carbon Trade Warehouse: source {settings.source}, data in {settings.data_dir}",
        style="bold",
        markup=False,
    )
    warnings.filterwarnings("ignore")
    import dagster as dg

    from orchestration.build.warehouse import DamagedBuildFileError
    from orchestration.cli.status import status_of
    from orchestration.cli.summary import (
        failed_steps,
        has_failed_by,
        print_failure,
        print_summary,
    )
    from orchestration.definitions import defs

    stream: Stream = "stderr" if as_json else "stdout"
    loaded = time.monotonic()
    with (
        file_lock(settings.dagster_home / "make_run.lock", console.print),
        dg.DagsterInstance.get() as instance,
    ):
        close_killed_runs(instance)
        delete_old_runs(instance)
        result = refresh(instance, defs, stream)
        if has_failed_by(result, DamagedBuildFileError):
            print_failure(console, result, settings)
            console.print("The build file is rebuilt.", style="bold", markup=False)
            result = refresh(instance, defs, stream)
        stages = {"start-up": loaded - started, **seconds_by_step(instance, result.run_id)}
    if not result.success:
        print_failure(console, result, settings)
        if as_json:
            failed = (f"{step}: {message}" for step, message in failed_steps(result).items())
            print_error("; ".join(failed), is_json=True)
        return FAILED
    [published] = result.asset_materializations_for_node("published__warehouse")
    is_new = bool(published.metadata["content_changed"].value)
    seconds = time.monotonic() - started
    status = print_summary(console, settings, stages, seconds, is_new)
    if as_json:
        run = {"is_new": is_new, "seconds": seconds, "stages": stages}
        print(json_text({"run": run, **status_of(settings)}))
    return status


def refresh(
    instance: dg.DagsterInstance, defs: dg.Definitions, stream: Stream = "stdout"
) -> dg.ExecuteInProcessResult:
    """The job `refresh` for every year, in this process; what it says goes to `stream`.

    dbt prints every test: its output is hidden, the progress logger shows the models, and dbt's
    log holds everything.
    """
    from orchestration.cli.progress_bar import bar_below
    from orchestration.defs.policies import every_year
    from orchestration.defs.progress import terminal

    with (
        open(os.devnull, "w") as nowhere,
        contextlib.redirect_stdout(nowhere),
        bar_below(terminal(stream)),
    ):
        return defs.resolve_job_def("refresh").execute_in_process(
            instance=instance,
            raise_on_error=False,
            run_config={"loggers": {"progress": {"config": {"stream": stream}}}},
            # Dagster's daemon would retry a run whose process was killed; this one is to be
            # restarted by hand
            tags={LAUNCHED_BY: "make run", "dagster/max_retries": "0", **every_year()},
        )


def seconds_by_step(instance: dg.DagsterInstance, run_id: str) -> dict[str, float]:
    """How long each finished step of a run took."""
    return {
        step.step_key: step.end_time - step.start_time
        for step in instance.get_run_step_stats(run_id)
        if step.start_time and step.end_time
    }


def close_killed_runs(instance: dg.DagsterInstance) -> None:
    """Mark killed runs of `make run` as failed and free the pool slots they still hold in Dagster.

    Only one `make run` works on a data folder at a time, so a run that an earlier one left
    unfinished has no process any more.
    """
    import dagster as dg

    for run in instance.get_runs(
        dg.RunsFilter(
            statuses=[
                dg.DagsterRunStatus.STARTED,
                dg.DagsterRunStatus.STARTING,
                dg.DagsterRunStatus.NOT_STARTED,
            ],
            tags={LAUNCHED_BY: "make run"},
        )
    ):
        instance.report_run_failed(run, "the process was killed before the run ended")
        instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)


def delete_old_runs(instance: dg.DagsterInstance) -> None:
    """Delete Dagster's records of all but the last KEPT_RUNS runs of `make run`.

    Runs launched in the web interface are kept; they can be deleted there.
    """
    import dagster as dg

    for run in instance.get_runs(dg.RunsFilter(tags={LAUNCHED_BY: "make run"}))[KEPT_RUNS:]:
        instance.delete_run(run.run_id)
        shutil.rmtree(Path(instance.storage_directory()) / run.run_id, ignore_errors=True)
