-- China's trade on each basis side by side, where two have it: how much the choice of the basis
-- matters, by year and product.
with

    flows as (

        select flows.*
        from {{ ref('int_trade_flows_by_basis') }} as flows
        inner join
            {{ ref('int_run_choices') }} as choices on flows.hs_treatment = choices.hs_treatment
        where flows.exporter_iso3 = 'CHN' or flows.importer_iso3 = 'CHN'

    ),

    by_basis as (

        select
            year,
            case when importer_iso3 = 'CHN' then 'import' else 'export' end as flow,
            product_code,
            basis,
            {{ as_float('sum(value_usd)') }} as value_usd
        from flows
        group by
            year,
            case when importer_iso3 = 'CHN' then 'import' else 'export' end,
            product_code,
            basis

    ),

    side_by_side as (

        select
            year,
            flow,
            product_code,
            max(case when basis = 'china_reported' then value_usd end) as china_reported_usd,
            max(case when basis = 'partner_reported' then value_usd end) as partner_reported_usd,
            max(case when basis = 'reconciled' then value_usd end) as reconciled_usd
        from by_basis
        group by year, flow, product_code
        having count(*) > 1

    ),

    final as (

        select
            year,
            flow,
            product_code,
            china_reported_usd,
            partner_reported_usd,
            reconciled_usd,
            case
                when china_reported_usd > 0 then partner_reported_usd / china_reported_usd
            end as partner_to_china_reported_ratio,
            case
                when china_reported_usd > 0 then reconciled_usd / china_reported_usd
            end as reconciled_to_china_reported_ratio,
            case
                when partner_reported_usd > 0 then reconciled_usd / partner_reported_usd
            end as reconciled_to_partner_reported_ratio
        from side_by_side

    )

select *
from final
