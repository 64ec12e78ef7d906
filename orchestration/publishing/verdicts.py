"""Claims of the report whose verdict is another than in the last publication.

A verdict is no number, and another one no fault: data that have grown may say something else. So
a changed verdict warns, with what it was and is, and stops nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from orchestration.publishing.drift import other_choices_of_the_last
from orchestration.publishing.last_publication import NotComparableError, last_publication
from orchestration.publishing.reading import SYNTHETIC_NOTICE
from orchestration.settings import Settings


@dataclass(frozen=True)
class ChangedVerdict:
    """A claim with its verdict in the last publication and now, as estimates.claims has them."""

    claim: str
    before: str
    now: str

    def __str__(self) -> str:
        return f"{self.claim} from {self.before} to {self.now}"


@dataclass(frozen=True)
class ChangedVerdicts:
    """The claims whose verdict has changed, out of how many compared; or why none was compared."""

    compared: int
    is_synthetic: bool = False
    changed: tuple[ChangedVerdict, ...] = ()
    not_compared: str = ""

    def sentence(self) -> str:
        """What a notice says."""
        have = "have" if len(self.changed) > 1 else "has"
        return (
            f"{SYNTHETIC_NOTICE if self.is_synthetic else ''}"
            f"{len(self.changed)} of {self.compared} claims of the report {have} another verdict "
            f"than in the last publication: {', '.join(map(str, self.changed))}."
        )


def changed_verdicts(connection: duckdb.DuckDBPyConnection, settings: Settings) -> ChangedVerdicts:
    """Compare the build file's verdicts with those of the last publication.

    Only where both rest on the same choices and the same world, as with drift. A claim that has
    come or gone since is none that changed.
    """
    [(is_synthetic,)] = connection.execute("select is_synthetic from marts.run_choices").fetchall()
    now = _verdicts(connection)
    try:
        with last_publication(settings) as before:
            if reason := other_choices_of_the_last(before, connection, settings):
                return ChangedVerdicts(0, is_synthetic, not_compared=reason)
            was = _verdicts(before)
    except NotComparableError as error:
        return ChangedVerdicts(0, is_synthetic, not_compared=str(error))
    both = sorted(was.keys() & now.keys())
    changed = tuple(
        ChangedVerdict(claim, was[claim], now[claim]) for claim in both if was[claim] != now[claim]
    )
    return ChangedVerdicts(len(both), is_synthetic, changed)


def _verdicts(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """The verdict of each claim, in English."""
    return dict(connection.execute("select claim_code, verdict from estimates.claims").fetchall())
