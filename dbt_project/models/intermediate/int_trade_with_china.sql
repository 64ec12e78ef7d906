-- Each economy's trade with China in the two product lists, long form, in thousand USD and its logarithm, per basis, treatment
-- and mineral scope. An economy-year without a recorded flow has no row; lithium stands in both lists and counts in both.
with

flows as (

    select * from {{ ref('int_trade_flows_by_basis') }}
    where
        (exporter_iso3 = 'CHN' or importer_iso3 = 'CHN')
        and exporter_iso3 <> importer_iso3

),

low_carbon as (

    select product_code from {{ ref('stg_lists__low_carbon_products') }}

),

minerals as (

    select product_code, 'all_stages' as mineral_scope from {{ ref('transition_minerals') }}
    where is_in_report_list
    union all
    select product_code, 'ores' as mineral_scope from {{ ref('transition_minerals') }}
    where is_in_report_list and is_in_ores_scope

),

list_members as (

    select 'lct' as product_list, low_carbon.product_code, scopes.mineral_scope
    from low_carbon
    cross join (select distinct mineral_scope from minerals) as scopes
    union all
    select 'mineral' as product_list, product_code, mineral_scope from minerals

),

summed as (

    select
        flows.basis,
        flows.hs_treatment,
        list_members.mineral_scope,
        case when flows.exporter_iso3 = 'CHN' then flows.importer_iso3 else flows.exporter_iso3 end as iso3,
        flows.year,
        list_members.product_list || case when flows.exporter_iso3 = 'CHN' then '_imports_from_china' else '_exports_to_china' end as trade,
        {{ as_float('sum(flows.value_usd)') }} / 1000 as value_kusd
    from flows
    inner join list_members
        on flows.product_code = list_members.product_code
    group by
        flows.basis,
        flows.hs_treatment,
        list_members.mineral_scope,
        case when flows.exporter_iso3 = 'CHN' then flows.importer_iso3 else flows.exporter_iso3 end,
        flows.year,
        list_members.product_list || case when flows.exporter_iso3 = 'CHN' then '_imports_from_china' else '_exports_to_china' end

),

final as (

    select basis, hs_treatment, mineral_scope, iso3, year, trade || '_kusd' as variable, value_kusd as value from summed
    union all
    select basis, hs_treatment, mineral_scope, iso3, year, 'ln_' || trade as variable, ln(value_kusd) as value from summed
    where value_kusd > 0

)

select * from final
