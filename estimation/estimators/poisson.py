"""Poisson pseudo-maximum likelihood (PPML) with fixed effects, for an outcome in levels.

The estimator is that of Santos Silva and Tenreyro (2006), fitted by pyfixest's iteratively
reweighted least squares.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from estimation.estimators.fixed_effects import FixedEffects, independent, too_small
from estimation.estimators.pyfixest_adapter import Solution, solve
from estimation.fit import Fit
from estimation.reasons import NotEstimable, because
from estimation.sample import Sample, without_singletons
from estimation.specifications import Specification

DEVIANCE_TOLERANCE, MOST_ITERATIONS = 1e-12, 200  # of the iterated least squares
# the step that one more iteration would take may be this many standard errors at most
LARGEST_STEP = 1e-4


@dataclass(frozen=True)
class _Maximum:
    """Where the likelihood of the n rows left is largest.

    `kept` (terms,) are those that are not collinear, `means` (n,) the fitted means in the unit of
    the outcome.
    """

    sample: Sample
    kept: np.ndarray
    solution: Solution
    means: np.ndarray


def fit_poisson(sample: Sample, specification: Specification) -> Fit | NotEstimable:
    """Poisson pseudo-maximum likelihood with pyfixest.

    Separated rows, whose zero outcome the effects or the terms predict perfectly (Correia,
    Guimaraes and Zylkin 2019), are removed, together with the singletons that this leaves. The
    effects are then swept out once more, weighted by the fitted means, to obtain the scores and the
    information matrix.
    """
    if (sample.y < 0).any():
        return NotEstimable(
            because("not_estimable", "outcome_negative", outcome=specification.outcome)
        )
    maximum = _maximum(sample, specification)
    if isinstance(maximum, NotEstimable):
        return maximum
    remaining, means, estimates = maximum.sample, maximum.means, maximum.solution.estimates
    if len(estimates) < maximum.kept.sum():
        return NotEstimable(because("not_estimable", "collinear_when_weighted"))
    effects = FixedEffects([remaining.ids[e] for e in specification.effects], means)
    x = effects.sweep(remaining.x[:, maximum.kept])
    return fit_at_maximum(
        specification,
        remaining,
        terms=specification.terms_where(maximum.kept),
        estimates=estimates,
        means=means,
        x=x,
        effect_rank=effects.rank,
        sweep=effects.sweep,
        n_separated=len(sample) - len(remaining),
        is_converged=maximum.solution.is_converged,
    )


def fit_at_maximum(
    specification: Specification,
    remaining: Sample,
    *,
    terms: tuple[str, ...],
    estimates: np.ndarray,
    means: np.ndarray,
    x: np.ndarray,
    effect_rank: int,
    sweep: Callable[[np.ndarray], np.ndarray],
    n_separated: int,
    is_converged: bool,
) -> Fit | NotEstimable:
    """The fit of the n rows that remain, or the reason why this is no maximum of the likelihood.

    `means` (n,) are the fitted means in the unit of the outcome, `x` (n, k) the terms net of the
    effects, weighted by these; `effect_rank`, `sweep` and `n_separated` are as in Fit, and
    `is_converged` says whether the iterations ended by themselves.
    """
    residuals = remaining.y - means
    try:
        bread = np.linalg.inv(x.T @ (x * means[:, None]))
    except np.linalg.LinAlgError:
        return NotEstimable(because("not_estimable", "collinear_when_weighted"))
    scale = remaining.y.mean()
    step = np.abs(bread @ (x.T @ residuals) / np.sqrt(np.diag(bread) * scale)).max()
    if not is_converged or not step <= LARGEST_STEP:
        return NotEstimable(because("not_estimable", "not_converged"))
    return Fit(
        estimator=specification.estimator,
        terms=terms,
        estimates=estimates,
        x=x,
        y=remaining.y,
        residuals=residuals,
        weights=means,
        bread=bread,
        ids=remaining.ids,
        years=remaining.years,
        economies=remaining.economies,
        effects=specification.effects,
        effect_rank=effect_rank,
        sweep=sweep,
        is_maximum_likelihood=True,
        n_separated=n_separated,
    )


def _maximum(sample: Sample, specification: Specification) -> _Maximum | NotEstimable:
    """Fit, and fit again without the separated rows and singletons, until none is left."""
    while True:
        if reason := without_variation(sample, specification.outcome):
            return reason
        effects = FixedEffects([sample.ids[e] for e in specification.effects])
        if reason := too_small(len(sample), len(specification.terms), effects.rank):
            return reason
        kept, _ = independent(effects.sweep(sample.x), np.linalg.norm(sample.x, axis=0))
        if not kept.any():
            return NotEstimable(because("not_estimable", "all_terms_collinear"))
        # Dividing the outcome by its mean leaves the estimates unchanged and makes the tolerance
        # independent of its unit.
        scale = sample.y.mean()
        solution = solve(
            "ppml",
            sample.y / scale,
            sample.x[:, kept],
            {e: sample.ids[e] for e in specification.effects},
            separation_check=["fe", "ir"],
            iwls_tol=DEVIANCE_TOLERANCE,
            iwls_maxiter=MOST_ITERATIONS,
        )
        if isinstance(solution, NotEstimable):
            return solution
        smaller = without_singletons(sample.keep(solution.used), specification.effects)
        if len(smaller) == len(sample):
            return _Maximum(sample, kept, solution, solution.means * scale)
        sample = smaller


def without_variation(sample: Sample, outcome: str) -> NotEstimable | None:
    """The reason why the outcome has no maximum of the likelihood, if there is one."""
    if not len(sample):
        return NotEstimable(because("not_estimable", "all_rows_separated"))
    if not sample.y.any():
        return NotEstimable(because("not_estimable", "outcome_zero", outcome=outcome))
    if np.ptp(sample.y) == 0:
        return NotEstimable(because("not_estimable", "outcome_constant", outcome=outcome))
    return None
