{#-
    A setting of the run: a dbt variable (--vars) takes precedence over the environment variable
    LCT_<NAME>, which takes precedence over the default in dbt_project.yml.
-#}
{% macro setting(name) -%}
    {%- set default = var('setting_defaults')[name] -%}
    {{ return(var(name, env_var('LCT_' ~ name | upper, default) or default)) }}
{%- endmacro %}

{#- The first and the last year of the window over which lags are standardised. -#}
{% macro standardisation_years() -%}
    {{ return(setting('standardisation_years').split('-')) }}
{%- endmacro %}

{#- A setting as a text literal of SQL. -#}
{% macro setting_text(name) -%}
    {{ return("'" ~ setting(name) | replace("'", "''") ~ "'") }}
{%- endmacro %}
