"""Index numbers: published results, and the identities by which each formula is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from estimation.prices import index_numbers
from estimation.prices.index_numbers import (
    chained,
    chains,
    fixed_base,
    geks,
    log_fisher,
    log_laspeyres,
    log_links,
    log_paasche,
    log_tornqvist,
    rolling_geks,
)

AMOUNTS = st.floats(0.01, 100)
BILATERAL = [log_fisher, log_tornqvist]


def tables(periods: int, items: int = 4) -> st.SearchStrategy[np.ndarray]:
    return arrays.arrays(float, (periods, items), elements=AMOUNTS)


@pytest.fixture(scope="module")
def manual(external_checks: Path) -> tuple[np.ndarray, np.ndarray]:
    """Prices and values of the Producer Price Index Manual's artificial data, tables 19.1, 19.2."""
    rows = pd.read_csv(external_checks / "index_numbers.csv")
    prices, quantities = (
        rows.pivot(index="period", columns="product", values=column).to_numpy()
        for column in ("price", "quantity")
    )
    return prices, prices * quantities


@pytest.mark.parametrize(
    ("formula", "published"),
    [
        (lambda p, v: fixed_base(p, v, log_fisher), [1, 1.4011, 1.2721, 1.1762, 1.0712]),
        (lambda p, v: fixed_base(p, v, log_tornqvist), [1, 1.4052, 1.2890, 1.2268, 1.2477]),
        (lambda p, v: chained(log_links(p, v, log_fisher)), [1, 1.4011, 1.3185, 1.2689, 1.2226]),
        (lambda p, v: rolling_geks(p, v, log_fisher, 5), [1, 1.3329, 1.2475, 1.1914, 1.1334]),
        (lambda p, v: rolling_geks(p, v, log_tornqvist, 5), [1, 1.3842, 1.2948, 1.2457, 1.2418]),
    ],
    ids=["Fisher", "Tornqvist", "chained Fisher", "GEKS-Fisher", "CCDI"],
)
def test_the_manuals_index_numbers(manual, formula, published) -> None:
    prices, values = manual
    np.testing.assert_allclose(formula(prices, values), published, atol=1e-4)


@given(tables(2), tables(2))
def test_fisher_and_tornqvist_reverse_in_time(prices: np.ndarray, values: np.ndarray) -> None:
    for bilateral in BILATERAL:
        there = bilateral(prices[0], prices[1], values[0], values[1])
        back = bilateral(prices[1], prices[0], values[1], values[0])
        assert there == pytest.approx(-back, abs=1e-12)


@given(tables(2), tables(2))
def test_fisher_times_its_quantity_index_is_the_ratio_of_values(
    prices: np.ndarray, quantities: np.ndarray
) -> None:
    """Factor reversal: the quantity index is the same formula with the two exchanged."""
    values = prices * quantities
    of_prices = log_fisher(prices[0], prices[1], values[0], values[1])
    of_quantities = log_fisher(quantities[0], quantities[1], values[0], values[1])
    assert of_prices + of_quantities == pytest.approx(np.log(values[1].sum() / values[0].sum()))


@given(tables(2), tables(2))
def test_fisher_lies_between_laspeyres_and_paasche(prices: np.ndarray, values: np.ndarray) -> None:
    pair = prices[0], prices[1], values[0], values[1]
    low, high = sorted([log_laspeyres(*pair), log_paasche(*pair)])
    assert low - 1e-12 <= log_fisher(*pair) <= high + 1e-12


@given(tables(2), tables(2), st.floats(0.1, 10))
def test_prices_all_times_a_factor_give_the_factor(
    prices: np.ndarray, values: np.ndarray, factor: float
) -> None:
    for bilateral in [*BILATERAL, log_laspeyres, log_paasche]:
        found = bilateral(prices[0], prices[0] * factor, values[0], values[1])
        assert found == pytest.approx(np.log(factor), abs=1e-12)


@given(tables(6), tables(6), arrays.arrays(float, 4, elements=AMOUNTS))
def test_units_of_measurement_change_nothing(
    prices: np.ndarray, quantities: np.ndarray, units: np.ndarray
) -> None:
    values = prices * quantities
    for bilateral in BILATERAL:
        one = rolling_geks(prices, values, bilateral, 4)
        other = rolling_geks(prices * units, values, bilateral, 4)
        np.testing.assert_allclose(one, other, rtol=1e-9)


@given(tables(5), tables(5))
def test_a_multilateral_index_is_circular(prices: np.ndarray, values: np.ndarray) -> None:
    """Within one window: prices that return to where they were, with their values, give 1 again.

    Chained Fisher does not: that is its drift.
    """
    prices, values = np.vstack([prices, prices[:1]]), np.vstack([values, values[:1]])
    levels = rolling_geks(prices, values, log_tornqvist, len(prices))
    assert levels[-1] == pytest.approx(1, rel=1e-9)


def test_chained_fisher_drifts_where_ccdi_does_not() -> None:
    prices = np.array([[1, 1], [0.5, 1], [1, 1], [1, 1]], dtype=float)
    quantities = np.array([[10, 10], [500, 10], [1, 10], [10, 10]], dtype=float)
    values = prices * quantities
    assert chained(log_links(prices, values, log_fisher))[-1] < 0.9
    assert rolling_geks(prices, values, log_tornqvist, 4)[-1] == pytest.approx(1)


@given(tables(7), tables(7))
def test_with_every_pair_there_geks_is_the_mean_of_indirect_comparisons(
    prices: np.ndarray, values: np.ndarray
) -> None:
    pairs = index_numbers._pairs_within(prices, values, log_tornqvist, 7)
    np.fill_diagonal(pairs, 0)
    indirect = np.array([np.mean(pairs[0, :] + pairs[:, t]) for t in range(7)])
    np.testing.assert_allclose(geks(pairs), indirect, atol=1e-9)


@given(tables(9, 1), tables(9, 1))
def test_one_item_is_its_own_index_in_any_window(prices: np.ndarray, values: np.ndarray) -> None:
    for window in (2, 4, 9, 20):
        levels = rolling_geks(prices, values, log_tornqvist, window)
        np.testing.assert_allclose(levels, prices[:, 0] / prices[0, 0], rtol=1e-9)


def test_items_that_are_not_priced_in_both_periods_do_not_count() -> None:
    prices = np.array([[1.0, 2.0, np.nan], [2.0, np.nan, 5.0]])
    values = np.array([[3.0, 9.0, np.nan], [4.0, np.nan, 7.0]])
    for bilateral in BILATERAL:
        pair = prices[0], prices[1], values[0], values[1]
        assert bilateral(*pair) == pytest.approx(np.log(2))


def test_a_period_that_nothing_links_begins_a_chain() -> None:
    prices = np.array([[1.0, np.nan], [2.0, np.nan], [np.nan, 4.0], [np.nan, 6.0]])
    links = log_links(prices, prices, log_fisher)
    np.testing.assert_allclose(links, [np.nan, np.log(2), np.nan, np.log(1.5)])
    assert chains(links) == [slice(0, 2), slice(2, 4)]


def test_a_window_without_two_periods_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 2"):
        rolling_geks(np.ones((3, 1)), np.ones((3, 1)), log_fisher, 1)
