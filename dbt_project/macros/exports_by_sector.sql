{#- Exports of low-carbon products by sector and year, of the world or of one economy: figures 3 and 4 are the same addition. -#}
{% macro exports_by_sector(measure, economy_iso3=none) %}
{%- set chosen = "economy_iso3 = '" ~ economy_iso3 ~ "'" if economy_iso3 else 'true' %}
with

trade as (

    select
        trade.year,
        trade.economy_iso3,
        trade.product_code,
        trade.value_usd,
        products.sector
    from {{ ref('fct_world_trade') }} as trade
    inner join {{ ref('dim_product') }} as products
        on trade.product_code = products.product_code
        and products.is_low_carbon
    where trade.flow = 'export'

),

by_sector as (

    select
        year,
        sector,
        {{ exact_sum('case when ' ~ chosen ~ ' then value_usd end') }} as value_usd,
        {{ exact_sum('value_usd') }} as world_value_usd,
        count(distinct product_code) as product_count
    from trade
    group by year, sector
    union all
    select
        year,
        'all sectors' as sector,
        {{ exact_sum('case when ' ~ chosen ~ ' then value_usd end') }} as value_usd,
        {{ exact_sum('value_usd') }} as world_value_usd,
        count(distinct product_code) as product_count
    from trade
    group by year

),

totals as (

    select year, value_usd from by_sector
    where sector = 'all sectors'

),

final as (

    select
        by_sector.year,
        by_sector.sector,
        '{{ measure }}' as measure,
        by_sector.value_usd / 1e9 as value,
        'billion USD' as unit,
        cast(by_sector.product_count as integer) as products_landed
    from by_sector
    where by_sector.value_usd is not null
    union all
    select
        by_sector.year,
        by_sector.sector,
        'sector share of {{ measure }}' as measure,
        100 * by_sector.value_usd / totals.value_usd as value,
        'percent' as unit,
        cast(by_sector.product_count as integer) as products_landed
    from by_sector
    inner join totals
        on by_sector.year = totals.year
    where by_sector.value_usd is not null and by_sector.sector <> 'all sectors' and totals.value_usd > 0
    {%- if economy_iso3 %}
    union all
    select
        by_sector.year,
        by_sector.sector,
        'share of world exports' as measure,
        100 * by_sector.value_usd / by_sector.world_value_usd as value,
        'percent' as unit,
        cast(by_sector.product_count as integer) as products_landed
    from by_sector
    where by_sector.value_usd is not null and by_sector.world_value_usd > 0
    {%- endif %}

)

select * from final
{%- endmacro %}
