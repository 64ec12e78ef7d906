"""A data folder on the local server and its user, with a clock that moves only when told to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import httpx
import pytest

from orchestration.build import loading, warehouse
from orchestration.landing.manifest import FileEntry, Manifest, read_manifest
from orchestration.landing.publishers.comtrade import COMTRADE_TRADE
from orchestration.landing.publishers.world_bank import WDI_INDICATORS
from orchestration.settings import load_settings
from orchestration.sources.live import plan
from orchestration.sources.live.indicators import IndicatorRefresh
from orchestration.sources.live.refresh import fill_from_api
from orchestration.sources.live.trade import TradeRefresh
from tests.support.publishers_server import KEY, PublishersServer, monthly_trade

TWO_SERIES = ("NY.GDP.MKTP.CD", "EN.ATM.CO2E.KT")
# the same in a process of its own; they do not suffice for any regression
ONLY_TWO_SERIES = f"""
from orchestration.sources.live import world_bank
world_bank.panel_indicators = lambda: {TWO_SERIES}
"""


@dataclass
class Time:
    """A clock that moves only when someone sleeps."""

    at: datetime = datetime(2026, 7, 14, 12, 0, tzinfo=UTC)
    slept: list[float] = field(default_factory=list)

    def now(self) -> datetime:
        return self.at

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.at += timedelta(seconds=seconds)


class Desk:
    """A data folder and its user: refresh, read the messages, compare with what is published."""

    def __init__(self, folder: Path, server: PublishersServer) -> None:
        self.folder, self.server = folder, server
        self.time = Time()
        self.said: list[str] = []
        self.loaded: list[FileEntry] = []
        self.environment = {
            "LCT_SOURCE": "api",
            "LCT_DATA_DIR": str(folder),
            "LCT_COMTRADE_URL": server.url,
            "LCT_WORLD_BANK_URL": server.url,
            "LCT_API_PAUSE_SECONDS": "1",
            "COMTRADE_API_KEY": KEY,
        }
        self.options: dict = {"timeout": httpx.Timeout(30.0)}

    @property
    def manifest(self) -> Manifest:
        return read_manifest(self.folder / "landing" / "manifest.json")

    @property
    def incoming(self) -> Path:
        return self.folder / "incoming"

    def settings(self, **changed: str):
        return load_settings(self.environment | changed)

    def refresh(self, **changed: str) -> str:
        """One refresh. Returns the reasons of what was left out."""
        options = {
            "now": self.time.now,
            "clock": lambda: self.time.at.timestamp(),
            "sleep": self.time.sleep,
            "chance": lambda: 0.5,
        } | self.options
        left_out = fill_from_api(
            self.manifest, self.settings(**changed), self.said.append, **options
        )
        return "\n".join(f"{x.status}: {x.reason}" for x in left_out)

    def landed(self) -> duckdb.DuckDBPyConnection:
        """The landed files, loaded: once, until others have landed."""
        manifest = self.manifest
        if manifest.files != self.loaded:
            with warehouse.writing(self.folder / "w.duckdb") as connection:
                loading.delete_stale_years(connection, manifest, COMTRADE_TRADE)
                loading.load_trade_years(
                    connection, manifest, COMTRADE_TRADE, sorted(manifest.years(COMTRADE_TRADE))
                )
                loading.load_whole(connection, manifest, WDI_INDICATORS)
            self.loaded = manifest.files
        return duckdb.connect(str(self.folder / "w.duckdb"), read_only=True)

    def assert_equals_what_is_published(self) -> int:
        """Row for row: nothing lost, nothing doubled, nothing else. Returns the number of rows."""
        integers = ("refYear", "refMonth", "reporterCode", "partnerCode", "partner2Code", "motCode")
        texts = (
            "typeCode",
            "freqCode",
            "flowCode",
            "classificationCode",
            "cmdCode",
            "customsCode",
            "mosCode",
        )
        numbers = ("qty", "netWgt", "cifvalue", "fobvalue", "primaryValue")
        columns = ", ".join(
            [
                *(f"{c}::int as {c}" for c in integers),
                *texts,
                *(f"{c}::double as {c}" for c in numbers),
            ]
        )
        codes = ", ".join(repr(c) for c in plan.listed_codes()[0])
        question = f"""
            partner2Code = 0 and customsCode = 'C00' and motCode = 0
            and cmdCode in ({codes}) and flowCode in ('M', 'X')
            and (reporterCode = 156 or partnerCode in (0, 156))
        """
        with self.landed() as connection:
            connection.execute(
                f"create temp view trade as select * from '{self.server.folder / 'trade.parquet'}'"
            )
            connection.execute(f"create temp view monthly as {monthly_trade()}")
            connection.execute(
                f"create temp view published as select {columns} from trade "
                f"where {question} and {self.server._existing()} "
                f"union all select {columns} from monthly "
                f"where {question} and {self.server._existing('M')} "
                f"and refYear >= {plan.FIRST_MONTHLY_YEAR}"
            )
            connection.execute(
                f"create temp view landed as select {columns} from raw.comtrade_trade"
            )
            differences = connection.execute(
                "select count(*) filter (side = 'lost'), count(*) filter (side = 'strange') from ("
                "select 'lost' as side from (from published except all from landed) union all "
                "select 'strange' from (from landed except all from published))"
            ).fetchall()
            [(rows,)] = connection.execute("select count(*) from landed").fetchall()
        assert differences == [(0, 0)]
        return rows

    def assert_indicators_equal_what_is_published(self) -> None:
        with self.landed() as connection:
            connection.execute(
                "create temp view published as select iso3, code, year, value "
                f"from '{self.server.folder / 'observations.parquet'}' where code in {TWO_SERIES}"
            )
            connection.execute(
                "create temp view landed as select country_code, indicator_code, year, value "
                "from raw.wdi_indicators"
            )
            assert connection.execute(
                "select count(*) from (from published except all from landed)"
            ).fetchall() == [(0,)]
            assert connection.execute(
                "select count(*) from (from landed except all from published)"
            ).fetchall() == [(0,)]

    def only(self, part: str, monkeypatch: pytest.MonkeyPatch) -> Callable[[], object]:
        """Let only one of the services be asked; the other has tests of its own.

        Returns the comparison with what that service publishes.
        """
        other = IndicatorRefresh if part == "trade" else TradeRefresh
        monkeypatch.setattr(other, "run", lambda _: None)
        return (
            self.assert_equals_what_is_published
            if part == "trade"
            else self.assert_indicators_equal_what_is_published
        )
