-- A product of a list of the user's own may have no name in the seed `names`: its description
-- stands in, and the list's own words for an unknown sector or technology.
with

    products as (select * from {{ ref('int_listed_products') }}),

    names as (select * from {{ ref('names') }}),

    final as (

        select
            products.product_code,
            products.hs_revision,
            products.description,
            coalesce(of_product.name_en, products.description) as short_name,
            coalesce(of_product.name_zh, products.description) as short_name_zh,
            products.sector,
            coalesce(of_sector.name_en, products.sector) as sector_name,
            coalesce(of_sector.name_zh, products.sector) as sector_name_zh,
            products.technology,
            coalesce(of_technology.name_en, products.technology) as technology_name,
            coalesce(of_technology.name_zh, products.technology) as technology_name_zh,
            products.is_low_carbon,
            products.transition_mineral,
            of_mineral.name_en as transition_mineral_name,
            of_mineral.name_zh as transition_mineral_name_zh,
            products.mineral_stage,
            of_stage.name_zh as mineral_stage_zh,
            products.is_in_ores_scope,
            products.is_dual_use,
            products.list_sources,
            products.evidence,
            products.evidence_note
        from products
        left join
            names as of_product
            on of_product.kind = 'product'
            and products.product_code = of_product.code
        left join
            names as of_sector on of_sector.kind = 'sector' and products.sector = of_sector.code
        left join
            names as of_technology
            on of_technology.kind = 'technology'
            and products.technology = of_technology.code
        left join
            names as of_mineral
            on of_mineral.kind = 'mineral'
            and products.transition_mineral = of_mineral.code
        left join
            names as of_stage
            on of_stage.kind = 'mineral_stage'
            and products.mineral_stage = of_stage.code

    )

select *
from final
