"""Work spread over processes: how many, their results, and that none is left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from orchestration.settings import PROJECT_ROOT
from orchestration.sources.synthetic import workers


def test_as_many_as_the_processors_and_the_limit_of_memory_allow(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    monkeypatch.setenv("LCT_MEMORY_LIMIT", "2GB")
    assert workers.workers_allowed() == 4
    monkeypatch.setenv("LCT_MEMORY_LIMIT", "100MB")
    assert workers.workers_allowed() == 1
    monkeypatch.setenv("LCT_MEMORY_LIMIT", "90GB")
    assert workers.workers_allowed() == 8


@pytest.mark.parametrize("count", [1, 2])
def test_every_task_has_its_result_and_an_exception_comes_through(count: int) -> None:
    assert sorted(workers.results_of(divmod, [(7, 2), (9, 4)], count)) == [(2, 1), (3, 1)]
    with pytest.raises(ZeroDivisionError):
        list(workers.results_of(divmod, [(1, 0)], count))


def test_a_killed_process_leaves_no_worker_behind(tmp_path: Path) -> None:
    program = tmp_path / "waits.py"
    program.write_text(
        "import time\n"
        "from orchestration.sources.synthetic.workers import results_of\n"
        "if __name__ == '__main__':\n"
        "    list(results_of(time.sleep, [(600,), (600,)], 2))\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(PROJECT_ROOT)}
    process = subprocess.Popen([sys.executable, str(program)], env=environment)
    try:
        children = _wait_for(lambda: _workers_of(process.pid), 2)
        process.send_signal(signal.SIGKILL)
        process.wait()
        gone, left = psutil.wait_procs(children, timeout=20)
        assert len(gone) >= 2
        assert left == []
    finally:
        process.kill()


def _workers_of(pid: int) -> list[psutil.Process]:
    return psutil.Process(pid).children(recursive=True)


def _wait_for(look, count: int, seconds: float = 60) -> list[psutil.Process]:
    """The processes once there are `count` workers (and the tracker of their resources)."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = look()
        if sum("spawn_main" in " ".join(p.cmdline()) for p in found) >= count:
            time.sleep(2)  # the workers import before they watch
            return found
        time.sleep(0.1)
    raise AssertionError(f"{count} workers did not start in {seconds:.0f} s")
