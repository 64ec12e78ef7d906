"""China's trade by month: real exports of solar cells and modules, and what annual models read."""

from __future__ import annotations

import datetime as dt

import pytest

from tests.support.runs import FinishedRun

MODULES = "854140"  # the list's code: cells and modules together until HS 2022


@pytest.fixture(scope="module")
def solar_run(real_run: FinishedRun) -> FinishedRun:
    """The run on real files, if monthly ones are among them."""
    if real_run.ask("select count(*) from marts.fct_trade_flow_monthly") == [(0,)]:
        pytest.skip("skipped: no real monthly data beside the real landing")
    return real_run


def test_months_are_what_customs_published(solar_run: FinishedRun) -> None:
    """Ember's sums of China's customs data, in billion USD: 45 months from January 2022."""
    found = solar_run.ask(
        "select year, count(distinct month), sum(value_usd) / 1e9 "
        "from marts.fct_trade_flow_monthly where product_code = ? group by year order by year",
        [MODULES],
    )
    assert [(year, months) for year, months, _ in found] == [
        (2022, 12),
        (2023, 12),
        (2024, 12),
        (2025, 9),
    ]
    assert found[0][2] == pytest.approx(46.325, abs=0.0005)


def test_the_sum_of_the_months_is_the_year(solar_run: FinishedRun) -> None:
    found = solar_run.ask(
        "select year, months, is_january_in_february, abs(relative_difference) < 1e-9 "
        "from marts.audit_monthly_sums where product_code = ? and flow = 'export' order by year",
        [MODULES],
    )
    assert found == [
        (2022, 12, False, True),
        (2023, 12, False, True),
        (2024, 12, False, True),
        (2025, 9, False, None),
    ]


def test_annual_models_take_nothing_from_months(solar_run: FinishedRun) -> None:
    """A month of 2025 has landed; no year of 2025 has. What has landed by month is counted."""
    assert solar_run.ask("select max(month) from marts.fct_trade_flow_monthly") == [
        (dt.date(2025, 9, 1),)
    ]
    assert solar_run.ask("select max(year) from marts.fct_trade_flow_variants") == [(2024,)]
    [(rows,)] = solar_run.ask(
        "select row_count from marts.audit_exclusions where reason_code = 'monthly_goods_trade'"
    )
    [(world_and_partners, by_product)] = solar_run.ask(
        "select count(*), count(distinct product_code) from marts.fct_trade_flow_monthly"
    )
    assert by_product == 1
    assert rows > world_and_partners > 5_000
