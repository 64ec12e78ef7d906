{#-
    Whoever builds models, by Dagster or by hand, takes back the record that all layers stand complete and tested: publication trusts
    nothing else. The pipeline makes the table anew and enters the layers when everything has passed.
-#}
{% macro invalidate_completed_layers() -%}
    {%- if execute and flags.WHICH in ('build', 'run', 'seed') -%}
        drop table if exists operations.completed_layers
    {%- endif -%}
{%- endmacro %}
