"""Live data against a local server: what is asked for, what lands, and what faults do.

No fault may lose or duplicate a row or overspend the quota. The faults of docs/live-data.md are the
ids of the tests here; one test checks that the page names each of them.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import random
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import duckdb
import httpx
import pytest
from filelock import FileLock

from orchestration.build import loading, warehouse
from orchestration.defs.resources import build_resources
from orchestration.defs.sensors import build_sensors
from orchestration.landing.layout import LandingError
from orchestration.landing.manifest import Manifest, read_manifest
from orchestration.landing.publishers.comtrade import COMTRADE_TRADE
from orchestration.landing.publishers.world_bank import WDI_INDICATORS
from orchestration.settings import PROJECT_ROOT, SettingError, load_settings
from orchestration.sources.live import plan, refresh, world_bank
from orchestration.sources.live.plan import FLOWS, OTHERS_REPORT, Limits, Request
from orchestration.sources.live.transport import Ledger, QuotaExhaustedError
from tests.support.publishers_files import baci_rows, write_csv
from tests.support.publishers_server import (
    KEY,
    Fault,
    PublishersServer,
    answers,
    changes,
    changes_bytes,
    drips,
    gather,
    hangs_up,
    is_silent,
    resets,
)
from tests.support.runs import environment_of

DATA, GET_DA, INDICATOR = "/data/v1/get/", "/getDa/", "/v2/sources/57/"
TWO_SERIES = ("NY.GDP.MKTP.CD", "EN.ATM.CO2E.KT")


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """What the local server serves: the synthetic world's files, gathered once for all workers."""
    from orchestration.sources.synthetic import fill_with_demo

    root = (
        tmp_path_factory.getbasetemp()
        if worker_id == "master"
        else tmp_path_factory.getbasetemp().parent
    )
    with FileLock(f"{root / 'publishers'}.lock"):
        if not (root / "publishers" / "economies.parquet").exists():
            manifest = read_manifest(root / "publishers_files" / "landing" / "manifest.json")
            fill_with_demo(manifest, 1992, lambda _: None, "small")
            gather(manifest, root / "publishers")
    return root / "publishers"


@pytest.fixture
def server(published: Path) -> Iterator[PublishersServer]:
    """A small world: four reporters, one year."""
    with PublishersServer(published, years={1993}, reporters={156, 276, 97, 840, 842}) as running:
        yield running


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
        left_out = refresh.fill_from_api(
            self.manifest, self.settings(**changed), self.said.append, **options
        )
        return "\n".join(f"{x.status}: {x.reason}" for x in left_out)

    def landed(self) -> duckdb.DuckDBPyConnection:
        """The landed files, loaded."""
        with warehouse.writing(self.folder / "w.duckdb") as connection:
            loading.forget_years(connection, self.manifest, COMTRADE_TRADE)
            loading.load_trade_years(
                connection,
                self.manifest,
                COMTRADE_TRADE,
                sorted(self.manifest.years(COMTRADE_TRADE)),
            )
            loading.load_whole(connection, self.manifest, WDI_INDICATORS)
        return duckdb.connect(str(self.folder / "w.duckdb"), read_only=True)

    def assert_equals_what_is_published(self) -> int:
        """Row for row: nothing lost, nothing doubled, nothing else. Returns the number of rows."""
        integers = ("refYear", "reporterCode", "partnerCode", "partner2Code", "motCode")
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
            and (reporterCode = 156 or partnerCode in (0, 156)) and {self.server._existing()}
        """
        with self.landed() as connection:
            connection.execute(
                f"create temp view published as select {columns} "
                f"from '{self.server.folder / 'trade.parquet'}' where {question}"
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
        monkeypatch.setattr(
            refresh.Refresh, "indicators" if part == "trade" else "trade", lambda _: None
        )
        return (
            self.assert_equals_what_is_published
            if part == "trade"
            else self.assert_indicators_equal_what_is_published
        )


@pytest.fixture
def desk(tmp_path: Path, server: PublishersServer, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A data folder on the small world, with every eighth listed code and two World Bank series."""
    codes = tuple(sorted({*plan.listed_codes()[0][::8], *plan.TRIAL_CODES}))
    monkeypatch.setattr(plan, "listed_codes", lambda: (codes, len(codes)))
    monkeypatch.setattr(world_bank, "panel_indicators", lambda: TWO_SERIES)
    return Desk(tmp_path / "data", server)


# -- the plan ------------------------------------------------------------------------------------


def full_history() -> list[Request]:
    existing = plan.assumed_reporter_years(2026)
    return plan.requests_for(
        plan.all_cells(existing),
        existing,
        *plan.listed_codes(),
        Limits(),
        "https://comtradeapi.un.org",
    )


def test_the_full_history_fits_a_day_of_quota() -> None:
    requests, (codes, codes_per_reporter) = full_history(), plan.listed_codes()
    existing = plan.assumed_reporter_years(2026)
    assert len(requests) + 3 <= 500
    for request in requests:
        assert len(request.periods) <= 12
        assert plan.expected_rows(request, existing, codes_per_reporter) <= 100_000
        assert len(plan.url_of("https://comtradeapi.un.org", request, Limits())) <= 4096
    asked: dict[tuple, list[str]] = {}
    for request in requests:
        for cell in set(request.cells) & existing:
            for flow in request.flows:
                asked.setdefault((cell, flow), []).extend(request.codes)
    assert set(asked) == {(cell, flow) for cell in existing for flow in FLOWS}, (
        "everything that exists"
    )
    assert all(tuple(sorted(listed)) == codes for listed in asked.values()), "each of it once"


@pytest.mark.parametrize(
    "limits",
    [
        Limits(rows=5_000),
        Limits(periods=1),
        Limits(url_characters=900),
        Limits(rows=700, periods=3, url_characters=700),
    ],
    ids=str,
)
def test_a_plan_keeps_any_limits_and_asks_for_all(limits: Limits) -> None:
    codes, existing = (
        plan.listed_codes()[0][:60],
        {(156, y) for y in range(2015, 2023)}
        | {(r, y) for r in (276, 842, 392) for y in (2019, 2021, 2022)},
    )
    requests = plan.requests_for(
        plan.all_cells(existing), existing, codes, 50, limits, "https://x.org"
    )
    asked = {
        (r.question, cell, flow, code)
        for r in requests
        for cell in r.cells
        if cell in existing
        for flow in r.flows
        for code in r.codes
    }
    assert len(asked) == len(existing) * 2 * 60
    assert all(
        len(r.periods) <= limits.periods
        and len(plan.url_of("https://x.org", r, limits)) <= limits.url_characters
        for r in requests
    )
    assert (
        plan.requests_for(plan.all_cells(existing), existing, codes, 50, limits, "https://x.org")
        == requests
    ), "a pure function"


def test_a_request_is_halved_until_one_of_each_is_left() -> None:
    request = Request(
        OTHERS_REPORT, (276, 842), (0, 156), (2021, 2022), FLOWS, ("283691", "850760")
    )
    parts, ends, reasons = [request], [], []
    while parts:
        part = parts.pop()
        try:
            parts += plan.split(part)
        except LandingError as error:
            reasons.append(str(error))
            ends.append(part)
    assert all("still more than fits one answer" in reason for reason in reasons)
    assert len({(r.reporters, r.periods, r.flows, r.codes) for r in ends}) == len(ends) == 2**4


def test_needed_years_are_asked_for_without_their_neighbours() -> None:
    existing = {(r, y) for r in (276, 842) for y in range(2015, 2023)}
    assert plan.rectangles({(276, 2016)}, existing, 12) == [((276,), (2016,))]
    assert plan.rectangles({(276, 2016), (842, 2018)}, existing, 12) == [
        ((276,), (2016,)),
        ((842,), (2018,)),
    ]
    assert plan.rectangles(existing, existing, 12) == [((276, 842), tuple(range(2015, 2023)))]
    assert plan.rectangles(existing, existing, 5) == [
        ((276, 842), tuple(range(2015, 2020))),
        ((276, 842), tuple(range(2020, 2023))),
    ]


def test_every_request_is_pinned_to_totals_and_bears_no_key() -> None:
    for request in full_history()[:5]:
        url = plan.url_of("https://comtradeapi.un.org", request, Limits())
        assert all(pin in url for pin in ("partner2Code=0", "customsCode=C00", "motCode=0"))
        assert "key" not in url.lower()
        assert "%2C" not in url


# -- what lands ----------------------------------------------------------------------------------


def test_a_refresh_lands_what_is_published_and_says_before_what_it_will_ask(
    desk: Desk, server: PublishersServer
) -> None:
    said_at_first_call: list[str] = []
    server.on_call = lambda number: said_at_first_call.extend(desk.said) if number == 1 else None
    assert desk.refresh() == ""
    assert "plan (at most)" in said_at_first_call[0], "the plan is printed before the first request"
    assert "calls" in said_at_first_call[0]
    assert "day(s) of quota" in said_at_first_call[0]
    assert desk.assert_equals_what_is_published() > 300
    [china, others] = [f for f in desk.manifest.current() if f.source == "comtrade"]
    assert china.request_parameters["reporterCode"] == "156"
    assert "partnerCode" not in china.request_parameters
    assert others.request_parameters["partnerCode"] == "0,156"
    assert others.parameters["releases"]["1993"]["276"] == "2024-01-01T00:00:00"
    assert list(desk.incoming.glob("*.json.gz")) == []
    assert not (desk.incoming / "plan.json").exists()
    assert [
        h.get("Ocp-Apim-Subscription-Key")
        for h, c in zip(server.headers, server.calls, strict=True)
        if "/v2/" in c
    ] == [None] * server.count("/v2/"), "the key goes to UN Comtrade only"


def test_answers_land_as_they_were_sent(desk: Desk, server: PublishersServer) -> None:
    sent: dict[str, bytes] = {}
    keep = changes_bytes(lambda body: sent.setdefault("body", body))
    server.faults = [Fault("reporterCode=156&", keep)]
    desk.refresh()
    [china] = [
        f
        for f in desk.manifest.current()
        if f.request_parameters and f.request_parameters["reporterCode"] == "156"
    ]
    assert gzip.decompress((desk.folder / "landing" / china.file).read_bytes()) == sent["body"]
    assert (
        china.sha256
        == hashlib.sha256((desk.folder / "landing" / china.file).read_bytes()).hexdigest()
    )


def test_nothing_new_costs_at_most_five_calls(desk: Desk, server: PublishersServer) -> None:
    desk.refresh()
    files, server.calls[:] = desk.manifest.files, []
    assert desk.refresh() == ""
    assert len(server.calls) <= 5
    assert server.count(DATA) == 0
    assert desk.manifest.files == files
    server.calls.clear()
    assert desk.refresh(LCT_WDI_VINTAGE="today") == ""
    server.calls.clear()
    assert desk.refresh(LCT_WDI_VINTAGE="today") == ""
    assert len(server.calls) <= 5
    assert "World Bank: not updated since 2026-07-01" in desk.said[-1]


def test_the_sensor_starts_a_refresh_for_what_was_released_anew_and_no_other(
    desk: Desk, server: PublishersServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    [sensor] = [s for s in build_sensors(are_on=False) if s.name == "data_available"]
    monkeypatch.setenv("COMTRADE_API_KEY", desk.settings().comtrade_key)

    def tick(**settings: str):
        resources = build_resources(desk.settings(LCT_API_PAUSE_SECONDS="0", **settings))
        wanted = {k: resources[k] for k in ("run_settings", "comtrade", "world_bank")}
        with dg.DagsterInstance.ephemeral() as instance:
            return sensor.evaluate_tick(dg.build_sensor_context(instance, resources=wanted))

    first = tick()
    assert len(first.run_requests) == 1
    assert server.count(DATA) == 0, "the sensor only plans"
    assert tick().run_requests[0].run_key == first.run_requests[0].run_key, "one plan, one run"
    assert desk.refresh() == ""
    desk.assert_equals_what_is_published()
    assert tick().run_requests == []
    assert "nothing was released anew" in tick().skip_message
    server.revise(276, 1993, 1.5)
    assert len(tick().run_requests) == 1
    assert "SOURCE=api" in tick(LCT_SOURCE="demo").skip_message


def test_one_changed_reporter_year_is_all_that_is_asked_for_and_its_revision_is_kept(
    desk: Desk, server: PublishersServer
) -> None:
    desk.refresh()
    with desk.landed() as connection:
        before = connection.execute(
            "select sum(primaryValue::double) from raw.comtrade_trade "
            "where reporterCode = '276' and refYear = '1993'"
        ).fetchall()[0][0]
        others = connection.execute(
            "select sum(primaryValue::double), count(*) from raw.comtrade_trade "
            "where not (reporterCode = '276' and refYear = '1993')"
        ).fetchall()
    server.revise(276, 1993, 1.5)
    server.calls.clear()
    assert desk.refresh() == ""
    [asked] = [c for c in server.calls if DATA in c]
    assert "reporterCode=276&period=1993&" in asked
    assert len(server.calls) <= 5
    with desk.landed() as connection:
        after = connection.execute(
            "select sum(primaryValue::double) from raw.comtrade_trade "
            "where reporterCode = '276' and refYear = '1993'"
        ).fetchall()[0][0]
        assert after == pytest.approx(1.5 * before)
        assert (
            connection.execute(
                "select sum(primaryValue::double), count(*) from raw.comtrade_trade "
                "where not (reporterCode = '276' and refYear = '1993')"
            ).fetchall()
            == others
        )
        kept = connection.execute(
            "select sum(primaryValue::double), min(released_before), min(released_after), "
            "count(distinct replaced_by_file) from raw.comtrade_superseded"
        ).fetchall()
    assert kept == [(pytest.approx(before), "2024-01-01T00:00:00", "2025-01-02T09:30:00", 1)]


def test_a_withdrawn_report_leaves_the_raw_table_and_stays_as_a_revision(
    desk: Desk, server: PublishersServer
) -> None:
    desk.refresh()
    server.withdrawn.add((276, 1993))
    server.release(276, 1993)
    assert desk.refresh() == ""
    desk.assert_equals_what_is_published()
    with desk.landed() as connection:
        assert connection.execute(
            "select count(*) > 0 from raw.comtrade_superseded "
            "where reporterCode = '276' and refYear = '1993'"
        ).fetchall() == [(True,)]
    server.calls.clear()
    desk.refresh()
    assert server.count(DATA) == 0, "an empty answer is an answer"


def test_new_products_in_an_own_list_are_asked_for(
    desk: Desk, server: PublishersServer, tmp_path: Path
) -> None:
    desk.refresh()
    own = tmp_path / "own.csv"
    own.write_text("product_code,sector,technology\n010121,transport,horses\n")
    server.calls.clear()
    desk.refresh(LCT_LOW_CARBON_PRODUCTS=str(own))
    assert server.count(DATA) == 2
    assert all("010121" in c for c in server.calls if DATA in c)


def test_without_a_key_a_run_is_a_small_trial(desk: Desk, server: PublishersServer) -> None:
    server.years = {2020, 2021}
    assert desk.refresh(COMTRADE_API_KEY="") == ""
    asked = [c for c in server.calls if "/preview/" in c]
    assert 1 <= len(asked) <= 8
    assert server.count("/data/v1") == 0
    assert any("TRIAL" in text for text in desk.said)
    with desk.landed() as connection:
        assert connection.execute(
            "select distinct cmdCode from raw.comtrade_trade order by 1"
        ).fetchall() == [(c,) for c in plan.TRIAL_CODES]
    assert desk.refresh() == "", "a key that comes later gives all of it"
    desk.assert_equals_what_is_published()
    server.calls.clear()
    assert desk.refresh(COMTRADE_API_KEY="") == ""
    assert server.count("/v1/") == 0, "without it again, what has landed stays as it is"


def test_todays_series_stand_for_retired_ones_and_the_change_is_recorded(
    desk: Desk, server: PublishersServer
) -> None:
    desk.refresh()
    assert desk.refresh(LCT_WDI_VINTAGE="today") == ""
    with desk.landed() as connection:
        assert connection.execute(
            "select distinct indicator_code from raw.wdi_indicators order by 1"
        ).fetchall() == [("EN.GHG.CO2.MT.CE.AR5",), ("NY.GDP.MKTP.CD",)]
    assert any(
        "EN.ATM.CO2E.KT is retired; its successor EN.GHG.CO2.MT.CE.AR5" in text
        for text in desk.said
    )
    server.wdi_updated = "2026-10-01"
    server.faults = [
        Fault(
            "/v2/country/all/indicator/",
            changes(lambda a: [a[0], [{**r, "unit": "US$ of 2021"} for r in a[1]]]),
            times=9,
        )
    ]
    desk.refresh(LCT_WDI_VINTAGE="today")
    [entry] = [f for f in desk.manifest.current() if "series" in f.parameters]
    assert "NY.GDP.MKTP.CD: unit was '' and is 'US$ of 2021'" not in entry.parameters.get(
        "series_changes", []
    ), "the catalogue's word on units comes first"
    server.wdi_updated = "2026-11-01"
    server.faults = [
        Fault(
            "/v2/indicator?",
            changes(lambda a: [a[0], [{**r, "unit": "US$ of 2021"} for r in a[1]]]),
        )
    ]
    desk.refresh(LCT_WDI_VINTAGE="today")
    [entry] = [f for f in desk.manifest.current() if "series" in f.parameters]
    assert "NY.GDP.MKTP.CD: unit was '' and is 'US$ of 2021'" in entry.parameters["series_changes"]


def test_world_bank_pages_hold_what_the_bulk_file_holds(
    desk: Desk, server: PublishersServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(world_bank, "ROWS_PER_PAGE", 1000)
    desk.refresh()
    assert server.count(INDICATOR) > 4
    desk.assert_indicators_equal_what_is_published()


# -- faults --------------------------------------------------------------------------------------


def changed_rows(change: Callable[[list[dict]], list[dict]]) -> Callable:
    def with_count(answer: dict) -> dict:
        rows = change(answer["data"])
        return {**answer, "count": len(rows), "data": rows}

    return changes(with_count)


RATE = '{ "statusCode": 429, "message": "Rate limit is exceeded. Try again in 1 seconds." }'
QUOTA_SOON = (
    '{ "statusCode": 403, "message": "Out of call volume quota. '
    'Quota will be replenished in 00:05:00." }'
)
HTML = "<html><head><title>502 Bad Gateway</title></head></html>"

SILENCE_SECONDS = 6.0
PASSING = {
    "429 with Retry-After": ([Fault(DATA, answers(429, RATE, Retry_After="17"))], 17.5),
    "429 with Retry-After as a date": (
        [Fault(DATA, answers(429, RATE, Retry_After="Tue, 14 Jul 2026 12:05:00 GMT"))],
        250.0,
    ),
    "429 without Retry-After": ([Fault(DATA, answers(429, RATE))], 1.5),
    "403 quota for a few minutes": ([Fault(DATA, answers(403, QUOTA_SOON))], 300.5),
    "500": ([Fault(DATA, answers(500, "oops"))], 2.0),
    "502": ([Fault(DATA, answers(502, HTML))], 2.0),
    "503": ([Fault(DATA, answers(503, "busy", Retry_After="5"))], 5.5),
    "504 three times": ([Fault(DATA, answers(504, "time-out"), times=3)], 8.0),
    "connection reset mid-body": ([Fault(DATA, resets(), times=2)], 2.0),
    "connection closed without a word": ([Fault(DATA, hangs_up)], 2.0),
    "read time-out": ([Fault(DATA, is_silent(SILENCE_SECONDS))], 2.0),
    "HTML instead of JSON": ([Fault(DATA, answers(200, HTML))], 2.0),
    "200 with error field": (
        [
            Fault(
                DATA,
                answers(
                    200,
                    '{"elapsedTime":"0.1 secs","count":0,"data":[],"error":"calculation failed"}',
                ),
            )
        ],
        2.0,
    ),
    "an error message sent as 200": ([Fault(DATA, answers(200, RATE))], 2.0),
    "cut JSON": ([Fault(DATA, changes_bytes(lambda body: body[: len(body) // 2]))], 2.0),
    "invalid UTF-8": (
        [Fault(DATA, changes_bytes(lambda body: body.replace(b'"C00"', b'"C\xe9"', 1)))],
        2.0,
    ),
    "damaged compression": (
        [Fault(DATA, lambda handler, status, body: _badly_compressed(handler, body))],
        2.0,
    ),
    "count differs from the rows": (
        [Fault(DATA, changes(lambda a: {**a, "count": a["count"] + 1}))],
        2.0,
    ),
    "HTML instead of the availability": ([Fault(GET_DA, answers(200, HTML))], 2.0),
    "World Bank: XML instead of JSON": (
        [Fault(INDICATOR, answers(200, "<?xml version='1.0'?><wb:error/>"))],
        2.0,
    ),
    "World Bank: 502": ([Fault(INDICATOR, answers(502, HTML))], 2.0),
    "World Bank: totals change between pages": (
        [Fault("page=2", changes(lambda a: {**a, "total": a["total"] + 1}))],
        0.0,
    ),
    "World Bank: updated between pages": (
        [Fault("page=2", changes(lambda a: {**a, "lastupdated": "2026-07-02"}))],
        0.0,
    ),
    "World Bank: another page than asked": (
        [Fault("page=2", changes(lambda a: {**a, "page": 1}))],
        0.0,
    ),
    "World Bank: rows missing from a page": (
        [Fault("page=2", changes(lambda a: {**a, "source": {"data": a["source"]["data"][:-1]}}))],
        0.0,
    ),
    "World Bank: rows of another form": (
        [Fault(INDICATOR, changes(lambda a: {**a, "source": {"data": [{"value": 1}]}}))],
        2.0,
    ),
    "World Bank: a passing error sent as 200": (
        [
            Fault(
                INDICATOR,
                answers(200, '[{"message":[{"id":"199","key":"Internal","value":"try later"}]}]'),
            )
        ],
        2.0,
    ),
}


def _badly_compressed(handler, body: bytes) -> None:
    handler.send_response(200)
    broken = gzip.compress(body, 1)[:-200]
    for name, value in {"Content-Encoding": "gzip", "Content-Length": str(len(broken) + 4)}.items():
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(broken[:-100] + b"\x00" * 104)


@pytest.mark.parametrize("fault", PASSING)
def test_a_passing_fault_costs_a_call_and_nothing_else(
    fault: str, desk: Desk, server: PublishersServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(world_bank, "ROWS_PER_PAGE", 3000)
    assert_equal = desk.only(
        "indicators" if fault.startswith("World Bank") else "trade", monkeypatch
    )
    faults, waited = PASSING[fault]
    server.faults = [replace(f) for f in faults]
    if fault == "read time-out":
        desk.options = {"timeout": httpx.Timeout(SILENCE_SECONDS / 2)}
    assert desk.refresh() == ""
    assert all(f.times == 0 for f in server.faults), "the fault was met"
    assert_equal()
    assert sum(desk.time.slept) >= waited
    assert server.count(DATA) + server.count(GET_DA) <= 5 + sum(f.times for f in faults), (
        "one call more for each time"
    )
    if server.count("/v1/"):
        assert json.loads((desk.incoming / "comtrade_calls.json").read_text())[
            "calls"
        ] == server.count("/v1/"), "every call is counted"


LASTING = {
    "429 for ever": (
        DATA,
        answers(429, RATE),
        "did not recover in 6 attempts; run the same command again later",
    ),
    "Retry-After of an hour": (
        DATA,
        answers(429, RATE, Retry_After="3600"),
        "It asks to wait 3600 s",
    ),
    "500 for ever": (DATA, answers(500, "oops"), "did not recover in 6 attempts"),
    "error field for ever": (
        DATA,
        answers(200, '{"count":0,"data":[],"error":"calculation failed"}'),
        "calculation failed",
    ),
    "404": (
        DATA,
        answers(404, '{ "statusCode": 404, "message": "Resource not found" }'),
        "its interface may have changed",
    ),
    "401": (
        DATA,
        answers(
            401,
            '{ "statusCode": 401, "message": "Access denied due to invalid subscription key." }',
        ),
        "Check the key (COMTRADE_API_KEY",
    ),
    "redirect": (
        DATA,
        answers(302, "", Location="http://127.0.0.1:1/"),
        "redirected elsewhere, which is not followed",
    ),
    "the answer repeats the key": (
        DATA,
        changes(lambda a: {**a, "yourKey": KEY}),
        "the answer repeats the key",
    ),
    "the error repeats the key": (
        DATA,
        answers(400, f'{{"message": "key {KEY} is wrong"}}'),
        "key *** is wrong",
    ),
    "availability without reporters": (
        GET_DA,
        changes(lambda a: {**a, "data": []}),
        "the availability of data is empty",
    ),
    "availability without releases": (
        GET_DA,
        changes(lambda a: {**a, "data": [{"period": 1993, "reporterCode": 156}]}),
        "no usable reporterCode, period or lastReleased",
    ),
    "column missing": (
        DATA,
        changed_rows(lambda rows: [{k: v for k, v in r.items() if k != "motCode"} for r in rows]),
        "missing column(s) motCode",
    ),
    "column renamed": (
        DATA,
        changed_rows(
            lambda rows: [
                {("tradeValue" if k == "primaryValue" else k): v for k, v in r.items()}
                for r in rows
            ]
        ),
        "missing column(s) primaryValue",
    ),
    "text where a number must be": (
        DATA,
        changed_rows(lambda rows: [rows[0], {**rows[1], "primaryValue": "12,5"}, *rows[2:]]),
        "row 2, column primaryValue: '12,5'",
    ),
    "one key with two values": (
        DATA,
        changed_rows(lambda rows: [*rows, {**rows[0], "primaryValue": 1.0}]),
        "with different values under one key",
    ),
    "rows of another reporter": (
        DATA,
        changed_rows(lambda rows: [*rows, {**rows[0], "reporterCode": 4}]),
        "column reporterCode: '4' was not asked for",
    ),
    "rows of another year": (
        DATA,
        changed_rows(lambda rows: [*rows, {**rows[0], "refYear": 1999}]),
        "column refYear: '1999' was not asked for",
    ),
    "pinned totals ignored": (
        DATA,
        changed_rows(lambda rows: [*rows, {**rows[0], "motCode": 2100}]),
        "column motCode: '2100' was not asked for",
    ),
    "World Bank: down, no bulk file": (
        INDICATOR,
        answers(503, "down"),
        "LCT_WDI_BULK=path or address",
    ),
    "World Bank: changing for ever": (
        "page=2",
        changes(lambda a: {**a, "lastupdated": str(time.monotonic())}),
        "is publishing an update; run the same command again later",
    ),
    "World Bank: series not asked for": (
        INDICATOR,
        changes(lambda a: json.loads(json.dumps(a).replace("NY.GDP.MKTP.CD", "XX.XX"))),
        "series XX.XX was not asked for",
    ),
    "World Bank: one observation twice": (
        "&page=1",
        changes(
            lambda a: {
                **a,
                "source": {
                    "data": [*a["source"]["data"][1:], {**a["source"]["data"][1], "value": 1e9}]
                },
            }
        ),
        "stands twice, with the values",
    ),
}


@pytest.mark.parametrize("fault", LASTING)
def test_a_lasting_fault_is_named_the_rest_lands_and_the_next_run_goes_on(
    fault: str, desk: Desk, server: PublishersServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(world_bank, "ROWS_PER_PAGE", 3000)
    assert_equal = desk.only(
        "indicators" if fault.startswith("World Bank") else "trade", monkeypatch
    )
    match, action, reason = LASTING[fault]
    server.faults = [Fault(match, action, times=10_000)]
    try:
        told = desk.refresh()
        assert desk.manifest.current(), "the rest lands"
        assert {x.status for x in desk.manifest.left_out} == {"refused"}, (
            "the run will end with a non-zero status"
        )
    except LandingError as error:
        told = str(error)
    assert reason in told
    assert KEY not in told + "\n".join(desk.said)
    server.faults.clear()
    calls = server.count(DATA)
    assert desk.refresh() == ""
    assert_equal()
    assert server.count(DATA) - calls <= 2, "what had landed is not asked for again"


def test_slow_drip(desk: Desk, server: PublishersServer) -> None:
    server.faults = [Fault(DATA, drips(0.01))]
    desk.options |= {"clock": time.monotonic, "answer_seconds": 0.3}
    assert desk.refresh() == ""
    assert any("the answer was not complete after" in text for text in desk.said)
    desk.assert_equals_what_is_published()


def test_connection_refused(desk: Desk, server: PublishersServer) -> None:
    told = desk.refresh(LCT_COMTRADE_URL="http://127.0.0.1:9")
    assert "the connection failed (ConnectError" in told
    assert "run the same command again later" in told


def test_403_quota_used_up(desk: Desk, server: PublishersServer) -> None:
    server.quota = 4
    assert desk.refresh() == "", "a used-up quota is no failure of a file"
    assert refresh.waiting_requests(desk.settings()) == 1
    assert any(
        "1 of 2 requests wait. Run the same command again after 00:00 UTC" in text
        for text in desk.said
    )
    server.calls.clear()
    desk.refresh()
    assert server.count("/v1/") == 0, "no call is sent on that day any more"
    server.quota, desk.time.at = 10_000, desk.time.at + timedelta(days=1)
    desk.refresh()
    assert server.count(DATA) == 1, "the plan goes on where it stopped"
    assert server.count(GET_DA) == 0
    desk.assert_equals_what_is_published()


def test_own_count_used_up(desk: Desk, server: PublishersServer) -> None:
    assert desk.refresh(LCT_COMTRADE_CALLS_A_DAY="4") == ""
    assert server.count("/v1/") == 4
    assert any("the 4 calls of 2026-07-14 (UTC) are used up" in text for text in desk.said)
    desk.refresh(LCT_COMTRADE_CALLS_A_DAY="4")
    assert server.count("/v1/") == 4, "restarts do not forget"
    desk.time.at += timedelta(days=1)
    desk.refresh(LCT_COMTRADE_CALLS_A_DAY="4")
    desk.assert_equals_what_is_published()


def test_quota_used_up_before_anything_was_asked(desk: Desk, server: PublishersServer) -> None:
    desk.refresh(LCT_COMTRADE_CALLS_A_DAY="2")
    assert server.count(DATA) == 0
    assert any("the availability of data could not be asked for" in text for text in desk.said)
    desk.time.at += timedelta(days=1)
    desk.refresh(LCT_COMTRADE_CALLS_A_DAY="5")
    desk.assert_equals_what_is_published()


def test_midnight_passes_during_a_refresh(desk: Desk, server: PublishersServer) -> None:
    desk.time.at = datetime(2026, 7, 14, 23, 59, 57, tzinfo=UTC)
    assert desk.refresh(LCT_COMTRADE_CALLS_A_DAY="4") == ""
    assert desk.time.at.day == 15
    assert refresh.waiting_requests(desk.settings()) == 0, "the new day has a new quota"
    desk.assert_equals_what_is_published()


def test_a_clock_that_jumps_gives_no_second_quota(tmp_path: Path) -> None:
    at = Time(datetime(2026, 7, 15, 0, 10, tzinfo=UTC))
    ledger = Ledger(tmp_path / "calls.json", 3, at.now)
    for _ in range(3):
        ledger.spend()
    at.at -= timedelta(hours=1)
    assert ledger.left == 0, "set back over midnight"
    with pytest.raises(QuotaExhaustedError, match="a new quota begins at 00:00 UTC"):
        ledger.spend()
    at.at = datetime(2026, 7, 16, tzinfo=UTC)
    assert ledger.left == 3
    at.at = datetime(2031, 1, 1, tzinfo=UTC)
    ledger.spend()
    at.at = datetime(2026, 7, 16, tzinfo=UTC)
    assert ledger.left == 2, "a clock that ran years ahead does not lock the count"


def test_the_count_of_calls_is_damaged(desk: Desk, server: PublishersServer) -> None:
    desk.incoming.mkdir(parents=True)
    (desk.incoming / "comtrade_calls.json").write_text('{"day": "20')
    assert "the count of the day's calls is damaged" in desk.refresh()
    assert server.count("/v1/") == 0


def test_the_plan_on_disk_is_damaged(desk: Desk, server: PublishersServer) -> None:
    desk.refresh(LCT_COMTRADE_CALLS_A_DAY="4")
    (desk.incoming / "plan.json").write_text('{"made_at": "20')
    with pytest.raises(LandingError, match="Remove it; what has landed is not asked for again"):
        refresh.read_plan(desk.incoming / "plan.json")
    (desk.incoming / "plan.json").unlink()
    desk.time.at += timedelta(days=1)
    server.calls.clear()
    desk.refresh()
    assert server.count(DATA) == 1
    desk.assert_equals_what_is_published()


@pytest.mark.parametrize("cap", [60, 150])
def test_an_answer_at_the_cap_is_split_until_nothing_is_cut(
    cap: int, desk: Desk, server: PublishersServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The planner is told that everything fits.

    Only the guard then stands between a cut answer and the landing zone.
    """
    server.years, server.reporters = {1993}, {156, 276}
    monkeypatch.setattr(plan, "expected_rows", lambda *_: 0)
    monkeypatch.setattr(refresh, "Limits", lambda: Limits(rows=cap))
    assert desk.refresh() == ""
    assert any("it was cut; asking again in 2 parts" in text for text in desk.said)
    assert desk.assert_equals_what_is_published() > cap
    assert all(f.rows < cap for f in desk.manifest.current() if f.source == "comtrade")
    assert desk.refresh() == ""
    assert server.count(GET_DA) == 6
    server.calls.clear()
    desk.refresh()
    assert server.count(DATA) == 0, "reporter-years that landed in parts are known to be complete"


def test_the_preview_at_its_cap_is_split(
    desk: Desk, server: PublishersServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.years = {2020, 2021}
    monkeypatch.setattr(plan, "TRIAL_CODES", plan.listed_codes()[0])
    monkeypatch.setattr(plan, "expected_rows", lambda *_: 0)
    assert desk.refresh(COMTRADE_API_KEY="") == ""
    assert any("it was cut" in text for text in desk.said)
    listed = ", ".join(map(repr, plan.TRIAL_CODES))
    [(expected,)] = server.ask(
        "select count(*) from trade "
        f"where reporterCode = 156 and refYear in (2020, 2021) and cmdCode in ({listed}) "
        "and motCode = 0 and partner2Code = 0 and customsCode = 'C00'"
    )
    assert sum(f.rows for f in desk.manifest.current() if f.source == "comtrade") == expected


def test_unknown_column(desk: Desk, server: PublishersServer) -> None:
    server.faults = [
        Fault(DATA, changed_rows(lambda rows: [{**r, "carbonContent": 1} for r in rows]))
    ]
    assert desk.refresh() == ""
    assert any(text.startswith("warning") and "carbonContent" in text for text in desk.said)
    desk.assert_equals_what_is_published()


def test_net_weight_under_its_other_name(desk: Desk, server: PublishersServer) -> None:
    server.faults = [
        Fault(
            DATA,
            changed_rows(
                lambda rows: [
                    {("netWeight" if k == "netWgt" else k): v for k, v in r.items()} for r in rows
                ]
            ),
            times=9,
        )
    ]
    assert desk.refresh() == ""
    desk.assert_equals_what_is_published()


def test_duplicated_rows(desk: Desk, server: PublishersServer) -> None:
    """A repeated row lands as sent; staging counts it once (see the models' tests)."""
    server.faults = [Fault(DATA, changed_rows(lambda rows: [*rows, *rows[:50]]))]
    assert desk.refresh() == ""
    with desk.landed() as connection:
        [(rows, distinct)] = connection.execute(
            "select count(*), "
            "count(distinct (refYear, reporterCode, flowCode, partnerCode, cmdCode)) "
            "from raw.comtrade_trade"
        ).fetchall()
    assert rows == distinct + 50


def test_empty_answer(desk: Desk, server: PublishersServer) -> None:
    server.faults = [
        Fault(
            "reporterCode=156&",
            answers(200, '{"elapsedTime":"0.1 secs","count":0,"data":[],"error":""}'),
        )
    ]
    assert desk.refresh() == ""
    assert sorted(f.rows > 0 for f in desk.manifest.current() if f.source == "comtrade") == [
        False,
        True,
    ]
    server.calls.clear()
    desk.refresh()
    assert server.count(DATA) == 0


def test_ended_between_answer_and_landing(
    desk: Desk, server: PublishersServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(
            refresh, "register", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt())
        )
        with pytest.raises(KeyboardInterrupt):
            desk.refresh()
    (desk.incoming / ".part-half.json.gz").write_bytes(b"half")
    assert server.count(DATA) == 1
    assert desk.refresh() == ""
    assert server.count(DATA) == 2, "the answer that had come is not asked for again"
    desk.assert_equals_what_is_published()


def test_ended_between_landing_and_plan(
    desk: Desk, server: PublishersServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(
            Path,
            "unlink",
            lambda *_, **__: (
                (_ for _ in ()).throw(KeyboardInterrupt())
                if "comtrade_china" in str(_[0]) and ".part" not in str(_[0])
                else None
            ),
        )
        with pytest.raises(KeyboardInterrupt):
            desk.refresh()
    assert desk.refresh() == ""
    assert server.count(DATA) == 2
    desk.assert_equals_what_is_published()


@pytest.mark.parametrize("retired", [("EN.ATM.CO2E.KT",), TWO_SERIES], ids=["one", "all"])
def test_world_bank_code_is_not_known(
    retired: tuple[str, ...], desk: Desk, server: PublishersServer
) -> None:
    unknown = answers(
        200,
        '[{"message":[{"id":"120","key":"Invalid value",'
        '"value":"The provided parameter value is not valid"}]}]',
    )
    server.faults = [Fault(code, unknown, times=1000) for code in retired]
    assert desk.refresh() == ""
    assert any(
        f"{retired[0]}" in text and "not to be had in this vintage" in text for text in desk.said
    )
    with desk.landed() as connection:
        assert connection.execute(
            "select count(distinct indicator_code) from raw.wdi_indicators"
        ).fetchall() == [(2 - len(retired),)]


def bulk_zip() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(
            "WDICSV.csv",
            "Country Name,Country Code,Indicator Name,Indicator Code,2021,2022,\n"
            "Chile,CHL,GDP,NY.GDP.MKTP.CD,3.5,4.5,\n",
        )
        archive.writestr("padding.txt", random.Random(1).randbytes(3_000_000))
    return buffer.getvalue()


@pytest.mark.parametrize("from_address", [True, False], ids=["address", "path"])
def test_world_bank_down_with_a_bulk_file(
    from_address: bool, desk: Desk, server: PublishersServer, tmp_path: Path
) -> None:
    server.files["/WDI_CSV.zip"] = bulk_zip()
    (tmp_path / "WDI_CSV.zip").write_bytes(bulk_zip())
    server.faults = [Fault("/v2/", answers(502, HTML), times=1000)]
    place = (
        f"{server.url}/WDI_CSV.zip?token=geheim" if from_address else str(tmp_path / "WDI_CSV.zip")
    )
    assert desk.refresh(LCT_WDI_BULK=place) == ""
    assert "WDI_CSV.zip" in [Path(f.file).name for f in desk.manifest.current()]
    assert "geheim" not in (desk.folder / "landing" / "manifest.json").read_text() + "\n".join(
        desk.said
    )


def test_download_cut_is_continued(desk: Desk, server: PublishersServer, tmp_path: Path) -> None:
    inside = write_csv(tmp_path / "BACI_HS17_Y2022_V202601.csv", baci_rows())
    with zipfile.ZipFile(tmp_path / "BACI_HS17_V202601.zip", "w") as archive:
        archive.write(inside, inside.name)
        archive.writestr("padding.txt", random.Random(1).randbytes(3_000_000))
    server.files["/BACI_HS17_V202601.zip"] = (tmp_path / "BACI_HS17_V202601.zip").read_bytes()
    server.faults = [Fault("BACI", resets(0.6), times=2)]
    settings = desk.settings(LCT_BACI=f"{server.url}/BACI_HS17_V202601.zip")
    manifest = desk.manifest
    assert refresh.fill_with_baci(manifest, settings, desk.said.append, sleep=desk.time.sleep) == []
    assert [h["Range"] for h in server.headers if "Range" in h], (
        "the rest was asked for, not the whole"
    )
    [landed] = manifest.current()
    assert (manifest.folder / landed.file).read_bytes() == server.files["/BACI_HS17_V202601.zip"]
    server.calls.clear()
    assert refresh.fill_with_baci(manifest, settings, desk.said.append) == []
    assert server.calls == [], "a release does not change"


def test_download_replaced_meanwhile(desk: Desk, server: PublishersServer) -> None:
    server.files["/WDI_CSV.zip"] = bulk_zip()

    def then_replaced(handler, status: int, body: bytes) -> None:
        resets(0.6)(handler, status, body)
        server.files["/WDI_CSV.zip"] = bulk_zip() + b"newer"

    server.faults = [Fault("WDI_CSV", then_replaced)]
    manifest = desk.manifest
    from orchestration.sources.live.transport import Transport

    transport = Transport("World Bank", server.url, desk.said.append, sleep=desk.time.sleep)
    path = transport.download(f"{server.url}/WDI_CSV.zip", desk.incoming / "WDI_CSV.zip")
    assert path.read_bytes() == server.files["/WDI_CSV.zip"], (
        "never the end of one file behind the beginning of another"
    )
    assert manifest.files == []


def test_baci_not_at_the_place_named(desk: Desk, server: PublishersServer) -> None:
    [left_out] = refresh.fill_with_baci(
        desk.manifest, desk.settings(LCT_BACI="/nowhere/BACI.zip"), desk.said.append
    )
    assert left_out.status == "refused"
    assert "no such file" in left_out.reason
    [left_out] = refresh.fill_with_baci(
        desk.manifest,
        desk.settings(LCT_BACI=f"{server.url}/absent.zip?token=geheim"),
        desk.said.append,
        sleep=desk.time.sleep,
    )
    assert "404" in left_out.reason
    assert "geheim" not in left_out.reason


# -- the whole, ended at random, and secrets -----------------------------------------------------


def environment(server: PublishersServer, folder: Path) -> dict[str, str]:
    return environment_of(
        folder,
        "api",
        LCT_COMTRADE_URL=server.url,
        LCT_WORLD_BANK_URL=server.url,
        LCT_API_PAUSE_SECONDS="0",
        COMTRADE_API_KEY=KEY,
    )


FILL = """
import resource
from orchestration.sources.live import world_bank
from orchestration.sources.filling import fill_landing_zone
from orchestration.settings import load_settings
fill_landing_zone(load_settings(), lambda text: print(text, flush=True))
print("peak_kilobytes", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@pytest.mark.long(3)
def test_the_full_history_lands_row_for_row(published: Path, tmp_path: Path) -> None:
    with PublishersServer(published) as server:
        done = subprocess.run(
            [sys.executable, "-c", FILL],
            cwd=PROJECT_ROOT,
            env=environment(server, tmp_path),
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        desk = Desk(tmp_path, server)
        rows = desk.assert_equals_what_is_published()
        peak = int(done.stdout.split("peak_kilobytes")[1]) / 1e6
        print(
            f"full history: {server.count('/v1/')} calls to UN Comtrade, "
            f"{server.count('/v2/')} to the World Bank, {rows:,} rows, peak {peak:.2f} GB"
        )
        assert server.count("/v1/") <= 500
        assert rows > 100_000
        assert peak < 2.0
        server.calls.clear()
        again = subprocess.run(
            [sys.executable, "-c", FILL],
            cwd=PROJECT_ROOT,
            env=environment(server, tmp_path),
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert again.returncode == 0
        assert len(server.calls) <= 5


def current_files(folder: Path) -> dict[str, str]:
    return {
        f.parameters["published_name"]: f.sha256
        for f in read_manifest(folder / "landing" / "manifest.json").current()
    }


# two of the World Bank's series in many pages instead of all of them in few large ones
FILL_TWO_SERIES = FILL.replace(
    "fill_landing_zone(load",
    f"world_bank.panel_indicators, world_bank.ROWS_PER_PAGE = (lambda: {TWO_SERIES}), 1000\n"
    "fill_landing_zone(load",
)


@pytest.mark.long(2)
def test_killed_twenty_times_and_resumed(published: Path, tmp_path: Path) -> None:
    """kill -9 at random moments after random calls leaves what an undisturbed run leaves."""
    chance = random.Random(2026)
    small = {"years": set(range(1996, 2010)), "reporters": {156, 276, 392, 842, 97}}
    with PublishersServer(published, **small) as server:
        undisturbed = subprocess.run(
            [sys.executable, "-c", FILL_TWO_SERIES],
            cwd=PROJECT_ROOT,
            env=environment(server, tmp_path / "calm"),
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert undisturbed.returncode == 0, undisturbed.stdout + undisturbed.stderr
        calm = len(server.calls)
    with PublishersServer(published, **small) as server:
        kills = 0
        while True:
            begun = len(server.calls)
            process = subprocess.Popen(
                [sys.executable, "-c", FILL_TWO_SERIES],
                cwd=PROJECT_ROOT,
                env=environment(server, tmp_path / "killed"),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            if kills < 20:
                after = begun + chance.choice([1, 1, 1, 2])
                while process.poll() is None and len(server.calls) < after:
                    time.sleep(0.002)
                time.sleep(chance.uniform(0, 0.25))
                if process.poll() is None:
                    process.send_signal(signal.SIGKILL)
                    kills += 1
            if process.wait(timeout=120) == 0:
                break
        print(f"undisturbed {calm} calls; killed {kills} times: {len(server.calls)} calls")
        assert kills >= 1
        assert len(server.calls) <= calm + kills
        assert current_files(tmp_path / "killed") == current_files(tmp_path / "calm")
        Desk(tmp_path / "killed", server).assert_equals_what_is_published()
    assert kills == 20


def test_the_key_is_nowhere_in_what_a_failing_run_leaves(published: Path, tmp_path: Path) -> None:
    """The whole command, refused by every service: output, logs, databases and all files."""
    secret = "f00dfacef00dfacef00dfacef00dface"
    with PublishersServer(published, years={2021}) as server:
        server.faults = [
            Fault("/v2/", answers(404, f"no such thing for {secret}"), times=100),
            Fault("/v1/", answers(401, f'{{"message": "key {secret} is not valid"}}'), times=100),
        ]
        done = subprocess.run(
            [sys.executable, "-m", "orchestration.cli", "run"],
            cwd=PROJECT_ROOT,
            env=environment(server, tmp_path) | {"COMTRADE_API_KEY": secret},
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == 1
        assert "Check the key (COMTRADE_API_KEY" in done.stdout
        assert any(h.get("Ocp-Apim-Subscription-Key") == secret for h in server.headers), (
            "the key was used"
        )
    assert secret not in done.stdout + done.stderr
    # The World Bank is never sent the key and cannot repeat it: that its answer does is this
    # server's invention.
    holders = [p for p in tmp_path.rglob("*") if p.is_file() and secret.encode() in p.read_bytes()]
    assert holders == []


@pytest.mark.parametrize(
    ("setting", "value", "reason"),
    [
        ("COMTRADE_API_KEY", "two words", "holds a blank or a character that no key has"),
        ("LCT_COMTRADE_URL", "http://comtradeapi.un.org", "not an address that begins with https"),
        ("LCT_WDI_VINTAGE", "2023", "yyyymm"),
        ("LCT_COMTRADE_CALLS_A_DAY", "many", "not a number of calls"),
        ("LCT_API_PAUSE_SECONDS", "-1", "not a number of seconds"),
    ],
)
def test_settings_that_cannot_be_used_are_named(setting: str, value: str, reason: str) -> None:
    with pytest.raises(SettingError, match=reason) as raised:
        load_settings({setting: value})
    assert setting != "COMTRADE_API_KEY" or value not in str(raised.value)
    assert KEY not in repr(load_settings({"COMTRADE_API_KEY": KEY})) + str(
        load_settings({"COMTRADE_API_KEY": KEY}).environment()
    )


def test_the_page_on_live_data_names_every_fault() -> None:
    page = (PROJECT_ROOT / "docs" / "live-data.md").read_text()
    assert [fault for fault in [*PASSING, *LASTING] if f"| {fault} |" not in page] == []
