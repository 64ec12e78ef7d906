"""One pure function from a panel and a specification to estimates, or to why there are none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from estimation.estimators import ESTIMATORS, Estimator
from estimation.fit import Fit
from estimation.inference import Inference, Kind, infer, kind_of
from estimation.reasons import NotEstimable, Reason, because
from estimation.sample import Coverage, Sample, estimation_sample
from estimation.specifications import Specification


@dataclass(frozen=True)
class Estimates:
    """The estimates of one specification.

    `coefficients` has one row per inference kind and term: inference, term, estimate, std_error,
    t_statistic, p_value, conf_low, conf_high (95 %), degrees_of_freedom. `diagnostics` records the
    observations lost at each step of sample selection and how close to collinear the regressors
    are. `dropped` are the terms dropped as collinear, `not_computed` says of each kind of inference
    that does not apply why. `fit` is what they come from.
    """

    coefficients: pd.DataFrame
    diagnostics: dict
    dropped: tuple[str, ...]
    not_computed: tuple[Reason, ...]
    fit: Fit


def estimate(
    panel: pd.DataFrame,
    specification: Specification,
    coverage: dict[str, Coverage],
    inference: Sequence[str] | None = None,
    estimator: Estimator | None = None,
) -> Estimates | NotEstimable:
    """Fit a specification with its fixed effects under every requested kind of inference.

    `panel` is as in `estimation_sample`; `coverage` says of each product list what has landed;
    `inference` names the kinds in place of the specification's own, `estimator` is what fits it in
    place of the one registered under its name. Data that do not suffice give a NotEstimable with
    its reason, never an exception; a term or a kind of inference that cannot be had is left out and
    named. Raises ValueError for a kind of inference that does not exist, before
    anything is fitted.
    """
    names = specification.inference if inference is None else inference
    kinds = {name: kind_of(name) for name in names}
    selected = estimation_sample(panel, specification, coverage)
    if isinstance(selected, NotEstimable):
        return selected
    return estimate_sample(*selected, specification, kinds, estimator)


def estimate_sample(
    sample: Sample,
    lost: dict,
    specification: Specification,
    kinds: Mapping[str, Kind],
    estimator: Estimator | None = None,
) -> Estimates | NotEstimable:
    """Fit a specification to its sample; `lost` says what each step of the selection has lost.

    `estimator` is as in `estimate`.
    """
    fit = (estimator or ESTIMATORS[specification.estimator])(sample, specification)
    if isinstance(fit, NotEstimable):
        return fit
    if not np.isfinite(fit.estimates).all():
        return NotEstimable(because("not_estimable", "not_finite"))
    results = {name: infer(kind, fit) for name, kind in kinds.items()}
    computed = {name: r for name, r in results.items() if isinstance(r, Inference)}
    not_computed = tuple(
        because("inference", "of_kind", kind=name, reason=r)
        for name, r in results.items()
        if isinstance(r, Reason)
    )
    if not computed:
        return NotEstimable(because("not_estimable", "no_standard_error", reasons=not_computed))
    dropped = tuple(term for term in specification.terms if term not in fit.terms)
    return Estimates(
        _coefficients(fit, computed),
        lost | _diagnostics(fit) | {"dropped_collinear": ", ".join(dropped)},
        dropped,
        not_computed,
        fit,
    )


def _coefficients(fit: Fit, computed: Mapping[str, Inference]) -> pd.DataFrame:
    """One row per kind of inference and term."""
    columns = {
        name: np.concatenate([getattr(i, name) for i in computed.values()])
        for name in ("std_error", "t_statistic", "p_value", "conf_low", "conf_high")
    }
    degrees = np.array([i.degrees_of_freedom for i in computed.values()], dtype=float)
    return pd.DataFrame(
        {
            "inference": np.repeat(list(computed), len(fit.terms)),
            "term": list(fit.terms) * len(computed),
            "estimate": np.tile(fit.estimates, len(computed)),
            **columns,
            "degrees_of_freedom": np.repeat(degrees, len(fit.terms)),
        }
    )


def _diagnostics(fit: Fit) -> dict:
    """What is in the fit, and how distinct its terms are."""
    leverage = np.bincount(
        fit.ids["iso3"], weights=((fit.x @ fit.bread) * fit.x).sum(axis=1) * fit.weights
    ) / len(fit.terms)
    scaled = fit.x * np.sqrt(fit.weights)[:, None]
    scaled /= np.linalg.norm(scaled, axis=0)
    eigenvalues = np.linalg.eigvalsh(scaled.T @ scaled)
    return {
        "n_separated": fit.n_separated,
        "n_observations": len(fit.y),
        "n_economies": len(fit.economies),
        "n_years": len(np.unique(fit.years)),
        "first_year": int(fit.years.min()),
        "last_year": int(fit.years.max()),
        "within_r_squared": fit.within_r_squared,
        # of the terms net of the effects, each scaled to unit length
        # (Belsley, Kuh and Welsch 1980)
        "condition_number": float(np.sqrt(eigenvalues[-1] / eigenvalues[0])),
        "most_influential_economy": str(fit.economies[leverage.argmax()]),
        "largest_leverage_share": float(leverage.max()),
    }
