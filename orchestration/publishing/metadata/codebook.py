"""The codebook: every published table and column, as CSV and as one page without scripts.

All text that is not written here is escaped: names of columns, files and lists come from others.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from html import escape
from typing import Any

from orchestration.publishing.metadata.description import Description, Source, Table, project
from orchestration.publishing.metadata.misreadings import Misreading, misreadings

# column of codebook.csv -> its type in a Table Schema, and what it holds
CODEBOOK_COLUMNS = {
    "table": ("string", "Table, with its schema."),
    "column": ("string", "Column of the table."),
    "position": ("integer", "Place of the column in the table, from 1."),
    "type": ("string", "Type in DuckDB and Parquet."),
    "unit": ("string", "Unit of a number; empty where it has none or none of its own."),
    "description": ("string", "What the column holds."),
    "is_key": ("boolean", "No two rows of the table share the values of its key's columns."),
    "refers_to": ("string", "Table and column in which every value is found."),
    "missing": ("integer", "Rows without a value."),
    "rows": ("integer", "Rows of the table."),
    "sources": ("string", "Publishers whose data the table is made from, separated by semicolons."),
    "licence": ("string", "Their terms, separated by semicolons."),
    "is_synthetic": ("boolean", "True where every number is invented."),
}


def codebook_csv(description: Description) -> str:
    """One row per table and column."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(CODEBOOK_COLUMNS)
    for table in description.tables:
        refers_to = {
            r.column: f"{r.table}.{r.field}" for r in table.references if description.table(r.table)
        }
        sources = "; ".join(description.source(name).title for name in table.sources)
        licences = "; ".join(terms.licence for terms in description.terms_of(table))
        for position, column in enumerate(table.columns, 1):
            writer.writerow(
                [
                    table.name,
                    column.name,
                    position,
                    column.type,
                    column.unit,
                    column.description,
                    _truth(column.name in table.key),
                    refers_to.get(column.name, ""),
                    column.missing,
                    table.rows,
                    sources,
                    licences,
                    _truth(bool(description.notice)),
                ]
            )
    return text.getvalue()


def _truth(value: bool) -> str:
    return "true" if value else "false"


# ---- the page ------------------------------------------------------------------------------------

STYLE = """
:root { color-scheme: light; }
body { font: 16px/1.5 system-ui, sans-serif; color: #1b2733; background: #fff; margin: 0 auto;
  max-width: 72rem; padding: 1rem; }
h1, h2, h3 { line-height: 1.25; }
h2 { margin-top: 3rem; border-bottom: 2px solid #1b2733; }
h3 { margin-top: 2.5rem; font-family: ui-monospace, monospace; overflow-wrap: anywhere; }
a { color: #0b5394; }
a:focus-visible { outline: 3px solid #a64d00; }
.notice { background: #fff1d6; border: 2px solid #a40000; padding: .6rem 1rem; font-weight: bold; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; }
caption { text-align: left; padding: .3rem 0; }
th, td { text-align: left; vertical-align: top; padding: .25rem .5rem;
  border-bottom: 1px solid #c5d0da; }
td.number { text-align: right; font-variant-numeric: tabular-nums; }
th[scope=row] { font-family: ui-monospace, monospace; font-weight: normal; }
@media print { body { max-width: none; font-size: 10pt; } h3 { break-after: avoid; }
  tr { break-inside: avoid; } }
"""


def codebook_page(description: Description, drawing: str, json_ld: dict[str, Any]) -> str:
    """The page codebook.html, with the diagram of entities and schema.org's JSON-LD in it."""
    return "\n".join(_page(description, drawing, json_ld)) + "\n"


def _page(description: Description, drawing: str, json_ld: dict[str, Any]) -> Iterator[str]:
    # in a script of data `</` would end the element, and `<!--` hide what follows
    data = json.dumps(json_ld, ensure_ascii=False).replace("<", "\\u003c")
    yield "<!doctype html>"
    yield '<html lang="en"><head><meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield (
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        "style-src 'unsafe-inline'\">"
    )
    yield f"<title>Codebook: {escape(description.title)}</title><style>{STYLE}</style>"
    yield f'<script type="application/ld+json">{data}</script></head><body>'
    if description.notice:
        yield f'<p class="notice">{escape(description.notice)}</p>'
    yield f"<main><h1>Codebook: {escape(description.title)}</h1>"
    yield f"<p>{escape(project().abstract)}</p>"
    yield (
        f"<p>Publication {escape(description.number)} of {escape(description.date)}. "
        f"{len(description.tables)} tables. Basis {escape(str(description.choices['basis']))}, "
        f"HS treatment {escape(str(description.choices['hs_treatment']))}, mineral scope "
        f"{escape(str(description.choices['mineral_scope']))}.</p>"
    )
    yield from _contents(description)
    if description.withheld:
        yield from _left_out(description)
    yield '<h2 id="misreadings">How not to misread the tables</h2><ul>'
    said = list(misreadings(description))
    for misreading in said:
        names = ", ".join(_link(name) for name in misreading.tables)
        yield f"<li>{names}: {escape(misreading.sentence)}</li>"
    yield "</ul>"
    yield from _sources(description)
    yield '<h2 id="entities-drawn">Which table refers to which</h2>'
    yield f'<div class="wide" tabindex="0" role="region" aria-label="Diagram">{drawing}</div>'
    yield '<h2 id="tables">Tables</h2>'
    for table in description.tables:
        yield from _table(description, table, said)
    yield "</main></body></html>"


def _contents(description: Description) -> Iterator[str]:
    yield '<nav aria-label="Tables"><h2>Contents</h2>'
    schemas = dict.fromkeys(table.name.partition(".")[0] for table in description.tables)
    for schema in schemas:
        links = ", ".join(
            _link(table.name, table.name.partition(".")[2])
            for table in description.tables
            if table.name.startswith(f"{schema}.")
        )
        yield f"<p><strong>{escape(schema)}</strong>: {links}</p>"
    yield "</nav>"


def _left_out(description: Description) -> Iterator[str]:
    yield '<h2 id="left-out">What is left out</h2><ul>'
    for table in description.withheld:
        yield (
            f"<li><code>{escape(table.name)}</code>: {escape(table.grain)} "
            f"{escape(table.reason)}</li>"
        )
    yield "</ul>"


def _sources(description: Description) -> Iterator[str]:
    yield '<h2 id="sources">Sources and their terms</h2>'
    yield '<div class="wide" tabindex="0" role="region" aria-label="Sources"><table>'
    yield "<caption>Publishers whose files the tables rest on</caption><thead><tr>"
    for head in ("Publisher", "Release", "Files", "Rows", "Landed", "Terms", "To cite"):
        yield f'<th scope="col">{head}</th>'
    yield "</tr></thead><tbody>"
    for source in description.sources:
        yield _source(source)
    yield "</tbody></table></div>"


def _source(source: Source) -> str:
    terms = escape(source.terms.licence)
    if source.terms.address:
        terms = f'<a href="{escape(source.terms.address)}">{terms}</a>'
    if not source.terms.rows_may_be_passed_on:
        terms += ". Its rows must not be passed on."
    return (
        f'<tr><th scope="row"><a href="{escape(source.address)}">{escape(source.title)}</a></th>'
        f"<td>{escape(', '.join(source.releases))}</td>"
        f'<td class="number">{source.files:,}</td><td class="number">{source.rows:,}</td>'
        f"<td>{escape(source.landed_at[:10])}</td><td>{terms}</td>"
        f"<td>{escape(str(source.citation or ''))}</td></tr>"
    )


def _table(description: Description, table: Table, said: list[Misreading]) -> Iterator[str]:
    yield f'<section id="{_anchor(table.name)}"><h3>{escape(table.name)}</h3>'
    if description.notice:
        yield "<p><strong>SYNTHETIC</strong></p>"
    yield f"<p>{escape(table.grain)} {escape(table.description)}</p>"
    for misreading in said:
        if table.name in misreading.tables:
            yield f"<p><strong>Beware:</strong> {escape(misreading.sentence)}</p>"
    facts = [f"{table.rows:,} rows"]
    if table.key:
        facts.append(f"key: {', '.join(table.key)}")
    if table.sources:
        titles = ", ".join(description.source(name).title for name in table.sources)
        facts.append(f"made from {titles}")
    facts.append("; ".join(terms.licence for terms in description.terms_of(table)))
    yield f'<p>{escape("; ".join(facts))}; <a href="{escape(table.file)}">Parquet</a></p>'
    yield f'<div class="wide" tabindex="0" role="region" aria-label="{escape(table.name)}"><table>'
    yield f"<caption>Columns of {escape(table.name)}</caption><thead><tr>"
    for head in ("Column", "Type", "Unit", "What it holds", "Refers to", "Missing"):
        yield f'<th scope="col">{head}</th>'
    yield "</tr></thead><tbody>"
    refers_to = {r.column: r for r in table.references if description.table(r.table)}
    for column in table.columns:
        reference = refers_to.get(column.name)
        yield (
            f'<tr><th scope="row">{escape(column.name)}</th><td>{escape(column.type.lower())}</td>'
            f"<td>{escape(column.unit)}</td><td>{escape(column.description)}</td>"
            f"<td>{_link(reference.table) if reference else ''}</td>"
            f'<td class="number">{column.missing:,}</td></tr>'
        )
    yield "</tbody></table></div></section>"


def _anchor(table: str) -> str:
    return escape(table.replace(".", "-"))


def _link(table: str, text: str = "") -> str:
    return f'<a href="#{_anchor(table)}">{escape(text or table)}</a>'
