"""Prices with their alerts, and how concentrated the supply of transition minerals is."""

from __future__ import annotations

from typing import Any

from orchestration.publishing.report_page.figures import Cell, Figure, Panel, Series, Switch, Table
from orchestration.publishing.report_page.publication import Publication
from orchestration.publishing.report_page.wording import (
    Text,
    is_missing,
    joined,
    month,
    number,
    percent,
    word,
)

ALERTS_SHOWN = 60
IMPORTERS_SHOWN = 15
MEASURES = ("top_1_share", "hhi", "china_share")
STAGES = ("all", "ore", "intermediate", "refined")
FLOWS = ("export", "import")


def flow_series() -> dict[str, Series]:
    return {"export": Series(word("export"), 2), "import": Series(word("import"), 1)}


# ---- prices --------------------------------------------------------------------------------------


def price_figure(published: Publication) -> Figure:
    """Price indices of China's trade by sector, technology and mineral, by year and month."""
    sql = """
select
    aggregate_kind || ' ' || aggregate as market,
    frequency,
    flow as series,
    period as x,
    index as value,
    chain
from marts.price_index
where
    formula = 'ccdi'
    and partner_group = 'all'
    and aggregate_kind in ('sector', 'technology', 'mineral')
order by market, frequency, flow, period
""".strip()
    rows = published.rows(sql)
    markets = {row[0]: _market(published, row[0]) for row in rows}
    by_size = sorted(markets, key=lambda m: ("mineral sector technology".find(m.split()[0]), m))
    monthly = [m for m in by_size if any(row[:2] == (m, "monthly") for row in rows)]
    chosen = (monthly or by_size or [""])[0]
    return Figure(
        anchor="price-indices",
        title=word("prices_figure"),
        lead=word("lead_prices_figure"),
        panels=[Panel("months", "index")],
        columns=("market", "frequency", "series", "x", "value", "chain"),
        rows=rows,
        series=flow_series(),
        switches=[
            Switch(
                "market",
                word("market"),
                {m: markets[m] for m in by_size},
                chosen,
                is_long=True,
            ),
            Switch(
                "frequency",
                word("frequency"),
                {"monthly": word("monthly"), "annual": word("annual")},
                "monthly" if monthly else "annual",
            ),
        ],
        sql=sql,
        source=published.source("china"),
        x_label=word("period"),
        series_label=word("flow"),
        caveats=[word("caveat_unit_values"), word("caveat_chains"), word("caveat_nominal")],
        empty=word("empty_prices"),
    )


def _market(published: Publication, market: str) -> Text:
    kind, _, code = market.partition(" ")
    return joined([word(kind), published.name(kind, code)], ": ", "：")


def alert_table(published: Publication) -> Table:
    """The newest price alerts, current ones first."""
    sql = f"""
select *, count(*) over () as alerts
from marts.price_alert
where since is not null and aggregate_kind in ('sector', 'technology', 'mineral', 'product')
order by is_current desc, since desc, aggregate_kind, aggregate, flow
limit {ALERTS_SHOWN}
""".strip()
    records = published.records(sql)
    rows: list[list[Cell | Text]] = []
    for r in records:
        kind, code = r["aggregate_kind"], r["aggregate"]
        product = published.products.get(code) if kind == "product" else None
        name = product.name if product else _market(published, f"{kind} {code}")
        href = f"product/{code}.html" if product else ""
        href = f"mineral/{code}.html" if kind == "mineral" and code in published.minerals else href
        rows.append(
            [
                Cell(name, None, href, is_number=False),
                word(r["flow"]),
                word("price_rise" if r["direction"] == "rise" else "price_fall"),
                month(r["since"]),
                word("alert_goes_on") if r["is_current"] else month(r["until"]),
                Cell(number(r["strength"], 1), r["strength"]),
                Cell(_share(r["false_share"]), r["false_share"]),
            ]
        )
    shown = len(rows)
    total = records[0]["alerts"] if records else 0
    return Table(
        anchor="price-alerts",
        title=word("alerts_title"),
        lead=word("lead_alerts", shown=number(shown), total=number(total)) if rows else None,
        heads=[
            word("market"),
            word("flow"),
            word("direction"),
            word("since"),
            word("until"),
            word("strength"),
            word("false_share"),
        ],
        rows=rows,
        sql=sql,
        source=published.source("china"),
        caveats=[word("caveat_alerts")],
        empty=word("empty_alerts"),
    )


def _share(share: float | None) -> str:
    return percent(share, 0)


# ---- minerals ------------------------------------------------------------------------------------


def concentration_figure(published: Publication) -> Figure:
    """Minerals by how few economies supply them, for any year and stage of processing."""
    sql = """
select
    market as item,
    mineral_stage as stage,
    measure,
    case when largest_supplier_iso3 = 'CHN' then 'china' else 'other' end as series,
    year as x,
    value,
    largest_supplier_iso3 as note
from (
    unpivot (
        select
            market, mineral_stage, year, largest_supplier_iso3, top_1_share, hhi, china_share
        from marts.supply_concentration
        where market_kind = 'mineral' and side = 'export' and intra_eu_trade = 'kept'
    )
    on top_1_share, hhi, china_share
    into name measure value value
)
order by stage, measure, year, value desc, market
""".strip()
    rows = published.rows(sql)
    stages = [s for s in STAGES if any(row[1] == s for row in rows)]
    return Figure(
        anchor="mineral-concentration",
        title=word("concentration_figure"),
        lead=word("lead_concentration"),
        panels=[Panel("ranked", "share")],
        columns=("item", "stage", "measure", "series", "x", "value", "note"),
        rows=rows,
        series={
            "china": Series(word("largest_is_china"), 1),
            "other": Series(word("largest_is_other"), 2),
        },
        names=dict(published.minerals) | {c: e.name for c, e in published.economies.items()},
        links={m: f"mineral/{m}.html" for m in published.minerals},
        switches=[
            Switch(
                "measure", word("measure"), {m: word(f"measure_{m}") for m in MEASURES}, MEASURES[0]
            ),
            Switch(
                "stage",
                word("stage"),
                {s: word(f"stage_{s}") for s in stages},
                stages[0] if stages else "all",
            ),
        ],
        has_slider=True,
        sql=sql,
        source=published.source("reconciled"),
        x_label=word("year"),
        series_label=word("largest_supplier"),
        caveats=[word("caveat_traded"), word("caveat_reconciled")],
        empty=word("empty_concentration"),
    )


def dependence_figure(published: Publication) -> Figure:
    """The largest importers of each mineral by how much comes from their largest supplier."""
    sql = f"""
select
    market as mineral,
    economy_iso3 as item,
    case when largest_supplier_iso3 = 'CHN' then 'china' else 'other' end as series,
    year as x,
    top_1_share as value,
    largest_supplier_iso3 as note
from marts.supply_concentration
where
    market_kind = 'mineral'
    and side = 'import'
    and intra_eu_trade = 'kept'
    and mineral_stage = 'all'
    and top_1_share is not null
    and year = (select max(year) from marts.supply_concentration where side = 'import')
qualify row_number() over (partition by market order by allocated_usd desc) <= {IMPORTERS_SHOWN}
order by market, value desc, item
""".strip()
    rows = published.rows(sql)
    present = list(dict.fromkeys(row[0] for row in rows))
    first = "lithium" if "lithium" in present else (present or [""])[0]
    return Figure(
        anchor="mineral-dependence",
        title=word("dependence_figure"),
        lead=word("lead_dependence", n=number(IMPORTERS_SHOWN)),
        panels=[Panel("ranked", "share")],
        columns=("mineral", "item", "series", "x", "value", "note"),
        rows=rows,
        series={
            "china": Series(word("largest_is_china"), 1),
            "other": Series(word("largest_is_other"), 2),
        },
        names={row[1]: published.economy_name(row[1]) for row in rows}
        | {row[5]: published.economy_name(row[5]) for row in rows},
        links={code: f"economy/{code}.html" for code in published.economies},
        switches=[
            Switch(
                "mineral",
                word("mineral"),
                {m: published.name("mineral", m) for m in present},
                first,
                is_long=True,
            )
        ],
        sql=sql,
        source=published.source("reconciled"),
        x_label=word("year"),
        series_label=word("largest_supplier"),
        caveats=[word("caveat_traded"), word("caveat_first_order")],
        empty=word("empty_concentration"),
    )


def bottleneck_table(published: Publication) -> Table:
    """Per mineral the largest exporter, and how many importers meet each named measure."""
    sql = """
select
    supply.market,
    supply.year,
    supply.largest_supplier_iso3,
    supply.top_1_share,
    supply.hhi,
    (
        select count(distinct importer_iso3)
        from marts.supply_bottleneck as b
        where
            b.market_kind = 'mineral'
            and b.mineral_stage = 'all'
            and b.market = supply.market
            and b.year = supply.year
            and b.measure = 'core_dependency'
    ) as core_dependency,
    (
        select count(distinct importer_iso3)
        from marts.supply_bottleneck as b
        where
            b.market_kind = 'mineral'
            and b.mineral_stage = 'all'
            and b.market = supply.market
            and b.year = supply.year
            and b.measure = 'one_partner'
    ) as one_partner
from marts.supply_concentration as supply
where
    supply.market_kind = 'mineral'
    and supply.side = 'export'
    and supply.intra_eu_trade = 'kept'
    and supply.mineral_stage = 'all'
    and supply.year = (select max(year) from marts.supply_concentration where side = 'export')
order by supply.hhi desc, supply.market
""".strip()
    rows: list[list[Cell | Text]] = []
    for r in published.records(sql):
        rows.append(
            [
                Cell(
                    published.name("mineral", r["market"]),
                    None,
                    f"mineral/{r['market']}.html",
                    is_number=False,
                ),
                published.economy_name(r["largest_supplier_iso3"] or ""),
                Cell(percent(r["top_1_share"]), _value(r["top_1_share"])),
                Cell(number(r["hhi"], 3), _value(r["hhi"])),
                Cell(number(r["core_dependency"]), r["core_dependency"]),
                Cell(number(r["one_partner"]), r["one_partner"]),
            ]
        )
    return Table(
        anchor="mineral-bottlenecks",
        title=word("bottlenecks_title"),
        lead=word("lead_bottlenecks"),
        heads=[
            word("mineral"),
            word("largest_supplier"),
            word("measure_top_1_share"),
            word("measure_hhi"),
            word("measure_core_dependency"),
            word("measure_one_partner"),
        ],
        rows=rows,
        sql=sql,
        source=published.source("reconciled"),
        caveats=[word("caveat_traded")],
        empty=word("empty_concentration"),
    )


def _value(value: Any) -> float | None:
    return None if is_missing(value) else float(value)
