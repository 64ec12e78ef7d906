"""The errors that are shown to whoever ran the command as one sentence, without a traceback."""

from __future__ import annotations


class ExplainedError(Exception):
    """An error of ours: its message says what is wrong, where, and what to do.

    Every exception of this project that can reach the command line is of a subclass. Whatever
    caused it is chained behind it and is not the message to show.
    """


def explained_errors(kind: type[ExplainedError] = ExplainedError) -> set[str]:
    """The names of all classes of such errors.

    Dagster keeps an error as text, in another process at times, so its class is known by name.
    """
    return {kind.__name__}.union(*(explained_errors(k) for k in kind.__subclasses__()))
