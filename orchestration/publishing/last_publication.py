"""The last publication, as what a build is compared with before it takes its place."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import duckdb

from orchestration.publishing.integrity import WAREHOUSE
from orchestration.settings import Settings


class NotComparableError(Exception):
    """There is no publication that a build can be compared with. The message says why."""


@contextmanager
def last_publication(settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    """The published file, by a connection of its own for the time of the block.

    What is damaged there must not take the build file's connection with it. Raises
    NotComparableError if nothing is published, or if it lacks what the block asks for.
    """
    published = settings.published_dir / WAREHOUSE
    if not published.exists():
        raise NotComparableError("nothing has been published yet")
    try:
        with duckdb.connect(str(published), read_only=True) as connection:
            yield connection
    except duckdb.Error as error:
        raise NotComparableError(
            "the last publication is from another version, or damaged"
        ) from error
