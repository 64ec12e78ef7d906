"""Early warning: planted shocks and placebos. On real prices: test_alerts.py."""

from __future__ import annotations

import numpy as np
import pytest

from estimation.prices.early_warning import (
    LEAST_HISTORY,
    PLACEBO_MONTHS,
    THRESHOLDS,
    YEAR,
    Record,
    alarms_a_year,
    anomalies,
    compound_growth,
    episodes,
    placebo_scores,
    record,
    shocks_ahead,
    threshold_of,
    volatility,
    warnings,
)


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


@pytest.mark.parametrize("kind", ["walk", "level", "both"])
def test_placebo_worlds_stay_within_the_stated_rate(kind: str) -> None:
    """The alarms of other series without shocks, against what one of them states.

    The noise is a random walk, an error of each month's own, or both: blocks of a year keep what
    one month's change says of the next.
    """

    def calm(seed: int) -> np.ndarray:
        random = np.random.default_rng(seed)
        walk, level = np.cumsum(random.normal(0, 0.01, 120)), random.normal(0, 0.01, 120)
        return np.exp(walk * (kind != "level") + level * (kind != "walk"))

    for threshold in (1.0, 2.0):
        stated = [alarms_a_year(placebo_scores(calm(seed)), threshold) for seed in range(10)]
        judged = np.array(
            [anomalies(calm(seed))[YEAR + LEAST_HISTORY :] for seed in range(100, 300)]
        )
        assert np.mean(stated) > 0.1
        assert alarms_a_year(judged, threshold) == pytest.approx(np.mean(stated), rel=0.25)


def test_alarms_are_counted_as_episodes() -> None:
    scores = np.array([[2.5, 3, -3, 0, 2, 2, 0, 0, 0, 0, 0, 0]])
    assert alarms_a_year(scores, 2.0) == 3
    assert alarms_a_year(scores, 2.9) == 2
    assert np.isnan(alarms_a_year(scores[:0], 2.0))


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


def test_the_threshold_is_the_most_useful_of_those_that_are_seldom_false() -> None:
    """Noise gives an alarm in three years at a threshold of 2, and one a year or more at 1."""
    calm = noise(100, 11)
    assert threshold_of(calm, anomalies(calm)) == 2.0
    levels = calm.copy()
    levels[70:] *= np.exp(0.08 * np.clip(np.arange(30) + 1, 0, 8))
    scores = anomalies(levels)
    found = threshold_of(levels, scores)
    gains = {
        threshold: record(warnings(scores[36:], threshold), shocks_ahead(levels)[36:]).usefulness
        for threshold in THRESHOLDS
        if threshold >= 2.0
    }
    assert gains[found] == max(gains.values())


def test_without_calm_months_no_placebo_says_anything() -> None:
    levels = np.exp(np.cumsum(np.tile([0.25, -0.25], 40)))
    assert placebo_scores(levels).shape == (0, PLACEBO_MONTHS)
    assert threshold_of(levels[:30], anomalies(levels[:30])) == THRESHOLDS[0]


def test_episodes_begin_anew_where_the_direction_turns() -> None:
    assert episodes(np.array([0, 1, 1, -1, 0, 1])) == [slice(1, 3), slice(3, 4), slice(5, 6)]


def test_volatility_is_of_a_year() -> None:
    levels = np.exp(np.cumsum([0.0] + [0.02, -0.02] * 10))
    found = volatility(levels)
    assert np.isnan(found[:12]).all()
    np.testing.assert_allclose(found[12:], np.std([0.02, -0.02] * 6, ddof=1))
