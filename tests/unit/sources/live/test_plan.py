"""The plan: what is asked for within the limits of a call and a day, each of it once."""

from __future__ import annotations

import pytest

from orchestration.landing.layout import LandingError
from orchestration.sources.live import plan
from orchestration.sources.live.plan import FLOWS, OTHERS_REPORT, Limits, Request


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
