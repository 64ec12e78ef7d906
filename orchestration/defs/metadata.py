"""Dagster metadata of a table: rows, economies, years, unallocated share, preview and picture."""

from typing import Any

import dagster as dg
import duckdb

from orchestration.publishing import figures

PREVIEW_ROWS = 8
YEAR_COLUMNS = ("year", "trade_year")
# names of the reporter or exporter in the warehouse and in the publishers' files;
# "i" is BACI's exporter
ECONOMY_COLUMNS = (
    "iso3",
    "economy_iso3",
    "exporter_iso3",
    "reporter_iso3",
    "reporterCode",
    "i",
    "country_code",
)


def table_metadata(
    connection: duckdb.DuckDBPyConnection, schema: str, table: str, where: str = "true"
) -> dict[str, Any]:
    """Dagster metadata of the rows of schema.table that satisfy `where`.

    Numbers are given as numbers, so that Dagster plots their history. A view of a model gets only a
    preview: counting its rows would run the whole query. Raw tables of trade are views of Parquet.
    """
    name = f'{schema}."{table}"'
    columns = [
        c
        for (c,) in connection.execute(
            "select column_name from duckdb_columns() "
            "where schema_name = ? and table_name = ? and not internal",
            [schema, table],
        ).fetchall()
    ]
    if not columns:
        return {}
    preview = dg.MetadataValue.md(
        connection.execute(f"select * from {name} where {where} limit {PREVIEW_ROWS}")
        .df()
        .to_markdown(index=False)
    )
    [(is_view,)] = connection.execute(
        "select count(*) > 0 from duckdb_views() where schema_name = ? and view_name = ?",
        [schema, table],
    ).fetchall()
    if is_view and schema != "raw":
        return {"preview": preview}

    def value_of(aggregate: str) -> Any:
        sql = f"select {aggregate} from {name} where {where}"
        return connection.execute(sql).fetchall()[0][0]

    shown: dict[str, Any] = {"dagster/row_count": value_of("count(*)"), "preview": preview}
    if economy := next((c for c in ECONOMY_COLUMNS if c in columns), None):
        shown["economies"] = value_of(f'count(distinct "{economy}")')
    year = next((c for c in YEAR_COLUMNS if c in columns), None)
    if year and shown["dagster/row_count"]:
        first, last = value_of(f"min({year})"), value_of(f"max({year})")
        shown |= {"years": f"{first}-{last}", "last_year": int(last)}
    if {"value_usd", "unallocated_usd"} <= set(columns):
        shown["unallocated_share"] = float(
            value_of("coalesce(sum(unallocated_usd) / nullif(sum(value_usd), 0), 0)")
        )
    if picture := _picture(connection, schema, table):
        shown["picture"] = dg.MetadataValue.md(figures.markdown(picture, table))
    return shown


def _picture(connection: duckdb.DuckDBPyConnection, schema: str, table: str) -> bytes | None:
    """The PNG chart of a table, if it has one."""
    if schema == "report":
        return figures.picture_of(connection, table)
    draw = figures.PICTURES_OF_ESTIMATES.get(table) if schema == "estimates" else None
    return draw(connection) if draw else None
