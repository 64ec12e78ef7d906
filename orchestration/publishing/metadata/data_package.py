"""datapackage.json: the publication as a Frictionless Data Package (v1 with names of v2).

Every table is a resource with its Parquet file, schema, key and references; the codebook is one
more, as CSV.
"""

from __future__ import annotations

from typing import Any

from orchestration.landing.layout import Terms
from orchestration.publishing.metadata.codebook import CODEBOOK_COLUMNS
from orchestration.publishing.metadata.description import (
    Column,
    Description,
    Source,
    Table,
    project,
)

NAME = "low-carbon-trade-warehouse"
# type in DuckDB -> type in a Table Schema
FIELD_TYPES = {
    "BIGINT": "integer",
    "BOOLEAN": "boolean",
    "DATE": "date",
    "DECIMAL": "number",
    "DOUBLE": "number",
    "FLOAT": "number",
    "HUGEINT": "integer",
    "INTEGER": "integer",
    "SMALLINT": "integer",
    "TIMESTAMP": "datetime",
    "VARCHAR": "string",
}


def field_type(column: Column) -> str:
    """The type of a column in a Table Schema; `any` for one that it has no name for."""
    return FIELD_TYPES.get(column.type.partition("(")[0], "any")


def data_package(
    description: Description, codebook_bytes: int, codebook_sha256: str
) -> dict[str, Any]:
    """The descriptor, for a codebook.csv of this size and checksum."""
    return {
        "$schema": "https://datapackage.org/profiles/2.0/datapackage.json",
        "profile": "data-package",
        "name": NAME,
        "title": description.title,
        "description": description.summary,
        "version": description.version,
        "created": description.published_at,
        "keywords": list(project().keywords),
        "contributors": [{"title": author, "role": "author"} for author in project().authors],
        "licenses": [_licence(terms) for terms in description.all_terms()],
        "sources": [_source(source) for source in description.sources],
        "is_synthetic": bool(description.notice),
        "left_out": [
            {"name": table.name, "reason": table.reason} for table in description.withheld
        ],
        "resources": [
            *(_resource(description, table) for table in description.tables),
            _codebook(codebook_bytes, codebook_sha256),
        ],
    }


def _licence(terms: Terms) -> dict[str, str]:
    address = {"path": terms.address} if terms.address else {}
    return {"name": terms.identifier, **address, "title": terms.licence}


def _source(source: Source) -> dict[str, Any]:
    return {
        "title": source.title,
        "path": source.address,
        **({"citation": str(source.citation)} if source.citation else {}),
        "releases": list(source.releases),
        "landed_at": source.landed_at,
    }


def _resource(description: Description, table: Table) -> dict[str, Any]:
    return {
        "name": table.name,
        "path": table.file,
        "profile": "data-resource",
        "title": table.name,
        "description": description.text_of(table),
        "format": "parquet",
        "mediatype": "application/vnd.apache.parquet",
        "bytes": table.bytes,
        "hash": f"sha256:{table.sha256}",
        "rows": table.rows,
        "licenses": [_licence(terms) for terms in description.terms_of(table)],
        "sources": [
            {"title": source.title, "path": source.address}
            for source in map(description.source, table.sources)
        ],
        "schema": _schema(description, table),
    }


def _schema(description: Description, table: Table) -> dict[str, Any]:
    schema: dict[str, Any] = {
        "fields": [
            {
                "name": column.name,
                "type": field_type(column),
                "description": column.description,
                **({"unit": column.unit} if column.unit else {}),
            }
            for column in table.columns
        ]
    }
    if table.is_key_complete:
        schema["primaryKey"] = list(table.key)
    references = [r for r in table.references if description.table(r.table)]
    if references:
        schema["foreignKeys"] = [
            {"fields": [r.column], "reference": {"resource": r.table, "fields": [r.field]}}
            for r in references
        ]
    return schema


def _codebook(size: int, sha256: str) -> dict[str, Any]:
    return {
        "name": "codebook",
        "path": "codebook.csv",
        "profile": "tabular-data-resource",
        "title": "Codebook",
        "description": "Grain: one row per table and column.",
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "bytes": size,
        "hash": f"sha256:{sha256}",
        "licenses": [_licence(project().terms)],
        "schema": {
            "fields": [
                {"name": name, "type": kind, "description": meaning}
                for name, (kind, meaning) in CODEBOOK_COLUMNS.items()
            ],
            "primaryKey": ["table", "column"],
        },
    }
