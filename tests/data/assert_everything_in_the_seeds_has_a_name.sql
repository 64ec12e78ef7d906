{{ config(meta={'dagster': {'ref': {'name': 'names'}}}) }}
-- Every economy and its groups, and every product of the report's two lists with its sector,
-- technology, mineral and stage, has a name in English and Chinese.
with

    minerals as (select * from {{ ref('transition_minerals') }} where is_in_report_list),

    groups as (

        select region, income_group
        from {{ ref('economy_groups') }}
        union
        select region, income_group
        from {{ ref('historical_economy_groups') }}

    ),

    needed as (

        select 'economy' as kind, iso3 as code
        from {{ ref('economies') }}
        union
        select 'region' as kind, region as code
        from groups
        union
        select 'income_group' as kind, income_group as code
        from groups
        union
        select 'country_group' as kind, country_group as code
        from {{ ref('dim_economy') }}
        union
        select 'product' as kind, product_code as code
        from {{ ref('low_carbon_products') }}
        union
        select 'product' as kind, product_code as code
        from minerals
        union
        select 'sector' as kind, sector as code
        from {{ ref('low_carbon_products') }}
        union
        select 'technology' as kind, technology as code
        from {{ ref('low_carbon_products') }}
        union
        select 'mineral' as kind, mineral as code
        from minerals
        union
        select 'mineral_stage' as kind, stage as code
        from minerals

    )

select needed.kind, needed.code
from needed
left join {{ ref('names') }} as names on needed.kind = names.kind and needed.code = names.code
where needed.code is not null and names.code is null
