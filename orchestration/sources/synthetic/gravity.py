"""A variant of the world in which trade between all economies obeys gravity, with known numbers.

In the default world others than China hardly trade with each other, and distances are drawn by
themselves. Here the largest economies, with the groups they have there, all trade low-carbon
technology with each other at distances of their own:

    E[trade_ijt] = exp(x_ijt b + alpha_it + gamma_jt + eta_ij)

The pair effects are drawn apart from the terms and have mean one in levels, so that the columns
without them are right too. Trade comes in orders, as many as a Poisson number says and each of a
random size (a compound Poisson distribution), and each of one product. So there are zeros, more of
them where less is expected, and the variance rises with the mean. Orders between high-income
economies are large at first and small at last. That changes no mean, but three-way Poisson
estimates are biased by it (Weidner and Zylkin 2021): variance, relative to the mean, that changes
within a pair together with a term.

No file is landed from it. `make run` and the default world do not know it; tests and
gravity_recovery.py estimate it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from estimation.gravity.sample import BilateralTrade
from estimation.gravity.specifications import (
    CONTRASTS,
    GROUP_TERMS,
    OF_THE_PAIR,
    PERIOD_COMPARED_WITH,
    PERIODS,
    GravitySpecification,
)
from orchestration.sources.synthetic.calibration import BACI_REVISIONS, TRADE_YEARS, WORLD_EXPORTS
from orchestration.sources.synthetic.distances import NEIGHBOURS_WITHIN_KM, invent_pairs
from orchestration.sources.synthetic.draws import autoregressive
from orchestration.sources.synthetic.economies import CHINA, economies, exists_in
from orchestration.sources.synthetic.equations import path
from orchestration.sources.synthetic.flows import products

LARGEST = 40  # economies that trade, China among them
IS_IN_BACI = min(BACI_REVISIONS) <= TRADE_YEARS
YEARS = TRADE_YEARS[IS_IN_BACI]

OF_DISTANCE_AND_TIES = {
    "ln_distance": -0.9,
    "contiguity": 0.5,
    "common_language": 0.3,
    "colonial_link": 0.4,
}
# by contrast of groups: its coefficient in each of the periods
OF_GROUPS = {
    "china_to_high_income": (-0.4, 0.0, 0.3, 0.5, 0.2),
    "high_income_to_china": (0.3, 0.2, 0.0, -0.2, -0.4),
    "within_high_income": (0.6, 0.4, 0.2, 0.1, 0.0),
}
# columns of GeoDist by the terms they are
GEODIST = {
    "ln_distance": "dist",
    "contiguity": "contig",
    "common_language": "comlang_off",
    "colonial_link": "colony",
}
# standard deviations in ln trade: of one side from year to year, of a pair for good and by year
OF_SIDES, OF_PAIRS, OF_PAIRS_BY_YEAR = 0.3, 0.3, 0.2
PERSISTENCE_OF_SIDES, PERSISTENCE_OF_PAIRS = 0.9, 0.7
ELASTICITY_TO_SIZE = 0.5
ORDER_USD = 1e8  # on average
# how many times as large orders between high-income economies are, by period
ORDERS_WITHIN_HIGH_INCOME = (25.0, 4.0, 1.0, 0.3, 0.1)


def truth(specification: GravitySpecification) -> pd.Series:
    """The planted coefficient of each term that is one, by term.

    A contrast of groups in all years has none: it is between those of its periods. Beside pair
    effects a contrast is relative to the period that is compared with.
    """
    compared_with = PERIODS.index(PERIOD_COMPARED_WITH)
    planted = dict(OF_DISTANCE_AND_TIES)
    for name, term in GROUP_TERMS.items():
        if term.period is not None:
            values = OF_GROUPS[term.contrast]
            base = values[compared_with] if "pair" in specification.effects else 0.0
            planted[name] = values[PERIODS.index(term.period)] - base
    return pd.Series({t: planted[t] for t in specification.terms if t in planted}, dtype=float)


@dataclass(frozen=True)
class GravityWorld:
    """The trade of n economies with each other, and what is expected of it.

    iso3, groups    (n,) the economies, and the group of each as in marts.dim_economy
    is_recorded     (n, years) whether there is trade under an economy's own code
    pairs           as marts.dim_economy_pair has them, the columns that gravity reads
    expected        (n, n, years) USD from exporter to importer, pair effects at their mean
    trade           USD by year, exporter_iso3, importer_iso3 and product_code, where there is some
    """

    iso3: np.ndarray
    groups: np.ndarray
    is_recorded: np.ndarray
    pairs: pd.DataFrame
    expected: np.ndarray
    trade: pd.DataFrame

    def bilateral(self) -> BilateralTrade:
        """What gravity reads, of any specification: all products are of low-carbon technology."""
        return self._read_as(self.trade)

    def bilateral_expected(self) -> BilateralTrade:
        """The same without error: what a column finds in it is what it must recover."""
        exporter, importer, year = np.nonzero(self.expected)
        return self._read_as(
            pd.DataFrame(
                {
                    "year": YEARS[year],
                    "exporter_iso3": self.iso3[exporter],
                    "importer_iso3": self.iso3[importer],
                    "value_usd": self.expected[exporter, importer, year],
                }
            )
        )

    def _read_as(self, trade: pd.DataFrame) -> BilateralTrade:
        summed = trade.groupby(["exporter_iso3", "importer_iso3", "year"], as_index=False)[
            ["value_usd"]
        ].sum()
        economy, year = np.nonzero(self.is_recorded)
        return BilateralTrade(
            flows=lambda _: summed,
            recorded=pd.DataFrame({"iso3": self.iso3[economy], "year": YEARS[year]}),
            pairs=self.pairs,
            groups=dict(zip(self.iso3, self.groups, strict=True)),
        )


def invent_gravity(rng: np.random.Generator, count: int = LARGEST) -> GravityWorld:
    """Draw a world of so many economies, the largest."""
    everyone = economies()
    largest = everyone.frame.head(count)
    iso3 = largest.iso3.to_numpy()
    groups = np.where(largest.is_advanced, "High income", "Other EMDE")
    groups[CHINA] = "China"
    is_recorded = exists_in(everyone)[:count, IS_IN_BACI]
    is_recorded[CHINA] = True
    # the fewer economies share the Earth, the larger each is and the farther away its neighbours
    geodist = invent_pairs(rng, count, NEIGHBOURS_WITHIN_KM * np.sqrt(len(everyone) / count))
    expected = _expected(rng, largest["size"].to_numpy(), groups, geodist)
    expected *= is_recorded[:, None, :] & is_recorded[None, :, :]
    expected *= 1e9 * path(WORLD_EXPORTS, logarithmic=True)[IS_IN_BACI] / expected.sum(axis=(0, 1))
    exporter, importer = np.divmod(np.arange(count**2), count)
    pairs = pd.DataFrame(
        {"iso3_o": iso3[exporter], "iso3_d": iso3[importer]}
        | {OF_THE_PAIR[term]: geodist[name].ravel() for term, name in GEODIST.items()}
    )
    trade = _traded(rng, expected, iso3, _holds(groups, "within_high_income"))
    return GravityWorld(iso3, groups, is_recorded, pairs, expected, trade)


def _expected(
    rng: np.random.Generator, size: np.ndarray, groups: np.ndarray, geodist: dict[str, np.ndarray]
) -> np.ndarray:
    """The expected trade (n, n, years) of economies of a size (n,), up to a factor by year."""
    shape = (len(size), len(YEARS))
    of_pair = np.zeros((len(size), len(size)))
    for term, coefficient in OF_DISTANCE_AND_TIES.items():
        values = geodist[GEODIST[term]]
        of_pair += coefficient * (np.log(values) if term == "ln_distance" else values)
    exporter, importer = (
        ELASTICITY_TO_SIZE * size[:, None]
        + OF_SIDES * autoregressive(rng, shape, PERSISTENCE_OF_SIDES)
        for _ in range(2)
    )
    logarithm = of_pair[:, :, None] + exporter[:, None, :] + importer[None, :, :]
    for contrast, by_period in OF_GROUPS.items():
        logarithm += _holds(groups, contrast)[:, :, None] * _by_year(by_period)
    return np.exp(logarithm) * ~np.eye(len(size), dtype=bool)[:, :, None]


def _holds(groups: np.ndarray, contrast: str) -> np.ndarray:
    """Exporter x importer: whether a pair is one of the contrast's."""
    of_exporter, of_importer = CONTRASTS[contrast]
    return (groups == of_exporter)[:, None] & (groups == of_importer)[None, :]


def _by_year(values: tuple[float, ...]) -> np.ndarray:
    """The value (years,) of the period that a year is in."""
    return np.array(values)[np.searchsorted([last for _, last in PERIODS], YEARS)]


def _traded(
    rng: np.random.Generator, expected: np.ndarray, iso3: np.ndarray, is_within: np.ndarray
) -> pd.DataFrame:
    """Orders by product, given the expected trade; `is_within` tells high-income pairs.

    What a pair trades more or less than expected, for good and by year, has mean one.
    """
    n, listed = len(iso3), products().query("sector != ''").product_code.to_numpy()
    lasting = OF_PAIRS * rng.normal(size=(n, n, 1))
    passing = autoregressive(rng, (n * n, len(YEARS)), PERSISTENCE_OF_PAIRS).reshape(n, n, -1)
    error = lasting + OF_PAIRS_BY_YEAR * passing - (OF_PAIRS**2 + OF_PAIRS_BY_YEAR**2) / 2
    order = ORDER_USD * np.where(is_within[:, :, None], _by_year(ORDERS_WITHIN_HIGH_INCOME), 1.0)
    orders = rng.poisson(expected * np.exp(error) / order)
    exporter, importer, year = places = np.nonzero(orders)
    of_product = rng.multinomial(orders[places], rng.dirichlet(np.ones(len(listed))))
    flow, product = np.nonzero(of_product)
    usd = rng.gamma(of_product[flow, product]) * order[exporter, importer, year][flow]
    return pd.DataFrame(
        {
            "year": YEARS[year[flow]],
            "exporter_iso3": iso3[exporter[flow]],
            "importer_iso3": iso3[importer[flow]],
            "product_code": listed[product],
            "value_usd": usd,
        }
    )
