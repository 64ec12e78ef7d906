"""`make run` and Dagster's records of the runs before it."""

from __future__ import annotations

import os
import sqlite3
from functools import partial
from pathlib import Path

import dagster as dg
import pytest

from orchestration.durable import file_lock
from orchestration.settings import Settings, load_settings
from tests.support.runs import copy_parsed_project, environment_of


def test_a_killed_run_gives_its_place_in_the_pool_back(tmp_path: Path) -> None:
    """A killed run is still "started" in Dagster and still holds the writer's pool.

    The next run frees it.
    """
    from orchestration.cli.run import LAUNCHED_BY, close_killed_runs, prepare_environment

    settings = load_settings(environment_of(tmp_path, "demo"))
    before = dict(os.environ)
    try:
        prepare_environment(settings)
        with dg.DagsterInstance.get() as instance:
            instance.event_log_storage.set_concurrency_slots("duckdb_writer", 1)
            killed = instance.add_run(
                dg.DagsterRun(
                    job_name="refresh",
                    status=dg.DagsterRunStatus.STARTED,
                    tags={LAUNCHED_BY: "make run"},
                )
            )
            other = instance.add_run(
                dg.DagsterRun(job_name="refresh", status=dg.DagsterRunStatus.STARTED)
            )
            assert instance.event_log_storage.claim_concurrency_slot(
                "duckdb_writer", killed.run_id, "models"
            ).is_claimed
            close_killed_runs(instance)
            assert instance.get_run_by_id(killed.run_id).status == dg.DagsterRunStatus.FAILURE
            assert instance.get_run_by_id(other.run_id).status == dg.DagsterRunStatus.STARTED, (
                "runs of dagster dev are Dagster's own to watch"
            )
            assert instance.event_log_storage.claim_concurrency_slot(
                "duckdb_writer", "another-run", "models"
            ).is_claimed
    finally:
        os.environ.clear()
        os.environ.update(before)


def test_dagsters_record_of_old_runs_is_forgotten(tmp_path: Path) -> None:
    """The last runs of `make run` are kept; runs launched in the web interface are left alone."""
    from orchestration.cli.run import KEPT_RUNS, LAUNCHED_BY, delete_old_runs

    with dg.instance_for_test(temp_dir=str(tmp_path)) as instance:
        by_hand = instance.add_run(
            dg.DagsterRun(job_name="refresh", status=dg.DagsterRunStatus.SUCCESS)
        )
        ours = [
            instance.add_run(
                dg.DagsterRun(
                    job_name="refresh",
                    status=dg.DagsterRunStatus.SUCCESS,
                    tags={LAUNCHED_BY: "make run"},
                )
            )
            for _ in range(KEPT_RUNS + 2)
        ]
        delete_old_runs(instance)
        assert {run.run_id for run in instance.get_runs()} == {
            by_hand.run_id,
            *(run.run_id for run in ours[2:]),
        }


@pytest.mark.slow
def test_a_lock_held_too_long_is_one_sentence_and_a_status(
    parsed_project: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    from orchestration.cli import run

    copy_parsed_project(parsed_project, tmp_path)
    before = dict(os.environ)
    try:
        os.environ.update(environment_of(tmp_path, "demo"))
        monkeypatch.setattr(run, "file_lock", partial(file_lock, wait_seconds=0.2))
        with file_lock(tmp_path / "dagster" / "make_run.lock"):
            assert run.main() == 1
        printed = capsys.readouterr().out.splitlines()
        assert printed[-2:] == [
            "another run is using this warehouse; waiting for it to finish",
            f"{tmp_path}/dagster/make_run.lock: another run was still in progress after 0 s. "
            "Let it finish or stop it, then run again.",
        ]
    finally:
        os.environ.clear()
        os.environ.update(before)


def test_a_full_disk_while_dagster_keeps_its_records_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from orchestration.cli import run

    def full(*_: object) -> int:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setenv("LCT_DATA_DIR", str(tmp_path))
    monkeypatch.setattr(run, "_run", full)
    assert run.main() == 1
    [sentence] = capsys.readouterr().out.splitlines()
    assert sentence.startswith(f"{tmp_path}/dagster: the disk is full: ")
    assert sentence.endswith("about 15.0 MB are needed. Free space and run again.")
