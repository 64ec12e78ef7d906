-- China's exports of each low-carbon product to each economy, per basis and treatment. A flow of
-- zero is no trade.
with

    flows as (

        select basis, hs_treatment, importer_iso3, year, product_code, value_usd
        from {{ ref('int_trade_flows_by_basis') }}
        where exporter_iso3 = 'CHN' and value_usd > 0

    ),

    low_carbon as (

        select distinct product_code from {{ ref('int_product_lists') }} where product_list = 'lct'

    ),

    final as (

        select
            flows.basis,
            flows.hs_treatment,
            flows.importer_iso3 as iso3,
            flows.year,
            flows.product_code,
            flows.value_usd
        from flows
        inner join low_carbon on flows.product_code = low_carbon.product_code

    )

select *
from final
