"""Index numbers: bilateral, chained and multilateral, from prices and values of items by period.

Prices and values are arrays of shape (periods, items); what is not traded in a period is NaN in
both. A bilateral index compares two periods by the items that are priced in both:

    Laspeyres    sum s0 (p1 / p0)              Paasche   1 / sum s1 (p0 / p1)
    Fisher       geometric mean of the two     (Fisher 1922)
    Tornqvist    exp of sum (s0 + s1) / 2 ln(p1 / p0)

with s the items' shares in the value of the matched items. These are formulas 15.5 to 15.81 of the
Producer Price Index Manual (ILO, IMF and others 2004) and of the Export and Import Price Index
Manual (2009), chapters 16 to 18.

A multilateral index compares every pair of periods of a window and is transitive: GEKS takes the
levels whose ratios are nearest to the bilateral ones, in logarithms and least squares; with every
pair there, that is the geometric mean of all indirect comparisons (Gini 1931, Elteto and Koves
1964, Szulc 1964). With Tornqvist's bilateral it is CCDI (Caves, Christensen and Diewert 1982;
Ivancic, Diewert and Fox 2011). A window that moves on is spliced by the mean over all periods it
shares with the one before (Diewert and Fox 2022), so that published levels are never revised.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np

# logarithm of the price level of one period over that of another, by prices and values of both:
# arrays of shape (..., items), of several pairs of periods at once, give one of shape (...)
Bilateral = Callable[[np.ndarray, np.ndarray, np.ndarray, np.ndarray], np.ndarray]


def log_laspeyres(p0: np.ndarray, p1: np.ndarray, v0: np.ndarray, v1: np.ndarray) -> np.ndarray:
    """Logarithm of the Laspeyres index over the items priced in both periods; NaN if none."""
    matched = _matched(p0, p1, v0, v1)
    relatives = np.divide(p1, p0, out=np.zeros(matched.shape), where=matched)
    with np.errstate(divide="ignore"):  # of pairs without an item, which are NaN in the end
        return np.log((_shares(v0, matched) * relatives).sum(axis=-1))


def log_paasche(p0: np.ndarray, p1: np.ndarray, v0: np.ndarray, v1: np.ndarray) -> np.ndarray:
    """Logarithm of the Paasche index: the inverse of Laspeyres' in the other direction."""
    return -log_laspeyres(p1, p0, v1, v0)


def log_fisher(p0: np.ndarray, p1: np.ndarray, v0: np.ndarray, v1: np.ndarray) -> np.ndarray:
    """Logarithm of the Fisher index."""
    return (log_laspeyres(p0, p1, v0, v1) + log_paasche(p0, p1, v0, v1)) / 2


def log_tornqvist(p0: np.ndarray, p1: np.ndarray, v0: np.ndarray, v1: np.ndarray) -> np.ndarray:
    """Logarithm of the Tornqvist index."""
    matched = _matched(p0, p1, v0, v1)
    relatives = np.divide(p1, p0, out=np.ones(matched.shape), where=matched)
    shares = (_shares(v0, matched) + _shares(v1, matched)) / 2
    return (shares * np.log(relatives)).sum(axis=-1)


def fixed_base(prices: np.ndarray, values: np.ndarray, bilateral: Bilateral) -> np.ndarray:
    """Levels, shape (periods,), each compared directly with the first period, which is 1."""
    return np.exp(bilateral(prices[0], prices, values[0], values))


def log_links(prices: np.ndarray, values: np.ndarray, bilateral: Bilateral) -> np.ndarray:
    """Logarithms of each period over the one before, shape (periods,).

    NaN, as for the first period, where no item is priced in both: there a chain begins.
    """
    return np.append(np.nan, bilateral(prices[:-1], prices[1:], values[:-1], values[1:]))


def chains(links: np.ndarray) -> list[slice]:
    """The runs of periods that are linked, one after another.

    Nothing says how the level of one compares with that of the next.
    """
    starts = [*np.flatnonzero(np.isnan(links)), len(links)]
    return [slice(int(start), int(end)) for start, end in pairwise(starts)]


def chained(links: np.ndarray) -> np.ndarray:
    """Levels of one chain, shape (periods,), from its logarithmic links; the first is 1."""
    return np.exp(np.cumsum([0.0, *links[1:]]))


def geks(pairs: np.ndarray) -> np.ndarray:
    """Logarithmic levels, shape (periods,), nearest to the bilateral ones; the first is 0.

    `pairs` holds the logarithm of every period (column) over every other (row), NaN where nothing
    matches; every period must be joined to the others by some path of comparisons.
    """
    there = ~np.isnan(pairs)
    np.fill_diagonal(there, False)
    if there.sum() == len(pairs) * (len(pairs) - 1):  # all of them: the mean is the least squares
        means = np.where(there, pairs, 0).sum(axis=0) / len(pairs)
        return means - means[0]
    # the normal equations of the least squares are the graph's Laplacian; the first level is 0
    laplacian = np.diag(there.sum(axis=1)) - there
    moments = np.where(there, pairs, 0).sum(axis=0)
    return np.concatenate([[0.0], np.linalg.solve(laplacian[1:, 1:], moments[1:])])


def rolling_geks(
    prices: np.ndarray, values: np.ndarray, bilateral: Bilateral, window: int
) -> np.ndarray:
    """Levels of one chain, shape (periods,), by GEKS in a rolling window with mean splice.

    The first `window` periods are one GEKS, from 1. Each later period takes its movement from the
    window that ends with it, averaged over all periods that it shares with the window before.
    Raises ValueError for a window of fewer than two periods.
    """
    if window < 2:
        raise ValueError(f"a window of {window} periods compares nothing; at least 2")
    periods, first = len(prices), min(window, len(prices))
    pairs = _pairs_within(prices, values, bilateral, window)
    before = geks(pairs[:first, :first])
    levels = [*before]
    for t in range(first, periods):
        start = t - window + 1
        now = geks(pairs[start : t + 1, start : t + 1])
        # from t - 1 to t by way of each period that both windows hold
        steps = (now[-1] - now[:-1]) - (before[-1] - before[1:])
        levels.append(levels[-1] + steps.mean())
        before = now
    return np.exp(levels)


def _pairs_within(
    prices: np.ndarray, values: np.ndarray, bilateral: Bilateral, window: int
) -> np.ndarray:
    """The logarithmic comparisons of periods less than `window` apart; NaN for all others."""
    pairs = np.full((len(prices), len(prices)), np.nan)
    for apart in range(1, min(window, len(prices))):
        logarithms = bilateral(prices[:-apart], prices[apart:], values[:-apart], values[apart:])
        earlier = np.arange(len(prices) - apart)
        pairs[earlier, earlier + apart] = logarithms
        pairs[earlier + apart, earlier] = -logarithms
    return pairs


def _matched(*arrays: np.ndarray) -> np.ndarray:
    return np.logical_and.reduce(np.broadcast_arrays(*(array > 0 for array in arrays)))


def _shares(values: np.ndarray, matched: np.ndarray) -> np.ndarray:
    """The matched items' shares in their value, NaN throughout where there are none."""
    counted = np.where(matched, values, 0)
    total = counted.sum(axis=-1, keepdims=True)
    return np.divide(counted, total, out=np.full(counted.shape, np.nan), where=total > 0)
