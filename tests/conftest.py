"""Shared fixtures: warehouses built once on real and on demo data, and small landing zones."""

from __future__ import annotations

import math
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
import pytest
from dagster import Definitions
from filelock import FileLock

from orchestration.settings import PROJECT_ROOT, Settings, load_settings

sys.path.insert(0, str(Path(__file__).parent))


@dataclass(frozen=True)
class World:
    """A finished run: its settings, what it printed, and how to ask what it published."""

    settings: Settings
    output: str

    def ask(self, sql: str, parameters: list | None = None) -> list[tuple]:
        with duckdb.connect(
            str(self.settings.published_dir / "warehouse.duckdb"), read_only=True
        ) as connection:
            return connection.execute(sql, parameters or []).fetchall()


def environment_of(
    data_dir: Path, source: str, landing: Path | None = None, **settings: str
) -> dict[str, str]:
    """A clean environment for a separate run, free of the caller's settings.

    The tests use the small demo: the same regressions, fewer products per economy.
    """
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("LCT_", "DAGSTER_", "DBT_"))}
    return {
        **kept,
        "LCT_DATA_DIR": str(data_dir),
        "LCT_SOURCE": source,
        "LCT_DEMO_SCALE": "small",
        "PYTHONHASHSEED": "0",
        **({"LCT_LANDING": str(landing)} if landing else {}),
        **settings,
    }


def run_pipeline(environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "orchestration.run"],
        cwd=PROJECT_ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
    )


@pytest.fixture(scope="session")
def real_landing() -> Path:
    folder = Path(
        os.environ.get("LCT_REAL_LANDING") or PROJECT_ROOT / ".." / "shared" / "landing"
    ).resolve()
    if not folder.is_dir():
        pytest.skip(f"skipped: no real data at {folder}")
    return folder


def _world(data_dir: Path, source: str, landing: Path | None = None) -> World:
    environment = environment_of(data_dir, source, landing)
    done = run_pipeline(environment)
    assert done.returncode == 0, done.stdout + done.stderr
    return World(load_settings(environment), done.stdout)


def _built_once(
    name: str,
    source: str,
    landing: Path | None,
    tmp_path_factory: pytest.TempPathFactory,
    worker: str,
) -> World:
    """A world that is built by the first worker of the test run that needs it and read by all."""
    if worker == "master":
        return _world(tmp_path_factory.mktemp(name), source, landing)
    folder = tmp_path_factory.getbasetemp().parent / name
    with FileLock(f"{folder}.lock"):
        if not (folder / "output.txt").exists():
            world = _world(folder, source, landing)
            (folder / "output.txt").write_text(world.output)
            return world
    return World(
        load_settings(environment_of(folder, source, landing)), (folder / "output.txt").read_text()
    )


@pytest.fixture(scope="session")
def real_world(
    real_landing: Path, tmp_path_factory: pytest.TempPathFactory, worker_id: str
) -> World:
    """The whole pipeline on the real landing, run as `make run` does. Never changed by a test."""
    return _built_once("real", "files", real_landing, tmp_path_factory, worker_id)


@pytest.fixture(scope="session")
def demo_world(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> World:
    """The whole pipeline on the synthetic world. Never changed by a test."""
    return _built_once("demo", "demo", None, tmp_path_factory, worker_id)


@pytest.fixture(scope="session")
def definitions(tmp_path_factory: pytest.TempPathFactory) -> Definitions:
    """The code location on the settings of a small demo.

    The environment is restored at once, so that no other test sees it.
    """
    before = dict(os.environ)
    os.environ.update(environment_of(tmp_path_factory.mktemp("definitions"), "demo"))
    try:
        from orchestration.definitions import build_definitions

        return build_definitions(load_settings())
    finally:
        os.environ.clear()
        os.environ.update(before)


def corner_of(demo: World, folder: Path) -> Path:
    """A landing folder with one demo year each of BACI and UN Comtrade, and no indicators.

    The whole pipeline takes half a minute on it.
    """
    folder.mkdir(parents=True)
    for path in [
        *demo.settings.landing_dir.glob("baci/demo/*2021*"),
        *demo.settings.landing_dir.glob("baci/demo/country_codes*"),
        *demo.settings.landing_dir.glob("comtrade/demo/*2022*"),
    ]:
        shutil.copy(path, folder)
    return folder


@pytest.fixture(scope="session")
def corner_world(
    demo_world: World, tmp_path_factory: pytest.TempPathFactory, worker_id: str
) -> World:
    """The whole pipeline on a corner of the demo, without regressions. Never changed by a test.

    It is for tests of how a run is carried out.
    """
    return _built_once(
        "corner",
        "files",
        corner_of(demo_world, tmp_path_factory.mktemp("corner") / "landing"),
        tmp_path_factory,
        worker_id,
    )


@pytest.fixture
def finished(corner_world: World, tmp_path: Path) -> Settings:
    """The data folder of a finished run on the corner of the demo, a copy to do things to."""
    shutil.copytree(
        corner_world.settings.data_dir,
        tmp_path / "data",
        symlinks=True,
        ignore=shutil.ignore_patterns("dagster", "dbt_target"),
    )
    return replace(corner_world.settings, data_dir=tmp_path / "data")


def pytest_xdist_auto_num_workers() -> int:
    """One worker more than there are processors.

    Some tests wait for a browser, a server or Dagster's daemon.
    """
    return (os.cpu_count() or 1) + 1


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the long tests first, in the order of their marks.

    Workers take tests in pairs: one builds the demo, one the real world, one needs neither.
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
