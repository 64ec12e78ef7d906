-- Figure 1: shares of China, high-income and other emerging and developing economies in world
-- trade in low-carbon products.
with

    trade as (select * from {{ ref('int_low_carbon_trade_grouped') }}),

    mixed as (

        select * from {{ ref('reasons') }} where family = 'figure_note' and code = 'mixed_sources'

    ),

    summed as (

        select
            hs_treatment,
            source,
            year,
            flow,
            country_group,
            {{ exact_sum('value_usd') }} as value_usd
        from trade
        group by hs_treatment, source, year, flow, country_group

    ),

    landed as (

        select
            hs_treatment,
            source,
            year,
            flow,
            cast(count(distinct product_code) as integer) as products_landed,
            {{ publishers_counted() }}
        from trade
        group by hs_treatment, source, year, flow

    ),

    final as (

        select
            summed.year,
            summed.country_group as "group",
            summed.flow || ' share' as measure,
            100
            * summed.value_usd
            / sum({{ as_money('summed.value_usd') }}) over (
                partition by summed.hs_treatment, summed.source, summed.year, summed.flow
            ) as value,
            'percent' as unit,
            summed.hs_treatment,
            summed.source,
            landed.products_landed,
            {{ if_mixed('landed', 'mixed.code') }} as note_code,
            {{ if_mixed('landed', mixed_sources_noted('landed', 'mixed')) }} as note
        from summed
        inner join
            landed
            on summed.hs_treatment = landed.hs_treatment
            and summed.source = landed.source
            and summed.year = landed.year
            and summed.flow = landed.flow
        cross join mixed

    )

select *
from final
