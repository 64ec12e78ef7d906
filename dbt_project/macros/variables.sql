{#-
    The variables of the panel in their order, from the seed `variables` or dim_variable: a list of
    rows with variable, transformation and is_regressor.
-#}
{% macro panel_variables(relation) -%}
    {%- if not execute -%} {{ return([]) }}{%- endif -%}
    {%- set found = run_query(
        'select variable, transformation, is_regressor from '
        ~ relation
        ~ ' order by position'
    ) -%}
    {{ return(found.rows) }}
{%- endmacro %}
