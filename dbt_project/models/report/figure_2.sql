-- Trade balance in low-carbon products of the three groups of economies: exports less imports with the World.
with

trade as (

    select trade.*
    from {{ ref('fct_world_trade') }} as trade
    inner join {{ ref('dim_product') }} as products
        on trade.product_code = products.product_code
        and products.is_low_carbon

),

economies as (

    select iso3, country_group from {{ ref('dim_economy') }}

),

-- a balance needs both sides: products of which only imports or only exports have landed in the year do not enter
both_sides as (

    select year, product_code
    from trade
    group by year, product_code
    having count(distinct flow) = 2

),

final as (

    select
        trade.year,
        economies.country_group as "group",
        'trade balance' as measure,
        {{ exact_sum("case when trade.flow = 'export' then trade.value_usd else - trade.value_usd end") }} / 1e9 as value,
        'billion USD' as unit,
        cast(count(distinct trade.product_code) as integer) as products_landed
    from trade
    inner join both_sides
        on trade.year = both_sides.year
        and trade.product_code = both_sides.product_code
    inner join economies
        on trade.economy_iso3 = economies.iso3
    group by trade.year, economies.country_group

)

select * from final
