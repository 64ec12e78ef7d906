{#- Whether a row of the relation is from the file of its kind that landed last. -#}
{% macro landed_last(relation) -%}
    landed_sequence = (select max(landed_sequence) from {{ relation }})
{%- endmacro %}
