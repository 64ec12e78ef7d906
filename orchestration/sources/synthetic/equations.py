"""The planted truth: equations 1 to 4 of the report, as the synthetic world obeys them.

Equations 1 and 2 have the printed coefficients of tables 4, 5, 11 and 12. Each emission outcome
obeys one equation, which combines equation 3 with the four interactions of equation 4. Its
coefficients are those whose projections on the tables' own specifications come nearest to the
printed ones; truth.py computes them and writes planted_coefficients.csv.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

from estimation.specifications import DETERMINANTS, GENDER, TABLE_6_OUTCOMES, parts
from orchestration.sources.synthetic.availability import certainty
from orchestration.sources.synthetic.calibration import (
    AFFINITY,
    CHINA_IN_EXPORTS,
    CHINA_IN_IMPORTS,
    CHINA_ORE_EXPORTS,
    CHINA_ORE_IMPORTS,
    COURSES,
    DOCUMENTED_SHARE,
    ELASTICITY_OF_DOCUMENTED,
    FIRST_ESTIMATED_YEAR,
    FIRST_TRADE,
    IMPORTS_OVER_EXPORTS,
    LARGEST_PART_OF_REGION,
    NOISE_OF_OTHERS,
    OTHER_COURSES,
    PREDECESSORS,
    SHARE_OF_RECIPIENTS,
    TO_INCOME_GROUP,
    TO_REGION,
    TRADE_YEARS,
    WORLD_EXPORTS,
)
from orchestration.sources.synthetic.covariates import Covariates
from orchestration.sources.synthetic.draws import highest
from orchestration.sources.synthetic.economies import CHINA, Economies, exists_in, groups_in
from orchestration.sources.synthetic.printed import (
    printed_estimates,
    printed_moments,
    printed_observations,
)

# thousand USD: enough to be divided among products and still be known to four digits
SMALLEST_FLOW = 0.02
PLANTED_COEFFICIENTS = Path(__file__).with_name("planted_coefficients.csv")
LCT_IMPORTS = "lct_imports_from_china"
LCT = f"{LCT_IMPORTS}_kusd"  # as the panel names it
# trade variable -> (exhibit and column of its determinants, exhibit that adds the gender terms)
TRADE = {
    LCT_IMPORTS: ("table_4", 1, "table_11"),
    "lct_exports_to_china": ("table_4", 2, "table_11"),
    "mineral_imports_from_china": ("table_5", 1, "table_12"),
    "mineral_exports_to_china": ("table_5", 2, "table_12"),
}


@cache
def planted() -> dict[str, dict[str, float]]:
    """By outcome: the coefficient of each term, and `noise`, the standard deviation of the error.

    The coefficients of the trade equations are printed in the report, so they are read from the
    seed; planted_coefficients.csv holds their noise and the emission equations.
    """
    printed = (
        printed_estimates().set_index(["exhibit", "column_number", "term"]).estimate.sort_index()
    )
    equations = {
        f"ln_{trade}": {**printed[exhibit, column].to_dict(), **printed[gender, column].to_dict()}
        for trade, (exhibit, column, gender) in TRADE.items()
    }
    if PLANTED_COEFFICIENTS.exists():
        for outcome, rows in pd.read_csv(PLANTED_COEFFICIENTS).groupby("outcome"):
            equations[outcome] = equations.get(outcome, {}) | dict(
                zip(rows.term, rows.coefficient, strict=True)
            )
    return equations


def path(points: Mapping[int, float], logarithmic: bool = False) -> np.ndarray:
    """A path over the years of trade, interpolated linearly (or in logarithms) between points."""
    years, values = np.array(list(points)), np.array(list(points.values()), dtype=float)
    return (
        np.exp(np.interp(TRADE_YEARS, years, np.log(values)))
        if logarithmic
        else np.interp(TRADE_YEARS, years, values)
    )


def standardised(values: np.ndarray, published: np.ndarray) -> np.ndarray:
    """z-scores, by the mean and standard deviation of the values that `published` selects.

    These are the values that the panel holds as a lag: published, of all economies but China.
    """
    of_panel = values[published]
    return (values - of_panel.mean()) / of_panel.std(ddof=1)


def in_panel_as_lag(published: np.ndarray) -> np.ndarray:
    """The published values, economy x year (1988-2022), that the panel holds one year later.

    These are the years 1991 to 2021, without China.
    """
    lagged = published.copy()
    lagged[CHINA], lagged[:, : FIRST_TRADE - 1], lagged[:, -1] = False, False, False
    return lagged


def z_scores(covariates: Covariates) -> dict[str, np.ndarray]:
    """Economy x year (1988-2022): the z-score of every covariate, published or not."""
    return {
        v: standardised(covariates.values[v], in_panel_as_lag(covariates.published[v]))
        for v in covariates.published
        if v in covariates.values and v != "exchange_rate"
    }


def china_totals() -> dict[str, np.ndarray]:
    """China's trade with all partners in each year, as China reports it, in thousand USD."""
    world_exports = 1e6 * path(WORLD_EXPORTS, logarithmic=True)
    world_imports = world_exports * path(IMPORTS_OVER_EXPORTS)
    return {
        LCT_IMPORTS: world_exports * path(CHINA_IN_EXPORTS) / 100,
        "lct_exports_to_china": world_imports * path(CHINA_IN_IMPORTS) / 100,
        "mineral_imports_from_china": 1e6 * path(CHINA_ORE_EXPORTS, logarithmic=True),
        "mineral_exports_to_china": 1e6 * path(CHINA_ORE_IMPORTS, logarithmic=True),
    }


def invent_trade_with_china(
    rng: np.random.Generator,
    economies: Economies,
    covariates: Covariates,
    z: dict[str, np.ndarray],
    traded: dict[str, np.ndarray],
    sign: int = 1,
) -> dict[str, np.ndarray]:
    """Each economy's trade with China (equations 1 and 2), economy x year of trade, thousand USD.

    It is zero where there is none. It includes what an economy traded while it was part of another
    state; the reports name that state.
    """
    part_of_another = ~exists_in(economies)
    part_of_another[CHINA] = False
    return {
        trade: _TradeEquation(economies, covariates, z, trade).flows(
            rng, traded[trade] | part_of_another, sign
        )
        for trade in TRADE
    }


def who_trades(
    rng: np.random.Generator, economies: Economies, covariates: Covariates
) -> dict[str, np.ndarray]:
    """Where trade is not zero, so that the printed N of tables 3, 4 and 5 are met.

    This depends on size, time and chance, never on the noise of the equation.
    """
    exists, size = exists_in(economies), economies.frame["size"].to_numpy()[:, None]
    samples = covariates.samples
    estimated, base = lag(samples.complete), samples.base[:, FIRST_TRADE:]
    traded = {LCT_IMPORTS: samples.traded}
    for trade, (exhibit, column, _) in list(TRADE.items())[1:]:
        score = 1.5 * size + 0.06 * (TRADE_YEARS - 2006) + rng.normal(size=exists.shape)
        in_sample = highest(
            score + certainty(TRADE_YEARS),
            estimated & exists,
            printed_observations()[exhibit, column],
        )
        count = int(printed_moments().n[f"{trade}_kusd"]) - int((in_sample & base).sum())
        others = highest(score, base & exists & ~estimated, count)
        traded[trade] = (
            in_sample | others | (exists & ~base & ~estimated & (score >= score[others].min()))
        )
    return traded


@dataclass(frozen=True)
class _TradeEquation:
    """Equation 1 or 2 for one flow with China; arrays are economy x year of trade.

    The equation is planted where it can be estimated (`documented`). Elsewhere flows divide the
    remainder of China's total by size and the printed shares.
    """

    economies: Economies
    covariates: Covariates
    z: dict[str, np.ndarray]
    trade: str

    @property
    def coefficients(self) -> dict[str, float]:
        return planted()[f"ln_{self.trade}"]

    @property
    def total(self) -> np.ndarray:
        """China's total by year, in thousand USD."""
        return china_totals()[self.trade]

    @property
    def documented(self) -> np.ndarray:
        return self.economies.is_documented[:, None] & (TRADE_YEARS >= FIRST_ESTIMATED_YEAR)

    @property
    def is_broken_down(self) -> bool:
        """Whether table 2 prints the flow by income group and region of the destination."""
        return self.trade == LCT_IMPORTS

    def flows(self, rng: np.random.Generator, traded: np.ndarray, sign: int) -> np.ndarray:
        """The flows where there is trade, in thousand USD, with an error term of this sign."""
        index = self.index()
        noise = (
            np.where(self.documented, self.coefficients.get("noise", 0.27), NOISE_OF_OTHERS)
            * sign
            * rng.normal(size=index.shape)
        )
        year_effect = np.log(self.total) - np.where(
            self.documented, index.sum(axis=0) / self.economies.is_documented.sum(), 0.0
        )
        weight = np.maximum(self.weight(), 1e-12)
        flows = np.exp(np.log(weight)[:, None] + index + year_effect + noise) * traded
        flows[CHINA] = 0
        return np.where(traded, np.maximum(self.raked(flows), SMALLEST_FLOW), 0.0)

    def index(self) -> np.ndarray:
        """What the determinants at t-1 contribute to ln trade, around each economy's mean."""
        index = np.zeros_like(self.z[DETERMINANTS[0]][:, FIRST_TRADE:])
        for term in (*DETERMINANTS, *GENDER):
            regressor = lag(within_sample(self.z[term], self.covariates.samples.complete))
            index = index + self.coefficients[term] * regressor
        return np.where(self.documented, index - index.mean(axis=1, keepdims=True), 0.0)

    def weight(self) -> np.ndarray:
        """By economy: the part of China's total that its size and its affinity give it."""
        economies, is_documented = self.economies, self.economies.is_documented
        elasticity_of_others, affinity = AFFINITY[self.trade]
        elasticity: float | np.ndarray = elasticity_of_others
        if self.is_broken_down:
            elasticity = np.where(is_documented, ELASTICITY_OF_DOCUMENTED, elasticity_of_others)
        weight = (
            np.exp(elasticity * self.covariates.values["ln_gdp"].mean(axis=1))
            * economies.frame.iso3.map(affinity).fillna(1.0).to_numpy()
        )
        weight[CHINA] = 0
        if self.is_broken_down:
            weight[economies.receives_aid] *= SHARE_OF_RECIPIENTS
        weight[is_documented] *= DOCUMENTED_SHARE[self.trade] / weight[is_documented].sum()
        return self.within_regions(weight) if self.is_broken_down else weight

    def within_regions(self, weight: np.ndarray) -> np.ndarray:
        """Weights that leave the other economies of a region a part of its printed share."""
        is_documented, region = self.economies.is_documented, self.economies.frame.region.to_numpy()
        weight = weight.copy()
        for name, shares in TO_REGION.items():
            documented, others = (
                is_documented & (region == name),
                ~is_documented & (region == name),
            )
            smallest_share = path(shares)[TRADE_YEARS >= FIRST_ESTIMATED_YEAR].min()
            weight[documented] *= min(
                1.0,
                LARGEST_PART_OF_REGION * smallest_share / 100 / max(weight[documented].sum(), 1e-9),
            )
            weight[others] *= np.mean(list(shares.values())) / 100 / weight[others].sum()
        return weight

    def raked(self, flows: np.ndarray) -> np.ndarray:
        """The flows with China's totals, and those of table 2, met by the other economies.

        What the equation gives the documented economies is not touched.
        """
        fixed = np.where(self.documented, flows, 0.0)
        others = np.where(self.documented, 0.0, flows)
        total = self.total
        margins: list[tuple[np.ndarray, Mapping[str, Mapping[int, float]]]] = []
        if self.is_broken_down:
            margins = [
                (groups_in(self.economies, "income_group"), TO_INCOME_GROUP),
                (groups_in(self.economies, "region"), TO_REGION),
            ]
        for _ in range(12 if margins else 1):
            for group_of, destinations in margins:
                for group, points in destinations.items():
                    members, wanted = group_of == group, total * path(points) / 100
                    left = np.maximum(wanted - (fixed * members).sum(axis=0), 0.05 * wanted)
                    of_group = np.maximum((others * members).sum(axis=0), 1e-9)
                    others *= np.where(members, left / of_group, 1.0)
            others *= np.maximum(total - fixed.sum(axis=0), 0.2 * total) / others.sum(axis=0)
        return fixed + others


def lag(values: np.ndarray) -> np.ndarray:
    """Economy x year of covariates at t-1, for t in the years of trade."""
    return values[:, FIRST_TRADE - 1 : -1]


def within_sample(z: np.ndarray, sample: np.ndarray) -> np.ndarray:
    """z-scores clipped to the range of the estimation sample, beyond which nothing is estimated."""
    return np.clip(z, z[sample].min(), z[sample].max())


def invent_emissions(
    rng: np.random.Generator,
    economies: Economies,
    covariates: Covariates,
    z: dict[str, np.ndarray],
    lct_imports: np.ndarray,
    sign: int = 1,
) -> dict[str, np.ndarray]:
    """The six outcomes of table 6 (equations 3 and 4), economy x year (1988-2022), without gaps.

    Before trade begins they are at their means.
    """
    regressors = emission_regressors(economies, covariates, z, lct_imports)
    emissions = {}
    for outcome in TABLE_6_OUTCOMES:
        coefficients = planted().get(outcome, {})
        index = np.zeros_like(regressors[LCT])
        for term, b in coefficients.items():
            if term != "noise":
                index = index + b * product_of(regressors, term)
        noise = coefficients.get("noise", 0.01) * sign * rng.normal(size=index.shape)
        level = covariates.values[outcome]
        emissions[outcome] = level.copy()
        emissions[outcome][:, FIRST_TRADE:] = np.where(
            economies.is_documented[:, None],
            _documented_emissions(outcome, level, index, noise),
            _other_emissions(outcome, level, index, noise),
        )
    return emissions


def _documented_emissions(
    outcome: str, level: np.ndarray, index: np.ndarray, noise: np.ndarray
) -> np.ndarray:
    """The mean is the economy's own, the movement over the years is the equation's."""
    course = OTHER_COURSES.get(outcome) or COURSES[outcome]
    return (
        level.mean(axis=1, keepdims=True)
        + course.trend * (TRADE_YEARS - 2006)
        + index
        - index.mean(axis=1, keepdims=True)
        + noise
    )


def _other_emissions(
    outcome: str, level: np.ndarray, index: np.ndarray, noise: np.ndarray
) -> np.ndarray:
    """The drawn values; those of ln_co2_kt move with the equation too."""
    if outcome != "ln_co2_kt":
        return level[:, FIRST_TRADE:]
    return level[:, FIRST_TRADE:] + index - index.mean(axis=1, keepdims=True) + noise


def emission_regressors(
    economies: Economies, covariates: Covariates, z: dict[str, np.ndarray], lct_imports: np.ndarray
) -> dict[str, np.ndarray]:
    """The regressors of equations 3 and 4 at t-1, economy x year of trade.

    They are clipped to their range in the rows with complete controls.
    """
    controls = covariates.samples.controls
    regressors = {v: lag(within_sample(z[v], controls)) for v in z}
    imports, known = lct_imports_z(economies, lct_imports)
    return regressors | {LCT: lag(within_sample(imports, controls & known))}


def by_reported_state(economies: Economies, flows: np.ndarray) -> np.ndarray:
    """Flows by party, as the reports name them, and year.

    The economies come first, with their own trade only; then follows one row per former state.
    """
    exists = exists_in(economies)
    states = sorted({state for state, _, _ in PREDECESSORS.values()})
    former = np.zeros((len(states), flows.shape[1]))
    for iso3, (state, _, _) in PREDECESSORS.items():
        place = economies.where([iso3])
        former[states.index(state)] += np.where(exists[place], 0.0, flows[place])[0]
    return np.concatenate([np.where(exists, flows, 0.0), former])


def lct_imports_z(economies: Economies, lct_imports: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """z-scores of imports from China, economy x year from 1988, and a mask of where they are known.

    `lct_imports` is in thousand USD, economy x year from 1992.
    """
    reported = by_reported_state(economies, lct_imports)
    imports = np.zeros((len(reported), FIRST_TRADE + reported.shape[1]))
    imports[:, FIRST_TRADE:] = reported
    own = slice(len(economies))
    return standardised(imports, in_panel_as_lag(imports > 0))[own], (imports > 0)[own]


def product_of(regressors: dict[str, np.ndarray], term: str) -> np.ndarray:
    """A term's values: a z-score, or the product of two."""
    return np.prod([regressors[v] for v in parts(term)], axis=0)
