"""Parquet that describes itself: descriptions, labels and units of the columns in its metadata.

Of each column in the metadata of its field, which Arrow reads (pyarrow, polars, R's arrow), and of
all together as JSON under the key `columns` of the file's, which DuckDB's parquet_kv_metadata has.
"""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from orchestration.publishing.exports.extract import Extract
from orchestration.publishing.exports.labels import LabelledColumn


def write_parquet(extract: Extract, path: Path) -> list[str]:
    """Write the rows to `path`; returns what to tell: nothing."""
    described = [_described(column) for column in extract.columns]
    writer: pq.ParquetWriter | None = None
    for batch in extract.batches():
        if writer is None:
            fields = [
                field.with_metadata(_as_metadata(words))
                for field, words in zip(batch.schema, described, strict=True)
            ]
            schema = pa.schema(fields, metadata=_of_the_file(extract, described))
            writer = pq.ParquetWriter(path, schema, compression="zstd")
        writer.write_batch(pa.RecordBatch.from_arrays(batch.columns, schema=schema))
    if writer:
        writer.close()
    return []


def _described(column: LabelledColumn) -> dict[str, str]:
    """What is known of a column, without what is not."""
    names = {v.value: {"en": v.name_en, "zh": v.name_zh} for v in column.values}
    words = {
        "description": column.description,
        "label_en": column.label_en,
        "label_zh": column.label_zh,
        "unit": column.unit,
        "values": json.dumps(names, ensure_ascii=False) if names else "",
    }
    return {key: text for key, text in words.items() if text}


def _of_the_file(extract: Extract, described: list[dict[str, str]]) -> dict[bytes, bytes]:
    publication = extract.publication
    columns = {column.name: words for column, words in zip(extract.columns, described, strict=True)}
    return _as_metadata(
        {
            "table": extract.table,
            "publication": publication.number,
            "grain": extract.grain,
            "description": extract.description,
            "columns": json.dumps(columns, ensure_ascii=False),
            **({"notice": publication.notice} if publication.notice else {}),
        }
    )


def _as_metadata(words: dict[str, str]) -> dict[bytes, bytes]:
    return {key.encode(): text.encode() for key, text in words.items()}
