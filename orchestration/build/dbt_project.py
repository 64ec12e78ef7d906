"""The dbt project at the repository's root: its command and its manifest."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from orchestration.durable import file_lock, move_into_place, write_then_replace
from orchestration.settings import PROJECT_ROOT, Settings

PARSED = "partial_parse.msgpack"  # what dbt remembers of a parse
DBT_SOURCES = ("dbt_project.yml", "profiles.yml", "dbt_project", "seeds", "tests/data")


def dbt_command() -> list[str]:
    """What starts the dbt of this Python environment, from the project's root."""
    return [sys.executable, "-m", "orchestration.dbt_process"]


def dbt_manifest(settings: Settings) -> Path:
    """The dbt manifest of the project's current state, parsed at most once per state.

    The manifest's name holds a fingerprint of the project's files. It is parsed in a folder of its
    own under a file lock and then renamed into place, so that processes that start together never
    read an incomplete one. Raises RuntimeError with dbt's own message if the project does not
    parse.
    """
    manifest = settings.dbt_target_dir / f"manifest-{_project_fingerprint()}.json"
    if manifest.exists():
        return manifest
    with file_lock(settings.dbt_target_dir / "parse.lock", say=lambda _: None):
        if not manifest.exists():
            _parse_project(settings, manifest)
    return manifest


def target_of_runs(settings: Settings) -> Path:
    """The folder in which dbt's runs write, for the process that may write to the build file.

    What dbt remembers there of an earlier parse names files by their place. After the project has
    been moved, or when another copy of it uses the data folder, dbt would look for the seeds where
    they were; so it is forgotten then.
    """
    target = settings.dbt_target_dir / "run"
    place = target / "project_root.txt"
    if not place.exists() or place.read_text("utf-8") != str(PROJECT_ROOT):
        (target / PARSED).unlink(missing_ok=True)
        target.mkdir(parents=True, exist_ok=True)
        write_then_replace(place, str(PROJECT_ROOT))
    return target


def project_files() -> list[Path]:
    """Every file that dbt reads of the project: settings, models, macros, seeds and data tests."""
    paths = (
        path
        for source in DBT_SOURCES
        for root in [PROJECT_ROOT / source]
        for path in ([root] if root.is_file() else root.rglob("*"))
    )
    return sorted(path for path in paths if path.suffix in (".sql", ".py", ".yml", ".csv"))


def _project_fingerprint() -> str:
    """A digest of the name, size and modification time of every file that dbt parses.

    A deleted or restored file changes it too.
    """
    states = [(path.relative_to(PROJECT_ROOT).as_posix(), path.stat()) for path in project_files()]
    return hashlib.sha256(
        "\n".join(f"{name} {state.st_size} {state.st_mtime_ns}" for name, state in states).encode()
    ).hexdigest()[:16]


def _parse_project(settings: Settings, manifest: Path) -> None:
    for left_by_a_killed_run in settings.dbt_target_dir.glob("parsing-*"):
        shutil.rmtree(left_by_a_killed_run)
    with tempfile.TemporaryDirectory(dir=settings.dbt_target_dir, prefix="parsing-") as parsing:
        command = [
            *dbt_command(),
            "parse",
            "--quiet",
            "--project-dir",
            str(PROJECT_ROOT),
            "--profiles-dir",
            str(PROJECT_ROOT),
            "--target-path",
            parsing,
        ]
        done = subprocess.run(
            command,
            cwd=PROJECT_ROOT,
            capture_output=True,
            text=True,
            env={**os.environ, **settings.environment(), "DO_NOT_TRACK": "1"},
        )
        if done.returncode:
            raise RuntimeError(f"dbt cannot parse the project:\n{done.stdout}{done.stderr}")
        for older in settings.dbt_target_dir.glob("manifest-*.json"):
            older.unlink()
        # the next run goes on from this parse instead of reading every file again
        run = target_of_runs(settings)
        move_into_place(Path(parsing) / PARSED, run / PARSED)
        move_into_place(Path(parsing) / "manifest.json", manifest)
