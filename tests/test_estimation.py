"""Estimates against independent implementations, and the words given where there are none."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from conftest import World
from linearmodels.panel import PanelOLS

from estimation.fit import Coverage, Estimates, NotEstimable, demeaned, estimate, without_singletons
from estimation.specifications import CONTROLS, DETERMINANTS, GENDER, REPORT_SPECIFICATIONS, Specification, parts
from estimation.tables import TABLES, Marts, estimate_all

TOLERANCE = 1e-6
FULL = {"mineral": Coverage(frozenset(range(1990, 2030)), frozenset(), 18, 18, 0.1), "lct": Coverage(frozenset(range(1990, 2030)), frozenset(), 124, 124, 0.1)}
SMALL = Specification("table_5", 1, "y", ("a", "b"), product_lists=(("mineral", 0),))


def small_panel(seed: int = 7, economies: int = 20, years: range = range(1995, 2015), gaps: float = 0.2) -> pd.DataFrame:
    """An unbalanced panel with known effects; a and b are already lagged and standardised."""
    rng = np.random.default_rng(seed)
    panel = pd.DataFrame([(f"E{i:02d}", t) for i in range(economies) for t in years], columns=["iso3", "year"])
    panel["a_lag1_z"], panel["b_lag1_z"] = rng.normal(size=(2, len(panel)))
    economy, year = panel["iso3"].str[1:].astype(int), panel["year"] - 1995
    panel["y"] = 0.5 * panel["a_lag1_z"] - 0.25 * panel["b_lag1_z"] + economy * 0.3 + year * 0.1 + rng.normal(size=len(panel)) * (1 + 0.1 * economy)
    panel.loc[rng.random(len(panel)) < gaps, "y"] = np.nan
    return panel


def dense(sample: pd.DataFrame, outcome: str, terms: list[str], inference: str) -> pd.DataFrame:
    """Plain numpy with a dummy for every economy and year: coefficients and standard errors by textbook formulas."""
    dummies = pd.get_dummies(sample[["iso3", "year"]].astype(str), drop_first=True).to_numpy(dtype=float)
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
        # economy effects are nested in the clusters and do not count as parameters; the intercept they hold does
        k_counted = k - (sample["iso3"].nunique() - 1)
        v = inverse @ scores.T @ scores @ inverse * g / (g - 1) * (n - 1) / (n - k_counted)
    return pd.DataFrame({"estimate": beta[: len(terms)], "std_error": np.sqrt(np.diag(v))[: len(terms)]}, index=terms)


def by_linearmodels(sample: pd.DataFrame, outcome: str, terms: list[str], inference: str) -> pd.DataFrame:
    indexed = sample.set_index(["iso3", "year"])
    fit = PanelOLS(indexed[outcome], indexed[terms], entity_effects=True, time_effects=True).fit(cov_type={"iid": "unadjusted", "hetero": "robust"}[inference], debiased=True)
    return pd.DataFrame({"estimate": fit.params, "std_error": fit.std_errors, "t_statistic": fit.tstats, "p_value": fit.pvalues})


@pytest.mark.parametrize("inference", ["iid", "hetero", "cluster_iso3"])
def test_fit_agrees_with_dense_dummies(inference: str) -> None:
    panel = small_panel()
    result = estimate(panel, SMALL, FULL)
    assert isinstance(result, Estimates)
    sample = panel.rename(columns={"a_lag1_z": "a", "b_lag1_z": "b"}).dropna()
    own = result.coefficients.query("inference == @inference").set_index("term")
    expected = dense(sample, "y", ["a", "b"], inference)
    np.testing.assert_allclose(own["estimate"], expected["estimate"], rtol=0, atol=TOLERANCE)
    np.testing.assert_allclose(own["std_error"], expected["std_error"], rtol=TOLERANCE)
    np.testing.assert_allclose(own["t_statistic"], expected["estimate"] / expected["std_error"], rtol=TOLERANCE)
    assert result.diagnostics["n_observations"] == len(sample)


@pytest.mark.parametrize("inference", ["iid", "hetero"])
def test_fit_agrees_with_linearmodels(inference: str) -> None:
    panel = small_panel(seed=11)
    own = estimate(panel, SMALL, FULL).coefficients.query("inference == @inference").set_index("term")
    expected = by_linearmodels(panel.rename(columns={"a_lag1_z": "a", "b_lag1_z": "b"}).dropna(), "y", ["a", "b"], inference)
    for column in ("estimate", "std_error", "t_statistic", "p_value"):
        np.testing.assert_allclose(own[column], expected[column], rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize("column", [1, 2])
@pytest.mark.parametrize("inference", ["iid", "hetero", "cluster_iso3"])
def test_table_5_on_real_data_agrees_with_independent_implementations(real_world: World, column: int, inference: str) -> None:
    """Minerals, reconciled basis, 2003-2022: built here from the published panel alone."""
    outcome = {1: "ln_mineral_imports_from_china", 2: "ln_mineral_exports_to_china"}[column]
    terms = list(DETERMINANTS)
    published = real_world.ask(
        """select term, estimate, std_error, t_statistic, n_observations, n_economies from estimates.coefficients
           where exhibit = 'table_5' and "column" = ? and basis = 'reconciled' and inference = ? and variant = 'report'""",
        [column, inference],
    )
    own = pd.DataFrame(published, columns=["term", "estimate", "std_error", "t_statistic", "n", "economies"]).set_index("term").loc[terms]
    rows = real_world.ask(
        f"select iso3, year, {outcome}, {', '.join(f'{t}_lag1_z' for t in terms)} from marts.panel_country_year_variants "
        "where basis = 'reconciled' and hs_treatment = 'as_reported' and mineral_scope = 'ores' and year between 2003 and 2022 order by iso3, year"
    )
    sample = without_singletons(pd.DataFrame(rows, columns=["iso3", "year", outcome, *terms]).dropna(), ("iso3", "year"))
    assert set(own["n"]) == {len(sample)} and set(own["economies"]) == {sample["iso3"].nunique()}
    assert len(sample) > 300
    expected = dense(sample, outcome, terms, inference)
    np.testing.assert_allclose(own["estimate"], expected["estimate"], rtol=0, atol=TOLERANCE)
    np.testing.assert_allclose(own["t_statistic"], expected["estimate"] / expected["std_error"], rtol=0, atol=TOLERANCE)
    if inference != "cluster_iso3":
        other = by_linearmodels(sample, outcome, terms, inference)
        np.testing.assert_allclose(own["estimate"], other["estimate"], rtol=0, atol=TOLERANCE)
        np.testing.assert_allclose(own["t_statistic"], other["t_statistic"], rtol=0, atol=TOLERANCE)


def test_singletons_are_removed_recursively() -> None:
    rows = pd.DataFrame([("A", 1), ("A", 2), ("B", 1), ("B", 2), ("C", 3), ("C", 4), ("D", 4)], columns=["iso3", "year"])
    # C 3 is alone in its year, D in its economy; then C 4 is alone in both
    assert without_singletons(rows, ("iso3", "year"))["iso3"].tolist() == ["A", "A", "B", "B"]


def test_demeaning_equals_the_residual_on_dummies() -> None:
    sample = small_panel().dropna()
    dummies = pd.get_dummies(sample[["iso3", "year"]].astype(str)).to_numpy(dtype=float)
    a = sample["a_lag1_z"].to_numpy()
    residual = a - dummies @ np.linalg.lstsq(dummies, a, rcond=None)[0]
    np.testing.assert_allclose(demeaned(sample[["a_lag1_z"]], sample[["iso3", "year"]])[:, 0], residual, atol=1e-9)


def test_interactions_are_products_of_z_scores() -> None:
    panel = small_panel()
    panel["ab_lag1_z"] = panel["a_lag1_z"] * panel["b_lag1_z"]
    by_name = estimate(panel, replace(SMALL, terms=("a_x_b", "a", "b")), FULL).coefficients
    by_hand = estimate(panel, replace(SMALL, terms=("ab", "a", "b")), FULL).coefficients
    np.testing.assert_allclose(by_name["estimate"], by_hand["estimate"], atol=1e-12)


def reason(panel: pd.DataFrame, specification: Specification = SMALL, coverage: dict[str, Coverage] = FULL) -> str:
    result = estimate(panel, specification, coverage)
    assert isinstance(result, NotEstimable), result
    return result.reason


def test_what_cannot_be_estimated_says_why() -> None:
    panel = small_panel()
    assert reason(panel.assign(b_lag1_z=np.nan)) == "no data for b"
    assert reason(panel.assign(y=np.nan)) == "no data for y"
    assert "no two economies" in reason(panel[panel["iso3"] == "E01"])
    assert "do not suffice" in reason(panel[(panel["year"] < 1997) & (panel["iso3"] < "E03")].assign(y=1.0))
    assert "does not vary" in reason(panel.assign(y=1.0))
    assert "no economy-year has every variable" in reason(panel.assign(a_lag1_z=panel["a_lag1_z"].where(panel["year"] < 2000), b_lag1_z=panel["b_lag1_z"].where(panel["year"] >= 2000)))
    assert reason(panel, coverage={}) == "no data for trade in transition-mineral products"
    little = {"mineral": Coverage(frozenset(range(1990, 2030)), frozenset(), 1, 18, 0.1)}
    assert reason(panel, coverage=little).startswith("only 1 of 18 transition-mineral products have landed")


def test_a_collinear_term_is_dropped_and_named() -> None:
    panel = small_panel()
    panel["c_lag1_z"] = 2 * panel["a_lag1_z"]
    result = estimate(panel, replace(SMALL, terms=("a", "b", "c")), FULL)
    assert result.diagnostics["dropped_collinear"] == "c"
    np.testing.assert_allclose(result.coefficients["estimate"], estimate(panel, SMALL, FULL).coefficients["estimate"], atol=1e-9)


def test_all_terms_swept_out_by_the_effects_is_a_reason() -> None:
    panel = small_panel()
    panel["a_lag1_z"] = panel["iso3"].str[1:].astype(float)
    panel["b_lag1_z"] = panel["year"].astype(float)
    assert reason(panel)


def test_years_that_are_not_comparable_stay_out_and_are_counted() -> None:
    panel = small_panel()
    partial = {"mineral": Coverage(frozenset(range(2003, 2015)), frozenset({2002}), 4, 18, 0.1)}
    result = estimate(panel, SMALL, partial)
    assert (result.diagnostics["first_year"], result.diagnostics["years_not_comparable"]) == (2003, "2002")
    lagged = estimate(panel, replace(SMALL, product_lists=(("mineral", 1),)), partial)
    assert lagged.diagnostics["first_year"] == 2004, "a lagged list is comparable one year later"


def test_specifications_cover_the_published_tables(real_world: World) -> None:
    """Every printed coefficient has a specification with its outcome and term."""
    known = {(s.exhibit, s.column): s for s in REPORT_SPECIFICATIONS}
    published = real_world.ask("select exhibit, column_number, outcome, term from report.published_coefficients")
    assert len(published) == 166
    for exhibit, column, outcome, term in published:
        specification = known[exhibit, column]
        assert specification.outcome == outcome and term in specification.terms, (exhibit, column, term)
    assert len(known) == len(REPORT_SPECIFICATIONS) == 30
    assert (len(DETERMINANTS), len(CONTROLS), len(GENDER)) == (16, 12, 6)
    assert parts("lct_imports_x_fdi_inflows") == ("lct_imports_from_china_kusd", "fdi_inflows")


def test_every_specification_has_estimates_or_a_reason_on_every_basis(real_world: World) -> None:
    estimated = set(real_world.ask("select distinct exhibit, \"column\", basis from estimates.coefficients where variant = 'report'"))
    missing = set(real_world.ask("select distinct exhibit, \"column\", basis from estimates.not_estimable where variant = 'report'"))
    every = {(s.exhibit, s.column, b) for s in REPORT_SPECIFICATIONS for b in ("china_reported", "partner_reported", "reconciled")}
    assert estimated | missing == every and not estimated & missing
    reasons = dict(real_world.ask("select exhibit || '.' || \"column\", reason from estimates.not_estimable where basis = 'reconciled'"))
    assert reasons["table_12.1"] == "no data for female_employers (SL.EMP.MPYR.FE.ZS)"


def test_tables_come_complete_where_nothing_can_be_estimated() -> None:
    nothing = pd.DataFrame(columns=["basis", "hs_treatment", "mineral_scope", "product_list", "is_comparable", "year", "products_landed", "products_in_list"])
    published = pd.DataFrame(
        [("table_5", 1, "ln_mineral_imports_from_china", "ln_gdp", 1.0, 2, 2.5, 504)], columns=["exhibit", "column_number", "outcome", "term", "estimate", "stars", "t_statistic", "n_observations"]
    )
    tables = estimate_all(Marts(nothing, nothing, published, {}, "reconciled", 0.1, False), REPORT_SPECIFICATIONS, ["reconciled"])
    assert {name: list(frame.columns) for name, frame in tables.items()} == {name: list(columns) for name, (_, columns) in TABLES.items()}
    assert len(tables["not_estimable"]) == 30 and tables["coefficients"].empty
    assert tables["scorecard"].loc[0, "reason"] == "no trade with China has landed on the basis reconciled"
