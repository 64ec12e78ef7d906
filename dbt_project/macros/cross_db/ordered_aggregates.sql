{#-
    The last digit of the mean and sample standard deviation of doubles depends on the order of
    summation; these macros fix the order, so that a second run publishes the same numbers.
    Checked on DuckDB 2.0. Spark has no ordered aggregates: there the order is the engine's own.
-#}
{% macro ordered_average(expression, ordering) -%}
    {{ return(adapter.dispatch('ordered_average')(expression, ordering)) }}
{%- endmacro %}

{% macro default__ordered_average(expression, ordering) -%}
    avg({{ expression }} order by {{ ordering }})
{%- endmacro %}

{% macro spark__ordered_average(expression, ordering) -%} avg({{ expression }}){%- endmacro %}

{% macro ordered_standard_deviation(expression, ordering) -%}
    {{ return(adapter.dispatch('ordered_standard_deviation')(expression, ordering)) }}
{%- endmacro %}

{% macro default__ordered_standard_deviation(expression, ordering) -%}
    stddev_samp({{ expression }} order by {{ ordering }})
{%- endmacro %}

{% macro spark__ordered_standard_deviation(expression, ordering) -%}
    stddev_samp({{ expression }})
{%- endmacro %}
