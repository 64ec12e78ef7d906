-- Grain: one row per year and economy that imports the product, the largest first. share_of_world
-- is its share, 0 to 1, of what all economies import of it in the year. The product is a code or a
-- short name.
create macro importers_of(product) as table
select
    trade.year,
    trade.economy_iso3,
    trade.economy_name,
    trade.country_group,
    trade.value_usd,
    trade.share_of_world,
    trade.source
from world_trade() as trade
where trade.product_code = product_code_of(product) and trade.flow = 'import'
order by trade.year desc, trade.value_usd desc, trade.economy_iso3
