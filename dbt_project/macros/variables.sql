{#-
    The variables of the panel, from the seed `variables`, in its order: a list of rows with
    variable, transformation and is_regressor.
-#}
{% macro panel_variables(seed_relation) -%}
    {%- if not execute -%} {{ return([]) }}{%- endif -%}
    {%- set found = run_query(
        'select variable, transformation, is_regressor from '
        ~ seed_relation
        ~ ' order by position'
    ) -%}
    {{ return(found.rows) }}
{%- endmacro %}
