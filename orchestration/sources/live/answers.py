"""The bytes of an answer: decoded while they arrive, within limits; and its JSON, read from disk.

Nothing here holds more of an answer in memory than one chunk, until it has been found to be of a
size that can be.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

from orchestration.sources.live.errors import TransientError
from orchestration.sources.live.redaction import value_shown

CHUNK_BYTES = 1 << 16
ERROR_BYTES = 1 << 14  # what is read of an error's body
_GZIP_HEADER = zlib.MAX_WBITS | 16


class EncodingError(Exception):
    """A body is not compressed as its headers say, or ends too early."""


def decoded(response: httpx.Response) -> Iterator[bytes]:
    """The body as it arrives, decompressed in chunks of limited size whatever it expands to.

    Raises EncodingError.
    """
    encoding = response.headers.get("Content-Encoding", "").strip().lower()
    if encoding in ("", "identity"):
        return response.iter_raw()
    if encoding not in ("gzip", "x-gzip"):
        raise EncodingError(f"compressed as {value_shown(encoding)}, which was not asked for")
    return _decompressed(response.iter_raw())


def _decompressed(chunks: Iterator[bytes]) -> Iterator[bytes]:
    stream = zlib.decompressobj(_GZIP_HEADER)
    try:
        for chunk in chunks:
            is_full = True
            while (chunk or is_full) and not stream.eof:
                piece = stream.decompress(chunk, CHUNK_BYTES)
                # a full piece: more may wait inside, even where no input is left
                chunk, is_full = stream.unconsumed_tail, len(piece) == CHUNK_BYTES
                yield piece
            if stream.unused_data or chunk:
                raise EncodingError("more bytes after the end of what is compressed")
    except zlib.error as error:
        raise EncodingError(f"damaged compression ({error})") from None
    if not stream.eof:
        raise EncodingError("compressed, and cut short")


def beginning(response: httpx.Response) -> tuple[str, bool]:
    """The first part of an error's body as text, and whether more of it may follow."""
    body, is_cut = bytearray(), False
    try:
        for chunk in decoded(response):
            body += chunk
            if len(body) > ERROR_BYTES:
                is_cut = True
                break
    except (EncodingError, httpx.HTTPError):
        is_cut = True
    return bytes(body[:ERROR_BYTES]).decode("utf-8", "replace"), is_cut


def read_json(path: Path, service: str) -> Any:
    """The JSON of a gzipped answer, in which no key is repeated and every text is one.

    Raises TransientError for what is not such an answer.
    """
    try:
        body = gzip.decompress(path.read_bytes()).decode("utf-8-sig")
        answer = json.loads(body, object_pairs_hook=_unique, parse_constant=_no_number)
        # an escaped half of a surrogate pair is valid JSON and no text
        if "\\ud" in body.lower():
            json.dumps(answer, ensure_ascii=False).encode("utf-8")
    except (ValueError, RecursionError, EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise TransientError(f"{service}: the answer is not JSON ({_reason(error)}).") from None
    return answer


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) != len(pairs):
        raise ValueError("a key is there twice")
    return values


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is no number")


def _reason(error: Exception) -> str:
    if isinstance(error, UnicodeError):
        return "not UTF-8 text"
    return "nested too deep" if isinstance(error, RecursionError) else str(error)
