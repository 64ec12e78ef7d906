"""Whether gravity recovers what is planted in its world, over many such worlds.

`make truth` keeps the figures with the generator (gravity_recovery.csv): of the first three columns
of gravity_1 as they are estimated, of the third with its bias corrected, and for comparison of what
least squares makes of the second in logarithms of the flows that are not zero.

An estimate's error is large beside its bias. Its first-order part,

    W^-1 sum x (y - E[y]),  x net of the effects and W = sum E[y] x x' at the true means,

is known in an invented world and has mean zero; what is left shows the bias in far fewer worlds (a
control variate).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from estimation.estimate import Estimates, estimate_sample
from estimation.gravity.sample import BilateralTrade, gravity_sample
from estimation.gravity.specifications import GRAVITY_SPECIFICATIONS, GravitySpecification
from estimation.inference import kind_of
from estimation.reasons import NotEstimable
from estimation.sample import Sample
from orchestration.sources.synthetic import gravity
from orchestration.sources.synthetic.gravity import GravityWorld, invent_gravity
from orchestration.sources.synthetic.truth import COMPLETE_COVERAGE, in_words
from orchestration.sources.synthetic.world import random_numbers

RECOVERY = Path(__file__).with_name("gravity_recovery.csv")
WORLDS, FIRST_SEED = 50, 3_000_000
INFERENCE = "cluster_pair"
COVERAGE = {"lct": COMPLETE_COVERAGE["lct"]}  # no minerals are traded there
COLUMNS = tuple(
    s
    for s in GRAVITY_SPECIFICATIONS
    if s.exhibit == "gravity_1" and s.variant in ("report", "bias_corrected")
)
[_BY_PERIOD] = [s for s in COLUMNS if s.column == 2]
IN_LOGARITHMS = replace(_BY_PERIOD, estimator="ols")


def recover(world: GravityWorld) -> pd.DataFrame:
    """Every estimate in a world beside its truth.

    Columns: column, estimator (gravity, gravity_corrected; ols for logarithms), term, truth,
    estimate, std_error, covered (the truth lies within the 95 % interval), first_order (the part of
    the error that has mean zero; none of it is known of logarithms). The truth is what a column
    finds in trade without error: what is planted, and of a contrast in all years a mean of what is
    planted by period.
    """
    trade, without_error = world.bilateral(), world.bilateral_expected()
    found, exact = [], {}
    for s in COLUMNS:
        sample = sample_of(trade, s)
        if s.column not in exact:
            exact[s.column] = estimates_in(sample_of(without_error, s), s).fit
        fit = exact[s.column]
        first_order = fit.bread @ (fit.x.T @ (sample.y - fit.y))
        found.append(_beside(estimates_in(sample, s), s, fit.estimates, first_order))
    traded = sample_of(trade, IN_LOGARITHMS)
    traded = traded.keep(traded.y > 0)
    logarithms = estimates_in(replace(traded, y=np.log(traded.y)), IN_LOGARITHMS)
    planted = gravity.truth(IN_LOGARITHMS).to_numpy()
    found.append(_beside(logarithms, IN_LOGARITHMS, planted, np.zeros(len(planted))))
    return pd.concat(found, ignore_index=True)


def _beside(
    result: Estimates, s: GravitySpecification, truth: np.ndarray, first_order: np.ndarray
) -> pd.DataFrame:
    rows = result.coefficients
    return pd.DataFrame(
        {
            "column": s.column,
            "estimator": s.estimator,
            "term": rows.term,
            "truth": truth,
            "estimate": rows.estimate,
            "std_error": rows.std_error,
            "covered": (rows.conf_low <= truth) & (truth <= rows.conf_high),
            "first_order": first_order,
        }
    )


def sample_of(trade: BilateralTrade, s: GravitySpecification) -> Sample:
    selected = gravity_sample(trade, s, COVERAGE)
    if isinstance(selected, NotEstimable):
        raise ValueError(f"{s.exhibit} column {s.column}: {in_words(selected)}")
    return selected[0]


def estimates_in(sample: Sample, s: GravitySpecification) -> Estimates:
    """By the project's own estimator, standard errors clustered by pair; every term has to be."""
    result = estimate_sample(sample, {}, s, {INFERENCE: kind_of(INFERENCE)})
    if isinstance(result, NotEstimable):
        raise ValueError(f"{s.exhibit} column {s.column}: {in_words(result)}")
    if result.dropped:
        raise ValueError(f"{s.exhibit} column {s.column}: collinear are {result.dropped}")
    return result


def bias_and_coverage(recovered: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """By column, estimator and term: bias and its standard error, spread, coverage.

    `standard_deviation` is that of the estimates over the worlds, `std_error` the mean of theirs.
    """
    every = pd.concat(recovered, ignore_index=True)
    every["error"] = every.estimate - every.truth
    every["bias"] = every.error - every.first_order
    grouped = every.groupby(["column", "estimator", "term"], sort=False)
    found = grouped.agg(
        truth=("truth", "mean"),
        bias=("bias", "mean"),
        bias_std_error=("bias", "sem"),
        standard_deviation=("error", "std"),
        std_error=("std_error", "mean"),
        coverage=("covered", "mean"),
        worlds=("covered", "size"),
    ).reset_index()
    return found.assign(truth=found.truth.round(6) + 0.0)  # without a sign on zero


def main(worlds: int = WORLDS) -> None:
    """Estimate many worlds and write the figures beside the generator."""
    found = bias_and_coverage(
        recover(invent_gravity(random_numbers(FIRST_SEED + number))) for number in range(worlds)
    )
    found.to_csv(RECOVERY, index=False, float_format="%.4g", lineterminator="\n")
    print(f"{RECOVERY.name}: {len(found)} rows")
