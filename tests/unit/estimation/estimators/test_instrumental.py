"""Two-stage least squares against independent implementations, and sets against grids."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pyfixest as pf
import pytest
from linearmodels.iv import IV2SLS
from scipy import stats

from estimation.estimators.instrumental import (
    Excluded,
    InstrumentalFit,
    anderson_rubin_p_value,
    anderson_rubin_set,
    conditional_f,
    critical_effective_f,
    effective_f,
    first_stage,
    fit_instrumental,
    reduced_form,
)
from estimation.inference import KINDS, Inference, degrees_of_freedom, infer
from estimation.reasons import NotEstimable
from estimation.sample import estimation_sample
from tests.support.estimation import FULL, SMALL

CLUSTERED = KINDS["cluster_iso3"]
ONE = replace(SMALL, estimator="iv", instrumented=("a",))
TWO = replace(SMALL, estimator="iv", terms=("a", "b", "c"), instrumented=("a", "c"))


def endogenous_panel(seed: int = 7, strength: float = 1.0) -> pd.DataFrame:
    """Terms a and c share an error with the outcome; z, w and v move them and nothing else."""
    rng = np.random.default_rng(seed)
    panel = pd.DataFrame(
        [(f"E{i:02d}", t) for i in range(25) for t in range(2000, 2014)], columns=["iso3", "year"]
    )
    n = len(panel)
    error, z, w, v, b = rng.normal(size=(5, n))
    economy = panel["iso3"].str[1:].astype(int)
    panel["a_lag1_z"] = strength * z + 0.5 * v + error + 0.3 * b + 0.1 * economy
    panel["b_lag1_z"] = b
    panel["c_lag1_z"] = strength * w - 0.5 * error + rng.normal(size=n)
    panel["y"] = 0.5 * panel["a_lag1_z"] - 0.25 * b + error + rng.normal(size=n) + 0.2 * economy
    panel = panel.assign(z=z, w=w, v=v, control=rng.normal(size=n) * (panel["year"] == 2005))
    return panel[rng.random(n) > 0.1].reset_index(drop=True)


def fitted(
    panel: pd.DataFrame, instruments: list[str], specification=ONE, controls: tuple = ("control",)
) -> InstrumentalFit | NotEstimable:
    sample, _ = estimation_sample(panel, specification, FULL)
    assert len(sample) == len(panel)
    columns = panel.sort_values(["iso3", "year"])
    excluded = Excluded(columns[instruments].to_numpy(), columns[list(controls)].to_numpy())
    return fit_instrumental(sample, specification, excluded)


def by_linearmodels(panel: pd.DataFrame, instruments: list[str], endogenous: list[str]):
    """On a dummy for every economy and year."""
    dummies = pd.get_dummies(panel[["iso3", "year"]].astype(str), drop_first=True).astype(float)
    exogenous = pd.concat([panel[["b_lag1_z", "control"]], dummies], axis=1).assign(one=1.0)
    model = IV2SLS(panel["y"], exogenous, panel[endogenous], panel[instruments])
    return model.fit(cov_type="clustered", clusters=pd.factorize(panel["iso3"])[0], debiased=False)


@pytest.mark.parametrize(
    ("specification", "instruments", "endogenous"),
    [
        (ONE, ["z"], ["a_lag1_z"]),
        (ONE, ["z", "v"], ["a_lag1_z"]),
        (TWO, ["z", "w"], ["a_lag1_z", "c_lag1_z"]),
        (TWO, ["z", "w", "v"], ["a_lag1_z", "c_lag1_z"]),
    ],
    ids=["one by one", "one by two", "two by two", "two by three"],
)
def test_fit_agrees_with_linearmodels(specification, instruments, endogenous) -> None:
    panel = endogenous_panel()
    fit = fitted(panel, instruments, specification)
    expected = by_linearmodels(panel, instruments, endogenous)
    own = infer(CLUSTERED, fit)
    names = [f"{t}_lag1_z" for t in specification.terms]
    np.testing.assert_allclose(fit.estimates, expected.params[names], atol=1e-8)
    n, economies, years = len(panel), panel["iso3"].nunique(), panel["year"].nunique()
    # economy effects are nested in the clusters; the years' and the control are not
    parameters = len(names) + 1 + years
    factor = (n - 1) / (n - parameters) * economies / (economies - 1)
    np.testing.assert_allclose(
        own.std_error, expected.std_errors[names] * np.sqrt(factor), rtol=1e-7
    )


@pytest.mark.parametrize("kind", ["iid", "hetero", "cluster_iso3", "twoway"])
def test_fit_first_stage_and_effective_f_agree_with_pyfixest(kind: str) -> None:
    """pyfixest's own two-stage formula, which takes one instrumented term."""
    panel = endogenous_panel(8).assign(economy=lambda rows: pd.factorize(rows["iso3"])[0])
    expected = pf.feols(
        "y ~ b_lag1_z + control | iso3 + year | a_lag1_z ~ z",
        panel,
        vcov={"cluster_iso3": {"CRV1": "iso3"}, "twoway": {"CRV1": "iso3+year"}}.get(kind, kind),
        ssc=pf.ssc(k_adj=True, k_fixef="nonnested", G_adj=True, G_df="min"),
        fixef_tol=1e-12,
    )
    fit = fitted(panel, ["z"])
    own, tidy = infer(KINDS[kind], fit), expected.tidy()
    for term in ("a", "b"):
        j, name = fit.terms.index(term), f"{term}_lag1_z"
        assert fit.estimates[j] == pytest.approx(tidy.loc[name, "Estimate"], abs=1e-8)
        assert own.std_error[j] == pytest.approx(tidy.loc[name, "Std. Error"], rel=1e-6)
        assert own.p_value[j] == pytest.approx(tidy.loc[name, "Pr(>|t|)"], abs=1e-6)
    if kind in ("hetero", "cluster_iso3"):
        expected.IV_Diag()
        assert effective_f(fit, KINDS[kind]) == pytest.approx(expected._eff_F, rel=1e-6)
        assert infer(KINDS[kind], first_stage(fit, "a")).t_statistic[0] ** 2 == pytest.approx(
            expected._f_stat_1st_stage, rel=1e-6
        )


def test_the_reduced_form_is_the_first_stage_times_the_estimate() -> None:
    fit = fitted(endogenous_panel(), ["z"])
    [first], [reduced] = first_stage(fit, "a").estimates, reduced_form(fit).estimates
    assert reduced / first == pytest.approx(fit.estimates[fit.terms.index("a")])


def test_f_statistics_are_one_where_one_instrument_meets_one_term() -> None:
    fit = fitted(endogenous_panel(), ["z"])
    assert conditional_f(fit, "a", CLUSTERED) == pytest.approx(effective_f(fit, CLUSTERED))
    # Montiel Olea and Pflueger (2013), table 1: 10 % of the worst bias, one degree of freedom
    assert critical_effective_f() == pytest.approx(23.1, abs=0.05)


def test_instruments_for_one_term_alone_are_weak_for_two() -> None:
    """Both terms move with z and only z: each first stage is strong, given the other neither is."""
    panel = endogenous_panel().assign(w=lambda rows: rows["v"])
    panel["a_lag1_z"] += 2 * panel["z"] - 0.5 * panel["v"]
    panel["c_lag1_z"] += 2 * panel["z"]
    fit = fitted(panel, ["z", "w"], TWO)
    for term in ("a", "c"):
        strong = infer(CLUSTERED, first_stage(fit, term)).t_statistic[0] ** 2
        assert strong > 100 > 10 > conditional_f(fit, term, CLUSTERED)
    with pytest.raises(ValueError, match="unpack"):
        effective_f(fit, CLUSTERED)


@pytest.mark.parametrize("strength", [1.0, 0.15, 0.0])
def test_anderson_rubin_sets_are_what_a_grid_keeps(strength: float) -> None:
    shapes = set()
    for seed in range(6):
        fit = fitted(endogenous_panel(seed, strength), ["z"])
        found = anderson_rubin_set(fit, CLUSTERED)
        shapes.add(found.shape)
        assert fit.estimates[fit.terms.index("a")] in found
        for value in np.linspace(-6, 6, 121):
            p = anderson_rubin_p_value(fit, CLUSTERED, np.array([value]))
            assert (p >= 0.05) == (value in found), (seed, value, p)
    assert shapes == {"interval"} if strength == 1 else shapes != {"interval"}


def test_the_anderson_rubin_p_value_at_zero_is_that_of_the_reduced_form() -> None:
    fit = fitted(endogenous_panel(), ["z"])
    reduced = infer(CLUSTERED, reduced_form(fit))
    assert isinstance(reduced, Inference)
    assert anderson_rubin_p_value(fit, CLUSTERED) == pytest.approx(reduced.p_value[0])
    both = fitted(endogenous_panel(), ["z", "w"], TWO)
    wald = infer(CLUSTERED, reduced_form(both))
    assert wald.degrees_of_freedom == degrees_of_freedom(CLUSTERED, both)
    assert 0 <= anderson_rubin_p_value(both, CLUSTERED) <= 1


def test_least_squares_is_biased_and_two_stages_are_not() -> None:
    """Over repeated panels with a true coefficient of one half."""
    found = []
    for seed in range(60):
        panel = endogenous_panel(100 + seed)
        fit = fitted(panel, ["z"])
        [least_squares] = np.linalg.lstsq(fit.endogenous, fit.outcome, rcond=None)[0]
        found.append((fit.estimates[fit.terms.index("a")], least_squares))
    instrumented, ordinary = np.array(found).T
    assert abs(instrumented.mean() - 0.5) < 4 * stats.sem(instrumented)
    assert ordinary.mean() - 0.5 > 20 * stats.sem(ordinary)


def test_what_cannot_be_fitted_has_its_reason() -> None:
    panel = endogenous_panel()
    economy = panel["iso3"].str[1:].astype(float)

    def code(instruments: list[str], specification=ONE, **columns: object) -> str:
        result = fitted(panel.assign(**columns), instruments, specification)
        assert isinstance(result, NotEstimable), result
        return result.reason.code

    assert code(["z"], TWO) == "too_few_instruments"
    assert code(["z"], z=economy) == "too_few_instruments"
    assert code(["z"], z=panel["b_lag1_z"]) == "too_few_instruments"
    assert code(["z"], a_lag1_z=economy) == "instrumented_term_collinear"
    assert code(["z"], y=1.0) == "outcome_constant"
    assert code(["z"], z=panel["a_lag1_z"]) == "instruments_fit_term"
    assert code(["z"], y=panel["a_lag1_z"]) == code(["z"], y=2 * panel["z"]) == "no_residual"
    few = panel[panel["iso3"] < "E02"]
    few = few[few.groupby("year")["iso3"].transform("size") == 2].reset_index(drop=True)
    result = fitted(few, ["z", "w"], TWO)
    assert isinstance(result, NotEstimable)
    assert result.reason.code == "too_few_economies"
    # what the effects and the other terms leave of the term has nothing of the instrument
    fit = fitted(panel, ["z"])
    order = panel.sort_values(["iso3", "year"]).index
    part = fit.instruments @ first_stage(fit, "a").estimates
    without = panel["a_lag1_z"] - pd.Series(part, order)
    assert code(["z"], a_lag1_z=without) == "instrument_irrelevant"
