"""The report's regressions, one value per table column, and the variants of them.

A table or a variant is added by adding values here, and its words.

Equations (REPORT: "Sustainable trade and sustainable supply chains", CCICED 2024; partner economy
i, year t, partner effects phi_i, year effects eta_t; every right-hand variable at t-1 by calendar
year, as a z-score):

1. ln LCT trade with China_it = b X_it-1 + phi_i + eta_t + e
   Tables 4 and 11 (11 adds the gender terms).
2. ln mineral trade with China_it = b X_it-1 + phi_i + eta_t + e
   Tables 5 and 12 (12 adds the gender terms).
3. Y_it = b LCT_it-1 + G X_it-1 + phi_i + eta_t + e
   Table 6.
4. Y_it = b1 LCT x CV + b2 LCT + b3 CV + G X + phi_i + eta_t + e
   Tables 7 to 10, one mechanism CV each.

Exhibits instrument_1 to instrument_5 are tables 6 to 10 with LCT instrumented
(estimation/designs/trade_instrument.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from estimation.inference import DEFAULT_INFERENCE, INFERENCE_KINDS, KINDS_NOT_DRAWN
from estimation.reasons import Reason, because

INTERACTION = "_x_"
INTERACTION_SHORT = {"lct_imports": "lct_imports_from_china"}
# terms whose variable in the panel has another name
MEASURED_BY = (("lct_imports_from_china", "lct_imports_from_china_kusd"),)


@dataclass(frozen=True)
class Specification:
    """One column of one table.

    The defaults are the report's own choices, as far as the report states them.

    terms           in the table's order, under the published names; `a_x_b` is the product of the
                    z-scores of a and b
    variant         what differs from the report's own specification (`report`: nothing)
    estimator       ols; ppml: Poisson pseudo-maximum likelihood of an outcome in levels; or iv:
                    two-stage least squares
    effects         the panel's columns whose levels are swept out
    inference       kinds of estimation.inference
    first_year, last_year
                    bounds of the outcome's year
    sample          complete_cases, or balanced: the largest balanced panel within them
    standardisation panel: z-scores over the panel's rows of stated years, as in the mart; sample:
                    over the rows of the fit
    basis           a trade basis; None: every basis, one fit each
    hs_treatment, mineral_scope
                    which panel
    product_lists   which list the trade comes from and at which lag it enters: (("mineral", 0),)
                    for a mineral outcome at t
    measured_by     the panel's variables for terms of another name
    instrumented    terms that are instrumented (estimator iv)
    """

    exhibit: str
    column: int
    outcome: str
    terms: tuple[str, ...]
    variant: str = "report"
    estimator: str = "ols"
    effects: tuple[str, ...] = ("iso3", "year")
    inference: tuple[str, ...] = INFERENCE_KINDS
    first_year: int = 1992
    last_year: int = 2022
    sample: str = "complete_cases"
    standardisation: str = "panel"
    basis: str | None = None
    hs_treatment: str = "harmonised"
    mineral_scope: str = "ores"
    product_lists: tuple[tuple[str, int], ...] = ()
    measured_by: tuple[tuple[str, str], ...] = MEASURED_BY
    instrumented: tuple[str, ...] = ()

    def variables_of(self, term: str) -> tuple[str, ...]:
        """The panel's variables whose lagged z-scores make up a term: one, or two if interacted."""
        return parts(term, self.measured_by)

    @property
    def variables(self) -> tuple[str, ...]:
        """The variables of all terms, each once, in the order in which the terms name them."""
        return tuple(dict.fromkeys(v for term in self.terms for v in self.variables_of(term)))

    def measuring(self, **variables: str) -> Specification:
        """The same specification with the named terms measured by other variables of the panel.

        Returns itself if it has none of these terms.
        """
        used = {
            name: v
            for name, v in variables.items()
            if any(name in names_in(term) for term in self.terms)
        }
        return (
            replace(self, measured_by=tuple({**dict(self.measured_by), **used}.items()))
            if used
            else self
        )

    def concerns(self, product_list: str) -> bool:
        """Whether trade in a product list enters the specification."""
        return product_list in dict(self.product_lists)

    def terms_where(self, kept: Iterable[bool]) -> tuple[str, ...]:
        """The terms for which `kept` is true."""
        return tuple(term for term, k in zip(self.terms, kept, strict=True) if k)

    def standardised_over(self, panel_years: tuple[int, int]) -> Reason:
        """The rows whose moments make the z-scores; `panel_years`: those of the mart's."""
        if self.standardisation == "sample":
            return because("standardisation", "sample")
        first_year, last_year = panel_years
        return because("standardisation", "panel", first_year=first_year, last_year=last_year)

    @property
    def printed_inference(self) -> str:
        """The kind of inference of the printed table."""
        return DEFAULT_INFERENCE

    @property
    def caption(self) -> Reason:
        """The printed table's number and title."""
        return because(
            "table_label",
            "caption",
            number=self.exhibit.removeprefix("table_").replace("instrument_", "I."),
            title=Reason("table_title", self.exhibit),
        )

    def note_on_terms(self, panel_years: tuple[int, int]) -> Reason:
        """What the printed table says of its terms; `panel_years` as in `standardised_over`."""
        return because("table_label", "terms", rows=self.standardised_over(panel_years))

    @property
    def note_on_variant(self) -> Reason:
        """What the printed table of a variant says of it."""
        return because("table_label", "variant", variant=Reason("variant", self.variant))

    def sentences(self, standardisation_years: tuple[int, int]) -> tuple[Reason, ...]:
        """The specification in one line, as kept beside every estimate.

        `standardisation_years` are the first and last year of the panel's rows whose moments make
        the mart's z-scores.
        """
        measured = (
            because("specification", "measured_by", term=name, variable=variable)
            for name, variable in self.measured_by
            if any(name in names_in(term) for term in self.terms)
        )
        return (
            because(
                "specification",
                "formula",
                estimator=self.estimator,
                outcome=self.outcome,
                terms=" + ".join(self.terms),
                effects=" + ".join(self.effects),
            ),
            because("specification", "terms", rows=self.standardised_over(standardisation_years)),
            because(
                "specification",
                "sample",
                sample=self.sample.replace("_", " "),
                first_year=self.first_year,
                last_year=self.last_year,
            ),
            because(
                "specification",
                "trade",
                hs_treatment=self.hs_treatment,
                mineral_scope=self.mineral_scope,
            ),
            *measured,
        )


def names_in(term: str) -> tuple[str, ...]:
    """The names that make up a term: its own, or the two of an interaction."""
    if INTERACTION in term:
        left, right = term.split(INTERACTION, 1)
        return (INTERACTION_SHORT.get(left, left), right)
    return (term,)


def parts(term: str, measured_by: tuple[tuple[str, str], ...] = MEASURED_BY) -> tuple[str, ...]:
    """The panel's variables that make up a term: one, or two for an interaction."""
    return tuple(dict(measured_by).get(name, name) for name in names_in(term))


DETERMINANTS = (
    "ln_gdp",
    "gdp_growth",
    "ln_gdp_per_capita",
    "gross_domestic_savings",
    "domestic_credit",
    "inflation",
    "inflation_rolling_sd",
    "real_interest_rate",
    "reer_rolling_sd",
    "total_reserves",
    "trade_openness",
    "population_growth",
    "tariff_weighted_mean",
    "control_of_corruption",
    "political_stability",
    "regulatory_quality",
)
GENDER = (
    "female_employers",
    "female_employment",
    "female_employment_industry",
    "female_employment_services",
    "female_labour_participation",
    "female_to_male_participation",
)
# the first twelve determinants, in the order of tables 6 to 10
CONTROLS = ("gdp_growth", "ln_gdp", *DETERMINANTS[2:12])
LCT = "lct_imports_from_china"
EMISSIONS = ("ln_co2_kt", "co2_tonnes_per_capita", "co2_kg_per_gdp_ppp", "co2_kg_per_gdp_ppp_2017")
TABLE_6_OUTCOMES = (*EMISSIONS, "ln_co2_liquid_fuel_kt", "co2_transport_share_of_fuel_combustion")
# the report's text adds these to table 6 without printing coefficients
TEXT_OUTCOMES = ("n2o_kt_co2e", "methane_kt_co2e", "pm25_mean_exposure")
MECHANISMS = {
    "table_7": "compulsory_education",
    "table_8": "political_stability",
    "table_9": "fdi_inflows",
    "table_10": "aid_per_capita",
}


def _trade(exhibit: str, trade: str, terms: tuple[str, ...]) -> list[Specification]:
    outcomes = (f"ln_{trade}_imports_from_china", f"ln_{trade}_exports_to_china")
    return [
        Specification(exhibit, column, outcome, terms, product_lists=((trade, 0),))
        for column, outcome in enumerate(outcomes, 1)
    ]


def _emissions(
    exhibit: str, outcomes: tuple[str, ...], terms: tuple[str, ...], first_column: int = 1
) -> list[Specification]:
    return [
        Specification(exhibit, column, outcome, terms, product_lists=(("lct", 1),))
        for column, outcome in enumerate(outcomes, first_column)
    ]


# the columns that the report prints
REPORT_SPECIFICATIONS: tuple[Specification, ...] = (
    *_trade("table_4", "lct", DETERMINANTS),
    *_trade("table_5", "mineral", DETERMINANTS),
    *_emissions("table_6", TABLE_6_OUTCOMES, (LCT, *CONTROLS)),
    *(
        s
        for exhibit, mechanism in MECHANISMS.items()
        for s in _emissions(
            exhibit, EMISSIONS, (f"lct_imports{INTERACTION}{mechanism}", LCT, mechanism, *CONTROLS)
        )
    ),
    *_trade("table_11", "lct", (*GENDER, *DETERMINANTS)),
    *_trade("table_12", "mineral", (*GENDER, *DETERMINANTS)),
)
# the columns that its text adds: 7 to 9 of table 6
TEXT_SPECIFICATIONS: tuple[Specification, ...] = (
    *_emissions("table_6", TEXT_OUTCOMES, (LCT, *CONTROLS), len(TABLE_6_OUTCOMES) + 1),
)


@dataclass(frozen=True)
class Variant:
    """A named change to a specification.

    `change` returns an equal specification where it does not apply. The words that describe a
    variant are those of its name.
    """

    name: str
    change: Callable[[Specification], Specification]

    def of(self, specifications: Iterable[Specification]) -> list[Specification]:
        """The changed specifications, omitting those to which the variant does not apply.

        They have every kind of inference but the bootstrap.
        """
        return [
            replace(changed, variant=self.name, inference=KINDS_NOT_DRAWN)
            for s in specifications
            if (changed := self.change(s)) != s
        ]


def _in_levels(s: Specification) -> Specification:
    levels = {
        f"ln_{trade}": f"{trade}_or_zero_kusd"
        for trade in (
            "lct_imports_from_china",
            "lct_exports_to_china",
            "mineral_imports_from_china",
            "mineral_exports_to_china",
        )
    }
    return replace(s, estimator="ppml", outcome=levels[s.outcome]) if s.outcome in levels else s


def _without_dual_use(s: Specification) -> Specification:
    if not s.concerns("lct"):
        return s
    outcome = s.outcome.replace("ln_lct_", "ln_lct_without_dual_use_")
    lists = tuple(
        ("lct_without_dual_use" if name == "lct" else name, lag) for name, lag in s.product_lists
    )
    return replace(s, outcome=outcome, product_lists=lists).measuring(
        lct_imports_from_china="lct_without_dual_use_imports_from_china_kusd"
    )


VARIANTS: tuple[Variant, ...] = (
    Variant("ppml", _in_levels),
    Variant("without_dual_use", _without_dual_use),
    Variant("as_reported", lambda s: replace(s, hs_treatment="as_reported")),
    Variant("strict", lambda s: replace(s, hs_treatment="strict")),
    Variant(
        "all_stages",
        lambda s: replace(s, mineral_scope="all_stages") if s.concerns("mineral") else s,
    ),
    Variant(
        "openness_alternative",
        lambda s: s.measuring(trade_openness="trade_openness_goods_and_services"),
    ),
    Variant(
        "credit_alternative",
        lambda s: s.measuring(domestic_credit="domestic_credit_all_borrowers"),
    ),
    Variant("balanced", lambda s: replace(s, sample="balanced")),
    Variant("standardised_over_sample", lambda s: replace(s, standardisation="sample")),
)

# tables 6 to 10 with imports from China instrumented, column by column
INSTRUMENTED_EXHIBITS = {
    exhibit: f"instrument_{number}" for number, exhibit in enumerate(("table_6", *MECHANISMS), 1)
}


def _instrumented(s: Specification) -> Specification:
    return replace(
        s,
        exhibit=INSTRUMENTED_EXHIBITS[s.exhibit],
        variant="instrumented",
        estimator="iv",
        instrumented=tuple(term for term in s.terms if names_in(term)[0] == LCT),
        inference=KINDS_NOT_DRAWN,
    )


_AS_IN_THE_REPORT = (*REPORT_SPECIFICATIONS, *TEXT_SPECIFICATIONS)
INSTRUMENTED_SPECIFICATIONS: tuple[Specification, ...] = tuple(
    _instrumented(s) for s in _AS_IN_THE_REPORT if s.exhibit in INSTRUMENTED_EXHIBITS
)
SPECIFICATIONS: tuple[Specification, ...] = (
    *_AS_IN_THE_REPORT,
    *(s for variant in VARIANTS for s in variant.of(_AS_IN_THE_REPORT)),
    *INSTRUMENTED_SPECIFICATIONS,
)
