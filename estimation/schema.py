"""The tables of schema estimates: what each holds, column by column.

The tables are created and described from these values, so the two cannot drift apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from estimation.designs.specification_curve import DIMENSIONS
from estimation.gravity.specifications import BIAS_CORRECTED
from estimation.inference import KINDS
from estimation.reasons import Reason, Words
from estimation.specifications import SPECIFICATIONS


@dataclass(frozen=True)
class Column:
    """A column: its SQL type and what it holds."""

    data_type: str
    description: str


@dataclass(frozen=True)
class Table:
    """A table: its grain, its columns in order, and the columns no two rows share the values of.

    `references` names tables of this schema by the column that refers to the one column of their
    key.
    """

    description: str
    columns: dict[str, Column]
    key: tuple[str, ...]
    references: Mapping[str, str] = field(default_factory=dict)


KEY = ("exhibit", "column", "outcome", "basis", "hs_treatment", "mineral_scope", "variant")
VARIANTS_IN_WORDS = "{variants}"

_KEY_COLUMNS = {
    "exhibit": Column(
        "varchar",
        "Table of the report, table_4 to table_12; instrument_1 to instrument_5: tables 6 to 10 "
        "with imports from China instrumented; or gravity_1 to gravity_4.",
    ),
    "column": Column(
        "integer",
        "Column of the table, from 1. "
        "Columns 7 to 9 of table 6 are outcomes that the report's text adds.",
    ),
    "outcome": Column(
        "varchar", "Outcome variable at t, as the panel names it; in gravity the bilateral trade."
    ),
    "basis": Column("varchar", "Trade basis: china_reported, partner_reported or reconciled."),
    "hs_treatment": Column("varchar", "How codes of other HS revisions are treated."),
    "mineral_scope": Column("varchar", "What counts as mineral trade."),
    "variant": Column(
        "varchar",
        # the words of the variants come with `described`
        f"report: the report's own specification; else what is changed: {VARIANTS_IN_WORDS}.",
    ),
}
_SYNTHETIC = {
    "is_synthetic": Column(
        "boolean", "True where the data are the demo's, invented numbers throughout."
    )
}
_PRINTED_COLUMN = {
    "exhibit": Column("varchar", "Table of the report."),
    "column": Column("integer", "Column of the table."),
}
_FORMS = "interval; outside (all but what is between the bounds); everything (no bounds)"
_OWN_BASIS = {"basis": Column("varchar", "Our trade basis, the run's default.")}
_CLAIM = {"claim_code": Column("varchar", "Code of the claim, as in the seed claims.")}
TABLES: dict[str, Table] = {
    "coefficients": Table(
        "Grain: one row per exhibit, column, term, basis, inference and variant. "
        "Regressors at t-1, standardised; partner and year effects. In gravity, terms of pairs of "
        "economies as they are; effects as the specification says.",
        {
            **_KEY_COLUMNS,
            "term": Column("varchar", "Regressor, named as in the published tables."),
            "inference": Column(
                "varchar",
                f"How the standard error is computed: {', '.join(KINDS)}. "
                "The bootstrap's row has the clustered standard error and p value and interval "
                "of its own.",
            ),
            "estimate": Column(
                "double",
                "Coefficient per standard deviation of the regressor; in gravity per unit of it.",
            ),
            "std_error": Column("double", "Standard error."),
            "t_statistic": Column("double", "estimate / std_error."),
            "p_value": Column(
                "double",
                "Two-sided p value: t distribution, normal for PPML, drawn for the bootstrap.",
            ),
            "p_value_adjusted": Column(
                "double",
                "p_value adjusted for the number of terms in all columns of the exhibit, on this "
                "basis and in this variant (Benjamini and Hochberg 1995).",
            ),
            "conf_low": Column("double", "Lower end of the 95 % interval."),
            "conf_high": Column("double", "Upper end of the 95 % interval."),
            "degrees_of_freedom": Column(
                "integer",
                "Of the t distribution; empty for PPML and the bootstrap.",
            ),
            "n_observations": Column(
                "integer",
                "Rows in the fit, singletons removed: economy-years, in gravity pairs and years.",
            ),
            "n_economies": Column("integer", "Economies in the fit; in gravity exporters."),
            "first_year": Column("integer", "First year of the outcome in the fit."),
            "last_year": Column("integer", "Last year of the outcome in the fit."),
            "products_landed": Column(
                "integer",
                "Products of the trade variable's list that have landed on this basis.",
            ),
            "products_in_list": Column("integer", "Products in that list."),
            "specification": Column("varchar", "The specification in one line."),
            **_SYNTHETIC,
        },
        key=(*KEY, "term", "inference"),
    ),
    "diagnostics": Table(
        "Grain: one row per exhibit, column, basis and variant: "
        "what the sample lost on the way, and how distinct the terms are.",
        {
            **_KEY_COLUMNS,
            "n_panel_rows": Column(
                "integer",
                "Rows of the panel in the specification's comparable years.",
            ),
            "n_outcome": Column(
                "integer",
                "Of these, with the outcome (zero and missing trade has no logarithm).",
            ),
            "n_complete_cases": Column("integer", "Of these, with every term."),
            "n_outside_balanced": Column(
                "integer",
                "Complete cases outside the largest balanced panel (variant balanced).",
            ),
            "n_singletons": Column(
                "integer",
                "Complete cases alone in their economy or year, removed recursively.",
            ),
            "n_separated": Column(
                "integer",
                "Economy-years whose outcome is certain to be zero, left out by PPML "
                "(and singletons that leaves).",
            ),
            "n_observations": Column("integer", "Economy-years in the fit."),
            "n_economies": Column("integer", "Economies in the fit; in gravity exporters."),
            "n_years": Column("integer", "Years in the fit."),
            "first_year": Column("integer", "First year of the outcome in the fit."),
            "last_year": Column("integer", "Last year of the outcome in the fit."),
            "n_years_not_comparable": Column(
                "integer",
                "Years left out because the landed part of the product list differs.",
            ),
            "years_not_comparable": Column("varchar", "These years."),
            "within_r_squared": Column(
                "double", "R squared within economies and years; empty for PPML."
            ),
            "condition_number": Column(
                "double",
                "Condition number of the terms after the fixed effects, scaled to unit length.",
            ),
            "most_influential_economy": Column(
                "varchar",
                "The economy whose rows have the most leverage on the terms "
                "after the fixed effects.",
            ),
            "largest_leverage_share": Column("double", "Its share of all leverage."),
            "dropped_collinear": Column("varchar", "Terms dropped as collinear."),
            "inference_not_computed": Column(
                "varchar",
                "Kinds of inference that do not apply, each with its reason.",
            ),
            "inference_not_computed_codes": Column(
                "varchar",
                "These kinds, each with the code of its reason (family inference).",
            ),
        },
        key=KEY,
    ),
    "residuals": Table(
        "Grain: one row per exhibit (tables 4 to 6), column, economy and year in the fit of the "
        "report's own specification, on the run's default basis: what the regression leaves "
        "unexplained.",
        {
            **_KEY_COLUMNS,
            "iso3": Column("varchar", "Economy."),
            "year": Column("integer", "Year of the outcome."),
            "residual": Column("double", "Outcome less its fitted value, in the outcome's unit."),
            "residual_in_std_deviations": Column(
                "double", "The same, in standard deviations of the column's residuals."
            ),
            **_SYNTHETIC,
        },
        key=(*KEY, "iso3", "year"),
    ),
    "not_estimable": Table(
        "Grain: one row per exhibit, column, basis and variant that has no estimates "
        "on the data at hand, or per term of it that has none, with the reason.",
        {
            **_KEY_COLUMNS,
            "term": Column(
                "varchar", "The term that has no estimate; empty: the whole column has none."
            ),
            "reason": Column("varchar", "Why, in words."),
            "reason_code": Column(
                "varchar",
                "Code of the reason; its words are in the labels, family not_estimable.",
            ),
            "reason_parameters": Column(
                "varchar", "The values of the placeholders in these words, as JSON."
            ),
        },
        key=(*KEY, "term"),
    ),
    "instrument_diagnostics": Table(
        "Grain: one row per exhibit, column, basis and instrumented term: the estimate beside "
        "ordinary least squares on the same rows, first stage, reduced form, what holds with a "
        "weak instrument, inference by shocks, and the shocks. Clustered by economy where nothing "
        "else is said.",
        {
            **_KEY_COLUMNS,
            "term": Column("varchar", "The instrumented term."),
            "estimate": Column("double", "Two-stage least squares."),
            "std_error": Column("double", "Its standard error."),
            "ols_estimate": Column("double", "Ordinary least squares on the same rows."),
            "ols_std_error": Column("double", "Its standard error."),
            "first_stage_estimate": Column("double", "The term on its own instrument."),
            "first_stage_std_error": Column("double", "Its standard error."),
            "first_stage_f": Column("double", "F statistic of all instruments in the first stage."),
            "conditional_f": Column(
                "double",
                "F statistic of the term given the other instrumented term (Sanderson and "
                "Windmeijer 2016); with one term equal to effective_f.",
            ),
            "effective_f": Column(
                "double",
                "Effective F statistic (Montiel Olea and Pflueger 2013); empty where several "
                "terms are instrumented.",
            ),
            "critical_f": Column(
                "double",
                "What effective_f must exceed for a bias below 10 % of the worst case, at 5 %.",
            ),
            "reduced_form_estimate": Column("double", "The outcome on the term's own instrument."),
            "reduced_form_std_error": Column("double", "Its standard error."),
            "anderson_rubin_p_value": Column(
                "double", "p value of no effect of any instrumented term, however weak."
            ),
            "anderson_rubin_set": Column("varchar", f"Form of the 95 % set: {_FORMS}."),
            "anderson_rubin_low": Column("double", "Its lower bound."),
            "anderson_rubin_high": Column("double", "Its upper bound."),
            "akm_std_error": Column(
                "double", "Standard error by shocks, clustered by product (AKM 2019)."
            ),
            "akm_low": Column("double", "Lower end of the 95 % interval."),
            "akm_high": Column("double", "Upper end of the 95 % interval."),
            "akm0_set": Column(
                "varchar", f"Form of the 95 % set by shocks with the null imposed: {_FORMS}."
            ),
            "akm0_low": Column("double", "Its lower bound."),
            "akm0_high": Column("double", "Its upper bound."),
            "akm_shifts": Column(
                "varchar",
                "Where the shifts net of controls come from: from_shares (AKM 2019) or, with "
                "fewer rows than shocks, net_of_effects (Borusyak, Hull and Jaravel 2022).",
            ),
            "n_shocks": Column("integer", "Products in years to which some row is exposed."),
            "effective_shocks": Column("double", "Inverse Herfindahl index of their exposure."),
            "n_products": Column("integer", "Products to which some row is exposed."),
            "effective_products": Column("double", "Inverse Herfindahl index of their exposure."),
            "largest_product": Column("varchar", "The product with the largest exposure."),
            "largest_product_share": Column("double", "Its share in all exposure."),
            "mean_sum_of_shares": Column("double", "Mean sum of a row's shares; 1: complete."),
            "least_sum_of_shares": Column("double", "The least sum of a row's shares."),
            "n_cells_without_shift": Column(
                "integer",
                "Economies' products in years in which China exported none to all others; left "
                "out of the instrument, on this basis and treatment.",
            ),
            "n_without_instrument": Column(
                "integer",
                "Rows of least squares without an instrument: within the first three years with "
                "trade or before, or fewer than three such years.",
            ),
            "n_parameters": Column("integer", "Terms, effects and controls in the fit."),
            "n_observations": Column("integer", "Economy-years in the fit."),
            "warnings": Column("varchar", "What a reader of the estimate must know."),
            "warning_codes": Column("varchar", "Codes of these warnings (family instrument)."),
            "not_computed": Column("varchar", "What is empty here, and why."),
            "not_computed_codes": Column("varchar", "Codes of these reasons (family instrument)."),
        },
        key=(*KEY, "term"),
    ),
    "instrument_balance": Table(
        "Grain: one row per exhibit, column, basis and tested variable: whether the instrument of "
        "two years later says anything of a row, given the row's own. It must not.",
        {
            **_KEY_COLUMNS,
            "variable": Column("varchar", "The outcome or another term of the column."),
            "kind": Column(
                "varchar", "pre_trend: the outcome, with all other terms; balance: one of these."
            ),
            "estimate": Column("double", "Coefficient of the later instrument."),
            "std_error": Column("double", "Its standard error, clustered by economy."),
            "p_value": Column("double", "Its two-sided p value."),
            "n_observations": Column("integer", "Rows with an instrument two years later."),
            "reason": Column("varchar", "Why there is no estimate, in words."),
            "reason_code": Column("varchar", "Code of the reason."),
        },
        key=(*KEY, "variable"),
    ),
    "rotemberg_weights": Table(
        "Grain: one row per exhibit, column, basis and product, where one term is instrumented: "
        "the estimate as a weighted mean over products (Goldsmith-Pinkham, Sorkin and Swift 2020).",
        {
            **_KEY_COLUMNS,
            "product_code": Column("varchar", "Product of the list."),
            "exposure_share": Column("double", "Its share in all exposure."),
            "weight": Column("double", "Its weight in the estimate; all sum to 1, some negative."),
            "product_estimate": Column(
                "double", "The estimate with the product's part of the instrument alone."
            ),
        },
        key=(*KEY, "product_code"),
    ),
    "specification_curve": Table(
        "Grain: one row per claim of the report and specification of its curve: the claim's term "
        "under every defensible choice. The first is the report's own on the run's basis.",
        {
            **_CLAIM,
            "specification": Column("integer", "Number of the specification, from 1."),
            **{
                name: Column(
                    "varchar",
                    f"Option of the dimension {name}; justified in specification_choices.",
                )
                for name in DIMENSIONS
            },
            "estimate": Column(
                "double", "Coefficient per standard deviation; empty where there is none."
            ),
            "std_error": Column("double", "Standard error of this kind of inference."),
            "t_statistic": Column("double", "estimate / std_error."),
            "p_value": Column("double", "Two-sided p value of the t distribution."),
            "conf_low": Column("double", "Lower end of the 95 % interval."),
            "conf_high": Column("double", "Upper end of the 95 % interval."),
            "degrees_of_freedom": Column("integer", "Of the t distribution."),
            "n_observations": Column("integer", "Economy-years in the fit."),
            "n_economies": Column("integer", "Economies in the fit."),
            "is_in_direction": Column("boolean", "The estimate has the predicted sign."),
            "is_significant": Column("boolean", "It has, and p_value is below 5 %."),
            "reason": Column("varchar", "Why there is no estimate."),
            "reason_code": Column("varchar", "Code of this reason (family not_estimable)."),
            **_SYNTHETIC,
        },
        key=("claim_code", "specification"),
        references={"claim_code": "claims"},
    ),
    "specification_choices": Table(
        "Grain: one row per dimension and option of the specification curves: why it is "
        "defensible. Fixed before any curve was seen.",
        {
            "dimension": Column("varchar", "In what specifications differ."),
            "option": Column("varchar", "One way to choose."),
            "justification_en": Column("varchar", "Why it is defensible."),
            "justification_zh": Column("varchar", "The same in Chinese."),
            **_SYNTHETIC,
        },
        key=("dimension", "option"),
    ),
    "specification_variance": Table(
        "Grain: one row per claim and dimension: how much of the variance of the curve's estimates "
        "goes with the choice (Shapley values of R squared). The rest is of combinations.",
        {
            **_CLAIM,
            "dimension": Column("varchar", "In what specifications differ."),
            "share": Column("double", "Its share of the variance."),
            **_SYNTHETIC,
        },
        key=("claim_code", "dimension"),
        references={"claim_code": "claims"},
    ),
    "influence": Table(
        "Grain: one row per claim and economy, year, product or sector that is left out of the "
        "report's own specification. Without a product or sector trade is summed over the others, "
        "with a z-score of its own.",
        {
            **_CLAIM,
            "unit_kind": Column(
                "varchar",
                "economy, year (of the outcome), product, or sector (of low-carbon technology).",
            ),
            "unit": Column("varchar", "The unit left out."),
            "estimate": Column("double", "Coefficient without it."),
            "change_in_std_errors": Column(
                "double", "Its change, in clustered standard errors of all units."
            ),
            "n_observations": Column("integer", "Economy-years that are left."),
            "reason": Column("varchar", "Why there is no estimate without it."),
            "reason_code": Column("varchar", "Code of this reason (family not_estimable)."),
            **_SYNTHETIC,
        },
        key=("claim_code", "unit_kind", "unit"),
        references={"claim_code": "claims"},
    ),
    "claims": Table(
        "Grain: one row per claim of the report: our estimate, its specification curve, and the "
        "verdict by the rule of docs/specification_curve.md.",
        {
            **_CLAIM,
            **_PRINTED_COLUMN,
            "outcome": Column("varchar", "Outcome variable at t."),
            "term": Column("varchar", "The term that the claim rests on."),
            "predicted_sign": Column("integer", "Sign that the claim predicts: 1 or -1."),
            "sentence_en": Column("varchar", "The claim in our words."),
            "sentence_zh": Column("varchar", "The same in Chinese."),
            **_OWN_BASIS,
            "published_estimate": Column("double", "Printed coefficient."),
            "estimate": Column("double", "Ours, of the report's own specification."),
            "std_error": Column("double", "Its standard error, clustered by economy."),
            "conf_low": Column("double", "Lower end of its 95 % interval."),
            "conf_high": Column("double", "Upper end of its 95 % interval."),
            "n_observations": Column("integer", "Economy-years in its fit."),
            "n_economies": Column("integer", "Economies in its fit."),
            "instrumented_estimate": Column(
                "double", "With imports from China instrumented; empty where they are no term."
            ),
            "instrumented_conf_low": Column(
                "double", "Lower end of its 95 % interval, clustered; not valid if weak."
            ),
            "instrumented_conf_high": Column("double", "Upper end of this interval."),
            "n_specifications": Column("integer", "Specifications of the curve."),
            "n_estimates": Column("integer", "Of these, with an estimate."),
            "median_estimate": Column("double", "Median estimate of the curve."),
            "median_p_value": Column("double", "Its one-sided p value by bootstrap."),
            "share_in_direction": Column("double", "Share of estimates with the predicted sign."),
            "share_significant": Column("double", "Share significant at 5 % with that sign."),
            "share_p_value": Column("double", "Its one-sided p value by bootstrap."),
            "stouffer_z": Column("double", "Stouffer's Z in the predicted direction."),
            "stouffer_p_value": Column("double", "Its one-sided p value by bootstrap."),
            "n_draws": Column("integer", "Draws in which every specification has an estimate."),
            "most_influential_economy": Column(
                "varchar", "Economy whose omission changes the estimate the most."
            ),
            "change_without_economy": Column("double", "This change, in standard errors."),
            "most_influential_year": Column(
                "varchar", "Year whose omission changes the estimate the most."
            ),
            "change_without_year": Column("double", "This change, in standard errors."),
            "most_influential_product": Column(
                "varchar", "Product whose omission from trade changes the estimate the most."
            ),
            "change_without_product": Column("double", "This change, in standard errors."),
            "most_influential_sector": Column(
                "varchar", "Sector whose omission from trade changes the estimate the most."
            ),
            "change_without_sector": Column("double", "This change, in standard errors."),
            "verdict": Column(
                "varchar", "holds, fragile, not supported, or cannot be told on this data."
            ),
            "verdict_code": Column("varchar", "Code of the verdict (family verdict)."),
            "rule": Column("varchar", "What in the rule leads to it."),
            "rule_code": Column("varchar", "Code of that (family verdict_rule)."),
            "reading_en": Column("varchar", "The numbers behind the verdict in words."),
            "reading_zh": Column("varchar", "The same in Chinese."),
            **_SYNTHETIC,
        },
        key=("claim_code",),
    ),
    "scorecard": Table(
        "Grain: one row per published coefficient: "
        "the printed one beside ours, on the run's default basis.",
        {
            **_PRINTED_COLUMN,
            "outcome": Column("varchar", "Outcome variable."),
            "term": Column("varchar", "Regressor."),
            **_OWN_BASIS,
            "published_estimate": Column("double", "Printed coefficient."),
            "published_stars": Column("integer", "Printed stars (1: 10 %, 2: 5 %, 3: 1 %)."),
            "published_t_statistic": Column("double", "Printed t statistic."),
            "published_n_observations": Column("integer", "Printed N."),
            "own_estimate": Column("double", "Our coefficient; empty where not estimable."),
            "own_std_error": Column("double", "Our standard error, clustered by economy."),
            "own_t_statistic": Column("double", "Our t statistic, clustered by economy."),
            "own_t_statistic_iid": Column("double", "Our t statistic under iid errors."),
            "own_stars": Column("integer", "Our stars, clustered by economy."),
            "own_n_observations": Column("integer", "Our N."),
            "same_sign": Column("boolean", "Both coefficients have the same sign."),
            "same_significance": Column("boolean", "Both or neither are significant at 10 %."),
            "distance_in_published_std_errors": Column(
                "double",
                "(own - printed) / printed standard error, "
                "the latter printed estimate / printed t.",
            ),
            "reason": Column("varchar", "Why there is no own estimate, if there is none."),
            "reason_code": Column("varchar", "Code of this reason (family not_estimable)."),
            **_SYNTHETIC,
        },
        key=("exhibit", "column", "term"),
    ),
    "planted_recovery": Table(
        "Grain: one row per exhibit, column, term and inference, on synthetic data alone: "
        "the planted truth beside our estimate of the report's own specification. "
        "Empty on real data.",
        {
            **_PRINTED_COLUMN,
            "term": Column("varchar", "Regressor."),
            "inference": Column(
                "varchar",
                "How the interval is computed. "
                "The planted noise is independent, so iid is the right one.",
            ),
            **_OWN_BASIS,
            "planted_estimate": Column(
                "double",
                "What is planted; "
                "its projection where the specification leaves a planted term out.",
            ),
            "own_estimate": Column("double", "Our coefficient; empty where not estimable."),
            "conf_low": Column("double", "Lower end of our 95 % interval."),
            "conf_high": Column("double", "Upper end of our 95 % interval."),
            "is_covered": Column("boolean", "The interval holds what is planted."),
            **_SYNTHETIC,
        },
        key=("exhibit", "column", "term", "inference"),
    ),
    "scorecard_summary": Table(
        "Grain: one row per table of the report: its printed coefficients beside ours, counted.",
        {
            "exhibit": Column("varchar", "Table of the report."),
            **_OWN_BASIS,
            "n_published": Column("integer", "Printed coefficients."),
            "n_estimated": Column("integer", "Of these, with one of ours beside them."),
            "n_same_sign": Column("integer", "Of these, with the same sign."),
            "n_same_significance": Column(
                "integer",
                "Of those estimated, significant at 10 % in both or in neither.",
            ),
            "n_within_two_std_errors": Column(
                "integer",
                "Of those estimated, ours within two printed standard errors of the printed one.",
            ),
            "median_distance_in_published_std_errors": Column(
                "double",
                "Median absolute distance; empty where nothing is estimated.",
            ),
            "published_n_observations": Column("varchar", "Printed N by column."),
            "own_n_observations": Column("varchar", "Our N by column; - where not estimable."),
            "reasons": Column("varchar", "Why some are not estimated."),
            **_SYNTHETIC,
        },
        key=("exhibit",),
    ),
    "published_inference_evidence": Table(
        "Grain: one row per printed column and inference kind: "
        "what speaks for and against the report having used it.",
        {
            **_PRINTED_COLUMN,
            "inference": Column("varchar", "Candidate kind of inference."),
            **_OWN_BASIS,
            "n_published": Column("integer", "Printed coefficients of the column."),
            "n_compared": Column(
                "integer",
                "Of these, estimated by us and printed precisely enough "
                "to know their standard error within 5 %.",
            ),
            "median_log_ratio_of_std_errors": Column(
                "double",
                "Median absolute logarithm of our standard error over the printed one, "
                "|coefficient / t|.",
            ),
            "median_t_distance": Column("double", "Median absolute difference of t statistics."),
            "median_estimate_distance": Column(
                "double",
                "Median absolute difference of coefficients, in printed standard errors.",
            ),
            "is_closest": Column("boolean", "The kind with the smallest ratio in this column."),
            "own_n_observations": Column("integer", "Our N."),
            "published_n_observations": Column("integer", "Printed N."),
            "is_same_sample": Column(
                "boolean",
                "N within 2 % and coefficients within half a printed standard error: "
                "only then do standard errors distinguish the kinds.",
            ),
            "stars_least_degrees": Column(
                "integer",
                "Least degrees of freedom at which the printed stars follow "
                "from the printed t statistics.",
            ),
            "stars_most_degrees": Column(
                "integer",
                "Most degrees of freedom at which they do; empty: no upper bound.",
            ),
            "own_degrees_of_freedom": Column(
                "integer", "Degrees of freedom of this kind in our fit."
            ),
            "stars_contradict": Column(
                "boolean",
                "Ours are outside these bounds: with them the report would have "
                "printed other stars. Empty where there is no fit of ours.",
            ),
            "note": Column("varchar", "What the comparison can say, or why it cannot be made."),
            "note_code": Column(
                "varchar",
                "Code of the note (family evidence), or of the reason why there is no estimate "
                "(family not_estimable).",
            ),
            **_SYNTHETIC,
        },
        key=("exhibit", "column", "inference"),
    ),
    "published_inference_summary": Table(
        "Grain: one row per inference kind: "
        "the evidence over all printed columns, and what can be concluded.",
        {
            "inference": Column("varchar", "Candidate kind of inference."),
            **_OWN_BASIS,
            "n_columns_compared": Column(
                "integer",
                "Printed columns with our standard errors beside them.",
            ),
            "n_columns_same_sample": Column("integer", "Of these, on the report's sample."),
            "n_columns_closest": Column("integer", "Columns in which this kind is the closest."),
            "n_same_sample_closest": Column("integer", "Of these, on the report's sample."),
            "median_log_ratio_of_std_errors": Column("double", "Median over the columns compared."),
            "same_sample_median_log_ratio": Column(
                "double",
                "Median over the columns on the report's sample.",
            ),
            "n_columns_stars_contradict": Column(
                "integer",
                "Columns whose printed stars contradict this kind's degrees of freedom in our fit.",
            ),
            "stars_least_degrees": Column(
                "integer",
                "Least degrees of freedom that all printed columns allow.",
            ),
            "largest_own_degrees_of_freedom": Column(
                "integer",
                "Most degrees of freedom of this kind in our fits.",
            ),
            "conclusion": Column("varchar", "What follows, in words."),
            "conclusion_codes": Column(
                "varchar",
                "Codes of the sentences of the conclusion, in their order (family conclusion).",
            ),
            **_SYNTHETIC,
        },
        key=("inference",),
    ),
}


def described(column: Column, words: Words) -> str:
    """The description of a column, with the words of the variants where it lists them."""
    of_panel = (s.variant for s in SPECIFICATIONS if s.variant != "report")
    named = dict.fromkeys([*of_panel, BIAS_CORRECTED.name])
    variants = ", ".join(f"{name} ({words.text(Reason('variant', name))})" for name in named)
    return column.description.replace(VARIANTS_IN_WORDS, variants)
