{#-
    UN Comtrade gives a flow once in total and again by parts: by second partner, customs procedure,
    mode of transport and mode of supply. A file downloaded with the totals pinned holds one row per
    flow; this model makes one row per flow of any file.

    The dimensions are collapsed one after another: where a dimension has its total row, that row
    counts and the parts are dropped; where the total is missing, the parts are summed. Nothing
    counts twice, and no flow is lost for want of a total.
-#}
{%- set flow_key = [
    'year',
    'reporter_code',
    'flow_code',
    'partner_code',
    'hs_revision',
    'hs6_code',
] -%}
{%- set detail = [
    ('supply_mode_code', '0'),
    ('transport_mode_code', '0'),
    ('customs_code', 'C00'),
    ('second_partner_code', '0'),
] -%}

with

    records as (

        select * from {{ ref('stg_comtrade__trade_records') }} where exclusion_reason is null

    ),

    -- the same row in two files, or twice in one: the one that landed last counts
    rows_ranked as (

        select
            *,
            row_number() over (
                partition by
                    {{ flow_key | join(', ') }}
                    {% for column, total in detail %}, {{ column }}{% endfor %}
                order by landed_sequence desc, landed_row desc
            ) as newest_first
        from records

    ),

    collapsed_0 as (

        select
            {{ flow_key | join(', ') }},
            {% for column, total in detail %} {{ column }}, {% endfor %}
            is_original_classification,
            value_usd,
            net_weight_kg,
            {{ estimated_weight_kg() }} as estimated_weight_kg,
            1 as row_count,
            0 as summed_dimensions
        from rows_ranked
        where newest_first = 1

    ),

    {% for column, total in detail %}
        {%- set rest = detail[loop.index:] %}
        -- {{ column }}: the total ({{ total }}) where there is one, else the sum of the parts
        collapsed_{{ loop.index }} as (

            select
                {{ flow_key | join(', ') }},
                {% for other, _ in rest %} {{ other }}, {% endfor %}
                is_original_classification,
                case
                    when max(case when {{ column }} = '{{ total }}' then 1 else 0 end) = 1
                    then sum(case when {{ column }} = '{{ total }}' then value_usd end)
                    else sum(value_usd)
                end as value_usd,
                case
                    when max(case when {{ column }} = '{{ total }}' then 1 else 0 end) = 1
                    then sum(case when {{ column }} = '{{ total }}' then net_weight_kg end)
                    else sum(net_weight_kg)
                end as net_weight_kg,
                case
                    when max(case when {{ column }} = '{{ total }}' then 1 else 0 end) = 1
                    then sum(case when {{ column }} = '{{ total }}' then estimated_weight_kg end)
                    else {{ sum_of_known_parts('estimated_weight_kg', 'net_weight_kg') }}
                end as estimated_weight_kg,
                sum(row_count) as row_count,
                case
                    when max(case when {{ column }} = '{{ total }}' then 1 else 0 end) = 1
                    then max(case when {{ column }} = '{{ total }}' then summed_dimensions end)
                    else max(summed_dimensions) + 1
                end as summed_dimensions
            from collapsed_{{ loop.index0 }}
            group by
                {{ flow_key | join(', ') }}
                {% for other, _ in rest %}, {{ other }}{% endfor %},
                is_original_classification

        ),
    {% endfor %}

    -- the same flow asked for in two revisions of the Harmonized System: the one it was reported in
    -- counts, else the newest
    revisions_ranked as (

        select
            *,
            row_number() over (
                partition by year, reporter_code, flow_code, partner_code, hs6_code
                order by is_original_classification desc, hs_revision desc
            ) as preference,
            max(case when is_original_classification then 1 else 0 end) over (
                partition by year, reporter_code, flow_code
            ) as has_original
        from collapsed_{{ detail | length }}

    ),

    final as (

        select
            {{ flow_key | join(', ') }},
            {{ as_money('value_usd') }} as value_usd,
            {{ as_money('net_weight_kg') }} as net_weight_kg,
            {{ as_money('estimated_weight_kg') }} as estimated_weight_kg,
            cast(row_count as integer) as landed_row_count,
            summed_dimensions > 0 as is_summed_from_parts
        from revisions_ranked
        where preference = 1 and (is_original_classification or has_original = 0)

    )

select *
from final
