"""Least squares with economy and year effects as sums over economies.

Everything that an estimate needs of an economy is in the cross products of its rows, once its own
effects are taken out: X'X, X'y and y'y, X being the year dummies and the terms. A sample in which
economies are drawn with replacement, or one is left out, is then a weighted sum of these, and its
estimate one small system of equations. A copy of an economy has effects of its own.
"""

from __future__ import annotations

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
class EconomyMoments:
    """Cross products of g economies: p columns (year dummies and terms, the tested term last).

    economies       (g,) names
    packed          (g, p (p + 1) / 2) upper triangles of X'X, the columns scaled to unit length
    with_outcome    (g, p) X'y
    outcome         (g,) y'y
    unit            length of the tested term's column: estimates are divided by it
    n_rows          economy-years
    n_effects       parameters that the economies' own effects take
    """

    economies: np.ndarray
    packed: np.ndarray
    with_outcome: np.ndarray
    outcome: np.ndarray
    unit: float
    n_rows: int
    n_effects: int

    @property
    def n_columns(self) -> int:
        return self.with_outcome.shape[1]

    @property
    def degrees_of_freedom_iid(self) -> int:
        return self.n_rows - self.n_columns - self.n_effects

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


def economy_moments(
    sample: Sample, term: int, outcome: str, has_trends: bool = False
) -> EconomyMoments | NotEstimable:
    """The moments of a sample whose column `term` of x is tested, or why there are none.

    With `has_trends`, every economy has a linear trend beside its effect. `outcome` is the name
    of y. Terms that are collinear with years and earlier terms are left out.
    """
    codes, present = sample.ids["iso3"], np.unique(sample.years)
    reference = present[np.argmax([(sample.years == year).sum() for year in present])]
    dummies = (sample.years[:, None] == present[present != reference]).astype(float)
    others = np.delete(sample.x, term, axis=1)
    columns = np.column_stack([dummies, others, sample.x[:, term], sample.y])
    within = _within(columns, codes, sample.years, has_trends)
    x, y = within[:, :-1], within[:, -1]
    n_effects = len(sample.economies) * (1 + has_trends)
    if reason := too_small(len(y), sample.x.shape[1], n_effects + dummies.shape[1]):
        return reason
    if np.ptp(sample.y) == 0:
        return NotEstimable(because("not_estimable", "outcome_constant", outcome=outcome))
    left = np.abs(np.diag(np.linalg.qr(x, mode="r")))
    kept = left > COLLINEAR * np.linalg.norm(columns[:, :-1], axis=0)
    if not kept[-1]:
        return NotEstimable(because("not_estimable", "term_collinear"))
    x = x[:, kept]
    lengths = np.linalg.norm(x, axis=0)
    x = x / lengths
    upper = np.triu_indices(x.shape[1])
    by_economy = np.split(np.arange(len(y)), np.flatnonzero(np.diff(codes)) + 1)
    return EconomyMoments(
        economies=sample.economies,
        packed=np.stack([(x[rows].T @ x[rows])[upper] for rows in by_economy]),
        with_outcome=np.stack([x[rows].T @ y[rows] for rows in by_economy]),
        outcome=np.array([y[rows] @ y[rows] for rows in by_economy]),
        unit=float(lengths[-1]),
        n_rows=len(y),
        n_effects=n_effects,
    )


def weighted_estimates(moments: EconomyMoments, weights: np.ndarray) -> Weighted:
    """Estimates in samples that hold each economy as often as `weights` (b, g) says.

    The clustered standard error is that of Liang and Zeger (1986), copies of an economy being
    clusters of their own; both have the corrections of the sample itself.
    """
    p = moments.n_columns
    upper = np.triu_indices(p)
    cross = np.empty((len(weights), p, p))
    cross[:, upper[0], upper[1]] = cross[:, upper[1], upper[0]] = weights @ moments.packed
    cross[:, range(p), range(p)] += RIDGE
    with_outcome = weights @ moments.with_outcome
    right = np.zeros((len(weights), p, 2))
    right[:, :, 0], right[:, -1, 1] = with_outcome, 1
    solved = np.linalg.solve(cross, right)
    beta, row = solved[:, :, 0], solved[:, :, 1]  # row: the tested term's of the inverse
    products = row[:, upper[0]] * beta[:, upper[1]] + row[:, upper[1]] * beta[:, upper[0]]
    products[:, upper[0] == upper[1]] /= 2
    scores = row @ moments.with_outcome.T - products @ moments.packed.T
    squares = np.maximum(weights @ moments.outcome - (with_outcome * beta).sum(axis=1), 0)
    inverse = row[:, -1]
    is_identified = inverse * NOTHING_LEFT < 1
    with np.errstate(invalid="ignore"):
        clustered = np.sqrt(moments.small_sample_factor * (weights * scores**2).sum(axis=1))
        iid = np.sqrt(inverse * squares / moments.degrees_of_freedom_iid)
    return Weighted(
        *(
            np.where(is_identified, values, np.nan) / moments.unit
            for values in (beta[:, -1], clustered, iid)
        )
    )


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
