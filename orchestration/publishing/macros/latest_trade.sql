-- Grain: one row per product that the economy trades, the largest first. Its exports or imports
-- (the direction: export or import) with the World in its latest full year: the last one with at
-- least half as many products as its median year. share_of_world is the economy's share, 0 to 1, of
-- what all economies export or import of the product. The economy is a code or a name.
create macro latest_trade(economy, direction) as table
with
    years as (
        select trade.year, count(*) as products
        from marts.fct_world_trade as trade
        where
            trade.economy_iso3 = iso3_of(economy)
            and trade.flow = one_of(direction, ['export', 'import'])
        group by trade.year
    )

select
    trade.year,
    trade.product_code,
    trade.short_name,
    trade.sector,
    trade.transition_mineral,
    trade.mineral_stage,
    trade.value_usd,
    trade.share_of_world,
    trade.source
from world_trade() as trade
where
    trade.economy_iso3 = iso3_of(economy)
    and trade.flow = direction
    and trade.year = (
        select max(full_year.year)
        from years as full_year
        where full_year.products >= (select median(usual.products) / 2 from years as usual)
    )
order by trade.value_usd desc, trade.product_code
