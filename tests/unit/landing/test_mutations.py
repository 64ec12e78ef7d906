"""Files of every layout with bytes altered at random: each is refused, or loaded row by row.

Never is there an exception that is not ours, and never a row lost or doubled: the rows in the raw
table are those that were counted at landing, each once.
"""

from __future__ import annotations

import csv
import gzip
import io
import os
import shutil
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestration.build import loading, warehouse
from orchestration.landing.manifest import read_manifest
from orchestration.landing.publishers import LAYOUTS
from orchestration.landing.registration import register
from tests.support.publishers_files import (
    baci_rows,
    comtrade_row,
    write_comtrade_answer,
    write_csv,
    write_excel,
    write_stata,
    write_wdi,
)

BACI = "BACI_HS17_Y2022_V202601.csv"
PAIR = {
    "iso_o": "CHN",
    "iso_d": "MAC",
    **dict.fromkeys(("contig", "comlang_off", "comlang_ethno", "colony"), 1),
    **dict.fromkeys(("comcol", "curcol", "col45", "smctry"), 0),
    **dict.fromkeys(("dist", "distcap", "distw", "distwces"), 1325.5),
}
ECONOMY = {
    "Country Code": "CHL",
    "Short Name": "Chile",
    "Region": "Latin America & Caribbean",
    "Income Group": "High income",
}
COUNTRY = {"country_code": 156, "country_name": "China", "country_iso2": "CN"}
OBSERVATIONS = """[{"page": 1, "pages": 1, "total": 2}, [
{"indicator": {"id": "NY.GDP", "value": "GDP"}, "country": {"id": "CL", "value": "Chile"},
 "countryiso3code": "CHL", "date": "2021", "value": 316.5, "unit": "", "decimal": 0},
{"indicator": {"id": "NY.GDP", "value": "GDP"}, "country": {"id": "CL", "value": "Chile"},
 "countryiso3code": "CHL", "date": "2022", "value": null, "unit": "", "decimal": 0}]]"""


def zip_of(*members: tuple[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in members:
            archive.writestr(zipfile.ZipInfo(name), body)
    return buffer.getvalue()


def bytes_of(write: Callable[[Path], object], name: str = "file.csv") -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        write(path)
        return path.read_bytes()


COMTRADE_CSV = bytes_of(
    lambda p: write_csv(
        p, [comtrade_row(partnerDesc='Chile, "x"'), comtrade_row(refYear=2021), comtrade_row()]
    )
)
BACI_CSV = bytes_of(lambda p: write_csv(p, baci_rows()))
WDI_CSV = bytes_of(write_wdi)
PAIRS = [PAIR, PAIR | {"iso_o": "MAC", "iso_d": "CHN"}]
FILES: dict[str, bytes] = {
    "comtrade.csv": COMTRADE_CSV,
    "comtrade.csv.gz": gzip.compress(COMTRADE_CSV, mtime=0),
    "comtrade.json": bytes_of(lambda p: write_comtrade_answer(p, [comtrade_row()] * 2)),
    BACI: BACI_CSV,
    f"{BACI}.gz": gzip.compress(BACI_CSV, mtime=0),
    "BACI.zip": zip_of((BACI, BACI_CSV), (BACI.replace("2022", "2021"), BACI_CSV[:-30])),
    "country_codes_V202601.csv": bytes_of(lambda p: write_csv(p, [COUNTRY])),
    "WDICSV.csv": WDI_CSV,
    "WDI_CSV.zip": zip_of(("WDICSV.csv", WDI_CSV), ("__MACOSX/._WDICSV.csv", b"\0")),
    "wdi.json": OBSERVATIONS.encode(),
    "WDICountry.csv": bytes_of(lambda p: write_csv(p, [ECONOMY])),
    "dist_cepii.csv": bytes_of(lambda p: write_csv(p, PAIRS)),
    "dist_cepii.dta": bytes_of(lambda p: write_stata(p, PAIRS), "file.dta"),
    "dist_cepii.xls": bytes_of(lambda p: write_excel(p, PAIRS), "file.xls"),
}

# what is apt to be taken for something else than it is
PIECES = [
    *(b"\n \r \r\n , ; \" '' \t \0 \x1a \xef\xbb\xbf \xff { } [ ] : null NA .. . -".split(b" ")),
    *(b"nan inf -Infinity 1e400 1e13 20222 1987 2022.6 0x10 1_000".split(b" ")),
    b"\n\n",
    b'""',
    b"\\ud800",
    "２".encode(),
    b"9" * 30,
]
mutations = st.lists(
    st.tuples(
        st.sampled_from(["replace", "insert", "delete", "repeat", "cut"]),
        st.floats(0, 1, exclude_max=True),
        st.integers(1, 40),
        st.one_of(st.sampled_from(PIECES), st.binary(min_size=1, max_size=4)),
    ),
    min_size=1,
    max_size=4,
)
promised = settings(
    max_examples=25,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def mutated(body: bytes, changes: list[tuple[str, float, int, bytes]]) -> bytes:
    for what, where, length, piece in changes:
        at = int(where * len(body))
        before, taken, after = body[:at], body[at : at + length], body[at + length :]
        body = {
            "replace": before + piece + body[at + len(piece) :],
            "insert": before + piece + taken + after,
            "delete": before + after,
            "repeat": before + taken + taken + after,
            "cut": before,
        }[what]
    return body


@pytest.fixture(scope="module")
def empty_warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("empty") / "warehouse.duckdb"
    with warehouse.writing(path):
        return path


@pytest.fixture(autouse=True)
def _no_waiting_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda _: None)


def rows_of_csv(body: bytes) -> int:
    """The data rows of a CSV, counted by another reader than ours."""
    lines = csv.reader(io.StringIO(body.decode("utf-8-sig"), newline=""), strict=True)
    return sum(1 for row in lines if row) - 1


@pytest.mark.parametrize("name", FILES)
@promised
@given(changes=mutations)
def test_an_altered_file_is_refused_or_each_of_its_rows_loaded_once(
    name: str, empty_warehouse: Path, changes: list[tuple[str, float, int, bytes]]
) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        path = folder / name
        path.write_bytes(mutated(FILES[name], changes))
        manifest = read_manifest(folder / "landing" / "manifest.json")
        left_out = register(manifest, [path], "files")
        assert [x.reason for x in left_out if "while it was read" in x.reason] == []
        assert read_manifest(manifest.path).files == manifest.files
        if left_out:
            assert manifest.files == []
            return
        [file] = manifest.files
        assert (manifest.folder / file.file).read_bytes() == path.read_bytes()
        if name.endswith("csv"):
            assert file.rows == rows_of_csv(path.read_bytes())
        shutil.copy(empty_warehouse, folder / "warehouse.duckdb")
        with warehouse.writing(folder / "warehouse.duckdb") as connection:
            for layout in {LAYOUTS[t.layout].name: LAYOUTS[t.layout] for t in file.tables}.values():
                tables = [t for t in file.tables if t.layout == layout.name]
                if layout.year_column:
                    years = sorted(manifest.years(layout))
                    loading.load_trade_years(connection, manifest, layout, years)
                else:
                    loading.load_whole(connection, manifest, layout)
                [(rows,)] = connection.execute(f"select count(*) from raw.{layout.name}").fetchall()
                assert rows == sum(n for t in tables for n in t.raw_rows)
                if not layout.has_year_columns:
                    assert rows == sum(t.rows for t in tables)
