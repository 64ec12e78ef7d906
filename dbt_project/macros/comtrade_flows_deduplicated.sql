{#-
    UN Comtrade's flows, each once, from its records of one frequency: `records` are those in the
    codes of the lists, `period` the columns that say when (year, or year and month).

    UN Comtrade gives a flow once in total and again by parts: by second partner, customs procedure,
    mode of transport and mode of supply. A file downloaded with the totals pinned holds one row per
    flow; this model makes one row per flow of any file, in the codes of the lists.

    The dimensions are collapsed one after another: where a dimension has its total row, that row
    counts and the parts are dropped; where the total is missing, the parts are summed. Nothing
    counts twice, and no flow is lost for want of a total.

    What was seen on the way and does not count is kept for marts.audit_inconsistencies:
    value_landed_before_usd, what the flow was worth by rows that have landed again since with
    another value, and parts_usd, the sum of the parts beside a total in parts_dimension: the
    outermost dimension in which the two differ, else the first that has both.
-#}
{% macro comtrade_flows_deduplicated(records, period) -%}
    {%- set flow_key = period + [
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
    {%- set same_row_newest_first -%}
    (
        partition by
            {{ flow_key | join(', ') }}
            {% for column, total in detail %}, {{ column }}{% endfor %}
        order by landed_sequence desc, landed_row desc
    )
    {%- endset %}

    with

        records as (select * from {{ records }}),

        -- the same row in two files, or twice in one: the one that landed last counts
        rows_ranked as (

            select
                *,
                row_number() over {{ same_row_newest_first }} as newest_first,
                lead(value_usd) over {{ same_row_newest_first }} as value_landed_before_usd
            from records

        ),

        collapsed_0 as (

            select
                {{ flow_key | join(', ') }},
                {% for column, total in detail %} {{ column }}, {% endfor %}
                is_original_classification,
                reporter_has_original,
                value_usd,
                net_weight_kg,
                {{ estimated_weight_kg() }} as estimated_weight_kg,
                coalesce(value_landed_before_usd, value_usd) as value_landed_before_usd,
                cast(null as {{ dbt.type_string() }}) as parts_dimension,
                cast(null as {{ type_money() }}) as parts_usd,
                landed_sequence,
                1 as row_count,
                0 as summed_dimensions
            from rows_ranked
            where newest_first = 1

        ),

        {% for column, total in detail %}
            {%- set rest = detail[loop.index:] %}
            {%- set of_total = "case when " ~ column ~ " = '" ~ total ~ "' then " %}
            {%- set has_total = "max(" ~ of_total ~ "1 else 0 end) = 1" %}
            {%- set total_usd = "sum(" ~ of_total ~ "value_usd end)" %}
            {%- set summed_parts_usd -%}
            sum(case when {{ column }} <> '{{ total }}' then value_usd end)
            {%- endset %}
            {%- set parts_tell_more -%}
            {{ has_total }} and {{ summed_parts_usd }} is not null
            and (
                {{ differ_beyond_rounding(summed_parts_usd, total_usd) }}
                or max({{ of_total }} parts_usd end) is null
            )
            {%- endset %}
            -- {{ column }}: the total ({{ total }}) where there is one, else the sum of the parts
            collapsed_{{ loop.index }} as (

                select
                    {{ flow_key | join(', ') }},
                    {% for other, _ in rest %} {{ other }}, {% endfor %}
                    is_original_classification,
                    reporter_has_original,
                    {% for measure in ['value_usd', 'net_weight_kg', 'value_landed_before_usd'] %}
                        case
                            when {{ has_total }}
                            then sum({{ of_total }} {{ measure }} end)
                            else sum({{ measure }})
                        end as {{ measure }},
                    {% endfor %}
                    case
                        when {{ has_total }}
                        then sum({{ of_total }} estimated_weight_kg end)
                        else {{ sum_of_known_parts('estimated_weight_kg', 'net_weight_kg') }}
                    end as estimated_weight_kg,
                    case
                        when {{ parts_tell_more }}
                        then '{{ column }}'
                        else max({{ of_total }} parts_dimension end)
                    end as parts_dimension,
                    case
                        when {{ parts_tell_more }}
                        then {{ summed_parts_usd }}
                        else max({{ of_total }} parts_usd end)
                    end as parts_usd,
                    max(landed_sequence) as landed_sequence,
                    sum(row_count) as row_count,
                    case
                        when {{ has_total }}
                        then max({{ of_total }} summed_dimensions end)
                        else max(summed_dimensions) + 1
                    end as summed_dimensions
                from collapsed_{{ loop.index0 }}
                group by
                    {{ flow_key | join(', ') }}
                    {% for other, _ in rest %}, {{ other }}{% endfor %},
                    is_original_classification,
                    reporter_has_original

            ),
        {% endfor %}

        -- the same flow asked for in two revisions of the Harmonized System: the one it was
        -- reported in
        -- counts, else the newest
        revisions_ranked as (

            select
                *,
                row_number() over (
                    partition by
                        {{ period | join(', ') }}, reporter_code, flow_code, partner_code, hs6_code
                    order by is_original_classification desc, hs_revision desc
                ) as preference
            from collapsed_{{ detail | length }}

        ),

        final as (

            select
                {{ flow_key | join(', ') }},
                {{ as_money('value_usd') }} as value_usd,
                {{ as_money('net_weight_kg') }} as net_weight_kg,
                {{ as_money('estimated_weight_kg') }} as estimated_weight_kg,
                {{ as_money('nullif(value_landed_before_usd, value_usd)') }}
                as value_landed_before_usd,
                parts_dimension,
                {{ as_money('parts_usd') }} as parts_usd,
                landed_sequence,
                cast(row_count as integer) as landed_row_count,
                summed_dimensions > 0 as is_summed_from_parts
            from revisions_ranked
            where preference = 1 and (is_original_classification or not reporter_has_original)

        )

    select *
    from final
{%- endmacro %}
