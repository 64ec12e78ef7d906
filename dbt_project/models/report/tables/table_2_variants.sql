-- Table 2: China's exports of low-carbon products by income group and region of the partner, on
-- every trade basis and HS treatment.
with

    products as (select * from {{ ref('dim_product') }} where is_low_carbon),

    economies as (select * from {{ ref('dim_economy') }}),

    exports as (

        select flows.*
        from {{ ref('fct_trade_flow_variants') }} as flows
        inner join products on flows.product_code = products.product_code
        where flows.exporter_iso3 = 'CHN'

    ),

    grouped as (

        select exports.*, 'income group' as grouping_by, economies.income_group as partner_group
        from exports
        inner join economies on exports.importer_iso3 = economies.iso3
        union all
        select exports.*, 'region' as grouping_by, economies.region as partner_group
        from exports
        inner join economies on exports.importer_iso3 = economies.iso3

    ),

    summed as (

        select
            basis,
            hs_treatment,
            year,
            grouping_by,
            partner_group,
            {{ exact_sum('value_usd') }} as value_usd
        from grouped
        group by basis, hs_treatment, year, grouping_by, partner_group

    ),

    landed as (

        select
            basis,
            hs_treatment,
            year,
            cast(count(distinct product_code) as integer) as products_landed
        from exports
        group by basis, hs_treatment, year

    ),

    measures as (

        select
            *,
            'share of China exports' as measure,
            100
            * value_usd
            / sum({{ as_money('value_usd') }}) over (
                partition by basis, hs_treatment, year, grouping_by
            ) as value,
            'percent' as unit
        from summed
        union all
        select *, 'China exports' as measure, value_usd / 1e9 as value, 'billion USD' as unit
        from summed

    ),

    final as (

        select
            measures.year,
            measures.grouping_by,
            measures.partner_group as "group",
            measures.measure,
            measures.value,
            measures.unit,
            measures.basis,
            measures.hs_treatment,
            landed.products_landed
        from measures
        inner join
            landed
            on measures.basis = landed.basis
            and measures.hs_treatment = landed.hs_treatment
            and measures.year = landed.year

    )

select *
from final
