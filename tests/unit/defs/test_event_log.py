"""Dagster's record of events: what Dagster's own storage keeps, and nothing of it lost."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

import dagster as dg
import pytest

from orchestration.cli.environment import prepare_environment
from orchestration.defs.event_log import EventLog
from orchestration.settings import PROJECT_ROOT, load_settings


@dg.asset
def number() -> int:
    return 1


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    with monkeypatch.context() as patched:
        settings = load_settings({"LCT_DATA_DIR": str(tmp_path / "data with 'blanks' and 数据")})
        for name in settings.environment():
            patched.setenv(name, os.environ.get(name, ""))  # put back afterwards
        prepare_environment(settings)
        yield settings.dagster_home


def materialised(instance: dg.DagsterInstance) -> int:
    return len(
        instance.get_event_records(
            dg.EventRecordsFilter(dg.DagsterEventType.ASSET_MATERIALIZATION, asset_key=number.key)
        )
    )


def test_what_is_recorded_is_read_by_another_instance(home: Path) -> None:
    with dg.DagsterInstance.get() as writer, dg.DagsterInstance.get() as reader:
        assert isinstance(writer.event_log_storage, EventLog)
        runs = [dg.materialize([number], instance=writer).run_id for _ in range(2)]
        assert materialised(reader) == 2, "while the first is still open"
        for run in runs:
            assert reader.all_logs(run) == writer.all_logs(run) != []
        writer.delete_run(runs[0])
        assert reader.all_logs(runs[0]) == []
    with dg.DagsterInstance.get() as later:
        assert later.all_logs(runs[1])
        later.wipe()
        assert materialised(later) == 0
        assert dg.materialize([number], instance=later).success


def test_it_reads_and_goes_on_with_what_dagster_recorded_itself(home: Path) -> None:
    own = home / "dagster.yaml"
    ours = own.read_text()
    own.write_text("telemetry: {enabled: false}")
    with dg.DagsterInstance.get() as instance:
        assert not isinstance(instance.event_log_storage, EventLog)
        run = dg.materialize([number], instance=instance).run_id
    own.write_text(ours)
    with dg.DagsterInstance.get() as instance:
        assert isinstance(instance.event_log_storage, EventLog)
        assert instance.all_logs(run)
        dg.materialize([number], instance=instance)
        assert materialised(instance) == 2


def test_threads_take_turns(home: Path) -> None:
    def report(instance: dg.DagsterInstance) -> None:
        for _ in range(5):
            instance.report_runless_asset_event(dg.AssetMaterialization(number.key))

    with dg.DagsterInstance.get() as instance:
        with ThreadPoolExecutor(4) as pool:
            for done in [pool.submit(report, instance) for _ in range(4)]:
                done.result(60)
        assert materialised(instance) == 20


def test_what_was_recorded_before_a_kill_is_there(home: Path) -> None:
    program = (
        "import dagster as dg, time\n"
        "instance = dg.DagsterInstance.get()\n"
        "for i in range(3):\n"
        "    instance.report_runless_asset_event(dg.AssetMaterialization('number'))\n"
        "print('recorded', flush=True)\n"
        "time.sleep(60)\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, cwd=PROJECT_ROOT
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"recorded\n"
    process.send_signal(signal.SIGKILL)
    process.wait()
    with dg.DagsterInstance.get() as instance:
        assert materialised(instance) == 3


def test_a_page_that_watches_a_run_sees_its_events_as_they_come(home: Path) -> None:
    seen: list[str] = []
    run_id = str(uuid4())
    with dg.DagsterInstance.get() as writer, dg.DagsterInstance.get() as page:
        page.watch_event_logs(run_id, None, lambda entry, _: seen.append(entry.message))
        job = dg.Definitions([number]).resolve_implicit_global_asset_job_def()
        job.execute_in_process(instance=writer, run_id=run_id)
        deadline = time.monotonic() + 20
        while not any("Finished execution" in message for message in seen):
            assert time.monotonic() < deadline, seen
            time.sleep(0.05)


def test_databases_are_those_of_dagster(home: Path) -> None:
    with dg.DagsterInstance.get() as instance:
        run = dg.materialize([number], instance=instance).run_id
    for name in ("index", run):
        with sqlite3.connect(home / "history" / "runs" / f"{name}.db") as connection:
            assert connection.execute("pragma journal_mode").fetchone() == ("wal",)
            [(events,)] = connection.execute("select count(*) from event_logs").fetchall()
            assert events
