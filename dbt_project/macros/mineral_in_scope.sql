{#- Whether a row of dim_product counts as mineral trade in the run's scope. -#}
{% macro mineral_in_scope(products) -%}
    (
        {{ products }}.transition_mineral is not null
        {% if setting('mineral_scope') == 'ores' %} and {{ products }}.is_in_ores_scope {% endif %}
    )
{%- endmacro %}
