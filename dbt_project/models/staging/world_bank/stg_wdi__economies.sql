-- The World Bank's own list as landed. Rows without a region are aggregates (regions, income
-- groups, the world).
with

    economies as (select * from {{ source('raw', 'wdi_economies') }}),

    final as (

        select
            country_code as iso3,
            short_name as economy_name,
            nullif(trim(region), '') as region,
            nullif(trim(income_group), '') as income_group,
            nullif(trim(region), '') is null as is_aggregate
        from economies
        where {{ landed_last('economies') }}

    )

select *
from final
