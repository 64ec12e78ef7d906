"""What every estimator gives and inference works on: one frozen value."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Fit:
    """A fit with n rows and k terms, its fixed effects swept out.

    estimator       the name under which the estimator is registered
    terms           (k,) names of the terms that are estimated, collinear ones left out
    estimates       (k,) coefficients
    x               (n, k) terms net of the effects
    y               (n,) outcome that `estimates` are fitted to, net of the effects in least squares
    residuals       (n,) outcome less its fitted value, in the outcome's unit
    weights         (n,) of the last least squares step: ones, or the fitted means for PPML
    bread           (k, k) inverse of the weighted cross product of x
    ids             name -> (n,) codes from 0 of iso3, year and the effects
    years           (n,) calendar years
    economies       names behind the codes of iso3
    effects         names of the effects that are swept out
    effect_rank     number of parameters the effects take
    sweep           sweeps the effects out of the columns of any (n, m) matrix
    is_maximum_likelihood
                    p values are the normal distribution's, and `bread` is the covariance under iid
    within_r_squared
                    R squared net of the effects; None where there is none
    n_separated     rows left out because their outcome is zero for sure
    unshrunk_residuals
                    (n,) residuals divided by one less their leverage, for covariances that correct
                    for it; None where there are none
    """

    estimator: str
    terms: tuple[str, ...]
    estimates: np.ndarray
    x: np.ndarray
    y: np.ndarray
    residuals: np.ndarray
    weights: np.ndarray
    bread: np.ndarray
    ids: dict[str, np.ndarray]
    years: np.ndarray
    economies: np.ndarray
    effects: tuple[str, ...]
    effect_rank: int
    sweep: Callable[[np.ndarray], np.ndarray]
    is_maximum_likelihood: bool = False
    within_r_squared: float | None = None
    n_separated: int = 0
    unshrunk_residuals: np.ndarray | None = None
