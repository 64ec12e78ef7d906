{#-
    The report's exhibits as aggregates of world trade or bilateral flows. Each is written once
    and serves the default exhibit (`keys` empty) and its variants (`keys` lists the columns that
    tell the variants apart; they are carried into the result).
-#}
{#- `keys` as a select list with a table's name in front, or as a join condition. -#}
{% macro listed(keys, table) -%}
    {%- for key in keys %} {{ table }}.{{ key }}, {% endfor -%}
{%- endmacro %}

{% macro matched(keys, left, right) -%}
    {%- for key in keys %} and {{ left }}.{{ key }} = {{ right }}.{{ key }}{% endfor -%}
{%- endmacro %}

{#-
    The CTEs that figures 1 and 2 begin with: trade in low-carbon products,
    and the group of each economy.
-#}
{% macro low_carbon_trade_and_groups(trade) -%}
    trade as (

        select trade.*
        from {{ trade }} as trade
        inner join
            {{ ref('dim_product') }} as products
            on trade.product_code = products.product_code
            and products.is_low_carbon

    ),

    economies as (select iso3, country_group from {{ ref('dim_economy') }}),
{%- endmacro %}

{#- Figure 1: shares of the three groups of economies in world trade in low-carbon products. -#}
{% macro world_trade_shares(trade, keys=[]) %}
    with

        {{ low_carbon_trade_and_groups(trade) }}

        summed as (

            select
                {{ listed(keys, 'trade') }}
                trade.year,
                trade.flow,
                economies.country_group,
                {{ exact_sum('trade.value_usd') }} as value_usd
            from trade
            inner join economies on trade.economy_iso3 = economies.iso3
            group by {{ listed(keys, 'trade') }} trade.year, trade.flow, economies.country_group

        ),

        products_landed as (

            select
                {{ listed(keys, 'trade') }} trade.year,
                trade.flow,
                count(distinct trade.product_code) as product_count
            from trade
            group by {{ listed(keys, 'trade') }} trade.year, trade.flow

        ),

        final as (

            select
                summed.year,
                summed.country_group as "group",
                summed.flow || ' share' as measure,
                100
                * summed.value_usd
                / sum({{ as_money('summed.value_usd') }}) over (
                    partition by {{ listed(keys, 'summed') }} summed.year, summed.flow
                ) as value,
                'percent' as unit,
                {{ listed(keys, 'summed') }}
                cast(products_landed.product_count as integer) as products_landed
            from summed
            inner join
                products_landed
                on summed.year = products_landed.year
                and summed.flow = products_landed.flow
                {{- matched(keys, 'summed', 'products_landed') }}

        )

    select *
    from final
{%- endmacro %}

{#-
    Figure 2: exports less imports of the three groups. Products of which only one side has landed
    in the year are left out.
-#}
{% macro trade_balances(trade, keys=[]) %}
    with

        {{ low_carbon_trade_and_groups(trade) }}

        both_sides as (

            select {{ listed(keys, 'trade') }} trade.year, trade.product_code
            from trade
            group by {{ listed(keys, 'trade') }} trade.year, trade.product_code
            having count(distinct trade.flow) = 2

        ),

        final as (

            select
                trade.year,
                economies.country_group as "group",
                'trade balance' as measure,
                {{ exact_sum(
                    "case when trade.flow = 'export' then trade.value_usd else -trade.value_usd end"
                ) }} / 1e9 as value,
                'billion USD' as unit,
                {{ listed(keys, 'trade') }}
                cast(count(distinct trade.product_code) as integer) as products_landed
            from trade
            inner join
                both_sides
                on trade.year = both_sides.year
                and trade.product_code = both_sides.product_code
                {{- matched(keys, 'trade', 'both_sides') }}
            inner join economies on trade.economy_iso3 = economies.iso3
            group by {{ listed(keys, 'trade') }} trade.year, economies.country_group

        )

    select *
    from final
{%- endmacro %}

{#-
    Figures 3 and 4: exports by sector, of the world or of one economy. `note` names the sector's
    products that have no code in the year's HS revision under the treatment: they explain why
    a series jumps when the nomenclature changes.
-#}
{% macro exports_by_sector(trade, measure, economy_iso3=none, keys=[]) %}
    {%- set chosen = "economy_iso3 = '" ~ economy_iso3 ~ "'" if economy_iso3 else 'true' %}
    with

        trade as (

            select trade.*, products.sector
            from {{ trade }} as trade
            inner join
                {{ ref('dim_product') }} as products
                on trade.product_code = products.product_code
                and products.is_low_carbon
            where trade.flow = 'export'

        ),

        without_code as (

            select
                without_code.hs_treatment,
                without_code.year,
                products.sector,
                'no code in '
                || max(without_code.revision_name)
                || ': '
                || {{ dbt.listagg(
                    'without_code.product_code', "', '", 'order by without_code.product_code'
                ) }} as note
            from {{ ref('int_products_without_code') }} as without_code
            inner join
                {{ ref('dim_product') }} as products
                on without_code.product_code = products.product_code
                and products.is_low_carbon
            {%- if 'hs_treatment' not in keys %}
                inner join
                    {{ ref('int_run_choices') }} as choices
                    on without_code.hs_treatment = choices.hs_treatment
            {%- endif %}
            group by without_code.hs_treatment, without_code.year, products.sector

        ),

        by_sector as (

            select
                {{ listed(keys, 'trade') }}
                trade.year,
                trade.sector,
                {{ exact_sum('case when ' ~ chosen ~ ' then value_usd end') }} as value_usd,
                {{ exact_sum('value_usd') }} as world_value_usd,
                count(distinct trade.product_code) as product_count
            from trade
            group by {{ listed(keys, 'trade') }} trade.year, trade.sector
            union all
            select
                {{ listed(keys, 'trade') }}
                trade.year,
                'all sectors' as sector,
                {{ exact_sum('case when ' ~ chosen ~ ' then value_usd end') }} as value_usd,
                {{ exact_sum('value_usd') }} as world_value_usd,
                count(distinct trade.product_code) as product_count
            from trade
            group by {{ listed(keys, 'trade') }} trade.year

        ),

        totals as (

            select {{ listed(keys, 'by_sector') }} by_sector.year, by_sector.value_usd
            from by_sector
            where by_sector.sector = 'all sectors'

        ),

        measures as (

            select
                by_sector.*,
                '{{ measure }}' as measure,
                by_sector.value_usd / 1e9 as value,
                'billion USD' as unit
            from by_sector
            union all
            select
                by_sector.*,
                'sector share of {{ measure }}' as measure,
                100 * by_sector.value_usd / totals.value_usd as value,
                'percent' as unit
            from by_sector
            inner join
                totals on by_sector.year = totals.year {{- matched(keys, 'by_sector', 'totals') }}
            where by_sector.sector <> 'all sectors' and totals.value_usd > 0
            {%- if economy_iso3 %}
                union all
                select
                    by_sector.*,
                    'share of world exports' as measure,
                    100 * by_sector.value_usd / by_sector.world_value_usd as value,
                    'percent' as unit
                from by_sector
                where by_sector.world_value_usd > 0
            {%- endif %}

        ),

        final as (

            select
                measures.year,
                measures.sector,
                measures.measure,
                measures.value,
                measures.unit,
                {{ listed(keys, 'measures') }}
                cast(measures.product_count as integer) as products_landed,
                without_code.note
            from measures
            left join
                without_code
                on measures.year = without_code.year
                and measures.sector = without_code.sector
                {%- if 'hs_treatment' in keys %}
                    and measures.hs_treatment = without_code.hs_treatment
                {%- endif %}
            where measures.value is not null

        )

    select *
    from final
{%- endmacro %}

{#- Table 2: China's exports of low-carbon products by income group and region of the partner. -#}
{% macro exports_by_destination(flows, keys=[]) %}
    with

        flows as (

            select flows.*
            from {{ flows }} as flows
            inner join
                {{ ref('dim_product') }} as products
                on flows.product_code = products.product_code
                and products.is_low_carbon
            where flows.exporter_iso3 = 'CHN' and flows.importer_iso3 <> 'CHN'

        ),

        economies as (select * from {{ ref('dim_economy') }}),

        grouped as (

            select flows.*, 'income group' as grouping_by, economies.income_group as partner_group
            from flows
            inner join economies on flows.importer_iso3 = economies.iso3
            union all
            select flows.*, 'region' as grouping_by, economies.region as partner_group
            from flows
            inner join economies on flows.importer_iso3 = economies.iso3

        ),

        summed as (

            select
                {{ listed(keys, 'grouped') }}
                grouped.year,
                grouped.grouping_by,
                grouped.partner_group,
                {{ exact_sum('grouped.value_usd') }} as value_usd
            from grouped
            group by
                {{ listed(keys, 'grouped') }} grouped.year,
                grouped.grouping_by,
                grouped.partner_group

        ),

        products_landed as (

            select
                {{ listed(keys, 'flows') }} flows.year,
                count(distinct flows.product_code) as product_count
            from flows
            group by {{ listed(keys, 'flows') }} flows.year

        ),

        measures as (

            select
                summed.*,
                'share of China exports' as measure,
                100
                * summed.value_usd
                / sum({{ as_money('summed.value_usd') }}) over (
                    partition by {{ listed(keys, 'summed') }} summed.year, summed.grouping_by
                ) as value,
                'percent' as unit
            from summed
            union all
            select
                summed.*,
                'China exports' as measure,
                summed.value_usd / 1e9 as value,
                'billion USD' as unit
            from summed

        ),

        final as (

            select
                measures.year,
                measures.grouping_by,
                measures.partner_group as "group",
                measures.measure,
                measures.value,
                measures.unit,
                {{ listed(keys, 'measures') }}
                cast(products_landed.product_count as integer) as products_landed
            from measures
            inner join
                products_landed on measures.year = products_landed.year
                {{- matched(keys, 'measures', 'products_landed') }}

        )

    select *
    from final
{%- endmacro %}

{#-
    Table 3: summary statistics of the panel in three samples. `report_base` is the report's own:
    economy-years up to 2020 with CO2 and LCT imports from China. The other two do not depend on
    the trade that has landed.
-#}
{% macro summary_statistics(panel, keys=[]) %}
    {%- set variables = panel_variables(ref('variables')) %}
    with

        panel as (select * from {{ panel }}),

        long as (

            {% for v in variables %}
                select
                    {{ listed(keys, 'panel') }}
                    panel.iso3,
                    panel.year,
                    '{{ v.variable }}' as variable,
                    panel.{{ v.variable }} as value,
                    panel.co2_tonnes_per_capita is not null as has_co2,
                    panel.lct_imports_from_china_kusd is not null as has_lct_imports
                from panel
                {% if not loop.last %}
                    union all
                {% endif %}
            {% endfor %}

        ),

        sampled as (

            select
                {{ listed(keys, 'long') }} 'all_1992_2022' as sample,
                long.variable,
                long.iso3,
                long.year,
                long.value
            from long
            where year between 1992 and 2022 and value is not null
            union all
            select
                {{ listed(keys, 'long') }} 'with_co2_1992_2020' as sample,
                long.variable,
                long.iso3,
                long.year,
                long.value
            from long
            where year between 1992 and 2020 and has_co2 and value is not null
            union all
            select
                {{ listed(keys, 'long') }} 'report_base' as sample,
                long.variable,
                long.iso3,
                long.year,
                long.value
            from long
            where year between 1992 and 2020 and has_co2 and has_lct_imports and value is not null

        ),

        summarised as (

            select
                {{ listed(keys, 'sampled') }}
                sampled.sample,
                sampled.variable,
                cast(count(*) as double) as n,
                {{ ordered_average('value', 'iso3, year') }} as mean,
                {{ ordered_standard_deviation('value', 'iso3, year') }} as sd,
                min(value) as min,
                max(value) as max
            from sampled
            group by {{ listed(keys, 'sampled') }} sampled.sample, sampled.variable

        ),

        final as (

            {% for measure in ['n', 'mean', 'sd', 'min', 'max'] %}
                select
                    {{ listed(keys, 'summarised') }}
                    summarised.sample,
                    summarised.variable,
                    '{{ measure }}' as measure,
                    summarised.{{ measure }} as value,
                    {% if measure == 'n' %} 'economy-years'
                    {% else %} variables.unit
                    {% endif %} as unit
                from summarised
                inner join
                    {{ ref('dim_variable') }} as variables
                    on summarised.variable = variables.variable
                {% if not loop.last %}
                    union all
                {% endif %}
            {% endfor %}

        )

    select *
    from final
{%- endmacro %}
