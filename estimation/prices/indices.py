"""Price indices of products, technologies, sectors and minerals, from unit values by partner.

An item is a code and a partner. Every aggregate has three formulas: chained Fisher, chained
Tornqvist, and CCDI (GEKS-Tornqvist) in a rolling window with mean splice. How far they are apart
tells how much the answer owes to the formula. A chain ends where no item is priced in two periods
that follow one another, as at a revision of the Harmonized System that divides the codes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from estimation.prices.index_numbers import (
    chained,
    chains,
    log_fisher,
    log_links,
    log_tornqvist,
    rolling_geks,
)

ALL_PARTNERS = "all"
# a year and the same month of the year before both lie in a window of two years and a month
# (Ivancic, Diewert and Fox 2011); an annual window is as long as a revision of the HS lasts
WINDOWS = {"monthly": 25, "annual": 6}

KEY = ["frequency", "flow", "aggregate_kind", "aggregate", "partner_group", "formula"]
COLUMNS = {
    "frequency": "string",
    "flow": "string",
    "aggregate_kind": "string",
    "aggregate": "string",
    "partner_group": "string",
    "formula": "string",
    "period": "datetime64[us]",
    "chain": int,
    "level": float,
    "matched_items": int,
    "matched_value_usd": float,
}


@dataclass(frozen=True)
class _Prices:
    """Prices as arrays (n,): of items and groups of partners only the codes are needed."""

    period: np.ndarray
    item: np.ndarray
    group: np.ndarray
    unit_value: np.ndarray
    value_usd: np.ndarray

    def __getitem__(self, places: np.ndarray) -> _Prices:
        return _Prices(*(column[places] for column in vars(self).values()))


def price_indices(prices: pd.DataFrame, aggregates: pd.DataFrame) -> pd.DataFrame:
    """The level of every aggregate by period and formula, in the columns of `COLUMNS`.

    `prices` has frequency, flow, period, partner_iso3, partner_group, product_code, item, hs6_code,
    unit_value, value_usd and is_outlier: an outlier's price is left out. `aggregates` has
    aggregate_kind, aggregate and product_code; codes that share a product with others are added to
    them as aggregates of their own. A level is 1 in the first period of its chain (`chain` counts
    them from 1). `matched_items` are those priced in the period before as well, and
    `matched_value_usd` their value; 0 in the first period of a chain.
    """
    found: list[tuple[tuple[str, ...], dict[str, np.ndarray]]] = []
    for (frequency, flow), rows in prices.groupby(["frequency", "flow"]):
        periods = np.sort(rows["period"].unique())
        kept = rows.loc[~rows["is_outlier"]]
        groups, names = pd.factorize(kept["partner_group"], sort=True)
        of_flow = _Prices(
            np.searchsorted(periods, kept["period"].to_numpy()),
            kept.groupby(["product_code", "item", "partner_iso3"]).ngroup().to_numpy(),
            groups,
            kept["unit_value"].to_numpy(dtype=float),
            kept["value_usd"].to_numpy(dtype=float),
        )
        for kind, aggregate, places in _members(kept, aggregates):
            of_aggregate = of_flow[places]
            for group, part in _by_partners(of_aggregate, names, kind):
                key = (frequency, flow, kind, aggregate, group)
                levels = _levels(part, periods, WINDOWS[frequency])
                found += [((*key, formula), columns) for formula, columns in levels]
    return _united(found)


def _united(found: list[tuple[tuple[str, ...], dict[str, np.ndarray]]]) -> pd.DataFrame:
    """One table of all indices: their keys, and their columns one below the other."""
    if not found:
        return pd.DataFrame(columns=[*COLUMNS]).astype(COLUMNS)
    keys = pd.DataFrame([key for key, _ in found], columns=KEY)
    lengths = [len(columns["period"]) for _, columns in found]
    united = keys.loc[np.repeat(np.arange(len(found)), lengths)].reset_index(drop=True)
    for name in found[0][1]:
        united[name] = np.concatenate([columns[name] for _, columns in found])
    return united[[*COLUMNS]].astype(COLUMNS)


def _members(rows: pd.DataFrame, aggregates: pd.DataFrame) -> Iterator[tuple[str, str, np.ndarray]]:
    """Each aggregate, as its kind and name, with the places of its products' rows."""
    by_product = rows.groupby("product_code").indices
    for (kind, aggregate), members in aggregates.groupby(["aggregate_kind", "aggregate"]):
        traded = [by_product[p] for p in members["product_code"] if p in by_product]
        if traded:
            yield kind, aggregate, np.concatenate(traded)
    shares_product = (rows["item"] != rows["product_code"]).to_numpy()
    for code, places in rows.groupby("hs6_code").indices.items():
        if (of_code := places[shares_product[places]]).size:
            yield "code", code, of_code


def _by_partners(prices: _Prices, names: pd.Index, kind: str) -> Iterator[tuple[str, _Prices]]:
    """The prices with all partners, and, of more than a code, with each group of them."""
    yield ALL_PARTNERS, prices
    if kind != "code":
        for group in np.unique(prices.group):
            yield names[group], prices[prices.group == group]


def _levels(
    rows: _Prices, periods: np.ndarray, window: int
) -> Iterator[tuple[str, dict[str, np.ndarray]]]:
    """One aggregate's levels by chain and formula, in the periods that have any price."""
    items, item = np.unique(rows.item, return_inverse=True)
    prices, values = np.full((2, len(periods), len(items)), np.nan)
    prices[rows.period, item], values[rows.period, item] = rows.unit_value, rows.value_usd
    traded = ~np.isnan(prices)
    matched = np.vstack([np.zeros_like(traded[:1]), traded[1:] & traded[:-1]])
    matched_items, matched_usd = matched.sum(axis=1), np.where(matched, values, 0).sum(axis=1)
    links = log_links(prices, values, log_tornqvist)
    of_fisher = log_links(prices, values, log_fisher)
    with_prices = [run for run in chains(links) if traded[run].any()]
    for number, run in enumerate(with_prices, start=1):
        levels = {
            "fisher": chained(of_fisher[run]),
            "tornqvist": chained(links[run]),
            "ccdi": rolling_geks(prices[run], values[run], log_tornqvist, window),
        }
        for formula, level in levels.items():
            yield (
                formula,
                {
                    "period": periods[run],
                    "chain": np.full(len(level), number),
                    "level": level,
                    "matched_items": matched_items[run],
                    "matched_value_usd": matched_usd[run],
                },
            )
