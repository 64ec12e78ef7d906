"""Price alerts that the last publication did not have: what a notice says of them.

An alert is new if the index had no current one in that direction when it was published last. How
far back it reaches may change with the data; that does not make it new.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import duckdb

from orchestration.publishing.last_publication import NotComparableError, last_publication
from orchestration.publishing.reading import SYNTHETIC_NOTICE
from orchestration.settings import Settings

_CURRENT = (
    "select flow, aggregate_kind, aggregate, direction, since, strength, false_share "
    "from marts.price_alert where is_current order by all"
)


@dataclass(frozen=True)
class PriceAlert:
    """A current alert on a monthly index of China's prices, as marts.price_alert has it."""

    flow: str
    aggregate_kind: str
    aggregate: str
    direction: str
    since: date
    strength: float
    false_share: float | None

    @property
    def subject(self) -> tuple[str, str, str, str]:
        return self.flow, self.aggregate_kind, self.aggregate, self.direction

    def __str__(self) -> str:
        false = (
            f"; of the index's earlier months with a warning {self.false_share:.0%} were false"
            if self.false_share is not None
            else ""
        )
        return (
            f"China's {self.flow} prices of {self.aggregate_kind} {self.aggregate}: abnormal "
            f"{self.direction} since {self.since:%Y-%m} (strength {self.strength:.1f}{false})"
        )


@dataclass(frozen=True)
class NewAlerts:
    """The new alerts beside the number of current ones, or why they cannot be told apart."""

    current: int
    is_synthetic: bool = False
    new: tuple[PriceAlert, ...] = ()
    not_compared: str = ""

    def sentence(self) -> str:
        """What a notice says."""
        alerts = " ".join(f"{alert}." for alert in self.new)
        notice = SYNTHETIC_NOTICE if self.is_synthetic else ""
        return f"{notice}{len(self.new)} new price alerts. {alerts}"


def new_price_alerts(connection: duckdb.DuckDBPyConnection, settings: Settings) -> NewAlerts:
    """Compare the build file's current alerts with those of the last publication."""
    now = _current(connection)
    [(is_synthetic,)] = connection.execute("select is_synthetic from marts.run_choices").fetchall()
    try:
        with last_publication(settings) as before:
            was = {alert.subject for alert in _current(before)}
    except NotComparableError as error:
        return NewAlerts(len(now), is_synthetic, not_compared=str(error))
    new = tuple(alert for alert in now if alert.subject not in was)
    return NewAlerts(len(now), is_synthetic, new)


def _current(connection: duckdb.DuckDBPyConnection) -> list[PriceAlert]:
    return [PriceAlert(*row) for row in connection.execute(_CURRENT).fetchall()]
