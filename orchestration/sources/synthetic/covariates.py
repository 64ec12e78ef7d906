"""The invented World Bank indicators: complete values, of which availability.py publishes a part.

This module holds everything that does not depend on trade. Documented economies follow the courses
of calibration.py, so that the regressions' samples are calm and their standard errors known. All
other economies are drawn so that table 3's means, standard deviations and numbers of observations
are met over all economies together.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from orchestration.sources.synthetic.availability import Samples, invent_availability
from orchestration.sources.synthetic.calibration import (
    COURSES,
    COVARIATE_YEARS,
    EXCHANGE_RATE,
    LAST_EMISSION_YEAR,
    OTHER_COURSES,
    TRADE_YEARS,
    WIDE_INFLATION,
    Course,
)
from orchestration.sources.synthetic.draws import autoregressive, g_and_h, lasting_trait
from orchestration.sources.synthetic.economies import Economies
from orchestration.sources.synthetic.printed import printed_moments


@dataclass(frozen=True)
class Covariates:
    """Economy x year (1988-2022) by variable of the panel.

    `values` has no gaps; `published` is true where the publisher has the value.
    """

    values: dict[str, np.ndarray]
    published: dict[str, np.ndarray]
    samples: Samples
    gap: tuple[str, int, str]
    """The planted gap: economy, year and variable, unpublished between two published years."""


def invent_covariates(rng: np.random.Generator, economies: Economies) -> Covariates:
    """Draw the indicators of one world."""
    published, samples, gap = invent_availability(rng, economies)
    values: dict[str, np.ndarray] = {}
    for variable, course in COURSES.items():
        in_base = published[variable] & samples.base
        values[variable] = _variable(rng, economies, variable, course, in_base)
    values["exchange_rate"] = _exchange_rate(rng, economies, published["exchange_rate"])
    for variable, course in OTHER_COURSES.items():
        values[variable] = documented_course(rng, economies, course, variable)
    for variable, of in (
        ("inflation_rolling_sd", "inflation"),
        ("reer_rolling_sd", "exchange_rate"),
    ):
        deviation = rolling_standard_deviation(np.where(published[of], values[of], np.nan))
        published[variable] = np.isfinite(deviation)
        values[variable] = np.where(published[variable], deviation, 0.0)
    return Covariates(values, published, samples, gap)


def rolling_standard_deviation(values: np.ndarray) -> np.ndarray:
    """Sample standard deviation over the calendar years t-3 to t; missing where any year is."""
    windows = np.lib.stride_tricks.sliding_window_view(values, 4, axis=1)
    return np.concatenate([np.full((len(values), 3), np.nan), windows.std(axis=2, ddof=1)], axis=1)


def documented_course(
    rng: np.random.Generator, economies: Economies, course: Course, name: str = ""
) -> np.ndarray:
    """The course of a variable as the documented economies have it, for every economy.

    Economy x year (1988-2022). `name` identifies the lasting traits of the variable.
    """
    lasting = (
        economies.frame["size"].to_numpy()[:, None]
        if course.by_size
        else _lasting(economies, course, name or repr(course))
    )
    of_documented = lasting[economies.is_documented]
    lasting = np.clip((lasting - of_documented.mean()) / of_documented.std(), -2.5, 2.5)
    return (
        course.centre
        + course.between * lasting
        + course.trend * (COVARIATE_YEARS - 2006)
        + course.within * autoregressive(rng, _shape(economies), course.persistence)
    )


def _shape(economies: Economies) -> tuple[int, int]:
    return len(economies), len(COVARIATE_YEARS)


def _lasting(economies: Economies, course: Course, name: str) -> np.ndarray:
    """Economy x 1: the lasting traits of a variable, in part a matter of development."""
    return (
        lasting_trait(name, len(economies))
        + course.development * economies.frame.development.to_numpy()[:, None]
    )


def _variable(
    rng: np.random.Generator,
    economies: Economies,
    variable: str,
    course: Course,
    in_base: np.ndarray,
) -> np.ndarray:
    """A variable of table 3, `in_base` where it is published in the table's base sample."""
    values = documented_course(rng, economies, course, variable)
    if variable == "inflation":
        until, higher, spread = WIDE_INFLATION
        wide = until >= COVARIATE_YEARS
        values[:, wide] = np.maximum(
            values[:, wide] + higher + spread * rng.normal(size=(len(economies), wide.sum())), -8.0
        )
    if variable == "compulsory_education":
        values = np.maximum(values, 5.0)
    others = ~economies.is_documented
    latent = _latent(rng, economies, variable, course)
    left = _moments_left(variable, values[in_base & ~others[:, None]], in_base & others[:, None])
    values[others] = _of_others(latent, course, left)[others]
    if variable == "aid_per_capita":
        # constant in the economies that receive no aid, so that nothing there varies with it
        values[economies.is_documented & ~economies.receives_aid] = course.centre
    return np.clip(values, *printed_moments().loc[variable, ["min", "max"]])


# ---- the economies that are not documented ---------------------------------------------------


@dataclass(frozen=True)
class _MomentsLeft:
    """What the documented economies leave of a row of table 3, and the rows that it is left for."""

    rows: np.ndarray
    mean: float
    sd: float
    smallest: float
    largest: float


def _moments_left(variable: str, known: np.ndarray, rows: np.ndarray) -> _MomentsLeft:
    """The moments of `rows` that, together with the `known` values, give those of table 3."""
    printed, count = printed_moments().loc[variable], rows.sum()
    mean = (printed["mean"] * (count + len(known)) - known.sum()) / count
    square = (
        (printed["sd"] ** 2 + printed["mean"] ** 2) * (count + len(known)) - (known**2).sum()
    ) / count
    sd = np.sqrt(max(square - mean**2, 0.0))
    return _MomentsLeft(rows, mean, sd, printed["min"], printed["max"])


def _latent(
    rng: np.random.Generator, economies: Economies, variable: str, course: Course
) -> np.ndarray:
    """Economy x year: the order of a variable's values in the other economies, on no scale."""
    shape, years = _shape(economies), COVARIATE_YEARS - 2006
    if course.by_size:
        return (
            economies.frame["size"].to_numpy()[:, None]
            + (course.trend / 2.3) * years
            + 0.04 * autoregressive(rng, shape, 0.8)
        )
    return (
        _lasting(economies, course, variable)
        + (course.trend / 1.2) * years
        + course.unrest * autoregressive(rng, shape, 0.6)
        + 9.0 * (rng.random(shape) < course.spikes)
    )


def _of_others(latent: np.ndarray, course: Course, left: _MomentsLeft) -> np.ndarray:
    """Values in the order of `latent`, with a g-and-h distribution and the moments left."""
    count = left.rows.sum()
    # normal scores of the ranks within the base sample; values outside it get the score that they
    # would have within it
    ordered = np.sort(latent[left.rows])
    rank = np.searchsorted(ordered, latent) + np.where(left.rows, 0.5, 0.0)
    values = g_and_h(
        ndtri(np.clip(rank / count, 0.5 / count, 1 - 0.5 / count)), course.skew, course.tail
    )
    for _ in range(4):  # the rest makes up for what is clipped at the printed minimum and maximum
        in_base = values[left.rows]
        values = np.clip(
            left.mean + left.sd * (values - in_base.mean()) / in_base.std(),
            left.smallest,
            left.largest,
        )
    return values


def _exchange_rate(
    rng: np.random.Generator, economies: Economies, published: np.ndarray
) -> np.ndarray:
    """Real effective exchange rates, 2010 = 100.

    They are calm in the documented economies and volatile in the others, so that the mean
    volatility of table 3 is met.
    """
    shape = _shape(economies)
    calm = documented_course(rng, economies, EXCHANGE_RATE, "exchange_rate")
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
