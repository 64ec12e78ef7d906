"""Parsing the dbt project: once, whole, whoever else is at it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from orchestration.build import dbt_project
from orchestration.build.dbt_project import target_of_runs
from orchestration.settings import PROJECT_ROOT, load_settings
from tests.support.runs import environment_of


@pytest.mark.slow
def test_processes_that_start_together_parse_the_project_once(tmp_path: Path) -> None:
    """Five on a new data folder: each reads a whole manifest, and all of them the same one."""
    program = (
        "import json; from orchestration.build.dbt_project import dbt_manifest; "
        "from orchestration.settings import load_settings\n"
        "path = dbt_manifest(load_settings()); "
        "print(path, len(json.loads(path.read_text('utf-8'))['nodes']))"
    )
    started = [
        subprocess.Popen(
            [sys.executable, "-c", program],
            cwd=PROJECT_ROOT,
            env=environment_of(tmp_path, "demo"),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(5)
    ]
    ended = [(*process.communicate(timeout=300), process.returncode) for process in started]
    assert [(errors, code) for _, errors, code in ended if code] == []
    assert len({output for output, _, _ in ended}) == 1
    assert [p.name for p in (tmp_path / "build" / "dbt_target").glob("parsing-*")] == []
    # the run that follows goes on from that parse
    assert (tmp_path / "build" / "dbt_target" / "run" / "partial_parse.msgpack").exists()


def test_a_project_that_has_moved_forgets_what_dbt_remembers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """dbt's partial parse holds the old place of every seed; at the same place it is kept."""
    settings = load_settings(environment_of(tmp_path, "demo"))
    remembered = target_of_runs(settings) / "partial_parse.msgpack"
    remembered.write_bytes(b"as parsed here")
    target_of_runs(settings)
    assert remembered.exists()
    monkeypatch.setattr(dbt_project, "PROJECT_ROOT", tmp_path / "moved")
    assert not (target_of_runs(settings) / remembered.name).exists()
