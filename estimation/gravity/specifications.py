"""The columns of the gravity exhibits, and the variants of them.

Every column is a Poisson regression of the trade of exporter i with importer j in year t, in levels
and with its zeros, on

    exporter-year and importer-year effects       (Anderson and van Wincoop 2003)
    distance and ties of the pair, or in the three-way columns pair effects
    what the groups of both sides say about a pair beyond the effects of each side

There are three groups: China, high income, all others. Effects of a side in a year absorb China as
an exporter and as an importer altogether; without domestic trade nothing can tell how much China
exports, only to whom. Of the eight pairs of groups that trade, those effects leave three contrasts:

    china_to_high_income    China's exports to high-income economies, relative to those to others
    high_income_to_china    China's imports from high-income economies, relative to the others'
    within_high_income      trade of high-income economies with each other

each beside the trade of economies that are neither. With a period in their name they hold in its
years alone; in three-way columns the period 2002-2007 is the one compared with, because the pair
effects absorb what is the same in all years.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from estimation.inference import BILATERAL_KINDS
from estimation.reasons import LANGUAGES, Reason, Words, because
from estimation.specifications import VARIANTS, Specification, Variant

BASIS = "reconciled"  # the only one with trade between others
TWO_WAY = ("exporter_year", "importer_year")
THREE_WAY = (*TWO_WAY, "pair")
# term -> the column of marts.dim_economy_pair
OF_THE_PAIR = {
    "ln_distance": "distance_km",
    "contiguity": "is_contiguous",
    "common_language": "has_common_official_language",
    "colonial_link": "had_colonial_link",
}
# term -> groups of exporter and importer
CONTRASTS = {
    "china_to_high_income": ("China", "High income"),
    "high_income_to_china": ("High income", "China"),
    "within_high_income": ("High income", "High income"),
}
PERIODS = ((1995, 2001), (2002, 2007), (2008, 2012), (2013, 2017), (2018, 2023))
PERIOD_COMPARED_WITH = (2002, 2007)
SECTORS = (
    "buildings",
    "energy_storage",
    "environmental_monitoring",
    "household_appliances",
    "pollution_control",
    "power_generation",
    "transport",
)


@dataclass(frozen=True)
class GroupTerm:
    """A contrast of groups, in the years of a period; None: in all years."""

    contrast: str
    period: tuple[int, int] | None = None

    @property
    def name(self) -> str:
        return "_".join([self.contrast, *(str(year) for year in self.period or ())])


GROUP_TERMS = {
    term.name: term
    for contrast in CONTRASTS
    for term in (GroupTerm(contrast), *(GroupTerm(contrast, period) for period in PERIODS))
}


@dataclass(frozen=True)
class GravitySpecification(Specification):
    """One column of one gravity exhibit.

    sector          of low-carbon technology; None: the whole product list
    """

    sector: str | None = None

    @property
    def printed_inference(self) -> str:
        return "cluster_pair"

    @property
    def caption(self) -> Reason:
        return because(
            "table_label",
            "gravity_caption",
            number=self.exhibit.removeprefix("gravity_"),
            title=Reason("table_title", self.exhibit),
        )

    def note_on_terms(self, panel_years: tuple[int, int]) -> Reason:
        return because("table_label", "gravity_terms")

    @property
    def note_on_variant(self) -> Reason:
        return because("table_label", "gravity_variant", variant=Reason("variant", self.variant))

    def sentences(self, standardisation_years: tuple[int, int]) -> tuple[Reason, ...]:
        formula, *_ = super().sentences(standardisation_years)
        return (
            formula,
            because(
                "specification",
                "bilateral",
                first_year=self.first_year,
                last_year=self.last_year,
            ),
            because(
                "specification",
                "trade",
                hs_treatment=self.hs_treatment,
                mineral_scope=self.mineral_scope,
            ),
        )


def _column(
    exhibit: str,
    column: int,
    product_list: str,
    terms: Iterable[str],
    effects: tuple[str, ...] = TWO_WAY,
    sector: str | None = None,
) -> GravitySpecification:
    return GravitySpecification(
        exhibit,
        column,
        f"{product_list}_trade" if sector is None else f"{sector}_trade",
        tuple(terms),
        estimator="gravity",
        effects=effects,
        inference=BILATERAL_KINDS,
        first_year=PERIODS[0][0],
        last_year=PERIODS[-1][1],
        basis=BASIS,
        product_lists=((product_list, 0),),
        measured_by=(),
        sector=sector,
    )


def _by_period(*left_out: tuple[int, int]) -> list[str]:
    return [
        GroupTerm(contrast, period).name
        for contrast in CONTRASTS
        for period in PERIODS
        if period not in left_out
    ]


def _of_list(exhibit: str, product_list: str) -> list[GravitySpecification]:
    """Distance, ties and groups; the groups by period; and the same with pair effects."""
    changes = _by_period(PERIOD_COMPARED_WITH)
    return [
        _column(exhibit, 1, product_list, (*OF_THE_PAIR, *CONTRASTS)),
        _column(exhibit, 2, product_list, (*OF_THE_PAIR, *_by_period())),
        _column(exhibit, 3, product_list, changes, THREE_WAY),
    ]


# the columns as they are, without any variant's change
PLAIN_SPECIFICATIONS: tuple[GravitySpecification, ...] = (
    *_of_list("gravity_1", "lct"),
    *_of_list("gravity_2", "mineral"),
    *(
        _column("gravity_3", column, "lct", (*OF_THE_PAIR, *CONTRASTS), sector=sector)
        for column, sector in enumerate(SECTORS, 1)
    ),
    *(
        _column("gravity_4", column, "lct", _by_period(PERIOD_COMPARED_WITH), THREE_WAY, sector)
        for column, sector in enumerate(SECTORS, 1)
    ),
)


def _bias_corrected(s: Specification) -> Specification:
    return replace(s, estimator="gravity_corrected") if "pair" in s.effects else s


def _without_dual_use(s: Specification) -> Specification:
    if not s.concerns("lct"):
        return s
    product_list = "lct_without_dual_use"
    return replace(s, outcome=f"{product_list}_trade", product_lists=((product_list, 0),))


BIAS_CORRECTED = Variant("bias_corrected", _bias_corrected)
# of the lists as a whole; the second column, with most terms, is left out: it takes longest
_OF_THE_LISTS = (
    Variant("without_dual_use", _without_dual_use),
    *(v for v in VARIANTS if v.name in ("as_reported", "strict", "all_stages")),
)
GRAVITY_VARIANTS = (BIAS_CORRECTED, *_OF_THE_LISTS)


def _all() -> Iterator[GravitySpecification]:
    """Each column with its corrected form right after it: they share their fit."""
    for s in PLAIN_SPECIFICATIONS:
        variants = (BIAS_CORRECTED,) if s.sector or s.column == 2 else GRAVITY_VARIANTS
        yield s
        for variant in variants:
            for changed in variant.of([s]):
                assert isinstance(changed, GravitySpecification)
                yield replace(changed, inference=BILATERAL_KINDS)


GRAVITY_SPECIFICATIONS: tuple[GravitySpecification, ...] = tuple(_all())


def labels(words: Words) -> dict[str, tuple[str, str]]:
    """The English and Chinese names of the terms and outcomes of gravity."""

    def both(reason: Reason, after: str = "") -> tuple[str, str]:
        english, chinese = (words.text(reason, language) + after for language in LANGUAGES)
        return english, chinese

    outcomes = {s.outcome for s in GRAVITY_SPECIFICATIONS}
    return (
        {name: both(Reason("gravity_term", name)) for name in OF_THE_PAIR}
        | {
            name: both(
                Reason("gravity_term", term.contrast),
                ", {}–{}".format(*term.period) if term.period else "",
            )
            for name, term in GROUP_TERMS.items()
        }
        | {name: both(Reason("gravity_outcome", name)) for name in sorted(outcomes)}
    )
