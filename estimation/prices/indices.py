"""Price indices of products, technologies, sectors and minerals, from unit values by partner.

An item is a code and a partner. Every aggregate has three formulas: chained Fisher, chained
Tornqvist, and CCDI (GEKS-Tornqvist) in a rolling window with mean splice. How far they are apart
tells how much the answer owes to the formula. A chain ends where no item is priced in two periods
that follow one another, as at a revision of the Harmonized System that divides the codes.
"""

from __future__ import annotations

from collections.abc import Iterator

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


def price_indices(prices: pd.DataFrame, aggregates: pd.DataFrame) -> pd.DataFrame:
    """The level of every aggregate by period and formula, in the columns of `COLUMNS`.

    `prices` has frequency, flow, period, partner_iso3, partner_group, product_code, item, hs6_code,
    unit_value, value_usd and is_outlier: an outlier's price is left out. `aggregates` has
    aggregate_kind, aggregate and product_code; codes that share a product with others are added to
    them as aggregates of their own. A level is 1 in the first period of its chain (`chain` counts
    them from 1). `matched_items` are those priced in the period before as well, and
    `matched_value_usd` their value; 0 in the first period of a chain.
    """
    found: list[pd.DataFrame] = []
    for (frequency, flow), rows in prices.groupby(["frequency", "flow"]):
        periods = np.sort(rows["period"].unique())
        rows = rows.loc[~rows["is_outlier"]]
        for (kind, aggregate), part in _members(rows, aggregates):
            for group, of_group in _by_partners(part, kind):
                found.append(
                    _levels(of_group, periods, WINDOWS[frequency]).assign(
                        frequency=frequency,
                        flow=flow,
                        aggregate_kind=kind,
                        aggregate=aggregate,
                        partner_group=group,
                    )
                )
    united = pd.concat(found, ignore_index=True) if found else pd.DataFrame(columns=[*COLUMNS])
    return united[[*COLUMNS]].astype(COLUMNS)


def _members(
    rows: pd.DataFrame, aggregates: pd.DataFrame
) -> Iterator[tuple[tuple[str, str], pd.DataFrame]]:
    """Each aggregate, as its kind and name, with the rows of its products."""
    by_product = dict(list(rows.groupby("product_code")))
    for (kind, aggregate), members in aggregates.groupby(["aggregate_kind", "aggregate"]):
        traded = [by_product[p] for p in members["product_code"] if p in by_product]
        if traded:
            yield (kind, aggregate), pd.concat(traded)
    for code, of_code in rows.loc[rows["item"] != rows["product_code"]].groupby("hs6_code"):
        yield ("code", code), of_code


def _by_partners(rows: pd.DataFrame, kind: str) -> Iterator[tuple[str, pd.DataFrame]]:
    """The rows with all partners, and, of more than a code, with each group of them."""
    yield ALL_PARTNERS, rows
    if kind != "code":
        yield from rows.groupby("partner_group")


def _levels(rows: pd.DataFrame, periods: np.ndarray, window: int) -> pd.DataFrame:
    """One aggregate's levels by period and formula, in the periods that have any price."""
    items, _ = pd.factorize(
        pd.MultiIndex.from_frame(rows[["product_code", "item", "partner_iso3"]])
    )
    place = np.searchsorted(periods, rows["period"].to_numpy()), items
    prices, values = np.full((2, len(periods), items.max() + 1), np.nan)
    prices[place], values[place] = rows["unit_value"], rows["value_usd"]
    traded = ~np.isnan(prices)
    matched = np.vstack([np.zeros_like(traded[:1]), traded[1:] & traded[:-1]])
    links = log_links(prices, values, log_tornqvist)
    of_fisher = log_links(prices, values, log_fisher)
    found = []
    with_prices = [run for run in chains(links) if traded[run].any()]
    for number, run in enumerate(with_prices, start=1):
        levels = {
            "fisher": chained(of_fisher[run]),
            "tornqvist": chained(links[run]),
            "ccdi": rolling_geks(prices[run], values[run], log_tornqvist, window),
        }
        for formula, level in levels.items():
            found.append(
                pd.DataFrame(
                    {
                        "period": periods[run],
                        "formula": formula,
                        "chain": number,
                        "level": level,
                        "matched_items": matched[run].sum(axis=1),
                        "matched_value_usd": np.where(matched, values, 0)[run].sum(axis=1),
                    }
                )
            )
    return pd.concat(found)
