{#-
    What each supplier gives: to the world (side `export`, economy WLD) and to each importer (side
    `import`), in value and in weight. With intra-EU trade netted, members of the European Union
    count as suppliers of the rest of the world only, and EUU is the Union as one importer.
-#}
{%- set sides = [
    ("export", "'WLD'", "kept", "true"),
    ("export", "'WLD'", "netted", "not (is_exporter_in_eu and is_importer_in_eu)"),
    ("import", "importer", "kept", is_economy("importer")),
    (
        "import",
        "importer",
        "netted",
        is_economy("importer") ~ " and not (is_exporter_in_eu and is_importer_in_eu)",
    ),
    ("import", "'EUU'", "kept", "is_importer_in_eu"),
    ("import", "'EUU'", "netted", "is_importer_in_eu and not is_exporter_in_eu"),
] -%}

with

    flows as (select * from {{ ref('int_supply_flows') }}),

    sides as (

        {% for side, economy, intra_eu_trade, condition in sides %}
            select
                market_kind,
                market,
                mineral_stage,
                year,
                '{{ side }}' as side,
                {{ economy }} as economy_iso3,
                '{{ intra_eu_trade }}' as intra_eu_trade,
                exporter as supplier,
                value_usd,
                net_weight_kg,
                weighed_value_usd
            from flows
            where {{ condition }}
            {% if not loop.last %}
                union all
            {% endif %}
        {% endfor %}

    ),

    summed as (

        select
            market_kind,
            market,
            mineral_stage,
            year,
            side,
            economy_iso3,
            intra_eu_trade,
            supplier,
            {{ as_money('sum(value_usd)') }} as value_usd,
            {{ as_money('sum(net_weight_kg)') }} as net_weight_kg,
            {{ as_money('sum(weighed_value_usd)') }} as weighed_value_usd
        from sides
        group by
            market_kind, market, mineral_stage, year, side, economy_iso3, intra_eu_trade, supplier

    ),

    final as (

        {% for measure, amount in [('value', 'value_usd'), ('weight', 'net_weight_kg')] %}
            select
                market_kind,
                market,
                mineral_stage,
                year,
                side,
                economy_iso3,
                intra_eu_trade,
                '{{ measure }}' as measure,
                supplier,
                {{ is_economy('supplier') }} as is_allocated,
                coalesce({{ amount }}, 0) as amount,
                value_usd,
                weighed_value_usd
            from summed
            {% if not loop.last %}
                union all
            {% endif %}
        {% endfor %}

    )

select *
from final
