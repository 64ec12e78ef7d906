"""The report's regressions, one value per table column. Adding a table is adding values here.

Equations (REPORT: "Sustainable trade and sustainable supply chains", CCICED 2024; partner economy i, year t, partner effects
phi_i, year effects eta_t; every right-hand variable at t-1 by calendar year, as a z-score):

1. ln LCT trade with China_it = b X_it-1 + phi_i + eta_t + e            tables 4 and 11 (11 adds the gender terms)
2. ln mineral trade with China_it = b X_it-1 + phi_i + eta_t + e        tables 5 and 12 (12 adds the gender terms)
3. Y_it = b LCT_it-1 + G X_it-1 + phi_i + eta_t + e                     table 6
4. Y_it = b1 LCT x CV + b2 LCT + b3 CV + G X + phi_i + eta_t + e        tables 7-10, one mechanism CV each
"""

from __future__ import annotations

from dataclasses import dataclass, field

# Terms carry the names of the published tables; a term's column in the panel is <term>_lag1_z.
PANEL_NAME = {"lct_imports_from_china": "lct_imports_from_china_kusd"}
INTERACTION = "_x_"
INTERACTION_SHORT = {"lct_imports": "lct_imports_from_china"}


@dataclass(frozen=True)
class Specification:
    """One column of one table.

    `terms` are in the table's order; a term `a_x_b` is the product of the z-scores of a and b. `first_year` and `last_year`
    bound the years of the outcome. `variant` names what differs from the report's own specification (`report`: nothing).
    """

    exhibit: str
    column: int
    outcome: str
    terms: tuple[str, ...]
    first_year: int = 1992
    last_year: int = 2022
    hs_treatment: str = "as_reported"
    mineral_scope: str = "ores"
    effects: tuple[str, ...] = ("iso3", "year")
    variant: str = "report"
    product_lists: tuple[tuple[str, int], ...] = field(default=())
    """Which product list the trade comes from and at which lag it enters: (("mineral", 0),) for a mineral outcome at t."""

    @property
    def text(self) -> str:
        """The specification in one line, as kept beside every estimate."""
        return f"{self.outcome} ~ {' + '.join(self.terms)} | {' + '.join(self.effects)}; terms at t-1, standardised; {self.first_year}-{self.last_year}"


def parts(term: str) -> tuple[str, ...]:
    """The panel variables whose lagged z-scores make a term: one, or two for an interaction."""
    if INTERACTION in term:
        left, right = term.split(INTERACTION, 1)
        return (_variable(INTERACTION_SHORT.get(left, left)), _variable(right))
    return (_variable(term),)


def _variable(term: str) -> str:
    return PANEL_NAME.get(term, term)


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
CONTROLS = (
    "gdp_growth",
    "ln_gdp",
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
)
LCT = "lct_imports_from_china"
EMISSIONS = ("ln_co2_kt", "co2_tonnes_per_capita", "co2_kg_per_gdp_ppp", "co2_kg_per_gdp_ppp_2017")
TABLE_6_OUTCOMES = (*EMISSIONS, "ln_co2_liquid_fuel_kt", "co2_transport_share_of_fuel_combustion")
MECHANISMS = {
    "table_7": "compulsory_education",
    "table_8": "political_stability",
    "table_9": "fdi_inflows",
    "table_10": "aid_per_capita",
}


def _trade(exhibit: str, trade: str, terms: tuple[str, ...]) -> list[Specification]:
    outcomes = (f"ln_{trade}_imports_from_china", f"ln_{trade}_exports_to_china")
    return [Specification(exhibit, column, outcome, terms, product_lists=((trade, 0),)) for column, outcome in enumerate(outcomes, 1)]


def _emissions(exhibit: str, outcomes: tuple[str, ...], terms: tuple[str, ...]) -> list[Specification]:
    return [Specification(exhibit, column, outcome, terms, product_lists=(("lct", 1),)) for column, outcome in enumerate(outcomes, 1)]


REPORT_SPECIFICATIONS: tuple[Specification, ...] = (
    *_trade("table_4", "lct", DETERMINANTS),
    *_trade("table_5", "mineral", DETERMINANTS),
    *_emissions("table_6", TABLE_6_OUTCOMES, (LCT, *CONTROLS)),
    *(s for exhibit, mechanism in MECHANISMS.items() for s in _emissions(exhibit, EMISSIONS, (f"lct_imports{INTERACTION}{mechanism}", LCT, mechanism, *CONTROLS))),
    *_trade("table_11", "lct", (*GENDER, *DETERMINANTS)),
    *_trade("table_12", "mineral", (*GENDER, *DETERMINANTS)),
)
