-- China's trade by month, as China reports it. It comes from monthly answers alone, and no annual
-- model reads it.
with

    flows as (select * from {{ ref('int_comtrade_monthly_flows_classified') }}),

    choices as (select * from {{ ref('int_run_choices') }}),

    final as (

        select
            make_date(flows.year, flows.month, 1) as month,
            flows.year,
            flows.exporter_iso3,
            flows.importer_iso3,
            flows.product_code,
            flows.flow,
            {{ trade_flow_amounts('flows') }},
            flows.hs_treatment,
            {{ valuation_of('flows.flow') }} as valuation
        from flows
        inner join choices on flows.hs_treatment = choices.hs_treatment
        where
            flows.reporter_iso3 = 'CHN'
            and flows.partner_kind = 'economy'
            and flows.exporter_iso3 <> flows.importer_iso3

    )

select *
from final
