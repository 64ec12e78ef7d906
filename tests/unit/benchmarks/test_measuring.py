"""A measured command: what it took, with its children, and what it said."""

from __future__ import annotations

import os

import pytest

from benchmarks import measuring

TREE = """
import subprocess, sys, time
child = [sys.executable, "-c", "import time; held = b'x' * 200_000_000; time.sleep(1)"]
held = b"x" * 200_000_000
subprocess.run(child, check=True)
print('{"answer": 42}')
"""


def test_memory_is_that_of_the_whole_tree() -> None:
    took, text = measuring.measured(["-c", TREE], dict(os.environ))
    assert text == '{"answer": 42}\n'
    assert 400_000_000 < took["peak_bytes"] < 700_000_000
    assert took["seconds"] > 1
    assert 0 < took["cpu_seconds"] < took["seconds"] + 5


def test_a_failed_command_says_what_it_printed() -> None:
    with pytest.raises(measuring.FailedCommandError, match="no such thing"):
        measuring.measured(["-c", "raise SystemExit('no such thing')"], dict(os.environ))


def test_a_run_gets_none_of_the_callers_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LCT_DATA_DIR", "/somewhere")
    monkeypatch.setenv("COMTRADE_API_KEY", "secret")
    monkeypatch.setenv("LCT_MEMORY_LIMIT", "3GB")
    given = measuring.environment_with(LCT_SOURCE="demo")
    assert {k: v for k, v in given.items() if k.startswith(("LCT_", "COMTRADE_"))} == {
        "LCT_MEMORY_LIMIT": "3GB",
        "LCT_SOURCE": "demo",
    }
