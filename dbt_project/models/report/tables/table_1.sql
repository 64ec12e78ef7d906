-- The classification: products per sector and technology, beside the counts the report prints
-- per sector.
with

    products as (select * from {{ ref('dim_product') }} where is_low_carbon),

    printed as (

        select "group" as sector, value
        from {{ ref('published_aggregates') }}
        where exhibit = 'table_1'

    ),

    counted as (

        select sector, technology, count(*) as product_count
        from products
        group by sector, technology
        union all
        select sector, 'all technologies' as technology, count(*) as product_count
        from products
        group by sector
        union all
        select 'all sectors' as sector, 'all technologies' as technology, count(*) as product_count
        from products

    ),

    final as (

        select
            counted.sector,
            counted.technology,
            'products' as measure,
            cast(counted.product_count as double) as value,
            'count' as unit,
            case when counted.technology = 'all technologies' then printed.value end as published,
            case
                when counted.technology = 'all technologies'
                then counted.product_count - printed.value
            end as difference
        from counted
        left join printed on replace(counted.sector, '_', ' ') = printed.sector

    )

select *
from final
