"""PPML against independent implementations, and where it has no maximum."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyfixest as pf
import pytest
import statsmodels.api as sm

from estimation.estimate import Estimates, estimate
from tests.support.estimation import (
    FULL,
    POISSON,
    TOLERANCE,
    by_pyfixest,
    of_kind,
    reason,
    trade_panel,
    used,
)


@pytest.mark.parametrize("inference", ["iid", "hetero", "cluster_iso3"])
def test_ppml_agrees_with_statsmodels_on_dummies(inference: str) -> None:
    panel = trade_panel()
    result = estimate(panel, POISSON, FULL)
    own = of_kind(result, inference)
    sample = used(panel)
    # trade is zero for sure in an economy that never trades
    sample = sample[sample["iso3"] != "E00"].reset_index(drop=True)
    dummies = pd.get_dummies(sample[["iso3", "year"]].astype(str), drop_first=True).to_numpy(
        dtype=float
    )
    x = np.column_stack([sample[["a", "b"]], np.ones(len(sample)), dummies])
    groups = pd.factorize(sample["iso3"])[0]
    n, k, g, t = len(sample), x.shape[1], groups.max() + 1, sample["year"].nunique()
    robust, factor = {
        "iid": ({"cov_type": "nonrobust"}, 1.0),
        "hetero": ({"cov_type": "HC0"}, n / (n - k)),
        "cluster_iso3": (
            {"cov_type": "cluster", "cov_kwds": {"groups": groups, "use_correction": False}},
            (n - 1) / (n - 2 - t) * g / (g - 1),
        ),
    }[inference]
    # the unit changes nothing but iid: Poisson's variance is the mean in the outcome's own unit
    expected = sm.GLM(sample["y"].to_numpy(), x, family=sm.families.Poisson()).fit(
        maxiter=200, tol=1e-13, **robust
    )
    np.testing.assert_allclose(own["estimate"], expected.params[:2], rtol=0, atol=TOLERANCE)
    np.testing.assert_allclose(
        own["t_statistic"],
        expected.params[:2] / (expected.bse[:2] * np.sqrt(factor)),
        rtol=TOLERANCE,
    )
    d = result.diagnostics
    assert (d["n_observations"], d["n_economies"], d["n_separated"], d["n_complete_cases"]) == (
        n,
        17,
        12,
        n + 12,
    )


@pytest.mark.parametrize("inference", ["hetero", "cluster_iso3", "twoway"])
def test_ppml_agrees_with_pyfixest(inference: str) -> None:
    panel = trade_panel(seed=32)
    own = of_kind(estimate(panel, POISSON, FULL), inference)
    sample = used(panel)
    expected = by_pyfixest(
        sample[sample["iso3"] != "E00"].assign(y=lambda d: d["y"] / d["y"].mean()),
        "y",
        ["a", "b"],
        inference,
        pf.fepois,
        iwls_tol=1e-12,
        iwls_maxiter=200,
    )
    for column in ("estimate", "std_error"):
        np.testing.assert_allclose(own[column], expected[column], rtol=0, atol=TOLERANCE)


def test_ppml_without_a_maximum_says_so() -> None:
    panel = trade_panel()
    assert reason(panel.assign(y=0.0), POISSON) == "y is zero throughout the sample"
    assert (
        reason(panel.assign(y=panel["y"] - 1), POISSON) == "y is negative somewhere: not for PPML"
    )
    assert reason(panel[panel["iso3"] == "E03"], POISSON) == (
        "12 complete economy-years, but no two economies with two years each: "
        "nothing to compare within economies"
    )
    assert reason(panel.assign(y=3.0), POISSON) == "y does not vary in the sample"
    one_flow = panel.assign(y=np.where(panel.index == 50, 3.0, 0.0))
    assert reason(one_flow, POISSON) == ("PPML could not be fitted: all variables are collinear")
    foretold = estimate(
        panel.assign(a_lag1_z=((panel["y"] == 0) & (panel["year"] > 2004)).astype(float)),
        POISSON,
        FULL,
    )
    # a foretells zeros: these rows go, and with them a
    assert foretold.diagnostics["dropped_collinear"] == "a"
    assert foretold.diagnostics["n_separated"] > 12
    # no trade at all after 2005
    separated = panel.assign(y=np.where(panel["year"] > 2005, 0.0, panel["y"]))
    result = estimate(separated, POISSON, FULL)
    assert isinstance(result, Estimates)
    assert result.diagnostics["last_year"] == 2005
    assert result.diagnostics["n_separated"] > 100


def test_ppml_that_does_not_converge_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("estimation.estimators.poisson.MOST_ITERATIONS", 1)
    assert (
        reason(trade_panel(), POISSON)
        == "PPML did not converge: the likelihood's slope is not zero at the estimates"
    )
