{#-
    The panel's variables in long form, a row for each variable that has a value: columns of a
    relation as rows with `variable` and `value`, beside the columns of `kept`, where `condition`
    holds. `variables` comes from panel_variables.

    DuckDB is fastest with a select for each variable. Spark would plan and start as many scans, and
    does not end in reasonable time; `stack` makes the rows in one. Checked on DuckDB 2.0 and
    Spark 4.3.
-#}
{% macro unpivoted(relation, kept, variables, condition) -%}
    {{ return(adapter.dispatch('unpivoted')(relation, kept, variables, condition)) }}
{%- endmacro %}

{% macro default__unpivoted(relation, kept, variables, condition) -%}
    {% for v in variables %}
        select {{ kept | join(', ') }}, '{{ v.variable }}' as variable, {{ v.variable }} as value
        from {{ relation }}
        where {{ condition }} and {{ v.variable }} is not null
        {% if not loop.last %}
            union all
        {% endif %}
    {% endfor %}
{%- endmacro %}

{% macro spark__unpivoted(relation, kept, variables, condition) -%}
    {%- set pairs = [] -%}
    {%- for v in variables -%}
        {%- do pairs.append("'" ~ v.variable ~ "', " ~ v.variable) -%}
    {%- endfor -%}
    select *
    from
        (
            select
                {{ kept | join(', ') }},
                stack({{ pairs | length }}, {{ pairs | join(', ') }}) as (variable, value)
            from {{ relation }}
            where {{ condition }}
        ) as stacked
    where value is not null
{%- endmacro %}
