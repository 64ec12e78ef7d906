-- The reconciled flows of each market: the one basis that holds trade between all economies. A side
-- that is no economy keeps its kind; it is the unallocated part of a market. A negative flow is a
-- publisher's correction (audit_inconsistencies) and no supply.
with

    flows as (select * from {{ ref('int_baci_flows_classified') }}),

    treatments as (

        select distinct codes.hs_treatments
        from {{ ref('int_hs_codes_mapped') }} as codes
        inner join
            {{ ref('int_run_choices') }} as choices on codes.hs_treatment = choices.hs_treatment

    ),

    markets as (select * from {{ ref('int_supply_markets') }}),

    members as (select * from {{ ref('european_union_members') }}),

    summed as (

        select
            markets.market_number,
            flows.year,
            flows.exporter,
            flows.importer,
            {{ as_money('sum(flows.value_usd)') }} as value_usd,
            {{ as_money('sum(case when flows.net_weight_kg > 0 then flows.net_weight_kg end)') }}
            as net_weight_kg,
            {{ as_money('sum(case when flows.net_weight_kg > 0 then flows.value_usd else 0 end)') }}
            as weighed_value_usd
        from flows
        inner join treatments on flows.hs_treatments = treatments.hs_treatments
        inner join markets on flows.product_code = markets.product_code
        where flows.exporter <> flows.importer and flows.value_usd > 0
        group by markets.market_number, flows.year, flows.exporter, flows.importer

    ),

    final as (

        select
            summed.*,
            exporters.iso3 is not null as is_exporter_in_eu,
            importers.iso3 is not null as is_importer_in_eu
        from summed
        left join
            members as exporters
            on summed.exporter = exporters.iso3
            and summed.year between exporters.first_year and coalesce(exporters.last_year, 9999)
        left join
            members as importers
            on summed.importer = importers.iso3
            and summed.year between importers.first_year and coalesce(importers.last_year, 9999)

    )

select *
from final
