-- China's exports of low-carbon products by income group and region of the partner, on the run's default basis.
with

flows as (

    select
        flows.year,
        flows.importer_iso3,
        flows.product_code,
        flows.value_usd
    from {{ ref('fct_trade_flow') }} as flows
    inner join {{ ref('dim_product') }} as products
        on flows.product_code = products.product_code
        and products.is_low_carbon
    where
        flows.exporter_iso3 = 'CHN'
        and flows.importer_iso3 <> 'CHN'

),

economies as (

    select * from {{ ref('dim_economy') }}

),

grouped as (

    select flows.year, 'income group' as grouping_by, economies.income_group as partner_group, flows.product_code, flows.value_usd
    from flows
    inner join economies
        on flows.importer_iso3 = economies.iso3
    union all
    select flows.year, 'region' as grouping_by, economies.region as partner_group, flows.product_code, flows.value_usd
    from flows
    inner join economies
        on flows.importer_iso3 = economies.iso3

),

summed as (

    select
        year,
        grouping_by,
        partner_group,
        {{ exact_sum('value_usd') }} as value_usd
    from grouped
    group by year, grouping_by, partner_group

),

products_landed as (

    select year, count(distinct product_code) as product_count
    from flows
    group by year

),

final as (

    select
        summed.year,
        summed.grouping_by,
        summed.partner_group as "group",
        'share of China exports' as measure,
        100 * summed.value_usd / sum({{ as_money('summed.value_usd') }}) over (partition by summed.year, summed.grouping_by) as value,
        'percent' as unit,
        cast(products_landed.product_count as integer) as products_landed
    from summed
    inner join products_landed
        on summed.year = products_landed.year
    union all
    select
        summed.year,
        summed.grouping_by,
        summed.partner_group as "group",
        'China exports' as measure,
        summed.value_usd / 1e9 as value,
        'billion USD' as unit,
        cast(products_landed.product_count as integer) as products_landed
    from summed
    inner join products_landed
        on summed.year = products_landed.year

)

select * from final
