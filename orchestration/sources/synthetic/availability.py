"""Which values of the World Bank's indicators are published in the synthetic world.

Economy-years are chosen by score, the best documented first, as many as the report's printed
numbers of observations require. The samples of the regressions and of table 3 are chosen first;
every variable is then published around them. The order of the draws is part of a world: a step
that draws earlier or later changes every number after it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from orchestration.sources.synthetic.calibration import (
    COVARIATE_YEARS,
    EXCHANGE_RATE_ONLY,
    FIRST_GOVERNANCE_YEARS,
    FIRST_TRADE,
    LAST_EMISSION_YEAR,
    PREDECESSORS,
    TRADE_YEARS,
    WITHOUT_WORLD_BANK_DATA,
)
from orchestration.sources.synthetic.draws import highest, lasting_trait
from orchestration.sources.synthetic.economies import CHINA, Economies, exists_in
from orchestration.sources.synthetic.printed import printed_moments, printed_observations

# Outcomes of these years are observed in every documented economy, so that none is left with a
# single row, which fixed effects would absorb.
CERTAIN_YEARS, CERTAIN = (2007, 2011), 99.0
GAP_IN = "gdp_growth"
GOVERNANCE = ("control_of_corruption", "political_stability", "regulatory_quality")
HAS_GOVERNANCE = np.isin(COVARIATE_YEARS, FIRST_GOVERNANCE_YEARS) | (COVARIATE_YEARS >= 2002)
HAS_EDUCATION = COVARIATE_YEARS >= 1998


def certainty(years: np.ndarray) -> np.ndarray:
    """What is added to the scores of years, so that those of CERTAIN_YEARS are chosen first."""
    return CERTAIN * np.isin(years, CERTAIN_YEARS)


# controls decide the outcomes of the year that follows
CERTAIN_CONTROLS = certainty(COVARIATE_YEARS + 1)


@dataclass(frozen=True)
class Samples:
    """The economy-years on which the report's tables rest, economy x year (1988-2022)."""

    controls: np.ndarray
    """A documented economy has all controls of tables 6 to 10."""
    complete: np.ndarray
    """A documented economy has all determinants of table 4."""
    traded: np.ndarray
    """Economy x year of trade (1992-2022): imports from China are not zero."""
    base: np.ndarray
    """The base sample of table 3: imports from China are not zero, and emissions are published."""


def invent_availability(
    rng: np.random.Generator, economies: Economies
) -> tuple[dict[str, np.ndarray], Samples, tuple[str, int, str]]:
    """Choose what is published.

    Returns, by variable of the panel, the economy-years (economy x year, 1988-2022) in which it is
    published; the samples; and the planted gap: economy, year and variable.
    """
    documentation = Documentation(rng, economies)
    samples = _choose_samples(documentation)
    publication = _Publication(documentation, samples)
    published = publication.of_national_accounts()
    published[GAP_IN], gap = publication.of_growth_with_a_gap()
    published |= publication.of_prices_and_tariffs()
    published |= publication.of_governance()
    published["compulsory_education"] = publication.of_education()
    published["aid_per_capita"] = publication.of_aid()
    published |= publication.of_emissions()
    published |= publication.of_emissions_by_source()
    return published, samples, gap


@dataclass(frozen=True)
class Documentation:
    """How well economy-years are documented; masks and scores are economy x year (1988-2022)."""

    rng: np.random.Generator
    economies: Economies

    @property
    def shape(self) -> tuple[int, int]:
        return len(self.economies), len(COVARIATE_YEARS)

    @property
    def documented(self) -> np.ndarray:
        """The documented economies, while they trade under their own code."""
        is_documented = np.broadcast_to(self.economies.is_documented[:, None], self.shape).copy()
        is_documented[self.economies.where(["CZE"])] = PREDECESSORS["CZE"][2] < COVARIATE_YEARS
        return is_documented

    @property
    def full(self) -> np.ndarray:
        """The documented economies in all years."""
        return np.broadcast_to(self.economies.is_documented[:, None], self.shape)

    @property
    def everywhere(self) -> np.ndarray:
        """All economies of the World Bank in all years."""
        listed = ~self.economies.where(WITHOUT_WORLD_BANK_DATA)
        return np.broadcast_to(listed[:, None], self.shape)

    def score(self, name: str, start: float = 0.0, holes: float = 0.5) -> np.ndarray:
        """Draw how well each economy-year is documented: by economy, better with time, with holes.

        `start` is the gain per year, `holes` the standard deviation of the noise.
        """
        return (
            lasting_trait(name, len(self.economies))
            + start * (COVARIATE_YEARS - 2005)
            + holes * self.rng.normal(size=self.shape)
        )


def _within(first: int, last: int) -> np.ndarray:
    return (first <= COVARIATE_YEARS) & (last >= COVARIATE_YEARS)


def _next_year(mask: np.ndarray) -> np.ndarray:
    """Shift a mask of controls at t-1 to the emissions at t that depend on them."""
    return np.concatenate([np.zeros((len(mask), 1), mask.dtype), mask[:, :-1]], axis=1)


# ---- samples ---------------------------------------------------------------------------------


def _choose_samples(documentation: Documentation) -> Samples:
    controls = _with_controls(documentation)
    complete = highest(
        documentation.score("complete", 0.02) + CERTAIN_CONTROLS,
        controls & HAS_GOVERNANCE,
        printed_observations()["table_4", 1],
    )
    economies = documentation.economies
    traded = _with_imports(economies, documentation.score("traded", 0.1, 0.3))
    base = np.zeros(documentation.shape, dtype=bool)
    base[:, FIRST_TRADE:] = traded & _with_emissions(economies)
    return Samples(controls, complete, traded, base)


def _with_controls(documentation: Documentation) -> np.ndarray:
    """Complete controls at t-1.

    Table 6, and table 8, which starts with the first year of governance, each have their printed N.
    """
    printed, documented = printed_observations(), documentation.documented
    controls = highest(
        documentation.score("controls") + CERTAIN_CONTROLS,
        documented & _within(1992, 2019) & HAS_GOVERNANCE,
        printed["table_8", 1],
    )
    controls |= highest(
        documentation.score("controls"),
        documented & _within(1992, 2019) & ~HAS_GOVERNANCE,
        printed["table_6", 1] - printed["table_8", 1],
    )
    # beyond the samples of emissions, as many a year as within them
    controls |= highest(
        documentation.score("controls"),
        documented & _within(2020, 2021),
        round(printed["table_8", 1] / 21 * 2),
    )
    return controls


def _with_emissions(economies: Economies) -> np.ndarray:
    """Economy x year of trade: where emissions are published."""
    return economies.has_emissions[:, None] & (TRADE_YEARS <= LAST_EMISSION_YEAR)


def _with_imports(economies: Economies, score: np.ndarray) -> np.ndarray:
    """Economy x year of trade: true where there are imports from China.

    Within the base sample there are as many as table 3 prints.
    """
    moments = printed_moments()
    score = (score + 2.0 * economies.frame["size"].to_numpy()[:, None])[:, FIRST_TRADE:]
    exists, with_emissions = exists_in(economies), _with_emissions(economies)
    documented = economies.is_documented[:, None] & exists
    count = int(moments.n["lct_imports_from_china_kusd"]) - int((documented & with_emissions).sum())
    chosen = highest(score, exists & with_emissions & ~documented, count)
    traded = documented | chosen | (exists & ~with_emissions & (score >= score[chosen].min()))
    traded[CHINA] = False
    return traded


# ---- variables -------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Publication:
    """Where each variable is published, given the samples."""

    documentation: Documentation
    samples: Samples

    def with_others(
        self,
        variable: str,
        among: np.ndarray,
        documented_rows: np.ndarray,
        name: str | None = None,
        start: float = 0.08,
        outside: bool = True,
    ) -> np.ndarray:
        """`documented_rows`, and as many rows of other economies as the variable's printed N needs.

        Outside the base sample a row is published if its score would suffice within it, or, with
        `outside` false, never.
        """
        documented, base = self.documentation.documented, self.samples.base
        count = int(printed_moments().n[variable]) - int((documented_rows & base).sum())
        scores = self.documentation.score(name or variable, start, 0.15)
        chosen = highest(scores, among & base & ~documented, count)
        threshold = scores[chosen].min() if outside else np.inf
        return documented_rows | chosen | (among & ~documented & ~base & (scores >= threshold))

    def of_national_accounts(self) -> dict[str, np.ndarray]:
        everywhere, full = self.documentation.everywhere, self.documentation.full
        published = {"population_growth": everywhere}
        for variable in (
            "ln_gdp",
            "ln_gdp_per_capita",
            "gross_domestic_savings",
            "domestic_credit",
            "trade_openness",
            "fdi_inflows",
        ):
            published[variable] = self.with_others(variable, everywhere, full)
        # reserves are a percentage of GDP
        published["total_reserves"] = self.with_others("total_reserves", published["ln_gdp"], full)
        return published

    def of_growth_with_a_gap(self) -> tuple[np.ndarray, tuple[str, int, str]]:
        """One value that no sample needs is withheld, between two years in which it is published.

        Returns the economy-years, and the gap: economy, year and variable.
        """
        full = self.documentation.full
        economy, place = np.argwhere(full & ~self.samples.controls & _within(1998, 2015))[0]
        iso3 = str(self.documentation.economies.frame.iso3[economy])
        rows = full.copy()
        rows[economy, place] = False
        return (
            self.with_others(GAP_IN, self.documentation.everywhere, rows),
            (iso3, int(COVARIATE_YEARS[place]), GAP_IN),
        )

    def of_prices_and_tariffs(self) -> dict[str, np.ndarray]:
        economies, full = self.documentation.economies, self.documentation.full
        everywhere, samples = self.documentation.everywhere, self.samples
        # of these economies, the last has no exchange rate before 1992
        rate_only = economies.where(EXCHANGE_RATE_ONLY)[:, None]
        too_early = economies.where(EXCHANGE_RATE_ONLY[-1:])[:, None] & (COVARIATE_YEARS < 1992)
        needs_no_tariff = samples.controls & HAS_GOVERNANCE & ~samples.complete
        return {
            "inflation": self.with_others("inflation", everywhere, full, start=0.03),
            "exchange_rate": full | (rate_only & ~too_early),
            "real_interest_rate": self.with_others(
                "real_interest_rate", everywhere & ~rate_only, samples.controls
            ),
            "tariff_weighted_mean": self.with_others(
                "tariff_weighted_mean", everywhere, full & ~needs_no_tariff
            ),
        }

    def of_governance(self) -> dict[str, np.ndarray]:
        among = self.documentation.everywhere & HAS_GOVERNANCE
        rows = self.documentation.full & HAS_GOVERNANCE
        return {variable: self.with_others(variable, among, rows) for variable in GOVERNANCE}

    @property
    def controls_of_emissions(self) -> np.ndarray:
        """Complete controls in the years that tables 6 to 10 use."""
        return self.samples.controls & _within(1992, 2019)

    def of_education(self) -> np.ndarray:
        educated = highest(
            self.documentation.score("education") + CERTAIN_CONTROLS,
            self.controls_of_emissions & HAS_EDUCATION,
            printed_observations()["table_7", 1],
        )
        outside_samples = self.documentation.full & ~self.samples.controls & HAS_EDUCATION
        return self.with_others(
            "compulsory_education",
            self.documentation.everywhere & HAS_EDUCATION,
            educated | outside_samples,
        )

    def of_aid(self) -> np.ndarray:
        """Aid is not published outside the base sample.

        Its mean and standard deviation are therefore the same in every world; the size of the
        interaction with imports depends on them.
        """
        recipients = self.documentation.economies.receives_aid[:, None]
        aided = highest(
            self.documentation.score("aid") + CERTAIN_CONTROLS,
            self.controls_of_emissions & recipients,
            printed_observations()["table_10", 1],
        )
        outside_samples = self.documentation.full & recipients & ~self.samples.controls
        return self.with_others(
            "aid_per_capita",
            self.documentation.everywhere,
            aided | outside_samples,
            start=-0.05,
            outside=False,
        )

    def emissions_until(self, last: int) -> np.ndarray:
        return self.documentation.economies.has_emissions[:, None] & _within(1990, last)

    def of_emissions(self) -> dict[str, np.ndarray]:
        emissions = self.emissions_until(LAST_EMISSION_YEAR)
        published = dict.fromkeys(("ln_co2_kt", "co2_tonnes_per_capita"), emissions)
        for variable in ("co2_kg_per_gdp_ppp", "co2_kg_per_gdp_ppp_2017"):
            published[variable] = self.with_others(
                variable, emissions, self.documentation.full & emissions, name="co2_kg_per_gdp_ppp"
            )
        return published

    def of_emissions_by_source(self) -> dict[str, np.ndarray]:
        """The two outcomes of table 6 that end early: within its sample, its printed N of each."""
        published = {}
        for variable, last, column in (
            ("ln_co2_liquid_fuel_kt", 2016, 5),
            ("co2_transport_share_of_fuel_combustion", 2014, 6),
        ):
            in_sample = _next_year(self.controls_of_emissions) & _within(1990, last)
            kept = highest(
                self.documentation.score(variable) + certainty(COVARIATE_YEARS),
                in_sample,
                printed_observations()["table_6", column],
            )
            published[variable] = self.emissions_until(last) & (kept | ~in_sample)
        return published
