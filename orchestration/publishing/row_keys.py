"""By what a row of a published table is known: the columns that tell it from all others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache

import duckdb

from orchestration.durable import sql_name
from orchestration.settings import PROJECT_ROOT

# numbers that are measured, not what they are measured of
MEASURED = ("DOUBLE", "FLOAT", "DECIMAL")
_MODELS = PROJECT_ROOT / "dbt_project" / "models"


def row_key(
    connection: duckdb.DuckDBPyConnection, table: str, catalogues: Sequence[str]
) -> tuple[str, ...]:
    """The columns that tell each row of `table` (schema.table) from all others, in each catalogue.

    They are those that dbt tests to be unique or, where there are none or an earlier version had
    others, the first columns that do, without measured numbers. Empty if there are no such columns.
    """
    for key in _candidates(connection, table, catalogues[0]):
        if all(_is_unique(connection, table, key, catalogue) for catalogue in catalogues):
            return key
    return ()


def _candidates(
    connection: duckdb.DuckDBPyConnection, table: str, catalogue: str
) -> Iterator[tuple[str, ...]]:
    schema, _, name = table.partition(".")
    columns = connection.execute(
        """
        select column_name, data_type
        from duckdb_columns()
        where database_name = ? and schema_name = ? and table_name = ?
        order by column_index
        """,
        [catalogue, schema, name],
    ).fetchall()
    names = [column for column, data_type in columns if not data_type.startswith(MEASURED)]
    tested = keys_that_dbt_tests().get(name, ())
    if tested and set(tested) <= set(names):
        yield tested
    yield from (tuple(names[:length]) for length in range(1, len(names) + 1))


def _is_unique(
    connection: duckdb.DuckDBPyConnection, table: str, key: Sequence[str], catalogue: str
) -> bool:
    columns = ", ".join(sql_name(column) for column in key)
    try:
        [(is_unique,)] = connection.execute(
            f"""
            select (select count(*) from {sql_name(catalogue, *table.split("."))})
                = (
                    select count(*)
                    from (select distinct {columns} from {sql_name(catalogue, *table.split("."))})
                )
            """
        ).fetchall()
    except duckdb.BinderException:  # the other publication has no such column
        return False
    return is_unique


@cache
def keys_that_dbt_tests() -> dict[str, tuple[str, ...]]:
    """The columns that dbt tests to be unique together, by the name of the model."""
    import yaml  # type: ignore[import-untyped]

    found = {}
    for path in sorted([*_MODELS.glob("marts/**/*.yml"), *_MODELS.glob("report/**/*.yml")]):
        for model in yaml.load(path.read_bytes(), Loader=yaml.CSafeLoader).get("models", []):
            if key := _tested_key(model):
                found[model["name"]] = key
    return found


def _tested_key(model: dict) -> tuple[str, ...]:
    for test in model.get("data_tests", []):
        if "unique_combination" in test:
            columns = test["unique_combination"]["arguments"]["columns"]
            return tuple(column.strip('"') for column in columns)
    for column in model.get("columns", []):
        if "unique" in column.get("data_tests", []):
            return (column["name"],)
    return ()
