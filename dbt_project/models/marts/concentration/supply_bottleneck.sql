{#-
    Where a named measure says that an importer has a bottleneck: only what meets it. The European
    Commission made its indicators for the Union, which is here as EUU with the imports from
    outside; of every other importer the first and the third are asked.
-#}
{%- set market -%} market_kind, market, mineral_stage, year {%- endset -%}

with

    measures as (select * from {{ ref('bottleneck_measures') }}),

    imports as (

        select
            {{ market }},
            economy_iso3 as importer_iso3,
            intra_eu_trade,
            largest_supplier_iso3,
            allocated_usd + unallocated_usd as import_usd,
            top_1_share,
            hhi
        from {{ ref('supply_concentration') }}
        where side = 'import'

    ),

    imports_of_the_union as (

        select {{ market }}, importer_iso3, import_usd as all_import_usd
        from imports
        where importer_iso3 = 'EUU' and intra_eu_trade = 'kept'

    ),

    markets as (

        select distinct market_number, market_kind, market, mineral_stage
        from {{ ref('int_supply_markets') }}

    ),

    -- all that the Union exports, also among its members: for want of its production
    exports_by_number as (

        select
            market_number,
            year,
            supplier as importer_iso3,
            {{ as_float('value_usd') }} as export_usd
        from {{ ref('int_suppliers') }}
        where economy_iso3 = 'WLD' and intra_eu_trade = 'kept'
        union all
        select
            market_number,
            year,
            'EUU' as importer_iso3,
            {{ as_float('sum(value_usd)') }} as export_usd
        from {{ ref('int_supply_flows') }}
        where is_exporter_in_eu
        group by market_number, year

    ),

    exports as (

        select {{ market }}, importer_iso3, export_usd
        from exports_by_number
        inner join markets using (market_number)

    ),

    indicated as (

        select
            {{ market }},
            importer_iso3,
            imports.largest_supplier_iso3,
            imports.import_usd,
            imports.top_1_share,
            imports.hhi,
            imports.import_usd / imports_of_the_union.all_import_usd as extra_eu_share,
            imports.import_usd / exports.export_usd as imports_over_exports
        from imports
        left join imports_of_the_union using ({{ market }}, importer_iso3)
        left join exports using ({{ market }}, importer_iso3)
        where imports.intra_eu_trade = case when importer_iso3 = 'EUU' then 'netted' else 'kept' end

    ),

    -- who exports nothing has no ratio, and depends on imports for all of it; that most imports of
    -- the Union come from outside is asked of the Union alone
    final as (

        select
            {{ market }},
            indicated.importer_iso3,
            measures.measure,
            indicated.largest_supplier_iso3,
            indicated.import_usd,
            indicated.top_1_share,
            indicated.hhi,
            indicated.extra_eu_share,
            indicated.imports_over_exports,
            measures.source
        from indicated
        inner join
            measures
            on (
                measures.measure = 'one_partner'
                and indicated.top_1_share >= measures.least_share
                and indicated.import_usd >= measures.least_import_usd
            )
            or (
                measures.measure = 'core_dependency'
                and indicated.hhi > measures.least_hhi
                and coalesce(indicated.extra_eu_share > measures.least_extra_eu_share, true)
                and coalesce(
                    indicated.imports_over_exports > measures.least_imports_over_exports, true
                )
            )

    )

select *
from final
