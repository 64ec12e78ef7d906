{#-
    Who depends on whom. The share that a supplier has in an importer's imports is also what the
    importer loses, at first, if the supplier falls away: before anyone else delivers more, and
    before stocks, substitutes and prices answer. Of minerals and technologies: pairs in single
    products would be half of all rows, and their values are in fct_trade_flow_variants.
-#}
{%- set market -%} market_number, year, intra_eu_trade {%- endset -%}

with

    markets as (

        select distinct market_number, market_kind, market, mineral_stage
        from {{ ref('int_supply_markets') }}
        where market_kind <> 'product'

    ),

    imports as (

        select
            {{ market }},
            economy_iso3 as importer_iso3,
            supplier as supplier_iso3,
            {{ as_float('value_usd') }} as value_usd
        from {{ ref('int_suppliers') }}
        where
            market_number in (select market_number from markets)
            and economy_iso3 <> 'WLD'
            and {{ is_economy('supplier') }}

    ),

    importers as (

        select
            {{ market }},
            economy_iso3 as importer_iso3,
            {{ as_float('allocated_usd') }} as imported_usd
        from {{ ref('int_supply_summed') }}
        where economy_iso3 <> 'WLD'

    ),

    exporters as (

        select {{ market }}, supplier as supplier_iso3, {{ as_float('value_usd') }} as exported_usd
        from {{ ref('int_suppliers') }}
        where economy_iso3 = 'WLD'

    ),

    world as (

        select {{ market }}, {{ as_float('allocated_usd') }} as traded_usd
        from {{ ref('int_supply_summed') }}
        where economy_iso3 = 'WLD'

    ),

    -- all of them match; inner joins could be carried out in another order, the small sides first:
    -- every importer of a market beside every exporter
    final as (

        select
            markets.market_kind,
            markets.market,
            markets.mineral_stage,
            year,
            intra_eu_trade,
            importer_iso3,
            supplier_iso3,
            imports.value_usd,
            imports.value_usd / importers.imported_usd as share_of_imports,
            imports.value_usd / exporters.exported_usd as share_of_exports,
            imports.value_usd / importers.imported_usd
            - imports.value_usd / exporters.exported_usd as asymmetry,
            world.traded_usd - exporters.exported_usd as exports_of_others_usd,
            (world.traded_usd - exporters.exported_usd)
            / imports.value_usd as exports_of_others_per_loss
        from imports
        left join importers using ({{ market }}, importer_iso3)
        left join exporters using ({{ market }}, supplier_iso3)
        left join world using ({{ market }})
        left join markets using (market_number)

    )

select *
from final
