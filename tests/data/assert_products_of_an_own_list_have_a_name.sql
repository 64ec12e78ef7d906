{{ config(severity='warn', meta={'dagster': {'ref': {'name': 'dim_product'}}}) }}
-- Products of the list in use, and their sectors and technologies, that the seed `names` does not
-- know: a list of the user's own may hold some. Their description or code stands in.
with

    used as (

        select 'product' as kind, product_code as code
        from {{ ref('dim_product') }}
        union
        select 'sector' as kind, sector as code
        from {{ ref('dim_product') }}
        union
        select 'technology' as kind, technology as code
        from {{ ref('dim_product') }}

    )

select used.kind, used.code
from used
left join {{ ref('names') }} as names on used.kind = names.kind and used.code = names.code
where used.code is not null and names.code is null
