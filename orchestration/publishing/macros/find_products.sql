-- Grain: one row per product of either list whose code, description, names, sector, technology or
-- mineral holds the word, in English or Chinese.
create macro find_products(word) as table
select
    product.product_code,
    product.short_name,
    product.sector_name,
    product.technology_name,
    product.transition_mineral,
    product.mineral_stage,
    product.is_low_carbon,
    product.is_dual_use,
    product.description
from marts.dim_product as product
where
    contains(
        lower(
            concat_ws(
                ' ',
                product.product_code,
                product.description,
                product.short_name,
                product.short_name_zh,
                product.sector_name,
                product.sector_name_zh,
                product.technology_name,
                product.technology_name_zh,
                product.transition_mineral,
                product.transition_mineral_name_zh
            )
        ),
        lower(word)
    )
order by product.product_code
