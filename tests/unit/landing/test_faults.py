"""Every fault that a file can have, and what becomes of it: the table of docs/landing.md.

A fault refuses or skips its file, names it, and says what to do; the rest goes on.
"""

from __future__ import annotations

import gzip
import json
import logging
import os
import re
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from orchestration.build import loading, raw_rows, warehouse
from orchestration.durable import DiskFullError
from orchestration.landing import reading, registration
from orchestration.landing.journal import JOURNAL
from orchestration.landing.layout import LandingError, last_year
from orchestration.landing.manifest import LOCK, Manifest, read_manifest
from orchestration.landing.publishers.baci import BACI_TRADE
from orchestration.landing.publishers.comtrade import COMTRADE_TRADE
from orchestration.landing.publishers.world_bank import WDI_INDICATORS
from orchestration.landing.registration import register
from orchestration.settings import PROJECT_ROOT
from orchestration.sources.folder import fill_from_folder
from tests.support.publishers_files import (
    baci_rows,
    comtrade_row,
    write_csv,
    write_excel,
    write_stata,
)

BACI = "BACI_HS17_Y2022_V202601.csv"
WDI = "Country Name,Country Code,Indicator Name,Indicator Code,2021,2022"
PAIRS = (
    "iso_o,iso_d,contig,comlang_off,comlang_ethno,colony,comcol,curcol,col45,smctry,"
    "dist,distcap,distw,distwces"
)

Write = Callable[[Path], None]


def text(*lines: str, end: str = "\n") -> Write:
    def write(path: Path) -> None:
        path.write_text("".join(line + end for line in lines), encoding="utf-8", newline="")

    return write


def content(body: bytes) -> Write:
    return lambda path: path.write_bytes(body) and None


def comtrade(**values: object) -> Write:
    rows = [comtrade_row(partnerCode=36), comtrade_row(**values)]
    return lambda path: write_csv(path, rows) and None


def lines_of(write: Callable[[Path], object], change: Callable[[str], str]) -> Write:
    """A file of a publisher's, its text changed."""

    def changed(path: Path) -> None:
        write(path)
        path.write_text(change(path.read_text("utf-8")), encoding="utf-8", newline="")

    return changed


def zipped(*members: tuple[str, str], method: int = zipfile.ZIP_DEFLATED) -> Write:
    def write(path: Path) -> None:
        with zipfile.ZipFile(path, "w", method) as archive:
            for name, body in members:
                archive.writestr(name, body)

    return write


def patched(write: Write, *patches: tuple[bytes, int, bytes]) -> Write:
    """A file with bytes replaced at an offset from each place where a signature stands."""

    def changed(path: Path) -> None:
        write(path)
        body = bytearray(path.read_bytes())
        for signature, offset, new in patches:
            for found in re.finditer(re.escape(signature), bytes(body)):
                body[found.start() + offset : found.start() + offset + len(new)] = new
        path.write_bytes(body)

    return changed


def cut(write: Callable[[Path], object], size: int) -> Write:
    def written(path: Path) -> None:
        write(path)
        path.write_bytes(path.read_bytes()[:size])

    return written


def answer(**body: object) -> Write:
    return text(json.dumps({"count": 1, "data": [comtrade_row()], "error": ""} | body))


def raw_answer(value: str) -> Write:
    """An answer of which one value is written as given, valid JSON or not."""
    row = json.dumps(comtrade_row(qty="@")).replace('"@"', value)
    return text(f'{{"count": 1, "data": [{row}], "error": ""}}')


def observations(number: int, pages: int, total: int, year: int = 2021) -> str:
    """A page of the World Bank's with one observation."""
    chile = {"id": "CL", "value": "Chile"}
    row = {"indicator": {"id": "NY.GDP.MKTP.CD", "value": "GDP"}, "country": chile}
    row |= {"countryiso3code": "CHL", "date": str(year), "value": 1.5}
    return json.dumps([{"page": number, "pages": pages, "total": str(total)}, [row]])


def codes(path: Path) -> list[dict]:
    return [{"country_code": 1, "country_name": "China", "country_iso3": "CHN"}]


BACI_LINES = ("t,i,j,k,v,q", "2022,4,8,283691,1.0,2.0")
BACI_TEXT = "\n".join(BACI_LINES) + "\n"
BACI_OF_2021, BACI_TEXT_OF_2021 = (text.replace("2022", "2021") for text in (BACI, BACI_TEXT))
WDI_TEXT = f"{WDI}\nChile,CHL,GDP,NY.GDP.MKTP.CD,1.5,2.5\n"
# signatures of a zip's local and central headers: where flags and method stand after them
LOCAL, CENTRAL = b"PK\x03\x04", b"PK\x01\x02"

# fault: name of the file, how it is written, what happens, what is said
FAULTS: dict[str, tuple[str, Write, str, str]] = {
    "neither CSV, JSON, Stata, Excel nor zip": (
        "report.pdf",
        text("%PDF"),
        "skipped",
        "not a CSV, JSON, Stata or Excel file, nor a zip",
    ),
    "columns of no known publisher": ("a.csv", text("a,b", "1,2"), "skipped", "(columns: a, b)"),
    "an answer without rows": ("a.json", answer(count=0, data=[]), "skipped", "without rows"),
    "an empty file": ("a.csv", content(b""), "refused", "empty file"),
    "a missing column": (
        "a.csv",
        lines_of(lambda p: write_csv(p, [comtrade_row()]), lambda t: t.replace("motCode", "mot")),
        "refused",
        "missing column(s) motCode",
    ),
    "text where a number is required": (
        "a.csv",
        comtrade(primaryValue="12,5x"),
        "refused",
        "row 2, column primaryValue: '12,5x' where a number below 10^13 is needed",
    ),
    "a blank where a value is required": (
        "a.csv",
        comtrade(customsCode=""),
        "refused",
        "row 2, column customsCode: blank where a value is needed",
    ),
    "infinity or NaN": ("a.csv", comtrade(netWgt="nan"), "refused", "column netWgt: 'nan'"),
    "an amount of 10^13 US dollars or kilograms and more": (
        "a.csv",
        comtrade(primaryValue="1e13"),
        "refused",
        "row 2, column primaryValue: '1e13'",
    ),
    "a year of trade before 1988 or after the current one": (
        "a.csv",
        comtrade(refYear=20222),
        "refused",
        f"row 2, column refYear: '20222' where a year from 1988 to {last_year()} is needed",
    ),
    "a year or code that is no whole number": (
        "a.csv",
        comtrade(refYear="2022.6"),
        "refused",
        "row 2, column refYear: '2022.6'",
    ),
    "digits of another script": (
        "a.csv",
        comtrade(refYear="２０２２"),
        "refused",
        "row 2, column refYear: '２０２２'",
    ),
    "a BACI code of other than six digits (five without its zero)": (
        BACI,
        text(*BACI_LINES, "2022,4,9,28369100,1.0,2.0"),
        "refused",
        "row 2, column k: '28369100' where a code of six digits is needed",
    ),
    "a World Bank series or economy twice": (
        "WDICSV.csv",
        text(WDI, "Chile,CHL,GDP,G,1,2", "Chile,CHL,GDP,G,3,4"),
        "refused",
        "row 2, Country Code and Indicator Code: CHL, G repeats an earlier row",
    ),
    "a World Bank column that is no year from 1960 to the current one": (
        "WDICSV.csv",
        text(f"{WDI},20222", "Chile,CHL,GDP,G,1,2,3"),
        "refused",
        f"column '20222' is no year from 1960 to {last_year()}",
    ),
    "values in a column without a name": (
        "WDICSV.csv",
        text(f"{WDI},", "Chile,CHL,GDP,G,1,2,3"),
        "refused",
        "column 7 has values but no name",
    ),
    "a column that is there twice": (
        BACI,
        text("t,i,j,k,v,q,V", "2022,4,8,283691,1.0,2.0,3.0"),
        "refused",
        "column 'v' appears twice",
    ),
    "a line with too few or too many fields": (
        BACI,
        text(*BACI_LINES, "2022,4,9,2836"),
        "refused",
        "data row 2: 4 fields where the header has 6",
    ),
    "such a line in a file with a field of more than 131,072 characters": (
        BACI,
        text(*BACI_LINES, f"2022,4,9,{'1' * 200_000},1.0"),
        "refused",
        "a row has other than the fields",
    ),
    "columns separated by semicolons, tabs or bars": (
        "a.csv",
        lines_of(lambda p: write_csv(p, [comtrade_row()]), lambda t: t.replace(",", ";")),
        "refused",
        "with its columns separated by semicolons",
    ),
    "lines that end in a carriage return alone": (
        BACI,
        text(*BACI_LINES, end="\r"),
        "refused",
        "the header does not end in a line feed",
    ),
    "a quoted name in the header that does not end": (
        BACI,
        text('t,i,j,k,v,"q', "2022,4,8,283691,1.0,2.0"),
        "refused",
        "the header cannot be read",
    ),
    "bytes that are not UTF-8": (
        "a.csv",
        lambda p: (
            p.write_bytes(
                write_csv(p, [comtrade_row(partnerDesc="COTE")])
                .read_bytes()
                .replace(b"COTE", "Côte".encode("latin-1"))
            )
            and None
        ),
        "refused",
        "UTF-8",
    ),
    "a truncated gzip file": (
        f"{BACI}.gz",
        content(gzip.compress((BACI_TEXT * 9_000).encode())[:150]),
        "refused",
        "damaged or cut short",
    ),
    "a truncated zip": ("BACI.zip", cut(zipped((BACI, BACI_TEXT)), 60), "refused", "cut short"),
    "a truncated Stata file": (
        "codes.dta",
        cut(lambda p: write_stata(p, codes(p)), 600),
        "refused",
        "not readable as Stata",
    ),
    "a truncated Excel file": (
        "codes.xls",
        cut(lambda p: write_excel(p, codes(p)), 6),
        "refused",
        "not readable as Excel",
    ),
    "a zip with one damaged file": (
        "BACI.zip",
        patched(
            zipped((BACI, BACI_TEXT), (BACI_OF_2021, BACI_TEXT_OF_2021), method=zipfile.ZIP_STORED),
            (b"2021,4,8", 5, b"5"),
        ),
        "refused",
        f"BACI.zip: damaged or cut short (Bad CRC-32 for file '{BACI_OF_2021}')",
    ),
    "a gzip file that holds more than 100 times its size, and than 100 MB": (
        f"{BACI}.gz",
        content(gzip.compress(BACI_TEXT.encode() + b"2022,4,8,283691,1.0,2.0\n" * 5_000_000)),
        "refused",
        "unpacked more than 100 times its size",
    ),
    "a zip that does": (
        "bomb.zip",
        zipped((BACI, "t,i,j,k,v,q\n" + "0" * (150 << 20))),
        "refused",
        "unpacked more than 100 times its size",
    ),
    "a zip of more than 1,000 files": (
        "many.zip",
        zipped(*((f"{n}.csv", "") for n in range(1_001))),
        "refused",
        "a zip of 1,001 files",
    ),
    "an encrypted zip": (
        "BACI.zip",
        patched(zipped((BACI, BACI_TEXT)), (LOCAL, 6, b"\x01"), (CENTRAL, 8, b"\x01")),
        "refused",
        "encrypted. Unpack the zip and land its files",
    ),
    "a zip of another method than Deflate, such as Deflate64": (
        "BACI.zip",
        patched(zipped((BACI, BACI_TEXT)), (LOCAL, 8, b"\x09"), (CENTRAL, 10, b"\x09")),
        "refused",
        "compressed by method 9 (Deflate64 is 9)",
    ),
    "a zip with two files of one name": (
        "BACI.zip",
        patched(
            zipped((BACI, BACI_TEXT), (BACI.replace("17", "18"), BACI_TEXT)),
            (b"BACI_HS18", 7, b"17"),
        ),
        "refused",
        "two files of the zip have this name",
    ),
    "a zip with a BACI year twice": (
        "BACI.zip",
        zipped((BACI, BACI_TEXT), (f"again/{BACI}", BACI_TEXT)),
        "refused",
        f"t 2022 is in {BACI} and in again/{BACI}",
    ),
    "a zip with a World Bank value twice": (
        "WDI.zip",
        zipped(("WDICSV.csv", WDI_TEXT), ("WDIData.csv", WDI_TEXT)),
        "refused",
        "country_code, indicator_code, year CHL, NY.GDP.MKTP.CD, 2021 is in WDICSV.csv and",
    ),
    "cut JSON": ("a.json", cut(answer(), 100), "refused", "not valid JSON"),
    "JSON nested 200,000 deep": ("a.json", content(b"[" * 200_000), "refused", "nested too deeply"),
    "JSON with a number of 5,000 digits": (
        "a.json",
        raw_answer("1" * 5_000),
        "refused",
        "not valid JSON",
    ),
    "JSON with a lone surrogate": ("a.json", raw_answer('"\\ud800"'), "refused", "surrogates"),
    "JSON with a key twice in one row": (
        "a.json",
        raw_answer('1, "qty": 2'),
        "refused",
        "the key 'qty' appears twice",
    ),
    "JSON with NaN": ("a.json", raw_answer("NaN"), "refused", "NaN is no number"),
    "an answer whose `count` is not the number of its rows": (
        "a.json",
        answer(count=2),
        "refused",
        "says count 2 but holds 1 rows",
    ),
    "a page of the World Bank's with fewer rows than it announces": (
        "a.json",
        text(observations(1, 1, 2)),
        "refused",
        "a.json: 1 of the 2 announced rows are there",
    ),
    "pages of the World Bank's without the others, alone or in a zip": (
        "pages.zip",
        zipped(("1.json", observations(1, 3, 3)), ("3.json", observations(3, 3, 3, 2022))),
        "refused",
        "page 2 of 3 is missing: 2 of the 3 announced rows are there",
    ),
    "a page of the World Bank's whose number is none": (
        "a.json",
        text(observations(1, 1, 1).replace('"pages": 1', '"pages": "one"')),
        "refused",
        "not valid JSON",
    ),
    "an error message saved as an answer": (
        "a.json",
        text('{"statusCode": 429, "message": "Rate limit is exceeded."}'),
        "refused",
        "an error message, not data: 'Rate limit is exceeded.'",
    ),
    "an answer whose field `error` is set": (
        "a.json",
        answer(error="calculation failed"),
        "refused",
        "answered with an error: 'calculation failed'",
    ),
    "one UN Comtrade key with several values: the columns that tell totals from parts are lost": (
        "a.csv",
        lambda p: write_csv(p, [comtrade_row(primaryValue=v) for v in (100, 60, 40)]) and None,
        "refused",
        "3 rows share only 1 keys",
    ),
    "a GeoDist tie that is neither 0 nor 1": (
        "dist_cepii.csv",
        text(PAIRS, "CHN,MAC,2,0,0,0,0,0,0,0,1,1,1,1"),
        "refused",
        "row 1, column contig: '2' where 0 or 1 is needed",
    ),
    "a GeoDist pair that appears twice": (
        "dist_cepii.csv",
        text(PAIRS, *["CHN,MAC,1,0,0,0,0,0,0,0,1,1,1,1"] * 2),
        "refused",
        "row 2, columns iso_o and iso_d",
    ),
    "a BACI file under another name": (
        "trade.csv",
        text(*BACI_LINES),
        "refused",
        "must keep its published name",
    ),
    "a file name of more than 240 bytes": (
        f"{'a' * 241}.csv",
        comtrade(),
        "refused",
        "its name has 245 bytes",
    ),
    "a file name that is not UTF-8": (
        os.fsdecode(b"caf\xe9.csv"),
        comtrade(),
        "refused",
        "caf\\udce9.csv: its name is not UTF-8",
    ),
    "a file name with a character that cannot be shown": (
        "a\n\x1b[31m.csv",
        comtrade(),
        "refused",
        "a\\n\\x1b[31m.csv: its name holds a character that cannot be shown",
    ),
    "a pipe, a socket or a device": (
        "a.csv",
        os.mkfifo,
        "refused",
        "a.csv: no file but a pipe, a socket or a device",
    ),
    "a file that cannot be read, a link that points nowhere": (
        "a.csv",
        lambda p: p.symlink_to("nowhere"),
        "refused",
        "a.csv: cannot be read (No such file or directory)",
    ),
    "a link to a folder": ("a", lambda p: p.symlink_to("/"), "refused", "or a link to a folder"),
}


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    folder = tmp_path / "inbox"
    folder.mkdir()
    return folder


@pytest.fixture
def manifest(tmp_path: Path) -> Manifest:
    return read_manifest(tmp_path / "data" / "landing" / "manifest.json")


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_ends_with_its_file(fault: str, inbox: Path, manifest: Manifest) -> None:
    name, write, status, said = FAULTS[fault]
    write(inbox / name)
    write_csv(inbox / "zz_good.csv", [comtrade_row()])
    told: list[str] = []
    [left_out] = fill_from_folder(manifest, inbox, told.append)
    assert (left_out.status, said in left_out.reason) == (status, True), left_out.reason
    assert "while it was read" not in left_out.reason, "it is foreseen"
    assert left_out.reason.startswith(left_out.file), "it is named"
    assert len(left_out.reason) < 1_100
    assert f"{status}: {left_out.reason}" in told
    assert [f.parameters["published_name"] for f in manifest.current()] == ["zz_good.csv"]
    assert read_manifest(manifest.path).left_out == [left_out]
    in_zone = {p.name for p in manifest.folder.rglob("*") if p.is_file()}
    own = {"manifest.json", JOURNAL, LOCK}
    assert in_zone == own | {"zz_good.csv"}, "nothing of it stays"


def test_anything_unexpected_ends_with_its_file(
    inbox: Path,
    manifest: Manifest,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    inspect = registration.inspect_file

    def fails(path: Path, *rest: object) -> object:
        return 1 / 0 if path.name == "a.csv" else inspect(path, *rest)

    monkeypatch.setattr(registration, "inspect_file", fails)
    write_csv(inbox / "a.csv", [comtrade_row(refYear=2021)])
    write_csv(inbox / "b.csv", [comtrade_row()])
    with caplog.at_level(logging.ERROR):
        [left_out] = fill_from_folder(manifest, inbox)
    assert left_out.status == "refused"
    assert "a.csv: unexpected ZeroDivisionError while it was read: division" in left_out.reason
    assert "Traceback" in caplog.text, "a fault of the program is not hidden"
    assert [f.parameters["published_name"] for f in manifest.current()] == ["b.csv"]


def test_two_files_of_one_name_in_two_folders_both_land_and_stay(
    inbox: Path, manifest: Manifest
) -> None:
    for year in (2021, 2022):
        (inbox / str(year)).mkdir()
        write_csv(inbox / str(year) / "trade.csv", [comtrade_row(refYear=year)])
    for _ in range(3):
        assert fill_from_folder(manifest, inbox) == []
        assert manifest.years(COMTRADE_TRADE) == {2021, 2022}
        assert len(manifest.files) == 2, "a further run repeats nothing"
    write_csv(inbox / "2021" / "trade.csv", [comtrade_row(refYear=2021, primaryValue=7)])
    assert fill_from_folder(manifest, inbox) == []
    assert [(f.parameters["place"], f.superseded_by is None) for f in manifest.files] == [
        ("2021/trade.csv", False),
        ("2022/trade.csv", True),
        ("2021/trade.csv", True),
    ]


def test_a_fault_in_a_folder_is_named_by_its_path(inbox: Path, manifest: Manifest) -> None:
    for folder in ("one", "two"):
        (inbox / folder).mkdir()
        write_csv(
            inbox / folder / "trade.csv", [comtrade_row(refYear=0 if folder == "two" else 2020)]
        )
    [left_out] = fill_from_folder(manifest, inbox)
    assert left_out.file == "two/trade.csv"
    assert left_out.reason.startswith("two/trade.csv: row 1, column refYear: '0'")


def test_a_file_that_moved_to_another_folder_is_skipped(inbox: Path, manifest: Manifest) -> None:
    (inbox / "old").mkdir()
    path = write_csv(inbox / "old" / "trade.csv", [comtrade_row()])
    assert fill_from_folder(manifest, inbox) == []
    (inbox / "new").mkdir()
    path.rename(inbox / "new" / "trade.csv")
    [left_out] = fill_from_folder(manifest, inbox)
    assert (left_out.status, left_out.file) == ("skipped", "new/trade.csv")
    assert "already landed as comtrade/trade.csv" in left_out.reason
    assert len(manifest.current()) == 1


def test_a_newer_file_supersedes_one_that_landed_before_places_were_kept(
    inbox: Path, manifest: Manifest
) -> None:
    (inbox / "x").mkdir()
    path = write_csv(inbox / "x" / "trade.csv", [comtrade_row()])
    fill_from_folder(manifest, inbox)
    for file in manifest.files:
        del file.parameters["place"]
    manifest.write()
    assert fill_from_folder(manifest, inbox) == [], "the file itself is known by its content"
    write_csv(path, [comtrade_row(primaryValue=7)])
    assert fill_from_folder(manifest, inbox) == []
    assert [f.superseded_by is None for f in manifest.files] == [False, True]


def test_of_two_files_of_its_name_none_supersedes_one_that_landed_before_places_were_kept(
    inbox: Path, manifest: Manifest
) -> None:
    write_csv(inbox / "trade.csv", [comtrade_row(refYear=2020)])
    fill_from_folder(manifest, inbox)
    del manifest.files[0].parameters["place"]
    for year in (2021, 2022):
        (inbox / str(year)).mkdir()
        write_csv(inbox / str(year) / "trade.csv", [comtrade_row(refYear=year)])
    assert fill_from_folder(manifest, inbox) == []
    assert manifest.years(COMTRADE_TRADE) == {2020, 2021, 2022}


def test_the_zone_keeps_copies_of_its_own(inbox: Path, manifest: Manifest, tmp_path: Path) -> None:
    real = write_csv(tmp_path / "real.csv", [comtrade_row()])
    (inbox / "link.csv").symlink_to(real)
    write_csv(inbox / "edited.csv", [comtrade_row(refYear=2021)])
    before = {p.name: p.read_bytes() for p in inbox.iterdir()}
    assert fill_from_folder(manifest, inbox) == []
    for path in (real, inbox / "edited.csv"):
        with open(path, "r+") as file:
            file.write("edited in place")
    for entry in manifest.current():
        landed = manifest.folder / entry.file
        assert landed.read_bytes() == before[landed.name]
        assert not landed.is_symlink()
        assert (landed.stat().st_nlink, landed.stat().st_mode & 0o777) == (1, 0o444)


@pytest.mark.parametrize("damage", ["changed", "cut", "missing", "a link"])
def test_landing_the_original_again_restores_a_landed_file(
    damage: str, inbox: Path, manifest: Manifest
) -> None:
    original = write_csv(inbox / "a.csv", [comtrade_row()])
    fill_from_folder(manifest, inbox)
    landed = manifest.folder / "comtrade" / "a.csv"
    body = landed.read_bytes()
    landed.unlink()
    if damage == "a link":
        landed.symlink_to(original)
    elif damage != "missing":
        landed.write_bytes(body.replace(b"100.25", b"999.25") if damage == "changed" else body[:-9])
    told: list[str] = []
    assert fill_from_folder(manifest, inbox, told.append) == []
    assert (landed.read_bytes(), landed.is_symlink()) == (body, False)
    assert [line for line in told if "restored: comtrade/a.csv" in line] == told
    assert len(manifest.files) == 1


def test_a_landed_file_that_changed_stops_its_load(
    inbox: Path, manifest: Manifest, tmp_path: Path
) -> None:
    write_csv(inbox / "a.csv", [comtrade_row()])
    fill_from_folder(manifest, inbox)
    landed = manifest.folder / "comtrade" / "a.csv"
    landed.unlink()
    write_csv(landed, [comtrade_row(primaryValue=999)])
    with warehouse.writing(tmp_path / "w.duckdb") as connection:
        loading.load_trade_years(connection, manifest, COMTRADE_TRADE, [2022])
        assert connection.execute("select primaryValue from raw.comtrade_trade").fetchall() == [
            ("100.25",)
        ], "what landed, not what lies there now"
    shutil.rmtree(manifest.raw_folder)
    with (
        warehouse.writing(tmp_path / "w.duckdb") as connection,
        pytest.raises(LandingError, match=r"a\.csv: has changed since it landed"),
    ):
        loading.load_trade_years(connection, manifest, COMTRADE_TRADE, [2022])


def test_hidden_folders_and_those_of_macos_hold_nothing_to_land(
    inbox: Path, manifest: Manifest
) -> None:
    for folder in ("__MACOSX", ".Trash"):
        (inbox / folder).mkdir()
        write_csv(inbox / folder / "a.csv", [comtrade_row(refYear=2020)])
    zipped((BACI, BACI_TEXT), (f"__MACOSX/._{BACI}", "\0"), (".DS_Store", "\0"))(inbox / "BACI.zip")
    assert fill_from_folder(manifest, inbox) == []
    [entry] = manifest.current()
    assert (entry.file, entry.rows) == ("baci/BACI.zip", 1)
    assert "members_left_out" not in entry.parameters


def test_the_data_folder_is_never_an_inbox(tmp_path: Path, manifest: Manifest) -> None:
    data = tmp_path / "data"
    for place in ("published", "landing/comtrade", "incoming"):
        (data / place).mkdir(parents=True)
        write_csv(data / place / "a.csv", [comtrade_row(refYear=2020)])
    write_csv(tmp_path / "b.csv", [comtrade_row()])
    assert fill_from_folder(manifest, tmp_path, data_folder=data) == []
    assert [f.parameters["place"] for f in manifest.current()] == ["b.csv"]
    for own in (data, data / "landing", data / "incoming"):
        with pytest.raises(LandingError, match="the warehouse's own data folder"):
            fill_from_folder(manifest, own, data_folder=data)


def test_a_full_disk_ends_the_run_and_names_file_and_size(
    inbox: Path, manifest: Manifest, monkeypatch: pytest.MonkeyPatch
) -> None:
    def is_full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    path = write_csv(inbox / "a.csv", [comtrade_row()])
    with monkeypatch.context() as patch:
        patch.setattr(registration, "move_into_place", is_full)
        with pytest.raises(DiskFullError, match=r"a\.csv: the disk is full: .* are needed"):
            register(manifest, [path], "files")
    assert manifest.files == []
    assert register(manifest, [path], "files") == []
    assert len(manifest.files) == 1


@pytest.mark.parametrize("year", ["1987", "0", "-2022", "99999", str(last_year() + 1), "2.022e3"])
def test_a_year_that_no_partition_holds_is_refused(
    year: str, inbox: Path, manifest: Manifest
) -> None:
    comtrade(refYear=year)(inbox / "a.csv")
    text("t,i,j,k,v,q", f"{year},4,8,283691,1.0,2.0")(inbox / BACI)
    refused = register(manifest, sorted(inbox.iterdir()), "files")
    assert [f"column t: '{year}'" in refused[0].reason, f"'{year}'" in refused[1].reason] == [
        True,
        True,
    ]
    assert manifest.current() == []


@pytest.mark.parametrize("code", ["2836910000", "2836", "283691.0", "2e5", "ABCDEF"])
def test_a_code_that_would_become_another_is_refused(
    code: str, inbox: Path, manifest: Manifest
) -> None:
    text("t,i,j,k,v,q", f"2022,4,8,{code},1.0,2.0")(inbox / BACI)
    [refused] = register(manifest, [inbox / BACI], "files")
    assert f"row 1, column k: '{code}'" in refused.reason


def test_a_long_field_lands_whole(inbox: Path, manifest: Manifest, tmp_path: Path) -> None:
    write_csv(inbox / "a.csv", [comtrade_row(partnerDesc="x" * 200_000)])
    assert fill_from_folder(manifest, inbox) == []
    with warehouse.writing(tmp_path / "w.duckdb") as connection:
        loading.load_trade_years(connection, manifest, COMTRADE_TRADE, [2022])
        assert connection.execute(
            "select length(partnerDesc) from raw.comtrade_trade"
        ).fetchall() == [(200_000,)]


def test_all_pages_of_several_answers_land_in_one_zip(inbox: Path, manifest: Manifest) -> None:
    pages = [("1.json", observations(1, 2, 2, 2019)), ("2.json", observations(2, 2, 2, 2020))]
    pages += [("3.json", observations(2, 2, 2, 2021)), ("4.json", observations(1, 2, 2, 2022))]
    zipped(*pages)(inbox / "pages.zip")
    zipped(*pages[:3])(inbox / "less.zip")
    [refused] = register(manifest, sorted(inbox.iterdir()), "files")
    assert refused.reason.startswith("less.zip: page 1 of 2 is missing: 3 of the 4 announced rows")
    assert [f.rows for f in manifest.current()] == [4]


@pytest.mark.parametrize(("rows", "is_cut"), [(499, False), (500, True), (100_000, True)])
def test_a_table_of_as_many_rows_as_an_answer_may_have_is_warned_of(
    rows: int, is_cut: bool, inbox: Path, manifest: Manifest
) -> None:
    row = comtrade_row()
    write_csv(inbox / "a.csv", [row | {"partnerCode": p} for p in range(1, rows + 1)])
    said: list[str] = []
    assert register(manifest, [inbox / "a.csv"], "files", said.append) == []
    notes = [
        f"exactly {rows:,} rows, where the publisher cuts an answer without a word: "
        "request it in two parts, and land them if they hold more"
    ]
    assert list(manifest.files[0].tables[0].notes) == (notes if is_cut else [])
    assert said[1:] == ([f"warning: comtrade/a.csv: {notes[0]}"] if is_cut else [])


def test_unknown_and_absent_columns_are_warned_of(inbox: Path, manifest: Manifest) -> None:
    lines_of(comtrade(), lambda t: t.replace("grossWgt", "shoeSize", 1))(inbox / "a.csv")
    said: list[str] = []
    assert register(manifest, [inbox / "a.csv"], "files", said.append) == []
    assert said[1:] == [
        "warning: comtrade/a.csv: unknown column(s) not loaded: shoeSize",
        "warning: comtrade/a.csv: optional column(s) absent: grossWgt",
    ]


def test_a_large_file_of_real_density_is_far_inside_the_limits(inbox: Path) -> None:
    write_csv(inbox / f"{BACI}.gz", baci_rows() * 50_000)
    path = inbox / f"{BACI}.gz"
    size = len(gzip.decompress(path.read_bytes()))
    assert size / path.stat().st_size > 100, "more than the ratio allows, less than 100 MB"
    [table] = reading.open_tables(path)[0]
    assert sum(batch.num_rows for batch in reading.read_batches(table)) == 100_000


def test_loading_fewer_rows_than_were_counted_is_an_error(
    inbox: Path, manifest: Manifest, tmp_path: Path
) -> None:
    """Parquet of fewer rows under a right name, and a table of fewer rows than were counted."""
    write_csv(inbox / BACI, baci_rows())
    fill_from_folder(manifest, inbox)
    assert manifest.current()[0].tables[0].raw_rows == (2,)
    [piece] = manifest.raw_folder.glob("baci_trade/year=2022/*.parquet")
    whole = piece.read_bytes()
    with warehouse.writing(tmp_path / "w.duckdb") as connection:
        connection.execute(
            f"copy (select * from read_parquet('{piece}') limit 1) to '{piece}.less' "
            "(format parquet)"
        )
        os.replace(f"{piece}.less", piece)
        with pytest.raises(LandingError, match=r"1 rows .* of 2022 where 2 were counted"):
            loading.load_trade_years(connection, manifest, BACI_TRADE, [2022])
        assert connection.execute("select count(*) from raw.baci_trade").fetchall() == [(0,)]
        piece.write_bytes(whole)
        [loaded] = loading.load_trade_years(connection, manifest, BACI_TRADE, [2022])
        assert loaded.rows == 2


@pytest.mark.parametrize("damage", ["gone", "cut", "empty", "no Parquet"])
def test_rows_that_landing_left_damaged_are_made_again(
    damage: str, inbox: Path, manifest: Manifest, tmp_path: Path
) -> None:
    write_csv(inbox / BACI, baci_rows())
    fill_from_folder(manifest, inbox)
    [piece] = manifest.raw_folder.glob("baci_trade/year=2022/*.parquet")
    whole = piece.read_bytes()
    if damage == "gone":
        piece.unlink()
    else:
        piece.write_bytes({"cut": whole[:-20], "empty": b"", "no Parquet": b"x" * 999}[damage])
    with warehouse.writing(tmp_path / "w.duckdb") as connection:
        [loaded] = loading.load_trade_years(connection, manifest, BACI_TRADE, [2022])
        assert loaded.rows == 2
        [(rows,)] = connection.execute("select count(*) from raw.baci_trade").fetchall()
    assert rows == 2
    assert [p.name for p in manifest.raw_folder.iterdir()] == ["baci_trade"]


def test_a_value_that_loading_cannot_hold_is_an_error_that_names_the_file(
    inbox: Path, manifest: Manifest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (inbox / "WDICSV.csv").write_text(WDI_TEXT, encoding="utf-8")
    fill_from_folder(manifest, inbox)

    def cannot(*_: object) -> None:
        raise duckdb.ConversionException("Could not convert")

    monkeypatch.setattr(raw_rows, "run_over_rows", cannot)
    with (
        warehouse.writing(tmp_path / "w.duckdb") as connection,
        pytest.raises(
            LandingError, match=r"wdi/WDICSV\.csv: cannot be loaded into raw\.wdi_indicators"
        ),
    ):
        loading.load_whole(connection, manifest, WDI_INDICATORS)


# lines of the page's table that say of something else than a fault what happens
ALSO = {
    "anything unexpected": test_anything_unexpected_ends_with_its_file,
    "two files of one name in two folders": (
        test_two_files_of_one_name_in_two_folders_both_land_and_stay
    ),
    "the same content at another place": test_a_file_that_moved_to_another_folder_is_skipped,
    "a newer file at the same place": test_two_files_of_one_name_in_two_folders_both_land_and_stay,
    "hidden files and folders, `__MACOSX`": (
        test_hidden_folders_and_those_of_macos_hold_nothing_to_land
    ),
    "the data folder as LANDING, or inside it": test_the_data_folder_is_never_an_inbox,
    "a landed file that changed, when its original is landed again": (
        test_landing_the_original_again_restores_a_landed_file
    ),
    "a landed file that changed, when its rows must be read from it again": (
        test_a_landed_file_that_changed_stops_its_load
    ),
    "other rows at loading than were counted at landing": (
        test_loading_fewer_rows_than_were_counted_is_an_error
    ),
    "a UN Comtrade table of exactly 500 or 100,000 rows": (
        test_a_table_of_as_many_rows_as_an_answer_may_have_is_warned_of
    ),
    "a UN Comtrade table with unknown columns, or without an optional one": (
        test_unknown_and_absent_columns_are_warned_of
    ),
    "a full disk": test_a_full_disk_ends_the_run_and_names_file_and_size,
}


def test_the_page_on_landing_names_every_fault_and_no_other() -> None:
    page = (PROJECT_ROOT / "docs" / "landing.md").read_text("utf-8")
    # the tables after it are of the journal: test_journal.py
    table = re.findall(r"\| what \| happens \|\n\|---\|---\|\n((?:\|.*\n)+)", page)[0]
    lines = [line.split(" | ")[0].removeprefix("| ") for line in table.splitlines()]
    of_other_tests = (
        "a negative amount",
        "a file of the synthetic demo",
        "a file that is not marked",
    )
    elsewhere = [line for line in lines if line.startswith(of_other_tests)]
    assert sorted(lines) == sorted([*FAULTS, *ALSO, *elsewhere])
    stated = {line.split(" | ")[0].removeprefix("| "): line for line in table.splitlines()}
    assert [f for f in FAULTS if f"| {FAULTS[f][2]}" not in stated[f]] == []
