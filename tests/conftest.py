"""Shared fixtures: finished runs on real and on demo data, a server like the publishers'."""

from __future__ import annotations

import math
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from dagster import Definitions
from filelock import FileLock

from orchestration.build.dbt_project import dbt_manifest
from orchestration.landing.manifest import read_manifest
from orchestration.settings import PROJECT_ROOT, Settings, load_settings
from orchestration.sources.live import plan, world_bank
from tests.support.desk import TWO_SERIES, Desk
from tests.support.publishers_server import PublishersServer, gather
from tests.support.runs import (
    FinishedRun,
    built_once,
    corner_of,
    environment_of,
    land_small_demo,
    made_once,
    not_in_a_copy,
    shared_folder,
)


@pytest.fixture(scope="session")
def real_landing() -> Path:
    folder = Path(
        os.environ.get("LCT_REAL_LANDING") or PROJECT_ROOT / ".." / "shared" / "landing"
    ).resolve()
    if not folder.is_dir():
        pytest.skip(f"skipped: no real data at {folder}")
    return folder


@pytest.fixture(scope="session")
def external_checks() -> Path:
    """The folder with published results of others; their prices lie beside it."""
    folder = Path(
        os.environ.get("LCT_EXTERNAL_CHECKS") or PROJECT_ROOT / ".." / "shared" / "external"
    ).resolve()
    if not folder.is_dir():
        pytest.skip(f"skipped: no external data at {folder}")
    return folder


@pytest.fixture(scope="session")
def real_run(
    real_landing: Path, tmp_path_factory: pytest.TempPathFactory, worker_id: str
) -> FinishedRun:
    """The whole pipeline on the real landing, run as `make run` does. Never changed by a test.

    China's exports of solar cells and modules, by year and by month, lie beside it.
    """
    folder = shared_folder("real_files", tmp_path_factory, worker_id)
    with FileLock(f"{folder}.lock"):
        if not folder.exists():
            for part in (real_landing, real_landing.with_name("landing_solar")):
                if part.is_dir():
                    shutil.copytree(part, folder / part.name)
    return built_once("real", "files", folder, tmp_path_factory, worker_id)


@pytest.fixture(scope="session")
def demo_run(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> FinishedRun:
    """The whole pipeline on the synthetic world. Never changed by a test."""
    return built_once("demo", "demo", None, tmp_path_factory, worker_id)


@pytest.fixture(scope="session")
def small_demo_settings(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Settings:
    """Settings of a small demo that has not run. All workers share its folder.

    The dbt project is parsed there once, by whoever needs it first.
    """
    folder = shared_folder("small_demo", tmp_path_factory, worker_id)
    return load_settings(environment_of(folder, "demo"))


@pytest.fixture(scope="session")
def parsed_project(small_demo_settings: Settings) -> Settings:
    """The same, once the dbt project has been parsed there: to be copied (copy_parsed_project)."""
    dbt_manifest(small_demo_settings)
    return small_demo_settings


@pytest.fixture(scope="session")
def definitions(small_demo_settings: Settings) -> Definitions:
    """The code location. The environment is restored at once, so that no other test sees it."""
    before = dict(os.environ)
    os.environ.update(small_demo_settings.environment())
    try:
        from orchestration.definitions import build_definitions

        return build_definitions(small_demo_settings)
    finally:
        os.environ.clear()
        os.environ.update(before)


@pytest.fixture(scope="session")
def demo_landing(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """The files of the synthetic world in a landing zone, made once for all workers."""
    folder = shared_folder("demo_landing", tmp_path_factory, worker_id)
    return made_once(folder, lambda made: land_small_demo(made, 1992)) / "landing"


@pytest.fixture(scope="session")
def another_demo(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """The data folder of the synthetic world of another seed, 7, landed once for all workers.

    A test that changes it takes a copy.
    """
    folder = shared_folder("another_demo", tmp_path_factory, worker_id)
    return made_once(folder, lambda made: land_small_demo(made, 7))


@pytest.fixture(scope="session")
def corner_run(
    demo_landing: Path, tmp_path_factory: pytest.TempPathFactory, worker_id: str
) -> FinishedRun:
    """The whole pipeline on a corner of the demo, without regressions. Never changed by a test.

    It is for tests of how a run is carried out.
    """
    return built_once(
        "corner",
        "files",
        corner_of(demo_landing, tmp_path_factory.mktemp("corner") / "landing"),
        tmp_path_factory,
        worker_id,
    )


@pytest.fixture
def finished_corner(corner_run: FinishedRun, tmp_path: Path) -> Settings:
    """The data folder of a finished run on the corner of the demo, a copy to do things to."""
    shutil.copytree(
        corner_run.settings.data_dir, tmp_path / "data", symlinks=True, ignore=not_in_a_copy
    )
    return replace(corner_run.settings, data_dir=tmp_path / "data")


@pytest.fixture(scope="session")
def publishers_tables(
    demo_landing: Path, tmp_path_factory: pytest.TempPathFactory, worker_id: str
) -> Path:
    """What the local server serves: the synthetic world's files, gathered once for all workers."""
    folder = shared_folder("publishers", tmp_path_factory, worker_id)
    return made_once(folder, partial(gather, read_manifest(demo_landing / "manifest.json")))


@pytest.fixture
def server(publishers_tables: Path) -> Iterator[PublishersServer]:
    """A small world: four reporters, one year."""
    with PublishersServer(
        publishers_tables, years={1993}, reporters={156, 276, 97, 840, 842}
    ) as running:
        yield running


@pytest.fixture
def desk(tmp_path: Path, server: PublishersServer, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A data folder on the small world, with every eighth listed code and two World Bank series.

    The months of its year are requested too.
    """
    codes = tuple(sorted({*plan.listed_codes()[0][::8], *plan.TRIAL_CODES}))
    monkeypatch.setattr(plan, "listed_codes", lambda: (codes, len(codes)))
    monkeypatch.setattr(plan, "FIRST_MONTHLY_YEAR", 1993)
    monkeypatch.setattr(world_bank, "panel_indicators", lambda: TWO_SERIES)
    return Desk(tmp_path / "data", server)


def pytest_xdist_auto_num_workers() -> int:
    """One worker more than there are processors.

    Some tests wait for a browser, a server or Dagster's daemon.
    """
    return (os.cpu_count() or 1) + 1


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the long tests first, in the order of their marks.

    Workers take tests in pairs: of the first three, one makes the run on the corner, one the demo
    run, and one needs neither.
    """
    items.sort(
        key=lambda item: long.args[0] if (long := item.get_closest_marker("long")) else math.inf
    )


@pytest.fixture(scope="session")
def dbt() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run dbt from the project's root on a data folder: dbt(data_dir, "test", "--select", ...)."""

    def run(data_dir: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
        environment = environment_of(data_dir, "files", **settings) | {
            "DBT_TARGET_PATH": str(data_dir / "dbt"),
            "DBT_LOG_PATH": str(data_dir / "dbt"),
            "DO_NOT_TRACK": "1",
        }
        command = [str(Path(sys.executable).with_name("dbt")), *arguments]
        return subprocess.run(
            command, cwd=PROJECT_ROOT, env=environment, capture_output=True, text=True, timeout=600
        )

    return run
