"""How far a download is: a bar on a terminal, elsewhere a line now and then."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from orchestration.durable import megabytes
from orchestration.progress import is_shown, tell

LINE_SECONDS = 30.0


@contextmanager
def showing_progress(
    name: str, have: int, total: int | None, say: Callable[[str], None]
) -> Iterator[Callable[[int], None]]:
    """Show how far the download of `name` is; the block is given what takes the bytes so far.

    `have` bytes are there from before; `total` is None where the server does not say. Where a run
    is shown (orchestration/progress.py), so is this, in its bar.
    """
    if is_shown():
        yield lambda size: tell(f"{name}: bytes", size, total)
        return
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _Lines(name, have, total, say).show
        return
    with Progress(
        TextColumn("  {task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
    ) as bar:
        task = bar.add_task(name, total=total, completed=have)
        yield lambda size: bar.update(task, completed=size)


@dataclass
class _Lines:
    name: str
    have: int
    total: int | None
    say: Callable[[str], None]
    clock: Callable[[], float] = time.monotonic
    began: float = field(init=False)
    said: float = field(init=False)

    def __post_init__(self) -> None:
        self.began = self.said = self.clock()

    def show(self, size: int) -> None:
        now = self.clock()
        if now - self.said < LINE_SECONDS:
            return
        self.said = now
        pace = (size - self.have) / (now - self.began)
        parts = [f"{self.name}: {megabytes(size)}", f"{megabytes(int(pace))} a second"]
        if self.total is not None:
            parts[0] += f" of {megabytes(self.total)} ({100 * size // max(self.total, 1)} %)"
            if pace > 0:
                parts.append(f"about {(self.total - size) / pace:.0f} s to go")
        self.say(", ".join(parts))
