{#-
    Contracts state types as DuckDB has them. Spark's are the same, but for varchar, which there
    needs a length.
-#}
{% macro spark_type(data_type) -%}
    {{ return(dbt.type_string() if data_type | lower == 'varchar' else data_type) }}
{%- endmacro %}

{% macro spark__get_empty_schema_sql(columns) -%}
    {%- set typed = [] -%}
    {%- for column in columns.values() -%}
        {%- set name = adapter.quote(column.name) -%}
        {%- do typed.append('cast(null as ' ~ spark_type(column.data_type) ~ ') as ' ~ name) -%}
    {%- endfor -%}
    select {{ typed | join(', ') }}
{%- endmacro %}
