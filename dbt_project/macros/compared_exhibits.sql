{#-
    The exhibits that printed numbers stand beside, from the seed `exhibits`: a list of rows with
    exhibit and series_column.
-#}
{% macro compared_exhibits(seed_relation) -%}
    {%- if not execute -%} {{ return([]) }}{%- endif -%}
    {%- set found = run_query(
        'select exhibit, series_column from '
        ~ seed_relation
        ~ ' where is_compared order by exhibit'
    ) -%}
    {{ return(found.rows) }}
{%- endmacro %}
