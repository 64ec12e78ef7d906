"""The bias correction of three-way gravity: its formula spelled out, and what it does."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from estimation.estimators.gravity import fit_gravity
from estimation.estimators.three_way_bias import without_three_way_bias
from estimation.fit import Fit
from estimation.inference import by_pair, infer, kind_of
from tests.support.gravity import TWO_WAY, bilateral_trade, column, sample_of

KIND = kind_of("cluster_pair")


def three_way(seed: int, economies: int, years: int, zeros: float = 0.0, gaps: float = 0.0) -> Fit:
    rng = np.random.default_rng(seed)
    trade = bilateral_trade(rng, economies, years).assign(
        other=lambda rows: rng.normal(size=len(rows))
    )
    trade.loc[rng.random(len(trade)) < zeros, "trade"] = 0.0
    trade = trade[rng.random(len(trade)) >= gaps]
    fit = fit_gravity(sample_of(trade, "x", "other"), column("x", "other"))
    assert isinstance(fit, Fit)
    return fit


def by_pairs(fit: Fit) -> list[tuple[np.ndarray, np.ndarray, np.ndarray, int, int]]:
    """For each pair its rows, means and scores, exporter and importer."""
    pairs = []
    for pair in range(fit.ids["pair"].max() + 1):
        rows = np.flatnonzero(fit.ids["pair"] == pair)
        side = (int(fit.ids[name][rows[0]]) for name in ("iso3", "importer"))
        pairs.append((rows, fit.weights[rows], fit.residuals[rows], *side))
    return pairs


def spelled_out(fit: Fit) -> np.ndarray:
    """The bias (k,) as Proposition 3 of Weidner and Zylkin (2021) has it, tensor by tensor.

    The third derivatives are those of the multinomial likelihood, for which the sum of a pair's
    trade is given.
    """
    years, terms = int(fit.ids["year"].max()) + 1, len(fit.terms)
    bias = np.zeros(terms)
    for side in (3, 4):
        economies = sorted({pair[side] for pair in by_pairs(fit)})
        of_side = np.zeros(terms)
        for economy in economies:
            h, ss = np.zeros((2, years, years))
            hxs, gx = np.zeros((2, terms, years, years))
            for rows, means, scores, *sides in by_pairs(fit):
                if sides[side - 3] != economy:
                    continue
                t = fit.ids["year"][rows]
                share, x = means / means.sum(), fit.x[rows]
                one = np.eye(len(t))
                information = means.sum() * (np.diag(share) - np.outer(share, share))
                third = -means.sum() * (
                    np.einsum("ts,tr,t->tsr", one, one, share)
                    - np.einsum("ts,t,r->tsr", one, share, share)
                    - np.einsum("tr,t,s->tsr", one, share, share)
                    - np.einsum("sr,s,t->tsr", one, share, share)
                    + 2 * np.einsum("t,s,r->tsr", share, share, share)
                )
                at = np.ix_(t, t)
                h[at] += information
                ss[at] += np.outer(scores, scores)
                for k in range(terms):
                    hxs[k][at] += np.outer(information @ x[:, k], scores)
                    gx[k][at] += np.einsum("tsr,t->sr", third, x[:, k])
            inverse = np.linalg.pinv(h, rcond=1e-10)
            for k in range(terms):
                of_side[k] -= np.trace(inverse @ hxs[k])
                of_side[k] += np.trace(gx[k] @ inverse @ ss @ inverse) / 2
        bias += of_side * len(economies) / (len(economies) - 1)
    return fit.bread @ bias


@pytest.mark.parametrize(("zeros", "gaps"), [(0.0, 0.0), (0.3, 0.0), (0.2, 0.15)])
def test_the_bias_is_that_of_the_formula_spelled_out(zeros: float, gaps: float) -> None:
    fit = three_way(3, 8, 4, zeros, gaps)
    np.testing.assert_allclose(
        fit.estimates - without_three_way_bias(fit).estimates, spelled_out(fit), rtol=1e-6
    )


def test_standard_errors_come_near_those_of_exact_leverage() -> None:
    """With the whole inverse Hessian of the effects, in place of one side after the other."""
    fit = three_way(4, 12, 4)
    corrected = without_three_way_bias(fit)
    dummies = np.column_stack([np.eye(fit.ids[e].max() + 1)[fit.ids[e]] for e in TWO_WAY])
    for rows, means, *_ in by_pairs(fit):
        dummies[rows] -= means @ dummies[rows] / means.sum()
    inverse = np.linalg.pinv(dummies.T @ (dummies * fit.weights[:, None]), rcond=1e-10)
    exact = np.empty(len(fit.y))
    for rows, means, scores, *_ in by_pairs(fit):
        information = np.diag(means) - np.outer(means, means) / means.sum()
        covariance = dummies[rows] @ inverse @ dummies[rows].T
        covariance += fit.x[rows] @ fit.bread @ fit.x[rows].T
        exact[rows] = np.linalg.solve(np.eye(len(rows)) - information @ covariance, scores)
    whole = infer(KIND, replace(corrected, unshrunk_residuals=exact)).std_error
    ours = infer(KIND, corrected).std_error
    np.testing.assert_allclose(ours, whole, rtol=0.02)
    assert (ours > infer(KIND, fit).std_error).all()


def test_without_leverage_the_corrected_covariance_is_the_clustered_one() -> None:
    fit = three_way(5, 10, 4)
    clusters = fit.ids["undirected_pair"].max() + 1
    np.testing.assert_allclose(
        by_pair(replace(fit, unshrunk_residuals=fit.residuals), c=7.0),
        by_pair(fit, clusters / (clusters - 1)),
    )


def test_an_exporter_with_one_partner_in_a_year_is_fitted_perfectly_and_changes_nothing() -> None:
    """Its leverage is one and its residual zero; it must not become a number without bound."""
    rng = np.random.default_rng(9)
    trade = bilateral_trade(rng, 9, 4)
    lonely = (trade["exporter"] == 0) & (trade["year"] == 2001) & (trade["importer"] != 1)
    trade.loc[lonely, "trade"] = 0.0
    fit = fit_gravity(sample_of(trade, "x"), column("x"))
    assert isinstance(fit, Fit)
    unshrunk = without_three_way_bias(fit).unshrunk_residuals
    assert unshrunk is not None
    assert np.abs(unshrunk).max() < 10 * np.abs(fit.residuals).max()


@pytest.mark.slow
def test_bias_falls_and_coverage_rises_in_a_monte_carlo_of_known_truth() -> None:
    """20 economies, 5 years, 100 draws; 95 % intervals, standard errors clustered by pair."""
    rng = np.random.default_rng(20241)
    plain, corrected = [], []
    for _ in range(100):
        fit = fit_gravity(sample_of(bilateral_trade(rng, 20, 5), "x"), column("x"))
        assert isinstance(fit, Fit)
        for found, one in ((plain, fit), (corrected, without_three_way_bias(fit))):
            found.append((one.estimates[0] - 1.0, infer(KIND, one).std_error[0]))
    (error, se), (error_2, se_2) = np.array(plain).T, np.array(corrected).T
    assert error.mean() == pytest.approx(0.021, abs=0.001)
    assert abs(error_2.mean()) < error.mean() / 3
    assert se.mean() < se_2.mean() < error_2.std()
    covered, covered_2 = (np.mean(np.abs(e) < 1.96 * s) for e, s in ((error, se), (error_2, se_2)))
    assert covered <= 0.88
    assert covered_2 >= 0.92
