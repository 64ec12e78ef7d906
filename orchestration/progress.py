"""How far long work is: whoever does it counts, whoever sits at a terminal is shown.

What counts (landing, loading, dbt, estimation, publication) lies deep below what shows, and most
often nobody looks: then counting costs nothing and writes nothing. One process shows one work.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

Item = TypeVar("Item")
# what is counted, how many are done, and of how many; None where that is not known
Show = Callable[[str, int, int | None], None]

_show: Show | None = None


@contextmanager
def shown_by(show: Show) -> Iterator[None]:
    """Tell `show` of all that is counted in the block."""
    global _show
    before, _show = _show, show
    try:
        yield
    finally:
        _show = before


def is_shown() -> bool:
    return _show is not None


def tell(what: str, done: int, total: int | None) -> None:
    """Say how far `what` is, if somebody looks."""
    if _show is not None:
        _show(what, done, total)


def counted(items: Sequence[Item], what: str) -> Iterator[Item]:
    """The items, one after the other, while it is told how many are done."""
    for done, item in enumerate(items):
        tell(what, done, len(items))
        yield item
    tell(what, len(items), len(items))
