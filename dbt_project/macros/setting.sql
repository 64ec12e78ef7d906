{#-
    A setting of the run: a dbt variable (--vars) takes precedence over the environment variable
    LCT_<NAME>, which takes precedence over the default.
-#}
{% macro setting(name, default) -%}
    {{ return(var(name, env_var('LCT_' ~ name | upper, default) or default)) }}
{%- endmacro %}
