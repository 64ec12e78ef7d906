"""What a person wants to see of a table when it has been made: rows, economies, years, what is unallocated, a preview, a picture."""

from typing import Any

import dagster as dg
import duckdb

from orchestration import pictures

PREVIEW_ROWS = 8
YEAR_COLUMNS = ("year", "trade_year")
# the reporter or exporter, as the warehouse and as the publishers name it; "i" is BACI's exporter
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
    """Dagster metadata of schema.table, of the rows that fulfil `where`. Numbers come as numbers, so that Dagster plots their history.
    Of a view only a preview is given: counting would run it whole."""
    name = f'{schema}."{table}"'
    columns = [
        c
        for (c,) in connection.execute(
            "select column_name from duckdb_columns() where schema_name = ? and table_name = ? and not internal",
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
    if is_view:
        return {"preview": preview}
    count = lambda what: connection.execute(f"select {what} from {name} where {where}").fetchall()[
        0
    ][0]  # noqa: E731
    shown: dict[str, Any] = {"dagster/row_count": count("count(*)"), "preview": preview}
    if economy := next((c for c in ECONOMY_COLUMNS if c in columns), None):
        shown["economies"] = count(f'count(distinct "{economy}")')
    year = next((c for c in YEAR_COLUMNS if c in columns), None)
    if year and shown["dagster/row_count"]:
        first, last = count(f"min({year})"), count(f"max({year})")
        shown |= {"years": f"{first}-{last}", "last_year": int(last)}
    if {"value_usd", "unallocated_usd"} <= set(columns):
        shown["unallocated_share"] = float(
            count("coalesce(sum(unallocated_usd) / nullif(sum(value_usd), 0), 0)")
        )
    picture = (
        pictures.picture_of(connection, table)
        if schema == "report"
        else pictures.coefficients_picture(connection)
        if (schema, table) == ("estimates", "coefficients")
        else None
    )
    if picture:
        shown["picture"] = dg.MetadataValue.md(pictures.markdown(picture, table))
    return shown
