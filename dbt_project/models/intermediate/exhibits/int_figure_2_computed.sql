-- Figure 2: trade balance in low-carbon products of the three groups of economies, exports less
-- imports with the World. Products of which only one side has landed in the year are left out.
with

    trade as (select * from {{ ref('int_low_carbon_trade_grouped') }}),

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

    final as (

        select
            year,
            country_group as "group",
            'trade balance' as measure,
            {{ exact_sum('balance_usd') }} / 1e9 as value,
            'billion USD' as unit,
            hs_treatment,
            source,
            cast(count(distinct product_code) as integer) as products_landed
        from balanced
        group by hs_treatment, source, year, country_group

    )

select *
from final
