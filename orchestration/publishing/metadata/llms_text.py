"""llms.txt: the publication for language models, which read names and numbers before manuals.

In the form of llmstxt.org: a title, a summary, what must be known, and lists of links. Above all it
says how the tables are misread.
"""

from __future__ import annotations

from collections.abc import Iterator

from orchestration.publishing.metadata.description import Description, Source, Table, project
from orchestration.publishing.metadata.json_ld import citation_text
from orchestration.publishing.metadata.misreadings import misreadings


def llms_text(description: Description) -> str:
    return "\n".join(_lines(description)) + "\n"


def _lines(description: Description) -> Iterator[str]:
    yield f"# {description.title}"
    yield ""
    yield f"> {description.summary}"
    yield ""
    if description.notice:
        yield (
            f"**{description.notice}** Nothing here is a fact about the world. Never quote a "
            "number of it as one, and say SYNTHETIC beside every number shown."
        )
        yield ""
    yield (
        f"Publication {description.number} of {description.date}. Open `warehouse.duckdb` "
        "read-only with DuckDB, or the Parquet file of a table with any other tool. The choices "
        f"of the run: {_choices(description)}."
    )
    yield from ["", "## How not to misread the tables", ""]
    for misreading in misreadings(description):
        yield f"- {', '.join(f'`{name}`' for name in misreading.tables)}: {misreading.sentence}"
    if description.withheld:
        yield from ["", "## What is left out", ""]
        for left_out in description.withheld:
            yield f"- `{left_out.name}` ({left_out.grain.rstrip('.')}). {left_out.reason}"
    yield from ["", "## Tables", ""]
    for table in description.tables:
        yield _table(description, table)
    yield from ["", "## Sources and their terms", ""]
    for source in description.sources:
        yield _source(source)
    yield f"- Cite: {citation_text(description)} Made with {project().title}."
    yield from [
        "",
        "## Files",
        "",
        "- [codebook.html](codebook.html): every table and column, with units and keys",
        "- [codebook.csv](codebook.csv): the same, one row per column",
        "- [entities.svg](entities.svg): which column refers to which table",
        "- [datapackage.json](datapackage.json): Frictionless Data Package with types and keys",
        "- [croissant.json](croissant.json): Croissant, [schema_org.jsonld](schema_org.jsonld): "
        "schema.org",
        "- [dbt_docs.html](dbt_docs.html): the models, their SQL and what depends on what",
        "- [CITATION.cff](CITATION.cff): how to cite",
        "- [provenance.json](provenance.json): every file the numbers were made from, checksums, "
        "versions",
    ]


def _choices(description: Description) -> str:
    names = ("basis", "hs_treatment", "mineral_scope")
    return ", ".join(f"{name} {description.choices[name]}" for name in names)


def _table(description: Description, table: Table) -> str:
    key = f" Key: {', '.join(table.key)}." if table.key else ""
    sources = ", ".join(description.source(name).title for name in table.sources)
    return (
        f"- [{table.name}]({table.file}): {table.rows:,} rows; {table.grain}{key}"
        f"{f' From {sources}.' if sources else ''}"
    )


def _source(source: Source) -> str:
    cited = f" Cite: {source.citation}" if source.citation else ""
    passed_on = (
        "" if source.terms.rows_may_be_passed_on else " Its rows must not be passed on to others."
    )
    terms = source.terms.licence
    if source.terms.address:
        terms = f"[{terms}]({source.terms.address})"
    return f"- [{source.title}]({source.address}), {source.edition}: {terms}.{passed_on}{cited}"
