"""Least squares with economy and year effects as sums over economies.

Everything that an estimate needs of an economy is in the cross products of its rows, once its own
effects are taken out: X'X, X'y and y'y, X being the year dummies and the terms. A sample in which
economies are drawn with replacement, or one is left out, is then a weighted sum of these, and its
estimate one small system of equations. A copy of an economy has effects of its own. Outcomes on
the same rows and terms share X'X, and one factorisation of a sample's system serves them all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from estimation.estimators.fixed_effects import COLLINEAR, too_small
from estimation.reasons import NotEstimable, because
from estimation.sample import Sample

# Added to the diagonal of the scaled system, so that it has a solution where a sample lacks a year
# or a control does not vary. It moves estimates by about as small a share.
RIDGE = 1e-10
# The term is not identified if less than this share of its square is left beside the others.
NOTHING_LEFT = 1e-7


@dataclass(frozen=True)
class Regressors:
    """The n rows of g economies, less the economies' own effects, ordered by economy.

    economies       (g,) names
    x               (n, p) year dummies and terms, the tested term last, scaled to unit length
    first_rows      (g,) the first row of each economy
    unit            length of the tested term's column: estimates are divided by it
    n_effects       parameters that the economies' own effects take
    """

    economies: np.ndarray
    x: np.ndarray
    first_rows: np.ndarray
    unit: float
    n_effects: int


@dataclass(frozen=True)
class EconomyMoments:
    """What the cross products are taken of: regressors, and an outcome (n,) on their rows."""

    regressors: Regressors
    y: np.ndarray

    @property
    def economies(self) -> np.ndarray:
        return self.regressors.economies

    @property
    def n_rows(self) -> int:
        return len(self.y)

    @property
    def n_columns(self) -> int:
        return self.regressors.x.shape[1]

    @property
    def degrees_of_freedom_iid(self) -> int:
        return self.n_rows - self.n_columns - self.regressors.n_effects

    @property
    def small_sample_factor(self) -> float:
        """That of estimation.inference for clusters: an economy's effects count as one parameter.

        Zero degrees of freedom and a single economy are refused before.
        """
        g = len(self.economies)
        return (self.n_rows - 1) / (self.n_rows - self.n_columns - 1) * g / (g - 1)


@dataclass(frozen=True)
class Weighted:
    """The tested term in b weighted samples, arrays (b,); NaN where nothing is left of the term."""

    estimate: np.ndarray
    clustered_std_error: np.ndarray
    iid_std_error: np.ndarray


# the rows and terms of a sample -> its regressors
Known = dict[tuple, Regressors | NotEstimable]


def economy_moments(
    sample: Sample, term: int, outcome: str, has_trends: bool = False, known: Known | None = None
) -> EconomyMoments | NotEstimable:
    """The moments of a sample whose column `term` of x is tested, or why there are none.

    With `has_trends`, every economy has a linear trend beside its effect. `outcome` is the name
    of y. Terms that are collinear with years and earlier terms are left out. Samples that differ in
    y alone have the same regressors, one object, if they are given the same `known`.
    """
    n_effects = len(sample.economies) * (1 + has_trends)
    n_dummies = len(np.unique(sample.years)) - 1
    if reason := too_small(len(sample), sample.x.shape[1], n_effects + n_dummies):
        return reason
    if np.ptp(sample.y) == 0:
        return NotEstimable(because("not_estimable", "outcome_constant", outcome=outcome))
    known = {} if known is None else known
    key = (
        *(array.tobytes() for array in (sample.x, sample.years, sample.ids["iso3"])),
        *(tuple(sample.economies), term, has_trends),
    )
    if key not in known:
        known[key] = _regressors(sample, term, has_trends, n_effects)
    regressors = known[key]
    if isinstance(regressors, NotEstimable):
        return regressors
    [y] = _within(sample.y[:, None], sample.ids["iso3"], sample.years, has_trends).T
    return EconomyMoments(regressors, y)


def _regressors(
    sample: Sample, term: int, has_trends: bool, n_effects: int
) -> Regressors | NotEstimable:
    """The year dummies and terms of a sample; NotEstimable if nothing is left of the tested one."""
    codes, present = sample.ids["iso3"], np.unique(sample.years)
    reference = present[np.argmax([(sample.years == year).sum() for year in present])]
    dummies = (sample.years[:, None] == present[present != reference]).astype(float)
    others = np.delete(sample.x, term, axis=1)
    columns = np.column_stack([dummies, others, sample.x[:, term]])
    x = _within(columns, codes, sample.years, has_trends)
    left = np.abs(np.diag(np.linalg.qr(x, mode="r")))
    kept = left > COLLINEAR * np.linalg.norm(columns, axis=0)
    if not kept[-1]:
        return NotEstimable(because("not_estimable", "term_collinear"))
    x = x[:, kept]
    lengths = np.linalg.norm(x, axis=0)
    return Regressors(
        sample.economies,
        x / lengths,
        np.flatnonzero(np.diff(codes, prepend=-1)),
        float(lengths[-1]),
        n_effects,
    )


def weighted_estimates(moments: EconomyMoments, weights: np.ndarray) -> Weighted:
    """Estimates in samples that hold each economy as often as `weights` (b, g) says."""
    [estimates] = weighted_estimates_of_outcomes([moments], weights)
    return estimates


def weighted_estimates_of_outcomes(
    outcomes: Sequence[EconomyMoments], weights: np.ndarray
) -> list[Weighted]:
    """The same for each of m outcomes that have their regressors in common.

    The clustered standard error is that of Liang and Zeger (1986), copies of an economy being
    clusters of their own; both have the corrections of the sample itself.
    """
    regressors = outcomes[0].regressors
    (b, g), p, m = weights.shape, regressors.x.shape[1], len(outcomes)
    columns = np.column_stack([regressors.x, *(moments.y for moments in outcomes)])
    by_economy = np.split(columns, regressors.first_rows[1:])
    products = np.stack([rows.T @ rows for rows in by_economy])
    summed = (weights @ products.reshape(g, -1)).reshape(b, p + m, p + m)
    summed[:, range(p), range(p)] += RIDGE
    right = summed[:, :p, p - 1 :].copy()  # the last unit vector, and X'y of every outcome
    right[:, :, 0] = np.eye(p)[-1]
    solved = np.linalg.solve(summed[:, :p, :p], right)
    row, beta = solved[:, :, 0], solved[:, :, 1:].swapaxes(1, 2)  # row: of the inverse
    rows = (row @ products[:, :p].transpose(1, 2, 0).reshape(p, -1)).reshape(b, p + m, g)
    scores = rows[:, p:] - beta @ rows[:, :p]
    sums = np.einsum("bg,bmg->mb", weights, scores**2)
    squares = np.diagonal(summed, axis1=1, axis2=2)[:, p:] - (summed[:, p:, :p] * beta).sum(axis=2)
    inverse = row[:, -1]
    unit = np.where(inverse * NOTHING_LEFT < 1, regressors.unit, np.nan)
    with np.errstate(invalid="ignore"):
        iid = np.sqrt(inverse[:, None] * np.maximum(squares, 0))
        return [
            Weighted(
                beta[:, i, -1] / unit,
                np.sqrt(moments.small_sample_factor * sums[i]) / unit,
                iid[:, i] / np.sqrt(moments.degrees_of_freedom_iid) / unit,
            )
            for i, moments in enumerate(outcomes)
        ]


def _within(
    columns: np.ndarray, codes: np.ndarray, years: np.ndarray, has_trends: bool
) -> np.ndarray:
    """The columns (n, m) less each economy's mean, and with trends less its line over the years.

    Rows are ordered by economy.
    """
    starts = np.flatnonzero(np.diff(codes, prepend=-1))
    counts = np.bincount(codes)[:, None]

    def demeaned(values: np.ndarray) -> np.ndarray:
        return values - (np.add.reduceat(values, starts) / counts)[codes]

    columns = demeaned(columns)
    if not has_trends:
        return columns
    time = demeaned(years[:, None].astype(float))
    spread = np.add.reduceat(time**2, starts)
    slopes = np.add.reduceat(time * columns, starts) / np.where(spread > 0, spread, np.inf)
    return columns - time * slopes[codes]
