"""The landing zone: what it recognises, what it refuses and in which words, and no data lost."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import zipfile
from pathlib import Path

import duckdb
import pytest

from orchestration.build import loading, warehouse
from orchestration.landing.layout import LandingError
from orchestration.landing.manifest import Manifest, read_manifest
from orchestration.landing.publishers.baci import BACI_TRADE
from orchestration.landing.publishers.comtrade import COMTRADE_TRADE
from orchestration.landing.publishers.world_bank import WDI_INDICATORS
from orchestration.landing.reading import open_tables, read_batches
from orchestration.landing.registration import register
from orchestration.sources.folder import fill_from_folder
from tests.support.publishers_files import (
    COMTRADE_HEADER,
    baci_rows,
    comtrade_row,
    write_comtrade_answer,
    write_csv,
    write_excel,
    write_stata,
    write_wdi,
)


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    folder = tmp_path / "inbox"
    folder.mkdir()
    return folder


@pytest.fixture
def manifest(tmp_path: Path) -> Manifest:
    return read_manifest(tmp_path / "data" / "landing" / "manifest.json")


def refusal(manifest: Manifest, path: Path) -> str:
    """Land one file that must not land, beside a good one that must; return the reason given."""
    good = write_csv(path.parent / "good.csv", [comtrade_row()])
    left_out = register(manifest, [path, good], origin="files")
    assert [f.parameters["published_name"] for f in manifest.current()] == ["good.csv"], (
        "the rest goes on"
    )
    assert len(left_out) == 1
    assert path.name in left_out[0].reason
    return f"{left_out[0].status}: {left_out[0].reason}"


def rows_of(path: Path) -> list[dict]:
    [table] = open_tables(path)[0]
    return [row for batch in read_batches(table) for row in batch.to_pylist()]


def test_every_layout_lands_with_its_rows_and_years(inbox: Path, manifest: Manifest) -> None:
    write_csv(inbox / "comtrade_2022.csv.gz", [comtrade_row(), comtrade_row(partnerCode=0)])
    write_comtrade_answer(
        inbox / "answer.json",
        [comtrade_row(refYear=2019), comtrade_row(refYear=2020)],
        weight_name="netWeight",
    )
    write_csv(inbox / "BACI_HS17_Y2022_V202601.csv", baci_rows())
    write_csv(
        inbox / "country_codes_V202601.csv",
        [
            {
                "country_code": "156",
                "country_name": "China",
                "country_iso2": "CN",
                "country_iso3": "CHN",
            }
        ],
    )
    write_wdi(inbox / "WDICSV.csv")
    write_csv(
        inbox / "WDICountry.csv",
        [
            {
                "Country Code": "CHL",
                "Short Name": "Chile",
                "Region": "Latin America & Caribbean",
                "Income Group": "High income",
            }
        ],
    )
    assert fill_from_folder(manifest, inbox) == []
    landed = {
        f.parameters["published_name"]: (f.source, f.rows, f.tables[0].layout, f.tables[0].years)
        for f in manifest.current()
    }
    assert landed == {
        "comtrade_2022.csv.gz": ("comtrade", 2, "comtrade_trade", (2022,)),
        "answer.json": ("comtrade", 2, "comtrade_trade", (2019, 2020)),
        "BACI_HS17_Y2022_V202601.csv": ("baci", 2, "baci_trade", (2022,)),
        "country_codes_V202601.csv": ("baci", 1, "baci_economies", ()),
        "WDICSV.csv": ("wdi", 2, "wdi_indicators", ()),
        "WDICountry.csv": ("wdi", 1, "wdi_economies", ()),
    }
    assert read_manifest(manifest.path).files == manifest.files, (
        "the manifest on disk says the same"
    )
    for entry in manifest.current():
        assert (manifest.folder / entry.file).read_bytes() == (
            inbox / entry.parameters["published_name"]
        ).read_bytes(), "untouched"


def test_zips_are_read_without_unpacking(inbox: Path, manifest: Manifest, tmp_path: Path) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    files = [
        write_csv(inside / f"BACI_HS17_Y{year}_V202601.csv", baci_rows(year))
        for year in (2021, 2022)
    ]
    with zipfile.ZipFile(inbox / "BACI_HS17_V202601.zip", "w") as archive:
        for path in [
            *files,
            write_csv(
                inside / "product_codes_HS17_V202601.csv",
                [{"code": "010121", "description": "Horses"}],
            ),
        ]:
            archive.write(path, path.name)
    with zipfile.ZipFile(inbox / "WDI_CSV.zip", "w") as archive:
        archive.write(write_wdi(inside / "WDICSV.csv"), "WDICSV.csv")
        archive.writestr("WDISeries.csv", "Series Code,Topic\nA,B\n")
    assert fill_from_folder(manifest, inbox) == []
    baci = next(f for f in manifest.current() if f.source == "baci")
    assert [(t.member, t.years, t.hs_revision, t.release) for t in baci.tables] == [
        ("BACI_HS17_Y2021_V202601.csv", (2021,), "H5", "202601"),
        ("BACI_HS17_Y2022_V202601.csv", (2022,), "H5", "202601"),
    ]
    assert any("product_codes" in reason for reason in baci.parameters["members_left_out"]), (
        "what is left out of a zip is said"
    )
    with warehouse.writing(tmp_path / "data" / "build" / "warehouse.duckdb") as connection:
        assert [
            x.rows for x in loading.load_trade_years(connection, manifest, BACI_TRADE, [2021, 2022])
        ] == [2, 2]
        assert loading.load_whole(connection, manifest, WDI_INDICATORS).rows == 3, (
            "missing values are no rows"
        )
        values = connection.execute(
            "select country_code, year, value from raw.wdi_indicators order by all"
        ).fetchall()
    assert values == [("CHL", 2021, 316000000000.5), ("WLD", 2021, 9.7e13), ("WLD", 2022, 1.0e14)]


def test_a_zip_of_the_64_bit_kind_is_read(inbox: Path, manifest: Manifest) -> None:
    """As archives of more than 4 GB are written, whose members need no such size themselves."""
    rows = "".join(f"2022,{i},156,283691,{i}.5,1.0\n" for i in range(1, 1001))
    with (
        zipfile.ZipFile(inbox / "BACI_HS17_V202601.zip", "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("BACI_HS17_Y2022_V202601.csv", "w", force_zip64=True) as member,
    ):
        member.write(f"t,i,j,k,v,q\n{rows}".encode())
    assert b"\x01\x00\x10\x00" in (inbox / "BACI_HS17_V202601.zip").read_bytes()[:80], "of 64 bits"
    assert register(manifest, [inbox / "BACI_HS17_V202601.zip"], "files") == []
    assert [f.rows for f in manifest.current()] == [1000]


def test_stata_and_excel_files_say_what_the_csv_says(inbox: Path) -> None:
    rows: list[dict] = [
        {
            "country_code": 156,
            "country_name": "China",
            "country_iso2": "CN",
            "country_iso3": "CHN",
            "share": 0.25,
        },
        {
            "country_code": 384,
            "country_name": "Côte d'Ivoire",
            "country_iso2": "NA",
            "country_iso3": "",
            "share": 1.0,
        },
    ]
    expected = rows_of(write_csv(inbox / "country_codes.csv", rows))
    assert expected[1]["country_iso2"] is None, "what a CSV of the publisher has for a blank"
    assert rows_of(write_stata(inbox / "country_codes.dta", rows)) == expected
    assert rows_of(write_excel(inbox / "country_codes.xls", rows)) == expected
    with zipfile.ZipFile(inbox / "country_codes.zip", "w") as archive:
        archive.write(inbox / "country_codes.dta", "country_codes.dta")
    assert rows_of(inbox / "country_codes.zip") == expected


@pytest.mark.parametrize("ending", ["dta", "xls"])
def test_a_cut_stata_or_excel_file_is_refused(inbox: Path, manifest: Manifest, ending: str) -> None:
    write = {"dta": write_stata, "xls": write_excel}[ending]
    path = write(inbox / f"codes.{ending}", [{"country_code": 1, "country_iso3": "CHN"}])
    path.write_bytes(path.read_bytes()[:6])
    reason = refusal(manifest, path)
    assert reason.startswith(f"refused: codes.{ending}: damaged or cut short")
    assert "Download it again" in reason


def comparable(column: str, value: str | None) -> str | float | None:
    """Values and weights as numbers, because JSON and CSV may write the same number differently."""
    is_number = column in ("primaryValue", "netWgt") and value is not None
    return float(value) if is_number else value


def test_json_and_csv_say_the_same(inbox: Path) -> None:
    rows = [
        comtrade_row(primaryValue="1234567890123.125", cmdCode="010121", netWgt=""),
        comtrade_row(isOriginalClassification="True"),
    ]
    from_csv = rows_of(write_csv(inbox / "a.csv", rows))
    from_json = rows_of(write_comtrade_answer(inbox / "a.json", rows, weight_name="netWeight"))
    for column in (
        "refYear",
        "reporterCode",
        "cmdCode",
        "primaryValue",
        "netWgt",
        "motCode",
        "customsCode",
    ):
        assert [comparable(column, r[column]) for r in from_csv] == [
            comparable(column, r[column]) for r in from_json
        ], column
    assert from_csv[0]["cmdCode"] == "010121", "leading zeros stay"


def test_bulk_capitals_and_net_weight_spellings_are_known(inbox: Path) -> None:
    header = [
        "CIFValue" if h == "cifvalue" else "netWeight" if h == "netWgt" else h
        for h in COMTRADE_HEADER
    ]
    row = {
        new: comtrade_row(cifvalue="7")[old]
        for new, old in zip(header, COMTRADE_HEADER, strict=True)
    }
    [read] = rows_of(write_csv(inbox / "bulk.csv", [row], header))
    assert (read["cifvalue"], read["netWgt"]) == ("7", "10.5")


def test_flags_of_estimates_stay_as_the_file_writes_them(inbox: Path) -> None:
    flags = {"qty": "7", "qtyUnitCode": "8", "isQtyEstimated": "true", "isNetWgtEstimated": "1"}
    row = comtrade_row(**flags)
    older = [h for h in COMTRADE_HEADER if h not in flags]
    answer = json.loads(write_comtrade_answer(inbox / "a.json", [row]).read_text(encoding="utf-8"))
    answer["data"][0] |= {"qty": 7, "qtyUnitCode": 8, "isQtyEstimated": True}
    (inbox / "a.json").write_text(json.dumps(answer), encoding="utf-8")
    for path, expected in (
        (write_csv(inbox / "a.csv", [row]), flags),
        (inbox / "a.json", flags | {"isQtyEstimated": "True"}),
        (write_csv(inbox / "blank.csv", [comtrade_row()]), dict.fromkeys(flags)),
        (write_csv(inbox / "older.csv", [row], older), dict.fromkeys(flags)),
    ):
        [read] = rows_of(path)
        assert {name: read[name] for name in flags} == expected, path.name


def test_missing_columns_are_named(inbox: Path, manifest: Manifest) -> None:
    header = [h for h in COMTRADE_HEADER if h not in ("partner2Code", "motCode")]
    reason = refusal(manifest, write_csv(inbox / "cut.csv", [comtrade_row()], header))
    assert reason.startswith("refused")
    assert "partner2Code, motCode" in reason
    assert "totals cannot be distinguished from their parts" in reason


@pytest.mark.parametrize(
    ("column", "value", "shown"),
    [
        ("primaryValue", "12,5x", "'12,5x'"),
        ("refYear", "20-22", "'20-22'"),
        ("primaryValue", "", "blank"),
        ("netWgt", "heavy", "'heavy'"),
        ("netWgt", "nan", "'nan'"),
        ("primaryValue", "inf", "'inf'"),
        ("primaryValue", "10000000000000", "'10000000000000'"),
        ("refYear", "99999", "'99999'"),
        ("reporterCode", "99999999999", "'99999999999'"),
        ("customsCode", "", "blank"),
    ],
)
def test_a_wrong_value_is_named_with_row_and_column(
    inbox: Path, manifest: Manifest, column: str, value: str, shown: str
) -> None:
    rows = [
        comtrade_row(),
        comtrade_row(partnerCode=32),
        comtrade_row(partnerCode=36, **{column: value}),
    ]
    reason = refusal(manifest, write_csv(inbox / "bad.csv", rows))
    assert reason.startswith("refused")
    assert f"row 3, column {column}: {shown}" in reason


def test_a_value_of_baci_beyond_what_loading_holds_is_refused(
    inbox: Path, manifest: Manifest
) -> None:
    path = inbox / "BACI_HS17_Y2022_V202601.csv"
    path.write_text("t,i,j,k,v,q\n2022,4,8,283691,1.0,2.0\n2022,4,9,283691,1e10,2.0\n")
    assert "row 2, column v: '1e10'" in refusal(manifest, path)


@pytest.mark.parametrize(
    ("header", "rows", "said"),
    [
        (
            "Country Code,Indicator Code,2021",
            ["CHL,GDP,1", "CHL,POP,2", " CHL,GDP,3"],
            "row 3, Country Code and Indicator Code: CHL, GDP repeats an earlier row",
        ),
        (
            "Country Code,Short Name,Region,Income Group",
            ["CHL,Chile,,", "CHL,Chili,,"],
            "row 2, Country Code: CHL repeats an earlier row",
        ),
        ("Country Code,Indicator Code,2021", ["CHL,GDP,nan"], "row 1, column 2021: 'nan'"),
    ],
)
def test_a_series_of_the_world_bank_stands_once_and_is_finite(
    inbox: Path, manifest: Manifest, header: str, rows: list[str], said: str
) -> None:
    path = inbox / "repeated.csv"
    path.write_text("\n".join([header, *rows]) + "\n")
    assert said in refusal(manifest, path)


def test_a_line_of_other_length_is_named_by_its_row(inbox: Path, manifest: Manifest) -> None:
    path = inbox / "BACI_HS17_Y2022_V202601.csv"
    path.write_text("t,i,j,k,v,q\n2022,4,8,283691,1.0,2.0\n2022,4,8,2836\n")
    assert "data row 2: 4 fields where the header has 6" in refusal(manifest, path)


def test_a_cut_gzip_is_refused(inbox: Path, manifest: Manifest) -> None:
    whole = gzip.compress("".join(f"2022,4,{j},283691,{j}.5,1.0\n" for j in range(50_000)).encode())
    path = inbox / "BACI_HS17_Y2022_V202601.csv.gz"
    path.write_bytes(gzip.compress(b"t,i,j,k,v,q\n") + whole[: len(whole) // 2])
    reason = refusal(manifest, path)
    assert reason.startswith("refused")
    assert "cut short" in reason
    assert "Download it again" in reason


def test_a_cut_zip_is_refused(inbox: Path, manifest: Manifest) -> None:
    (inbox / "BACI_HS17_V202601.zip").write_bytes(b"PK\x03\x04 not all of it")
    assert refusal(manifest, inbox / "BACI_HS17_V202601.zip").startswith("refused")


def test_bytes_that_are_no_text_are_refused(inbox: Path, manifest: Manifest) -> None:
    path = write_csv(
        inbox / "latin.csv",
        [comtrade_row(partnerDesc="Chile"), comtrade_row(partnerCode=384, partnerDesc="COTE")],
    )
    path.write_bytes(path.read_bytes().replace(b"COTE", "Côte".encode("latin-1")))
    reason = refusal(manifest, path)
    assert reason.startswith("refused")
    assert "UTF-8" in reason


def test_unknown_files_are_skipped_and_named(inbox: Path, manifest: Manifest) -> None:
    path = inbox / "notes.csv"
    path.write_text("a,b\n1,2\n")
    assert refusal(manifest, path).startswith("skipped: notes.csv: not a file this warehouse knows")


@pytest.mark.parametrize(
    "body",
    [
        '{"statusCode":429,"message":"Rate limit is exceeded. Try again in 1 seconds."}',
        '{"count":0,"data":[{"a":1}],"error":"calculation failed"}',
        "<html>502</html>",
    ],
)
def test_error_answers_are_refused(inbox: Path, manifest: Manifest, body: str) -> None:
    path = inbox / "answer.json"
    path.write_text(body)
    assert refusal(manifest, path).startswith("refused")


def test_a_baci_file_must_keep_its_name(inbox: Path, manifest: Manifest) -> None:
    assert "BACI_HSxx_Yyyyy_Vyyyymm.csv" in refusal(
        manifest, write_csv(inbox / "trade.csv", baci_rows())
    )


def test_lost_detail_is_refused_never_summed(inbox: Path, manifest: Manifest) -> None:
    rows = [comtrade_row(primaryValue=v) for v in (100, 60, 40)]
    reason = refusal(manifest, write_csv(inbox / "flat.csv", rows))
    assert reason.startswith("refused")
    assert "3 rows share only 1 keys" in reason
    assert "pinned to partner2Code=0" in reason


def test_the_same_row_twice_is_no_reason_to_refuse(inbox: Path, manifest: Manifest) -> None:
    write_csv(inbox / "twice.csv", [comtrade_row(), comtrade_row()])
    assert fill_from_folder(manifest, inbox) == []


def test_the_real_unpinned_pull_is_refused(
    real_landing: Path, inbox: Path, manifest: Manifest
) -> None:
    pull = real_landing.parent / "fixtures" / "comtrade_unpinned_2022.csv.gz"
    if not pull.exists():
        pytest.skip(f"skipped: no real data at {pull}")
    path = Path(shutil.copy(pull, inbox))
    assert "totals cannot be distinguished from their parts" in refusal(manifest, path)


def test_the_real_unpinned_pull_is_refused_also_under_the_full_header(
    real_landing: Path, inbox: Path, manifest: Manifest
) -> None:
    """The same rows in all 47 columns, with every detail column at its total.

    The values give the loss of detail away.
    """
    pull = real_landing.parent / "fixtures" / "comtrade_unpinned_2022.csv.gz"
    if not pull.exists():
        pytest.skip(f"skipped: no real data at {pull}")
    rows = (
        duckdb.connect()
        .execute(
            "select year, reporter, partner, cmd, flow, value "
            f"from read_csv('{pull}', all_varchar = true)"
        )
        .fetchall()
    )
    assert len(rows) == 166_616
    dressed = [
        comtrade_row(
            refYear=y,
            period=y,
            reporterCode=r,
            partnerCode=p,
            cmdCode=c,
            flowCode=f,
            primaryValue=v,
        )
        for y, r, p, c, f, v in rows
    ]
    reason = refusal(manifest, write_csv(inbox / "dressed.csv", dressed))
    assert reason.startswith("refused")
    assert "any sum would count several times" in reason


def test_the_same_content_lands_once(inbox: Path, manifest: Manifest) -> None:
    first = write_csv(inbox / "a.csv", [comtrade_row()])
    shutil.copy(first, inbox / "b.csv")
    left_out = fill_from_folder(manifest, inbox)
    assert [(x.status, x.file) for x in left_out] == [("skipped", "b.csv")]
    assert "already landed as comtrade/a.csv" in left_out[0].reason
    sequence = [f.sequence for f in manifest.files]
    assert [x.file for x in fill_from_folder(manifest, inbox)] == ["b.csv"]
    assert [f.sequence for f in manifest.files] == sequence, "registering again changes nothing"


def test_a_newer_file_of_the_same_name_supersedes_and_both_are_kept(
    inbox: Path, manifest: Manifest, tmp_path: Path
) -> None:
    old = write_csv(
        inbox / "a.csv",
        [comtrade_row(primaryValue=1), comtrade_row(primaryValue=2, partnerCode=32)],
    )
    fill_from_folder(manifest, inbox)
    old.unlink()
    write_csv(inbox / "a.csv", [comtrade_row(primaryValue=3)])
    fill_from_folder(manifest, inbox)
    assert [f.superseded_by is None for f in manifest.files] == [False, True]
    assert all((manifest.folder / f.file).exists() for f in manifest.files)
    with warehouse.writing(tmp_path / "w.duckdb") as connection:
        loading.load_trade_years(connection, manifest, COMTRADE_TRADE, [2022])
        assert connection.execute("select primaryValue from raw.comtrade_trade").fetchall() == [
            ("3",)
        ]


def test_files_dropped_into_the_zone_are_registered_where_they_lie(manifest: Manifest) -> None:
    folder = manifest.folder / "comtrade"
    folder.mkdir(parents=True)
    path = write_csv(folder / "dropped.csv", [comtrade_row()])
    assert fill_from_folder(manifest, None) == []
    assert [f.file for f in manifest.current()] == ["comtrade/dropped.csv"]
    assert path.exists()


def test_an_empty_or_absent_folder_is_an_error_with_a_remedy(
    inbox: Path, manifest: Manifest
) -> None:
    with pytest.raises(LandingError, match="no such folder"):
        fill_from_folder(manifest, inbox / "absent")
    with pytest.raises(LandingError, match="is empty"):
        fill_from_folder(manifest, inbox)
    (inbox / "a.csv").write_text("x,y\n1,2\n")
    with pytest.raises(LandingError, match="none of its 1 files could be used"):
        fill_from_folder(manifest, inbox)
    with pytest.raises(LandingError, match=r"a\.csv: a file\. Give the folder it lies in"):
        fill_from_folder(manifest, inbox / "a.csv")


def test_loading_twice_is_loading_once(inbox: Path, manifest: Manifest, tmp_path: Path) -> None:
    write_csv(inbox / "a.csv", [comtrade_row(), comtrade_row(refYear=2021)])
    fill_from_folder(manifest, inbox)
    with warehouse.writing(tmp_path / "w.duckdb") as connection:
        first = loading.load_trade_years(connection, manifest, COMTRADE_TRADE, range(1988, 2024))
        before = connection.execute("select * from raw.comtrade_trade order by all").fetchall()
        second = loading.load_trade_years(connection, manifest, COMTRADE_TRADE, range(1988, 2024))
        assert (
            connection.execute("select * from raw.comtrade_trade order by all").fetchall() == before
        )
    assert sum(x.rows for x in first) == sum(x.rows for x in second) == len(before) == 2
    assert sum(x.changed for x in first) == 2
    assert not any(x.changed for x in second)


def test_a_landed_file_that_changed_is_not_loaded(
    inbox: Path, manifest: Manifest, tmp_path: Path
) -> None:
    write_csv(inbox / "a.csv", [comtrade_row()])
    fill_from_folder(manifest, inbox)
    landed = manifest.folder / "comtrade" / "a.csv"
    os.unlink(landed)
    write_csv(landed, [comtrade_row(primaryValue=999)])
    shutil.rmtree(manifest.raw_folder)
    with warehouse.writing(tmp_path / "w.duckdb") as connection:
        with pytest.raises(LandingError, match="has changed since it landed"):
            loading.load_trade_years(connection, manifest, COMTRADE_TRADE, [2022])
        assert connection.execute("select count(*) from raw.comtrade_trade").fetchall() == [(0,)], (
            "nothing half-loaded"
        )


def test_a_damaged_manifest_says_so(tmp_path: Path) -> None:
    path = tmp_path / "manifest.json"
    path.write_text('{"files": [')
    with pytest.raises(LandingError, match="manifest is damaged"):
        read_manifest(path)
