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

    flows as (

        select *
        from {{ ref('int_trade_flows_classified') }}
        where
            reporter_kind = 'economy'
            and partner_kind = 'economy'
            and exporter_iso3 <> importer_iso3

    ),

    based as (

        select
            *,
            case
                when source = 'baci'
                then 'reconciled'
                when reporter_iso3 = 'CHN'
                then 'china_reported'
                when partner_iso3 = 'CHN'
                then 'partner_reported'
            end as basis,
            case when source = 'comtrade' and flow = 'import' then 'CIF' else 'FOB' end as valuation
        from flows

    ),

    final as (

        select
            basis,
            hs_treatment,
            year,
            exporter_iso3,
            importer_iso3,
            product_code,
            valuation,
            source,
            value_usd,
            net_weight_kg,
            estimated_weight_kg
        from based
        where basis is not null

    )

select *
from final
