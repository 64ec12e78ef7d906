"""The incidental parameter bias of three-way PPML, taken out of a fit and of its standard errors.

Weidner and Zylkin (2021), "Bias and consistency in three-way gravity models". With N economies and
few years, exporter-year and importer-year effects are estimated from N rows each. Three-way PPML is
consistent, but its estimates have a bias of the order 1/N, as large as the standard error, and
clustered standard errors are too small by a part of the order 1/N.

Notation, for a pair ij and its T years, the pair effect profiled out: lambda_ij the fitted means,
share_ij = lambda_ij / (their sum), S_ij = y_ij - lambda_ij the scores of the effects of a side,
H_ij = diag(lambda_ij) - lambda_ij share_ij' minus their derivatives, x_ij the terms net of all
effects. For each exporter i, and likewise for each importer, h_i is the sum of H_ij over its
partners, and h_i^+ the pseudo-inverse.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from estimation.estimators.gravity import fit_gravity
from estimation.fit import Fit
from estimation.reasons import NotEstimable
from estimation.sample import Sample
from estimation.specifications import Specification

# A row that an effect fits perfectly has leverage one and no residual; so much less than one, the
# product is still nothing.
LEVERAGE_KEPT = 1 - 1e-6
PAIRS_AT_ONCE = 4_000  # of T x T matrices


@dataclass(frozen=True)
class _Panel:
    """A fit's rows as pair x year, zero where there is no row.

    means, scores, shares
                    (pairs, T)
    x               (pairs, T, k)
    sides           for exporters and for importers the code of each pair (pairs,)
    rows            the rows' places in the flattened (pairs, T)
    """

    means: np.ndarray
    scores: np.ndarray
    shares: np.ndarray
    x: np.ndarray
    sides: tuple[np.ndarray, np.ndarray]
    rows: np.ndarray

    @classmethod
    def of(cls, fit: Fit) -> _Panel:
        pair, year = fit.ids["pair"], fit.ids["year"]
        pairs, years = int(pair.max()) + 1, int(year.max()) + 1
        rows = pair * years + year

        def spread(values: np.ndarray) -> np.ndarray:
            whole = np.zeros((pairs * years, *values.shape[1:]))
            whole[rows] = values
            return whole.reshape(pairs, years, *values.shape[1:])

        means = spread(fit.weights)
        sides = np.empty((2, pairs), dtype=np.int64)
        sides[:, pair] = fit.ids["iso3"], fit.ids["importer"]
        return cls(
            means,
            spread(fit.residuals),
            means / means.sum(axis=1, keepdims=True),
            spread(fit.x),
            (sides[0], sides[1]),
            rows,
        )

    def by_economy(self, side: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """For each economy of a side its pairs and h^+ (T, T)."""
        order = np.argsort(side, kind="stable")
        for pairs in np.split(order, np.flatnonzero(np.diff(side[order])) + 1):
            means = self.means[pairs]
            information = np.diag(means.sum(axis=0)) - means.T @ self.shares[pairs]
            yield pairs, _inverse(information)


def fit_gravity_corrected(sample: Sample, specification: Specification) -> Fit | NotEstimable:
    """Three-way PPML of bilateral trade without its incidental parameter bias."""
    fit = fit_gravity(sample, specification)
    return fit if isinstance(fit, NotEstimable) else without_three_way_bias(fit)


def without_three_way_bias(fit: Fit) -> Fit:
    """The fit with its estimates corrected, and residuals from which its inference is corrected.

    `fit` has the effects exporter-year, importer-year and pair, with codes of iso3 (the exporter),
    importer, pair and year among its ids.
    """
    panel = _Panel.of(fit)
    score_bias, inverses = np.zeros(len(fit.terms)), []
    for side in panel.sides:
        of_side, inverse = _score_bias(panel, side)
        # each sum has one partner less than there are economies: N / (N - 1)
        score_bias += of_side * len(inverse) / (len(inverse) - 1)
        inverses.append(inverse)
    scores = _without_shrinkage(panel, fit.bread, inverses)
    return replace(
        fit,
        estimates=fit.estimates - fit.bread @ score_bias,
        unshrunk_residuals=scores.reshape(-1)[panel.rows],
    )


def _score_bias(panel: _Panel, side: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The bias of the terms' scores (k,) from the effects of one side, and h^+ (economies, T, T).

    Proposition 3 has for term k and exporter i, summed over j,

        - tr[h_i^+ sum H_ij x_ijk S_ij'] + 1/2 tr[(sum G_ij x_ijk) h_i^+ (sum S_ij S_ij') h_i^+]

    with G_ij the third derivatives. Since x_ij is net of the pair effects, H_ij x_ijk is
    lambda_ij x_ijk, year by year; since it is net of the exporter-year effects too, the sum of
    G_ij x_ijk is A + A' with A = sum lambda_ij x_ijk share_ij'. Together that is the sum of
    (lambda_ij x_ijk)' (m_i share_ij - h_i^+ S_ij), m_i = h_i^+ (sum S_ij S_ij') h_i^+.
    """
    bias = np.zeros(panel.x.shape[2])
    inverses = np.empty((int(side.max()) + 1, *panel.x.shape[1:2] * 2))
    for pairs, inverse in panel.by_economy(side):
        scores = panel.scores[pairs]
        middle = inverse @ (scores.T @ scores) @ inverse
        change = panel.shares[pairs] @ middle - scores @ inverse
        bias += np.einsum("pt,ptk->k", panel.means[pairs] * change, panel.x[pairs])
        inverses[side[pairs[0]]] = inverse
    return bias, inverses


def _without_shrinkage(panel: _Panel, bread: np.ndarray, inverses: list[np.ndarray]) -> np.ndarray:
    """The scores (pairs, T) divided by one less their leverage.

    A fitted score is (I - L_ij) times the true one, where L_ij is H_ij times the covariance, under
    a variance of H_ij, of what is fitted to the pair: of the terms x_ij W^-1 x_ij', and of the
    effects of both sides. For the latter their inverse Hessian would be needed, as large as all
    exporter-years and importer-years; here, as in the authors' program for large data, the sides
    are taken one after the other: I - L_ij is the product of I - H_ij h_i^+, I - H_ij h_j^+ and
    the terms' factor.
    """
    unshrunk = np.empty_like(panel.scores)
    identity = np.eye(panel.scores.shape[1])
    for first in range(0, len(unshrunk), PAIRS_AT_ONCE):
        some = slice(first, first + PAIRS_AT_ONCE)
        means, x = panel.means[some], panel.x[some]
        information = means[:, :, None] * (identity - panel.shares[some][:, None, :])
        scores = panel.scores[some][:, :, None]
        for covariance in (
            inverses[0][panel.sides[0][some]],
            inverses[1][panel.sides[1][some]],
            x @ bread @ x.transpose(0, 2, 1),
        ):
            leverage = information @ covariance
            scores = np.linalg.solve(identity - LEVERAGE_KEPT * leverage, scores)
        unshrunk[some] = scores[:, :, 0]
    return unshrunk


def _inverse(information: np.ndarray) -> np.ndarray:
    """The pseudo-inverse of a matrix (T, T), scaled so that small years count as large ones do."""
    size = np.sqrt(np.diag(information))
    scale = np.divide(1, size, out=np.zeros_like(size), where=size > 0)
    outer = scale[:, None] * scale
    values, vectors = np.linalg.eigh(information * outer)
    solvable = values > 1e-10 * max(values[-1], 1e-300)
    return ((vectors[:, solvable] / values[solvable]) @ vectors[:, solvable].T) * outer
