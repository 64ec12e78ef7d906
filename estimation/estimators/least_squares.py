"""Ordinary least squares with fixed effects."""

from __future__ import annotations

import numpy as np

from estimation.estimators.fixed_effects import FixedEffects, independent, too_small
from estimation.estimators.pyfixest_adapter import solve
from estimation.fit import Fit
from estimation.reasons import NotEstimable, because
from estimation.sample import Sample
from estimation.specifications import Specification

# residuals of less than this share of the outcome's sum of squares are rounding errors
NO_RESIDUAL = 1e-20


def fit_least_squares(sample: Sample, specification: Specification) -> Fit | NotEstimable:
    """Ordinary least squares with pyfixest.

    Which terms are collinear, and what inference needs, is computed from the columns after sweeping
    out the effects (Frisch, Waugh and Lovell).
    """
    effects = FixedEffects([sample.ids[e] for e in specification.effects])
    if reason := too_small(len(sample), len(specification.terms), effects.rank):
        return reason
    if np.ptp(sample.y) == 0:
        return NotEstimable(
            because("not_estimable", "outcome_constant", outcome=specification.outcome)
        )
    within = effects.sweep(np.column_stack([sample.y, sample.x]))
    y, x = within[:, 0], within[:, 1:]
    kept, basis = independent(x, np.linalg.norm(sample.x, axis=0))
    if not kept.any():
        return NotEstimable(because("not_estimable", "all_terms_collinear"))
    x = x[:, kept]
    root = np.linalg.inv(basis.T @ x)  # x = basis R, basis orthonormal, R triangular
    solution = solve(
        "ols", sample.y, sample.x[:, kept], {e: sample.ids[e] for e in specification.effects}
    )
    if isinstance(solution, NotEstimable):
        return solution
    residuals = y - x @ solution.estimates
    total = y @ y
    if residuals @ residuals <= NO_RESIDUAL * (sample.y @ sample.y):
        return NotEstimable(because("not_estimable", "no_residual", outcome=specification.outcome))
    return Fit(
        estimator=specification.estimator,
        terms=specification.terms_where(kept),
        estimates=solution.estimates,
        x=x,
        y=y,
        residuals=residuals,
        weights=effects.weights,
        bread=root @ root.T,
        ids=sample.ids,
        years=sample.years,
        economies=sample.economies,
        effects=specification.effects,
        effect_rank=effects.rank,
        sweep=effects.sweep,
        within_r_squared=float(1 - residuals @ residuals / total),
    )
