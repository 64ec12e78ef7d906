-- Grain: one row per published table and column whose name or description holds the word. The
-- columns are table_name, column_name, data_type and description.
create macro find_columns(word) as table
select
    described.schema_name || '.' || described.table_name as table_name,
    described.column_name,
    described.data_type,
    described.comment as description
from duckdb_columns() as described
where
    described.database_name = current_database()
    and not described.internal
    and contains(lower(described.column_name || ' ' || described.comment), lower(word))
order by described.schema_name, described.table_name, described.column_index
