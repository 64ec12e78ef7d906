{#-
    Bilateral flows between economies on each trade basis.

    china_reported    what China's customs reported of its trade (imports CIF, exports FOB)
    partner_reported  what the partner reported of its trade with China (China's exports CIF,
                      its imports FOB)
    reconciled        BACI: both sides weighed, freight and insurance removed (FOB);
                      the only basis for trade between others

    What an economy reports as trade with itself is no flow between economies: returned goods are
    in marts.fct_returned_goods. Without them, reporter and direction tell exporter from importer,
    so each classified row is one flow and nothing has to be summed.
-#}
{{ config(materialized='view') }}

with

    treatments as (

        select distinct hs_treatments, hs_treatment from {{ ref('int_hs_codes_mapped') }}

    ),

    comtrade as (

        select
            case
                when reporter_iso3 = 'CHN'
                then 'china_reported'
                when partner_iso3 = 'CHN'
                then 'partner_reported'
            end as basis,
            hs_treatment,
            year,
            exporter_iso3,
            importer_iso3,
            product_code,
            {{ valuation_of('flow') }} as valuation,
            'comtrade' as source,
            value_usd,
            net_weight_kg,
            estimated_weight_kg
        from {{ ref('int_comtrade_flows_classified') }}
        where
            reporter_kind = 'economy'
            and partner_kind = 'economy'
            and exporter_iso3 <> importer_iso3

    ),

    baci as (

        select
            'reconciled' as basis,
            treatments.hs_treatment,
            flows.year,
            flows.exporter as exporter_iso3,
            flows.importer as importer_iso3,
            flows.product_code,
            'FOB' as valuation,
            'baci' as source,
            flows.value_usd,
            flows.net_weight_kg,
            -- BACI converts and estimates quantities, but its files do not say which
            cast(null as {{ type_money() }}) as estimated_weight_kg
        from {{ ref('int_baci_flows_classified') }} as flows
        inner join treatments on flows.hs_treatments = treatments.hs_treatments
        where
            {{ is_economy('flows.exporter') }}
            and {{ is_economy('flows.importer') }}
            and flows.exporter <> flows.importer

    ),

    final as (

        select *
        from comtrade
        where basis is not null
        union all
        select *
        from baci

    )

select *
from final
