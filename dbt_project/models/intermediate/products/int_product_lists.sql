-- The members of each product list, by mineral scope: low-carbon technology, the same without
-- its dual-use products, and transition minerals. Lithium stands in two lists and counts in
-- both.
with

    low_carbon as (select * from {{ ref('stg_lists__low_carbon_products') }}),

    minerals as (select * from {{ ref('transition_minerals') }} where is_in_report_list),

    scopes as (

        select 'ores' as mineral_scope
        union all
        select 'all_stages' as mineral_scope

    ),

    final as (

        select 'lct' as product_list, scopes.mineral_scope, low_carbon.product_code
        from low_carbon
        cross join scopes
        union all
        select 'lct_without_dual_use' as product_list, scopes.mineral_scope, low_carbon.product_code
        from low_carbon
        cross join scopes
        where not coalesce(low_carbon.is_dual_use, false)
        union all
        select 'mineral' as product_list, scopes.mineral_scope, minerals.product_code
        from minerals
        cross join scopes
        where scopes.mineral_scope = 'all_stages' or minerals.is_in_ores_scope

    )

select *
from final
