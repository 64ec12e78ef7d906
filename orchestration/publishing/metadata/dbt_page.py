"""dbt_docs.html: dbt's own documentation of the models in one file that works offline.

`dbt docs generate --static` starts dbt and lets it ask the warehouse for its catalog, which takes
several seconds. The page needs neither: dbt ships it as a template with places for the manifest,
which the run has, and for the catalog, which is one query of the build file.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import duckdb

from orchestration.publishing.metadata.description import Description, project

# the places of the template, as `dbt docs generate --static` fills them
MANIFEST_PLACE, CATALOG_PLACE = '"MANIFEST.JSON INLINE DATA"', '"CATALOG.JSON INLINE DATA"'
CATALOG_SCHEMA = "https://schemas.getdbt.com/dbt/catalog/v1.json"
OVERVIEW = "doc.dbt.__overview__"
# of when, where and by whom it was parsed: not the models'
NOT_OF_THE_MODELS = ("created_at", "root_path")


def dbt_page(
    connection: duckdb.DuckDBPyConnection, manifest: Mapping[str, Any], description: Description
) -> str:
    """The page, for the models of `manifest` as they stand in the build file."""
    page = _template().read_text("utf-8")
    for place, data in (
        (MANIFEST_PLACE, _stated(manifest, description)),
        (CATALOG_PLACE, catalog(connection, manifest)),
    ):
        if page.count(place) != 1:
            raise RuntimeError(
                f"The page of dbt's documentation has no place {place}: this version of dbt "
                "fills it in another way, and this module must follow."
            )
        page = page.replace(place, _in_script(data))
    return page


def _template() -> Path:
    """dbt's page. Found without importing dbt, which takes a second."""
    spec = find_spec("dbt")
    folders = (spec.submodule_search_locations if spec else None) or ()
    pages = (Path(folder) / "task" / "docs" / "index.html" for folder in folders)
    return next(page for page in pages if page.is_file())


def _in_script(data: Mapping[str, Any]) -> str:
    """JSON that can stand in a script: nothing in it ends the element or opens a comment."""
    text = json.dumps(data, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _stated(manifest: Mapping[str, Any], description: Description) -> dict[str, Any]:
    """The manifest without what differs from machine to machine, with an overview of ours."""
    metadata = {
        name: manifest["metadata"][name]
        for name in ("dbt_schema_version", "dbt_version", "project_name", "adapter_type")
    }
    overview = {**manifest["docs"][OVERVIEW], "block_contents": _overview(description)}
    parts = {name: _without_places(part) for name, part in manifest.items()}
    if description.notice:
        parts["nodes"] = {
            name: {**node, "description": f"{description.notice} {node['description']}"}
            for name, node in parts["nodes"].items()
        }
    return {
        **parts,
        "metadata": metadata | {"generated_at": description.published_at},
        "docs": {OVERVIEW: _without_places(overview)},
    }


def _without_places(part: Any) -> Any:
    """The nodes of a part of the manifest, each without what is not of the models."""
    if not isinstance(part, dict):
        return part
    return {
        name: {k: v for k, v in node.items() if k not in NOT_OF_THE_MODELS}
        if isinstance(node, dict)
        else node
        for name, node in part.items()
        if name not in NOT_OF_THE_MODELS
    }


def _overview(description: Description) -> str:
    """What the page opens with, in Markdown."""
    left_out = "".join(f"- `{t.name}`: {t.reason}\n" for t in description.withheld)
    return "\n\n".join(
        part
        for part in (
            f"# {description.title}",
            f"**{description.notice}**" if description.notice else "",
            project().abstract,
            f"Publication {description.number} of {description.date}. The models and their SQL, "
            "from the landed files to the report. What may be read wrongly, units and terms are "
            "in the [codebook](codebook.html).",
            f"Left out of this publication:\n\n{left_out}" if left_out else "",
        )
        if part
    )


def catalog(
    connection: duckdb.DuckDBPyConnection, manifest: Mapping[str, Any]
) -> dict[str, dict | list | None]:
    """The tables and views of the build file with their columns, as dbt's catalog lists them."""
    found: dict[tuple[str, str], dict[str, dict]] = {}
    for schema, table, column, kind, position, comment in connection.execute(
        """
        select schema_name, table_name, column_name, data_type, column_index, comment
        from duckdb_columns()
        where database_name = current_database() and not internal
        order by schema_name, table_name, column_index
        """
    ).fetchall():
        found.setdefault((schema, table), {})[column] = {
            "type": kind,
            "index": position,
            "name": column,
            "comment": comment,
        }

    def listed(part: str) -> dict[str, dict]:
        return {
            name: _entry(name, node, found[place])
            for name, node in manifest[part].items()
            if (place := (node["schema"], node.get("alias") or node.get("identifier"))) in found
        }

    return {
        "metadata": {"dbt_schema_version": CATALOG_SCHEMA},
        "nodes": listed("nodes"),
        "sources": listed("sources"),
        "errors": None,
    }


def _entry(name: str, node: Mapping[str, Any], columns: dict[str, dict]) -> dict[str, Any]:
    is_view = node.get("config", {}).get("materialized") == "view"
    return {
        "unique_id": name,
        "metadata": {
            "type": "VIEW" if is_view else "BASE TABLE",
            "schema": node["schema"],
            "name": node.get("alias") or node.get("identifier"),
            "database": node["database"],
            "comment": node.get("description"),
            "owner": None,
        },
        "columns": columns,
        "stats": {},
    }
