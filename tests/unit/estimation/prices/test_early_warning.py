"""Early warning: planted shocks, placebos, and China's solar modules of 2023."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from estimation.prices.early_warning import (
    LEAST_HISTORY,
    YEAR,
    Record,
    anomalies,
    compound_growth,
    episodes,
    false_alarms_without_shocks,
    most_useful_threshold,
    record,
    shocks_ahead,
    volatility,
    warnings,
)
from estimation.prices.index_numbers import chained, log_links, log_tornqvist, rolling_geks


def noise(months: int, seed: int, size: float = 0.01) -> np.ndarray:
    """A price without trend or shock: its changes are independent."""
    return np.exp(np.cumsum(np.random.default_rng(seed).normal(0, size, months)))


def test_growth_is_per_month() -> None:
    growth = compound_growth(1.02 ** np.arange(15), 3)
    assert np.isnan(growth[:3]).all()
    np.testing.assert_allclose(growth[3:], 0.02)


def test_scores_by_hand() -> None:
    """Monthly growth of 0, 0, 1, 0 and 2 % in turn, weighted 1, 2, 3, ...; then a rise of 5 %."""
    steps = np.array([0.0, 0.0, 0.01, 0.0, 0.02] * 12 + [0.05])
    levels = np.exp(np.cumsum(steps))
    scores = anomalies(levels)
    expected = 0.0
    for months, share in [(3, 0.4), (12, 0.6)]:
        growth = compound_growth(levels, months)
        weights = np.arange(months, 60) + 1.0
        mean = np.average(growth[months:60], weights=weights)
        deviation = np.sqrt(np.average((growth[months:60] - mean) ** 2, weights=weights))
        expected += share * (growth[60] - mean) / deviation
    assert scores[60] == pytest.approx(expected)


def test_nothing_of_what_follows_enters_a_score() -> None:
    levels = noise(80, 1)
    changed = levels.copy()
    changed[60:] *= 3
    np.testing.assert_array_equal(anomalies(levels)[:60], anomalies(changed)[:60])


def test_a_price_that_grows_evenly_has_no_scores() -> None:
    """Its growth has no deviation but that of rounding."""
    assert np.isnan(anomalies(np.exp(0.01 * np.arange(80)))).all()


def test_a_fall_that_slows_is_no_rise() -> None:
    levels = noise(80, 3, 0.002) * np.exp(-0.05 * np.minimum(np.arange(80), 70))
    slowed = np.exp(np.cumsum([-0.005] * 10))
    levels[70:] = levels[69] * slowed
    assert (anomalies(levels)[71:76] == 0).all()


def test_a_short_history_has_no_scores() -> None:
    scores = anomalies(noise(60, 2))
    assert np.isnan(scores[: YEAR + LEAST_HISTORY]).all()
    assert not np.isnan(scores[YEAR + LEAST_HISTORY :]).any()


@pytest.mark.parametrize("direction", [1, -1])
def test_a_planted_shock_is_found_within_two_months(direction: int) -> None:
    for seed in range(20):
        levels = noise(90, seed)
        levels[70:] *= np.exp(direction * 0.06 * np.clip(np.arange(20) + 1, 0, 6))
        warned = warnings(anomalies(levels), 2.0)
        assert (warned[70:72] == direction).any(), seed


def test_placebo_worlds_stay_within_the_stated_rate() -> None:
    """The alarms of other series without shocks, against what one of them states."""
    months = 120
    stated = [false_alarms_without_shocks(noise(months, seed), 2.0) for seed in range(10)]
    years = (months - YEAR - LEAST_HISTORY) / 12
    others = [
        len(episodes(warnings(anomalies(noise(months, seed)), 2.0))) / years
        for seed in range(100, 300)
    ]
    assert np.mean(stated) > 0.1
    assert np.mean(others) == pytest.approx(np.mean(stated), rel=0.25)


def test_a_record_by_hand() -> None:
    warned = np.array([1, 1, 0, 0, -1, -1, 0, 0, 1])
    ahead = np.array([1, 0, 1, 0, -1, 1, 0, 0, 0])
    found = record(warned, ahead)
    assert found == Record(hits=2, false_alarms=2, misses=2, quiet=3)
    assert found.noise_to_signal == pytest.approx((2 / 5) / (2 / 4))
    assert found.usefulness == pytest.approx(0.5 - (0.5 * 2 / 4 + 0.5 * 2 / 5))


def test_a_perfect_rule_gains_a_half_and_a_useless_one_nothing() -> None:
    ahead = np.array([1, 0, 0, -1])
    assert record(ahead, ahead).usefulness == 0.5
    assert record(np.zeros(4, dtype=int), ahead).usefulness == 0
    assert np.isnan(record(ahead, np.zeros(4, dtype=int)).usefulness)


def test_a_shock_is_a_fifth_within_half_a_year() -> None:
    levels = np.array([100.0] * 5 + [121.0] * 10 + [90.0])
    assert shocks_ahead(levels).tolist() == [1] * 5 + [0] * 4 + [-1] * 6 + [0]


def test_the_threshold_is_the_most_useful_one() -> None:
    scores = np.array([1.2, 1.2, 1.7, 2.6, 0.1, np.nan])
    assert most_useful_threshold(scores, np.array([0, 0, 1, 1, 0, 0])) == 1.5
    assert most_useful_threshold(scores, np.zeros(6, dtype=int)) == 1.0


def test_episodes_begin_anew_where_the_direction_turns() -> None:
    assert episodes(np.array([0, 1, 1, -1, 0, 1])) == [slice(1, 3), slice(3, 4), slice(5, 6)]


def test_volatility_is_of_a_year() -> None:
    levels = np.exp(np.cumsum([0.0] + [0.02, -0.02] * 10))
    found = volatility(levels)
    assert np.isnan(found[:12]).all()
    np.testing.assert_allclose(found[12:], np.std([0.02, -0.02] * 6, ddof=1))


@pytest.fixture(scope="module")
def modules(external_checks: Path) -> tuple[list[str], pd.DataFrame, pd.DataFrame]:
    """Months, unit values and values by partner of China's exports of solar modules since 2017."""
    path = external_checks.with_name("prices") / "ember_china_solar_exports_monthly.csv.gz"
    if not path.exists():
        pytest.skip(f"skipped: no monthly prices at {path}")
    rows = pd.read_csv(path).query("type == 'Panels' and net_weight_kg > 0 and value_usd > 0")
    rows["unit_value"] = rows["value_usd"] / rows["net_weight_kg"]
    prices, values = (
        rows.pivot_table(index="month", columns="area", values=column)
        for column in ("unit_value", "value_usd")
    )
    return prices.index.tolist(), prices, values


def test_the_fall_of_solar_modules_in_2023_is_warned_of_in_its_year(modules) -> None:
    """The threshold is fixed on the months before 2023; no false alarm comes in that year."""
    months, prices, values = modules
    levels = rolling_geks(prices.to_numpy(), values.to_numpy(), log_tornqvist, 25)
    scores, ahead = anomalies(levels), shocks_ahead(levels)
    cut = months.index("2023-01-01")
    threshold = most_useful_threshold(scores[:cut], ahead[:cut])
    warned = warnings(scores, threshold)
    year = slice(cut, months.index("2024-01-01"))
    falls = [m for m, w in zip(months[year], warned[year], strict=True) if w < 0]
    assert falls
    assert falls[0] <= "2023-07-01"
    found = record(warned[year], ahead[year])
    assert (found.false_alarms, found.hits) == (0, len(falls))
    alarms = len(episodes(warned[cut:]))
    years = (len(months) - cut) / 12
    assert alarms <= max(1, false_alarms_without_shocks(levels, threshold) * years)


def test_the_index_of_modules_follows_their_price_per_watt(modules) -> None:
    """By watt 0.272, 0.189 and 0.118 USD in 2022 to 2024: modules also became lighter per watt."""
    months, prices, values = modules
    links = log_links(prices.to_numpy(), values.to_numpy(), log_tornqvist)
    levels = pd.Series(chained(links), index=pd.to_datetime(months))
    by_year = levels.groupby(levels.index.year).mean()
    assert by_year[2023] / by_year[2022] == pytest.approx(0.189 / 0.272, abs=0.15)
    assert by_year[2024] / by_year[2022] == pytest.approx(0.118 / 0.272, abs=0.10)
