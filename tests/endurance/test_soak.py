"""Repeated refreshes, some killed, under constant reading: analysts never see half a state.

A second publisher is at work all the time, and once the disk is full.
`make soak` does thirty refreshes; LCT_SOAK_REFRESHES sets another number.
"""

from __future__ import annotations

import csv
import gzip
import json
import multiprocessing
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.build import warehouse
from orchestration.build.warehouse import WarehouseError
from orchestration.cli.run import BYTES_OF_A_RUNS_RECORD, KEPT_RUNS
from orchestration.durable import DiskFullError
from orchestration.publishing.integrity import verify_publication
from orchestration.publishing.publication import KEPT_PUBLICATIONS, publish
from orchestration.settings import PROJECT_ROOT, Settings, load_settings
from tests.support.runs import (
    FinishedRun,
    corner_of,
    environment_of,
    not_in_a_copy,
    run_pipeline,
)
from tests.support.small_disk import filled_up, small_disk

READERS = 4
HOLD = 2.0  # seconds, at most, for which a reader keeps what it has opened
PUBLISHERS_PAUSE = 6.0  # seconds between two attempts of the second publisher
MEGABYTES = 1000  # of the disk that is filled up
FREE_BYTES = 12_000_000  # what the full disk has left: enough to start a refresh, not to end one
SEED = 1992

# Lines that a run prints. The first refreshes are killed at one of STAGES each; half of the later
# ones are killed up to KILL_DELAY seconds after one of MOMENTS, also when the publication has just
# been replaced.
STAGES = ("intermediate.int_trade_flows_classified",)
MOMENTS = (
    "Low-Carbon Trade Warehouse",
    "landed: ",
    "raw.baci_trade 20",
    "Running dbt",
    "marts.panel_country_year",
    "reconciled: ",
    "tables copied",
    *STAGES,
)
KILL_DELAY = 3

REFRESHES = int(os.environ.get("LCT_SOAK_REFRESHES") or len(STAGES) + 1)

# What the data folder may hold: Dagster records each run it keeps, dbt rotates its logs, and all
# else stays about as large as it was after SETTLED_AFTER completed refreshes. The few refreshes of
# `make test` end before that; growth is judged by `make soak`.
SETTLED_AFTER = 4
BYTES_OF_DBT_LOGS = 6 * 10_600_000
GROWTH_OF_ALL_ELSE = 1.5


@dataclass
class Readings:
    """What one reader has met: how often it read, which publications it saw, what was wrong."""

    count: int
    publications: set[str]
    faults: list[str]


def read_without_rest(published: Path, seed: int, stop: Any, readings: Any) -> None:
    """One reader, as the body of a process: open what is published, look at it, close it, repeat.

    When told to stop, it takes a last look.
    """
    os.nice(19)
    chance = random.Random(seed)
    found = Readings(0, set(), [])
    last = False
    while not last:
        last = stop.is_set()
        try:
            found.publications.add(look(published, chance))
            found.count += 1
        except Exception as error:
            found.faults.append(f"{type(error).__name__}: {error}")
    readings.put(found)


def look(published: Path, chance: random.Random) -> str:
    """Open the publication through the link, as an analyst does, and hold it open for a while.

    The rows of every table and the checksums of some must be those of one publication, and stay so
    while the file is open. Returns the publication's number.
    """
    before = provenance(published)
    with duckdb.connect(
        str(published / "warehouse.duckdb"), read_only=True, config={"threads": 1}
    ) as connection:
        # the link may be replaced between reading the provenance and opening the file, never twice
        candidates = {p["publication"]: p["tables"] for p in (before, provenance(published))}
        some = chance.sample(sorted(before["tables"]), 4)
        seen = contents(connection, some)
        matching = [
            number
            for number, tables in candidates.items()
            if seen == without_other_checksums(tables, some)
        ]
        assert matching, f"a mixed state: {seen} is of neither of {sorted(candidates)}"
        time.sleep(chance.uniform(0, HOLD))
        assert contents(connection, some) == seen, "the open file has changed"
    # the same for someone who takes the whole folder: each of its parts belongs to the others
    folder = published.resolve()
    said = provenance(folder)
    assert said["publication"] == folder.name
    with duckdb.connect(config={"threads": 1}) as connection:
        for name in chance.sample(sorted(said["tables"]), 4):
            [(rows,)] = connection.execute(
                "select count(*) "
                f"from read_parquet('{folder}/parquet/{name.replace('.', '/')}.parquet')"
            ).fetchall()
            assert rows == said["tables"][name]["rows"], name
    return matching[0]


def provenance(folder: Path) -> dict:
    return json.loads((folder / "provenance.json").read_text(encoding="utf-8"))


def contents(connection: duckdb.DuckDBPyConnection, some: list[str]) -> dict[str, dict]:
    """Rows of every table, and of some the checksum, as a publication's provenance states them."""
    found = {}
    for schema, table in connection.execute(
        "select schema_name, table_name from duckdb_tables() order by all"
    ).fetchall():
        [(rows,)] = connection.execute(f'select count(*) from {schema}."{table}"').fetchall()
        found[f"{schema}.{table}"] = {"rows": rows}
    for name in some:
        schema, table = name.split(".")
        [(content,)] = connection.execute(
            f'select coalesce(sum(hash(t)::hugeint), 0) from {schema}."{table}" as t'
        ).fetchall()
        found[name]["content"] = f"{content:x}"
    return found


def without_other_checksums(tables: dict[str, dict], some: list[str]) -> dict[str, dict]:
    return {
        name: table if name in some else {"rows": table["rows"]} for name, table in tables.items()
    }


def publish_without_rest(environment: dict[str, str], stop: Any, readings: Any) -> None:
    """A second publisher, as the body of a process: publish whatever is complete, repeat.

    That the layers are not complete, because a refresh is under way, is the only refusal it may
    meet.
    """
    os.nice(19)
    settings, found = load_settings(environment), Readings(0, set(), [])
    while not stop.wait(PUBLISHERS_PAUSE):
        try:
            found.publications.add(publish(settings).folder.name)
            found.count += 1
        except WarehouseError as error:
            if "are not complete" not in str(error):
                found.faults.append(str(error))
        except DiskFullError:
            pass  # as is to be expected while the disk is full
        except Exception as error:
            found.faults.append(f"{type(error).__name__}: {error}")
    readings.put(found)


@contextmanager
def second_publisher(environment: dict[str, str]) -> Iterator[list[Readings]]:
    """A publisher beside the refreshes; after the block, the list says what it met."""
    processes = multiprocessing.get_context("spawn")
    stop, queue, collected = processes.Event(), processes.Queue(), []
    process = processes.Process(
        target=publish_without_rest, args=(environment, stop, queue), daemon=True
    )
    process.start()
    try:
        yield collected
        stop.set()
        collected.append(queue.get(timeout=120))
    finally:
        process.kill()


@contextmanager
def disk_to_fill_up(folder: Path) -> Iterator[Path | None]:
    """A disk of its own for the data folder, or None where none can be mounted."""
    try:
        with small_disk(folder, MEGABYTES) as disk:
            yield disk
    except pytest.skip.Exception as skipped:
        print(f"no disk is filled up: {skipped}", flush=True)
        yield None


@contextmanager
def readers(published: Path) -> Iterator[list[Readings]]:
    """READERS processes read what is published; after the block, the list says what they met."""
    processes = multiprocessing.get_context("spawn")
    stop, queue, collected = processes.Event(), processes.Queue(), []
    started = [
        processes.Process(
            target=read_without_rest, args=(published, SEED + n, stop, queue), daemon=True
        )
        for n in range(READERS)
    ]
    for process in started:
        process.start()
    try:
        yield collected
        stop.set()
        collected += [queue.get(timeout=120) for _ in started]
    finally:
        for process in started:
            process.kill()


def kill(environment: dict[str, str], moment: str, delay: float, alone: bool) -> str | None:
    """Start a refresh and kill -9 it `delay` seconds after it has printed `moment`.

    It is killed alone (its dbt is left behind) or with all its processes. Returns how it was
    killed, or None if it had ended before.
    """
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "orchestration.cli", "run"],
        cwd=PROJECT_ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        # a line of what an earlier run that was killed has done already does not come again
        if any(moment in line for line in process.stdout):
            time.sleep(delay)
        else:
            assert process.wait() == 0, "the run has failed by itself"
    finally:
        if process.poll() is None:
            (os.kill if alone else os.killpg)(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()
    return (
        f"killed {'alone' if alone else 'with its group'} {delay:.1f} s after {moment}"
        if process.returncode == -signal.SIGKILL
        else None
    )


def two_states(demo_landing: Path, folder: Path) -> list[Path]:
    """Two landing folders that differ in one year of BACI, within the bounds of drift.

    The difference is as small as a publisher's correction.
    """
    original, corrected = corner_of(demo_landing, folder / "original"), folder / "corrected"
    [year] = original.glob("BACI*2021*")
    shutil.copytree(original, corrected)
    with (
        gzip.open(year, "rt", newline="") as source,
        gzip.open(corrected / year.name, "wt", newline="") as target,
    ):
        rows = csv.DictReader(source)
        written = csv.DictWriter(target, rows.fieldnames, lineterminator="\n")
        written.writeheader()
        written.writerows({**row, "v": f"{float(row['v']) * 1.02:.3f}"} for row in rows)
    return [original, corrected]


def bytes_held(settings: Settings) -> dict[str, int]:
    """Bytes below each part of the data folder; dbt's logs, which it rotates, apart."""
    held: dict[str, int] = {"dbt logs": 0}
    for path in settings.data_dir.rglob("*"):
        if path.is_file() and not path.is_symlink():
            part = (
                "dbt logs"
                if path.name.startswith("dbt.log")
                else path.relative_to(settings.data_dir).parts[0]
            )
            held[part] = held.get(part, 0) + path.stat().st_size
    return held


def assert_bounded(held: list[dict[str, int]]) -> None:
    """The bytes held after each completed refresh: bounded at the end, and grown no more."""
    last = held[-1]
    assert last["dagster"] <= BYTES_OF_A_RUNS_RECORD * (min(REFRESHES, KEPT_RUNS) + 1), held
    assert last["dbt logs"] <= BYTES_OF_DBT_LOGS, held
    if len(held) > SETTLED_AFTER:
        settled = held[SETTLED_AFTER - 1]
        assert all(
            size <= GROWTH_OF_ALL_ELSE * settled.get(part, 0)
            for part, size in last.items()
            if part not in ("dagster", "dbt logs")
        ), held
    else:
        print(f"growth is not judged: {len(held)} refreshes were completed", flush=True)


def refresh_on_a_full_disk(settings: Settings, environment: dict[str, str]) -> None:
    """A refresh that runs out of space says so in one sentence, and what is published stays."""
    started, full = time.monotonic(), ExitStack()
    before = settings.published_dir.resolve(), verify_publication(settings.published_dir)
    with warehouse.exclusive(settings.build_path):  # what another publisher writes would be freed
        full.enter_context(filled_up(settings.data_dir, FREE_BYTES))
    with full:
        done = run_pipeline(environment)
    assert done.returncode != 0, "there was enough space"
    assert "the disk is full: " in done.stdout, done.stdout[-3000:] + done.stderr[-3000:]
    # stderr may hold what Dagster cannot clean up without its records
    assert "Traceback" not in done.stdout
    assert (
        settings.published_dir.resolve(),
        verify_publication(settings.published_dir),
    ) == before
    [said] = {line for line in done.stdout.splitlines() if "the disk is full: " in line}
    print(f"{time.monotonic() - started:.0f} s on a full disk: {said}", flush=True)


@pytest.mark.long(1)
def test_refreshes_in_a_row_with_readers_kills_and_a_second_publisher(
    demo_landing: Path, corner_run: FinishedRun, tmp_path: Path
) -> None:
    """Refreshes go back and forth between two states of the data.

    The finished run they begin with is the undisturbed one.
    """
    with disk_to_fill_up(tmp_path / "disk") as disk:
        data_dir = (disk or tmp_path) / "data"
        shutil.copytree(
            corner_run.settings.data_dir,
            data_dir,
            symlinks=True,
            ignore=not_in_a_copy,
        )
        states = two_states(demo_landing, tmp_path / "landing")
        refreshes_in_a_row(
            [environment_of(data_dir, "files", state) for state in states],
            can_be_filled_up=disk is not None,
        )


def refreshes_in_a_row(environments: list[dict[str, str]], can_be_filled_up: bool) -> None:
    settings = load_settings(environments[0])
    chance = random.Random(SEED)
    expected = {0: provenance(settings.published_dir)["tables"]}
    held: list[dict[str, int]] = []
    completed, kills = 1, 0

    def refresh(note: str) -> None:
        """A refresh left alone must bring the state that is due, which the next one replaces."""
        nonlocal completed
        state, started = completed % 2, time.monotonic()
        done = run_pipeline(environments[state])
        assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-5000:]
        tables = provenance(settings.published_dir)["tables"]
        assert tables == expected.setdefault(state, tables), (
            "the same files have given another publication"
        )
        completed += 1
        with warehouse.exclusive(settings.build_path):  # no other publisher is at work
            held.append(bytes_held(settings))
        print(
            f"{note}: {time.monotonic() - started:.0f} s, publication "
            f"{settings.published_dir.resolve().name}, MB held: "
            f"{ ({part: round(size / 1e6, 1) for part, size in held[-1].items()}) }",
            flush=True,
        )

    with (
        readers(settings.published_dir) as met,
        second_publisher(environments[0]) as beside,
    ):
        for number in range(1, REFRESHES + 1):
            if number <= len(STAGES):
                manner = (STAGES[number - 1], 0.0, bool(number % 2))
            elif number < REFRESHES - 1 and chance.random() < 0.5:
                manner = (
                    chance.choice(MOMENTS),
                    chance.uniform(0, KILL_DELAY),
                    chance.random() < 0.5,
                )
            else:
                manner = None
            if number == len(STAGES) + 1 and can_be_filled_up:
                refresh_on_a_full_disk(settings, environments[completed % 2])
            killed = manner and kill(environments[completed % 2], *manner)
            if killed:
                kills += 1
                print(f"refresh {number}: {killed}", flush=True)
            else:
                refresh(f"refresh {number}")
        if completed % 2 == 0:
            refresh("back to the state of the beginning")

    assert kills >= len(STAGES)
    assert expected[0] != expected[1], "the correction does not show in what is published"
    assert provenance(settings.published_dir)["tables"] == expected[0]
    assert [fault for other in (*met, *beside) for fault in other.faults] == []
    assert all(reader.count > completed for reader in met), [reader.count for reader in met]
    assert set.union(*(reader.publications for reader in met)) >= {
        settings.published_dir.resolve().name
    }
    print(
        "readers:",
        ", ".join(
            f"{reader.count} readings of {len(reader.publications)} publications" for reader in met
        ),
        flush=True,
    )

    print(f"second publisher: {beside[0].count} publications found or made", flush=True)
    assert verify_publication(settings.published_dir) == []

    kept = sorted(p.name for p in (settings.data_dir / "publications").iterdir())
    assert len(kept) <= KEPT_PUBLICATIONS
    assert settings.published_dir.resolve().name == kept[-1]
    assert_bounded(held)
