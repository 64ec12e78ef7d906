-- Both sources in one form: who exported, who imported, who said so, in which product by which
-- treatment. A view: nothing is computed here.
{{ config(materialized='view') }}

with

    comtrade as (select * from {{ ref('int_comtrade_flows_classified') }}),

    baci as (select * from {{ ref('int_baci_flows_classified') }}),

    treatments as (

        select distinct hs_treatments, hs_treatment from {{ ref('int_hs_codes_mapped') }}

    ),

    final as (

        select
            'comtrade' as source,
            year,
            flow,
            reporter_iso3,
            reporter_kind,
            partner_iso3,
            partner_kind,
            exporter_iso3,
            importer_iso3,
            product_code,
            hs_treatment,
            value_usd,
            net_weight_kg,
            estimated_weight_kg
        from comtrade
        union all
        select
            'baci' as source,
            baci.year,
            'export' as flow,
            cast(null as {{ dbt.type_string() }}) as reporter_iso3,
            {{ kind_of('baci.exporter') }} as reporter_kind,
            {{ iso3_of('baci.importer') }} as partner_iso3,
            {{ kind_of('baci.importer') }} as partner_kind,
            {{ iso3_of('baci.exporter') }} as exporter_iso3,
            {{ iso3_of('baci.importer') }} as importer_iso3,
            baci.product_code,
            treatments.hs_treatment,
            baci.value_usd,
            baci.net_weight_kg,
            -- BACI converts and estimates quantities, but its files do not say which
            cast(null as {{ type_money() }}) as estimated_weight_kg
        from baci
        inner join treatments on baci.hs_treatments = treatments.hs_treatments

    )

select *
from final
