-- The World Bank's own list as landed. Rows without a region are aggregates (regions, income
-- groups, the world).
with

    economies as (select * from {{ source('raw', 'wdi_economies') }}),

    newest as (select max(landed_sequence) as landed_sequence from economies),

    final as (

        select
            economies.country_code as iso3,
            economies.short_name as economy_name,
            nullif(trim(economies.region), '') as region,
            nullif(trim(economies.income_group), '') as income_group,
            nullif(trim(economies.region), '') is null as is_aggregate
        from economies
        inner join newest on economies.landed_sequence = newest.landed_sequence

    )

select *
from final
