{#-
    Where a named measure says that an importer has a bottleneck: only what meets it. The European
    Commission made its indicators for the Union, which is here as EUU with the imports from
    outside; of every other importer the first and the third are asked.
-#}
{%- set market = ['market_kind', 'market', 'mineral_stage', 'year'] -%}

with

    measures as (select * from {{ ref('bottleneck_measures') }}),

    concentration as (

        select * from {{ ref('supply_concentration') }} where side = 'import' and measure = 'value'

    ),

    -- the Union's imports are those from outside, every other economy's are all
    imports as (

        select *
        from concentration
        where intra_eu_trade = case when economy_iso3 = 'EUU' then 'netted' else 'kept' end

    ),

    flows as (select * from {{ ref('int_supply_flows') }}),

    -- all that the Union exports, also among its members: for want of its production
    exports as (

        select {{ market | join(', ') }}, exporter as economy_iso3, sum(value_usd) as value_usd
        from flows
        group by {{ market | join(', ') }}, exporter
        union all
        select {{ market | join(', ') }}, 'EUU' as economy_iso3, sum(value_usd) as value_usd
        from flows
        where is_exporter_in_eu
        group by {{ market | join(', ') }}

    ),

    indicated as (

        select
            {% for column in market %} imports.{{ column }}, {% endfor %}
            imports.economy_iso3 as importer_iso3,
            imports.largest_supplier_iso3,
            imports.allocated + imports.unallocated as import_usd,
            imports.top_1_share,
            imports.hhi,
            case
                when imports.economy_iso3 = 'EUU'
                then
                    (imports.allocated + imports.unallocated)
                    / (all_imports.allocated + all_imports.unallocated)
            end as extra_eu_share,
            (imports.allocated + imports.unallocated)
            / nullif({{ as_float('exports.value_usd') }}, 0) as imports_over_exports
        from imports
        left join
            concentration as all_imports
            on all_imports.intra_eu_trade = 'kept'
            and imports.economy_iso3 = all_imports.economy_iso3
            {% for column in market %}
                and imports.{{ column }} = all_imports.{{ column }}
            {% endfor %}
        left join
            exports on imports.economy_iso3 = exports.economy_iso3
            {% for column in market %} and imports.{{ column }} = exports.{{ column }} {% endfor %}

    ),

    -- who exports nothing has no ratio, and depends on imports for all of it; that most imports of
    -- the Union come from outside is asked of the Union alone
    final as (

        select
            {% for column in market %} indicated.{{ column }}, {% endfor %}
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
