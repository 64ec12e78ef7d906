"""The estimators by name.

An estimator is a pure function from a sample and a specification to a Fit, or to the reason why
there is none; it never raises for data that do not suffice. A new one is a module here, an entry
in ESTIMATORS and its words.
"""

from __future__ import annotations

from collections.abc import Callable

from estimation.estimators.gravity import fit_gravity
from estimation.estimators.least_squares import fit_least_squares
from estimation.estimators.poisson import fit_poisson
from estimation.estimators.three_way_bias import fit_gravity_corrected
from estimation.fit import Fit
from estimation.reasons import NotEstimable
from estimation.sample import Sample
from estimation.specifications import Specification

Estimator = Callable[[Sample, Specification], Fit | NotEstimable]

ESTIMATORS: dict[str, Estimator] = {
    "ols": fit_least_squares,
    "ppml": fit_poisson,
    "gravity": fit_gravity,
    "gravity_corrected": fit_gravity_corrected,
}

__all__ = ["ESTIMATORS", "Estimator"]
