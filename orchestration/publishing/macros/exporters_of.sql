-- Grain: one row per year and economy that exports the product, the largest first. share_of_world
-- is its share, 0 to 1, of what all economies export of it in the year. The product is a code or a
-- short name.
create macro exporters_of(product) as table
select
    trade.year,
    trade.economy_iso3,
    trade.economy_name,
    trade.country_group,
    trade.value_usd,
    trade.share_of_world,
    trade.source
from world_trade() as trade
where trade.product_code = product_code_of(product) and trade.flow = 'export'
order by trade.year desc, trade.value_usd desc, trade.economy_iso3
