"""A disk of its own for a test, small enough to be filled up."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[Path]:
    """`folder` as a file system in memory; the test is skipped where nobody lets us mount one."""
    folder.mkdir(parents=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)]
    try:
        refused = subprocess.run(mount, capture_output=True, text=True).stderr
    except FileNotFoundError as error:
        refused = str(error)
    if refused:
        pytest.skip(f"skipped: a file system of our own cannot be mounted here ({refused.strip()})")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@contextmanager
def filled_up(folder: Path, free_bytes: int) -> Iterator[None]:
    """The disk that `folder` is on, with only `free_bytes` left."""
    ballast, block = folder / "ballast", bytes(1 << 20)
    try:
        with open(ballast, "wb") as file:
            to_write = shutil.disk_usage(folder).free - free_bytes
            for _ in range(to_write // len(block)):
                file.write(block)
            file.write(bytes(to_write % len(block)))
        yield
    finally:
        ballast.unlink()
