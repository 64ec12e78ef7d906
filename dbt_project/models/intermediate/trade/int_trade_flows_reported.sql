-- Both sources in one form: who exported, who imported, who said so, and how it was valued.
-- Group reporters, the World and partners that are no economies keep their rows, told apart by
-- `reporter_kind` and `partner_kind`. Of BACI, the codes of the lists.
{{ config(materialized='view') }}

with

    comtrade as (select * from {{ ref('int_comtrade_flows_deduplicated') }}),

    baci as (select * from {{ ref('int_baci_flows_listed') }}),

    economy_codes as (select * from {{ ref('comtrade_economy_codes') }}),

    comtrade_named as (

        select
            'comtrade' as source,
            comtrade.year,
            case when comtrade.flow_code = 'M' then 'import' else 'export' end as flow,
            reporters.iso3 as reporter_iso3,
            coalesce(reporters.kind, 'unallocated') as reporter_kind,
            partners.iso3 as partner_iso3,
            coalesce(partners.kind, 'unallocated') as partner_kind,
            case
                when comtrade.flow_code = 'M' then partners.iso3 else reporters.iso3
            end as exporter_iso3,
            case
                when comtrade.flow_code = 'M' then reporters.iso3 else partners.iso3
            end as importer_iso3,
            comtrade.hs_revision,
            comtrade.hs6_code,
            comtrade.value_usd,
            comtrade.net_weight_kg,
            comtrade.estimated_weight_kg
        from comtrade
        left join economy_codes as reporters on comtrade.reporter_code = reporters.comtrade_code
        left join economy_codes as partners on comtrade.partner_code = partners.comtrade_code

    ),

    baci_named as (

        select
            'baci' as source,
            baci.year,
            'export' as flow,
            cast(null as {{ dbt.type_string() }}) as reporter_iso3,
            coalesce(exporters.kind, 'unallocated') as reporter_kind,
            importers.iso3 as partner_iso3,
            coalesce(importers.kind, 'unallocated') as partner_kind,
            exporters.iso3 as exporter_iso3,
            importers.iso3 as importer_iso3,
            baci.hs_revision,
            baci.hs6_code,
            baci.value_usd,
            baci.net_weight_kg,
            -- BACI converts and estimates quantities, but its files do not say which
            cast(null as {{ type_money() }}) as estimated_weight_kg
        from baci
        left join economy_codes as exporters on baci.exporter_code = exporters.comtrade_code
        left join economy_codes as importers on baci.importer_code = importers.comtrade_code

    ),

    final as (

        select *
        from comtrade_named
        union all
        select *
        from baci_named

    )

select *
from final
