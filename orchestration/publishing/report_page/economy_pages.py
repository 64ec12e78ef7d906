"""A page per economy: trade with China, minerals, dependence, the panel, and the regressions.

Each part is read for all economies at once; a page takes its rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from orchestration.durable import sql_name
from orchestration.publishing.report_page.claims import influence_rows, influence_table
from orchestration.publishing.report_page.figures import Cell, Figure, Panel, Series, Table
from orchestration.publishing.report_page.publication import CHINA, Economy, Publication
from orchestration.publishing.report_page.wording import (
    Text,
    is_missing,
    joined,
    money,
    number,
    percent,
    significant,
    word,
)

# a year counts as the latest only if half as many economies report it as report the fullest
COMPLETE_SHARE = 0.5
Rows = Mapping[str, Sequence[tuple[Any, ...]]]


@dataclass(frozen=True)
class EconomyPage:
    """What the page of an economy shows, in its order."""

    economy: Economy
    facts: list[tuple[Text, Text]]
    parts: list[Figure | Table]


def latest_complete_year(published: Publication) -> int | None:
    """The newest year of world trade that most economies have reported."""
    found = published.rows(
        "select year, count(distinct economy_iso3) from marts.fct_world_trade group by year"
    )
    fullest = max((n for _, n in found), default=0)
    return max((year for year, n in found if n >= COMPLETE_SHARE * fullest), default=None)


def economy_pages(published: Publication) -> Iterator[EconomyPage]:
    """The pages of all economies that trade listed products."""
    if not published.economies:
        return
    year = latest_complete_year(published)
    trade = published.grouped(TRADE.format(where="true"))
    of_china = published.rows(TRADE_OF_CHINA)
    chains = published.grouped(CHAINS.format(year=year, where="true")) if year else {}
    dependence = published.grouped(DEPENDENCE.format(where="true"))
    panel = {r["iso3"]: r for r in published.records(_panel_sql(published, "true"))}
    residuals = published.grouped(RESIDUALS.format(where="true"))
    influence = influence_rows(published, "economy")
    for iso3, economy in published.economies.items():
        of_trade = of_china if iso3 == CHINA else trade.get(iso3, [])
        yield EconomyPage(
            economy,
            _facts(published, economy, of_trade),
            [
                _trade(published, economy, of_trade),
                _chains(published, economy, chains.get(iso3, []), year),
                _dependence(published, economy, dependence.get(iso3, [])),
                _panel(published, economy, panel.get(iso3)),
                _residuals(published, economy, residuals.get(iso3, [])),
                influence_table(
                    published,
                    "economy",
                    iso3,
                    influence.get(iso3, []),
                    word("empty_residuals_china" if iso3 == CHINA else "empty_influence_economy"),
                ),
            ],
        )


def _where(economy: Economy, column: str = "iso3") -> str:
    """Its own rows; the code is one of the warehouse's, of letters and digits alone."""
    return f"{column} = '{economy.iso3.replace(chr(39), chr(39) * 2)}'"


def _facts(
    published: Publication, economy: Economy, trade: Sequence[tuple[Any, ...]]
) -> list[tuple[Text, Text]]:
    facts = [
        (word("region"), economy.region),
        (word("income_group"), economy.income_group),
        (word("group"), economy.country_group),
    ]
    years = {row[2] for row in trade}
    if years:
        year = max(years)
        for direction in ("import", "export"):
            usd = sum(float(row[3]) for row in trade if row[0] == direction and row[2] == year)
            code = f"fact_{direction}_world" if economy.iso3 == CHINA else f"fact_{direction}"
            facts.append((word(code, year=year), money(usd)))
    return facts


# ---- trade with China ----------------------------------------------------------------------------

TRADE = """
select
    if(flows.exporter_iso3 = 'CHN', flows.importer_iso3, flows.exporter_iso3) as iso3,
    if(flows.exporter_iso3 = 'CHN', 'import', 'export') as direction,
    products.sector as series,
    flows.year as x,
    cast(sum(flows.value_usd) as double) as value
from marts.fct_trade_flow as flows
inner join marts.dim_product as products using (product_code)
where
    (flows.exporter_iso3 = 'CHN' or flows.importer_iso3 = 'CHN')
    and products.is_low_carbon
    and {where}
group by all
order by all
""".strip()
TRADE_OF_CHINA = """
select
    world.flow as direction,
    products.sector as series,
    world.year as x,
    cast(sum(world.value_usd) as double) as value
from marts.fct_world_trade as world
inner join marts.dim_product as products using (product_code)
where world.economy_iso3 = 'CHN' and products.is_low_carbon
group by all
order by all
""".strip()


def _trade(published: Publication, economy: Economy, rows: Sequence[tuple[Any, ...]]) -> Figure:
    is_china = economy.iso3 == CHINA
    titles = ("imports_from_world", "exports_to_world") if is_china else ("imports", "exports")
    either = f"'{economy.iso3}' in (flows.exporter_iso3, flows.importer_iso3)"
    return Figure(
        anchor="trade",
        title=word("economy_trade_of_china" if is_china else "economy_trade"),
        panels=[
            Panel("bars", "usd", word(title), {"direction": direction})
            for title, direction in zip(titles, ("import", "export"), strict=True)
        ],
        columns=("direction", "series", "x", "value"),
        rows=rows,
        series=published.sectors,
        has_slider=True,
        sql=TRADE_OF_CHINA if is_china else TRADE.format(where=either),
        source=published.source("bilateral"),
        x_label=word("year"),
        series_label=word("sector"),
        caveats=[word("caveat_list"), word("caveat_revisions")],
        empty=word("empty_economy_trade"),
    )


# ---- minerals ------------------------------------------------------------------------------------

CHAINS = """
with
    traded as (
        select
            world.economy_iso3 as iso3,
            products.transition_mineral as mineral,
            products.mineral_stage as stage,
            sum(if(world.flow = 'export', world.value_usd, 0)) as exports_usd,
            sum(if(world.flow = 'import', world.value_usd, 0)) as imports_usd
        from marts.fct_world_trade as world
        inner join marts.dim_product as products using (product_code)
        where products.transition_mineral is not null and world.year = {year}
        group by all
    ),
    placed as (
        select
            *,
            exports_usd / nullif(sum(exports_usd) over same_market, 0) as share_of_exports,
            imports_usd / nullif(sum(imports_usd) over same_market, 0) as share_of_imports
        from traded
        window same_market as (partition by mineral, stage)
    )
select
    iso3,
    mineral,
    stage,
    cast(exports_usd as double) as exports_usd,
    cast(share_of_exports as double) as share_of_exports,
    cast(imports_usd as double) as imports_usd,
    cast(share_of_imports as double) as share_of_imports
from placed
where {where}
order by iso3, mineral, stage
""".strip()


def _chains(
    published: Publication,
    economy: Economy,
    rows: Sequence[tuple[Any, ...]],
    year: int | None,
) -> Table:
    order = ("ore", "intermediate", "refined")
    cells: list[list[Cell | Text]] = []
    for mineral, stage, exports, of_exports, imports, of_imports in sorted(
        rows, key=lambda r: (r[0], order.index(r[1]) if r[1] in order else 9)
    ):
        link = f"../mineral/{mineral}.html"
        name = joined([published.name("mineral", mineral), word(f"stage_{stage}")], ", ", "，")
        cells.append(
            [
                Cell(name, None, link, is_number=False),
                Cell(money(exports), exports),
                Cell(percent(of_exports), of_exports),
                Cell(money(imports), imports),
                Cell(percent(of_imports), of_imports),
                _position(exports, imports),
            ]
        )
    return Table(
        anchor="minerals",
        title=word("economy_minerals"),
        lead=word("lead_economy_minerals", year=year),
        heads=[
            word("mineral"),
            word("exports"),
            word("share_of_world_exports"),
            word("imports"),
            word("share_of_world_imports"),
            word("position"),
        ],
        rows=cells,
        sql=CHAINS.format(year=year or "null", where=_where(economy)),
        source=published.source("world"),
        caveats=[word("caveat_traded")],
        empty=word("empty_economy_minerals"),
    )


def _position(exports: float, imports: float) -> Text:
    if exports > 2 * imports:
        return word("position_supplier")
    return word("position_user" if imports > 2 * exports else "position_both")


# ---- dependence ----------------------------------------------------------------------------------

DEPENDENCE = """
select
    economy_iso3 as iso3,
    market_kind || ' ' || market as item,
    case when largest_supplier_iso3 = 'CHN' then 'china' else 'other' end as series,
    year as x,
    top_1_share as value,
    largest_supplier_iso3 as note
from marts.supply_concentration
where
    side = 'import'
    and intra_eu_trade = 'kept'
    and mineral_stage = 'all'
    and market_kind in ('mineral', 'technology')
    and top_1_share is not null
    and year = (select max(year) from marts.supply_concentration where side = 'import')
    and {where}
order by iso3, value desc, item
""".strip()


def _dependence(
    published: Publication, economy: Economy, rows: Sequence[tuple[Any, ...]]
) -> Figure:
    markets = {row[0]: _market(published, row[0]) for row in rows}
    suppliers = {row[4]: published.economy_name(row[4]) for row in rows}
    return Figure(
        anchor="dependence",
        title=word("economy_dependence"),
        lead=word("lead_economy_dependence"),
        panels=[Panel("ranked", "share")],
        columns=("item", "series", "x", "value", "note"),
        rows=rows,
        series={
            "china": Series(word("largest_is_china"), 1),
            "other": Series(word("largest_is_other"), 2),
        },
        names=markets | suppliers,
        sql=DEPENDENCE.format(where=_where(economy, "economy_iso3")),
        source=published.source("reconciled"),
        x_label=word("year"),
        series_label=word("largest_supplier"),
        caveats=[word("caveat_traded"), word("caveat_reconciled")],
        empty=word("empty_economy_dependence"),
    )


def _market(published: Publication, item: str) -> Text:
    """A mineral, or a technology of a sector: technologies of one name are in several."""
    kind, _, code = item.partition(" ")
    if kind == "mineral":
        return published.name("mineral", code)
    sector, _, technology = code.partition("/")
    names = [published.name("sector", sector), published.name("technology", technology)]
    return joined(names, ": ", "：")


# ---- panel ---------------------------------------------------------------------------------------


def _panel_sql(published: Publication, where: str) -> str:
    columns = ",\n    ".join(
        f"arg_max({sql_name(v)}, year) as {sql_name(v)}, "
        f"max(year) filter ({sql_name(v)} is not null) as {sql_name(v + ' year')}, "
        f"count({sql_name(v)}) as {sql_name(v + ' years')}"
        for v in published.variables
    )
    return f"""
select
    iso3,
    {columns}
from marts.panel_country_year
where {where}
group by iso3
""".strip()


def _panel(published: Publication, economy: Economy, found: Mapping[str, Any] | None) -> Table:
    rows: list[list[Cell | Text]] = []
    missing: list[Text] = []
    for variable, label in published.variables.items() if found else ():
        assert found is not None
        value, year, years = (found[variable + suffix] for suffix in ("", " year", " years"))
        if is_missing(value):
            missing.append(label)
            continue
        rows.append(
            [
                published.heading(variable),
                Cell(significant(float(value), 4), float(value)),
                Cell(str(year), year),
                Cell(number(years), years),
            ]
        )
    named = word("panel_missing", names=joined(missing, ", ", "、")) if missing else None
    return Table(
        anchor="panel",
        title=word("economy_panel"),
        lead=named or word("panel_complete"),
        heads=[word("variable"), word("latest_value"), word("year"), word("years_with_value")],
        rows=rows,
        sql=f"select *\nfrom marts.panel_country_year\nwhere {_where(economy)}\norder by year",
        source=published.source("panel"),
        empty=word("empty_panel_china" if economy.iso3 == CHINA else "empty_panel"),
        is_folded=True,
    )


# ---- regressions ---------------------------------------------------------------------------------

RESIDUALS = """
select
    iso3,
    exhibit || ' ' || "column" as "column",
    'residual' as series,
    year as x,
    residual_in_std_deviations as value
from estimates.residuals
where residual_in_std_deviations is not null and {where}
order by iso3, exhibit, "column", year
""".strip()


def _residuals(published: Publication, economy: Economy, rows: Sequence[tuple[Any, ...]]) -> Figure:
    columns = list(dict.fromkeys(row[0] for row in rows))

    def title(column: str) -> Text:
        exhibit, _, n = column.partition(" ")
        return word("table_and_column", number=exhibit.rpartition("_")[2], column=n)

    return Figure(
        anchor="residuals",
        title=word("economy_residuals"),
        lead=word("lead_residuals"),
        panels=[
            Panel("residuals", "residual_deviations", title(c), {"column": c}) for c in columns
        ],
        columns=("column", "series", "x", "value"),
        rows=rows,
        series={"residual": Series(word("residual"), 2)},
        sql=RESIDUALS.format(where=_where(economy)),
        source=published.source("panel"),
        x_label=word("year"),
        series_label=word("column"),
        caveats=[word("caveat_residuals")],
        empty=word("empty_residuals_china" if economy.iso3 == CHINA else "empty_residuals"),
    )
