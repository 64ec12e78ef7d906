"""A variant of the world in which imports from China are endogenous, and an instrument finds out.

In the default world nothing moves both imports and emissions but the regressors, and least squares
is right. Here an economy's demand moves both: least squares is biased. China's supply of a product
moves the imports of those who used to buy it and nothing else: two-stage least squares is not.

No file is landed from it. `make run` and the default world do not know it; tests estimate it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from orchestration.sources.synthetic import equations
from orchestration.sources.synthetic.calibration import FIRST_TRADE, TRADE_YEARS
from orchestration.sources.synthetic.draws import autoregressive
from orchestration.sources.synthetic.economies import CHINA, exists_in
from orchestration.sources.synthetic.flows import products
from orchestration.sources.synthetic.world import World, invent

OUTCOME = "ln_co2_kt"
# of the planted equation; the interactions are left out, so that its truth is that of table 6
PLANTED_TERMS = (
    equations.LCT_IMPORTS,
    "gdp_growth",
    "ln_gdp_per_capita",
    "inflation",
    "trade_openness",
)
DEMAND_IN_EMISSIONS = 0.5  # what a unit of demand adds to ln CO2, a year later
DEMAND, SUPPLY, NOISE = 0.4, 1.0, 0.2  # standard deviations in ln imports
PERSISTENCE_OF_DEMAND, PERSISTENCE_OF_SUPPLY = 0.8, 0.9
PART_OF_PRODUCTS = 0.15  # that an economy buys
BASE_YEARS = 3  # whose product mix makes the shares, as in marts.instrument_shares


def truth() -> float:
    """The planted coefficient of imports from China."""
    return equations.planted()[OUTCOME][equations.LCT_IMPORTS]


@dataclass(frozen=True)
class EndogenousWorld:
    """A world whose imports from China and OUTCOME are drawn anew.

    `exports` are China's, economy x product x year of trade, in USD; `product_codes` names the
    products.
    """

    world: World
    exports: np.ndarray
    product_codes: np.ndarray

    def instrument_cells(self) -> pd.DataFrame:
        """What the warehouse would hold in marts.instrument_shares and instrument_shifts.

        It is computed from the generated world, not from files.
        """
        exports = self.exports
        is_traded = exports.sum(axis=1) > 0
        number = np.cumsum(is_traded, axis=1)
        base = is_traded & (number <= BASE_YEARS)
        bought = (exports * base[:, None, :]).sum(axis=2)
        shares = bought / np.maximum(bought.sum(axis=1, keepdims=True), 1e-300)
        totals = np.broadcast_to(exports.sum(axis=0), exports.shape)
        last_of_base = np.where(base, TRADE_YEARS, 0).max(axis=1, keepdims=True)
        later = (last_of_base < TRADE_YEARS) & (number[:, -1:] >= BASE_YEARS)
        economy, product, year = np.nonzero(
            (shares > 0)[:, :, None] & later[:, None, :] & (totals > 0)
        )
        return pd.DataFrame(
            {
                "iso3": self.world.economies.frame.iso3.to_numpy()[economy],
                "product_code": self.product_codes[product],
                "year": TRADE_YEARS[year],
                "share": shares[economy, product],
                "exports_usd": totals[economy, product, year],
                "exports_to_others_usd": (totals - exports)[economy, product, year],
            }
        )


def invent_endogenous(rng: np.random.Generator) -> EndogenousWorld:
    """Draw a world, then its imports from China by product, and OUTCOME, anew."""
    world = invent(rng)
    count, years = len(world.economies), len(TRADE_YEARS)
    low_carbon = products().query("sector != ''").product_code.to_numpy()
    demand = autoregressive(rng, (count, years), PERSISTENCE_OF_DEMAND)
    supply = autoregressive(rng, (len(low_carbon), years), PERSISTENCE_OF_SUPPLY)
    mix = rng.gamma(0.5, size=(count, len(low_carbon)))
    mix *= rng.random(mix.shape) < PART_OF_PRODUCTS
    noise = rng.normal(size=(count, len(low_carbon), years))
    exports = (
        1e6
        * mix[:, :, None]
        * np.exp(DEMAND * demand[:, None, :] + SUPPLY * supply[None] + NOISE * noise)
    )
    exports *= (world.all_trade[equations.LCT_IMPORTS] > 0)[:, None, :]
    exports[CHINA] = 0
    imports = exports.sum(axis=1) / 1000
    world = replace(world, all_trade=world.all_trade | {equations.LCT_IMPORTS: imports})
    world.covariates.values[OUTCOME] = _emissions(rng, world, demand)
    return EndogenousWorld(world, exports * exists_in(world.economies)[:, None, :], low_carbon)


def _emissions(rng: np.random.Generator, world: World, demand: np.ndarray) -> np.ndarray:
    """OUTCOME, economy x year (1988-2022): its equation, and the demand of the year before."""
    planted = equations.planted()[OUTCOME]
    regressors = equations.emission_regressors(
        world.economies, world.covariates, world.z, world.all_trade[equations.LCT_IMPORTS]
    )
    index = sum(planted[t] * equations.product_of(regressors, t) for t in PLANTED_TERMS)
    before = np.concatenate([np.zeros((len(demand), 1)), demand[:, :-1]], axis=1)
    noise = planted["noise"] * rng.normal(size=demand.shape)
    level = world.covariates.values[OUTCOME]
    emissions = level.copy()
    emissions[:, FIRST_TRADE:] = (
        level.mean(axis=1, keepdims=True) + index + DEMAND_IN_EMISSIONS * before + noise
    )
    return emissions
