"""The last line of a terminal during long work: which step, how far it is, for how long."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)

from orchestration import progress


@contextmanager
def on_standard_error() -> Iterator[None]:
    """The bar of a command that prints its result on standard output."""
    with bar_below(Console(stderr=True)):
        yield


@contextmanager
def bar_below(console: Console) -> Iterator[None]:
    """Show what is counted in the block in a bar below what `console` prints.

    It is gone at the end, and never there if the console is no terminal, or one that cannot
    rewrite a line: what is piped on or kept in a log has no trace of it.
    """
    if not console.file.isatty() or console.is_dumb_terminal:
        yield
        return
    with Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
    ) as bar:
        task, current = bar.add_task("start-up", total=None), "start-up"

        def show(what: str, done: int, total: int | None) -> None:
            nonlocal task, current
            if what != current:
                # a new one: rich keeps the total of one that is given none
                bar.remove_task(task)
                task, current = bar.add_task(what, total=total), what
            bar.update(task, completed=done, total=total)

        with progress.shown_by(show):
            yield
