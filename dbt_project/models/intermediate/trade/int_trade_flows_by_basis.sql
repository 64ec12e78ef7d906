{#-
    Bilateral flows between economies on each trade basis.

    china_reported    what China's customs reported of its trade (imports CIF, exports FOB)
    partner_reported  what the partner reported of its trade with China (China's exports CIF,
                      its imports FOB)
    reconciled        BACI: both sides weighed, freight and insurance removed (FOB);
                      the only basis for trade between others
-#}
with

    flows as (

        select *
        from {{ ref('int_trade_flows_classified') }}
        where reporter_kind = 'economy' and partner_kind = 'economy'

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
            -- China's trade with itself (goods returned) is reported as import and as export: the
            -- import counts
            case
                when max(valuation) = min(valuation) then max(valuation) else 'CIF'
            end as valuation,
            source,
            cast(
                case
                    when
                        exporter_iso3 = importer_iso3
                        and max(case when flow = 'import' then 1 else 0 end) = 1
                    then sum(case when flow = 'import' then value_usd end)
                    else sum(value_usd)
                end as {{ type_money() }}
            ) as value_usd,
            cast(
                case
                    when
                        exporter_iso3 = importer_iso3
                        and max(case when flow = 'import' then 1 else 0 end) = 1
                    then sum(case when flow = 'import' then net_weight_kg end)
                    else sum(net_weight_kg)
                end as {{ type_money() }}
            ) as net_weight_kg
        from based
        where basis is not null
        group by basis, hs_treatment, year, exporter_iso3, importer_iso3, product_code, source

    )

select *
from final
