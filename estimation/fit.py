"""One pure function from a panel and a specification to estimates, or to why there are none."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy import sparse

from estimation.inference import Inference, WithinFit, infer
from estimation.sample import Coverage, NotEstimable, Sample, estimation_sample, without_singletons
from estimation.specifications import Specification

# a term is collinear if projecting out the effects and the preceding terms leaves less than this
# fraction of its length
COLLINEAR = 1e-6
DEVIANCE_TOLERANCE, MOST_ITERATIONS = 1e-12, 200  # of PPML's iterated least squares


@dataclass(frozen=True)
class Estimates:
    """The estimates of one specification.

    `coefficients` has one row per inference kind and term: inference, term, estimate, std_error,
    t_statistic, p_value, conf_low, conf_high (95 %), degrees_of_freedom. `diagnostics` records the
    observations lost at each step of sample selection and how close to collinear the regressors
    are.
    """

    coefficients: pd.DataFrame
    diagnostics: dict


def estimate(
    panel: pd.DataFrame,
    specification: Specification,
    coverage: dict[str, Coverage],
    inference: Sequence[str] | None = None,
) -> Estimates | NotEstimable:
    """Fit a specification with its fixed effects under every requested kind of inference.

    `panel` is as in `estimation_sample`; `inference` restricts or replaces the specification's own
    kinds. Collinear terms are dropped and named in the diagnostics, and so is each inference kind
    that does not apply. Insufficient data never raise an exception: they give a NotEstimable with
    its reason. Raises ValueError for an inference kind that does not exist.
    """
    selected = estimation_sample(panel, specification, coverage)
    if isinstance(selected, NotEstimable):
        return selected
    sample, diagnostics = selected
    fitted = ESTIMATORS[specification.estimator](sample, specification)
    if isinstance(fitted, NotEstimable):
        return fitted
    fit, kept, further = fitted
    terms = [t for t, k in zip(specification.terms, kept, strict=True) if k]
    kinds, not_computed = {}, []
    for kind in specification.inference if inference is None else inference:
        with np.errstate(invalid="ignore", divide="ignore"):
            result = infer(kind, fit)
        if isinstance(result, Inference) and not (
            np.isfinite(result.std_error).all() and (result.std_error > 0).all()
        ):
            result = "a variance is not positive"
        if isinstance(result, Inference):
            kinds[kind] = result
        else:
            not_computed.append(f"{kind}: {result}")
    if not np.isfinite(fit.estimates).all():
        return NotEstimable(
            "the regressors are too close to collinear: coefficients are not finite"
        )
    if not kinds:
        return NotEstimable(f"no standard error could be computed ({'; '.join(not_computed)})")
    columns = {
        name: np.concatenate([getattr(i, name) for i in kinds.values()])
        for name in ("std_error", "t_statistic", "p_value", "conf_low", "conf_high")
    }
    coefficients = pd.DataFrame(
        {
            "inference": np.repeat(list(kinds), len(terms)),
            "term": terms * len(kinds),
            "estimate": np.tile(fit.estimates, len(kinds)),
            **columns,
        }
    )
    coefficients["degrees_of_freedom"] = np.repeat(
        np.array([i.degrees_of_freedom for i in kinds.values()], dtype=float), len(terms)
    )
    leverage = np.bincount(
        fit.ids["iso3"], weights=((fit.x @ fit.bread) * fit.x).sum(axis=1) * fit.weights
    ) / len(terms)
    scaled = fit.x * np.sqrt(fit.weights)[:, None]
    scaled /= np.linalg.norm(scaled, axis=0)
    eigenvalues = np.linalg.eigvalsh(scaled.T @ scaled)
    diagnostics |= {
        "n_separated": 0,
        "n_observations": len(fit.y),
        "n_economies": len(fit.economies),
        "n_years": len(np.unique(fit.years)),
        "first_year": int(fit.years.min()),
        "last_year": int(fit.years.max()),
        "within_r_squared": None,
        # of the terms net of the effects, each scaled to unit length
        # (Belsley, Kuh and Welsch 1980)
        "condition_number": float(np.sqrt(eigenvalues[-1] / eigenvalues[0])),
        "most_influential_economy": str(fit.economies[leverage.argmax()]),
        "largest_leverage_share": float(leverage.max()),
        "dropped_collinear": ", ".join(t for t in specification.terms if t not in terms),
        "inference_not_computed": "; ".join(not_computed),
        **further,
    }
    return Estimates(coefficients, diagnostics)


def _least_squares(
    sample: Sample, specification: Specification
) -> tuple[WithinFit, np.ndarray, dict] | NotEstimable:
    """Ordinary least squares with pyfixest.

    Which terms are collinear, and what inference needs, is computed from the columns after sweeping
    out the effects (Frisch, Waugh and Lovell).
    """
    effects = FixedEffects([sample.ids[e] for e in specification.effects])
    if reason := _too_small(sample, specification, effects.rank):
        return reason
    if np.ptp(sample.y) == 0:
        return NotEstimable(f"{specification.outcome} does not vary in the sample")
    within = effects.sweep(np.column_stack([sample.y, sample.x]))
    y, x = within[:, 0], within[:, 1:]
    kept, basis = independent(x, np.linalg.norm(sample.x, axis=0))
    if not kept.any():
        return NotEstimable("every term is collinear with the fixed effects")
    x = x[:, kept]
    root = np.linalg.inv(basis.T @ x)  # x = basis R, basis orthonormal, R triangular
    done = _with_pyfixest("feols", sample, kept, specification.effects)
    if isinstance(done, NotEstimable):
        return done
    bread, beta = root @ root.T, np.asarray(done._beta_hat, dtype=float)
    residuals = y - x @ beta
    total = y @ y
    if residuals @ residuals <= 1e-20 * (sample.y @ sample.y):
        return NotEstimable(
            f"terms and fixed effects fit {specification.outcome} without a residual: "
            "there is nothing to infer from"
        )
    return (
        _within_fit(sample, specification, effects, beta, x, y, residuals, bread),
        kept,
        {"within_r_squared": float(1 - residuals @ residuals / total)},
    )


def _poisson(
    sample: Sample, specification: Specification
) -> tuple[WithinFit, np.ndarray, dict] | NotEstimable:
    """Poisson pseudo-maximum likelihood (PPML), by pyfixest's iteratively reweighted least squares.

    The estimator is that of Santos Silva and Tenreyro (2006). Separated rows, whose zero outcome
    the effects or the terms predict perfectly (Correia, Guimaraes and Zylkin 2019), are removed,
    together with the singletons that this leaves. The effects are then swept out once more,
    weighted by the fitted means, to obtain the scores and the information matrix.
    """
    before = len(sample)
    if (sample.y < 0).any():
        return NotEstimable(f"{specification.outcome} is negative somewhere: not for PPML")
    while True:
        if not len(sample):
            return NotEstimable(
                "every economy-year is separated: the effects or terms foretell its outcome"
            )
        if not sample.y.any():
            return NotEstimable(f"{specification.outcome} is zero throughout the sample")
        if np.ptp(sample.y) == 0:
            return NotEstimable(f"{specification.outcome} does not vary in the sample")
        effects = FixedEffects([sample.ids[e] for e in specification.effects])
        if reason := _too_small(sample, specification, effects.rank):
            return reason
        kept, _ = independent(effects.sweep(sample.x), np.linalg.norm(sample.x, axis=0))
        if not kept.any():
            return NotEstimable("every term is collinear with the fixed effects")
        # Dividing the outcome by its mean leaves the estimates unchanged and makes the tolerance
        # independent of its unit.
        scale = sample.y.mean()
        options = {
            "separation_check": ["fe", "ir"],
            "iwls_tol": DEVIANCE_TOLERANCE,
            "iwls_maxiter": MOST_ITERATIONS,
        }
        done = _with_pyfixest(
            "fepois", replace(sample, y=sample.y / scale), kept, specification.effects, **options
        )
        if isinstance(done, NotEstimable):
            return done
        remaining = np.zeros(len(sample), dtype=bool)
        remaining[done._data.index.to_numpy()] = True
        smaller = without_singletons(sample.keep(remaining), specification.effects)
        if len(smaller) == len(sample):
            break
        sample = smaller
    if len(done._beta_hat) < kept.sum():
        return NotEstimable(
            "PPML could not be fitted: terms are collinear once weighted by the fitted means"
        )
    mean = np.asarray(done._Y_hat_response, dtype=float).ravel() * scale
    weighted = FixedEffects([sample.ids[e] for e in specification.effects], mean)
    x = weighted.sweep(sample.x[:, kept])
    information = x.T @ (x * mean[:, None])
    residuals = sample.y - mean
    try:
        bread = np.linalg.inv(information)
    except np.linalg.LinAlgError:
        return NotEstimable(
            "PPML could not be fitted: terms are collinear once weighted by the fitted means"
        )
    # the step that one more iteration would take, in standard errors
    if (
        not done.convergence
        or np.abs(bread @ (x.T @ residuals) / np.sqrt(np.diag(bread) * scale)).max() > 1e-4
    ):
        return NotEstimable(
            "PPML did not converge: the likelihood's slope is not zero at the estimates"
        )
    return (
        _within_fit(
            sample,
            specification,
            weighted,
            np.asarray(done._beta_hat, dtype=float),
            x,
            sample.y,
            residuals,
            bread,
        ),
        kept,
        {"n_separated": before - len(sample)},
    )


def _within_fit(
    sample: Sample,
    specification: Specification,
    effects: FixedEffects,
    estimates: np.ndarray,
    x: np.ndarray,
    y: np.ndarray,
    residuals: np.ndarray,
    bread: np.ndarray,
) -> WithinFit:
    return WithinFit(
        estimates=estimates,
        x=x,
        y=y,
        residuals=residuals,
        weights=effects.weights,
        bread=bread,
        ids=sample.ids,
        years=sample.years,
        economies=sample.economies,
        effects=specification.effects,
        effect_rank=effects.rank,
        estimator=specification.estimator,
        sweep=effects.sweep,
    )


def _with_pyfixest(
    estimator: str, sample: Sample, kept: np.ndarray, effects: tuple[str, ...], **options
):
    """Fit the given rows and terms with pyfixest.feols or pyfixest.fepois.

    Returns pyfixest's fit, or the reason why there is none.
    """
    import pyfixest as pf
    from pyfixest.errors import EmptyDesignMatrixError, MatrixNotFullRankError, NonConvergenceError

    names = [f"x{i}" for i in range(int(kept.sum()))]
    frame = pd.DataFrame(sample.x[:, kept], columns=names).assign(
        y=sample.y, **{f"effect_{e}": sample.ids[e] for e in effects}
    )
    formula = f"y ~ {' + '.join(names)} | {' + '.join(f'effect_{e}' for e in effects)}"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # separated rows are counted in the diagnostics
            return getattr(pf, estimator)(
                formula,
                frame,
                vcov="iid",
                fixef_rm="none",
                fixef_tol=1e-10,
                fixef_maxiter=10_000,
                **options,
            )
    except (
        NonConvergenceError,
        EmptyDesignMatrixError,
        MatrixNotFullRankError,
        ValueError,
        np.linalg.LinAlgError,
    ) as error:
        name = {"feols": "least squares", "fepois": "PPML"}[estimator]
        return NotEstimable(
            f"{name} could not be fitted: {str(error).strip().split('.')[0].lower()}"
        )


ESTIMATORS: dict[
    str, Callable[[Sample, Specification], tuple[WithinFit, np.ndarray, dict] | NotEstimable]
] = {"ols": _least_squares, "ppml": _poisson}


def _too_small(
    sample: Sample, specification: Specification, effect_rank: int
) -> NotEstimable | None:
    if len(sample) <= effect_rank + len(specification.terms):
        return NotEstimable(
            f"{len(sample)} economy-years do not suffice for {len(specification.terms)} terms "
            f"and {effect_rank} fixed effects"
        )
    return None


class FixedEffects:
    """Sweeps fixed effects out of columns by (weighted) least squares, without iteration.

    The first effect, the one with the most levels, is removed by subtracting its group means. The
    other effects are solved for in the normal equations of their dummies net of the first, a
    system whose dimension is their number of levels. `ids` holds the codes (n,) from 0 of each
    effect; `weights` (n,) default to ones. `rank` is the number of parameters the effects take:
    their levels, less one for each further effect in each connected component of the panel.
    """

    def __init__(self, ids: Sequence[np.ndarray], weights: np.ndarray | None = None) -> None:
        # the effect with the most levels comes first: it is removed by its group means
        ids = sorted(ids, key=lambda codes: -int(codes.max()))
        n = len(ids[0])
        self.weights = np.ones(n) if weights is None else weights
        rows = np.arange(n)
        self.first = sparse.csr_array((np.ones(n), (rows, ids[0])))
        self.others = (
            sparse.hstack(
                [sparse.csr_array((np.ones(n), (rows, codes))) for codes in ids[1:]], format="csr"
            )
            if len(ids) > 1
            else None
        )
        self.totals = self.first.T @ self.weights
        self.rank = len(self.totals)
        if self.others is not None:
            weighted = self.others.multiply(self.weights[:, None]).tocsr()
            self.crossed = (self.first.T @ weighted).toarray()
            normal = (self.others.T @ weighted).toarray() - self.crossed.T @ (
                self.crossed / self.totals[:, None]
            )
            values, vectors = np.linalg.eigh(normal)
            solvable = values > 1e-10 * max(values.max(), 1e-300)
            self.inverse = (vectors[:, solvable] / values[solvable]) @ vectors[:, solvable].T
            self.rank += int(solvable.sum())

    def sweep(self, columns: np.ndarray) -> np.ndarray:
        """The columns (n, m) with the effects swept out.

        Swept twice: the second pass removes the rounding error of the first.
        """
        swept = columns
        for _ in range(2):
            swept = swept - self.first @ (
                (self.first.T @ (swept * self.weights[:, None])) / self.totals[:, None]
            )
            if self.others is not None:
                effect = self.inverse @ (self.others.T @ (swept * self.weights[:, None]))
                swept = swept - (
                    self.others @ effect
                    - self.first @ ((self.crossed @ effect) / self.totals[:, None])
                )
        return swept


def independent(x: np.ndarray, lengths: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Which columns of x (n, k) are independent, (k,) booleans, and an orthonormal basis of these.

    The basis keeps the columns' order. A column is dropped if projecting out the preceding columns
    leaves almost nothing of it, relative to its length in `lengths` (k,), from before the effects
    were swept out, or to its length after.
    """
    kept = np.zeros(x.shape[1], dtype=bool)
    basis = np.empty((len(x), 0))
    for j, column in enumerate(x.T):
        rest = column
        for _ in range(2):
            rest = rest - basis @ (basis.T @ rest)
        length = np.linalg.norm(rest)
        if length > COLLINEAR * lengths[j] and length > COLLINEAR * np.linalg.norm(column):
            kept[j] = True
            basis = np.column_stack([basis, rest / length])
    return kept, basis


__all__ = ["Coverage", "Estimates", "FixedEffects", "NotEstimable", "estimate", "independent"]
