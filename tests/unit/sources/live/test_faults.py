"""Faults of the publishers' services: what each costs, leaves and says.

No fault may lose or duplicate a row or overspend the quota. The faults of docs/live-data.md are the
ids of the tests here; one test checks that the page names each of them.
"""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Iterable
from dataclasses import replace

import httpx
import pytest

from orchestration.landing.layout import LandingError
from orchestration.settings import PROJECT_ROOT
from orchestration.sources.live import world_bank
from tests.support.desk import Desk
from tests.support.publishers_server import (
    DATA,
    GET_DA,
    HTML,
    INDICATOR,
    KEY,
    Fault,
    PublishersServer,
    answers,
    changed_rows,
    changes,
    changes_bytes,
    hangs_up,
    is_silent,
    resets,
)

RATE = '{ "statusCode": 429, "message": "Rate limit is exceeded. Try again in 1 seconds." }'


QUOTA_SOON = (
    '{ "statusCode": 403, "message": "Out of call volume quota. '
    'Quota will be replenished in 00:05:00." }'
)


SILENCE_SECONDS = 6.0


# fault -> what the service does, and the waits in seconds before it is asked again (beside these
# there are only the pauses of a second between calls)
PASSING = {
    "429 with Retry-After": ([Fault(DATA, answers(429, RATE, Retry_After="17"))], [17.5]),
    "429 with Retry-After as a date": (
        [Fault(DATA, answers(429, RATE, Retry_After="Tue, 14 Jul 2026 12:05:00 GMT"))],
        [296.5],
    ),
    "429 without Retry-After": ([Fault(DATA, answers(429, RATE))], [1.5]),
    "403 quota for a few minutes": ([Fault(DATA, answers(403, QUOTA_SOON))], [300.5]),
    "500": ([Fault(DATA, answers(500, "oops"))], [2.0]),
    "502": ([Fault(DATA, answers(502, HTML))], [2.0]),
    "503": ([Fault(DATA, answers(503, "busy", Retry_After="5"))], [5.5]),
    "504 three times": ([Fault(DATA, answers(504, "time-out"), times=3)], [2.0, 4.0, 8.0]),
    "connection reset mid-body": ([Fault(DATA, resets(), times=2)], [2.0, 4.0]),
    "connection closed without a word": ([Fault(DATA, hangs_up)], [2.0]),
    "read time-out": ([Fault(DATA, is_silent(SILENCE_SECONDS))], [2.0]),
    "HTML instead of JSON": ([Fault(DATA, answers(200, HTML))], [2.0]),
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
        [2.0],
    ),
    "an error message sent as 200": ([Fault(DATA, answers(200, RATE))], [2.0]),
    "cut JSON": ([Fault(DATA, changes_bytes(lambda body: body[: len(body) // 2]))], [2.0]),
    "invalid UTF-8": (
        [Fault(DATA, changes_bytes(lambda body: body.replace(b'"C00"', b'"C\xe9"', 1)))],
        [2.0],
    ),
    "damaged compression": (
        [Fault(DATA, lambda handler, status, body: _badly_compressed(handler, body))],
        [2.0],
    ),
    "count differs from the rows": (
        [Fault(DATA, changes(lambda a: {**a, "count": a["count"] + 1}))],
        [2.0],
    ),
    "JSON nested too deep": ([Fault(DATA, answers(200, "[" * 200_000))], [2.0]),
    "half of a surrogate pair": (
        [Fault(DATA, changes_bytes(lambda body: body.replace(b'"C00"', b'"\\ud800"', 1)))],
        [2.0],
    ),
    "rows that are no objects": ([Fault(DATA, changed_rows(lambda rows: [1, *rows]))], [2.0]),
    "no rows and no count of 0": ([Fault(DATA, answers(200, '{"data": [], "error": ""}'))], [2.0]),
    "Retry-After that is no number": ([Fault(DATA, answers(429, RATE, Retry_After="²"))], [2.0]),
    "availability with another count than rows": (
        [Fault(GET_DA, changes(lambda a: {**a, "count": a["count"] + 1}))],
        [2.0],
    ),
    "HTML instead of the availability": ([Fault(GET_DA, answers(200, HTML))], [2.0]),
    "World Bank: XML instead of JSON": (
        [Fault(INDICATOR, answers(200, "<?xml version='1.0'?><wb:error/>"))],
        [2.0],
    ),
    "World Bank: 502": ([Fault(INDICATOR, answers(502, HTML))], [2.0]),
    "World Bank: totals change between pages": (
        [Fault("page=2", changes(lambda a: {**a, "total": a["total"] + 1}))],
        [],
    ),
    "World Bank: updated between pages": (
        [Fault("page=2", changes(lambda a: {**a, "lastupdated": "2026-07-02"}))],
        [],
    ),
    "World Bank: another page than asked": (
        [Fault("page=2", changes(lambda a: {**a, "page": 1}))],
        [],
    ),
    "World Bank: rows missing from a page": (
        [Fault("page=2", changes(lambda a: {**a, "source": {"data": a["source"]["data"][:-1]}}))],
        [],
    ),
    "World Bank: rows of another form": (
        [Fault(INDICATOR, changes(lambda a: {**a, "source": {"data": [{"value": 1}]}}))],
        [2.0],
    ),
    "World Bank: a passing error sent as 200": (
        [
            Fault(
                INDICATOR,
                answers(200, '[{"message":[{"id":"199","key":"Internal","value":"try later"}]}]'),
            )
        ],
        [2.0],
    ),
}


def _badly_compressed(handler, body: bytes) -> None:
    handler.send_response(200)
    broken = gzip.compress(body, 1)[:-200]
    for name, value in {"Content-Encoding": "gzip", "Content-Length": str(len(broken) + 4)}.items():
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(broken[:-100] + b"\x00" * 104)


def of_the_table(faults: Iterable[str]) -> list:
    """The names of the faults; those of many pages are slow."""
    return [
        pytest.param(name, marks=pytest.mark.slow) if name.startswith("World Bank") else name
        for name in faults
    ]


PAGES = 5  # of the two series, at 3,000 rows each
# the calls that a fault of several pages costs: all pages until it is noticed
PAGES_ASKED_AGAIN = {
    "World Bank: totals change between pages": 2,
    "World Bank: updated between pages": 2,
    "World Bank: another page than asked": 2,
    "World Bank: rows missing from a page": PAGES,
}


@pytest.mark.parametrize("fault", of_the_table(PASSING))
def test_a_passing_fault_costs_a_call_and_nothing_else(
    fault: str, desk: Desk, server: PublishersServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(world_bank, "ROWS_PER_PAGE", 3000)
    is_trade = not fault.startswith("World Bank")
    assert_equal = desk.only("trade" if is_trade else "indicators", monkeypatch)
    faults, waits = PASSING[fault]
    server.faults = [replace(f) for f in faults]
    if fault == "read time-out":
        desk.options = {"timeout": httpx.Timeout(SILENCE_SECONDS / 2)}
    assert desk.refresh() == ""
    assert all(f.times == 0 for f in server.faults), "the fault was met"
    assert_equal()
    assert [s for s in desk.time.slept if s > 1.01] == pytest.approx(waits)
    more = PAGES_ASKED_AGAIN.get(fault, sum(f.times for f in faults))
    if is_trade:
        assert (server.count(GET_DA), server.count(DATA)) == (
            (4 + more, 3) if faults[0].match == GET_DA else (4, 3 + more)
        )
        counted = json.loads((desk.incoming / "comtrade_calls.json").read_text())["calls"]
        assert counted == server.count("/v1/"), "every call is counted"
    else:
        assert server.count(INDICATOR) == PAGES + more


# the questions to UN Comtrade, in the order in which they are asked, and where availability is
OF_CHINA, OF_OTHERS = "/C/A/HS?reporterCode=156&", "partnerCode=0,156&"
OF_MONTHS = "/get/C/M/HS?"
GET_DA_OF_YEARS, GET_DA_OF_MONTHS = "/getDa/C/A/", "/getDa/C/M/"
# fault -> what it strikes, what the service does for ever, and what is said about it. A service
# that fails is not asked any more, so the months are lost with the second question; an answer that
# is refused, or no answer at all, does not keep the next from being asked.
LASTING = {
    "429 for ever": (
        OF_OTHERS,
        answers(429, RATE),
        "did not recover in 6 attempts; run the same command again later",
    ),
    "Retry-After of an hour": (
        OF_OTHERS,
        answers(429, RATE, Retry_After="3600"),
        "It asks for a wait of 3600 s",
    ),
    "500 for ever": (OF_OTHERS, answers(500, "oops"), "did not recover in 6 attempts"),
    "error field for ever": (
        OF_MONTHS,
        answers(200, '{"count":0,"data":[],"error":"calculation failed"}'),
        "calculation failed",
    ),
    "404": (
        OF_OTHERS,
        answers(404, '{ "statusCode": 404, "message": "Resource not found" }'),
        "its interface may have changed",
    ),
    "401": (
        OF_OTHERS,
        answers(
            401,
            '{ "statusCode": 401, "message": "Access denied due to invalid subscription key." }',
        ),
        "Check the key (COMTRADE_API_KEY",
    ),
    "redirect": (
        OF_OTHERS,
        answers(302, "", Location="http://127.0.0.1:1/"),
        "a redirect to another address, which is not followed",
    ),
    "the answer repeats the key": (
        OF_OTHERS,
        changes(lambda a: {**a, "yourKey": KEY}),
        "the answer repeats the key",
    ),
    "the error repeats the key": (
        OF_OTHERS,
        answers(400, f'{{"message": "key {KEY} is wrong"}}'),
        "key *** is wrong",
    ),
    "availability without reporters": (
        GET_DA_OF_YEARS,
        changed_rows(lambda rows: []),
        "the list of available data is empty",
    ),
    "availability without releases": (
        GET_DA_OF_YEARS,
        changed_rows(lambda rows: [{"period": 1993, "reporterCode": 156}]),
        "no usable reporterCode, period or lastReleased",
    ),
    "an answer of no known form for ever": (
        OF_CHINA,
        answers(200, "[" * 200_000),
        "did not recover in 6 attempts",
    ),
    "availability of rows that are no objects": (
        GET_DA_OF_YEARS,
        changed_rows(lambda rows: list(range(len(rows)))),
        "no usable reporterCode, period or lastReleased",
    ),
    "column missing": (
        OF_CHINA,
        changed_rows(lambda rows: [{k: v for k, v in r.items() if k != "motCode"} for r in rows]),
        "missing column(s) motCode",
    ),
    "column renamed": (
        OF_CHINA,
        changed_rows(
            lambda rows: [
                {("tradeValue" if k == "primaryValue" else k): v for k, v in r.items()}
                for r in rows
            ]
        ),
        "missing column(s) primaryValue",
    ),
    "text where a number must be": (
        OF_CHINA,
        changed_rows(lambda rows: [rows[0], {**rows[1], "primaryValue": "12,5"}, *rows[2:]]),
        "row 2, column primaryValue: '12,5'",
    ),
    "one key with two values": (
        OF_CHINA,
        changed_rows(lambda rows: [*rows, {**rows[0], "primaryValue": 1.0}]),
        "with different values under one key",
    ),
    "rows of another reporter": (
        OF_CHINA,
        changed_rows(lambda rows: [*rows, {**rows[0], "reporterCode": 4}]),
        "column reporterCode: '4' was not requested",
    ),
    "rows of another year": (
        OF_CHINA,
        changed_rows(lambda rows: [*rows, {**rows[0], "refYear": 1999}]),
        "column refYear: '1999' was not requested",
    ),
    "availability of months instead of years": (
        GET_DA_OF_YEARS,
        changed_rows(lambda rows: [{**r, "period": 100 * r["period"] + 1} for r in rows]),
        "no usable reporterCode, period or lastReleased",
    ),
    "no availability of months": (
        GET_DA_OF_MONTHS,
        answers(404, '{ "statusCode": 404, "message": "Resource not found" }'),
        "its interface may have changed",
    ),
    "availability without months": (
        GET_DA_OF_MONTHS,
        changed_rows(lambda rows: []),
        "the list of available months is empty",
    ),
    "rows of another frequency": (
        OF_CHINA,
        changed_rows(lambda rows: [*rows, {**rows[0], "freqCode": "M"}]),
        "column freqCode: 'M' was not requested",
    ),
    "rows of another month": (
        OF_MONTHS,
        changed_rows(lambda rows: [*rows, {**rows[0], "period": "199401", "refYear": 1994}]),
        "column period refYear refMonth: '199401 1994 1' was not requested",
    ),
    "a month that is not that of the period": (
        OF_MONTHS,
        changed_rows(lambda rows: [{**rows[0], "refMonth": 2}, *rows[1:]]),
        "column period refYear refMonth: '199301 1993 2' was not requested",
    ),
    "pinned totals ignored": (
        OF_CHINA,
        changed_rows(lambda rows: [*rows, {**rows[0], "motCode": 2100}]),
        "column motCode: '2100' was not requested",
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
        "series XX.XX was not requested",
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
        "appears twice, with the values",
    ),
}


ANNUAL_TRADE, MONTHLY_TRADE = {"china_reports", "others_report"}, {"china_reports_monthly"}
TRADE, SERIES = ANNUAL_TRADE | MONTHLY_TRADE, {"wdi_indicators", "wdi_economies"}
LOST = {
    OF_CHINA: {"china_reports"},
    OF_OTHERS: {"others_report"} | MONTHLY_TRADE,
    OF_MONTHS: MONTHLY_TRADE,
    GET_DA_OF_YEARS: TRADE,
    GET_DA_OF_MONTHS: MONTHLY_TRADE,
}


def parts_lost(fault: str) -> set[str]:
    """What cannot land because of a lasting fault; the economies come after the series."""
    if fault == "World Bank: one observation twice":
        return {"wdi_indicators"}
    return SERIES if fault.startswith("World Bank") else LOST[LASTING[fault][0]]


def parts_landed(desk: Desk) -> set[str]:
    """The questions to UN Comtrade that have landed, and the layouts of the World Bank."""
    return {f.parameters.get("question", f.tables[0].layout) for f in desk.manifest.current()}


@pytest.mark.parametrize("fault", of_the_table(LASTING))
def test_a_lasting_fault_is_named_the_rest_lands_and_the_next_run_goes_on(
    fault: str, desk: Desk, server: PublishersServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(world_bank, "ROWS_PER_PAGE", 3000)
    match, action, reason = LASTING[fault]
    of_one_question = match in (OF_CHINA, OF_OTHERS, OF_MONTHS)
    if of_one_question:
        desk.only("trade", monkeypatch)
    server.faults = [Fault(match, action, times=10_000)]
    told = desk.refresh()
    assert reason in told
    assert KEY not in told + "\n".join(desk.said)
    lost = parts_lost(fault)
    everything = TRADE if of_one_question else TRADE | SERIES
    assert parts_landed(desk) == everything - lost, "the rest lands"
    assert {x.status for x in desk.manifest.left_out} == {"refused"}, (
        "the run will end with a non-zero status"
    )
    server.faults.clear()
    calls = server.count(DATA)
    assert desk.refresh() == ""
    assert server.count(DATA) - calls == len(lost & TRADE), "only what is missing is asked for"
    assert parts_landed(desk) == everything
    desk.assert_equals_what_is_published()
    if not of_one_question:
        desk.assert_indicators_equal_what_is_published()


@pytest.mark.parametrize("fault", ["500 for ever", "availability without reporters"])
def test_where_nothing_at_all_lands_the_refresh_fails_with_the_reason(
    fault: str, desk: Desk, server: PublishersServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.only("trade", monkeypatch)
    match, action, reason = LASTING[fault]
    server.faults = [Fault(DATA if match == OF_OTHERS else match, action, times=10_000)]
    with pytest.raises(LandingError, match="nothing could be landed") as raised:
        desk.refresh()
    assert reason in str(raised.value)
    assert desk.manifest.current() == []


def test_the_page_on_live_data_names_every_fault() -> None:
    page = (PROJECT_ROOT / "docs" / "live-data.md").read_text()
    assert [fault for fault in [*PASSING, *LASTING] if f"| {fault} |" not in page] == []
