"""How the tables are misread, and how not: what a reader of names and numbers alone gets wrong.

llms.txt and the codebook say it. A test holds the names of tables and columns to those published.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from orchestration.publishing.metadata.description import Description, Table

# columns of a key that hold the same trade, or the same question, once for each of their values
ALTERNATIVES = ("basis", "hs_treatment", "mineral_scope", "variant", "inference", "intra_eu_trade")


@dataclass(frozen=True)
class Misreading:
    """A sentence about some tables; `columns` are the names of columns that it uses."""

    tables: tuple[str, ...]
    sentence: str
    columns: tuple[str, ...] = ()


FLOWS = ("marts.fct_trade_flow", "marts.fct_trade_flow_variants", "marts.fct_trade_flow_monthly")
WORLD = ("marts.fct_world_trade", "marts.fct_world_trade_variants")
PANELS = ("marts.panel_country_year", "marts.panel_country_year_variants")
FIGURES = tuple(f"report.figure_{n}{end}" for n in (1, 2, 3, 4) for end in ("", "_variants"))
MISREADINGS = (
    Misreading(
        (*FLOWS, *WORLD),
        "Only the products of the two lists are here (marts.dim_product). A sum over all of them "
        "is trade in listed products, never an economy's total trade. Products with is_dual_use "
        "have sizeable other uses, and lithium compounds are in both lists: do not add the trade "
        "in low-carbon technology and in minerals.",
    ),
    Misreading(
        FLOWS,
        "A flow stands once, from exporter_iso3 to importer_iso3. Exports of an economy are the "
        "rows with it as exporter; adding exports and imports over all economies counts every "
        "flow twice.",
        ("exporter_iso3", "importer_iso3"),
    ),
    Misreading(
        (*FLOWS[:2], *WORLD),
        "Trade with the World is not the sum of the bilateral flows: it includes returned goods "
        "and what names no partner (unallocated_usd). Take one of the two, never their sum.",
    ),
    Misreading(
        FLOWS,
        "Imports as reported are CIF, exports and BACI's flows FOB (column valuation): levels of "
        "two bases differ by freight before anything else.",
        ("valuation",),
    ),
    Misreading(
        (*FLOWS, *WORLD),
        "Dollars are nominal. A change over years is one of prices and quantities; "
        "marts.price_index has the prices, net_weight_kg the weights.",
    ),
    Misreading(
        (*FLOWS, *WORLD),
        "A flow that has no row was not reported, or has not landed. It is not a zero, and a year "
        "with fewer landed products is no fall in trade (marts.audit_product_coverage).",
    ),
    Misreading(
        FLOWS,
        "A net weight may be the UN's estimate: weight_estimated_share says how much of it.",
        ("weight_estimated_share",),
    ),
    Misreading(
        ("marts.fct_trade_flow_monthly",),
        "Months are China's own reports, revised more than years and reaching further. Their sum "
        "is not the year's flow (marts.audit_monthly_sums).",
    ),
    Misreading(
        ("marts.dim_product", "marts.bridge_hs6_product"),
        "Codes of products are text with leading zeros. A code means its product only in its HS "
        "revision: go through marts.bridge_hs6_product, and do not join codes of two revisions.",
    ),
    Misreading(
        (*FIGURES, "report.table_2", "report.table_2_variants"),
        "One column value holds several measures in several units: filter measure before any "
        "arithmetic. Shares are in percent. products_landed says how much of the list a number "
        "rests on.",
        ("measure", "value", "unit", "products_landed"),
    ),
    Misreading(
        PANELS,
        "China is no row of the panel: it is the partner. x_lag1 is x one calendar year before, "
        "empty over a gap; x_lag1_z its z-score over fixed years (marts.run_choices).",
    ),
    Misreading(
        ("estimates.coefficients",),
        "An estimate is per standard deviation of the regressor a year before, in gravity per "
        "unit. Choose variant = 'report' and one inference for the report's own specification. "
        "With fixed effects it is an association within economies, not an effect.",
        ("variant", "inference"),
    ),
    Misreading(
        ("estimates.claims", "estimates.specification_curve"),
        "The verdict is of a written rule (docs/specification_curve.md): significance in one "
        "specification is not a finding that holds.",
    ),
    Misreading(
        ("estimates.scorecard", "report.published_coefficients", "report.published_comparison"),
        "Columns that begin with published are printed in the report; own is ours. A published "
        "number is never one of this warehouse.",
    ),
    Misreading(
        ("marts.supply_concentration", "marts.supply_dependence", "marts.supply_bottleneck"),
        "What is traded is not what is produced: an economy that uses what it makes is no "
        "supplier here. hhi runs from 0 to 1.",
        (),
    ),
    Misreading(
        ("marts.price_index",),
        "Choose one frequency, aggregate_kind, partner_group and formula. Levels of two chains "
        "do not compare: is_chained_break marks where one ends. Unit values of a code mix its "
        "varieties.",
        ("frequency", "aggregate_kind", "partner_group", "formula", "is_chained_break"),
    ),
)


def misreadings(description: Description) -> Iterator[Misreading]:
    """Those that concern the published tables, the tables with alternatives first."""
    published = {table.name for table in description.tables}
    by_choices: dict[tuple[str, ...], list[str]] = {}
    for table in description.tables:
        if choices := alternatives(table):
            by_choices.setdefault(choices, []).append(table.name)
    for choices, names in by_choices.items():
        yield Misreading(
            tuple(names),
            f"The same is there once for each value of {_listed(choices)}. Choose one value of "
            "each before summing, averaging or counting.",
            choices,
        )
    for misreading in MISREADINGS:
        if named := tuple(name for name in misreading.tables if name in published):
            yield Misreading(named, misreading.sentence, misreading.columns)


def alternatives(table: Table) -> tuple[str, ...]:
    """The columns of a table's key of which one value is to be chosen.

    None where the key has no others: such a table compares them.
    """
    of_sources = ("source",) if table.name.endswith("_variants") else ()
    found = tuple(name for name in table.key if name in (*ALTERNATIVES, *of_sources))
    return () if found == table.key else found


def _listed(names: tuple[str, ...]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last
