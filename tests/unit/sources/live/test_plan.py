"""The plan: what is asked for within the limits of a call and a day, each of it once."""

from __future__ import annotations

import pytest

from orchestration.landing.layout import LandingError
from orchestration.sources.live import plan
from orchestration.sources.live.plan import (
    CHINA_REPORTS_MONTHLY,
    FLOWS,
    OTHERS_REPORT,
    Limits,
    Request,
)


def full_history() -> list[Request]:
    existing = plan.assumed_cells(2026)
    return plan.requests_for(
        plan.all_cells(existing),
        existing,
        *plan.listed_codes(),
        Limits(),
        "https://comtradeapi.un.org",
    )


def test_the_full_history_fits_a_day_of_quota() -> None:
    requests, (codes, codes_per_reporter) = full_history(), plan.listed_codes()
    existing = plan.assumed_cells(2026)
    assert len(requests) + 4 <= 500
    for request in requests:
        assert len(request.periods) <= 12
        assert plan.expected_rows(request, existing, codes_per_reporter) <= 100_000
        assert len(plan.url_of("https://comtradeapi.un.org", request, Limits())) <= 4096
        assert len({plan.is_month(period) for period in request.periods}) == 1
    asked: dict[tuple, list[str]] = {}
    for request in requests:
        for cell in set(request.cells) & existing:
            for flow in request.flows:
                asked.setdefault((cell, flow), []).extend(request.codes)
    assert set(asked) == {(cell, flow) for cell in existing for flow in FLOWS}, (
        "everything that exists"
    )
    assert all(tuple(sorted(listed)) == codes for listed in asked.values()), "each of it once"


def test_months_of_china_come_last_a_year_in_few_calls() -> None:
    requests = full_history()
    monthly = [r for r in requests if r.question == CHINA_REPORTS_MONTHLY]
    assert requests[-len(monthly) :] == monthly
    assert len(monthly) <= 4 * (2026 - plan.FIRST_MONTHLY_YEAR + 1)
    assert {p for r in monthly for p in r.periods} == {
        100 * year + month
        for year in range(plan.FIRST_MONTHLY_YEAR, 2027)
        for month in range(1, 13)
    }
    [first, *_] = monthly
    assert (first.reporters, first.partners) == ((plan.CHINA,), ())
    assert "/data/v1/get/C/M/HS?" in plan.url_of("https://x.org", first, Limits())
    assert all("/C/A/HS?" in plan.url_of("", r, Limits()) for r in requests[: -len(monthly)])
    assert first.name.startswith("comtrade_china_reports_monthly_201701-201703_MX_")


def test_a_new_month_is_one_call_and_years_ask_for_no_months() -> None:
    existing = plan.assumed_cells(2026)
    codes, codes_per_reporter = plan.listed_codes()
    needed = {CHINA_REPORTS_MONTHLY: {(156, 202512), (156, 202601)}}
    [request] = plan.requests_for(
        needed, existing, codes, codes_per_reporter, Limits(), "https://x.org"
    )
    assert request.periods == (202512, 202601)
    assert CHINA_REPORTS_MONTHLY not in plan.all_cells({(156, 2022), (276, 2022)})


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
    assert all("still more than one answer holds" in reason for reason in reasons)
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
