{#- The first day of a month, from numbers of year and month. -#}
{% macro first_day_of(year, month) -%}
    cast(
        cast({{ year }} as {{ dbt.type_string() }})
        || '-'
        || lpad(cast({{ month }} as {{ dbt.type_string() }}), 2, '0')
        || '-01' as date
    )
{%- endmacro %}
