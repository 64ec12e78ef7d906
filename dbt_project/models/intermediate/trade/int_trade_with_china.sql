-- Each economy's trade with China in each product list, in thousand USD, per basis, treatment and
-- mineral scope; `direction` is the economy's: its imports from China, its exports to China. An
-- economy-year without a recorded flow has no row; where that means no trade is said in
-- int_trade_with_china_zeros_counted.
with

    flows as (

        select
            *,
            case when exporter_iso3 = 'CHN' then importer_iso3 else exporter_iso3 end as iso3,
            case when exporter_iso3 = 'CHN' then 'import' else 'export' end as direction
        from {{ ref('int_trade_flows_by_basis') }}
        where exporter_iso3 = 'CHN' or importer_iso3 = 'CHN'

    ),

    list_members as (select * from {{ ref('int_product_lists') }}),

    final as (

        select
            flows.basis,
            flows.hs_treatment,
            list_members.mineral_scope,
            list_members.product_list,
            flows.direction,
            flows.iso3,
            flows.year,
            {{ as_float('sum(flows.value_usd)') }} / 1000 as value_kusd
        from flows
        inner join list_members on flows.product_code = list_members.product_code
        group by
            flows.basis,
            flows.hs_treatment,
            list_members.mineral_scope,
            list_members.product_list,
            flows.direction,
            flows.iso3,
            flows.year

    )

select *
from final
