{#-
    Seeds on Spark. dbt-spark writes a missing value as the text None, a text with an apostrophe as
    broken SQL and every number as a floating one; and Spark knows varchar only with a length. Here
    each value is a literal with its quotes and backslashes escaped, or null, cast to the column's
    type; and all rows are written in one statement, because each is a job of Spark's.
    Checked on dbt-spark 1.11 and Spark 4.
-#}
{% macro spark__create_csv_table(model, agate_table) -%}
    {%- set columns = [] -%}
    {%- for name in agate_table.column_names -%}
        {%- do columns.append(name ~ ' ' ~ spark_seed_type(model, agate_table, loop.index0)) -%}
    {%- endfor -%}
    {%- set sql = 'create table ' ~ this ~ ' (' ~ columns | join(', ') ~ ') using parquet' -%}
    {% call statement('_') -%} {{ sql }} {%- endcall %}
    {{ return(sql) }}
{%- endmacro %}

{% macro spark__load_csv_rows(model, agate_table) -%}
    {%- set rows = [] -%}
    {%- for row in agate_table.rows -%}
        {%- set values = [] -%}
        {%- for value in row -%} {%- do values.append(spark_literal(value)) -%} {%- endfor -%}
        {%- do rows.append('(' ~ values | join(', ') ~ ')') -%}
    {%- endfor -%}
    {%- set columns = [] -%}
    {%- for name in agate_table.column_names -%}
        {%- set type = spark_seed_type(model, agate_table, loop.index0) -%}
        {%- do columns.append('cast(' ~ name ~ ' as ' ~ type ~ ') as ' ~ name) -%}
    {%- endfor -%}
    {%- set names = agate_table.column_names | join(', ') -%}
    {%- set sql -%}
        insert into {{ this }}
        select {{ columns | join(', ') }}
        from values {{ rows | join(', ') }} as t ({{ names }})
    {%- endset -%}
    {%- if rows -%} {%- do adapter.add_query(sql, abridge_sql_log=True) -%} {%- endif -%}
    {{ return(sql) }}
{%- endmacro %}

{#- The type of a seed's column: the one that its yml states, or the one that dbt has inferred. -#}
{% macro spark_seed_type(model, agate_table, index) -%}
    {%- set stated = model['config'].get('column_types', {}) -%}
    {%- set type = stated.get(
        agate_table.column_names[index], adapter.convert_type(agate_table, index)
    ) -%}
    {{ return(spark_type(type)) }}
{%- endmacro %}

{#- A value of a seed as a text literal: its column's type is given by a cast. -#}
{% macro spark_literal(value) -%}
    {%- if value is none -%} {{ return('null') }} {%- endif -%}
    {%- set text = value | string | replace('\\', '\\\\') | replace("'", "\\'") -%}
    {{ return("'" ~ text ~ "'") }}
{%- endmacro %}
