"""Prices of China's real trade: what has one, what an index says, how far history reaches."""

from __future__ import annotations

import datetime as dt

import pytest

from tests.support.runs import FinishedRun

MODULES = "854143"  # of the product 854140, since HS 2022


@pytest.fixture(scope="module")
def solar_run(real_run: FinishedRun) -> FinishedRun:
    """The run on real files, if monthly ones are among them."""
    if real_run.ask("select count(*) from marts.fct_trade_flow_monthly") == [(0,)]:
        pytest.skip("skipped: no real monthly data beside the real landing")
    return real_run


def test_unit_values_of_modules_are_what_customs_published(solar_run: FinishedRun) -> None:
    """4.81, 3.88 and 2.25 US dollars per kilogram in 2022 to 2024, over all partners."""
    found = solar_run.ask(
        "select extract(year from period) as year, sum(value_usd) / sum(net_weight_kg) "
        "from marts.price_relative where frequency = 'monthly' and hs6_code = ? "
        "and net_weight_kg > 0 and period < '2025-01-01' group by all order by year",
        [MODULES],
    )
    assert [year for year, _ in found] == [2022, 2023, 2024]
    assert [price for _, price in found] == pytest.approx([4.81, 3.88, 2.25], abs=0.006)


@pytest.mark.parametrize("formula", ["fisher", "tornqvist", "ccdi"])
def test_the_index_of_modules_falls_as_their_unit_value(
    solar_run: FinishedRun, formula: str
) -> None:
    found = solar_run.ask(
        'select avg("index"), min(coverage_share), max(spread_of_formulas) '
        "from marts.price_index where frequency = 'monthly' and flow = 'export' "
        "and aggregate_kind = 'code' and aggregate = ? and partner_group = 'all' "
        "and formula = ? and period between '2022-02-01' and '2024-12-01' "
        "group by extract(year from period) order by extract(year from period)",
        [MODULES, formula],
    )
    levels = [level / found[0][0] for level, *_ in found]
    assert levels == pytest.approx([1, 3.88 / 4.81, 2.25 / 4.81], rel=0.04)
    assert min(coverage for _, coverage, _ in found) > 0.95
    assert max(spread for *_, spread in found) < 0.06


def test_lithium_carbonate_is_dear_in_2022(real_run: FinishedRun) -> None:
    """49.5 dollars a kilogram: 6.730 billion for 136.09 thousand tonnes, with goods that came back.

    Those are no trade between economies, and have no part in prices.
    """
    [(value, weight)] = real_run.ask(
        "select sum(value_usd) / 1e9, sum(net_weight_kg) / 1e6 from marts.price_relative "
        "where frequency = 'annual' and flow = 'import' and product_code = '283691' "
        "and period = '2022-01-01'"
    )
    assert value == pytest.approx(6.718, abs=0.0005)
    assert value / weight * 1e3 == pytest.approx(6.730 / 136.09 * 1e3, rel=0.002)
    [(before, now, coverage)] = real_run.ask(
        "select max(case when period = '2021-01-01' then \"index\" end), "
        "max(case when period = '2022-01-01' then \"index\" end), "
        "min(case when period = '2022-01-01' then coverage_share end) from marts.price_index "
        "where frequency = 'annual' and flow = 'import' and aggregate_kind = 'product' "
        "and aggregate = '283691' and formula = 'ccdi' and partner_group = 'all'"
    )
    assert now / before > 5
    assert coverage > 0.99


def test_every_flow_has_a_price_or_a_reason(real_run: FinishedRun) -> None:
    """What is left out of indices is all there, with its value."""
    [(without,)] = real_run.ask(
        "select count(*) from marts.price_relative "
        "where (unit_value is null) <> (reason_code is not null and reason_code not in "
        "('outlier', 'no_earlier_price'))"
    )
    assert without == 0
    [(listed, traded)] = real_run.ask(
        "select (select sum(value_usd) from marts.price_relative "
        "where frequency = 'annual' and flow = 'import' and product_code = '283691'), "
        "(select sum(value_usd) from marts.fct_trade_flow_variants "
        "where basis = 'china_reported' and hs_treatment = 'harmonised' "
        "and importer_iso3 = 'CHN' and product_code = '283691')"
    )
    assert listed == pytest.approx(traded, rel=1e-12)


def test_alerts_say_how_short_the_landed_history_is(solar_run: FinishedRun) -> None:
    """45 months have landed: the first that can be judged is January 2025."""
    found = solar_run.ask(
        "select distinct first_month, last_month, months_judged from marts.price_alert "
        "where flow = 'export' and aggregate_kind = 'code' and aggregate = ?",
        [MODULES],
    )
    assert found == [(dt.date(2022, 1, 1), dt.date(2025, 9, 1), 9)]
