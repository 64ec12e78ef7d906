"""What assets, checks and sensors work with: settings, warehouse, services, notices.

Each is a ConfigurableResource that a test, or another deployment, can exchange. Their fields are
shown on Dagster's pages, so no secret is ever a field: keys and the webhook's address are read
where they are used.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import dagster as dg
import duckdb

from orchestration.build import warehouse
from orchestration.defs.notices import notify
from orchestration.settings import Settings, load_settings
from orchestration.sources.live.services import Services, comtrade_transport, world_bank_transport
from orchestration.sources.live.transport import Transport

Say = Callable[[str], None]


class RunSettings(dg.ConfigurableResource):
    """The settings of the run, as environment variables, without secrets."""

    variables: dict[str, str]

    @classmethod
    def of(cls, settings: Settings) -> RunSettings:
        return cls(variables=settings.environment(with_secrets=False))

    @property
    def settings(self) -> Settings:
        """The settings, with the secrets of this process's environment."""
        return replace(load_settings(self.variables), **load_settings().secrets())


class Warehouse(dg.ConfigurableResource):
    """The build file, which one process at a time may write to."""

    build_path: str

    @contextmanager
    def writing(self, say: Say) -> Iterator[duckdb.DuckDBPyConnection]:
        """Open it for writing, with its raw and operations tables in place."""
        with warehouse.writing(Path(self.build_path), say) as connection:
            yield connection


class UNComtrade(dg.ConfigurableResource):
    """UN Comtrade's interface. The key comes from COMTRADE_API_KEY (environment or .env)."""

    url: str
    calls_a_day: int
    pause_seconds: float

    @classmethod
    def of(cls, settings: Settings) -> UNComtrade:
        return cls(
            url=settings.comtrade_url,
            calls_a_day=settings.comtrade_calls_a_day,
            pause_seconds=settings.api_pause_seconds,
        )

    def transport(self, settings: Settings, say: Say) -> Transport:
        """The connection to it; `settings` give the key and the folder of the day's call count."""
        own = replace(
            settings,
            comtrade_url=self.url,
            comtrade_calls_a_day=self.calls_a_day,
            api_pause_seconds=self.pause_seconds,
        )
        return comtrade_transport(own, say)


class WorldBank(dg.ConfigurableResource):
    """The World Bank's interface: no key, no quota."""

    url: str
    pause_seconds: float

    @classmethod
    def of(cls, settings: Settings) -> WorldBank:
        return cls(url=settings.world_bank_url, pause_seconds=settings.api_pause_seconds)

    def transport(self, settings: Settings, say: Say) -> Transport:
        own = replace(settings, world_bank_url=self.url, api_pause_seconds=self.pause_seconds)
        return world_bank_transport(own, say)


class Notices(dg.ConfigurableResource):
    """Where notices go besides the log: the address in LCT_NOTICE_WEBHOOK, if there is one."""

    def send(self, text: str, say: Say) -> bool:
        """Log `text` and post it. Returns whether the webhook accepted it."""
        return notify(load_settings().notice_webhook, text, say)


def services(comtrade: UNComtrade, world_bank: WorldBank, settings: Settings, say: Say) -> Services:
    """The connections of one refresh through the resources."""
    return Services(comtrade.transport(settings, say), world_bank.transport(settings, say))


def build_resources(settings: Settings) -> dict[str, dg.ConfigurableResource]:
    """The resources on these settings, under the names by which assets request them."""
    return {
        "run_settings": RunSettings.of(settings),
        "build_file": Warehouse(build_path=str(settings.build_path)),
        "comtrade": UNComtrade.of(settings),
        "world_bank": WorldBank.of(settings),
        "notices": Notices(),
    }
