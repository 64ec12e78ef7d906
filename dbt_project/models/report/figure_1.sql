-- Shares of China, high-income and other emerging and developing economies in world trade in low-carbon products.
with

trade as (

    select * from {{ ref('fct_world_trade') }}

),

products as (

    select product_code from {{ ref('dim_product') }}
    where is_low_carbon

),

economies as (

    select iso3, country_group from {{ ref('dim_economy') }}

),

summed as (

    select
        trade.year,
        trade.flow,
        economies.country_group,
        {{ exact_sum('trade.value_usd') }} as value_usd
    from trade
    inner join products
        on trade.product_code = products.product_code
    inner join economies
        on trade.economy_iso3 = economies.iso3
    group by trade.year, trade.flow, economies.country_group

),

products_landed as (

    select
        trade.year,
        trade.flow,
        count(distinct trade.product_code) as product_count
    from trade
    inner join products
        on trade.product_code = products.product_code
    group by trade.year, trade.flow

),

final as (

    select
        summed.year,
        summed.country_group as "group",
        summed.flow || ' share' as measure,
        100 * summed.value_usd / sum({{ as_money('summed.value_usd') }}) over (partition by summed.year, summed.flow) as value,
        'percent' as unit,
        cast(products_landed.product_count as integer) as products_landed
    from summed
    inner join products_landed
        on summed.year = products_landed.year
        and summed.flow = products_landed.flow

)

select * from final
