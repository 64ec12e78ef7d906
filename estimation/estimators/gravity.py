"""Poisson pseudo-maximum likelihood of bilateral trade, with effects of many levels.

The structural gravity model (Anderson and van Wincoop 2003; Head and Mayer 2014) is

    E[trade_ijt] = exp(x_ijt b + alpha_it + gamma_jt + eta_ij)

with exporter-year effects alpha and importer-year effects gamma, which stand for the multilateral
resistances, size and everything else of one side in a year, and in the three-way model pair effects
eta. Its estimator is PPML (Santos Silva and Tenreyro 2006), whose fitted trade sums to the observed
by exporter-year and importer-year (Fally 2015). It is the estimator of `poisson.py`; what differs
is the way to it: pyfixest's alternating projections do not converge on three-way effects of sparse
trade, so that the least squares step is solved by conjugate gradients here.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from estimation.estimators.fixed_effects import COLLINEAR, independent, too_small
from estimation.estimators.iterated_effects import IteratedEffects, Levels
from estimation.estimators.poisson import fit_at_maximum, without_variation
from estimation.fit import Fit
from estimation.reasons import NotEstimable, because
from estimation.sample import Sample, without_singletons
from estimation.specifications import Specification

START_ROUNDS = 10
MOST_STEPS = 200
# of the effects within a step, the last and the first: steps correct each other
STEP_TOLERANCES = (1e-12, 1e-3)
# the gain in likelihood that one more step promises, relative to the sum of the outcome
SMALL_GAIN = 1e-17
# a certificate of separation is zero within this where trade is positive (Correia, Guimaraes and
# Zylkin 2019), and above DIVERGING in at least one row
CERTIFICATE_ZERO, DIVERGING = 1e-4, 0.1
SEARCH_BELOW = 1e-6  # gain below which a certificate is looked for


@dataclass(frozen=True)
class Maximum:
    """Where the likelihood of n rows and k terms is largest, or why it has no maximum.

    estimates       (k,) coefficients
    means           (n,) fitted means
    separated       (n,) rows that the last step certifies to be separated; none at a maximum
    of_terms        the effects (levels, k) of the terms there, a start for sweeping them out
    is_converged    false where neither a maximum nor a certificate was found
    """

    estimates: np.ndarray
    means: np.ndarray
    separated: np.ndarray
    is_converged: bool
    of_terms: np.ndarray | None


def fit_gravity(sample: Sample, specification: Specification) -> Fit | NotEstimable:
    """PPML of trade between pairs of economies.

    `sample.ids` holds the codes of the specification's effects. Separated rows, whose zero trade
    the effects or the terms predict perfectly, are removed with the singletons that this leaves.
    """
    if (sample.y < 0).any():
        return NotEstimable(
            because("not_estimable", "outcome_negative", outcome=specification.outcome)
        )
    found = _without_separated(sample, specification)
    if isinstance(found, NotEstimable):
        return found
    effects = IteratedEffects(found.levels, found.means)
    x = effects.sweep(found.swept, found.maximum.of_terms)
    return fit_at_maximum(
        specification,
        found.sample,
        terms=specification.terms_where(found.kept),
        estimates=found.maximum.estimates,
        means=found.means,
        x=x,
        effect_rank=found.levels.rank,
        sweep=effects.sweep,
        n_separated=len(sample) - len(found.sample),
        is_converged=found.maximum.is_converged,
    )


@dataclass(frozen=True)
class _NotSeparated:
    """The n rows that are not separated, and the maximum in them.

    kept            (terms,) which terms are independent there
    swept           (n, k) these terms net of the effects: with them the estimates are the same, and
                    the equations for them lose no digits to what the effects absorb
    maximum         of the outcome divided by its mean
    means           (n,) fitted means in the unit of the outcome
    """

    sample: Sample
    kept: np.ndarray
    swept: np.ndarray
    levels: Levels
    maximum: Maximum
    means: np.ndarray


def _without_separated(
    sample: Sample, specification: Specification
) -> _NotSeparated | NotEstimable:
    """Fit, and fit again without what is certified to be separated, until nothing is."""
    while True:
        sample = _without_empty_levels(sample, specification.effects)
        if reason := without_variation(sample, specification.outcome):
            return reason
        levels = Levels.of([sample.ids[effect] for effect in specification.effects])
        if reason := too_small(len(sample), len(specification.terms), levels.rank):
            return reason
        swept = IteratedEffects(levels).swept(sample.x, tolerance=COLLINEAR / 1_000)
        # in the triangle of a QR decomposition columns are as long and as far apart as here
        triangle = np.asarray(np.linalg.qr(swept, mode="r"))
        kept, _ = independent(triangle, np.linalg.norm(sample.x, axis=0))
        if not kept.any():
            return NotEstimable(because("not_estimable", "all_terms_collinear"))
        swept, scale = swept[:, kept], sample.y.mean()
        maximum = maximise(sample.y / scale, swept, levels)
        if maximum is None:
            return NotEstimable(because("not_estimable", "collinear_when_weighted"))
        if not maximum.separated.any():
            return _NotSeparated(sample, kept, swept, levels, maximum, maximum.means * scale)
        sample = sample.keep(~maximum.separated)


def _without_empty_levels(sample: Sample, effects: tuple[str, ...]) -> Sample:
    """The rows in levels with some trade and another row, removed until all are."""
    while True:
        traded = np.ones(len(sample), dtype=bool)
        for effect in effects:
            codes = sample.ids[effect]
            traded &= np.bincount(codes, weights=sample.y)[codes] > 0
        smaller = without_singletons(sample.keep(traded), effects)
        if len(smaller) in (0, len(sample)):
            return smaller
        sample = smaller


def maximise(y: np.ndarray, x: np.ndarray, levels: Levels) -> Maximum | None:
    """Newton's method for the likelihood of y (n,) given terms x (n, k) and effects.

    Each step is the weighted least squares of the working residual on terms and effects. The rows
    of a separated group lose one in the logarithm of their mean at every step, for ever; once the
    rest has settled, the step itself is the certificate of separation (Correia, Guimaraes and
    Zylkin 2019, proposition 1): a combination of terms and effects that is zero where the outcome
    is positive and, with its sign reversed, nowhere negative where it is zero. Returns None where
    the weighted terms are collinear.
    """
    log_means = _start(y, levels)
    estimates, found, gain = np.zeros(x.shape[1]), None, 1.0
    nothing = np.zeros(len(y), dtype=bool)
    columns = np.empty((len(y), x.shape[1] + 1))  # with a million rows, what takes most memory
    for _ in range(MOST_STEPS):
        means = np.exp(log_means)
        tolerance = np.clip(gain, *STEP_TOLERANCES)
        residuals = y - means
        np.multiply(means[:, None], x, out=columns[:, :-1])
        columns[:, -1] = residuals
        squares = np.append(np.einsum("n,nk,nk->k", means, x, x), residuals**2 @ (1 / means))
        try:
            found = IteratedEffects(levels, means).solve(
                levels.sums @ columns, squares, found, tolerance
            )
            of_terms, of_residuals = found[:, :-1], found[:, -1]
            x_net = levels.dummies @ of_terms
            np.subtract(x, x_net, out=x_net)
            np.multiply(means[:, None], x_net, out=columns[:, :-1])
            information = x_net.T @ columns[:, :-1]
            change = np.linalg.solve(information, x_net.T @ residuals)
        except np.linalg.LinAlgError:
            return None
        step = x_net @ change + levels.dummies @ of_residuals
        found = np.column_stack([of_terms, np.zeros(len(found))])
        if not np.isfinite(step).all():
            break
        gain = means @ step**2 / y.sum()
        diverging = (y == 0) & (step < -DIVERGING)
        if gain < SEARCH_BELOW and diverging.any() and _is_certificate(-step, y):
            return Maximum(estimates, means, -step > CERTIFICATE_ZERO, True, of_terms)
        if gain < SMALL_GAIN and not diverging.any() and tolerance == STEP_TOLERANCES[0]:
            return Maximum(estimates, means, nothing, True, of_terms)
        length = _step_length(y, log_means, step)
        log_means = log_means + length * step
        estimates = estimates + length * change
    return Maximum(estimates, np.exp(log_means), nothing, False, None)


def _is_certificate(z: np.ndarray, y: np.ndarray) -> bool:
    """Whether z (n,) is zero where the outcome is positive, and nowhere negative."""
    return bool(np.abs(z[y > 0]).max() < CERTIFICATE_ZERO and z.min() > -CERTIFICATE_ZERO)


def _start(y: np.ndarray, levels: Levels) -> np.ndarray:
    """Logarithms (n,) of means whose sums by level come near the outcome's.

    The means are multiplied by the ratio of the two sums, effect after effect.
    """
    means = np.ones(len(y))
    wanted = [np.bincount(codes, y) for codes in levels.codes]
    for _ in range(START_ROUNDS):
        for codes, sums in zip(levels.codes, wanted, strict=True):
            means = means * (sums / np.bincount(codes, means))[codes]
    return np.log(means)


def _step_length(y: np.ndarray, log_means: np.ndarray, step: np.ndarray) -> float:
    """One, or the first of its halves that does not lower the likelihood."""

    def likelihood(at: np.ndarray) -> float:
        return float(y @ at - np.exp(at).sum())

    before = likelihood(log_means)
    allowed = 1e-12 * abs(before)  # rounding
    length = 1.0
    while length > 1e-6 and not likelihood(log_means + length * step) >= before - allowed:
        length /= 2
    return length
