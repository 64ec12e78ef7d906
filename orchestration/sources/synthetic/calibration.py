"""The parameters of the synthetic world: who is in it, which facts it meets, how numbers behave.

This module holds constants only. Numbers that the report prints in its tables are not repeated:
they come from the seeds `published_*`. Given here is what the report does not print: which
economies are fully documented, and how a series moves between the printed years.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

COVARIATE_YEARS = np.arange(1988, 2023)
TRADE_YEARS = np.arange(1992, 2023)
# index of the first year of trade among the years of covariates
FIRST_TRADE = int(TRADE_YEARS[0] - COVARIATE_YEARS[0])
LAST_EMISSION_YEAR = 2020
FIRST_GOVERNANCE_YEARS = (1996, 1998, 2000)  # every second year, then yearly from 2002


def _codes(text: str) -> list[str]:
    return text.split()


# Names are real and roughly in order of size; the position sets the size of the invented economy.
# China trades with all of them.
PARTNERS = _codes("""
USA JPN DEU GBR FRA BRA IND ITA RUS CAN KOR AUS ESP MEX IDN NLD TUR SAU CHE SWE TWN ARG POL BEL IRN
NGA NOR THA AUT ARE ZAF DNK COL MYS SGP ISR HKG PHL IRL PAK EGY CHL FIN VNM GRC PRT CZE DZA ROU BGD
IRQ PER NZL KAZ VEN QAT HUN KWT UKR MAR AGO PRI SVK ECU CUB OMN LKA DOM UZB KEN LBY LUX MMR BLR GTM
HRV URY BGR ETH AZE CRI GHA PAN SVN LBN SRB TZA CIV TUN MAC LTU SDN JOR PRY COD TKM BHR CMR YEM BOL
UGA LVA SYR EST TTO NPL ZMB CYP KHM SLV ZWE PNG HND SEN ISL AFG BIH MLI GEO GAB GNQ TCD JAM BWA MOZ
BRN COG HTI PSE BFA ALB LAO MUS NAM MDG BEN MLT NIC MNG BHS ARM MKD NER MWI MDA GIN RWA TJK KGZ MRT
LIE SLE TGO BRB SOM MNE FJI SWZ SUR GUY MDV AND LBR BDI LSO BTN BLZ DJI CAF CPV ERI LCA GMB ATG TLS
SYC SLB GNB COM GRD KNA WSM VUT VCT DMA TON FSM STP PLW KIR MHL NRU TUV
""")
WITHOUT_EMISSIONS = _codes("TWN HKG PRI MAC PSE")
WITHOUT_WORLD_BANK_DATA = _codes("TWN")
# The economies whose sixteen determinants are documented well enough for the regressions, and
# among these the recipients of aid.
DOCUMENTED = _codes("""
SGP BLZ SLB MYS COL URY BOL ZAF PHL BDI GMB HUN PRY ISL DZA BHS CZE BHR ROU BGR MEX FJI RUS CAN NIC
DOM PAK CRI SWE LSO DMA GEO UKR ARM WSM MDA SLE COD ZMB MLT MKD CHE UGA ISR GUY NOR NZL HRV EGY KEN
LKA THA JOR MAR TUN ALB CIV
""")
AID_RECIPIENTS = _codes("""
BLZ SLB COL BOL ZAF PHL BDI GMB PRY DZA FJI NIC DOM PAK CRI LSO DMA GEO UKR ARM WSM MDA SLE COD ZMB
MKD UGA GUY EGY KEN LKA MAR TUN ALB CIV JOR URY HRV BHS MLT
""")
# Economies with an effective exchange rate but no real interest rate: mostly advanced economies,
# and never a complete case.
EXCHANGE_RATE_ONLY = _codes("""
USA JPN DEU GBR FRA ITA AUS ESP NLD BEL AUT DNK IRL FIN GRC PRT LUX SVK CYP POL CHL SAU
""")
# the former state (ISO, UN Comtrade's code) under which an economy's trade is reported, and the
# last year in which it is
PREDECESSORS = {
    "BEL": ("BLX", 58, 1998),
    "LUX": ("BLX", 58, 1998),
    "SRB": ("SCG", 891, 2005),
    "MNE": ("SCG", 891, 2005),
    "CZE": ("CSK", 200, 1992),
    "SVK": ("CSK", 200, 1992),
}
DEVELOPMENT = {
    "High income": 0.8,
    "Upper middle income": 0.0,
    "Lower middle income": -0.8,
    "Low income": -1.6,
}


@dataclass(frozen=True)
class Course:
    """How a variable of the panel behaves, in its own unit.

    In the documented economies: `centre`, the spread `between` them and the spread `within` them
    from year to year (with `persistence`). In all others the distribution follows from the printed
    mean and standard deviation and from `skew` and `tail`, the g and h of Tukey's g-and-h
    distribution, which are set so that the printed minimum and maximum are met too. `development`
    (or, for `by_size`, the size) orders the economies.
    """

    centre: float
    between: float
    within: float
    persistence: float = 0.5
    skew: float = 0.0
    tail: float = 0.0
    development: float = 0.0
    by_size: bool = False
    trend: float = 0.0
    unrest: float = 0.8
    """In the other economies: year-to-year movement relative to the lasting traits."""
    spikes: float = 0.0
    """In the other economies: the share of years that are isolated peaks, far above all others."""


COURSES: dict[str, Course] = {
    "ln_gdp": Course(23.4, 1.8, 0.062, by_size=True, trend=0.055),
    "gdp_growth": Course(3.6, 0.8, 1.14, 0.3, development=-0.3, skew=0.284, tail=0.316),
    "ln_gdp_per_capita": Course(9.2, 0.8, 0.03, development=1.0, trend=0.018),
    "gross_domestic_savings": Course(20.0, 6.0, 1.88, development=0.5, skew=-0.134, tail=0.026),
    "domestic_credit": Course(48.0, 18.0, 8.9, development=0.8, skew=0.98),
    "inflation": Course(
        6.0, 1.5, 0.9, 0.3, development=-0.4, skew=1.92, unrest=0.12, spikes=0.0012
    ),
    "real_interest_rate": Course(6.0, 2.0, 3.0, 0.3, skew=0.085, tail=0.186),
    "total_reserves": Course(15.0, 5.0, 1.76, skew=0.92),
    "trade_openness": Course(0.62, 0.15, 0.054, skew=0.676),
    "population_growth": Course(1.2, 0.6, 0.23, development=-0.5, tail=0.206),
    "tariff_weighted_mean": Course(7.0, 1.5, 1.25, development=-0.5, skew=1.248, tail=0.292),
    "control_of_corruption": Course(-0.05, 0.7, 0.073, development=0.8, skew=0.127),
    "political_stability": Course(-0.05, 0.7, 0.12, development=0.7, skew=-0.221),
    "regulatory_quality": Course(0.0, 0.65, 0.071, development=0.8),
    "compulsory_education": Course(9.4, 1.4, 0.45, development=0.3, skew=0.097),
    "fdi_inflows": Course(4.0, 1.5, 1.9, 0.2, skew=0.564, tail=0.26),
    "aid_per_capita": Course(24.0, 10.0, 3.0, skew=0.938, tail=0.009),
    "ln_co2_kt": Course(9.6, 1.6, 0.0, by_size=True),
    "co2_tonnes_per_capita": Course(5.4, 1.6, 0.0, development=0.6, skew=1.188),
    "co2_kg_per_gdp_ppp": Course(0.40, 0.08, 0.0, development=-0.1, skew=1.085),
    "co2_kg_per_gdp_ppp_2017": Course(0.31, 0.06, 0.0, development=-0.1, skew=0.993),
}
# up to this year (1995) inflation in the documented economies is higher: mean and standard
# deviation of what is added to it
WIDE_INFLATION = (1995, 28.0, 34.0)
EXCHANGE_RATE = Course(100.0, 3.0, 3.7, 0.3)

# indicators without a printed mean: parameters as above, but for all economies
OTHER_COURSES: dict[str, Course] = {
    "female_employers": Course(2.2, 0.8, 0.17, 0.5),
    "female_employment": Course(47.0, 10.0, 0.3, 0.5),
    "female_employment_industry": Course(15.0, 4.0, 0.5, 0.5),
    "female_employment_services": Course(60.0, 12.0, 0.6, 0.5, development=0.8),
    "female_labour_participation": Course(52.0, 9.0, 0.2, 0.5),
    "female_to_male_participation": Course(72.0, 10.0, 0.4, 0.5),
    "n2o_kt_co2e": Course(9000.0, 3000.0, 500.0, 0.8, by_size=True),
    "methane_kt_co2e": Course(24000.0, 8000.0, 1200.0, 0.8, by_size=True),
    "pm25_mean_exposure": Course(26.0, 8.0, 1.0, 0.9, development=-0.8),
    "ln_co2_liquid_fuel_kt": Course(8.4, 1.6, 0.0, by_size=True),
    "co2_transport_share_of_fuel_combustion": Course(25.0, 7.0, 0.0),
}
# so that a variable added to seeds/variables.csv has numbers in the demo too
ANY_OTHER_INDICATOR = Course(50.0, 10.0, 2.0, 0.8)

# ---- trade -----------------------------------------------------------------------------------

# World exports of low-carbon technology (billion USD), and the ratio of world imports to world
# exports, interpolated linearly between the years (values: in logarithms). The report prints 1992
# and 2022; the years between keep its sector values and the means of table 3 consistent.
WORLD_EXPORTS = {
    1992: 71,
    2001: 185,
    2004: 275,
    2007: 470,
    2010: 560,
    2015: 620,
    2019: 730,
    2020: 750,
    2021: 930,
    2022: 1119,
}
IMPORTS_OVER_EXPORTS = {1992: 0.98, 2007: 0.96, 2022: 0.974}
# percent of world exports and of world imports
CHINA_IN_EXPORTS = {
    1992: 1.1,
    2001: 5.4,
    2004: 10.8,
    2007: 12.2,
    2010: 13.6,
    2015: 16.6,
    2020: 19.6,
    2021: 21.4,
    2022: 22.8,
}
CHINA_IN_IMPORTS = {1992: 5.1, 2001: 8.5, 2007: 14.3, 2011: 13.6, 2015: 12.2, 2020: 9.8, 2022: 8.6}
# the report prints 93.8 for 1992, but then the three groups sum to 101.3
HIGH_INCOME_IN_EXPORTS = {1992: 92.5, 2007: 81.4, 2022: 62.0}
HIGH_INCOME_IN_IMPORTS = {1992: 74.1, 2007: 71.9, 2022: 69.3}
# percent of China's exports by destination (table 2; for 2007 the values of the upper middle and
# the low income group are assumed to be swapped in print)
TO_INCOME_GROUP = {
    "High income": {1992: 63.8, 2007: 79.6, 2022: 70.1},
    "Upper middle income": {1992: 13.7, 2007: 12.9, 2022: 15.9},
    "Lower middle income": {1992: 21.5, 2007: 7.0, 2022: 13.6},
    "Low income": {1992: 1.0, 2007: 0.5, 2022: 0.5},
}
TO_REGION = {
    "East Asia & Pacific": {1992: 61.4, 2007: 50.9, 2022: 30.8},
    "Europe & Central Asia": {1992: 10.0, 2007: 24.4, 2022: 37.0},
    "Latin America & Caribbean": {1992: 0.8, 2007: 4.4, 2022: 6.9},
    "Middle East & North Africa": {1992: 4.4, 2007: 2.3, 2022: 4.7},
    "North America": {1992: 6.7, 2007: 13.2, 2022: 13.1},
    "South Asia": {1992: 16.1, 2007: 3.5, 2022: 5.3},
    "Sub-Saharan Africa": {1992: 0.6, 2007: 1.3, 2022: 2.2},
}
# ores and concentrates, billion USD: China's imports as reported by its customs, its exports, and
# world exports
CHINA_ORE_IMPORTS = {
    1992: 2,
    2002: 9,
    2007: 58,
    2011: 155,
    2015: 95,
    2018: 120,
    2020: 155,
    2022: 170,
}
CHINA_ORE_EXPORTS = {1992: 0.17, 2003: 0.4, 2007: 1.5, 2008: 2.8, 2009: 0.5, 2015: 0.65, 2022: 0.9}
WORLD_ORE_EXPORTS = {1992: 14, 2002: 22, 2007: 115, 2011: 260, 2015: 165, 2020: 245, 2022: 280}
# elasticity of the share to GDP, and the economies that trade more or less with China than their
# size alone would suggest (factors)
AFFINITY = {
    "lct_imports_from_china": (
        0.85,
        {"HKG": 46, "CAN": 0.3, "USA": 2.3, "MAC": 0.2, "NLD": 2.5, "DEU": 2.5, "IND": 0.8},
    ),
    "lct_exports_to_china": (1.0, {"JPN": 5.8, "KOR": 15, "TWN": 13, "DEU": 3.0, "USA": 0.55}),
    "mineral_imports_from_china": (0.8, {"JPN": 26, "KOR": 8, "USA": 0.8, "TWN": 2}),
    "mineral_exports_to_china": (
        0.7,
        {
            "AUS": 90,
            "BRA": 26,
            "CHL": 42,
            "PER": 34,
            "IND": 4,
            "IDN": 8,
            "USA": 0.12,
            "JPN": 0.02,
            "DEU": 0.02,
            "FRA": 0.02,
            "GBR": 0.02,
            "ITA": 0.02,
            "HKG": 0.01,
            "KOR": 0.02,
        },
    ),
}
# The share of the documented economies in each total. Of a region's low-carbon imports they have
# at most this part of the smallest share that table 2 prints.
LARGEST_PART_OF_REGION = 0.75
DOCUMENTED_SHARE = {
    "lct_imports_from_china": 0.40,
    "lct_exports_to_china": 0.07,
    "mineral_imports_from_china": 0.12,
    "mineral_exports_to_china": 0.14,
}
# of the documented economies' shares to their GDP: no single one of them dominates the sample
ELASTICITY_OF_DOCUMENTED = 0.3
# an aid recipient's low-carbon imports, relative to what its size suggests
SHARE_OF_RECIPIENTS = 0.45
FIRST_ESTIMATED_YEAR = 1997  # of the trade equations: one year after governance is first published
# standard deviation of ln trade around its course in economies that are not documented
NOISE_OF_OTHERS = 0.2

# ---- products --------------------------------------------------------------------------------

# percent of world exports and of China's exports by sector; the sectors not named here divide the
# rest in fixed proportions
WORLD_SECTORS = {
    "power_generation": {
        1992: 24,
        2001: 30,
        2004: 36,
        2007: 34,
        2015: 30,
        2019: 29,
        2021: 30.5,
        2022: 25.1,
    },
    "energy_storage": {1992: 4.5, 2001: 4.9, 2015: 7, 2020: 11, 2022: 16.5},
    "transport": {1992: 0.03, 2016: 0.02, 2017: 5.9, 2020: 11, 2022: 20.2},
}
CHINA_SECTORS = {
    "power_generation": {
        1992: 20,
        2001: 38,
        2004: 47,
        2007: 46,
        2015: 44,
        2019: 46,
        2021: 47.2,
        2022: 34.2,
    },
    "energy_storage": {1992: 8, 2001: 10, 2015: 9.7, 2020: 13.6, 2022: 22.7},
    "transport": {1992: 0.02, 2016: 0.02, 2017: 1.0, 2020: 3.0, 2022: 11.4},
}
OTHER_SECTORS = {
    "buildings": 0.24,
    "pollution_control": 0.34,
    "household_appliances": 0.12,
    "environmental_monitoring": 0.30,
}
SECTORS = (*WORLD_SECTORS, *OTHER_SECTORS)
# trade in mineral products beyond ores and concentrates, as a fraction of another flow
OTHER_STAGES = {"lct_imports_from_china": 0.12, "mineral_exports_to_china": 0.5}
COMTRADE_REVISIONS = {
    1992: "H0",
    1996: "H1",
    2002: "H2",
    2007: "H3",
    2012: "H4",
    2017: "H5",
    2022: "H6",
}
BACI_REVISIONS = {1995: "92", 2002: "02", 2017: "17"}
FULL_TRADER = "USA"  # trades every product, so that every code of a list lands in every year


@dataclass(frozen=True)
class Scale:
    """How much of the world is written to files.

    The indicators and China's trade totals are the same at every scale.
    """

    name: str
    breadth: float
    """How many products an economy trades, relative to the report scale."""
    third_countries: int
    """How many of the largest economies trade with each other in BACI; all trade with China."""
    every_code: bool = False
    """BACI with every economy pair and all six-digit codes, as many rows as are asked for."""


SCALES = {
    "small": Scale("small", 0.15, 6),
    "report": Scale("report", 1.0, 20),
    "baci": Scale("baci", 1.0, 20, every_code=True),
}
