"""Commands measured from outside: seconds, processor seconds, and the memory of the whole tree.

Every measurement is a process of its own, so that none inherits the memory or the caches of
another. Times are of one machine and one day: what counts are ratios within one run.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, TypeVar

import psutil

from orchestration.settings import PROJECT_ROOT

SECONDS_BETWEEN_SAMPLES = 0.02

Say = Callable[[str], None]
Result = dict[str, Any]
Answer = TypeVar("Answer")


class FailedCommandError(RuntimeError):
    """A measured command failed. The message has the end of what it printed."""


def measured(command: list[str], environment: dict[str, str]) -> tuple[Result, str]:
    """Run a command of Python's. Returns what it took, and what it printed.

    `peak_bytes` is the largest sum of the resident memory of the process and its descendants, as
    sampled; pages that processes share count in each. (The kernel's own maximum is of no use: it
    begins with what the process that starts the command has.)
    """
    with TemporaryFile("w+", encoding="utf-8") as output:
        started = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, *command],
            cwd=PROJECT_ROOT,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        watch = _Watch(process.pid)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        peak = watch.end()
        output.seek(0)
        text = output.read()
    if process.returncode:
        raise FailedCommandError(
            f"{' '.join(command)} ended with {process.returncode}:\n{text[-3000:]}"
        )
    processor = usage.ru_utime + usage.ru_stime
    return {"seconds": seconds, "cpu_seconds": processor, "peak_bytes": peak}, text


def answer_of(module: str, arguments: list[str], environment: dict[str, str]) -> Result:
    """Run a module whose last line is a JSON object. Returns it with what the process took."""
    took, text = measured(["-m", module, *arguments], environment)
    return {**json.loads(text.strip().splitlines()[-1]), "process": took}


def timed(work: Callable[[], Answer]) -> tuple[Answer, Result]:
    """What the work returns, and the seconds that it took in this process, without its imports."""
    started, processor = time.perf_counter(), time.process_time()
    answer = work()
    return answer, {
        "seconds": time.perf_counter() - started,
        "cpu_seconds": time.process_time() - processor,
    }


def environment_with(**settings: str) -> dict[str, str]:
    """The environment of a measured run: none of the caller's settings but those of memory."""
    ours = ("LCT_", "DAGSTER_", "DBT_", "COMTRADE_")
    kept = {k: v for k, v in os.environ.items() if not k.startswith(ours)}
    limit = os.environ.get("LCT_MEMORY_LIMIT")
    return {
        **kept,
        "PYTHONHASHSEED": "0",
        "OPENBLAS_NUM_THREADS": "1",
        "DO_NOT_TRACK": "1",
        **({"LCT_MEMORY_LIMIT": limit} if limit else {}),
        **settings,
    }


def bytes_in(folder: Path) -> int:
    return sum(p.stat().st_size for p in folder.rglob("*") if p.is_file() and not p.is_symlink())


class _Watch:
    """Samples the memory of a process and its descendants until it is ended."""

    def __init__(self, pid: int) -> None:
        self._pid, self._peak, self._is_over = pid, 0, threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)
        self._thread.start()

    def _sample(self) -> None:
        while not self._is_over.wait(SECONDS_BETWEEN_SAMPLES):
            with suppress(psutil.Error):
                root = psutil.Process(self._pid)
                total = 0
                for process in [root, *root.children(recursive=True)]:
                    with suppress(psutil.Error):
                        total += process.memory_info().rss
                self._peak = max(self._peak, total)

    def end(self) -> int:
        self._is_over.set()
        self._thread.join()
        return self._peak
