"""What a person wants to see of a table when it has been made: rows, economies, years, what is unallocated, a preview, a picture."""

from typing import Any

import dagster as dg
import duckdb

from orchestration import pictures

PREVIEW_ROWS = 8
DESCRIBED_SCHEMAS = ("marts", "report", "estimates")
ECONOMY_COLUMNS = ("iso3", "economy_iso3", "exporter_iso3", "reporter_iso3")


def table_metadata(connection: duckdb.DuckDBPyConnection, schema: str, table: str) -> dict[str, Any]:
    """Dagster metadata of schema.table. Numbers come as numbers, so that Dagster plots their history."""
    name = f'{schema}."{table}"'
    columns = [c for (c,) in connection.execute("select column_name from duckdb_columns() where schema_name = ? and table_name = ? and not internal", [schema, table]).fetchall()]
    if not columns:
        return {}
    count = lambda what: connection.execute(f"select {what} from {name}").fetchall()[0][0]  # noqa: E731
    shown: dict[str, Any] = {"dagster/row_count": count("count(*)")}
    if schema not in DESCRIBED_SCHEMAS:
        return shown
    economy = next((c for c in ECONOMY_COLUMNS if c in columns), None)
    if economy:
        shown["economies"] = count(f"count(distinct {economy})")
    if "year" in columns and shown["dagster/row_count"]:
        shown["years"] = f"{count('min(year)')}-{count('max(year)')}"
        shown["last_year"] = int(count("max(year)") or 0)
    if {"value_usd", "unallocated_usd"} <= set(columns):
        shown["unallocated_share"] = float(count("coalesce(sum(unallocated_usd) / nullif(sum(value_usd), 0), 0)"))
    shown["preview"] = dg.MetadataValue.md(connection.execute(f"select * from {name} limit {PREVIEW_ROWS}").df().to_markdown(index=False))
    picture = pictures.picture_of(connection, table) if schema == "report" else pictures.coefficients_picture(connection) if (schema, table) == ("estimates", "coefficients") else None
    if picture:
        shown["picture"] = dg.MetadataValue.md(pictures.markdown(picture, table))
    return shown
