{#-
    Any build of models, by Dagster or by hand, drops the record that all layers are complete and
    tested: publication relies on that record alone. The pipeline recreates the table and records
    the layers once everything has passed.
-#}
{% macro invalidate_completed_layers() -%}
    {%- if execute and flags.WHICH in ('build', 'run', 'seed') -%}
        drop table if exists operations.completed_layers
    {%- endif -%}
{%- endmacro %}
