"""Croissant (croissant.json) and schema.org (schema_org.jsonld): the publication as JSON-LD.

Croissant 1.0 is schema.org's Dataset with the files and their columns, for tools that load them;
the other is what search engines for data read, and stands in the head of codebook.html too.
"""

from __future__ import annotations

from typing import Any

from orchestration.landing.layout import Terms
from orchestration.publishing.lineage import Reference as ColumnReference
from orchestration.publishing.metadata.data_package import NAME, field_type
from orchestration.publishing.metadata.description import (
    Column,
    Description,
    Source,
    Table,
    project,
)

# the context of the specification, word for word: readers warn of any other
CROISSANT_CONTEXT = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileProperty": "cr:fileProperty",
    "fileObject": "cr:fileObject",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
# type in a Table Schema -> type in Croissant
CROISSANT_TYPES = {
    "boolean": "sc:Boolean",
    "date": "sc:Date",
    "datetime": "sc:DateTime",
    "integer": "sc:Integer",
    "number": "sc:Float",
}


def croissant(description: Description) -> dict[str, Any]:
    """The publication in Croissant 1.0; a table is a record set named schema/table."""
    return {
        "@context": CROISSANT_CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        **_dataset(description),
        "license": [_address_of(terms) for terms in description.all_terms()],
        "creator": [{"@type": "sc:Organization", "name": author} for author in project().authors],
        "citeAs": citation_text(description),
        "isLiveDataset": False,
        "distribution": [
            {"@type": "cr:FileObject", "@id": table.file, **_file(table)}
            for table in description.tables
        ],
        "recordSet": [_record_set(description, table) for table in description.tables],
    }


def schema_org(description: Description) -> dict[str, Any]:
    """The publication as schema.org's Dataset, with its tables as parts."""
    return {
        "@context": "https://schema.org/",
        "@type": "Dataset",
        **_dataset(description),
        "license": [_creative_work(terms) for terms in description.all_terms()],
        "creator": [{"@type": "Organization", "name": author} for author in project().authors],
        "creditText": citation_text(description),
        "isAccessibleForFree": True,
        "isBasedOn": [_based_on(source) for source in description.sources],
        "distribution": [{"@type": "DataDownload", **_file(t)} for t in description.tables],
        "hasPart": [_part(description, table) for table in description.tables],
    }


def _part(description: Description, table: Table) -> dict[str, Any]:
    return {
        "@type": "Dataset",
        "name": table.name,
        "description": description.text_of(table),
        "license": [_creative_work(terms) for terms in description.terms_of(table)],
        "variableMeasured": [
            {
                "@type": "PropertyValue",
                "name": column.name,
                "description": column.description,
                **({"unitText": column.unit} if column.unit else {}),
            }
            for column in table.columns
        ],
    }


def citation_text(description: Description) -> str:
    """How to cite the publication, in one sentence."""
    authors = " and ".join(project().authors)
    return (
        f"{authors} ({description.date[:4]}). {description.title}, publication "
        f"{description.number}."
    )


def _dataset(description: Description) -> dict[str, Any]:
    """What both forms say of the whole, in the same words."""
    covered = (
        {"temporalCoverage": f"{description.first_year}/{description.last_year}"}
        if description.first_year
        else {}
    )
    return {
        "name": description.title,
        "alternateName": NAME,
        "description": description.summary,
        "url": "codebook.html",
        "version": description.version,
        "datePublished": description.date,
        "keywords": list(project().keywords),
        "inLanguage": ["en", "zh"],
        **covered,
    }


def _file(table: Table) -> dict[str, Any]:
    return {
        "name": table.file,
        "description": f"The table {table.name}.",
        "contentUrl": table.file,
        "contentSize": f"{table.bytes} B",
        # its registered name, and the one by which tools for Croissant know it
        "encodingFormat": ["application/vnd.apache.parquet", "application/x-parquet"],
        "sha256": table.sha256,
    }


def _record_set(description: Description, table: Table) -> dict[str, Any]:
    referred = {r.column: r for r in table.references if description.table(r.table)}
    key = [{"@id": f"{table.name}/{column}"} for column in table.key]
    return {
        "@type": "cr:RecordSet",
        "@id": table.name,
        "name": table.name,
        "description": description.text_of(table),
        **({"key": key} if table.is_key_complete else {}),
        "field": [_field(table, column, referred.get(column.name)) for column in table.columns],
    }


def _field(table: Table, column: Column, referred: ColumnReference | None) -> dict[str, Any]:
    unit = f" Unit: {column.unit}." if column.unit else ""
    field: dict[str, Any] = {
        "@type": "cr:Field",
        "@id": f"{table.name}/{column.name}",
        "name": column.name,
        "description": f"{column.description}{unit}",
        "dataType": CROISSANT_TYPES.get(field_type(column), "sc:Text"),
        "source": {"fileObject": {"@id": table.file}, "extract": {"column": column.name}},
    }
    if referred:
        field["references"] = {"field": {"@id": f"{referred.table}/{referred.field}"}}
    return field


def _address_of(terms: Terms) -> str:
    return terms.address or terms.licence


def _creative_work(terms: Terms) -> dict[str, str]:
    address = {"url": terms.address} if terms.address else {}
    return {"@type": "CreativeWork", "name": terms.licence, **address}


def _based_on(source: Source) -> dict[str, Any]:
    citation = {"citation": str(source.citation)} if source.citation else {}
    return {
        "@type": "Dataset",
        "name": source.title,
        "description": f"{source.title}: {source.access}.",
        "url": source.address,
        "license": _creative_work(source.terms),
        **citation,
    }
