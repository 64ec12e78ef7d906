"""The invented World Bank indicators: complete values, and which of them the publisher has.

This module holds everything that does not depend on trade. Documented economies follow the courses
of calibration.py, so that the regressions' samples are calm and their standard errors known. All
other economies are drawn so that table 3's means, standard deviations and numbers of observations
are met over all economies together.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd
from scipy.special import ndtri

from orchestration.seeds import seed_path
from orchestration.sources.synthetic.calibration import (
    AID_RECIPIENTS,
    COURSES,
    COVARIATE_YEARS,
    DEVELOPMENT,
    DOCUMENTED,
    EXCHANGE_RATE,
    EXCHANGE_RATE_ONLY,
    FIRST_GOVERNANCE_YEARS,
    LAST_EMISSION_YEAR,
    OTHER_COURSES,
    PARTNERS,
    PREDECESSORS,
    TRADE_YEARS,
    WIDE_INFLATION,
    WITHOUT_EMISSIONS,
    WITHOUT_WORLD_BANK_DATA,
    Course,
)

CHINA = 0  # its index among the economies
# index of the first year of trade among the years of covariates
FIRST_TRADE = int(TRADE_YEARS[0] - COVARIATE_YEARS[0])
# Outcomes of these years are observed in every documented economy, so that none is left with a
# single row, which fixed effects would absorb.
CERTAIN_YEARS, CERTAIN = (2007, 2011), 99.0
GAP_IN = "gdp_growth"
GOVERNANCE = ("control_of_corruption", "political_stability", "regulatory_quality")


def seed_table(name: str) -> pd.DataFrame:
    """A seed of the project as text, with blanks kept as empty strings."""
    return pd.read_csv(seed_path(name), dtype=str, keep_default_na=False)


@cache
def printed_moments() -> pd.DataFrame:
    """Table 3 of the report by variable: n, mean, sd, min, max."""
    return pd.read_csv(seed_path("published_summary_statistics")).set_index("variable")


@cache
def printed_observations() -> dict[tuple[str, int], int]:
    """N of each column of tables 4 to 12."""
    return (
        pd.read_csv(seed_path("published_estimates"))
        .groupby(["exhibit", "column_number"])
        .n_observations.first()
        .to_dict()
    )


@dataclass(frozen=True)
class Economies:
    """The economies of the world, China first; every array has one element per economy."""

    frame: pd.DataFrame
    """One row per economy.

    iso3, economy_name, code (UN Comtrade's), region, income_group, is_advanced, size (standard
    normal), development.
    """
    is_documented: np.ndarray
    has_emissions: np.ndarray
    receives_aid: np.ndarray

    def __len__(self) -> int:
        return len(self.frame)

    def where(self, iso3: list[str]) -> np.ndarray:
        return self.frame.iso3.isin(iso3).to_numpy()


@cache
def economies() -> Economies:
    """The economies, from seeds and calibration: the same in every world."""
    groups = seed_table("economy_groups").query("vintage == 'FY24'").drop(columns="vintage")
    # the code under which an economy trades today; of several codes UN Comtrade and BACI use the
    # last (842 out of 840 and 842)
    codes = (
        seed_table("comtrade_economy_codes")
        .query("kind == 'economy' and end_year == ''")
        .drop_duplicates("iso3", keep="last")
        .set_index("iso3")
        .comtrade_code
    )
    frame = (
        seed_table("economies")
        .merge(groups, on="iso3")
        .set_index("iso3")
        .loc[["CHN", *PARTNERS]]
        .reset_index()
    )
    frame["code"] = frame.iso3.map(codes).astype("int64")
    frame["is_advanced"] = frame.weo_group == "Advanced economies"
    frame["size"] = -ndtri((np.r_[1.5, np.arange(1, len(frame))] - 0.5) / (len(frame) - 1))
    frame["development"] = frame.income_group.map(DEVELOPMENT).fillna(0.0) + 0.5 * frame.is_advanced

    def among(iso3: list[str]) -> np.ndarray:
        return frame.iso3.isin(iso3).to_numpy()

    return Economies(frame, among(DOCUMENTED), ~among(WITHOUT_EMISSIONS), among(AID_RECIPIENTS))


@dataclass(frozen=True)
class Covariates:
    """Economy x year (1988-2022) by variable of the panel.

    `values` has no gaps; `published` is true where the publisher has the value.
    `complete_controls` is true where a documented economy has all controls of tables 6 to 10,
    `complete` where it has all determinants of table 4.
    """

    values: dict[str, np.ndarray]
    published: dict[str, np.ndarray]
    complete_controls: np.ndarray
    complete: np.ndarray
    traded: np.ndarray
    """Economy x year of trade: true where imports from China are not zero.

    The base sample of table 3 follows from it.
    """
    gap: tuple[str, int, str]
    """The planted gap: economy, year and variable, unpublished between two published years."""


def autoregressive(
    rng: np.random.Generator, shape: tuple[int, int], persistence: float
) -> np.ndarray:
    """AR(1) noise with mean zero and variance one, along the years (second axis)."""
    noise = rng.normal(size=shape)
    for year in range(1, shape[1]):
        noise[:, year] = (
            persistence * noise[:, year - 1] + np.sqrt(1 - persistence**2) * noise[:, year]
        )
    return noise


def highest(score: np.ndarray, candidates: np.ndarray, count: int) -> np.ndarray:
    """The `count` candidates with the highest score, as a mask.

    This is how a printed number of observations is met exactly.
    """
    count = int(min(max(count, 0), candidates.sum()))
    chosen = np.zeros(candidates.shape, dtype=bool)
    places = np.flatnonzero(candidates)
    chosen.flat[places[np.argsort(-score.flat[places], kind="stable")[:count]]] = True
    return chosen


def invent_covariates(rng: np.random.Generator, economies: Economies) -> Covariates:
    """Draw the indicators of one world."""
    shape = (len(economies), len(COVARIATE_YEARS))
    published, complete_controls, complete, traded, gap = _publication(rng, economies, shape)
    values: dict[str, np.ndarray] = {}
    for variable, course in COURSES.items():
        values[variable] = _variable(rng, economies, variable, course, published, traded)
    exchange_rate = _exchange_rate(rng, economies, published["exchange_rate"], shape)
    values["exchange_rate"] = exchange_rate
    for variable, course in OTHER_COURSES.items():
        values[variable] = documented_course(rng, economies, course, shape, variable)
    values["inflation_rolling_sd"] = rolling_standard_deviation(
        np.where(published["inflation"], values["inflation"], np.nan)
    )
    values["reer_rolling_sd"] = rolling_standard_deviation(
        np.where(published["exchange_rate"], exchange_rate, np.nan)
    )
    for variable in ("inflation_rolling_sd", "reer_rolling_sd"):
        published[variable] = np.isfinite(values[variable])
        values[variable] = np.where(published[variable], values[variable], 0.0)
    return Covariates(values, published, complete_controls, complete, traded, gap)


def rolling_standard_deviation(values: np.ndarray) -> np.ndarray:
    """Sample standard deviation over the calendar years t-3 to t; missing where any year is."""
    windows = np.lib.stride_tricks.sliding_window_view(values, 4, axis=1)
    return np.concatenate([np.full((len(values), 3), np.nan), windows.std(axis=2, ddof=1)], axis=1)


# ---- what is published -----------------------------------------------------------------------


@cache
def lasting_trait(name: str, count: int) -> np.ndarray:
    """Lasting traits of economies, standard normal.

    They are the same in every world, so that worlds differ in their years, not in their economies.
    """
    return np.random.default_rng([7, *name.encode()]).normal(size=(count, 1))


def _publication(
    rng: np.random.Generator, economies: Economies, shape: tuple[int, int]
) -> tuple[dict[str, np.ndarray], np.ndarray, np.ndarray, np.ndarray, tuple[str, int, str]]:
    """Which economy-years of each variable are published.

    They are chosen so that the printed numbers of observations are met.
    """
    years = COVARIATE_YEARS
    printed, moments = printed_observations(), printed_moments()
    documented = economies.is_documented[:, None] & ~economies.where(["CZE"])[:, None] | (
        economies.where(["CZE"])[:, None] & (years > PREDECESSORS["CZE"][2])
    )

    def within(first: int, last: int) -> np.ndarray:
        return np.broadcast_to((years >= first) & (years <= last), shape)

    governed = np.broadcast_to(np.isin(years, FIRST_GOVERNANCE_YEARS) | (years >= 2002), shape)
    everywhere = np.broadcast_to(~economies.where(WITHOUT_WORLD_BANK_DATA)[:, None], shape)

    def score(name: str, start: float = 0.0, holes: float = 0.5) -> np.ndarray:
        """How well an economy-year is documented: by economy, better with time, with holes."""
        return (
            lasting_trait(name, shape[0]) + start * (years - 2005) + holes * rng.normal(size=shape)
        )

    certain = CERTAIN * np.isin(years + 1, CERTAIN_YEARS)

    # complete controls at t-1, so that table 6 and table 8 (which starts with the first year of
    # governance) each have their printed N
    controls = documented & highest(
        score("controls") + certain,
        documented & within(1992, 2019) & governed,
        printed["table_8", 1],
    )
    controls |= highest(
        score("controls"),
        documented & within(1992, 2019) & ~governed,
        printed["table_6", 1] - printed["table_8", 1],
    )
    controls |= highest(
        score("controls"), documented & within(2020, 2021), round(printed["table_8", 1] / 21 * 2)
    )
    complete = highest(
        score("complete", 0.02) + certain, controls & governed, printed["table_4", 1]
    )

    traded = _traded(rng, economies, score("traded", 0.1, 0.3), complete)
    base = np.zeros(shape, dtype=bool)
    base[:, FIRST_TRADE:] = traded & (
        economies.has_emissions[:, None] & (TRADE_YEARS <= LAST_EMISSION_YEAR)
    )

    def others(
        variable: str,
        among: np.ndarray,
        documented_rows: np.ndarray,
        name: str | None = None,
        start: float = 0.08,
        outside: bool = True,
    ) -> np.ndarray:
        """`documented_rows`, plus as many rows of other economies as the printed N requires."""
        count = int(moments.n[variable]) - int((documented_rows & base).sum())
        scores = score(name or variable, start, 0.15)
        chosen = highest(scores, among & base & ~documented, count)
        threshold = scores[chosen].min() if outside else np.inf
        return documented_rows | chosen | (among & ~documented & ~base & (scores >= threshold))

    full = np.broadcast_to(economies.is_documented[:, None], shape)
    published = dict.fromkeys(("ln_gdp", "population_growth"), everywhere)
    for variable in (
        "ln_gdp",
        "gdp_growth",
        "ln_gdp_per_capita",
        "gross_domestic_savings",
        "domestic_credit",
        "trade_openness",
        "fdi_inflows",
    ):
        published[variable] = others(variable, everywhere, full)
    # reserves are a percentage of GDP
    published["total_reserves"] = others("total_reserves", published["ln_gdp"], full)
    # one value that no sample needs is withheld, between two years in which it is published
    economy, place = np.argwhere(full & ~controls & within(1998, 2015))[0]
    gap = (str(economies.frame.iso3[economy]), int(years[place]), GAP_IN)
    hole = np.zeros(shape, dtype=bool)
    hole[economy, place] = True
    published[GAP_IN] = others(GAP_IN, everywhere, full & ~hole)
    published["inflation"] = others("inflation", everywhere, full, start=0.03)
    exchange = economies.where(EXCHANGE_RATE_ONLY)[:, None] & ~(
        economies.where(EXCHANGE_RATE_ONLY[-1:])[:, None] & (years < 1992)
    )
    published["exchange_rate"] = full | exchange
    published["real_interest_rate"] = others(
        "real_interest_rate",
        everywhere & ~exchange & ~economies.where(EXCHANGE_RATE_ONLY)[:, None],
        controls,
    )
    published["tariff_weighted_mean"] = others(
        "tariff_weighted_mean", everywhere, full & ~(controls & governed & ~complete)
    )
    for variable in GOVERNANCE:
        published[variable] = others(variable, everywhere & governed, full & governed)
    early = controls & within(1992, 2019)
    educated = highest(
        score("education", 0.0) + certain, early & (years >= 1998), printed["table_7", 1]
    )
    published["compulsory_education"] = others(
        "compulsory_education",
        everywhere & (years >= 1998),
        educated | (full & ~controls & (years >= 1998)),
    )
    # Aid is not published outside the base sample. Its mean and standard deviation are therefore
    # the same in every world; the size of the interaction with imports depends on them.
    recipients = economies.receives_aid[:, None]
    aided = highest(score("aid", 0.0) + certain, early & recipients, printed["table_10", 1])
    published["aid_per_capita"] = others(
        "aid_per_capita",
        everywhere,
        aided | (full & recipients & ~controls),
        start=-0.05,
        outside=False,
    )

    emissions = economies.has_emissions[:, None] & within(1990, LAST_EMISSION_YEAR)
    for variable in ("ln_co2_kt", "co2_tonnes_per_capita"):
        published[variable] = emissions
    for variable in ("co2_kg_per_gdp_ppp", "co2_kg_per_gdp_ppp_2017"):
        published[variable] = others(
            variable, emissions, full & emissions, name="co2_kg_per_gdp_ppp"
        )
    for variable, last, column in (
        ("ln_co2_liquid_fuel_kt", 2016, 5),
        ("co2_transport_share_of_fuel_combustion", 2014, 6),
    ):
        candidates = _next_year(early) & within(1990, last)
        kept = highest(
            score(variable, 0.0) + _next_year(np.broadcast_to(certain, shape)),
            candidates,
            printed["table_6", column],
        )
        published[variable] = (
            emissions
            & within(1990, last)
            & (kept | ~candidates)
            & ~(documented & _next_year(early) & ~kept)
        )
    return published, controls, complete, traded, gap


def _next_year(mask: np.ndarray) -> np.ndarray:
    """Shift a mask of controls at t-1 to the emissions at t that depend on them."""
    return np.concatenate([np.zeros((len(mask), 1), mask.dtype), mask[:, :-1]], axis=1)


def _traded(
    rng: np.random.Generator, economies: Economies, score: np.ndarray, complete: np.ndarray
) -> np.ndarray:
    """Economy x year of trade: true where there are imports from China.

    Within the base sample there are as many as table 3 prints.
    """
    moments = printed_moments()
    score = (score + 2.0 * economies.frame["size"].to_numpy()[:, None])[:, FIRST_TRADE:]
    exists = exists_in(economies)
    with_emissions = economies.has_emissions[:, None] & (TRADE_YEARS <= LAST_EMISSION_YEAR)
    documented = economies.is_documented[:, None] & exists
    count = int(moments.n["lct_imports_from_china_kusd"]) - int((documented & with_emissions).sum())
    chosen = highest(score, exists & with_emissions & ~documented, count)
    traded = documented | chosen | (exists & ~with_emissions & (score >= score[chosen].min()))
    traded[CHINA] = False
    return traded


def exists_in(economies: Economies) -> np.ndarray:
    """Economy x year of trade: false while trade is reported under the code of a former state."""
    exists = np.ones((len(economies), len(TRADE_YEARS)), dtype=bool)
    for iso3, (_, _, last) in PREDECESSORS.items():
        exists[economies.where([iso3])] = last < TRADE_YEARS
    exists[CHINA] = False
    return exists


# ---- values ----------------------------------------------------------------------------------


def documented_course(
    rng: np.random.Generator,
    economies: Economies,
    course: Course,
    shape: tuple[int, int],
    name: str = "",
) -> np.ndarray:
    """The course of a variable as the documented economies have it, for every economy."""
    lasting = (
        economies.frame["size"].to_numpy()[:, None]
        if course.by_size
        else lasting_trait(name or repr(course), shape[0])
        + course.development * economies.frame.development.to_numpy()[:, None]
    )
    of_documented = lasting[economies.is_documented]
    lasting = np.clip((lasting - of_documented.mean()) / of_documented.std(), -2.5, 2.5)
    return (
        course.centre
        + course.between * lasting
        + course.trend * (COVARIATE_YEARS - 2006)
        + course.within * autoregressive(rng, shape, course.persistence)
    )


def _variable(
    rng: np.random.Generator,
    economies: Economies,
    variable: str,
    course: Course,
    published: dict[str, np.ndarray],
    traded: np.ndarray,
) -> np.ndarray:
    shape = (len(economies), len(COVARIATE_YEARS))
    values = documented_course(rng, economies, course, shape, variable)
    if variable == "inflation":
        until, higher, spread = WIDE_INFLATION
        wide = until >= COVARIATE_YEARS
        values[:, wide] = np.maximum(
            values[:, wide] + higher + spread * rng.normal(size=(shape[0], wide.sum())), -8.0
        )
    if variable == "compulsory_education":
        values = np.maximum(values, 5.0)
    others = ~economies.is_documented
    values[others] = _others(rng, economies, variable, course, published, traded, values)[others]
    if variable == "aid_per_capita":
        # constant in the economies that receive no aid, so that nothing there varies with it
        values[economies.is_documented & ~economies.receives_aid] = course.centre
    return np.clip(values, *printed_moments().loc[variable, ["min", "max"]])


def _others(
    rng: np.random.Generator,
    economies: Economies,
    variable: str,
    course: Course,
    published: dict,
    traded: np.ndarray,
    values: np.ndarray,
) -> np.ndarray:
    """Values of the economies that are not documented.

    They have a g-and-h distribution with the moments that, together with the documented economies,
    give those of table 3.
    """
    shape, others = values.shape, ~economies.is_documented
    if course.by_size:
        latent = (
            economies.frame["size"].to_numpy()[:, None]
            + (course.trend / 2.3) * (COVARIATE_YEARS - 2006)
            + 0.04 * autoregressive(rng, shape, 0.8)
        )
    else:
        lasting = (
            lasting_trait(variable, shape[0])
            + course.development * economies.frame.development.to_numpy()[:, None]
        )
        latent = (
            lasting
            + (course.trend / 1.2) * (COVARIATE_YEARS - 2006)
            + course.unrest * autoregressive(rng, shape, 0.6)
            + 9.0 * (rng.random(shape) < course.spikes)
        )
    base = published[variable].copy()
    base[:, FIRST_TRADE:] &= (
        traded & (TRADE_YEARS <= LAST_EMISSION_YEAR) & economies.has_emissions[:, None]
    )
    base[:, :FIRST_TRADE] = False
    target = printed_moments().loc[variable]
    known, sought = values[base & ~others[:, None]], base & others[:, None]
    count = sought.sum()
    mean = (target["mean"] * (count + len(known)) - known.sum()) / count
    square = (
        (target["sd"] ** 2 + target["mean"] ** 2) * (count + len(known)) - (known**2).sum()
    ) / count
    # normal scores of the ranks within the base sample; values outside it get the score that they
    # would have within it
    ordered = np.sort(latent[sought])
    rank = np.searchsorted(ordered, latent) + np.where(sought, 0.5, 0.0)
    shaped = g_and_h(
        ndtri(np.clip(rank / count, 0.5 / count, 1 - 0.5 / count)), course.skew, course.tail
    )
    spread = np.sqrt(max(square - mean**2, 0.0))
    made = shaped
    for _ in range(4):  # the rest makes up for what is clipped at the printed minimum and maximum
        made = np.clip(
            mean + spread * (made - made[sought].mean()) / made[sought].std(),
            target["min"],
            target["max"],
        )
    return made


def g_and_h(score: np.ndarray, g: float, h: float) -> np.ndarray:
    """Tukey's g-and-h transformation of standard normal scores: g skews, h stretches the tails."""
    return (np.expm1(g * score) / g if g else score) * np.exp(h * score**2 / 2)


def _exchange_rate(
    rng: np.random.Generator, economies: Economies, published: np.ndarray, shape: tuple[int, int]
) -> np.ndarray:
    """Real effective exchange rates, 2010 = 100.

    They are calm in the documented economies and volatile in the others, so that the mean
    volatility of table 3 is met.
    """
    calm = documented_course(rng, economies, EXCHANGE_RATE, shape, "exchange_rate")
    upheaval = np.exp(
        0.9 * lasting_trait("upheaval", shape[0]) + 0.35 * autoregressive(rng, shape, 0.85)
    ) * rng.normal(size=shape)
    observed = (TRADE_YEARS[0] <= COVARIATE_YEARS) & (COVARIATE_YEARS <= LAST_EMISSION_YEAR)

    def spread(values: np.ndarray) -> np.ndarray:
        return rolling_standard_deviation(np.where(published, values, np.nan))[:, observed]

    known, made = spread(calm)[economies.is_documented], spread(upheaval)[~economies.is_documented]
    left = printed_moments()["mean"]["reer_rolling_sd"] * (
        np.isfinite(known).sum() + np.isfinite(made).sum()
    ) - np.nansum(known)
    return np.where(
        economies.is_documented[:, None],
        calm,
        np.clip(100 + upheaval * left / np.nansum(made), 5, 400),
    )
