with

    flows as (select * from {{ ref('int_trade_flows_by_basis') }}),

    final as (

        select
            year,
            exporter_iso3,
            importer_iso3,
            product_code,
            {{ as_float('value_usd') }} as value_usd,
            {{ as_float('net_weight_kg') }} as net_weight_kg,
            {{ share_of('estimated_weight_kg', 'net_weight_kg') }} as weight_estimated_share,
            basis,
            hs_treatment,
            source,
            valuation
        from flows

    )

select *
from final
