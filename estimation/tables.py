"""From specifications and marts to the tidy tables of schema estimates: coefficients, diagnostics, not_estimable, scorecard."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from estimation.fit import Coverage, Estimates, NotEstimable, estimate
from estimation.inference import DEFAULT_INFERENCE
from estimation.specifications import Specification

KEY = ["exhibit", "column", "outcome", "basis", "hs_treatment", "mineral_scope", "variant"]

# name -> (description, columns with their types and descriptions); the tables are created from this, so it cannot drift from them
_KEY_COLUMNS = {
    "exhibit": ("varchar", "Table of the report, table_4 to table_12."),
    "column": ("integer", "Column of the table, from 1."),
    "outcome": ("varchar", "Outcome variable at t."),
    "basis": ("varchar", "Trade basis: china_reported, partner_reported or reconciled."),
    "hs_treatment": ("varchar", "How codes of other HS revisions are treated."),
    "mineral_scope": ("varchar", "What counts as mineral trade."),
    "variant": ("varchar", "report: the report's own specification; else named after what it changes."),
}
TABLES: dict[str, tuple[str, dict[str, tuple[str, str]]]] = {
    "coefficients": (
        "Grain: one row per exhibit, column, term, basis, inference and variant. Regressors at t-1, standardised over the panel; partner and year effects.",
        {
            **_KEY_COLUMNS,
            "term": ("varchar", "Regressor, named as in the published tables."),
            "inference": ("varchar", "How the standard error is computed: iid, hetero or cluster_iso3."),
            "estimate": ("double", "Coefficient per standard deviation of the regressor."),
            "std_error": ("double", "Standard error."),
            "t_statistic": ("double", "estimate / std_error."),
            "p_value": ("double", "Two-sided p value, t distribution."),
            "conf_low": ("double", "Lower end of the 95 % interval."),
            "conf_high": ("double", "Upper end of the 95 % interval."),
            "n_observations": ("integer", "Economy-years in the fit, singletons removed."),
            "n_economies": ("integer", "Economies in the fit."),
            "first_year": ("integer", "First year of the outcome in the fit."),
            "last_year": ("integer", "Last year of the outcome in the fit."),
            "products_landed": ("integer", "Products of the trade variable's list that have landed on this basis."),
            "products_in_list": ("integer", "Products in that list."),
            "specification": ("varchar", "The specification in one line."),
            "is_synthetic": ("boolean", "True where the data are the demo's, invented numbers throughout."),
        },
    ),
    "diagnostics": (
        "Grain: one row per exhibit, column, basis and variant: what the sample lost on the way, and how well the terms are told apart.",
        {
            **_KEY_COLUMNS,
            "n_panel_rows": ("integer", "Rows of the panel in the specification's comparable years."),
            "n_outcome": ("integer", "Of these, with the outcome (zero and missing trade has no logarithm)."),
            "n_complete_cases": ("integer", "Of these, with every term."),
            "n_singletons": ("integer", "Complete cases alone in their economy or year, removed recursively."),
            "n_observations": ("integer", "Economy-years in the fit."),
            "n_economies": ("integer", "Economies in the fit."),
            "n_years": ("integer", "Years in the fit."),
            "first_year": ("integer", "First year of the outcome in the fit."),
            "last_year": ("integer", "Last year of the outcome in the fit."),
            "n_years_not_comparable": ("integer", "Years left out because the landed part of the product list differs."),
            "years_not_comparable": ("varchar", "These years."),
            "within_r_squared": ("double", "R squared within economies and years."),
            "condition_number": ("double", "Condition number of the terms after the fixed effects, scaled to unit length."),
            "dropped_collinear": ("varchar", "Terms dropped as collinear."),
        },
    ),
    "not_estimable": (
        "Grain: one row per exhibit, column, basis and variant that has no estimates on the data at hand, with the reason.",
        {**_KEY_COLUMNS, "reason": ("varchar", "Why, in words.")},
    ),
    "scorecard": (
        "Grain: one row per published coefficient: the printed one beside ours, on the run's default basis.",
        {
            "exhibit": ("varchar", "Table of the report."),
            "column": ("integer", "Column of the table."),
            "outcome": ("varchar", "Outcome variable."),
            "term": ("varchar", "Regressor."),
            "basis": ("varchar", "Our trade basis."),
            "published_estimate": ("double", "Printed coefficient."),
            "published_stars": ("integer", "Printed stars (1: 10 %, 2: 5 %, 3: 1 %)."),
            "published_t_statistic": ("double", "Printed t statistic."),
            "published_n_observations": ("integer", "Printed N."),
            "own_estimate": ("double", "Our coefficient; empty where not estimable."),
            "own_std_error": ("double", "Our standard error, clustered by economy."),
            "own_t_statistic": ("double", "Our t statistic, clustered by economy."),
            "own_t_statistic_iid": ("double", "Our t statistic under iid errors."),
            "own_stars": ("integer", "Our stars, clustered by economy."),
            "own_n_observations": ("integer", "Our N."),
            "same_sign": ("boolean", "Both coefficients have the same sign."),
            "same_significance": ("boolean", "Both or neither are significant at 10 %."),
            "distance_in_published_std_errors": ("double", "(own - printed) / printed standard error, the latter printed estimate / printed t."),
            "reason": ("varchar", "Why there is no own estimate, if there is none."),
            "is_synthetic": ("boolean", "True where the data are the demo's, invented numbers throughout."),
        },
    ),
}


@dataclass(frozen=True)
class Marts:
    """What estimation reads: the panel's variants, the product coverage, the published coefficients and the run's choices."""

    panel: pd.DataFrame
    coverage: pd.DataFrame
    published: pd.DataFrame
    indicator_codes: dict[str, str]
    default_basis: str
    minimum_product_share: float
    is_synthetic: bool


def coverage_of(marts: Marts, basis: str, specification: Specification) -> dict[str, Coverage]:
    """Coverage of each product list on a basis, in the specification's treatment and scope: over the comparable years."""
    coverage = marts.coverage
    rows = coverage[(coverage["basis"] == basis) & (coverage["hs_treatment"] == specification.hs_treatment) & (coverage["mineral_scope"] == specification.mineral_scope)]
    found = {}
    for product_list, of_list in rows.groupby("product_list"):
        comparable = of_list[of_list["is_comparable"]]
        found[str(product_list)] = Coverage(
            frozenset(int(y) for y in comparable["year"]),
            frozenset(int(y) for y in of_list.loc[~of_list["is_comparable"], "year"]),
            int(comparable["products_landed"].max()) if len(comparable) else 0,
            int(of_list["products_in_list"].max()),
            marts.minimum_product_share,
        )
    return found


def estimate_all(marts: Marts, specifications: Iterable[Specification], bases: Iterable[str], say: Callable[[str], None] = lambda _: None) -> dict[str, pd.DataFrame]:
    """Estimate every specification on every basis; returns the tables of `TABLES`, complete with their empty ones."""
    coefficients, diagnostics, reasons = [], [], []
    for basis in bases:
        estimated = 0
        specifications = list(specifications)
        for s in specifications:
            panel = marts.panel[(marts.panel["basis"] == basis) & (marts.panel["hs_treatment"] == s.hs_treatment) & (marts.panel["mineral_scope"] == s.mineral_scope)]
            key = dict(zip(KEY, (s.exhibit, s.column, s.outcome, basis, s.hs_treatment, s.mineral_scope, s.variant), strict=True))
            coverage = coverage_of(marts, basis, s)
            result = estimate(panel, s, coverage) if len(panel) else NotEstimable(f"no trade with China has landed on the basis {basis}")
            if isinstance(result, NotEstimable):
                reasons.append({**key, "reason": _with_codes(result.reason, marts.indicator_codes)})
                continue
            estimated += 1
            d = result.diagnostics
            landed = coverage[s.product_lists[0][0]]
            shared = {k: d[k] for k in ("n_observations", "n_economies", "first_year", "last_year")} | {
                "products_landed": landed.products_landed,
                "products_in_list": landed.products_in_list,
                "specification": s.text,
                "is_synthetic": marts.is_synthetic,
            }
            coefficients.append(result.coefficients.assign(**key, **shared))
            diagnostics.append({**key, **d})
        say(f"{basis}: {estimated} of {len(specifications)} columns estimated")
    tables = {
        "coefficients": pd.concat(coefficients, ignore_index=True) if coefficients else pd.DataFrame(columns=list(TABLES["coefficients"][1])),
        "diagnostics": pd.DataFrame(diagnostics, columns=list(TABLES["diagnostics"][1])),
        "not_estimable": pd.DataFrame(reasons, columns=list(TABLES["not_estimable"][1])),
    }
    tables["scorecard"] = scorecard(tables["coefficients"], tables["not_estimable"], marts)
    return {name: tables[name][list(columns)] for name, (_, columns) in TABLES.items()}


def _with_codes(reason: str, codes: dict[str, str]) -> str:
    for variable, code in codes.items():
        if reason == f"no data for {variable}" and code:
            return f"{reason} ({code})"
    return reason


def stars(p_values: pd.Series) -> pd.Series:
    """Stars as the report prints them: 3 below 1 %, 2 below 5 %, 1 below 10 %."""
    return (p_values < 0.01).astype(int) + (p_values < 0.05).astype(int) + (p_values < 0.10).astype(int)


def scorecard(coefficients: pd.DataFrame, not_estimable: pd.DataFrame, marts: Marts) -> pd.DataFrame:
    """Each published coefficient beside ours, clustered by economy, on the default basis."""
    published = marts.published.rename(
        columns={
            "column_number": "column",
            "estimate": "published_estimate",
            "stars": "published_stars",
            "t_statistic": "published_t_statistic",
            "n_observations": "published_n_observations",
        }
    )
    at = ["exhibit", "column", "term"]
    chosen = coefficients[(coefficients["basis"] == marts.default_basis) & (coefficients["variant"] == "report")]
    own = chosen[chosen["inference"] == DEFAULT_INFERENCE].rename(
        columns={"estimate": "own_estimate", "std_error": "own_std_error", "t_statistic": "own_t_statistic", "n_observations": "own_n_observations"}
    )
    iid = chosen[chosen["inference"] == "iid"].rename(columns={"t_statistic": "own_t_statistic_iid"})
    reasons = not_estimable[(not_estimable["basis"] == marts.default_basis) & (not_estimable["variant"] == "report")]
    table = (
        published.merge(own[[*at, "own_estimate", "own_std_error", "own_t_statistic", "p_value", "own_n_observations"]], on=at, how="left")
        .merge(iid[[*at, "own_t_statistic_iid"]], on=at, how="left")
        .merge(reasons[["exhibit", "column", "reason"]], on=["exhibit", "column"], how="left")
    )
    estimated = table["own_estimate"].notna()
    table["own_stars"] = stars(table["p_value"]).where(estimated)
    table["same_sign"] = (np.sign(table["own_estimate"].astype(float)) == np.sign(table["published_estimate"])).where(estimated)
    table["same_significance"] = ((table["own_stars"] > 0) == (table["published_stars"] > 0)).where(estimated)
    table["distance_in_published_std_errors"] = (table["own_estimate"] - table["published_estimate"]) / (table["published_estimate"] / table["published_t_statistic"]).abs()
    table["reason"] = table["reason"].where(~estimated, None)
    left_out = ~estimated & table["reason"].isna()
    table.loc[left_out, "reason"] = "dropped as collinear"
    table["basis"] = marts.default_basis
    table["is_synthetic"] = marts.is_synthetic
    return table


__all__ = ["TABLES", "Estimates", "Marts", "coverage_of", "estimate_all", "scorecard", "stars"]
