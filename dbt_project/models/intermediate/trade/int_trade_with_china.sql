-- Each economy's trade with China in each product list, long form, in thousand USD and its
-- logarithm, per basis, treatment and mineral scope. An economy-year without a recorded flow has
-- no row; where that means no trade is said in int_trade_with_china_zeros_counted.
with

    flows as (

        select *
        from {{ ref('int_trade_flows_by_basis') }}
        where (exporter_iso3 = 'CHN' or importer_iso3 = 'CHN') and exporter_iso3 <> importer_iso3

    ),

    list_members as (select * from {{ ref('int_product_lists') }}),

    summed as (

        select
            flows.basis,
            flows.hs_treatment,
            list_members.mineral_scope,
            case
                when flows.exporter_iso3 = 'CHN' then flows.importer_iso3 else flows.exporter_iso3
            end as iso3,
            flows.year,
            list_members.product_list || case
                when flows.exporter_iso3 = 'CHN' then '_imports_from_china' else '_exports_to_china'
            end as trade,
            {{ as_float('sum(flows.value_usd)') }} / 1000 as value_kusd
        from flows
        inner join list_members on flows.product_code = list_members.product_code
        group by
            flows.basis,
            flows.hs_treatment,
            list_members.mineral_scope,
            case
                when flows.exporter_iso3 = 'CHN' then flows.importer_iso3 else flows.exporter_iso3
            end,
            flows.year,
            list_members.product_list || case
                when flows.exporter_iso3 = 'CHN' then '_imports_from_china' else '_exports_to_china'
            end

    ),

    final as (

        select
            basis,
            hs_treatment,
            mineral_scope,
            iso3,
            year,
            trade || '_kusd' as variable,
            value_kusd as value
        from summed
        union all
        select
            basis,
            hs_treatment,
            mineral_scope,
            iso3,
            year,
            'ln_' || trade as variable,
            ln(value_kusd) as value
        from summed
        where value_kusd > 0

    )

select *
from final
