"""An R script that loads an export's CSV with labels, units and factors, without any package.

It is ASCII: other characters are escapes that R reads the same on every system.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from orchestration.publishing.exports.delimited import DEFENCE
from orchestration.publishing.exports.extract import Extract
from orchestration.publishing.exports.labels import LabelledColumn

# DuckDB's types that are not text -> the class in R; whole numbers of 64 bits have none
CLASSES = {
    "BOOLEAN": "logical",
    "DATE": "Date",
    "INTEGER": "integer",
    "SMALLINT": "integer",
    "TINYINT": "integer",
    "BIGINT": "numeric",
    "DOUBLE": "numeric",
    "FLOAT": "numeric",
}


def r_script(extract: Extract, data_name: str, language: str | None) -> str:
    """The script that loads the file `data_name` beside it as a data frame of the extract's name.

    `language` is that of labels and factors; it is English without one, and a line of the script.
    """
    told = extract.with_notice()
    return "\n".join([*_opening(told, data_name, language), *_loading(told), *_labelling(told), ""])


def _opening(extract: Extract, data_name: str, language: str | None) -> Iterator[str]:
    yield f"# {extract.title}, as the data frame `{extract.name}`."
    if extract.publication.notice:
        yield f"# {extract.publication.notice}"
    yield "# No package is needed. Run it in the folder of both files, or from elsewhere with"
    yield "# source(path, chdir = TRUE)."
    yield ""
    yield f"file <- {_text(data_name)}"
    yield f"language <- {_text(language or 'en')}  # of labels and factors: en or zh"
    yield ""


def _loading(extract: Extract) -> Iterator[str]:
    yield "codebook <- data.frame("
    yield f"  variable = {_vector(c.name for c in extract.columns)},"
    yield f"  class = {_vector(map(_class, extract.columns))},"
    yield f"  label_en = {_vector(c.label_en for c in extract.columns)},"
    yield f"  label_zh = {_vector(c.label_zh or c.label_en for c in extract.columns)},"
    yield f"  unit = {_vector(c.unit for c in extract.columns)},"
    yield f"  description = {_vector(c.description for c in extract.columns)},"
    yield "  stringsAsFactors = FALSE"
    yield ")"
    # names are not read from the file, whose first line begins with a byte order mark
    yield f"{extract.name} <- read.csv("
    yield '  file, header = FALSE, skip = 1, encoding = "UTF-8", na.strings = "",'
    yield "  col.names = codebook$variable, colClasses = codebook$class, check.names = FALSE"
    yield ")"
    yield f"stopifnot(nrow({extract.name}) == {extract.rows})"
    yield "# an apostrophe in front keeps spreadsheets from reading a text as a formula"
    yield 'for (name in codebook$variable[codebook$class == "character"]) {'
    yield f"  texts <- {extract.name}[[name]]"
    yield f'  defended <- !is.na(texts) & startsWith(texts, "{DEFENCE}")'
    yield f"  {extract.name}[[name]][defended] <- substring(texts[defended], 2)"
    yield "}"


def _labelling(extract: Extract) -> Iterator[str]:
    """Factors first: making one drops what is attached to the column."""
    for column in extract.columns:
        if column.values:
            yield f"{extract.name}${column.name} <- factor("
            yield f"  {extract.name}${column.name},"
            yield f"  levels = {_vector(v.value for v in column.values)},"
            yield '  labels = if (language == "zh") {'
            yield f"    {_vector(v.name_zh for v in column.values)}"
            yield "  } else {"
            yield f"    {_vector(v.name_en for v in column.values)}"
            yield "  }"
            yield ")"
    yield "for (place in seq_along(codebook$variable)) {"
    yield "  name <- codebook$variable[place]"
    yield '  label <- codebook[[paste0("label_", language)]][place]'
    yield f'  attr({extract.name}[[name]], "label") <- label'
    yield f'  attr({extract.name}[[name]], "unit") <- codebook$unit[place]'
    yield "}"
    if extract.publication.notice:
        yield f"message({_text(extract.publication.notice)})"


def _class(column: LabelledColumn) -> str:
    if column.type.startswith("DECIMAL"):
        return "numeric"
    return CLASSES.get(column.type, "character")


def _vector(texts: Iterable[str]) -> str:
    """The texts as a vector, a line each, so that no line is too long for R."""
    return "c(\n    " + ",\n    ".join(map(_text, texts)) + "\n  )"


def _text(text: str) -> str:
    """A text in quotes; JSON's escapes are R's, but for characters beyond 16 bits."""
    escaped = (f"\\U{ord(c):08x}" if ord(c) > 0xFFFF else json.dumps(c)[1:-1] for c in text)
    return f'"{"".join(escaped)}"'
