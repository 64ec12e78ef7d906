-- What publishers say against themselves. It is published as it was stated, and stops nothing.
with

    found as (select * from {{ ref('int_inconsistencies_found') }}),

    kinds as (select * from {{ ref('reasons') }} where family = 'inconsistency'),

    uses as (select * from {{ ref('reasons') }} where family = 'inconsistency_use'),

    products as (select product_code from {{ ref('int_listed_products') }}),

    final as (

        select
            found.source,
            found.landed_file,
            found.year,
            found.economy_iso3,
            found.reporter_code,
            found.flow,
            found.partner_iso3,
            found.partner_code,
            found.hs_revision,
            found.hs6_code,
            products.product_code,
            found.what_code,
            kinds.text_en as what,
            found.unit,
            found.value_stated,
            found.value_compared,
            case
                when found.unit = 'USD' then found.value_compared - found.value_stated
            end as difference_usd,
            case
                when found.value_stated <> 0
                then (found.value_compared - found.value_stated) / abs(found.value_stated)
            end as difference_share,
            found.used_code,
            uses.text_en as used
        from found
        left join kinds on found.what_code = kinds.code
        left join uses on found.used_code = uses.code
        left join products on found.hs6_code = products.product_code

    )

select *
from final
