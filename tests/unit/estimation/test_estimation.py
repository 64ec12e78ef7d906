"""Estimates against independent implementations, and the words given where there are none."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pyfixest as pf
import pytest
import statsmodels.api as sm
from linearmodels.panel import PanelOLS
from statsmodels.stats.sandwich_covariance import cov_cluster_2groups, cov_nw_groupsum

from estimation.comparison import (
    degrees_of_printed_stars,
    published_inference_evidence,
    published_inference_summary,
    scorecard,
    scorecard_summary,
)
from estimation.fit import Coverage, Estimates, FixedEffects, NotEstimable, estimate
from estimation.inference import (
    BOOTSTRAP_DRAWS,
    FEW_CLUSTERS,
    INFERENCE_KINDS,
    bandwidth,
    bootstrap_weights,
)
from estimation.rendering import rendered
from estimation.sample import Sample, estimation_sample, largest_balanced, without_singletons
from estimation.specifications import (
    CONTROLS,
    DETERMINANTS,
    GENDER,
    REPORT_SPECIFICATIONS,
    SPECIFICATIONS,
    TEXT_SPECIFICATIONS,
    VARIANTS,
    Specification,
    parts,
)
from estimation.tables import TABLES, Marts, estimate_all
from tests.support.runs import FinishedRun

TOLERANCE = 1e-6
FULL = {
    "mineral": Coverage(frozenset(range(1990, 2030)), frozenset(), 18, 18, 0.1),
    "lct": Coverage(frozenset(range(1990, 2030)), frozenset(), 124, 124, 0.1),
}
SMALL = Specification("table_5", 1, "y", ("a", "b"), product_lists=(("mineral", 0),))


def small_panel(
    seed: int = 7, economies: int = 20, years: range = range(1995, 2015), gaps: float = 0.2
) -> pd.DataFrame:
    """An unbalanced panel with known effects; a and b are already lagged and standardised."""
    rng = np.random.default_rng(seed)
    panel = pd.DataFrame(
        [(f"E{i:02d}", t) for i in range(economies) for t in years], columns=["iso3", "year"]
    )
    panel["a_lag1_z"], panel["b_lag1_z"] = rng.normal(size=(2, len(panel)))
    economy, year = panel["iso3"].str[1:].astype(int), panel["year"] - 1995
    panel["y"] = (
        0.5 * panel["a_lag1_z"]
        - 0.25 * panel["b_lag1_z"]
        + economy * 0.3
        + year * 0.1
        + rng.normal(size=len(panel)) * (1 + 0.1 * economy)
    )
    panel.loc[rng.random(len(panel)) < gaps, "y"] = np.nan
    return panel


def dense(sample: pd.DataFrame, outcome: str, terms: list[str], inference: str) -> pd.DataFrame:
    """Textbook formulas in plain numpy, with a dummy for every economy and year."""
    dummies = pd.get_dummies(sample[["iso3", "year"]].astype(str), drop_first=True).to_numpy(
        dtype=float
    )
    x = np.column_stack([sample[terms].to_numpy(), np.ones(len(sample)), dummies])
    y = sample[outcome].to_numpy()
    n, k = x.shape
    inverse = np.linalg.inv(x.T @ x)
    beta = inverse @ x.T @ y
    e = y - x @ beta
    if inference == "iid":
        v = inverse * (e @ e) / (n - k)
    elif inference == "hetero":
        v = inverse @ (x.T * e**2) @ x @ inverse * n / (n - k)
    else:
        scores = pd.DataFrame(x * e[:, None]).groupby(sample["iso3"].to_numpy()).sum().to_numpy()
        g = len(scores)
        # Economy effects are nested in the clusters and do not count as parameters, but the
        # intercept, which they contain, does.
        k_counted = k - (sample["iso3"].nunique() - 1)
        v = inverse @ scores.T @ scores @ inverse * g / (g - 1) * (n - 1) / (n - k_counted)
    return pd.DataFrame(
        {"estimate": beta[: len(terms)], "std_error": np.sqrt(np.diag(v))[: len(terms)]},
        index=terms,
    )


def used(panel: pd.DataFrame) -> pd.DataFrame:
    """The rows of a small panel that a fit of SMALL uses, in order, with the columns a and b."""
    return (
        panel.rename(columns={"a_lag1_z": "a", "b_lag1_z": "b"})
        .dropna()
        .sort_values(["iso3", "year"], ignore_index=True)
    )


def of_kind(result: Estimates | NotEstimable, inference: str) -> pd.DataFrame:
    assert isinstance(result, Estimates), result
    return result.coefficients.query("inference == @inference").set_index("term")


def by_linearmodels(
    sample: pd.DataFrame, outcome: str, terms: list[str], inference: str
) -> pd.DataFrame:
    """linearmodels, with the small-sample factors documented in estimation/inference.py."""
    indexed = sample.set_index(["iso3", "year"])
    n, economies, years = len(sample), sample["iso3"].nunique(), sample["year"].nunique()
    everything = len(terms) + economies + years - 1
    options, factor = {
        "iid": ({"cov_type": "unadjusted"}, 1.0),
        "hetero": ({"cov_type": "robust"}, 1.0),
        # economy effects are nested in economies: only terms and year effects count
        "cluster_iso3": (
            {"cov_type": "clustered", "cluster_entity": True},
            (n - 1) / n * (n - everything) / (n - len(terms) - years) * economies / (economies - 1),
        ),
        # Both effects are nested in one of the two dimensions. The smaller number of clusters
        # corrects all three parts.
        "twoway": (
            {"cov_type": "clustered", "cluster_entity": True, "cluster_time": True},
            (n - 1)
            / n
            * (n - everything)
            / (n - len(terms) - 1)
            * min(economies, years)
            / (min(economies, years) - 1),
        ),
        "driscoll_kraay": (
            {"cov_type": "kernel", "kernel": "bartlett", "bandwidth": bandwidth(years)},
            (n - 1) / n * years / (years - 1),
        ),
    }[inference]
    fit = PanelOLS(indexed[outcome], indexed[terms], entity_effects=True, time_effects=True).fit(
        debiased=True, **({"count_effects": True} if "cluster_entity" in options else {}), **options
    )
    values, vectors = np.linalg.eigh(fit.cov.to_numpy())
    if inference == "twoway":  # linearmodels leaves negative eigenvalues as they are
        values = values.clip(min=0)
    std_error = np.sqrt(np.diag(vectors @ np.diag(values) @ vectors.T) * factor)
    return pd.DataFrame(
        {
            "estimate": fit.params,
            "std_error": std_error,
            "t_statistic": fit.params / std_error,
            "n": fit.nobs,
        }
    )


PYFIXEST = {
    "iid": "iid",
    "hetero": "hetero",
    "cluster_iso3": {"CRV1": "iso3"},
    "twoway": {"CRV1": "iso3+year"},
    "driscoll_kraay": "DK",
}


def by_pyfixest(
    sample: pd.DataFrame, outcome: str, terms: list[str], inference: str, fit=pf.feols, **options
) -> pd.DataFrame:
    kernel = (
        {
            "vcov_kwargs": {
                "time_id": "year",
                "panel_id": "economy",
                "lag": bandwidth(sample["year"].nunique()),
            }
        }
        if inference == "driscoll_kraay"
        else {}
    )
    ssc = pf.ssc(k_adj=True, k_fixef="nonnested", G_adj=True, G_df="min")
    tidy = fit(
        f"{outcome} ~ {' + '.join(terms)} | iso3 + year",
        sample.assign(economy=pd.factorize(sample["iso3"])[0]),
        vcov=PYFIXEST[inference],
        ssc=ssc,
        fixef_tol=1e-12,
        fixef_maxiter=100_000,
        **kernel,
        **options,
    ).tidy()
    return tidy.rename(
        columns={
            "Estimate": "estimate",
            "Std. Error": "std_error",
            "t value": "t_statistic",
            "Pr(>|t|)": "p_value",
            "2.5%": "conf_low",
            "97.5%": "conf_high",
        }
    )


def by_statsmodels(
    sample: pd.DataFrame, outcome: str, terms: list[str], inference: str
) -> pd.DataFrame:
    """statsmodels on dummies: its sandwiches without correction, times the documented one."""
    dummies = pd.get_dummies(sample[["iso3", "year"]].astype(str), drop_first=True).to_numpy(
        dtype=float
    )
    fit = sm.OLS(
        sample[outcome].to_numpy(),
        np.column_stack([sample[terms].to_numpy(), np.ones(len(sample)), dummies]),
    ).fit()
    economy, year = (
        pd.factorize(sample["iso3"])[0],
        (sample["year"] - sample["year"].min()).to_numpy(),
    )
    n, k, g, t = len(sample), len(terms), len(set(economy)), len(set(year))
    covariance, factor = {
        "cluster_iso3": lambda: (
            fit.get_robustcov_results("cluster", groups=economy, use_correction=False).cov_params(),
            (n - 1) / (n - k - t) * g / (g - 1),
        ),
        "twoway": lambda: (
            cov_cluster_2groups(fit, economy, year, use_correction=False)[0],
            (n - 1) / (n - k - 1) * min(g, t) / (min(g, t) - 1),
        ),
        "driscoll_kraay": lambda: (
            cov_nw_groupsum(fit, bandwidth(t), year, use_correction=0),
            (n - 1) / (n - k - g - t + 1) * t / (t - 1),
        ),
    }[inference]()
    return pd.DataFrame(
        {"estimate": fit.params[:k], "std_error": np.sqrt(np.diag(covariance)[:k] * factor)},
        index=terms,
    )


SAMPLE_KINDS = [kind for kind in INFERENCE_KINDS if kind != "wild_bootstrap"]


@pytest.mark.parametrize("inference", ["iid", "hetero", "cluster_iso3"])
def test_fit_agrees_with_dense_dummies(inference: str) -> None:
    panel = small_panel()
    result = estimate(panel, SMALL, FULL)
    own, expected = of_kind(result, inference), dense(used(panel), "y", ["a", "b"], inference)
    np.testing.assert_allclose(own["estimate"], expected["estimate"], rtol=0, atol=TOLERANCE)
    np.testing.assert_allclose(own["std_error"], expected["std_error"], rtol=TOLERANCE)
    np.testing.assert_allclose(
        own["t_statistic"], expected["estimate"] / expected["std_error"], rtol=TOLERANCE
    )
    assert result.diagnostics["n_observations"] == len(used(panel))


@pytest.mark.parametrize("inference", SAMPLE_KINDS)
@pytest.mark.parametrize("seed", [11, 12])
def test_fit_agrees_with_linearmodels(inference: str, seed: int) -> None:
    panel = small_panel(seed)
    result = estimate(panel, SMALL, FULL, [inference])
    own, expected = (
        of_kind(result, inference),
        by_linearmodels(used(panel), "y", ["a", "b"], inference),
    )
    for column in ("estimate", "std_error", "t_statistic"):
        np.testing.assert_allclose(own[column], expected[column], rtol=0, atol=TOLERANCE)
    assert set(expected["n"]) == {result.diagnostics["n_observations"]}


@pytest.mark.parametrize("inference", SAMPLE_KINDS)
def test_fit_agrees_with_pyfixest_without_any_adjustment(inference: str) -> None:
    panel = small_panel(seed=13)
    own, expected = (
        of_kind(estimate(panel, SMALL, FULL), inference),
        by_pyfixest(used(panel), "y", ["a", "b"], inference),
    )
    for column in ("estimate", "std_error", "t_statistic", "p_value", "conf_low", "conf_high"):
        np.testing.assert_allclose(own[column], expected[column], rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize("inference", ["cluster_iso3", "twoway", "driscoll_kraay"])
def test_fit_agrees_with_statsmodels(inference: str) -> None:
    panel = small_panel(seed=14)
    own, expected = (
        of_kind(estimate(panel, SMALL, FULL), inference),
        by_statsmodels(used(panel), "y", ["a", "b"], inference),
    )
    for column in ("estimate", "std_error"):
        np.testing.assert_allclose(own[column], expected[column], rtol=0, atol=TOLERANCE)


def test_driscoll_kraay_lags_are_calendar_years() -> None:
    """Two years without a row: by ordinal lags 1999 would be taken for the year before 2002."""
    panel = small_panel(seed=15)
    panel = panel[~panel["year"].isin([2000, 2001])]
    own, sample = of_kind(estimate(panel, SMALL, FULL), "driscoll_kraay"), used(panel)
    dummies = pd.get_dummies(sample[["iso3", "year"]].astype(str), drop_first=True).to_numpy(
        dtype=float
    )
    x = np.column_stack([sample[["a", "b"]], np.ones(len(sample)), dummies])
    y, inverse = sample["y"].to_numpy(), np.linalg.inv(x.T @ x)
    residual = y - x @ (inverse @ x.T @ y)
    by_year = {
        t: (x * residual[:, None])[(sample["year"] == t).to_numpy()].sum(axis=0)
        for t in sample["year"].unique()
    }
    lags, middle = bandwidth(len(by_year)), 0
    assert lags == 2
    for s in by_year:
        for t in by_year:
            middle = middle + max(0, 1 - abs(s - t) / (lags + 1)) * np.outer(by_year[s], by_year[t])
    n, years = len(sample), len(by_year)
    covariance = inverse @ middle @ inverse * (n - 1) / (n - x.shape[1]) * years / (years - 1)
    np.testing.assert_allclose(own["std_error"], np.sqrt(np.diag(covariance))[:2], rtol=TOLERANCE)
    assert set(own["degrees_of_freedom"]) == {years - 1}


def test_two_way_variances_are_never_negative() -> None:
    """Negative eigenvalues left by the subtraction become zero (Cameron, Gelbach and Miller).

    by_linearmodels does the same by itself.
    """
    rng, repaired = np.random.default_rng(4), 0
    for _ in range(20):
        panel = small_panel(seed=3, economies=5, years=range(1995, 2001), gaps=0.0)
        panel["y"] = rng.normal(size=len(panel))
        own, sample = of_kind(estimate(panel, SMALL, FULL, ["twoway"]), "twoway"), used(panel)
        np.testing.assert_allclose(
            own["std_error"],
            by_linearmodels(sample, "y", ["a", "b"], "twoway")["std_error"],
            rtol=TOLERANCE,
        )
        with np.errstate(invalid="ignore"):
            unrepaired = by_statsmodels(sample, "y", ["a", "b"], "twoway")["std_error"]
        repaired += not np.allclose(own["std_error"], unrepaired, rtol=1e-6)
    assert repaired, "the test has met such a case"


def loop_bootstrap(sample: pd.DataFrame, terms: list[str], term: str) -> float:
    """The wild cluster bootstrap by the book: dummies, and a full refit for every single draw.

    Returns the absolute t statistics of the draws and that of the data.
    """
    dummies = pd.get_dummies(sample[["iso3", "year"]].astype(str), drop_first=True).to_numpy(
        dtype=float
    )
    x = np.column_stack([sample[terms], np.ones(len(sample)), dummies])
    j, y, economy = (
        terms.index(term),
        sample["y"].to_numpy(),
        pd.factorize(sample["iso3"], sort=True)[0],
    )
    inverse = np.linalg.inv(x.T @ x)

    def t_statistic(outcome: np.ndarray) -> float:
        beta = inverse @ x.T @ outcome
        scores = pd.DataFrame(x * (outcome - x @ beta)[:, None]).groupby(economy).sum().to_numpy()
        return beta[j] / np.sqrt((inverse @ scores.T @ scores @ inverse)[j, j])

    others = np.delete(x, j, axis=1)
    restricted = others @ np.linalg.lstsq(others, y, rcond=None)[0]
    weights = bootstrap_weights(economy.max() + 1)
    found = abs(t_statistic(y))
    drawn = np.array(
        [
            abs(t_statistic(restricted + weights[economy, b] * (y - restricted)))
            for b in range(LOOPED)
        ]
    )
    return drawn, found


LOOPED = 150


@pytest.mark.parametrize("economies", [8, 15])
def test_wild_bootstrap_agrees_with_a_plain_loop(
    economies: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Webb's weights are used below twelve economies, Rademacher's above.

    The loop uses the first draws of the same weights.
    """
    weights = bootstrap_weights(economies)
    assert len(np.unique(weights)) == (6 if economies < 12 else 2)
    assert weights.shape == (economies, BOOTSTRAP_DRAWS)
    panel = small_panel(seed=21, economies=economies, years=range(1995, 2005))
    monkeypatch.setattr("estimation.inference.bootstrap_weights", lambda g: weights[:, :LOOPED])
    own = of_kind(estimate(panel, SMALL, FULL), "wild_bootstrap")
    clustered = of_kind(estimate(panel, SMALL, FULL), "cluster_iso3")
    for term in ("a", "b"):
        drawn, found = loop_bootstrap(used(panel), ["a", "b"], term)
        assert own.loc[term, "p_value"] == pytest.approx(
            (1 + (drawn >= found).sum()) / (1 + LOOPED), abs=1e-12
        )
        width = (own.loc[term, "conf_high"] - own.loc[term, "estimate"]) / own.loc[
            term, "std_error"
        ]
        # the loop leaves the small-sample factor out of both statistics
        ratio = found / abs(own.loc[term, "t_statistic"])
        assert width == pytest.approx(np.quantile(drawn, 0.95) / ratio, rel=1e-6)
    pd.testing.assert_frame_equal(
        own[["estimate", "std_error", "t_statistic"]],
        clustered[["estimate", "std_error", "t_statistic"]],
    )


@pytest.mark.slow
def test_wild_bootstrap_holds_its_size_where_clustering_does_not() -> None:
    """Eight economies, two of them with much longer series, and no effect.

    The clustered test rejects too often, the bootstrap does not.
    """
    rng, rejected = np.random.default_rng(5), {"cluster_iso3": 0, "wild_bootstrap": 0}
    rows = [(f"E{i}", t) for i in range(8) for t in range(1995, 2015 if i < 2 else 2000)]
    panel = pd.DataFrame(rows, columns=["iso3", "year"])
    worlds = 200
    for _ in range(worlds):
        level = rng.normal(size=(2, 8)).repeat(1, axis=0)
        economy = panel["iso3"].str[1:].astype(int).to_numpy()
        trend = (panel["year"] - 1995).to_numpy() / 10
        panel["a_lag1_z"] = level[0][economy] * trend + 0.3 * rng.normal(size=len(panel))
        panel["y"] = level[1][economy] * trend + 0.3 * rng.normal(size=len(panel))
        coefficients = estimate(
            panel, replace(SMALL, terms=("a",)), FULL, list(rejected)
        ).coefficients.set_index("inference")
        for kind in rejected:
            rejected[kind] += coefficients.loc[kind, "p_value"] < 0.05
    assert rejected["cluster_iso3"] > 1.5 * rejected["wild_bootstrap"], rejected
    assert rejected["wild_bootstrap"] < 0.11 * worlds, rejected


def test_wild_bootstrap_is_for_few_economies_and_says_so() -> None:
    many = estimate(small_panel(economies=FEW_CLUSTERS, years=range(1995, 1999)), SMALL, FULL)
    assert "wild_bootstrap" not in set(many.coefficients["inference"])
    assert (
        many.diagnostics["inference_not_computed"]
        == f"wild_bootstrap: {FEW_CLUSTERS} economies are not few (fewer than 50)"
    )
    few = estimate(small_panel(), SMALL, FULL)
    assert set(few.coefficients["inference"]) == set(INFERENCE_KINDS)
    assert few.diagnostics["inference_not_computed"] == ""


def trade_panel(
    seed: int = 31, economies: int = 18, years: range = range(2000, 2012)
) -> pd.DataFrame:
    """Trade in levels with zeros; E00 never trades and E01 trades in one year only."""
    rng = np.random.default_rng(seed)
    panel = pd.DataFrame(
        [(f"E{i:02d}", t) for i in range(economies) for t in years], columns=["iso3", "year"]
    )
    panel["a_lag1_z"], panel["b_lag1_z"] = rng.normal(size=(2, len(panel)))
    economy = panel["iso3"].str[1:].astype(int)
    mean = np.exp(
        0.4 * panel["a_lag1_z"]
        - 0.3 * panel["b_lag1_z"]
        + 0.15 * economy
        + 0.05 * (panel["year"] - 2000)
    )
    panel["y"] = np.where(
        rng.random(len(panel)) < 0.3, 0.0, mean * rng.gamma(1.0, 1.0, len(panel)) * 1000
    )
    panel.loc[economy == 0, "y"] = 0.0
    panel.loc[(economy == 1) & (panel["year"] != 2003), "y"] = 0.0
    return panel


POISSON = replace(SMALL, estimator="ppml", inference=tuple(SAMPLE_KINDS))


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
    monkeypatch.setattr("estimation.fit.MOST_ITERATIONS", 1)
    assert (
        reason(trade_panel(), POISSON)
        == "PPML did not converge: the likelihood's slope is not zero at the estimates"
    )


@pytest.mark.parametrize("column", [1, 2])
@pytest.mark.parametrize("inference", SAMPLE_KINDS)
def test_table_5_on_real_data_agrees_with_independent_implementations(
    real_run: FinishedRun, column: int, inference: str
) -> None:
    """Minerals, reconciled basis, 2003-2022: built here from the published panel alone."""
    outcome = {1: "ln_mineral_imports_from_china", 2: "ln_mineral_exports_to_china"}[column]
    terms = list(DETERMINANTS)
    published = real_run.ask(
        """
        select term, estimate, std_error, t_statistic, n_observations, n_economies
        from estimates.coefficients
        where
            exhibit = 'table_5' and "column" = ? and basis = 'reconciled'
            and inference = ? and variant = 'report'
        """,
        [column, inference],
    )
    own = (
        pd.DataFrame(
            published, columns=["term", "estimate", "std_error", "t_statistic", "n", "economies"]
        )
        .set_index("term")
        .loc[terms]
    )
    rows = real_run.ask(
        f"select iso3, year, {outcome}, {', '.join(f'{t}_lag1_z' for t in terms)} "
        "from marts.panel_country_year_variants "
        "where basis = 'reconciled' and hs_treatment = 'as_reported' and mineral_scope = 'ores' "
        "and year between 2003 and 2022 order by iso3, year"
    )
    sample = pd.DataFrame(rows, columns=["iso3", "year", outcome, *terms]).dropna()
    while (
        alone := (sample.groupby("iso3")["year"].transform("size") == 1)
        | (sample.groupby("year")["iso3"].transform("size") == 1)
    ).any():
        sample = sample[~alone]
    assert set(own["n"]) == {len(sample)} == {{1: 485, 2: 308}[column]}
    assert set(own["economies"]) == {sample["iso3"].nunique()}
    for expected in (
        by_linearmodels(sample, outcome, terms, inference),
        *(
            [dense(sample, outcome, terms, inference)]
            if inference in ("iid", "hetero", "cluster_iso3")
            else []
        ),
    ):
        np.testing.assert_allclose(own["estimate"], expected["estimate"], rtol=0, atol=TOLERANCE)
        np.testing.assert_allclose(
            own["t_statistic"], expected["estimate"] / expected["std_error"], rtol=0, atol=TOLERANCE
        )


def small_sample(rows: list[tuple[str, int]]) -> Sample:
    economies, iso3 = np.unique([r[0] for r in rows], return_inverse=True)
    years = np.array([r[1] for r in rows])
    return Sample(
        np.zeros(len(rows)),
        np.zeros((len(rows), 1)),
        years,
        {"iso3": iso3, "year": np.unique(years, return_inverse=True)[1]},
        economies,
    )


def test_singletons_are_removed_recursively() -> None:
    rows = small_sample([("A", 1), ("A", 2), ("B", 1), ("B", 2), ("C", 3), ("C", 4), ("D", 4)])
    # C 3 is alone in its year, D in its economy; then C 4 is alone in both
    kept = without_singletons(rows, ("iso3", "year"))
    assert kept.economies[kept.ids["iso3"]].tolist() == ["A", "A", "B", "B"]
    assert kept.economies.tolist() == ["A", "B"]


def test_the_largest_balanced_panel_has_the_most_rows() -> None:
    a, b, c = (
        [(name, year) for year in years]
        for name, years in (("A", range(1, 9)), ("B", range(3, 7)), ("C", [3, 4, 6]))
    )
    # A and B over 3-6 are eight rows, as are A's own; the longer span counts
    chosen = largest_balanced(small_sample(a + b + c))
    assert (chosen.sum(), chosen[:8].all()) == (8, True)
    d = [("D", year) for year in range(3, 7)]
    chosen = largest_balanced(small_sample(a + b + c + d))
    assert chosen.sum() == 12
    assert not chosen[len(a + b) : len(a + b + c)].any(), "C has a gap"
    assert not largest_balanced(small_sample([("A", 1), ("B", 3)])).any()


def test_a_balanced_fit_uses_the_balanced_rows_alone() -> None:
    panel = small_panel(gaps=0.3)
    result = estimate(panel, replace(SMALL, sample="balanced"), FULL)
    d = result.diagnostics
    assert (
        d["n_observations"]
        == d["n_economies"] * d["n_years"]
        == d["last_year"] * d["n_economies"] - (d["first_year"] - 1) * d["n_economies"]
    )
    assert d["n_observations"] + d["n_outside_balanced"] == d["n_complete_cases"]
    assert d["n_outside_balanced"] > 0


def test_sweeping_equals_the_residual_on_dummies() -> None:
    sample = used(small_panel())
    weights = np.random.default_rng(1).random(len(sample)) + 0.1
    dummies = pd.get_dummies(sample[["iso3", "year"]].astype(str)).to_numpy(dtype=float)
    ids = [np.unique(sample[e], return_inverse=True)[1] for e in ("year", "iso3")]
    for w in (np.ones(len(sample)), weights):
        root = np.sqrt(w)[:, None]
        residual = (
            sample[["a", "b"]].to_numpy()
            - dummies
            @ np.linalg.lstsq(dummies * root, sample[["a", "b"]].to_numpy() * root, rcond=None)[0]
        )
        effects = FixedEffects(ids, w)
        np.testing.assert_allclose(
            effects.sweep(sample[["a", "b"]].to_numpy()), residual, atol=1e-12
        )
        assert effects.rank == np.linalg.matrix_rank(dummies)


def test_effects_of_a_panel_in_two_parts_count_by_their_rank() -> None:
    """Two groups of economies without a common year: the rank is economies + years - 2."""
    economy, year = np.array([0, 0, 1, 1, 2, 2, 3, 3]), np.array([0, 1, 0, 1, 2, 3, 2, 3])
    assert FixedEffects([economy, year]).rank == 6


def test_three_effects_are_swept_out_together() -> None:
    rng = np.random.default_rng(2)
    ids, x = [rng.integers(0, levels, 400) for levels in (30, 7, 12)], rng.normal(size=(400, 2))
    dummies = np.concatenate([np.eye(codes.max() + 1)[codes] for codes in ids], axis=1)
    effects = FixedEffects(ids)
    np.testing.assert_allclose(
        effects.sweep(x), x - dummies @ np.linalg.lstsq(dummies, x, rcond=None)[0], atol=1e-11
    )
    assert effects.rank == np.linalg.matrix_rank(dummies)


def test_standardised_over_the_sample() -> None:
    """Without interactions only the unit changes.

    With interactions, the z-scores are those of the rows of the fit.
    """
    panel = small_panel()
    panel["a_lag1"], panel["b_lag1"] = 3 + 2 * panel["a_lag1_z"], 10 * panel["b_lag1_z"]
    over_sample = replace(SMALL, standardisation="sample")
    plain, rescaled = (estimate(panel, s, FULL).coefficients for s in (SMALL, over_sample))
    np.testing.assert_allclose(plain["t_statistic"], rescaled["t_statistic"], rtol=1e-9)
    sample, _ = estimation_sample(panel, over_sample, FULL)
    np.testing.assert_allclose(
        [sample.x.mean(axis=0), sample.x.std(axis=0, ddof=1)], [[0, 0], [1, 1]], atol=1e-12
    )
    interacted = replace(over_sample, terms=("a_x_b", "a", "b"))
    rows = used(panel)
    z = (rows[["a", "b"]] - rows[["a", "b"]].mean()) / rows[["a", "b"]].std()
    by_hand = by_pyfixest(
        rows.assign(a=z["a"], b=z["b"], ab=z["a"] * z["b"]), "y", ["ab", "a", "b"], "cluster_iso3"
    )
    own = of_kind(estimate(panel, interacted, FULL), "cluster_iso3")
    np.testing.assert_allclose(
        own[["estimate", "std_error"]], by_hand[["estimate", "std_error"]], atol=TOLERANCE
    )


def test_interactions_are_products_of_z_scores() -> None:
    panel = small_panel()
    panel["ab_lag1_z"] = panel["a_lag1_z"] * panel["b_lag1_z"]
    by_name = estimate(panel, replace(SMALL, terms=("a_x_b", "a", "b")), FULL).coefficients
    by_hand = estimate(panel, replace(SMALL, terms=("ab", "a", "b")), FULL).coefficients
    np.testing.assert_allclose(by_name["estimate"], by_hand["estimate"], atol=1e-12)


def reason(
    panel: pd.DataFrame, specification: Specification = SMALL, coverage: dict[str, Coverage] = FULL
) -> str:
    result = estimate(panel, specification, coverage)
    assert isinstance(result, NotEstimable), result
    return result.reason


def test_what_cannot_be_estimated_says_why() -> None:
    panel = small_panel()
    assert reason(panel.assign(b_lag1_z=np.nan)) == "no data for b"
    assert reason(panel.assign(y=np.nan)) == "no data for y"
    assert "no two economies" in reason(panel[panel["iso3"] == "E01"])
    assert reason(panel.iloc[:0]) == "no data for y"
    assert "without a residual" in reason(panel.assign(y=panel["a_lag1_z"]))
    assert "do not suffice" in reason(
        panel[(panel["year"] < 1997) & (panel["iso3"] < "E03")].assign(y=1.0)
    )
    assert "does not vary" in reason(panel.assign(y=1.0))
    assert "no economy-year has every variable" in reason(
        panel.assign(
            a_lag1_z=panel["a_lag1_z"].where(panel["year"] < 2000),
            b_lag1_z=panel["b_lag1_z"].where(panel["year"] >= 2000),
        )
    )
    assert reason(panel, coverage={}) == "no data for trade in transition-mineral products"
    little = {"mineral": Coverage(frozenset(range(1990, 2030)), frozenset(), 1, 18, 0.1)}
    assert reason(panel, coverage=little).startswith(
        "only 1 of 18 transition-mineral products have landed"
    )


def test_a_collinear_term_is_dropped_and_named() -> None:
    panel = small_panel()
    panel["c_lag1_z"] = 2 * panel["a_lag1_z"]
    result = estimate(panel, replace(SMALL, terms=("a", "b", "c")), FULL)
    assert result.diagnostics["dropped_collinear"] == "c"
    np.testing.assert_allclose(
        result.coefficients["estimate"],
        estimate(panel, SMALL, FULL).coefficients["estimate"],
        atol=1e-9,
    )


def test_all_terms_swept_out_by_the_effects_is_a_reason() -> None:
    panel = small_panel()
    panel["a_lag1_z"] = panel["iso3"].str[1:].astype(float)
    panel["b_lag1_z"] = panel["year"].astype(float)
    assert reason(panel) == "every term is collinear with the fixed effects"
    assert reason(panel, replace(POISSON, outcome="positive")) == "no data for positive"
    assert (
        reason(panel.assign(y=1.0 + (panel["y"] > 0)), POISSON)
        == "every term is collinear with the fixed effects"
    )


def test_an_inference_kind_that_does_not_exist_is_refused() -> None:
    with pytest.raises(
        ValueError, match="inference 'newey_west' is not known; use one of: iid, hetero"
    ):
        estimate(small_panel(), SMALL, FULL, ["newey_west"])


def test_diagnostics_name_the_influential_economy() -> None:
    panel = small_panel()
    panel.loc[panel["iso3"] == "E07", ["a_lag1_z", "b_lag1_z"]] *= 8
    d = estimate(panel, SMALL, FULL).diagnostics
    rows = used(panel)
    x = np.column_stack(
        [rows[["a", "b"]], pd.get_dummies(rows[["iso3", "year"]].astype(str)).to_numpy(dtype=float)]
    )
    effects = x[:, 2:]
    leverage = np.diag(x @ np.linalg.pinv(x.T @ x) @ x.T) - np.diag(
        effects @ np.linalg.pinv(effects.T @ effects) @ effects.T
    )
    # two terms: the leverage beyond the effects' sums to two
    by_economy = pd.Series(leverage).groupby(rows["iso3"]).sum() / 2
    assert (d["most_influential_economy"], by_economy.idxmax()) == ("E07", "E07")
    assert d["largest_leverage_share"] == pytest.approx(by_economy.max(), abs=1e-9)
    assert by_economy.max() > 0.5
    assert d["n_panel_rows"] == len(panel)
    assert d["n_outcome"] == d["n_complete_cases"] == panel["y"].notna().sum()


def test_years_that_are_not_comparable_stay_out_and_are_counted() -> None:
    panel = small_panel()
    partial = {"mineral": Coverage(frozenset(range(2003, 2015)), frozenset({2002}), 4, 18, 0.1)}
    result = estimate(panel, SMALL, partial)
    assert (result.diagnostics["first_year"], result.diagnostics["years_not_comparable"]) == (
        2003,
        "2002",
    )
    lagged = estimate(panel, replace(SMALL, product_lists=(("mineral", 1),)), partial)
    assert lagged.diagnostics["first_year"] == 2004, "a lagged list is comparable one year later"


def test_specifications_cover_the_published_tables(real_run: FinishedRun) -> None:
    """Every printed coefficient has a specification with its outcome and term."""
    known = {(s.exhibit, s.column): s for s in REPORT_SPECIFICATIONS}
    published = real_run.ask(
        "select exhibit, column_number, outcome, term from report.published_coefficients"
    )
    assert len(published) == 166
    for exhibit, column, outcome, term in published:
        specification = known[exhibit, column]
        assert specification.outcome == outcome, (exhibit, column, term)
        assert term in specification.terms, (exhibit, column, term)
    assert len(known) == len(REPORT_SPECIFICATIONS) == 30
    assert (len(DETERMINANTS), len(CONTROLS), len(GENDER)) == (16, 12, 6)
    assert set(CONTROLS) < set(DETERMINANTS)
    assert parts("lct_imports_x_fdi_inflows") == ("lct_imports_from_china_kusd", "fdi_inflows")
    assert [(s.exhibit, s.column, s.outcome) for s in TEXT_SPECIFICATIONS] == [
        ("table_6", 7, "n2o_kt_co2e"),
        ("table_6", 8, "methane_kt_co2e"),
        ("table_6", 9, "pm25_mean_exposure"),
    ]


def test_each_variant_changes_one_thing_where_it_applies() -> None:
    own = {(s.exhibit, s.column): s for s in SPECIFICATIONS if s.variant == "report"}
    changed: dict[str, set[str]] = {}
    count: dict[str, int] = {}
    for s in SPECIFICATIONS:
        if s.variant != "report":
            report = own[s.exhibit, s.column]
            changed.setdefault(s.variant, set()).update(
                f for f in Specification.__dataclass_fields__ if getattr(s, f) != getattr(report, f)
            )
            count[s.variant] = count.get(s.variant, 0) + 1
            assert (s.terms == report.terms and s.text != report.text) or s.variant in (
                "harmonised",
                "strict",
                "all_stages",
            )
    named = {"variant", "inference"}  # the bootstrap is for the report's own specification
    assert {name: fields - named for name, fields in changed.items()} == {
        "ppml": {"estimator", "outcome"},
        "without_dual_use": {"outcome", "product_lists", "measured_by"},
        "harmonised": {"hs_treatment"},
        "strict": {"hs_treatment"},
        "all_stages": {"mineral_scope"},
        "openness_alternative": {"measured_by"},
        "credit_alternative": {"measured_by"},
        "balanced": {"sample"},
        "standardised_over_sample": {"standardisation"},
    }
    assert count == {"ppml": 8, "without_dual_use": 29, "all_stages": 4} | {
        v.name: 33 for v in VARIANTS if v.name not in ("ppml", "without_dual_use", "all_stages")
    }
    interaction = next(
        s for s in SPECIFICATIONS if s.variant == "without_dual_use" and s.exhibit == "table_9"
    )
    assert interaction.variables_of("lct_imports_x_fdi_inflows") == (
        "lct_without_dual_use_imports_from_china_kusd",
        "fdi_inflows",
    )


def test_every_specification_has_estimates_or_a_reason_on_every_basis(
    real_run: FinishedRun, demo_run: FinishedRun
) -> None:
    every = {
        (s.exhibit, s.column, s.variant, b)
        for s in SPECIFICATIONS
        for b in ("china_reported", "partner_reported", "reconciled")
    }
    for run in (real_run, demo_run):
        estimated = set(
            run.ask('select distinct exhibit, "column", variant, basis from estimates.coefficients')
        )
        missing = set(
            run.ask(
                'select distinct exhibit, "column", variant, basis from estimates.not_estimable '
                "where term is null"
            )
        )
        assert estimated | missing == every
        assert not estimated & missing
        gaps = run.ask(
            """
            select c.exhibit, c."column", c.variant, c.basis
            from estimates.diagnostics as c
            where
                inference_not_computed not like '%wild_bootstrap%'
                and variant = 'report'
                and not exists (
                    select 1
                    from estimates.coefficients as x
                    where
                        x.exhibit = c.exhibit
                        and x."column" = c."column"
                        and x.basis = c.basis
                        and x.variant = 'report'
                        and x.inference = 'wild_bootstrap'
                )
            """
        )
        assert gaps == [], "a kind of inference is there or its reason is"
    reasons = dict(
        real_run.ask(
            "select exhibit || '.' || \"column\", reason from estimates.not_estimable "
            "where basis = 'reconciled' and variant = 'report'"
        )
    )
    assert reasons["table_12.1"] == "no data for female_employers (SL.EMP.MPYR.FE.ZS)"
    assert demo_run.ask(
        "select distinct inference from estimates.coefficients where variant = 'report' order by 1"
    ) == [(kind,) for kind in sorted(INFERENCE_KINDS)]


def test_ppml_counts_more_economy_years_than_logarithms(real_run: FinishedRun) -> None:
    rows = real_run.ask(
        'select "column", variant, n_complete_cases from estimates.diagnostics '
        "where exhibit = 'table_5' and basis = 'reconciled' and variant in ('report', 'ppml') "
        "order by all"
    )
    n = {(column, variant): count for column, variant, count in rows}
    assert n[1, "ppml"] > n[1, "report"], rows
    assert n[2, "ppml"] > n[2, "report"], rows
    assert real_run.ask(
        "select count(*) from marts.panel_country_year_variants "
        "where mineral_exports_to_china_or_zero_kusd = 0 "
        "and mineral_exports_to_china_kusd is not null and mineral_exports_to_china_kusd > 0"
    ) == [(0,)]


NOTHING = pd.DataFrame(
    columns=[
        "basis",
        "hs_treatment",
        "mineral_scope",
        "product_list",
        "is_comparable",
        "year",
        "products_landed",
        "products_in_list",
    ]
)


def test_tables_come_complete_where_nothing_can_be_estimated() -> None:
    published = pd.DataFrame(
        [("table_5", 1, "ln_mineral_imports_from_china", "ln_gdp", 1.0, 2, 2.5, 504)],
        columns=[
            "exhibit",
            "column_number",
            "outcome",
            "term",
            "estimate",
            "stars",
            "t_statistic",
            "n_observations",
        ],
    )
    tables = estimate_all(
        Marts(NOTHING, NOTHING, published, {}, "reconciled", 0.1, False),
        REPORT_SPECIFICATIONS,
        ["reconciled"],
    )
    assert {name: list(frame.columns) for name, frame in tables.items()} == {
        name: list(columns) for name, (_, columns) in TABLES.items()
    }
    assert len(tables["not_estimable"]) == 30
    assert tables["coefficients"].empty
    assert (
        tables["scorecard"].loc[0, "reason"]
        == "no trade with China has landed on the basis reconciled"
    )
    assert tables["scorecard_summary"].loc[
        0, ["n_published", "n_estimated", "reasons"]
    ].tolist() == [1, 0, "no trade with China has landed on the basis reconciled"]
    assert set(tables["published_inference_evidence"]["note"]) == {
        "no trade with China has landed on the basis reconciled"
    }
    assert (
        tables["published_inference_summary"]["conclusion"]
        .str.startswith("not conclusive: no printed column can be estimated")
        .all()
    )


def test_a_term_without_an_estimate_has_its_reason() -> None:
    panel = small_panel().assign(
        basis="reconciled", hs_treatment="as_reported", mineral_scope="ores"
    )
    panel["c_lag1_z"] = panel["year"] / 10
    coverage = pd.DataFrame(
        [
            ("reconciled", "as_reported", "ores", "mineral", True, y, 18, 18)
            for y in range(1990, 2023)
        ],
        columns=list(NOTHING.columns),
    )
    published = pd.DataFrame(
        [("table_5", 1, "y", "c", 1.0, 2, 2.5, 504)],
        columns=[
            "exhibit",
            "column_number",
            "outcome",
            "term",
            "estimate",
            "stars",
            "t_statistic",
            "n_observations",
        ],
    )
    tables = estimate_all(
        Marts(panel, coverage, published, {}, "reconciled", 0.1, False),
        [replace(SMALL, terms=("a", "b", "c"))],
        ["reconciled"],
    )
    assert tables["not_estimable"][["term", "reason"]].values.tolist() == [
        ["c", "collinear with the fixed effects and the terms before it: dropped"]
    ]
    assert tables["scorecard"].loc[0, "reason"].startswith("collinear")
    assert set(tables["coefficients"]["term"]) == {"a", "b"}


def printed_by(kind: str, result: Estimates) -> pd.DataFrame:
    """What a report would print that had these estimates and used this kind of inference."""
    rows = result.coefficients.query("inference == @kind")
    printed = [
        (
            "table_5",
            1,
            "y",
            r.term,
            round(r.estimate, 3),
            int(r.p_value < 0.1) + int(r.p_value < 0.05) + int(r.p_value < 0.01),
            round(r.t_statistic, 2),
            330,
        )
        for r in rows.itertuples()
    ]
    return pd.DataFrame(
        printed,
        columns=[
            "exhibit",
            "column_number",
            "outcome",
            "term",
            "estimate",
            "stars",
            "t_statistic",
            "n_observations",
        ],
    )


def own_tables(panel: pd.DataFrame) -> tuple[Estimates, pd.DataFrame, pd.DataFrame]:
    result = estimate(panel, SMALL, FULL)
    coefficients = result.coefficients.assign(
        exhibit="table_5", column=1, basis="reconciled", variant="report", n_observations=330
    )
    return (
        result,
        coefficients,
        pd.DataFrame(columns=["exhibit", "column", "basis", "variant", "term", "reason"]),
    )


@pytest.mark.parametrize("kind", ["iid", "cluster_iso3", "driscoll_kraay"])
def test_the_inference_behind_printed_figures_is_found_on_the_same_sample(kind: str) -> None:
    result, coefficients, reasons = own_tables(small_panel())
    evidence = published_inference_evidence(
        coefficients, reasons, printed_by(kind, result), "reconciled"
    )
    assert evidence.loc[evidence["is_closest"], "inference"].tolist() == [kind]
    assert evidence["is_same_sample"].all()
    assert not evidence.loc[evidence["inference"] == kind, "stars_contradict"].item()
    summary = published_inference_summary(evidence).set_index("inference")
    assert "the closest kind" in summary.loc[kind, "conclusion"]
    assert summary["conclusion"].str.contains("not the closest kind").sum() == 4


def test_another_sample_does_not_tell_the_inference() -> None:
    result, coefficients, reasons = own_tables(small_panel())
    printed = printed_by("iid", result).assign(n_observations=500)
    evidence = published_inference_evidence(coefficients, reasons, printed, "reconciled")
    assert not evidence["is_same_sample"].any()
    assert "another sample (N 330, printed 500" in evidence["note"].iloc[0]
    assert (
        published_inference_summary(evidence)["conclusion"]
        .str.startswith("not conclusive: none of 1 columns rests on the report's sample")
        .all()
    )


def test_printed_stars_bound_the_degrees_of_freedom() -> None:
    # 1.98 with two stars: the 5 % point is at most 1.985, that of 96 degrees of freedom;
    # 1.97 with one star: it is at least 1.965
    assert degrees_of_printed_stars(np.array([-1.98]), np.array([2])) == (96, None)
    least, most = degrees_of_printed_stars(np.array([-1.98, 1.97]), np.array([2, 1]))
    assert least == 96
    assert 400 < most < 600
    assert degrees_of_printed_stars(np.array([1.2]), np.array([3])) == (None, None)
    assert degrees_of_printed_stars(np.array([5.0, 0.3]), np.array([3, 0]))[1] is None


def test_printed_stars_of_the_report_need_more_degrees_than_clusters_have(
    real_run: FinishedRun,
) -> None:
    assert real_run.ask(
        "select max(stars_least_degrees), count(*) from estimates.published_inference_evidence "
        "where exhibit = 'table_10' and \"column\" = 4"
    ) == [(96, 5)]
    conclusions = dict(
        real_run.ask("select inference, conclusion from estimates.published_inference_summary")
    )
    assert set(conclusions) == set(SAMPLE_KINDS)
    assert all("not conclusive" in c for c in conclusions.values())
    assert "need 96 degrees of freedom or more" in conclusions["cluster_iso3"]


def test_the_scorecard_measures_in_printed_standard_errors() -> None:
    result, coefficients, reasons = own_tables(small_panel())
    own = coefficients[coefficients["inference"] == "cluster_iso3"].set_index("term")
    printed = printed_by("cluster_iso3", result)
    printed.loc[printed["term"] == "a", ["estimate", "t_statistic", "stars"]] = [-0.4, -2.0, 2]
    printed.loc[len(printed)] = ["table_4", 1, "x", "ln_gdp", 1.0, 0, 1.0, 100]
    reasons.loc[0] = ["table_4", 1, "reconciled", "report", None, "no data for x"]
    card = scorecard(coefficients, reasons, printed, "reconciled").set_index("term")
    assert card.loc["a", "distance_in_published_std_errors"] == pytest.approx(
        (own.loc["a", "estimate"] + 0.4) / 0.2
    )
    assert (
        card.loc["a", "same_sign"],
        card.loc["b", "same_sign"],
        card.loc["a", "same_significance"],
    ) == (False, True, True)
    assert card.loc["ln_gdp", "reason"] == "no data for x"
    assert pd.isna(card.loc["ln_gdp", "own_estimate"])
    assert pd.isna(card.loc["ln_gdp", "same_sign"])
    summary = scorecard_summary(card.reset_index()).set_index("exhibit")
    assert summary.index.tolist() == ["table_4", "table_5"]
    assert summary.loc[
        "table_5",
        [
            "n_published",
            "n_estimated",
            "n_same_sign",
            "n_same_significance",
            "n_within_two_std_errors",
            "own_n_observations",
        ],
    ].tolist() == [2, 2, 1, 2, 1, "330"]
    assert summary.loc[
        "table_4", ["n_published", "n_estimated", "own_n_observations", "reasons"]
    ].tolist() == [1, 0, "-", "no data for x"]


# ---- the tables as journals print them ---------------------------------------------------------

LABELS = {"a": ("alpha & co", "甲"), "b": ("beta", "乙"), "y": ("outcome, %", "结果")}


def printed_files(synthetic: bool = False) -> dict[str, str]:
    """Two columns of one table: the first estimated, the second not."""
    first = replace(SMALL, terms=("a_x_b", "a", "b"))
    second = replace(SMALL, column=2, terms=("a", "b"))
    coefficients = pd.DataFrame(
        [("a_x_b", -1.2345, -2.5, 0.02), ("a", 0.5, 1.0, 0.3), ("b", 12.0, 9.876, 0.0001)],
        columns=["term", "estimate", "t_statistic", "p_value"],
    ).assign(
        exhibit="table_5", column=1, basis="reconciled", variant="report", inference="cluster_iso3"
    )
    diagnostics = pd.DataFrame(
        [("table_5", 1, "reconciled", "report", 1234, 45, 0.1234)],
        columns=[
            "exhibit",
            "column",
            "basis",
            "variant",
            "n_observations",
            "n_economies",
            "within_r_squared",
        ],
    )
    reasons = pd.DataFrame(
        [("table_5", 2, "reconciled", "report", None, "no data for a_b")],
        columns=["exhibit", "column", "basis", "variant", "term", "reason"],
    )
    return rendered(
        coefficients, diagnostics, reasons, LABELS, "reconciled", synthetic, [second, first]
    )


def test_a_table_is_printed_as_journals_do() -> None:
    files = printed_files()
    assert set(files) == {
        f"table_5.{language}.{extension}"
        for language in ("en", "zh")
        for extension in ("tex", "html", "csv")
    }
    rows = list(csv.reader(io.StringIO(files["table_5.en.csv"].removeprefix("\ufeff"))))
    assert rows[0] == ["Table 5. What goes with trade in transition minerals with China"]
    assert rows[1:14] == [
        ["", "(1)", "(2)"],
        ["", "Outcome, %", "Outcome, %"],
        ["Alpha & co × Beta", "-1.234**", ""],
        ["", "(-2.50)", ""],
        ["Alpha & co", "0.500", "–"],
        ["", "(1.00)", ""],
        ["Beta", "12.000***", "–"],
        ["", "(9.88)", ""],
        ["Partner effects", "Yes", "–"],
        ["Year effects", "Yes", "–"],
        ["N", "1234", "–"],
        ["Economies", "45", "–"],
        ["Within R²", "0.123", "–"],
    ]
    notes = [r[0] for r in rows[14:]]
    assert "Standard errors: clustered by partner economy." in notes
    assert "(2) not estimable: no data for a_b." in notes
    assert any(n.startswith("Trade basis: reconciled (BACI); HS codes as reported") for n in notes)
    chinese = files["table_5.zh.csv"]
    assert "甲 × 乙,-1.234**," in chinese
    assert "伙伴固定效应,是" in chinese
    assert "按伙伴经济体聚类" in chinese


def test_latex_and_html_are_well_formed_and_escaped() -> None:
    files = printed_files()
    latex = files["table_5.en.tex"]
    assert r"Alpha \& co $\times$ Beta & $-$1.234$^{**}$ &  \\" in latex
    assert r"Outcome, \%" in latex
    assert r"a\_b" in latex
    assert latex.count(r"\begin{") == latex.count(r"\end{") == 3
    assert latex.count("{") == latex.count("}")
    assert all(line.count(" & ") == 2 for line in latex.splitlines() if line.endswith(r"\\"))
    assert "ctex" in files["table_5.zh.tex"]
    assert "ctex" not in latex
    for language in ("en", "zh"):
        page = ElementTree.fromstring(
            files[f"table_5.{language}.html"]
            .removeprefix("<!DOCTYPE html>\n")
            .replace('<meta charset="utf-8">', "")
        )
        cells = [[c.text or "" for c in row] for row in page.iter("tr")]
        assert len({len(row) for row in cells}) == 1
        assert len(cells) == 13
        assert page.get("lang") == language
    assert "Alpha &amp; co × Beta" in files["table_5.en.html"]


def test_printed_tables_of_the_demo_say_they_are_synthetic() -> None:
    for name, text in printed_files(synthetic=True).items():
        assert (
            "SYNTHETIC DEMO DATA: every number is invented." if ".en." in name else "合成演示数据"
        ) in text, name
    assert not any("SYNTHETIC" in text or "合成" in text for text in printed_files().values())


def test_tables_are_published_with_the_numbers_of_the_coefficients(
    real_run: FinishedRun, demo_run: FinishedRun
) -> None:
    folder = real_run.settings.published_dir / "tables"
    assert {p.name for p in folder.glob("*.en.tex")} == {f"table_{n}.en.tex" for n in range(4, 13)}
    assert (folder / "ppml" / "table_5.zh.html").exists()
    assert not (folder / "ppml" / "table_4.en.csv").exists(), "nothing can be estimated there"
    rows = list(
        csv.reader((folder / "table_5.en.csv").read_text(encoding="utf-8-sig").splitlines())
    )
    printed = {row[0]: row[1:] for row in rows if len(row) == 3}
    assert printed["N"] == ["485", "308"]
    assert printed["Economies"] == ["45", "29"]
    for column in (1, 2):
        [(value, p)] = real_run.ask(
            "select estimate, p_value from estimates.coefficients "
            "where exhibit = 'table_5' and variant = 'report' and basis = 'reconciled' "
            "and inference = 'cluster_iso3' and term = 'domestic_credit' and \"column\" = ?",
            [column],
        )
        assert printed["Domestic credit % GDP"][column - 1] == f"{value:.3f}" + "*" * sum(
            p < level for level in (0.1, 0.05, 0.01)
        )
    assert "not estimable: only" in (folder / "table_4.en.csv").read_text(encoding="utf-8-sig")
    synthetic = demo_run.settings.published_dir / "tables"
    assert all(
        "SYNTHETIC DEMO DATA" in p.read_text(encoding="utf-8") for p in synthetic.rglob("*.en.*")
    )
    assert len(list(synthetic.rglob("*"))) > 400
