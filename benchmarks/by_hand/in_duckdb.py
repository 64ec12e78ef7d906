"""The core by hand in DuckDB: what somebody who needs no warehouse would write."""

from __future__ import annotations

import sys

import duckdb

from benchmarks.by_hand import TRADE_WITH_CHINA, Totals, report, seeds
from orchestration.memory import limit

SCRIPT = """
create table economies as
select comtrade_code, iso3 from read_csv('{economies}') where kind = 'economy';

create table low_carbon as
select product_code, sector from read_csv('{low_carbon}', types = {{'product_code': 'varchar'}});

create table minerals as
select distinct product_code
from read_csv('{minerals}', types = {{'product_code': 'varchar'}})
where is_in_report_list and is_in_ores_scope;

create table codes as
select hs_revision, hs6_code, product_code, weight
from read_csv('{concordance}', types = {{'hs6_code': 'varchar', 'product_code': 'varchar'}})
where weight > 0 and product_code in (
    select product_code from low_carbon union
    select product_code from read_csv('{minerals}', types = {{'product_code': 'varchar'}})
    where is_in_report_list
);

create table fact as
select
    flows.t as year, exporters.iso3 as exporter_iso3, importers.iso3 as importer_iso3,
    codes.product_code,
    sum(cast(flows.v as double) * 1000 * codes.weight) as value_usd,
    sum(cast(flows.q as double) * 1000 * codes.weight) as net_weight_kg
from read_parquet('{files}') as flows
inner join codes on flows.hs_revision = codes.hs_revision and flows.k = codes.hs6_code
inner join economies as exporters on flows.i = exporters.comtrade_code
inner join economies as importers on flows.j = importers.comtrade_code
where exporters.iso3 <> importers.iso3
group by all;

create table sums as
select year, economy_iso3, sector, direction, sum(value_usd) as value_usd
from (
    select *, exporter_iso3 as economy_iso3, 'export' as direction from fact
    union all
    select *, importer_iso3 as economy_iso3, 'import' as direction from fact
)
inner join low_carbon using (product_code)
group by all;

create table panel as
with with_china as (
    select
        case when exporter_iso3 = 'CHN' then importer_iso3 else exporter_iso3 end as iso3,
        year,
        exporter_iso3 = 'CHN' as is_import,
        product_code,
        value_usd / 1000 as kusd
    from fact
    where 'CHN' in (exporter_iso3, importer_iso3)
),
listed as (
    select *, 'lct' as list from with_china semi join low_carbon using (product_code)
    union all
    select *, 'mineral' as list from with_china semi join minerals using (product_code)
),
now as (
    select
        iso3, year,
        sum(kusd) filter (list = 'lct' and is_import) as lct_imports_from_china_kusd,
        sum(kusd) filter (list = 'lct' and not is_import) as lct_exports_to_china_kusd,
        sum(kusd) filter (list = 'mineral' and is_import) as mineral_imports_from_china_kusd,
        sum(kusd) filter (list = 'mineral' and not is_import) as mineral_exports_to_china_kusd
    from listed
    group by all
)
select rows.iso3, rows.year, now.* exclude (iso3, year), {lagged}
from (
    select iso3, year
    from (select distinct iso3 from now) cross join (select distinct year from fact)
) as rows
left join now on now.iso3 = rows.iso3 and now.year = rows.year
left join now as before on before.iso3 = rows.iso3 and before.year = rows.year - 1;
"""
OF_PANEL = "select sum({columns}) from panel"


def work(files: str) -> Totals:
    economies, low_carbon, minerals, concordance = seeds(
        "comtrade_economy_codes", "low_carbon_products", "transition_minerals", "hs_concordance"
    )
    lagged = ", ".join(f"before.{name} as {name}_lag1" for name in TRADE_WITH_CHINA)
    connection = duckdb.connect(config={"memory_limit": limit()})
    connection.execute(
        SCRIPT.format(
            economies=economies,
            low_carbon=low_carbon,
            minerals=minerals,
            concordance=concordance,
            files=files,
            lagged=lagged,
        )
    )

    def total(sql: str) -> float:
        [(value,)] = connection.execute(sql).fetchall()
        return float(value or 0)

    now = " + ".join(f"coalesce({name}, 0)" for name in TRADE_WITH_CHINA)
    before = " + ".join(f"coalesce({name}_lag1, 0)" for name in TRADE_WITH_CHINA)
    return {
        "fact_rows": total("select count(*) from fact"),
        "fact_usd": total("select sum(value_usd) from fact"),
        "fact_kg": total("select sum(net_weight_kg) from fact"),
        "sums_rows": total("select count(*) from sums"),
        "sums_usd": total("select sum(value_usd) from sums"),
        "panel_kusd": total(OF_PANEL.format(columns=now)),
        "panel_lag1_kusd": total(OF_PANEL.format(columns=before)),
    }


if __name__ == "__main__":
    report(work, sys.argv[1])
