{#-
    The texts of a group in one, in their own order, with a separator between them. dbt-spark's
    listagg cannot order; Spark 4 itself can. Checked on DuckDB 2.0 and Spark 4.3.
-#}
{% macro joined_texts(expression, separator) -%}
    {{ return(adapter.dispatch('joined_texts')(expression, separator)) }}
{%- endmacro %}

{% macro default__joined_texts(expression, separator) -%}
    {{ return(dbt.listagg(expression, "'" ~ separator ~ "'", 'order by ' ~ expression)) }}
{%- endmacro %}

{% macro spark__joined_texts(expression, separator) -%}
    listagg({{ expression }}, '{{ separator }}') within group (order by {{ expression }})
{%- endmacro %}
