"""Stata's .dta of format 118 (Stata 14 and later), with labels in two languages.

Written as StataCorp describes it (help dta), in batches, so that a table of any length fits.
What pandas writes of the same data is the same to the byte; its writer knows no characteristics,
in which Stata keeps notes and the labels of other languages ([D] label language): `label language
en`, `zh` or `both` switches variable labels and value labels at once.

A text whose values all have names is a number with value labels. Stata's limits: names of 32
characters, labels of 80, whole numbers of 2^53, all told in the notes where they bite.
"""

from __future__ import annotations

import hashlib
import re
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pyarrow as pa

from orchestration.durable import sql_name, sql_texts
from orchestration.publishing.exports.extract import Extract, ExtractError
from orchestration.publishing.exports.labels import LabelledColumn

LONGEST_NAME = 32
LONGEST_LABEL = 80
LONGEST_TEXT = 2045  # in bytes of UTF-8; what is longer is a strL
EXACT_WHOLE_NUMBERS = 2**53
LARGEST_DOUBLE = 8.988e307
RESERVED = frozenset(
    [
        *("_all", "_b", "_coef", "_cons", "_n", "_N", "_pi", "_pred", "_rc", "_se", "_skip"),
        *("_weight", "byte", "double", "float", "if", "in", "int", "long", "using", "with"),
    ]
)

STRL = 32768
# label languages: the first shows variables' labels in both, and values' in English
BOTH = "both"
LANGUAGES = ("en", "zh")
SECTIONS = 14  # of the map: the opening tag, eleven sections, the closing tag, the end


@dataclass(frozen=True)
class _Number:
    """A storage type of numbers: its code, NumPy's type, the code of missing, its format."""

    code: int
    dtype: str
    missing: int | float
    display: str
    lowest: float = -np.inf
    highest: float = np.inf


BYTE = _Number(65530, "<i1", 101, "%8.0g", -127, 100)
INT = _Number(65529, "<i2", 32741, "%8.0g", -32767, 32740)
LONG = _Number(65528, "<i4", 2147483621, "%12.0g", -2147483647, 2147483620)
DOUBLE = _Number(
    65526, "<f8", struct.unpack("<d", bytes.fromhex("000000000000e07f"))[0], "%10.0g",
    -EXACT_WHOLE_NUMBERS, EXACT_WHOLE_NUMBERS,
)  # fmt: skip


@dataclass(frozen=True)
class _Variable:
    """A variable of the file: its column, its name in Stata, and how its values are stored.

    number      how numbers are stored; None for texts
    width       bytes of a text, 0 for a strL
    sql         the column as the file holds it
    label_set   the start of the names of its value labels; empty without
    """

    column: LabelledColumn
    name: str
    number: _Number | None
    width: int
    sql: str
    display: str
    label_set: str = ""

    @property
    def type_code(self) -> int:
        return self.number.code if self.number else self.width or STRL

    @property
    def dtype(self) -> str:
        if self.number:
            return self.number.dtype
        return f"S{self.width}" if self.width else "<u8"

    def label(self, language: str) -> str:
        """At most 80 characters; without room the unit is left out first.

        A shortened name is in front, and then the Chinese label: the English words are those of
        the name.
        """
        label = self.column.label(None if language == BOTH else language)
        if self.name != self.column.name:
            words = [self.column.label_zh, self.column.label_en] if language == BOTH else [label]
            label = f"{self.column.name}: {' / '.join(filter(None, words))}"
        with_unit = f"{label} [{self.column.unit}]" if self.column.unit else label
        return with_unit if len(with_unit) <= LONGEST_LABEL else _cut(label)


def write_stata(extract: Extract, path: Path, language: str | None) -> list[str]:
    """Write the rows to `path`; returns what to tell: names that were shortened.

    The language that is on when the file is opened is `language`, both without one. Raises
    ExtractError for numbers that Stata cannot hold.
    """
    variables = _variables(extract)
    with open(path, "wb") as out:
        _write(out, extract, variables, language or BOTH)
    shortened = [v for v in variables if v.name != v.column.name]
    return (
        [f"{len(shortened)} names are shortened for Stata; their labels begin with the full name"]
        if shortened
        else []
    )


def stata_name(name: str) -> str:
    """The name of a column in Stata: its own, if that has at most 32 characters and is allowed.

    A longer one keeps its first words and, if short, its last ones, with four hexadecimal digits of
    the whole name's SHA-256 between them: the same in every export, whatever else is in it.
    """
    if name in RESERVED or re.fullmatch(r"str[0-9L]+", name):
        return f"{name}_"
    if len(name) <= LONGEST_NAME:
        return name
    digits = hashlib.sha256(name.encode()).hexdigest()[:4]
    last = _whole_words(name.split("_")[::-1], 7)[::-1]
    room = LONGEST_NAME - len("_".join(["", digits, *last]))
    first = _whole_words(name.split("_"), room) or [name[:room]]
    return "_".join([*first, digits, *last])


def _whole_words(words: list[str], room: int) -> list[str]:
    """As many of the words as have room, with one character between them."""
    kept: list[str] = []
    for word in words:
        if len("_".join([*kept, word])) > room:
            break
        kept.append(word)
    return kept


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_LABEL else f"{text[: LONGEST_LABEL - 1]}…"


# ---- how columns are stored ----------------------------------------------------------------------

WHOLE = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT",
         "UINTEGER", "UBIGINT")  # fmt: skip


def _variables(extract: Extract) -> list[_Variable]:
    """The variables; a Chinese column whose English one has value labels is one of these."""
    labelled = {c.name for c in extract.columns if c.values}
    columns = [c for c in extract.columns if c.name.removesuffix("_zh") not in labelled - {c.name}]
    bounds = _bounds(extract, columns)
    return [_variable(c, bounds[c.name]) for c in columns]


def _bounds(extract: Extract, columns: list[LabelledColumn]) -> dict[str, tuple]:
    """Column -> lowest and highest number, or the bytes of its longest text (twice)."""

    def bounds_of(column: LabelledColumn) -> str:
        name = sql_name(column.name)
        if _is_number(column):
            return f"min({name}), max({name})"
        longest = f"max(strlen(cast({name} as varchar)))"
        return f"{longest}, {longest}"

    asked = ", ".join(map(bounds_of, columns))
    [found] = extract.ask(f"select {asked} from ({extract.query})")
    return {c.name: (found[2 * i], found[2 * i + 1]) for i, c in enumerate(columns)}


def _is_number(column: LabelledColumn) -> bool:
    return column.type in (*WHOLE, "DOUBLE", "FLOAT") or column.type.startswith("DECIMAL")


def _variable(column: LabelledColumn, bounds: tuple) -> _Variable:
    column_sql, name = sql_name(column.name), stata_name(column.name)

    def number(storage: _Number, sql: str, display: str = "", label_set: str = "") -> _Variable:
        return _Variable(column, name, storage, 0, sql, display or storage.display, label_set)

    low, high = (0 if b is None else b for b in bounds)
    if column.values:
        values = sql_texts(tuple(v.value for v in column.values))
        storage = _storage(1, len(column.values))
        return number(
            storage, f"list_position([{values}], {column_sql})", label_set=stata_name(column.name)
        )
    if column.type == "BOOLEAN":
        return number(BYTE, f"cast({column_sql} as tinyint)")
    if column.type == "DATE":
        days = f"date_diff('day', date '1960-01-01', {column_sql})"
        return number(LONG, days, "%td")
    if column.type.startswith("TIMESTAMP"):
        milliseconds = f"epoch_ms({column_sql}) - epoch_ms(timestamp '1960-01-01')"
        return number(DOUBLE, milliseconds, "%tc")
    if column.type in WHOLE and max(-low, high) <= EXACT_WHOLE_NUMBERS:
        return number(_storage(low, high), column_sql)
    if _is_number(column) and column.type not in WHOLE:
        if max(-low, high) > LARGEST_DOUBLE:
            raise ExtractError(f"{column.name}: {high} is beyond Stata's numbers. Use parquet.")
        return number(DOUBLE, f"cast({column_sql} as double)")
    longest = max(len(str(low)), len(str(high))) if column.type in WHOLE else int(high)
    return _text_variable(column, name, longest)


def _text_variable(column: LabelledColumn, name: str, longest: int) -> _Variable:
    """A text of at most so many bytes, also of whole numbers that a double would round."""
    width = 0 if longest > LONGEST_TEXT else max(longest, 1)
    display = f"%{min(width, 244)}s" if width else "%9s"
    sql = f"cast({sql_name(column.name)} as varchar)"
    return _Variable(column, name, None, width, sql, display)


def _storage(low: float, high: float) -> _Number:
    """The smallest type that holds the whole numbers from `low` to `high`."""
    return next(t for t in (BYTE, INT, LONG, DOUBLE) if t.lowest <= low and high <= t.highest)


# ---- the file ------------------------------------------------------------------------------------


def _write(out: BinaryIO, extract: Extract, variables: list[_Variable], language: str) -> None:
    places = [0]
    out.write(b"<stata_dta>" + _header(extract, len(variables)))
    places.append(out.tell())
    out.write(_tagged("map", bytes(8 * SECTIONS)))
    for name, body in _descriptors(extract, variables, language):
        places.append(out.tell())
        out.write(_tagged(name, body))
    places.append(out.tell())
    long_texts = _LongTexts()
    out.write(b"<data>")
    for row, batch in _numbered(extract.batches(_query(extract, variables))):
        out.write(_records(batch, variables, row, long_texts).tobytes())
    out.write(b"</data>")
    places.append(out.tell())
    out.write(_tagged("strls", bytes(long_texts.body)))
    places.append(out.tell())
    out.write(_tagged("value_labels", b"".join(_value_labels(variables))))
    places.append(out.tell())
    out.write(b"</stata_dta>")
    places.append(out.tell())
    out.seek(places[1])
    out.write(_tagged("map", struct.pack(f"<{SECTIONS}Q", *places)))


def _header(extract: Extract, variables: int) -> bytes:
    """Without the time, so that the same data make the same file."""
    label = _data_label(extract).encode()
    return _tagged(
        "header",
        _tagged("release", b"118")
        + _tagged("byteorder", b"LSF")
        + _tagged("K", struct.pack("<H", variables))
        + _tagged("N", struct.pack("<Q", extract.rows))
        + _tagged("label", struct.pack("<H", len(label)) + label)
        + _tagged("timestamp", b"\x00"),
    )


def _data_label(extract: Extract) -> str:
    return _cut(f"{extract.publication.notice} {extract.table}".strip())


def _descriptors(
    extract: Extract, variables: list[_Variable], language: str
) -> Iterator[tuple[str, bytes]]:
    def each(width: int, text: Callable[[_Variable], str]) -> bytes:
        return b"".join(text(v).encode().ljust(width, b"\x00") for v in variables)

    yield "variable_types", b"".join(struct.pack("<H", v.type_code) for v in variables)
    yield "varnames", each(129, lambda v: v.name)
    yield "sortlist", bytes(2 * (len(variables) + 1))
    yield "formats", each(57, lambda v: v.display)
    yield "value_label_names", each(129, lambda v: _label_set(v, language))
    yield "variable_labels", each(321, lambda v: v.label(language))
    yield "characteristics", b"".join(_characteristics(extract, variables, language))


def _label_set(variable: _Variable, language: str) -> str:
    """The name of a variable's value labels in a language; English where both are on."""
    if not variable.label_set:
        return ""
    shown = "en" if language == BOTH else language
    return f"{variable.label_set[: LONGEST_NAME - 3]}_{shown}"


def _characteristics(
    extract: Extract, variables: list[_Variable], language: str
) -> Iterator[bytes]:
    """The labels in the languages that are not on, and the notes."""
    languages = [BOTH, *LANGUAGES] if language == BOTH else list(LANGUAGES)
    yield _characteristic("_dta", "_lang_list", " ".join(languages))
    yield _characteristic("_dta", "_lang_c", language)
    others = [name for name in languages if name != language]
    for other in others:
        yield _characteristic("_dta", f"_lang_v_{other}", _data_label(extract))
    yield from _notes("_dta", _notes_on_the_data(extract))
    for variable in variables:
        for other in others:
            yield _characteristic(variable.name, f"_lang_v_{other}", variable.label(other))
            if variable.label_set:
                label_set = _label_set(variable, other)
                yield _characteristic(variable.name, f"_lang_l_{other}", label_set)
        yield from _notes(variable.name, _notes_on(variable))


def _notes_on_the_data(extract: Extract) -> list[str]:
    publication = extract.publication
    return [
        *filter(None, [publication.notice]),
        f"{extract.title}. Grain: {extract.grain} {extract.description}".strip(),
    ]


def _notes_on(variable: _Variable) -> list[str]:
    """What a label of 80 characters may have no room for."""
    column = variable.column
    unit = f"Unit: {column.unit}." if column.unit else ""
    name = f"Full name: {column.name}." if variable.name != column.name else ""
    exact = (
        "Text, because the whole numbers are beyond 2^53, which a number of Stata rounds."
        if variable.number is None and column.type in WHOLE
        else ""
    )
    text = " ".join(filter(None, [name, column.label(None) + ".", column.description, unit, exact]))
    return [text]


def _notes(owner: str, notes: list[str]) -> Iterator[bytes]:
    yield _characteristic(owner, "note0", str(len(notes)))
    for number, text in enumerate(notes, 1):
        yield _characteristic(owner, f"note{number}", text)


def _characteristic(owner: str, name: str, text: str) -> bytes:
    body = owner.encode().ljust(129, b"\x00") + name.encode().ljust(129, b"\x00")
    body += text.encode() + b"\x00"
    return _tagged("ch", struct.pack("<I", len(body)) + body)


def _value_labels(variables: list[_Variable]) -> Iterator[bytes]:
    """A set of value labels a variable and language."""
    for variable in variables:
        if variable.label_set:
            for of_language in LANGUAGES:
                names = [
                    value.name_zh if of_language == "zh" else value.name_en
                    for value in variable.column.values
                ]
                yield _value_label(_label_set(variable, of_language), names)


def _value_label(name: str, names: list[str]) -> bytes:
    """The value labels 1, 2, 3, ... of the names."""
    texts = [text.encode() + b"\x00" for text in names]
    ends = np.cumsum([len(text) for text in texts])
    table = struct.pack("<II", len(texts), ends[-1])
    table += np.array([0, *ends[:-1]], dtype="<i4").tobytes()
    table += np.arange(1, len(texts) + 1, dtype="<i4").tobytes()
    table += b"".join(texts)
    head = struct.pack("<I", len(table)) + name.encode().ljust(129, b"\x00") + bytes(3)
    return _tagged("lbl", head + table)


def _tagged(tag: str, body: bytes) -> bytes:
    return b"<%b>%b</%b>" % (tag.encode(), body, tag.encode())


# ---- rows ----------------------------------------------------------------------------------------


class _LongTexts:
    """Texts of more than 2,045 bytes, each kept once; a row refers to where it was first."""

    def __init__(self) -> None:
        self.body = bytearray()
        self._references: dict[bytes, int] = {b"": 0}

    def reference(self, text: bytes, variable: int, row: int) -> int:
        """Two bytes of the variable and six of the row, both from 1; 0 for no text."""
        if text not in self._references:
            self._references[text] = variable | row << 16
            head = struct.pack("<IQBI", variable, row, 130, len(text) + 1)
            self.body += b"GSO" + head + text + b"\x00"
        return self._references[text]


def _query(extract: Extract, variables: list[_Variable]) -> str:
    stored = ", ".join(f"{v.sql} as {sql_name(v.name)}" for v in variables)
    return f"select {stored} from ({extract.query})"


def _numbered(batches: Iterator[pa.RecordBatch]) -> Iterator[tuple[int, pa.RecordBatch]]:
    """Each batch with the number of its first row, from 1."""
    row = 1
    for batch in batches:
        yield row, batch
        row += len(batch)


def _records(
    batch: pa.RecordBatch, variables: list[_Variable], first_row: int, long_texts: _LongTexts
) -> np.ndarray:
    """The rows of a batch as the file holds them, one after the other without a gap."""
    layout = np.dtype([(v.name, v.dtype) for v in variables])
    records: np.ndarray = np.empty(len(batch), layout)
    for place, variable in enumerate(variables):
        column = batch.column(place)
        if variable.number:
            present = column.fill_null(0).to_numpy(zero_copy_only=False)
            missing = column.is_null().to_numpy(zero_copy_only=False)
            records[variable.name] = present
            records[variable.name][missing] = variable.number.missing
        elif variable.width:
            records[variable.name] = _fixed_width(column, variable.width)
        else:
            records[variable.name] = [
                long_texts.reference((text or "").encode(), place + 1, first_row + at)
                for at, text in enumerate(column.to_pylist())
            ]
    return records


def _fixed_width(column: pa.Array, width: int) -> np.ndarray:
    """Texts as bytes of one width; nothing for NULL."""
    words = column.dictionary_encode()
    encoded = np.array(
        [b"", *(w.encode() for w in words.dictionary.to_pylist())], dtype=f"S{width}"
    )
    places = words.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    return encoded[places + 1]
