"""Metadata of a publication: one description of it, and a module for each form it is written in."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb

from orchestration.landing.manifest import sha256_of
from orchestration.publishing.lineage import declared_tables
from orchestration.publishing.metadata.citation import citation_file
from orchestration.publishing.metadata.codebook import codebook_csv, codebook_page
from orchestration.publishing.metadata.data_package import data_package
from orchestration.publishing.metadata.dbt_page import dbt_page
from orchestration.publishing.metadata.description import describe
from orchestration.publishing.metadata.diagram import diagram
from orchestration.publishing.metadata.json_ld import croissant, schema_org
from orchestration.publishing.metadata.llms_text import llms_text


def write_metadata(
    connection: duckdb.DuckDBPyConnection,
    folder: Path,
    provenance: Mapping[str, Any],
    manifest: Mapping[str, Any],
) -> None:
    """Write every form of metadata into a publication's folder.

    `connection` is to the build file, `manifest` dbt's. The tables and their Parquet files are
    there; `provenance` is about to be. The same publication gives the same bytes.
    """
    description = describe(folder, provenance, declared_tables(manifest))
    drawing = diagram(description)
    search_engines = schema_org(description)
    codebook = folder / "codebook.csv"
    _write(codebook, codebook_csv(description))
    package = data_package(description, codebook.stat().st_size, sha256_of(codebook))
    for name, text in {
        "datapackage.json": _json(package),
        "croissant.json": _json(croissant(description)),
        "schema_org.jsonld": _json(search_engines),
        "codebook.html": codebook_page(description, drawing, search_engines),
        "entities.svg": drawing,
        "CITATION.cff": citation_file(description),
        "llms.txt": llms_text(description),
        "dbt_docs.html": dbt_page(connection, manifest, description),
    }.items():
        _write(folder / name, text)


def _json(stated: Mapping[str, Any]) -> str:
    return json.dumps(stated, indent=1, ensure_ascii=False) + "\n"


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")
