"""The connections to the services that a refresh asks, as the settings name them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from orchestration.settings import Settings
from orchestration.sources.live.ledger import Ledger
from orchestration.sources.live.plan import PREVIEW_LIMITS, Limits
from orchestration.sources.live.transport import Transport

Say = Callable[[str], None]


@dataclass(frozen=True)
class Services:
    """The connections to the services that one refresh asks. Whoever opens them closes them."""

    comtrade: Transport
    world_bank: Transport

    def close(self) -> None:
        self.comtrade.close()
        self.world_bank.close()


def asks_comtrade(settings: Settings) -> bool:
    """Whether a refresh asks UN Comtrade for trade: with a key, or else for a trial.

    Without a key BACI is all the trade there is, if it is named: a trial would add nothing to it.
    """
    return bool(settings.comtrade_key or not settings.baci)


def comtrade_limits(settings: Settings) -> Limits:
    """What UN Comtrade grants with the key of the settings, or without one."""
    granted = Limits() if settings.comtrade_key else PREVIEW_LIMITS
    return replace(granted, calls_a_day=settings.comtrade_calls_a_day)


def comtrade_transport(settings: Settings, say: Say, **options: Any) -> Transport:
    """The connection to UN Comtrade, with the key and the count of the day's calls.

    `options` are those of Transport (clock, sleep, chance, timeouts).
    """
    now = options.get("now", _now)
    path = settings.incoming_dir / "comtrade_calls.json"
    return Transport(
        "UN Comtrade",
        settings.comtrade_url,
        secret=settings.comtrade_key,
        ledger=Ledger(path, comtrade_limits(settings).calls_a_day, now),
        **{"say": say, "pause_seconds": settings.api_pause_seconds, **options},
    )


def world_bank_transport(settings: Settings, say: Say, **options: Any) -> Transport:
    """The connection to the World Bank, which has no key and no quota."""
    options = {"say": say, "pause_seconds": settings.api_pause_seconds, **options}
    return Transport("World Bank", settings.world_bank_url, **options)


def open_services(settings: Settings, say: Say, **options: Any) -> Services:
    """Connections as the settings name them; `options` go to Transport."""
    return Services(
        comtrade_transport(settings, say, **options), world_bank_transport(settings, say, **options)
    )


def _now() -> datetime:
    return datetime.now(UTC)
