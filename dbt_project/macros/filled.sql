{#-
    A text of the seed `reasons` with its {placeholders} filled: `values` maps the name of a
    placeholder to the expression that fills it.
-#}
{% macro filled(text, values) -%}
    {%- set filling = namespace(sql=text) -%}
    {%- for name, value in values.items() -%}
        {%- set value = "coalesce(cast(" ~ value ~ " as " ~ dbt.type_string() ~ "), '')" -%}
        {%- set filling.sql = "replace(" ~ filling.sql ~ ", '{" ~ name ~ "}', " ~ value ~ ")" -%}
    {%- endfor -%}
    {{ return(filling.sql) }}
{%- endmacro %}
