-- The codes of both lists, once each.
with

    low_carbon as (select product_code from {{ ref('stg_lists__low_carbon_products') }}),

    minerals as (select product_code from {{ ref('transition_minerals') }} where is_in_report_list),

    final as (

        select product_code
        from low_carbon
        union
        select product_code
        from minerals

    )

select *
from final
