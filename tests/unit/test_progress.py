"""Counting that is shown while somebody looks, and costs nothing else."""

from __future__ import annotations

from orchestration import progress
from orchestration.progress import counted, is_shown, shown_by, tell

Told = list[tuple[str, int, int | None]]


def test_what_is_counted_is_told_before_each_item_and_at_the_end() -> None:
    told: Told = []
    with shown_by(lambda *far: told.append(far)):
        assert list(counted(["a", "b"], "files")) == ["a", "b"]
    assert told == [("files", 0, 2), ("files", 1, 2), ("files", 2, 2)]


def test_without_anybody_to_look_nothing_is_told() -> None:
    assert not is_shown()
    tell("files", 1, 2)
    assert list(counted([1, 2, 3], "files")) == [1, 2, 3]


def test_a_listener_is_gone_after_its_block_also_if_that_fails() -> None:
    told: Told = []
    try:
        with shown_by(lambda *far: told.append(far)):
            raise ValueError
    except ValueError:
        pass
    tell("files", 1, 2)
    assert told == []
    assert progress._show is None
