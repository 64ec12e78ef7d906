"""The tables of schema estimates: their contents, and how specifications and marts fill them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import pandas as pd

from estimation.comparison import (
    planted_recovery,
    published_inference_evidence,
    published_inference_summary,
    scorecard,
    scorecard_summary,
)
from estimation.fit import estimate
from estimation.inference import INFERENCE_KINDS
from estimation.sample import Coverage, NotEstimable
from estimation.specifications import VARIANTS, Specification

KEY = ["exhibit", "column", "outcome", "basis", "hs_treatment", "mineral_scope", "variant"]

# name -> (description, columns with their types and descriptions); the tables are created from
# this, so it cannot drift from them
_KEY_COLUMNS = {
    "exhibit": ("varchar", "Table of the report, table_4 to table_12."),
    "column": (
        "integer",
        (
            "Column of the table, from 1. "
            "Columns 7 to 9 of table 6 are outcomes that the report's text adds."
        ),
    ),
    "outcome": ("varchar", "Outcome variable at t, as the panel names it."),
    "basis": ("varchar", "Trade basis: china_reported, partner_reported or reconciled."),
    "hs_treatment": ("varchar", "How codes of other HS revisions are treated."),
    "mineral_scope": ("varchar", "What counts as mineral trade."),
    "variant": (
        "varchar",
        "report: the report's own specification; else what is changed: "
        + ", ".join(f"{v.name} ({v.description})" for v in VARIANTS)
        + ".",
    ),
}
_SYNTHETIC = {
    "is_synthetic": ("boolean", "True where the data are the demo's, invented numbers throughout.")
}
_PRINTED_COLUMN = {
    "exhibit": ("varchar", "Table of the report."),
    "column": ("integer", "Column of the table."),
}
_OWN_BASIS = {"basis": ("varchar", "Our trade basis, the run's default.")}
TABLES: dict[str, tuple[str, dict[str, tuple[str, str]]]] = {
    "coefficients": (
        (
            "Grain: one row per exhibit, column, term, basis, inference and variant. "
            "Regressors at t-1, standardised; partner and year effects."
        ),
        {
            **_KEY_COLUMNS,
            "term": ("varchar", "Regressor, named as in the published tables."),
            "inference": (
                "varchar",
                (
                    f"How the standard error is computed: {', '.join(INFERENCE_KINDS)}. "
                    "The bootstrap's row has the clustered standard error and p value and interval "
                    "of its own."
                ),
            ),
            "estimate": ("double", "Coefficient per standard deviation of the regressor."),
            "std_error": ("double", "Standard error."),
            "t_statistic": ("double", "estimate / std_error."),
            "p_value": (
                "double",
                "Two-sided p value: t distribution, normal for PPML, drawn for the bootstrap.",
            ),
            "conf_low": ("double", "Lower end of the 95 % interval."),
            "conf_high": ("double", "Upper end of the 95 % interval."),
            "degrees_of_freedom": (
                "integer",
                "Of the t distribution; empty for PPML and the bootstrap.",
            ),
            "n_observations": ("integer", "Economy-years in the fit, singletons removed."),
            "n_economies": ("integer", "Economies in the fit."),
            "first_year": ("integer", "First year of the outcome in the fit."),
            "last_year": ("integer", "Last year of the outcome in the fit."),
            "products_landed": (
                "integer",
                "Products of the trade variable's list that have landed on this basis.",
            ),
            "products_in_list": ("integer", "Products in that list."),
            "specification": ("varchar", "The specification in one line."),
            **_SYNTHETIC,
        },
    ),
    "diagnostics": (
        (
            "Grain: one row per exhibit, column, basis and variant: "
            "what the sample lost on the way, and how well the terms are told apart."
        ),
        {
            **_KEY_COLUMNS,
            "n_panel_rows": (
                "integer",
                "Rows of the panel in the specification's comparable years.",
            ),
            "n_outcome": (
                "integer",
                "Of these, with the outcome (zero and missing trade has no logarithm).",
            ),
            "n_complete_cases": ("integer", "Of these, with every term."),
            "n_outside_balanced": (
                "integer",
                "Complete cases outside the largest balanced panel (variant balanced).",
            ),
            "n_singletons": (
                "integer",
                "Complete cases alone in their economy or year, removed recursively.",
            ),
            "n_separated": (
                "integer",
                (
                    "Economy-years whose outcome is zero for sure, left out by PPML "
                    "(and singletons that leaves)."
                ),
            ),
            "n_observations": ("integer", "Economy-years in the fit."),
            "n_economies": ("integer", "Economies in the fit."),
            "n_years": ("integer", "Years in the fit."),
            "first_year": ("integer", "First year of the outcome in the fit."),
            "last_year": ("integer", "Last year of the outcome in the fit."),
            "n_years_not_comparable": (
                "integer",
                "Years left out because the landed part of the product list differs.",
            ),
            "years_not_comparable": ("varchar", "These years."),
            "within_r_squared": ("double", "R squared within economies and years; empty for PPML."),
            "condition_number": (
                "double",
                "Condition number of the terms after the fixed effects, scaled to unit length.",
            ),
            "most_influential_economy": (
                "varchar",
                (
                    "The economy whose rows have the most leverage on the terms "
                    "after the fixed effects."
                ),
            ),
            "largest_leverage_share": ("double", "Its part of all leverage."),
            "dropped_collinear": ("varchar", "Terms dropped as collinear."),
            "inference_not_computed": (
                "varchar",
                "Kinds of inference that do not apply, each with its reason.",
            ),
        },
    ),
    "not_estimable": (
        (
            "Grain: one row per exhibit, column, basis and variant that has no estimates "
            "on the data at hand, or per term of it that has none, with the reason."
        ),
        {
            **_KEY_COLUMNS,
            "term": ("varchar", "The term that has no estimate; empty: the whole column has none."),
            "reason": ("varchar", "Why, in words."),
        },
    ),
    "scorecard": (
        (
            "Grain: one row per published coefficient: "
            "the printed one beside ours, on the run's default basis."
        ),
        {
            **_PRINTED_COLUMN,
            "outcome": ("varchar", "Outcome variable."),
            "term": ("varchar", "Regressor."),
            **_OWN_BASIS,
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
            "distance_in_published_std_errors": (
                "double",
                (
                    "(own - printed) / printed standard error, "
                    "the latter printed estimate / printed t."
                ),
            ),
            "reason": ("varchar", "Why there is no own estimate, if there is none."),
            **_SYNTHETIC,
        },
    ),
    "planted_recovery": (
        (
            "Grain: one row per exhibit, column, term and inference, on synthetic data alone: "
            "the planted truth beside our estimate of the report's own specification. "
            "Empty on real data."
        ),
        {
            **_PRINTED_COLUMN,
            "term": ("varchar", "Regressor."),
            "inference": (
                "varchar",
                (
                    "How the interval is computed. "
                    "The planted noise is independent, so iid is the right one."
                ),
            ),
            **_OWN_BASIS,
            "planted_estimate": (
                "double",
                (
                    "What is planted; "
                    "its projection where the specification leaves a planted term out."
                ),
            ),
            "own_estimate": ("double", "Our coefficient; empty where not estimable."),
            "conf_low": ("double", "Lower end of our 95 % interval."),
            "conf_high": ("double", "Upper end of our 95 % interval."),
            "is_covered": ("boolean", "The interval holds what is planted."),
            **_SYNTHETIC,
        },
    ),
    "scorecard_summary": (
        "Grain: one row per table of the report: its printed coefficients beside ours, counted.",
        {
            "exhibit": ("varchar", "Table of the report."),
            **_OWN_BASIS,
            "n_published": ("integer", "Printed coefficients."),
            "n_estimated": ("integer", "Of these, with one of ours beside them."),
            "n_same_sign": ("integer", "Of these, with the same sign."),
            "n_same_significance": (
                "integer",
                "Of those estimated, significant at 10 % in both or in neither.",
            ),
            "n_within_two_std_errors": (
                "integer",
                "Of those estimated, ours within two printed standard errors of the printed one.",
            ),
            "median_distance_in_published_std_errors": (
                "double",
                "Median absolute distance; empty where nothing is estimated.",
            ),
            "published_n_observations": ("varchar", "Printed N by column."),
            "own_n_observations": ("varchar", "Our N by column; - where not estimable."),
            "reasons": ("varchar", "Why some are not estimated."),
            **_SYNTHETIC,
        },
    ),
    "published_inference_evidence": (
        (
            "Grain: one row per printed column and inference kind: "
            "what speaks for and against the report having used it."
        ),
        {
            **_PRINTED_COLUMN,
            "inference": ("varchar", "Candidate kind of inference."),
            **_OWN_BASIS,
            "n_published": ("integer", "Printed coefficients of the column."),
            "n_compared": (
                "integer",
                (
                    "Of these, estimated by us and printed precisely enough "
                    "to know their standard error within 5 %."
                ),
            ),
            "median_log_ratio_of_std_errors": (
                "double",
                (
                    "Median absolute logarithm of our standard error over the printed one, "
                    "|coefficient / t|."
                ),
            ),
            "median_t_distance": ("double", "Median absolute difference of t statistics."),
            "median_estimate_distance": (
                "double",
                "Median absolute difference of coefficients, in printed standard errors.",
            ),
            "is_closest": ("boolean", "The kind with the smallest ratio in this column."),
            "own_n_observations": ("integer", "Our N."),
            "published_n_observations": ("integer", "Printed N."),
            "is_same_sample": (
                "boolean",
                (
                    "N within 2 % and coefficients within half a printed standard error: "
                    "only then do standard errors tell the kinds apart."
                ),
            ),
            "stars_least_degrees": (
                "integer",
                (
                    "Least degrees of freedom at which the printed stars follow "
                    "from the printed t statistics."
                ),
            ),
            "stars_most_degrees": (
                "integer",
                "Most degrees of freedom at which they do; empty: no upper bound.",
            ),
            "own_degrees_of_freedom": ("integer", "Degrees of freedom of this kind in our fit."),
            "stars_contradict": (
                "boolean",
                (
                    "Ours are outside these bounds: with them the report would have "
                    "printed other stars. Empty where there is no fit of ours."
                ),
            ),
            "note": ("varchar", "What the comparison can say, or why it cannot be made."),
            **_SYNTHETIC,
        },
    ),
    "published_inference_summary": (
        (
            "Grain: one row per inference kind: "
            "the evidence over all printed columns, and what can be concluded."
        ),
        {
            "inference": ("varchar", "Candidate kind of inference."),
            **_OWN_BASIS,
            "n_columns_compared": (
                "integer",
                "Printed columns with our standard errors beside them.",
            ),
            "n_columns_same_sample": ("integer", "Of these, on the report's sample."),
            "n_columns_closest": ("integer", "Columns in which this kind is the closest."),
            "n_same_sample_closest": ("integer", "Of these, on the report's sample."),
            "median_log_ratio_of_std_errors": ("double", "Median over the columns compared."),
            "same_sample_median_log_ratio": (
                "double",
                "Median over the columns on the report's sample.",
            ),
            "n_columns_stars_contradict": (
                "integer",
                "Columns whose printed stars contradict this kind's degrees of freedom in our fit.",
            ),
            "stars_least_degrees": (
                "integer",
                "Least degrees of freedom that all printed columns allow.",
            ),
            "largest_own_degrees_of_freedom": (
                "integer",
                "Most degrees of freedom of this kind in our fits.",
            ),
            "conclusion": ("varchar", "What follows, in words."),
            **_SYNTHETIC,
        },
    ),
}


@dataclass(frozen=True)
class Marts:
    """What estimation reads.

    The panel's variants, the product coverage, the published coefficients and the run's choices; on
    synthetic data also the planted coefficients (exhibit, column, term, truth).
    """

    panel: pd.DataFrame
    coverage: pd.DataFrame
    published: pd.DataFrame
    indicator_codes: dict[str, str]
    default_basis: str
    minimum_product_share: float
    is_synthetic: bool
    planted: pd.DataFrame | None = None


def coverage_of(
    marts: Marts, basis: str, hs_treatment: str, mineral_scope: str
) -> dict[str, Coverage]:
    """Coverage of each product list on a basis, treatment and scope, over the comparable years."""
    coverage = marts.coverage
    rows = coverage[
        (coverage["basis"] == basis)
        & (coverage["hs_treatment"] == hs_treatment)
        & (coverage["mineral_scope"] == mineral_scope)
    ]
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


def estimate_all(
    marts: Marts,
    specifications: Iterable[Specification],
    bases: Iterable[str],
    say: Callable[[str], None] = lambda _: None,
) -> dict[str, pd.DataFrame]:
    """Estimate every specification on every basis it applies to.

    Returns all tables of `TABLES`, the empty ones included.
    """
    specifications = list(specifications)
    panels = (
        dict(list(marts.panel.groupby(["basis", "hs_treatment", "mineral_scope"])))
        if len(marts.panel)
        else {}
    )
    coverages: dict[tuple[str, str, str], dict[str, Coverage]] = {}
    coefficients, diagnostics, reasons = [], [], []
    for basis in bases:
        for variant in dict.fromkeys(s.variant for s in specifications):
            chosen = [
                s for s in specifications if s.variant == variant and s.basis in (None, basis)
            ]
            estimated = 0
            for s in chosen:
                choice = (basis, s.hs_treatment, s.mineral_scope)
                panel = panels.get(choice)
                if choice not in coverages:
                    coverages[choice] = coverage_of(marts, *choice)
                key = dict(
                    zip(
                        KEY,
                        (
                            s.exhibit,
                            s.column,
                            s.outcome,
                            basis,
                            s.hs_treatment,
                            s.mineral_scope,
                            s.variant,
                        ),
                        strict=True,
                    )
                )
                coverage = coverages[choice]
                result = (
                    NotEstimable(f"no trade with China has landed on the basis {basis}")
                    if panel is None
                    else estimate(panel, s, coverage)
                )
                if isinstance(result, NotEstimable):
                    reasons.append(
                        {
                            **key,
                            "term": None,
                            "reason": _with_codes(result.reason, marts.indicator_codes),
                        }
                    )
                    continue
                estimated += 1
                d = result.diagnostics
                dropped = [term for term in d["dropped_collinear"].split(", ") if term]
                reasons += [
                    {
                        **key,
                        "term": term,
                        "reason": (
                            "collinear with the fixed effects and the terms before it: dropped"
                        ),
                    }
                    for term in dropped
                ]
                landed = coverage[s.product_lists[0][0]]
                shared = {
                    k: d[k] for k in ("n_observations", "n_economies", "first_year", "last_year")
                } | {
                    "products_landed": landed.products_landed,
                    "products_in_list": landed.products_in_list,
                    "specification": s.text,
                }
                coefficients.append(result.coefficients.assign(**key, **shared))
                diagnostics.append({**key, **d})
            say(f"{basis}: {variant}: {estimated} of {len(chosen)} columns estimated")
    made = {
        "coefficients": pd.concat(coefficients, ignore_index=True)
        if coefficients
        else _empty("coefficients"),
        "diagnostics": pd.DataFrame(diagnostics) if diagnostics else _empty("diagnostics"),
        "not_estimable": pd.DataFrame(reasons) if reasons else _empty("not_estimable"),
    }
    beside = (made["coefficients"], made["not_estimable"], marts.published, marts.default_basis)
    made["scorecard"] = scorecard(*beside)
    made["scorecard_summary"] = scorecard_summary(made["scorecard"])
    if marts.planted is not None:
        made["planted_recovery"] = planted_recovery(
            made["coefficients"], marts.planted, marts.default_basis
        )
    made["published_inference_evidence"] = published_inference_evidence(*beside)
    made["published_inference_summary"] = published_inference_summary(
        made["published_inference_evidence"].reindex(
            columns=list(TABLES["published_inference_evidence"][1])
        )
    )
    return {
        name: made.get(name, _empty(name))
        .assign(is_synthetic=marts.is_synthetic)
        .reindex(columns=list(columns))
        for name, (_, columns) in TABLES.items()
    }


def _empty(table: str) -> pd.DataFrame:
    return pd.DataFrame(columns=list(TABLES[table][1]))


def _with_codes(reason: str, codes: dict[str, str]) -> str:
    for variable, code in codes.items():
        if reason == f"no data for {variable}" and code:
            return f"{reason} ({code})"
    return reason
