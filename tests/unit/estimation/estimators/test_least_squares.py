"""Least squares against independent implementations, and fixed effects swept out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from estimation.estimate import estimate
from estimation.estimators.fixed_effects import FixedEffects
from tests.support.estimation import (
    FULL,
    POISSON,
    SAMPLE_KINDS,
    SMALL,
    TOLERANCE,
    by_linearmodels,
    by_pyfixest,
    by_statsmodels,
    dense,
    of_kind,
    reason,
    small_panel,
    used,
)


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
