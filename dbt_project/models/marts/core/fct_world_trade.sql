-- The two sources are never mixed within a year and flow: UN Comtrade counts where any economy
-- has reported any listed product, BACI elsewhere. A product that UN Comtrade lacks in such a
-- year is missing, not filled from the narrower source.
with

    variants as (

        select variants.*
        from {{ ref('fct_world_trade_variants') }} as variants
        inner join
            {{ ref('int_run_choices') }} as choices on variants.hs_treatment = choices.hs_treatment

    ),

    preferred as (

        select
            *,
            max(case when source = 'comtrade' then 1 else 0 end) over (
                partition by year, flow
            ) as has_comtrade
        from variants

    ),

    final as (

        select
            year,
            economy_iso3,
            flow,
            product_code,
            value_usd,
            source,
            allocated_usd,
            unallocated_usd
        from preferred
        where source = 'comtrade' or has_comtrade = 0

    )

select *
from final
