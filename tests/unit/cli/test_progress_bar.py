"""The bar below a run's output: on a terminal, and nowhere else."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from orchestration.cli.progress_bar import bar_below
from orchestration.progress import counted, is_shown, tell
from orchestration.sources.live.progress import showing_progress


class Terminal(io.StringIO):
    """What says that it is a terminal, and keeps what is written."""

    def isatty(self) -> bool:
        return True


def worked_through(console: Console) -> None:
    with bar_below(console):
        for number in counted(range(40), "landing: files"):
            console.print(f"landed: {number}")
        tell("models", 0, None)
        console.print("models")


def test_a_terminal_shows_how_far_the_work_is_and_keeps_what_was_said() -> None:
    """The last state is drawn at the end; those before only ten times a second."""
    file = Terminal()
    console = Console(file=file, force_terminal=True, width=80)
    with bar_below(console):
        assert is_shown()
        tell("landing: files", 3, 40)
        console.print("landed: a")
    assert not is_shown()
    for shown in ("landing: files", "3/40", "landed: a"):
        assert shown in file.getvalue()


def test_a_step_that_counts_nothing_has_no_total_of_the_one_before() -> None:
    file = Terminal()
    with bar_below(Console(file=file, force_terminal=True, width=80)):
        tell("landing: files", 3, 40)
        tell("models", 0, None)
    _, found, shown = file.getvalue().rpartition("models")
    assert found
    assert "0/?" in shown


def test_a_download_of_a_run_that_is_shown_is_in_its_bar() -> None:
    file = Terminal()
    console = Console(file=file, force_terminal=True, width=80)
    with bar_below(console), showing_progress("x.zip", 0, 100, console.print) as show:
        show(50)
    assert "x.zip: bytes" in file.getvalue()
    assert "50/100" in file.getvalue()


@pytest.mark.parametrize("force_terminal", [False, True])
def test_what_is_piped_on_is_as_without_a_bar(force_terminal: bool) -> None:
    """Also where colours are forced (FORCE_COLOR): they rewrite no line."""
    file = io.StringIO()
    worked_through(Console(file=file, force_terminal=force_terminal, color_system=None))
    said = [f"landed: {number}" for number in range(40)]
    assert file.getvalue().splitlines() == [*said, "models"]


def test_a_terminal_that_cannot_rewrite_a_line_is_left_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    file = Terminal()
    console = Console(file=file, force_terminal=True, _environ={"TERM": "dumb"})
    worked_through(console)
    assert "landing: files" not in file.getvalue()
