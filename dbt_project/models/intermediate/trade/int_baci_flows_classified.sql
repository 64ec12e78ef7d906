-- BACI's flows in the listed products, one row per product for the treatments that make it up of
-- the same codes: summed once for all of them. A year of BACI is in one HS revision throughout, so
-- that in a year each treatment of a product is in one of its rows.
with

    flows as (select * from {{ ref('int_baci_flows_listed') }}),

    codes as (

        select distinct hs_revision, hs6_code, product_code, hs_treatments, weight
        from {{ ref('int_hs_codes_mapped') }}

    ),

    economy_codes as (select * from {{ ref('comtrade_economy_codes') }}),

    named as (

        select
            flows.year,
            {{ side_of('exporters') }} as exporter,
            {{ side_of('importers') }} as importer,
            flows.hs_revision,
            flows.hs6_code,
            flows.value_usd,
            flows.net_weight_kg
        from flows
        left join economy_codes as exporters on flows.exporter_code = exporters.comtrade_code
        left join economy_codes as importers on flows.importer_code = importers.comtrade_code

    ),

    final as (

        select
            named.year,
            named.exporter,
            named.importer,
            codes.product_code,
            codes.hs_treatments,
            {{ sum_of_product('named.value_usd') }} as value_usd,
            {{ sum_of_product('named.net_weight_kg') }} as net_weight_kg
        from named
        inner join
            codes on named.hs_revision = codes.hs_revision and named.hs6_code = codes.hs6_code
        group by named.year, named.exporter, named.importer, codes.product_code, codes.hs_treatments

    )

select *
from final
