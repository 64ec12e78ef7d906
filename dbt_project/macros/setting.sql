{#- A setting of the run: a dbt variable (--vars) wins over the environment variable LCT_<NAME>, which wins over the default. -#}
{% macro setting(name, default) -%}
    {{ return(var(name, env_var('LCT_' ~ name | upper, default) or default)) }}
{%- endmacro %}
