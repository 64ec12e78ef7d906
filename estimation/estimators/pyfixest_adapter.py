"""The only module that knows pyfixest: arrays go in, a small frozen value comes out."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import pandas as pd

from estimation.reasons import NotEstimable, Reason, because

# names of estimators -> pyfixest's functions
FUNCTIONS = {"ols": "feols", "ppml": "fepois"}
EFFECT_TOLERANCE, MOST_EFFECT_ITERATIONS = 1e-10, 10_000  # of pyfixest's own demeaning


@dataclass(frozen=True)
class Solution:
    """What pyfixest found for n rows and k terms.

    estimates       (at most k,) coefficients, in the order of the terms; fewer where pyfixest
                    dropped a term as collinear
    used            (n,) rows that pyfixest kept
    means           fitted means of the rows kept; PPML alone, else empty
    is_converged    the iteration, if there is one, came to its end
    """

    estimates: np.ndarray
    used: np.ndarray
    means: np.ndarray
    is_converged: bool


def solve(
    estimator: str,
    y: np.ndarray,
    x: np.ndarray,
    effects: dict[str, np.ndarray],
    **options: object,
) -> Solution | NotEstimable:
    """Fit the outcome (n,) on the terms (n, k) and effects, codes (n,) each, with pyfixest.

    `estimator` is ols or ppml; `options` are those of pyfixest's function.
    """
    import pyfixest
    from pyfixest.errors import EmptyDesignMatrixError, MatrixNotFullRankError, NonConvergenceError

    names = [f"x{i}" for i in range(x.shape[1])]
    frame = pd.DataFrame(x, columns=names).assign(
        y=y, **{f"effect_{name}": codes for name, codes in effects.items()}
    )
    formula = f"y ~ {' + '.join(names)} | {' + '.join(f'effect_{name}' for name in effects)}"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # separated rows are counted in the diagnostics
            fit = getattr(pyfixest, FUNCTIONS[estimator])(
                formula,
                frame,
                vcov="iid",
                fixef_rm="none",
                fixef_tol=EFFECT_TOLERANCE,
                fixef_maxiter=MOST_EFFECT_ITERATIONS,
                **options,
            )
    except (
        NonConvergenceError,
        EmptyDesignMatrixError,
        MatrixNotFullRankError,
        ValueError,
        np.linalg.LinAlgError,
    ) as error:
        message = str(error).strip().split(".")[0].lower()
        name = Reason("estimator_name", estimator)
        return NotEstimable(because("not_estimable", "fit_failed", estimator=name, message=message))
    used = np.zeros(len(y), dtype=bool)
    used[fit._data.index.to_numpy()] = True
    is_iterated = estimator == "ppml"
    return Solution(
        estimates=np.asarray(fit._beta_hat, dtype=float),
        used=used,
        means=np.asarray(fit._Y_hat_response, dtype=float).ravel() if is_iterated else np.empty(0),
        is_converged=bool(fit.convergence) if is_iterated else True,
    )
