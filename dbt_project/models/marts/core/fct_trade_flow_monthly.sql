-- China's trade by month, as China reports it. It comes from monthly answers alone, and no annual
-- model reads it.
with

    flows as (select * from {{ ref('int_comtrade_monthly_flows_classified') }}),

    choices as (select * from {{ ref('int_run_choices') }}),

    final as (

        select
            {{ first_day_of('flows.year', 'flows.month') }} as month,
            flows.year,
            flows.exporter_iso3,
            flows.importer_iso3,
            flows.product_code,
            flows.flow,
            {{ as_float('flows.value_usd') }} as value_usd,
            {{ as_float('flows.net_weight_kg') }} as net_weight_kg,
            {{ share_of('flows.estimated_weight_kg', 'flows.net_weight_kg') }}
            as weight_estimated_share,
            flows.hs_treatment,
            case when flows.flow = 'import' then 'CIF' else 'FOB' end as valuation
        from flows
        inner join choices on flows.hs_treatment = choices.hs_treatment
        where
            flows.reporter_iso3 = 'CHN'
            and flows.partner_kind = 'economy'
            and flows.exporter_iso3 <> flows.importer_iso3

    )

select *
from final
