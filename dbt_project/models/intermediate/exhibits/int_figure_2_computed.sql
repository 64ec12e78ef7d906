-- Figure 2: trade balance in low-carbon products of the three groups of economies, exports less
-- imports with the World. Products of which only one side has landed in the year are left out.
with

    trade as (select * from {{ ref('int_low_carbon_trade_grouped') }}),

    mixed as (

        select * from {{ ref('reasons') }} where family = 'figure_note' and code = 'mixed_sources'

    ),

    both_sides as (

        select hs_treatment, source, year, product_code
        from trade
        group by hs_treatment, source, year, product_code
        having count(distinct flow) = 2

    ),

    balanced as (

        select
            trade.*,
            case
                when trade.flow = 'export' then trade.value_usd else - trade.value_usd
            end as balance_usd
        from trade
        inner join
            both_sides
            on trade.hs_treatment = both_sides.hs_treatment
            and trade.source = both_sides.source
            and trade.year = both_sides.year
            and trade.product_code = both_sides.product_code

    ),

    summed as (

        select
            hs_treatment,
            source,
            year,
            country_group,
            {{ exact_sum('balance_usd') }} / 1e9 as value,
            cast(count(distinct product_code) as integer) as products_landed,
            {{ publishers_counted() }}
        from balanced
        group by hs_treatment, source, year, country_group

    ),

    final as (

        select
            summed.year,
            summed.country_group as "group",
            'trade balance' as measure,
            summed.value,
            'billion USD' as unit,
            summed.hs_treatment,
            summed.source,
            summed.products_landed,
            {{ if_mixed('summed', 'mixed.code') }} as note_code,
            {{ if_mixed('summed', mixed_sources_noted('summed', 'mixed')) }} as note
        from summed
        cross join mixed

    )

select *
from final
