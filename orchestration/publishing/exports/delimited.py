"""CSV that a spreadsheet cannot take for formulas, and from which every text can be had again.

A text that begins with one of = + - @, their full-width forms, a tab, a line end or an apostrophe
gets one apostrophe in front; taking one leading apostrophe away undoes it. Numbers are untouched.
All texts are in quotes, an empty one is "", and nothing at all is NULL. The file begins with a
byte order mark, by which spreadsheets know UTF-8.

The list is OWASP's (CSV Injection, https://owasp.org/www-community/attacks/CSV_Injection).
"""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow.csv import CSVWriter

from orchestration.publishing.exports.extract import Extract

DEFENCE = "'"
DANGEROUS = r"^([=+\-@\t\r\n＝＋－＠'])"


def write_delimited(extract: Extract, path: Path) -> list[str]:
    """Write the rows to `path`; returns what to tell: nothing."""
    with open(path, "wb") as out:
        out.write("\ufeff".encode())
        writer: CSVWriter | None = None
        for batch in extract.with_notice().batches():
            safe = _safe(batch)
            writer = writer or CSVWriter(out, safe.schema)
            writer.write_batch(safe)
        if writer:
            writer.close()
    return []


def safe_text(text: str) -> str:
    """A text with the defence in front, if it needs it."""
    return _defended(pa.array([text])).to_pylist()[0]


def _safe(batch: pa.RecordBatch) -> pa.RecordBatch:
    columns = [
        _defended(column) if pa.types.is_string(column.type) else column for column in batch.columns
    ]
    return pa.RecordBatch.from_arrays(columns, names=list(map(safe_text, batch.schema.names)))


def _defended(texts: pa.Array) -> pa.Array:
    return pc.replace_substring_regex(texts, DANGEROUS, rf"{DEFENCE}\1")
