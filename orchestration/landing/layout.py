"""The publishers' file layouts: their columns, how to recognise and read them, what is unusable.

A landed file is a plain or gzipped CSV, a JSON answer from UN Comtrade or the World Bank, or a zip
with such files inside. `open_tables` turns it into one or more `LandedTable`s; `read_batches`
streams a table's rows as text, in file order, without unpacking to disk. Everything that is wrong
with a file is reported as a `LandingError` that names file, row, column and remedy.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pa_csv


class LandingError(Exception):
    """A file cannot be used as it is.

    The message names the file, what is wrong with it and the remedy.
    """


class UnknownLayoutError(LandingError):
    """A file has no known publisher's layout: it is reported and left out, and the rest goes on."""


class MissingColumnError(LandingError):
    """A table lacks columns without which its rows cannot be told apart or valued."""


class EmptyAnswerError(UnknownLayoutError):
    """A UN Comtrade answer without rows.

    In a folder of files it is skipped; as the response to a request of our own it counts as data.
    """


@dataclass(frozen=True)
class Column:
    """A column of a publisher's layout.

    `kind` is text, integer or number; an integer or number may be blank.
    """

    name: str
    kind: str = "text"
    required: bool = False
    aliases: tuple[str, ...] = ()
    blank_allowed: bool = True


@dataclass(frozen=True)
class Layout:
    """One publisher's table layout and the raw table it is loaded into."""

    name: str
    source: str
    columns: tuple[Column, ...]
    is_trade: bool = False
    missing_remedy: str = ""

    @property
    def required(self) -> list[str]:
        return [c.name for c in self.columns if c.required]


def _text(*names: str) -> list[Column]:
    return [Column(n) for n in names]


def _need(
    name: str, kind: str = "text", aliases: tuple[str, ...] = (), blank_allowed: bool = False
) -> Column:
    return Column(name, kind, required=True, aliases=aliases, blank_allowed=blank_allowed)


# The 47 columns of a UN Comtrade goods answer, in the publisher's order. The ones marked as needed
# decide what a row is: without partner2Code, customsCode and motCode a total cannot be told from
# its parts, and a sum would count twice.
COMTRADE_TRADE = Layout(
    name="comtrade_trade",
    source="comtrade",
    is_trade=True,
    columns=(
        _need("typeCode"),
        _need("freqCode"),
        *_text("refPeriodId"),
        _need("refYear", "integer"),
        *_text("refMonth", "period"),
        _need("reporterCode", "integer"),
        *_text("reporterISO", "reporterDesc"),
        _need("flowCode"),
        *_text("flowDesc"),
        _need("partnerCode", "integer"),
        *_text("partnerISO", "partnerDesc"),
        _need("partner2Code", "integer"),
        *_text("partner2ISO", "partner2Desc"),
        _need("classificationCode"),
        *_text("classificationSearchCode"),
        _need("isOriginalClassification", blank_allowed=True),
        _need("cmdCode"),
        *_text("cmdDesc", "aggrLevel", "isLeaf"),
        _need("customsCode"),
        *_text("customsDesc"),
        _need("mosCode", blank_allowed=True),
        _need("motCode", "integer"),
        *_text("motDesc", "qtyUnitCode", "qtyUnitAbbr"),
        Column("qty", "number"),
        *_text("isQtyEstimated", "altQtyUnitCode", "altQtyUnitAbbr"),
        Column("altQty", "number"),
        *_text("isAltQtyEstimated"),
        _need("netWgt", "number", aliases=("netWeight",), blank_allowed=True),
        *_text("isNetWgtEstimated"),
        Column("grossWgt", "number"),
        *_text("isGrossWgtEstimated"),
        Column("cifvalue", "number"),
        Column("fobvalue", "number"),
        _need("primaryValue", "number"),
        *_text("legacyEstimationFlag", "isReported", "isAggregate"),
    ),
    missing_remedy=(
        "Without them totals cannot be told from their parts and flows would count several times. "
        "Pull the data again with all columns, pinned to partner2Code=0, "
        "customsCode=C00 and motCode=0."
    ),
)

BACI_TRADE = Layout(
    name="baci_trade",
    source="baci",
    is_trade=True,
    columns=(
        _need("t", "integer"),
        _need("i", "integer"),
        _need("j", "integer"),
        _need("k", "integer"),
        _need("v", "number"),
        _need("q", "number", blank_allowed=True),
    ),
    missing_remedy="Take the yearly file as CEPII publishes it: t,i,j,k,v,q.",
)

BACI_ECONOMIES = Layout(
    name="baci_economies",
    source="baci",
    columns=(
        _need("country_code", "integer"),
        _need("country_name"),
        Column("country_iso2"),
        Column("country_iso3"),
    ),
)

WDI_INDICATORS = Layout(
    name="wdi_indicators",
    source="wdi",
    columns=(
        Column("Country Name"),
        _need("Country Code"),
        Column("Indicator Name"),
        _need("Indicator Code"),
    ),
    missing_remedy=(
        "Take WDICSV.csv (formerly WDIData.csv) out of WDI_CSV.zip, or land the zip as it is."
    ),
)

WDI_ECONOMIES = Layout(
    name="wdi_economies",
    source="wdi",
    columns=(
        _need("Country Code"),
        Column("Short Name", aliases=("Table Name",)),
        _need("Region", blank_allowed=True),
        _need("Income Group", blank_allowed=True),
    ),
)

LAYOUTS = {
    lay.name: lay
    for lay in (COMTRADE_TRADE, BACI_TRADE, BACI_ECONOMIES, WDI_INDICATORS, WDI_ECONOMIES)
}

_BACI_NAME = re.compile(r"BACI_HS(\d\d)_Y(\d{4})_V(\d{6}\w?)", re.IGNORECASE)
# the HS revision of BACI's file names by the year the revision came into force
BACI_REVISIONS = {
    "92": "H0",
    "96": "H1",
    "02": "H2",
    "07": "H3",
    "12": "H4",
    "17": "H5",
    "22": "H6",
}
_YEAR = re.compile(r"^\d{4}$")
NULLS = ("", "NA", "..", "null", "NULL")


@dataclass(frozen=True)
class LandedTable:
    """One table inside a landed file (`member` names the file inside a zip, else None)."""

    path: Path
    layout: Layout
    header: tuple[str, ...]
    member: str | None = None
    is_json: bool = False
    hs_revision: str | None = None
    release: str | None = None
    notes: tuple[str, ...] = field(default=())

    @property
    def label(self) -> str:
        return f"{self.path.name}!{self.member}" if self.member else self.path.name

    @property
    def year_columns(self) -> list[str]:
        return [h for h in self.header if _YEAR.match(h)]

    def source_column(self, column: Column) -> str | None:
        """The header's own spelling of `column`, or None where the file does not have it."""
        by_lower = {h.lower(): h for h in self.header}
        for name in (column.name, *column.aliases):
            if name.lower() in by_lower:
                return by_lower[name.lower()]
        return None


def _recognise(header: list[str], label: str) -> Layout:
    names = {h.strip().lower() for h in header}
    if {"country code", "indicator code"} <= names and any(_YEAR.match(h) for h in header):
        return WDI_INDICATORS
    if {"country code", "region"} <= names and "income group" in names:
        return WDI_ECONOMIES
    if {"t", "i", "j", "k"} <= names or _BACI_NAME.search(label):
        return BACI_TRADE
    if {"country_code", "country_iso3"} <= names:
        return BACI_ECONOMIES
    if {"reportercode", "cmdcode"} <= names:
        return COMTRADE_TRADE
    # an extract that keeps UN Comtrade's dimensions under other names: recognised, so that the
    # error can say what is lost
    extracts = ({"reporter", "partner", "cmd", "flow"}, {"reporter", "partner", "commodity code"})
    if any(extract <= names for extract in extracts):
        return COMTRADE_TRADE
    raise UnknownLayoutError(
        f"{label}: not a file this warehouse knows "
        f"(columns: {', '.join(header[:8])}{' ...' if len(header) > 8 else ''}). "
        "It knows UN Comtrade data, BACI yearly files and the World Bank's WDI bulk files."
    )


def _table(path: Path, header: list[str], member: str | None, is_json: bool = False) -> LandedTable:
    label = f"{path.name}!{member}" if member else path.name
    layout = _recognise(header, label)
    revision = release = None
    if layout is BACI_TRADE:
        match = _BACI_NAME.search(member or path.name)
        if not match:
            raise LandingError(
                f"{label}: a BACI file must keep its published name BACI_HSxx_Yyyyy_Vyyyymm.csv; "
                "the HS revision and the release stand nowhere else. "
                "Rename it as published and land it again."
            )
        if match[1] not in BACI_REVISIONS:
            raise LandingError(
                f"{label}: HS{match[1]} is no known HS revision; "
                f"known: {', '.join(BACI_REVISIONS)}."
            )
        revision, release = BACI_REVISIONS[match[1]], match[3]
    table = LandedTable(path, layout, tuple(header), member, is_json, revision, release)
    missing = [c.name for c in layout.columns if c.required and table.source_column(c) is None]
    if missing:
        raise MissingColumnError(
            f"{label}: missing column(s) {', '.join(missing)}. {layout.missing_remedy}".strip()
        )
    known = {n.lower() for c in layout.columns for n in (c.name, *c.aliases)}
    unknown = [h for h in header if h.strip() and h.lower() not in known]
    notes: list[str] = []
    if layout is COMTRADE_TRADE and unknown:
        notes.append(f"unknown column(s) not loaded: {', '.join(unknown)}")
    if layout is COMTRADE_TRADE:
        absent = [c.name for c in layout.columns if table.source_column(c) is None]
        if absent:
            notes.append(f"optional column(s) absent: {', '.join(absent)}")
    return LandedTable(
        path, layout, tuple(header), member, is_json, revision, release, tuple(notes)
    )


def _open_bytes(path: Path, member: str | None = None) -> io.BufferedIOBase:
    if member is not None:
        archive = zipfile.ZipFile(path)
        stream = archive.open(member)
        return gzip.open(stream) if member.lower().endswith(".gz") else stream
    return gzip.open(path) if path.suffix.lower() == ".gz" else open(path, "rb")


def _csv_header(path: Path, member: str | None) -> list[str]:
    with _open_bytes(path, member) as stream:
        line = stream.readline()
    try:
        text = line.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise LandingError(
            f"{path.name}: the header is not UTF-8 text ({error.reason}). "
            "Land the file as published."
        ) from error
    return next(csv.reader([text.rstrip("\r\n")]), [])


# Cache of the JSON answer read last, as text: a file is recognised, checked and loaded in a row.
_parsed: dict[tuple, pa.Table] = {}


def _json_table(path: Path, member: str | None = None) -> pa.Table:
    """A JSON answer as a table of text under the publisher's column names.

    The World Bank's gets one column per year, as in its bulk file.
    """
    state = path.stat()
    key = (state.st_dev, state.st_ino, state.st_size, state.st_mtime_ns, member)
    if key not in _parsed:
        _parsed.clear()
        _parsed[key] = _read_json(path, member)
    return _parsed[key]


def _read_json(path: Path, member: str | None) -> pa.Table:
    label = f"{path.name}!{member}" if member else path.name
    with _open_bytes(path, member) as stream:
        try:
            answer = json.loads(stream.read().decode("utf-8-sig"))
        except (UnicodeDecodeError, json.JSONDecodeError) as error:
            raise LandingError(
                f"{label}: not valid JSON ({error}). "
                "The download was cut or altered; land it again."
            ) from error
    if isinstance(answer, dict) and answer.get("error"):
        raise LandingError(
            f"{label}: UN Comtrade answered with an error: {answer['error']!r}. "
            "Ask again, then land the new answer."
        )
    if isinstance(answer, dict) and isinstance(answer.get("data"), list):
        return _text_table(_comtrade_rows(label, answer))
    if isinstance(answer, dict) and "message" in answer:
        raise LandingError(
            f"{label}: an error message, not data: {answer['message']!r}. "
            "Ask again, then land the new answer."
        )
    if (
        isinstance(answer, list)
        and answer
        and isinstance(answer[0], dict)
        and "message" in answer[0]
    ):
        raise LandingError(
            f"{label}: the World Bank answered with an error: {answer[0]['message']!r}. "
            "Ask again, then land the new answer."
        )
    try:
        rows = _world_bank_rows(label, answer)
    except (KeyError, TypeError, AttributeError) as error:
        raise LandingError(
            f"{label}: a World Bank answer whose rows are not as known "
            f"({type(error).__name__}: {error}). "
            "The interface may have changed; this reader must follow."
        ) from error
    if rows is None:
        raise UnknownLayoutError(
            f"{label}: JSON, but neither an answer of UN Comtrade (a list named 'data') "
            "nor of the World Bank."
        )
    return _text_table(rows)


def _comtrade_rows(label: str, answer: dict) -> list[dict]:
    rows, count = answer["data"], answer.get("count")
    if isinstance(count, int) and count != len(rows):
        raise LandingError(
            f"{label}: says count {count:,} but holds {len(rows):,} rows. "
            "The answer was cut or altered; land it again."
        )
    if not all(isinstance(row, dict) for row in rows):
        raise LandingError(
            f"{label}: the list 'data' holds something else than rows with named columns. "
            "Ask again, then land the new answer."
        )
    if not rows:
        raise EmptyAnswerError(
            f"{label}: a UN Comtrade answer without rows (count 0); there is nothing to land."
        )
    return rows


def _world_bank_rows(label: str, answer: object) -> list[dict] | None:
    """A World Bank answer as rows of its bulk files (WDICSV.csv or WDICountry.csv), or None.

    None means that it is no World Bank answer. Observations come one by one, in two forms: from the
    indicators interface (a list of page information and rows) and from the archives (source.data,
    each with its dimensions by name).
    """
    if isinstance(answer, list) and len(answer) == 2 and isinstance(answer[1], list) and answer[1]:
        first = answer[1][0]
        if isinstance(first, dict) and {"indicator", "date", "value"} <= set(first):
            return _by_year(
                label,
                (
                    (
                        r["countryiso3code"] or r["country"]["id"],
                        r["country"]["value"],
                        r["indicator"]["id"],
                        r["indicator"]["value"],
                        r["date"],
                        r["value"],
                    )
                    for r in answer[1]
                ),
            )
        if isinstance(first, dict) and {"region", "incomeLevel", "iso2Code"} <= set(first):
            return [
                {
                    "Country Code": r["id"],
                    "Short Name": r["name"],
                    "Region": _group_of_economy(r, "region"),
                    "Income Group": _group_of_economy(r, "incomeLevel"),
                }
                for r in answer[1]
            ]
    if (
        isinstance(answer, dict)
        and isinstance(answer.get("source"), dict)
        and isinstance(answer["source"].get("data"), list)
    ):
        dimensions = [
            ({d["concept"]: d for d in r["variable"]}, r["value"]) for r in answer["source"]["data"]
        ]
        return _by_year(
            label,
            (
                (
                    d["Country"]["id"],
                    d["Country"]["value"],
                    d["Series"]["id"],
                    d["Series"]["value"],
                    d["Time"]["id"].removeprefix("YR"),
                    value,
                )
                for d, value in dimensions
            ),
        )
    return None


def _group_of_economy(row: dict, grouping: str) -> str:
    """The region or income group of an economy; blank for an aggregate (region NA)."""
    return "" if row["region"]["id"] == "NA" else row[grouping]["value"].strip()


def _by_year(label: str, observations: Iterable[tuple]) -> list[dict]:
    rows: dict[tuple, dict] = {}
    for code, name, indicator, indicator_name, year, value in observations:
        row = rows.setdefault(
            (code, indicator),
            {
                "Country Name": name,
                "Country Code": code,
                "Indicator Name": indicator_name,
                "Indicator Code": indicator,
            },
        )
        if row.setdefault(str(year), value) != value:
            raise LandingError(
                f"{label}: {indicator} of {code} in {year} stands twice, "
                f"with the values {row[str(year)]!r} and {value!r}. "
                "Ask again, then land the new answer."
            )
    return list(rows.values())


def _as_text(value: object) -> str | None:
    return value if value is None or isinstance(value, str) else repr(value)


def _text_table(rows: list[dict]) -> pa.Table:
    header = list(dict.fromkeys(key for row in rows for key in row))
    return pa.table({h: pa.array([_as_text(r.get(h)) for r in rows], pa.string()) for h in header})


def open_tables(path: Path) -> tuple[list[LandedTable], list[str]]:
    """Recognise the tables in a file.

    Returns the tables and, for a zip, a sentence for each member that is left out.
    Raises UnknownLayoutError for a file of no known layout, LandingError for a known one that
    cannot be used.
    """
    name = path.name.lower()
    try:
        if name.endswith(".zip"):
            return _open_zip(path)
        if name.endswith((".json", ".json.gz")):
            return [_table(path, _json_table(path).column_names, None, is_json=True)], []
        if name.endswith((".csv", ".csv.gz", ".txt", ".txt.gz")):
            header = _csv_header(path, None)
            if not header:
                raise LandingError(f"{path.name}: empty file. Download it again.")
            return [_table(path, header, None)], []
    except (EOFError, gzip.BadGzipFile, zlib.error, zipfile.BadZipFile, OSError) as error:
        raise _cut_file(path.name, error) from error
    raise UnknownLayoutError(f"{path.name}: not a CSV, JSON or zip file; left out.")


def _open_zip(path: Path) -> tuple[list[LandedTable], list[str]]:
    tables, left_out = [], []
    with zipfile.ZipFile(path) as archive:
        members = [m for m in archive.namelist() if not m.endswith("/")]
    for member in sorted(members):
        is_json = member.lower().endswith((".json", ".json.gz"))
        if not is_json and not member.lower().endswith((".csv", ".csv.gz")):
            left_out.append(f"{path.name}!{member}: neither CSV nor JSON; left out")
            continue
        try:
            header = (
                _json_table(path, member).column_names if is_json else _csv_header(path, member)
            )
            tables.append(_table(path, header, member, is_json))
        except UnknownLayoutError as unknown:
            left_out.append(str(unknown))
    if not tables:
        raise UnknownLayoutError(
            f"{path.name}: a zip without any table this warehouse knows ({len(members)} members)."
        )
    return tables, left_out


def _cut_file(label: str, error: Exception) -> LandingError:
    return LandingError(
        f"{label}: damaged or cut short ({error}). "
        "Download it again and compare its size with the publisher's."
    )


def read_batches(table: LandedTable) -> Iterator[pa.RecordBatch]:
    """Stream a table's rows as text columns under the layout's own names, plus `landed_row`.

    `landed_row` is 1 for the first data row. Year columns of WDI_INDICATORS keep their names.
    Columns the file lacks are null.
    """
    wanted = {c.name: table.source_column(c) for c in table.layout.columns}
    for year in table.year_columns if table.layout is WDI_INDICATORS else []:
        wanted[year] = year
    schema = pa.schema([("landed_row", pa.int64()), *((name, pa.string()) for name in wanted)])
    row = 1
    for batch in _json_batches(table) if table.is_json else _csv_batches(table):
        n = batch.num_rows
        arrays = [pa.array(range(row, row + n), pa.int64())]
        arrays += [
            batch.column(source) if source else pa.nulls(n, pa.string())
            for source in wanted.values()
        ]
        row += n
        yield pa.RecordBatch.from_arrays(arrays, schema=schema)


def _json_batches(table: LandedTable) -> Iterator[pa.RecordBatch]:
    yield from _json_table(table.path, table.member).to_batches(max_chunksize=50_000)


def _csv_batches(table: LandedTable) -> Iterator[pa.RecordBatch]:
    label = table.label
    header = [h if h.strip() else f"_blank_{n}" for n, h in enumerate(table.header)]
    try:
        with _open_bytes(table.path, table.member) as stream:
            stream.readline()
            reader = pa_csv.open_csv(
                stream,
                read_options=pa_csv.ReadOptions(column_names=header, block_size=1 << 24),
                parse_options=pa_csv.ParseOptions(newlines_in_values=table.layout.source != "baci"),
                convert_options=pa_csv.ConvertOptions(
                    column_types=dict.fromkeys(header, pa.string()),
                    null_values=list(NULLS),
                    strings_can_be_null=True,
                    quoted_strings_can_be_null=True,
                ),
            )
            yield from reader
    except pa.ArrowInvalid as error:
        if "Empty CSV file" in str(error):
            return
        raise _csv_error(table, str(error)) from error
    except (EOFError, gzip.BadGzipFile, zlib.error, zipfile.BadZipFile) as error:
        raise _cut_file(label, error) from error


def _csv_error(table: LandedTable, message: str) -> LandingError:
    if re.search(r"Expected \d+ columns, got \d+", message):
        row, fields = _first_row_of_other_length(table)
        return LandingError(
            f"{table.label}: data row {row}: "
            f"{fields} fields where the header has {len(table.header)}. "
            "The line is cut or has a stray comma; land the file as published."
        )
    if "UTF8" in message:
        return LandingError(
            f"{table.label}: holds bytes that are not UTF-8 text ({message}). "
            "Land the file as published."
        )
    return LandingError(
        f"{table.label}: cannot be read as CSV ({message}). Land the file as published."
    )


def _first_row_of_other_length(table: LandedTable) -> tuple[int, int]:
    """The number and field count of the first data row whose field count is not the header's.

    The fast reader does not report them.
    """
    with (
        _open_bytes(table.path, table.member) as stream,
        io.TextIOWrapper(stream, encoding="utf-8-sig", errors="replace", newline="") as text,
    ):
        rows = csv.reader(text)
        next(rows)
        return next(
            (
                (number, len(row))
                for number, row in enumerate(rows, 1)
                if len(row) != len(table.header)
            ),
            (0, 0),
        )


def number_checks(layout: Layout) -> list[Column]:
    """The columns of a layout whose text must be a number (or an integer, or not blank)."""
    return [c for c in layout.columns if c.kind != "text" or (c.required and not c.blank_allowed)]
