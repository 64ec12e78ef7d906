{#-
    What each supplier gives to each importer, to the world (economy WLD) and to the European Union
    (EUU). Flows are each importer's suppliers as they are: only the world's and the Union's are
    summed. With intra-EU trade netted, what members supply each other is left out; importers
    outside the Union have nothing to net, and no such rows.
-#}
{%- set market -%} market_number, year {%- endset -%}
{%- set amounts -%} value_usd, net_weight_kg, weighed_value_usd {%- endset -%}
{%- set unions = [
    ("WLD", "kept", "true"),
    ("WLD", "netted", "not (is_exporter_in_eu and is_importer_in_eu)"),
    ("EUU", "kept", "is_importer_in_eu"),
    ("EUU", "netted", "is_importer_in_eu and not is_exporter_in_eu"),
] -%}

with

    -- first by what the choices differ in, so that all flows are read once
    summed as (

        select
            {{ market }},
            exporter,
            is_exporter_in_eu,
            is_importer_in_eu,
            sum(value_usd) as value_usd,
            sum(net_weight_kg) as net_weight_kg,
            sum(weighed_value_usd) as weighed_value_usd
        from {{ ref('int_supply_flows') }}
        group by {{ market }}, exporter, is_exporter_in_eu, is_importer_in_eu

    ),

    final as (

        select
            {{ market }},
            importer as economy_iso3,
            'kept' as intra_eu_trade,
            exporter as supplier,
            {{ amounts }}
        from {{ ref('int_supply_flows') }}
        where {{ is_economy('importer') }}
        union all
        select
            {{ market }},
            importer as economy_iso3,
            'netted' as intra_eu_trade,
            exporter as supplier,
            {{ amounts }}
        from {{ ref('int_supply_flows') }}
        where is_importer_in_eu and not is_exporter_in_eu
        {% for economy, intra_eu_trade, condition in unions %}
            union all
            select
                {{ market }},
                '{{ economy }}' as economy_iso3,
                '{{ intra_eu_trade }}' as intra_eu_trade,
                exporter as supplier,
                {{ as_money('sum(value_usd)') }} as value_usd,
                {{ as_money('sum(net_weight_kg)') }} as net_weight_kg,
                {{ as_money('sum(weighed_value_usd)') }} as weighed_value_usd
            from summed
            where {{ condition }}
            group by {{ market }}, exporter
        {% endfor %}

    )

select *
from final
