"""Small panels with known effects, and independent implementations to compare fits with."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pyfixest as pf
import statsmodels.api as sm
from linearmodels.panel import PanelOLS
from statsmodels.stats.sandwich_covariance import cov_cluster_2groups, cov_nw_groupsum

from estimation.estimate import Estimates, estimate
from estimation.inference import INFERENCE_KINDS, bandwidth
from estimation.reasons import NotEstimable
from estimation.sample import Coverage
from estimation.specifications import Specification
from orchestration.build.estimates import estimation_words

TOLERANCE = 1e-6
WORDS = estimation_words()
# of report.published_coefficients
PRINTED_COLUMNS = [
    "exhibit",
    "column_number",
    "outcome",
    "term",
    "estimate",
    "stars",
    "t_statistic",
    "n_observations",
]
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


def reason(
    panel: pd.DataFrame, specification: Specification = SMALL, coverage: dict[str, Coverage] = FULL
) -> str:
    result = estimate(panel, specification, coverage)
    assert isinstance(result, NotEstimable), result
    return WORDS.text(result.reason)


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
# of EstimationInputs.instrument_cells
NO_CELLS = pd.DataFrame(
    columns=[
        "basis",
        "hs_treatment",
        "iso3",
        "product_code",
        "year",
        "share",
        "exports_usd",
        "exports_to_others_usd",
    ]
)
