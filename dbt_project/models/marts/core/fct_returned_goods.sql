-- What an economy reports to UN Comtrade as trade with itself: goods that left and came back
-- (re-imports), or as exports the same goods on their way out. They are in no bilateral fact.
with

    flows as (select * from {{ ref('int_trade_flows_classified') }}),

    choices as (select * from {{ ref('int_run_choices') }}),

    final as (

        select
            flows.year,
            flows.reporter_iso3 as economy_iso3,
            flows.flow,
            flows.product_code,
            {{ as_float('flows.value_usd') }} as value_usd,
            {{ as_float('flows.net_weight_kg') }} as net_weight_kg,
            {{ share_of('flows.estimated_weight_kg', 'flows.net_weight_kg') }}
            as weight_estimated_share,
            flows.hs_treatment,
            flows.source
        from flows
        inner join choices on flows.hs_treatment = choices.hs_treatment
        where
            flows.source = 'comtrade'
            and flows.reporter_kind = 'economy'
            and flows.partner_kind = 'economy'
            and flows.exporter_iso3 = flows.importer_iso3

    )

select *
from final
