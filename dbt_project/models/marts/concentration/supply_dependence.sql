{#-
    Who depends on whom: each importer's supplies by mineral, technology and sector, intra-EU trade
    kept. The share that a supplier has in an importer's imports is also what the importer loses, at
    first, if the supplier falls away: before anyone else delivers more, and before stocks,
    substitutes and prices answer.
-#}
{%- set market = ['market_kind', 'market', 'mineral_stage', 'year'] -%}

with

    suppliers as (

        select *
        from {{ ref('int_suppliers') }}
        where
            intra_eu_trade = 'kept'
            and measure = 'value'
            and is_allocated
            and amount > 0
            and market_kind <> 'product'

    ),

    imports as (select * from suppliers where side = 'import'),

    exports as (select * from suppliers where side = 'export'),

    imported as (

        select {{ market | join(', ') }}, economy_iso3, sum(amount) as amount
        from imports
        group by {{ market | join(', ') }}, economy_iso3

    ),

    exported as (

        select {{ market | join(', ') }}, sum(amount) as amount
        from exports
        group by {{ market | join(', ') }}

    ),

    final as (

        select
            {% for column in market %} imports.{{ column }}, {% endfor %}
            imports.economy_iso3 as importer_iso3,
            imports.supplier as supplier_iso3,
            {{ as_float('imports.amount') }} as value_usd,
            {{ as_float('imports.amount') }}
            / {{ as_float('imported.amount') }} as share_of_imports,
            {{ as_float('imports.amount') }} / {{ as_float('exports.amount') }} as share_of_exports,
            {{ as_float('imports.amount') }} / {{ as_float('imported.amount') }}
            - {{ as_float('imports.amount') }} / {{ as_float('exports.amount') }} as asymmetry,
            {{ as_float('exported.amount - exports.amount') }} as exports_of_others_usd,
            {{ as_float('exported.amount - exports.amount') }}
            / {{ as_float('imports.amount') }} as exports_of_others_per_loss
        from imports
        inner join
            imported
            on {% for column in market + ['economy_iso3'] -%}
                imports.{{ column }} = imported.{{ column }} {{ "and" if not loop.last }}
            {% endfor %}
        inner join
            exports
            on {% for column in market + ['supplier'] -%}
                imports.{{ column }} = exports.{{ column }} {{ "and" if not loop.last }}
            {% endfor %}
        inner join
            exported
            on {% for column in market -%}
                imports.{{ column }} = exported.{{ column }} {{ "and" if not loop.last }}
            {% endfor %}

    )

select *
from final
