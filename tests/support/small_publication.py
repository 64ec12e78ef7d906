"""A publication of a few rows, made by hand, for the commands that read publications."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb

from orchestration.durable import point_link, sql_text
from orchestration.publishing.integrity import PROVENANCE, WAREHOUSE

TABLES = """
create schema marts;
create schema report;
create schema estimates;
create table marts.run_choices as
    select 'reconciled' as basis, 'harmonised' as hs_treatment, 'ores' as mineral_scope,
        {is_synthetic} as is_synthetic;
create table marts.fct_trade_flow (
    year integer, exporter_iso3 varchar, product_code varchar, value_usd decimal(18, 3)
);
insert into marts.fct_trade_flow values
    (2021, 'CHN', '850720', 4000.125),
    (2022, 'CHN', '850720', 5000.5),
    (2022, 'DEU', '854140', 12345678.9),
    (2022, 'FRA', '854140', null);
comment on table marts.fct_trade_flow is
    '{notice}Grain: one row per year, exporter and product: safe to sum. Only listed products.';
comment on column marts.fct_trade_flow.value_usd is 'Value in current US dollars.';
create table marts.fct_world_trade_variants as
    select * from (values ('comtrade', 2023), ('baci', 2022)) as t(source, year);
create table marts.panel_country_year (
    iso3 varchar, year integer, basis varchar, hs_treatment varchar, mineral_scope varchar,
    gdp double, ln_lct_imports_from_china double,
    lct_without_dual_use_imports_from_china_kusd double,
    lct_without_dual_use_imports_from_china_kusd_lag1 double,
    lct_without_dual_use_imports_from_china_kusd_lag1_z double, is_synthetic boolean
);
insert into marts.panel_country_year values
    ('DEU', 2020, '', '', '', null, 9.5, 2000.125, null, null, {is_synthetic}),
    ('DEU', 2021, '', '', '', 1.5, 10.25, 3000, 2000.125, -0.5, {is_synthetic}),
    ('FRA', 2021, '', '', '', null, null, null, 0, 1.25, {is_synthetic});
comment on table marts.panel_country_year is '{notice}Grain: one row per economy and year.';
comment on column marts.panel_country_year.gdp is 'GDP, current USD. NY.GDP.MKTP.CD.';
create table marts.dim_variable as
    select * from (values
        ('gdp', 'GDP', '国内生产总值', 'NY.GDP.MKTP.CD', 'current USD', false),
        ('ln_lct_imports_from_china', 'LCT imports from China (ln)',
            '从中国进口的低碳技术 (取自然对数)', null, 'ln thousand USD', false),
        ('lct_without_dual_use_imports_from_china_kusd',
            'LCT imports from China without dual-use products',
            '从中国进口的低碳技术 (不含两用产品)', null, 'thousand USD', true)
    ) as t(variable, label_en, label_zh, indicator_code, unit, is_regressor);
create table marts.dim_economy as
    select *, 'High income' as income_group, '高收入' as income_group_zh
    from (values
        ('CHN', 'China', '中国', 'East Asia & Pacific', '东亚与太平洋', 'China', '中国'),
        ('DEU', 'Germany', '德国', 'Europe & Central Asia', '欧洲与中亚', 'High income',
            '高收入经济体'),
        ('FRA', 'France', '法国', 'Europe & Central Asia', '欧洲与中亚', 'High income',
            '高收入经济体')
    ) as t(iso3, economy_name, economy_name_zh, region, region_zh, country_group,
        country_group_zh);
create table marts.dim_product as
    select '850720' as product_code, 'buildings' as sector, 'Buildings' as sector_name,
        '建筑' as sector_name_zh;
create table report.figure_1 (
    year integer, "group" varchar, measure varchar, value double, unit varchar, note varchar
);
insert into report.figure_1 values
    (2021, 'China', 'export share', 20.25, 'percent', null),
    (2022, 'China', 'export share', 21.5, 'percent', 'UN Comtrade for 3 products'),
    (2022, 'High income', 'export share', 60, 'percent', null),
    (2022, 'China', 'import share', 7.125, 'percent', null);
comment on table report.figure_1 is '{notice}Grain: one row per year, group and measure.';
create table report.table_1 (sector varchar, measure varchar, value double, unit varchar);
insert into report.table_1 values ('buildings', 'products', 20, 'count');
create macro exports_of(economy) as table
    select year, product_code, value_usd, 2 * value_usd as doubled
    from marts.fct_trade_flow where exporter_iso3 = economy;
comment on macro table exports_of is
    '{notice}Grain: one row per year and product that the economy exports. doubled is invented.';
create macro half_of(number) as number / 2;
comment on macro half_of is '{notice}Half of a number.';
"""
PRINTED = {
    "en": "\ufeffTable 4. Trade with China\n,(1)\nGDP,0.12***\n",
    "zh": "\ufeff表 4. 与中国的贸易\n,(1)\n国内生产总值,0.12***\n",
}
SYNTHETIC = "SYNTHETIC DEMO DATA: every number is invented. "


def publish_by_hand(data: Path, number: str = "000001", is_synthetic: bool = True) -> Path:
    """Publish the tables above as `number` in the data folder; returns the publication's folder."""
    folder = data / "publications" / number
    (folder / "tables").mkdir(parents=True)
    notice = SYNTHETIC if is_synthetic else ""
    with duckdb.connect(str(folder / WAREHOUSE)) as connection:
        connection.execute(TABLES.format(is_synthetic=str(is_synthetic).lower(), notice=notice))
        _write_parquet(connection, folder / "parquet")
    for language, text in PRINTED.items():
        (folder / "tables" / f"table_4.{language}.csv").write_text(text, encoding="utf-8")
        (folder / "tables" / f"table_4.{language}.tex").write_text(f"% {language}\n", "utf-8")
    provenance = {
        "publication": number,
        "published_at": "2026-11-29T05:07:38+00:00",
        "is_synthetic": is_synthetic,
        "choices": {"basis": "reconciled", "hs_treatment": "harmonised", "mineral_scope": "ores"},
        "sources": [
            {
                "source": "baci",
                "file": "baci/a.csv",
                "sha256": "1" * 64,
                "rows": 3,
                "landed_at": "2026-11-28T05:00:00+00:00",
            }
        ],
        "left_out": [],
    }
    (folder / PROVENANCE).write_text(json.dumps(provenance), encoding="utf-8")
    point_link(data / "published", Path("publications") / number)
    return folder


def _write_parquet(connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
    tables = "select schema_name, table_name from duckdb_tables()"
    for schema, table in connection.execute(tables).fetchall():
        (folder / schema).mkdir(parents=True, exist_ok=True)
        path = folder / schema / f"{table}.parquet"
        connection.execute(f"copy {schema}.{table} to {sql_text(path)} (format parquet)")
