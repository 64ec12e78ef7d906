-- Grain: one row per product that the economy imports, the largest first. Its imports from the
-- World in its latest full year: the last one with at least half as many products as its median
-- year. share_of_world is its share, 0 to 1, of the world's imports of the product. The economy is
-- a code or a name.
create macro latest_imports(economy) as table
select *
from latest_trade(economy, 'import')
