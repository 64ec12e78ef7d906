-- Grain: one row per year, economy, flow and product. Each economy's trade with the World
-- (fct_world_trade), with the names of economy and product. share_of_world is the economy's share,
-- 0 to 1, of what all economies export or import of the product. Safe to sum within one flow:
-- lithium compounds are in both lists, but in one row.
create macro world_trade() as table
with
    world as (
        select year, flow, product_code, sum(value_usd) as value_usd
        from marts.fct_world_trade
        group by year, flow, product_code
    )

select
    trade.year,
    trade.economy_iso3,
    economy.economy_name,
    economy.country_group,
    trade.flow,
    trade.product_code,
    product.short_name,
    product.sector,
    product.technology,
    product.transition_mineral,
    product.mineral_stage,
    product.is_low_carbon,
    product.is_in_ores_scope,
    trade.value_usd,
    case when world.value_usd > 0 then trade.value_usd / world.value_usd end as share_of_world,
    trade.source
from marts.fct_world_trade as trade
join
    world
    on trade.year = world.year
    and trade.flow = world.flow
    and trade.product_code = world.product_code
join marts.dim_product as product on trade.product_code = product.product_code
join marts.dim_economy as economy on trade.economy_iso3 = economy.iso3
