{#-
    Money and weight are summed as decimals: a total is exact, equals the sum of its parts to the
    last digit, and is the same on every run, whatever the order in which rows are read.
    15 digits before the decimal point hold any trade flow. Marts expose doubles.
-#}
{% macro type_money() -%} decimal(18, 3){%- endmacro %}

{% macro as_money(expression) -%}
    {{ return(adapter.dispatch('as_money')(expression)) }}
{%- endmacro %}

{% macro default__as_money(expression) -%}
    cast({{ expression }} as {{ type_money() }})
{%- endmacro %}

{#-
    A double is rounded half away from zero after it is multiplied by a thousand, as DuckDB does;
    Spark's own cast rounds the digits that the double prints with, and parts from that where the
    fourth is a five. Text and decimals are rounded alike. `typeof` is known when a query is
    planned. Checked on DuckDB 2.0 and Spark 4.3.
-#}
{% macro spark__as_money(expression) -%}
    case
        when typeof({{ expression }}) = 'double'
        then
            cast(
                cast(round(({{ expression }}) * 1e3) as decimal(18, 0))
                * 0.001 as {{ type_money() }}
            )
        else cast({{ expression }} as {{ type_money() }})
    end
{%- endmacro %}

{% macro as_float(expression) -%} cast({{ expression }} as {{ type_double() }}){%- endmacro %}

{#-
    dbt.type_float() is four bytes on DuckDB, seven digits: too few for any sum of money.
    `double` is eight bytes on both engines.
-#}
{% macro type_double() -%} double{%- endmacro %}

{#-
    The sum of a part of each row's whole; null where the part of some whole is not known, because
    the sum would be too small.
-#}
{% macro sum_of_known_parts(part, whole) -%}
    case when count({{ part }}) = count({{ whole }}) then sum({{ part }}) end
{%- endmacro %}

{#- A part over its whole (decimals) as a double; null where there is no whole. -#}
{% macro share_of(part, whole) -%}
    case when {{ whole }} > 0 then {{ as_float(part) }} / {{ as_float(whole) }} end
{%- endmacro %}

{#- The sum of a money column of a mart (a double), exact and independent of the order of rows. -#}
{% macro exact_sum(expression) -%}
    cast(sum({{ as_money(expression) }}) as {{ type_double() }})
{%- endmacro %}

{#- The square of an amount of money, with all its digits. -#}
{% macro exact_square(amount) -%}
    cast(cast({{ amount }} as decimal(38, 3)) * {{ amount }} as decimal(38, 6))
{%- endmacro %}

{#-
    The sum of the largest amounts of a group, without a rank over all rows. Checked on DuckDB 2.0
    and Spark 4.3.
-#}
{% macro sum_of_largest(amount, number) -%}
    {{ return(adapter.dispatch('sum_of_largest')(amount, number)) }}
{%- endmacro %}

{% macro default__sum_of_largest(amount, number) -%}
    list_sum(max({{ amount }}, {{ number }}))
{%- endmacro %}

{% macro spark__sum_of_largest(amount, number) -%}
    aggregate(
        slice(sort_array(collect_list({{ amount }}), false), 1, {{ number }}),
        cast(0 as decimal(38, 3)),
        (total, next) -> cast(total + next as decimal(38, 3))
    )
{%- endmacro %}
