-- Grain: one row per economy with trade in the year, the largest exporter first. lct_exports_usd,
-- lct_imports_usd and lct_balance_usd are its trade in low-carbon technology with the World;
-- share_of_world_lct_exports and share_of_world_lct_imports its shares, 0 to 1, of what all
-- economies report; largest_lct_export and largest_lct_import the products; ore_exports_usd and
-- ore_imports_usd its trade in minerals in the report's scope (ores). gdp_usd,
-- lct_imports_from_china_usd and lct_exports_to_china_usd come from the panel, on the run's basis;
-- empty for China. Empty is not zero: no such trade is reported.
create macro economy_profiles(in_year) as table
with
    totals as (
        select
            trade.economy_iso3,
            sum(case when trade.flow = 'export' and trade.is_low_carbon then trade.value_usd end)
                as lct_exports_usd,
            sum(case when trade.flow = 'import' and trade.is_low_carbon then trade.value_usd end)
                as lct_imports_usd,
            sum(case when trade.flow = 'export' and trade.is_in_ores_scope then trade.value_usd end)
                as ore_exports_usd,
            sum(case when trade.flow = 'import' and trade.is_in_ores_scope then trade.value_usd end)
                as ore_imports_usd,
            arg_max(
                trade.short_name,
                case when trade.flow = 'export' and trade.is_low_carbon then trade.value_usd end
            ) as largest_lct_export,
            arg_max(
                trade.short_name,
                case when trade.flow = 'import' and trade.is_low_carbon then trade.value_usd end
            ) as largest_lct_import
        from world_trade() as trade
        where trade.year = in_year
        group by trade.economy_iso3
    )

select
    economy.iso3,
    economy.economy_name,
    economy.region,
    economy.income_group,
    economy.country_group,
    cast(in_year as integer) as year,
    totals.lct_exports_usd,
    totals.lct_imports_usd,
    totals.lct_exports_usd - totals.lct_imports_usd as lct_balance_usd,
    totals.lct_exports_usd / sum(totals.lct_exports_usd) over () as share_of_world_lct_exports,
    totals.lct_imports_usd / sum(totals.lct_imports_usd) over () as share_of_world_lct_imports,
    totals.largest_lct_export,
    totals.largest_lct_import,
    totals.ore_exports_usd,
    totals.ore_imports_usd,
    exp(panel.ln_gdp) as gdp_usd,
    1000 * panel.lct_imports_from_china_kusd as lct_imports_from_china_usd,
    1000 * panel.lct_exports_to_china_kusd as lct_exports_to_china_usd
from totals
join marts.dim_economy as economy on totals.economy_iso3 = economy.iso3
left join
    marts.panel_country_year as panel on totals.economy_iso3 = panel.iso3 and panel.year = in_year
order by totals.lct_exports_usd desc nulls last, economy.iso3
