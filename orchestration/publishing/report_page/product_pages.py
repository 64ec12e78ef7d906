"""A page per product of the lists and per transition mineral.

Each part is read for all of them at once; a page takes its rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from orchestration.publishing.report_page.claims import influence_rows, influence_table
from orchestration.publishing.report_page.economy_pages import latest_complete_year
from orchestration.publishing.report_page.figures import Cell, Figure, Panel, Series, Switch, Table
from orchestration.publishing.report_page.markets import flow_series
from orchestration.publishing.report_page.publication import Product, Publication
from orchestration.publishing.report_page.wording import (
    Text,
    joined,
    number,
    reason,
    same,
    word,
)

TRADERS_SHOWN = 10
MEASURES = {"top_1_share": 2, "china_share": 1, "hhi": 3}


@dataclass(frozen=True)
class ProductPage:
    """What the page of a product or a mineral shows, in its order."""

    code: str
    name: Text
    lead: Text
    facts: list[tuple[Text, Text]]
    parts: list[Figure | Table]
    folder: str = "product"


def product_pages(published: Publication) -> Iterator[ProductPage]:
    """The pages of all products."""
    shared = _Shared.read(published, "product", "product_code")
    codes = published.grouped(CODES.format(where="true"))
    influence = influence_rows(published, "product")
    without_influence = word("empty_influence_product")
    for code, product in published.products.items():
        yield ProductPage(
            code,
            product.name,
            same(product.row["description"] or ""),
            _facts(published, product),
            [
                _codes(published, product, codes.get(code, [])),
                *shared.parts(published, code),
                influence_table(
                    published, "product", code, influence.get(code, []), without_influence
                ),
            ],
        )


def mineral_pages(published: Publication) -> Iterator[ProductPage]:
    """The pages of all transition minerals: their products at all stages together."""
    shared = _Shared.read(published, "mineral", "transition_mineral")
    for code, name in published.minerals.items():
        members = [p for p in published.products.values() if p.row["transition_mineral"] == code]
        yield ProductPage(
            code,
            name,
            word("lead_mineral", n=number(len(members))),
            [],
            [_members(published, code, members), *shared.parts(published, code)],
            folder="mineral",
        )


def _facts(published: Publication, product: Product) -> list[tuple[Text, Text]]:
    row = product.row

    def named(field: str) -> Text:
        return Text(row[f"{field}_name"] or "", row[f"{field}_name_zh"] or "")

    lists = [word("list_low_carbon")] if row["is_low_carbon"] else []
    lists += [word("list_minerals")] if row["transition_mineral"] else []
    facts = [(word("list_membership"), joined(lists, ", ", "、"))]
    if row["sector"]:
        facts.append((word("sector"), joined([named("sector"), named("technology")], ", ", "，")))
    if row["transition_mineral"]:
        stage = word(f"stage_{row['mineral_stage']}")
        facts.append((word("mineral"), joined([named("transition_mineral"), stage], ", ", "，")))
    facts += [
        (word("evidence"), word(f"evidence_{_code(row['evidence'])}")),
        (word("evidence_note"), same(row["evidence_note"] or "–")),
        (word("list_sources"), same(row["list_sources"] or "–")),
        (word("dual_use"), word("yes" if row["is_dual_use"] else "no")),
    ]
    return facts


def _code(evidence: str | None) -> str:
    known = ("sourced", "strongly_inferred", "inferred")
    code = (evidence or "").replace(" ", "_")
    return code if code in known else "other"


# ---- codes and members ---------------------------------------------------------------------------

CODES = """
select product_code, hs_revision, hs6_code, relation, weight, weight_rule, source
from marts.bridge_hs6_product
where {where}
order by product_code, hs_revision, hs6_code
""".strip()
HS_YEARS = {
    "H0": 1992,
    "H1": 1996,
    "H2": 2002,
    "H3": 2007,
    "H4": 2012,
    "H5": 2017,
    "H6": 2022,
}


def _codes(published: Publication, product: Product, rows: Sequence[tuple[Any, ...]]) -> Table:
    quoted = product.code.replace("'", "''")
    return Table(
        anchor="codes",
        title=word("product_codes"),
        lead=word("lead_codes", code=product.code, revision=product.row["hs_revision"]),
        heads=[
            word("hs_revision"),
            word("hs_code"),
            word("relation"),
            word("weight"),
            word("source"),
        ],
        rows=[
            [
                same(f"HS {HS_YEARS.get(revision, revision)} ({revision})"),
                same(code),
                same(relation),
                Cell(number(weight, 2), weight),
                same(source),
            ]
            for revision, code, relation, weight, _, source in rows
        ],
        sql=CODES.format(where=f"product_code = '{quoted}'"),
        source=word("source_concordance"),
        empty=word("empty_codes"),
    )


def _members(published: Publication, mineral: str, members: Sequence[Product]) -> Table:
    return Table(
        anchor="products",
        title=word("mineral_products"),
        heads=[word("product"), word("hs_code"), word("stage"), word("in_ores_scope")],
        rows=[
            [
                Cell(p.name, None, f"../product/{p.code}.html", is_number=False),
                same(p.code),
                word(f"stage_{p.row['mineral_stage']}"),
                word("yes" if p.row["is_in_ores_scope"] else "no"),
            ]
            for p in members
        ],
        sql=f"select *\nfrom marts.dim_product\nwhere transition_mineral = '{mineral}'",
        source=word("source_own_lists"),
    )


# ---- what products and minerals share ------------------------------------------------------------

TREND = """
select
    products.{column} as code,
    series,
    world.year as x,
    cast(sum(world.value_usd) as double) as value
from marts.fct_world_trade as world
inner join marts.dim_product as products using (product_code)
cross join (values ('world'), ('china')) as kinds(series)
where
    world.flow = 'export'
    and (series = 'world' or world.economy_iso3 = 'CHN')
    and products.{column} is not null
    and {where}
group by all
order by all
""".strip()
TRADERS = """
with
    traded as (
        select
            products.{column} as code,
            world.flow,
            world.economy_iso3,
            sum(world.value_usd) as value_usd
        from marts.fct_world_trade as world
        inner join marts.dim_product as products using (product_code)
        where products.{column} is not null and world.year = {year} and {where}
        group by all
    )
select
    code,
    flow,
    economy_iso3 as item,
    case when economy_iso3 = 'CHN' then 'china' else 'other' end as series,
    cast(value_usd as double) as value
from traded
qualify row_number() over (partition by code, flow order by value_usd desc) <= {shown}
order by code, flow, value desc, item
""".strip()
PRICES = """
select aggregate as code, frequency, flow as series, period as x, index as value, chain
from marts.price_index
where
    formula = 'ccdi' and partner_group = 'all' and aggregate_kind = '{kind}' and {where}
order by code, frequency, flow, period
""".strip()
WITHOUT_PRICES = """
select product_code, mode(reason_code)
from marts.price_relative
where reason_code is not null
group by product_code
""".strip()
CONCENTRATION = """
select code, series, year as x, value
from (
    unpivot (
        select market as code, year, top_1_share, china_share, hhi
        from marts.supply_concentration
        where
            market_kind = '{kind}'
            and side = 'export'
            and intra_eu_trade = 'kept'
            and mineral_stage = 'all'
            and {where}
    )
    on top_1_share, china_share, hhi
    into name series value value
)
order by code, series, year
""".strip()


@dataclass(frozen=True)
class _Shared:
    """Trend, traders, prices and concentration by code."""

    kind: str
    column: str
    year: int | None
    trend: Mapping[str, Sequence[tuple[Any, ...]]]
    traders: Mapping[str, Sequence[tuple[Any, ...]]]
    prices: Mapping[str, Sequence[tuple[Any, ...]]]
    concentration: Mapping[str, Sequence[tuple[Any, ...]]]
    without_prices: Mapping[str, str]

    @classmethod
    def read(cls, published: Publication, kind: str, column: str) -> _Shared:
        year = latest_complete_year(published)
        filled = {"column": column, "kind": kind, "where": "true", "shown": TRADERS_SHOWN}
        return cls(
            kind,
            column,
            year,
            published.grouped(TREND.format(**filled)),
            published.grouped(TRADERS.format(**filled, year=year)) if year else {},
            published.grouped(PRICES.format(**filled)),
            published.grouped(CONCENTRATION.format(**filled)),
            dict(published.rows(WITHOUT_PRICES)) if kind == "product" else {},
        )

    def parts(self, published: Publication, code: str) -> list[Figure | Table]:
        return [
            self._trend(published, code),
            self._traders(published, code),
            self._prices(published, code),
            self._concentration(published, code),
        ]

    def _filled(self, code: str, column: str) -> dict[str, Any]:
        quoted = code.replace("'", "''")
        return {
            "column": self.column,
            "kind": self.kind,
            "year": self.year or "null",
            "shown": TRADERS_SHOWN,
            "where": f"{column} = '{quoted}'",
        }

    def _trend(self, published: Publication, code: str) -> Figure:
        return Figure(
            anchor="trend",
            title=word("product_trend"),
            panels=[Panel("lines", "usd")],
            columns=("series", "x", "value"),
            rows=self.trend.get(code, []),
            series={"world": Series(word("world"), 2), "china": Series(word("china"), 1)},
            has_slider=True,
            sql=TREND.format(**self._filled(code, f"products.{self.column}")),
            source=published.source("world"),
            x_label=word("year"),
            series_label=word("exporter"),
            caveats=[word("caveat_revisions")],
            empty=word("empty_product_trade"),
        )

    def _traders(self, published: Publication, code: str) -> Figure:
        rows = self.traders.get(code, [])
        return Figure(
            anchor="traders",
            title=word("product_traders", year=self.year or "–"),
            panels=[
                Panel("ranked", "usd", word(f"{flow}ers"), {"flow": flow})
                for flow in ("export", "import")
                if any(row[0] == flow for row in rows)
            ],
            columns=("flow", "item", "series", "value"),
            rows=rows,
            series={"china": Series(word("china"), 1), "other": Series(word("other_economies"), 2)},
            names={row[1]: published.economy_name(row[1]) for row in rows},
            links={
                row[1]: f"../economy/{row[1]}.html" for row in rows if row[1] in published.economies
            },
            sql=TRADERS.format(**self._filled(code, f"products.{self.column}")),
            source=published.source("world"),
            x_label=word("economy"),
            series_label=word("economy"),
            caveats=[word("caveat_valuation")],
            empty=word("empty_product_trade"),
        )

    def _prices(self, published: Publication, code: str) -> Figure:
        rows = self.prices.get(code, [])
        frequencies = [f for f in ("monthly", "annual") if any(row[0] == f for row in rows)]
        because = self.without_prices.get(code)
        return Figure(
            anchor="prices",
            title=word("product_prices"),
            panels=[Panel("months", "index")],
            columns=("frequency", "series", "x", "value", "chain"),
            rows=rows,
            series=flow_series(),
            switches=[
                Switch(
                    "frequency",
                    word("frequency"),
                    {f: word(f) for f in frequencies},
                    (frequencies or ["annual"])[0],
                )
            ],
            sql=PRICES.format(**self._filled(code, "aggregate")),
            source=published.source("china"),
            x_label=word("period"),
            series_label=word("flow"),
            caveats=[word("caveat_unit_values"), word("caveat_chains")],
            empty=word("empty_price", why=reason("price", because))
            if because
            else word("empty_prices"),
        )

    def _concentration(self, published: Publication, code: str) -> Figure:
        return Figure(
            anchor="concentration",
            title=word("product_concentration"),
            panels=[Panel("lines", "share")],
            columns=("series", "x", "value"),
            rows=self.concentration.get(code, []),
            series={m: Series(word(f"measure_{m}"), hue) for m, hue in MEASURES.items()},
            has_slider=True,
            sql=CONCENTRATION.format(**self._filled(code, "market")),
            source=published.source("reconciled"),
            x_label=word("year"),
            series_label=word("measure"),
            caveats=[word("caveat_traded"), word("caveat_reconciled")],
            empty=word("empty_concentration"),
        )
