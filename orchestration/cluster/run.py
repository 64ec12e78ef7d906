"""A whole run on Spark: raw Parquet handed over, dbt's build, and the results beside DuckDB's."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass

import duckdb

from orchestration.cluster import standalone
from orchestration.cluster.comparison import Comparison, compare
from orchestration.cluster.dbt_runs import SparkRunError, build
from orchestration.cluster.distribution import DRIVER, tasks_by_executor
from orchestration.cluster.handover import hand_over
from orchestration.cluster.places import places_of
from orchestration.cluster.session import spark_session
from orchestration.durable import file_lock
from orchestration.settings import Settings


@dataclass(frozen=True)
class Outcome:
    """What a run on Spark did, and how long its stages took."""

    master: str
    files: int
    models: int
    tests: dict[str, int]
    tasks: dict[str, int]
    comparison: Comparison
    seconds: dict[str, float]


def run_on_spark(
    settings: Settings,
    with_cluster: bool,
    say: Callable[[str], None],
    left_out: tuple[str, ...] = (),
) -> Outcome:
    """Build and test everything on Spark, and compare it with the build file.

    `with_cluster` starts a master and two workers on this machine instead of using the master that
    the settings name; `left_out` are data tests, as dbt selects them. Raises SparkRunError if a
    model or a blocking test fails, if a test ends otherwise than on DuckDB, if a table differs, or
    if one executor of a cluster did nothing.
    """
    if not settings.build_path.exists():
        raise SparkRunError(f"{settings.build_path}: nothing has been loaded yet; first: make run")
    seconds: dict[str, float] = {}
    started = time.monotonic()

    def stage(name: str) -> None:
        nonlocal started
        seconds[name], started = time.monotonic() - started, time.monotonic()
        say(f"{name}: {seconds[name]:.0f} s")

    with ExitStack() as running:
        # what is compared with stays as it is until then
        running.enter_context(file_lock(settings.build_path.with_name("writer.lock"), say))
        places = places_of(settings)
        master, more = settings.spark_master, {}
        if with_cluster:
            folder = places.local / "cluster"
            master = running.enter_context(standalone.standalone_cluster(folder))
            more = standalone.SESSION
            stage("cluster started")
        session = running.enter_context(spark_session(master, places, more))
        stage("session started")
        files = hand_over(session, settings.build_path, places)
        stage("raw tables handed over")
        results = build(settings, places, left_out)
        stage("seeds, models and data tests")
        comparison = compare(session, settings.build_path, places.scratch)
        stage("results compared")
    tasks = dict(tasks_by_executor(places.events))
    outcome = Outcome(
        master,
        sum(files.values()),
        results["model", "success"],
        {status: results["test", status] for status in ("pass", "warn")},
        tasks,
        comparison,
        seconds,
    )
    faults = [*comparison.differences, *_faults(settings, outcome, with_cluster, bool(left_out))]
    if faults:
        raise SparkRunError("Spark and DuckDB differ:\n" + "\n".join(f"  {f}" for f in faults))
    return outcome


def _faults(
    settings: Settings, outcome: Outcome, with_cluster: bool, without_some_tests: bool
) -> list[str]:
    """Tests that ended otherwise than on DuckDB, and executors without work."""
    faults = []
    with duckdb.connect(str(settings.build_path), read_only=True) as connection:
        recorded = connection.execute(
            "select detail from operations.completed_layers where layer = 'models'"
        ).fetchall()
    if not recorded:
        faults.append("the models of the build file are not complete; first: make run")
    else:
        [(detail,)] = recorded
        on_duckdb = {status: json.loads(detail)[status] for status in outcome.tests}
        if on_duckdb != outcome.tests and not without_some_tests:
            faults.append(f"data tests: {on_duckdb} on DuckDB, {outcome.tests} on Spark")
    if with_cluster and len(set(outcome.tasks) - {DRIVER}) < standalone.WORKERS:
        faults.append(f"not distributed: tasks by executor {outcome.tasks}")
    return faults
