"""Finished runs of the whole pipeline that tests read, and the environment they are made in."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from filelock import FileLock

from orchestration.build.dbt_project import PARSED
from orchestration.landing.manifest import read_manifest
from orchestration.landing.synthetic_mark import MARK_COLUMN
from orchestration.settings import PROJECT_ROOT, Settings, load_settings

COVERAGE = "COVERAGE_PROCESS"  # by variables that begin so, coverage starts in child processes
CHILD_PROCESSES = Path(__file__).with_name("child_processes")
RUNS_WITH_A_PAGE = ("demo", "real")  # it takes seconds of every publication
LCT = "from orchestration.cli.__main__ import app; app()"


@dataclass(frozen=True)
class FinishedRun:
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

    The tests use the small demo: the same regressions, fewer products per economy. Coverage is not
    measured in it, for that makes dbt and Dagster slower by half.
    """
    ours = ("LCT_", "DAGSTER_", "DBT_", COVERAGE)
    kept = {k: v for k, v in os.environ.items() if not k.startswith(ours)}
    return {
        **kept,
        "LCT_DATA_DIR": str(data_dir),
        "LCT_SOURCE": source,
        "LCT_DEMO_SCALE": "small",
        "LCT_REPORT_PAGE": "false",
        "PYTHONHASHSEED": "0",
        **({"LCT_LANDING": str(landing)} if landing else {}),
        **settings,
    }


def run_pipeline(
    environment: dict[str, str],
    is_measured: bool = False,
    project: Path = PROJECT_ROOT,
    before: str = "",
    options: tuple[str, ...] = (),
) -> subprocess.CompletedProcess[str]:
    """`lct run` with `options`, of a copy of the project if one is given.

    Some lines of Python may come `before` it.

    Where it is measured, what it covers of the code counts, if the tests' coverage is measured at
    all: that takes a sixth of its time.
    """
    measured = {k: v for k, v in os.environ.items() if k.startswith(COVERAGE)}
    if measured:
        paths = [str(CHILD_PROCESSES), *filter(None, [environment.get("PYTHONPATH")])]
        measured["PYTHONPATH"] = os.pathsep.join(paths)
    return subprocess.run(
        [sys.executable, "-c", f"{before}\n{LCT}", "run", *options],
        cwd=project,
        env=environment | (measured if is_measured else {}),
        capture_output=True,
        text=True,
        timeout=600,
    )


# what dbt and Dagster need of an earlier run's dbt, by folder
KEPT_OF_DBT = {
    "dbt_target": ("manifest-", "run"),
    "run": (PARSED, "project_root.txt"),
}


def not_in_a_copy(folder: str, names: list[str]) -> set[str]:
    """What a copy of a data folder does without: Dagster's history, and what dbt left of its runs.

    What the project was parsed to comes along: each copy would take seconds to parse it again.
    """
    if kept := KEPT_OF_DBT.get(Path(folder).name):
        return {name for name in names if not name.startswith(kept)}
    return {"dagster"}


def copy_parsed_project(parsed: Settings, data_dir: Path) -> None:
    """Start a data folder with what the project has been parsed to, for what needs no more of dbt.

    dbt's own runs in another folder would read the project again.
    """
    target = data_dir / parsed.dbt_target_dir.relative_to(parsed.data_dir)
    shutil.copytree(parsed.dbt_target_dir, target, ignore=not_in_a_copy)


def altered_project(folder: Path, file: str, old: str, new: str) -> Path:
    """A copy of the project in which one text of one file is replaced by another."""
    parts = ("dbt_project", "orchestration", "estimation", "seeds", "tests/data")
    for part in parts:
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(PROJECT_ROOT / part, folder / part, ignore=ignored)
    for name in ("dbt_project.yml", "profiles.yml", "pyproject.toml", "CITATION.cff"):
        shutil.copy(PROJECT_ROOT / name, folder)
    text = (folder / file).read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{file}: {old!r} stands {text.count(old)} times"
    (folder / file).write_text(text.replace(old, new), encoding="utf-8")
    return folder


def _finished(environment: dict[str, str], is_measured: bool) -> str:
    done = run_pipeline(environment, is_measured)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def shared_folder(name: str, tmp_path_factory: pytest.TempPathFactory, worker: str) -> Path:
    """A folder that all workers of this session of tests know, and a lock `folder`.lock beside it.

    It is not created.
    """
    root = tmp_path_factory.getbasetemp()
    return (root if worker == "master" else root.parent) / name


def made_once(folder: Path, make: Callable[[Path], object]) -> Path:
    """The shared `folder`, which `make` has filled for the first worker that needed it."""
    with FileLock(f"{folder}.lock"):
        if not (folder / "finished").exists():
            folder.mkdir(exist_ok=True)
            make(folder)
            (folder / "finished").touch()
    return folder


def built_once(
    name: str,
    source: str,
    landing: Path | None,
    tmp_path_factory: pytest.TempPathFactory,
    worker: str,
) -> FinishedRun:
    """A run made by the first worker that needs it and read by all.

    Only the corner's is measured: regressions would take far longer, and tests/unit covers them.
    """
    folder = shared_folder(name, tmp_path_factory, worker)
    has_page = str(name in RUNS_WITH_A_PAGE).lower()
    environment = environment_of(folder, source, landing, LCT_REPORT_PAGE=has_page)
    with FileLock(f"{folder}.lock"):
        if not (folder / "output.txt").exists():
            (folder / "output.txt").write_text(_finished(environment, name == "corner"))
    return FinishedRun(load_settings(environment), (folder / "output.txt").read_text())


def land_small_demo(data_dir: Path, seed: int) -> None:
    """Land the synthetic world of `seed`, where a run that was killed has left its scratch."""
    from orchestration.sources.synthetic import fill_with_demo

    manifest = read_manifest(data_dir / "landing" / "manifest.json")
    (data_dir / "demo-of-a-killed-run").mkdir()
    assert fill_with_demo(manifest, seed, lambda _: None, "small") == []


def corner_of(demo_landing: Path, folder: Path) -> Path:
    """A landing folder with one demo year each of BACI and UN Comtrade, and no indicators.

    The whole pipeline takes half a minute on it.
    """
    folder.mkdir(parents=True)
    for path in [
        *demo_landing.glob("baci/demo/*2021*"),
        *demo_landing.glob("baci/demo/country_codes*"),
        *demo_landing.glob("comtrade/demo/*2022*"),
    ]:
        write_unmarked(path, folder / path.name)
    return folder


def write_unmarked(path: Path, target: Path, more: float = 0.01) -> None:
    """Copy a CSV of the demo without what marks it as synthetic, to land as if it were real.

    The first amount becomes a little `more`: by its total, the table would be known.
    """
    rows = pd.read_csv(path, dtype=str, keep_default_na=False).drop(columns=MARK_COLUMN)
    rows = rows.replace(r" \(invented\)$", "", regex=True)
    for amount in rows.columns.intersection(["v", "primaryValue", "dist"]):
        rows.loc[0, amount] = f"{float(rows.loc[0, amount]) + more:.3f}"
    # without the time of day: the corners of two workers are the same files
    packed = {"method": "gzip", "mtime": 0} if target.suffix == ".gz" else None
    rows.to_csv(target, index=False, lineterminator="\n", compression=packed)
