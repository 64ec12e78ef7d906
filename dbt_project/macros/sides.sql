{#-
    A side of a flow as one text, where flows are grouped by it: an economy's iso3, or the kind of
    what is no economy. `codes` is a relation of comtrade_economy_codes, left joined.
-#}
{% macro side_of(codes) -%}
    case
        when {{ codes }}.kind = 'economy'
        then {{ codes }}.iso3
        else coalesce({{ codes }}.kind, 'unallocated')
    end
{%- endmacro %}

{% macro is_economy(side) -%} ({{ side }} not in ('group', 'unallocated', 'world')) {%- endmacro %}

{% macro iso3_of(side) -%} case when {{ is_economy(side) }} then {{ side }} end {%- endmacro %}

{% macro kind_of(side) -%}
    case when {{ is_economy(side) }} then 'economy' else {{ side }} end
{%- endmacro %}
