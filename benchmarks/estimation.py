"""The regressions on a finished run's panel: ours, and linearmodels on the same samples."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import replace
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

from benchmarks.measuring import Result, answer_of, environment_with
from estimation.driver import EstimationInputs, coverage_of, estimate_all
from estimation.estimate import Estimates, estimate
from estimation.inference import DEFAULT_INFERENCE
from estimation.sample import Sample, estimation_sample
from estimation.specifications import REPORT_SPECIFICATIONS, SPECIFICATIONS, Specification
from orchestration.build.estimates import read_marts
from orchestration.settings import BASES, Settings, load_settings

REPEATS = 3
TOLERANCE = 1e-6


def measure(settings: Settings) -> Result:
    return answer_of("benchmarks.estimation", [str(settings.data_dir)], environment_with())


def of_published(published: Path) -> Result:
    with duckdb.connect(str(published), read_only=True) as connection:
        inputs = read_marts(connection)
    clustered = [replace(s, inference=(DEFAULT_INFERENCE,)) for s in REPORT_SPECIFICATIONS]
    beside = against_linearmodels(inputs, clustered)
    return {
        "all_exhibits_clustered": _all(inputs, clustered),
        "all_variants_all_inference": _all(inputs, list(SPECIFICATIONS)),
        "against_linearmodels": beside,
    }


def _all(inputs: EstimationInputs, specifications: list[Specification]) -> Result:
    started = time.perf_counter()
    fits = len(estimate_all(inputs, specifications, BASES)["diagnostics"])
    return {"fits": fits, "seconds": time.perf_counter() - started}


def against_linearmodels(inputs: EstimationInputs, specifications: list[Specification]) -> Result:
    """The report's regressions on the default basis, each by both, the quickest of several.

    Ours takes the sample out of the panel each time; linearmodels is given it. The coefficients
    must be the same before the times count.
    """
    chosen = inputs.panel.query(
        "basis == @inputs.default_basis and hs_treatment == 'harmonised' "
        "and mineral_scope == 'ores'"
    )
    coverage = coverage_of(inputs, inputs.default_basis, "harmonised", "ores")
    fits, seconds = 0, {"ours": 0.0, "linearmodels": 0.0}
    for specification in specifications:
        selected = estimation_sample(chosen, specification, coverage)
        if not isinstance(selected, tuple) or specification.effects != ("iso3", "year"):
            continue
        own = estimate(chosen, specification, coverage)
        if not isinstance(own, Estimates) or own.dropped:
            continue
        sample = selected[0]
        other = _by_linearmodels(sample, specification)
        found = own.coefficients.set_index("term").estimate.reindex(specification.terms)
        np.testing.assert_allclose(found, other, rtol=TOLERANCE, atol=TOLERANCE)
        seconds["ours"] += _quickest(estimate, chosen, specification, coverage)
        seconds["linearmodels"] += _quickest(_by_linearmodels, sample, specification)
        fits += 1
    return {"fits": fits, **{f"{who}_seconds": taken for who, taken in seconds.items()}}


def _by_linearmodels(sample: Sample, specification: Specification) -> np.ndarray:
    """Coefficients, with standard errors clustered by economy as in the report."""
    from linearmodels.panel import PanelOLS

    index = pd.MultiIndex.from_arrays([sample.ids["iso3"], sample.years], names=["iso3", "year"])
    terms = pd.DataFrame(sample.x, index=index, columns=list(specification.terms))
    outcome = pd.Series(sample.y, index=index, name="y")
    fit = PanelOLS(outcome, terms, entity_effects=True, time_effects=True).fit(
        cov_type="clustered", cluster_entity=True, debiased=True
    )
    assert len(fit.std_errors) == len(specification.terms)
    return fit.params.to_numpy()


def _quickest(work, *arguments) -> float:
    taken = []
    for _ in range(REPEATS):
        started = time.perf_counter()
        work(*arguments)
        taken.append(time.perf_counter() - started)
    return min(taken)


if __name__ == "__main__":
    folder = load_settings({"LCT_DATA_DIR": sys.argv[1]}).published_dir
    print(json.dumps(of_published(folder / "warehouse.duckdb")))
