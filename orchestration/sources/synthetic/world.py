"""One synthetic world: the indicators and the trade with China of a seed, before any reporting."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from estimation.specifications import GENDER, REPORT_SPECIFICATIONS, TABLE_6_OUTCOMES, parts
from orchestration.sources.synthetic import equations
from orchestration.sources.synthetic.calibration import COVARIATE_YEARS, FIRST_TRADE, TRADE_YEARS
from orchestration.sources.synthetic.covariates import Covariates, invent_covariates
from orchestration.sources.synthetic.draws import highest
from orchestration.sources.synthetic.economies import Economies, economies, exists_in
from orchestration.sources.synthetic.printed import printed_observations

GENERATOR_VERSION = 5  # raise it whenever a number or a byte of the files changes
NUMBERS_VERSION = 3  # the generator version that drew today's numbers first; part of their seed


@dataclass(frozen=True)
class World:
    """One generated world; arrays are economy x year.

    Covariates start in 1988; trade (thousand USD, as China reports it) starts in 1992.
    """

    economies: Economies
    covariates: Covariates
    z: dict[str, np.ndarray]
    all_trade: dict[str, np.ndarray]
    """Includes trade as part of another state; `trade` excludes it, as the panel does."""

    @property
    def trade(self) -> dict[str, np.ndarray]:
        exists = exists_in(self.economies)
        return {name: np.where(exists, flows, 0.0) for name, flows in self.all_trade.items()}


def random_numbers(seed: int) -> np.random.Generator:
    """The random number generator of one world.

    The version of the numbers is part of the seed: all files of another version differ, so that
    each supersedes its predecessor.
    """
    return np.random.default_rng([NUMBERS_VERSION, seed])


def invent(rng: np.random.Generator, sign: int = 1) -> World:
    """Draw a world.

    With sign -1 the error terms of the equations change sign, so that they cancel over a pair of
    worlds (antithetic variates).
    """
    everyone = economies()
    covariates = invent_covariates(rng, everyone)
    _publish_gender(covariates)
    traded = equations.who_trades(rng, everyone, covariates)
    _leave_out_gender(rng, covariates, traded)
    z = equations.z_scores(covariates)
    all_trade = equations.invent_trade_with_china(rng, everyone, covariates, z, traded, sign)
    covariates.values.update(
        equations.invent_emissions(
            rng, everyone, covariates, z, all_trade["lct_imports_from_china"], sign
        )
    )
    return World(everyone, covariates, z, all_trade)


def _publish_gender(covariates: Covariates) -> None:
    published = (COVARIATE_YEARS >= 1991) & covariates.published["ln_gdp"]
    covariates.published.update({v: published.copy() for v in GENDER})


def _leave_out_gender(
    rng: np.random.Generator, covariates: Covariates, traded: dict[str, np.ndarray]
) -> None:
    """Withhold `female_employers` so that table 11 has fewer observations than table 4.

    Table 12 has as many observations as table 5, so values are withheld only where no minerals
    are traded.
    """
    printed = printed_observations()
    estimated = equations.lag(covariates.samples.complete)
    no_minerals = (
        estimated & ~traded["mineral_imports_from_china"] & ~traded["mineral_exports_to_china"]
    )
    exported = traded["lct_exports_to_china"]
    score = rng.random(estimated.shape)
    both = printed["table_4", 2] - printed["table_11", 2]
    missing = highest(score, no_minerals & exported, both) | highest(
        score, no_minerals & ~exported, printed["table_4", 1] - printed["table_11", 1] - both
    )
    covariates.published["female_employers"][:, FIRST_TRADE - 1 : -1] &= ~missing


def panel_of(world: World) -> pd.DataFrame:
    """The documented economies' rows of the panel, as the warehouse will hold them.

    Columns: iso3, year, outcomes at t, z-scores of the lags. They are computed from the generated
    world, not from its files; a test compares them with marts.panel_country_year.
    """
    documented = np.flatnonzero(world.economies.is_documented)
    columns: dict[str, np.ndarray] = {
        "iso3": np.repeat(world.economies.frame.iso3.to_numpy()[documented], len(TRADE_YEARS)),
        "year": np.tile(TRADE_YEARS, len(documented)),
    }
    with np.errstate(divide="ignore"):
        for trade, flows in world.trade.items():
            columns[f"ln_{trade}"] = np.where(flows > 0, np.log(flows), np.nan)[documented].ravel()
    for outcome in TABLE_6_OUTCOMES:
        observed = np.where(
            world.covariates.published[outcome], world.covariates.values[outcome], np.nan
        )
        columns[outcome] = observed[documented, FIRST_TRADE:].ravel()
    for variable in sorted(
        {v for s in REPORT_SPECIFICATIONS for term in s.terms for v in parts(term)}
        - {equations.LCT}
    ):
        observed = np.where(world.covariates.published[variable], world.z[variable], np.nan)
        columns[f"{variable}_lag1_z"] = equations.lag(observed)[documented].ravel()
    imports, known = equations.lct_imports_z(
        world.economies, world.all_trade["lct_imports_from_china"]
    )
    columns[f"{equations.LCT}_lag1_z"] = equations.lag(np.where(known, imports, np.nan))[
        documented
    ].ravel()
    return pd.DataFrame(columns)
