"""Kinds of inference: lags of the calendar, variances, and the wild bootstrap."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from estimation.estimate import estimate
from estimation.inference import (
    BOOTSTRAP_DRAWS,
    FEW_CLUSTERS,
    INFERENCE_KINDS,
    bandwidth,
    bootstrap_weights,
)
from tests.support.estimation import (
    FULL,
    SMALL,
    TOLERANCE,
    WORDS,
    by_linearmodels,
    by_statsmodels,
    of_kind,
    small_panel,
    used,
)


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
        WORDS.text(many.not_computed)
        == f"wild_bootstrap: {FEW_CLUSTERS} economies are not few (fewer than 50)"
    )
    few = estimate(small_panel(), SMALL, FULL)
    assert set(few.coefficients["inference"]) == set(INFERENCE_KINDS)
    assert few.not_computed == ()


def test_an_inference_kind_that_does_not_exist_is_refused() -> None:
    with pytest.raises(
        ValueError, match="inference 'newey_west' is not known; use one of: iid, hetero"
    ):
        estimate(small_panel(), SMALL, FULL, ["newey_west"])
