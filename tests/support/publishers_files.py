"""Small files in the publishers' layouts, with invented numbers, to test landing and loading."""

from __future__ import annotations

import csv
import gzip
import io
import json
import random
import struct
import zipfile
from pathlib import Path

import pandas as pd

from orchestration.landing.publishers.comtrade import COMTRADE_TRADE

COMTRADE_HEADER = [c.name for c in COMTRADE_TRADE.columns]


def comtrade_row(**values: object) -> dict[str, str]:
    """A pinned total of annual goods trade; any of the 47 columns may be given."""
    row = dict.fromkeys(COMTRADE_HEADER, "") | {
        "typeCode": "C",
        "freqCode": "A",
        "refYear": "2022",
        "period": "2022",
        "reporterCode": "156",
        "flowCode": "M",
        "partnerCode": "152",
        "partner2Code": "0",
        "classificationCode": "H6",
        "isOriginalClassification": "True",
        "cmdCode": "283691",
        "aggrLevel": "6",
        "customsCode": "C00",
        "mosCode": "0",
        "motCode": "0",
        "netWgt": "10.5",
        "primaryValue": "100.25",
        "isReported": "True",
        "isAggregate": "False",
    }
    unknown = set(values) - set(COMTRADE_HEADER)
    assert not unknown, unknown
    return row | {k: str(v) for k, v in values.items()}


def write_csv(path: Path, rows: list[dict[str, str]], header: list[str] | None = None) -> Path:
    header = header or list(rows[0])
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "wt", newline="", encoding="utf-8") as handle:
        writer = csv.DictWriter(handle, header, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return path


def write_stata(path: Path, rows: list[dict[str, object]]) -> Path:
    pd.DataFrame(rows).to_stata(path, write_index=False)
    return path


def write_excel(path: Path, rows: list[dict[str, object]]) -> Path:
    """A workbook of one sheet in the oldest of Excel's formats, which every reader of .xls knows.

    Text and numbers are records of type 4 and 3, each with its row and column (and no style).
    """

    def record(kind: int, content: bytes) -> bytes:
        return struct.pack("<HH", kind, len(content)) + content

    def cell(row: int, column: int, value: object) -> bytes:
        place = struct.pack("<HH3x", row, column)
        if isinstance(value, str):
            text = value.encode("cp1252")
            return record(4, place + struct.pack("<B", len(text)) + text)
        return record(3, place + struct.pack("<d", value))

    lines = [list(rows[0]), *(list(row.values()) for row in rows)]
    cells = [cell(r, c, v) for r, line in enumerate(lines) for c, v in enumerate(line)]
    start, code_page = record(9, struct.pack("<HH", 2, 16)), record(66, struct.pack("<H", 1252))
    path.write_bytes(start + code_page + b"".join(cells) + record(10, b""))
    return path


def write_comtrade_answer(
    path: Path, rows: list[dict[str, str]], weight_name: str = "netWgt"
) -> Path:
    """A JSON answer of the data endpoint, numbers as numbers, either spelling of net weight."""
    number = {
        "refYear": int,
        "reporterCode": int,
        "partnerCode": int,
        "partner2Code": int,
        "motCode": int,
        "primaryValue": float,
        "netWgt": float,
    }
    data = [
        {
            (weight_name if k == "netWgt" else k): (
                number[k](v) if k in number and v != "" else v or None
            )
            for k, v in row.items()
        }
        for row in rows
    ]
    path.write_text(
        json.dumps({"elapsedTime": "0.1 secs", "count": len(data), "data": data, "error": ""}),
        encoding="utf-8",
    )
    return path


def baci_rows(year: int = 2022) -> list[dict[str, str]]:
    return [
        {"t": str(year), "i": "152", "j": "156", "k": "283691", "v": "5.125", "q": "1.250"},
        {"t": str(year), "i": "156", "j": "276", "k": "10121", "v": "7.000", "q": "NA"},
    ]


WDI_HEADER = [
    "Country Name",
    "Country Code",
    "Indicator Name",
    "Indicator Code",
    "2021",
    "2022",
    "",
]


def write_wdi(path: Path) -> Path:
    """WDICSV.csv as published: byte-order mark, a trailing empty column."""
    lines = [
        ",".join(f'"{h}"' if h else "" for h in WDI_HEADER),
        '"Chile","CHL","GDP (current US$)","NY.GDP.MKTP.CD","316000000000.5","",',
        '"World","WLD","GDP (current US$)","NY.GDP.MKTP.CD","9.7e13","1.0e14",',
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8-sig")
    return path


def bulk_zip(gdp: str = "4.5") -> bytes:
    """The World Bank's WDI_CSV.zip with one series, and padding that makes its download long."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(
            "WDICSV.csv",
            "Country Name,Country Code,Indicator Name,Indicator Code,2021,2022,\n"
            f"Chile,CHL,GDP,NY.GDP.MKTP.CD,3.5,{gdp},\n",
        )
        archive.writestr("padding.txt", random.Random(1).randbytes(3_000_000))
    return buffer.getvalue()
