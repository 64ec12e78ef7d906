"""Excel, opened by openpyxl: rows with a codebook, and the exhibits as they are printed."""

from __future__ import annotations

import csv
import datetime
from dataclasses import replace
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from orchestration.publishing.exports.exhibits_workbook import sheet_name
from orchestration.publishing.exports.extract import ExtractError, Selection, extract_of
from orchestration.publishing.exports.workbook import write_workbook
from orchestration.publishing.exports.writing import write_exhibits
from orchestration.publishing.reading import OpenPublication


def opened(publication: OpenPublication, what: str, path: Path) -> openpyxl.Workbook:
    write_workbook(extract_of(publication, what, Selection()), path)
    return openpyxl.load_workbook(path)


def test_rows_come_first_and_the_notice_is_seen_first(
    synthetic: OpenPublication, tmp_path: Path
) -> None:
    book = opened(synthetic, "panel", tmp_path / "panel.xlsx")
    assert book.sheetnames == ["data", "codebook", "about"]
    assert book.active.title == "about"
    assert book["about"]["A1"].value == synthetic.notice
    assert book["data"].oddHeader.center.text == synthetic.notice
    rows = pd.read_excel(tmp_path / "panel.xlsx")
    assert list(rows["economy_name_zh"]) == ["德国", "德国", "法国"]
    assert list(rows["gdp"].fillna(0)) == [0, 1.5, 0]


def test_the_codebook_has_both_languages_units_and_the_names_of_values(
    real: OpenPublication, tmp_path: Path
) -> None:
    book = opened(real, "panel", tmp_path / "panel.xlsx")
    lines = list(book["codebook"].iter_rows(values_only=True))
    assert lines[0] == ("column", "label_en", "label_zh", "unit", "description")
    assert (
        "gdp",
        "GDP",
        "国内生产总值",
        "current USD",
        "GDP, current USD. NY.GDP.MKTP.CD.",
    ) in lines
    assert ("country_group", "High income", "高收入经济体", "High income", None) in lines
    assert book.active.title == "data"
    assert book["about"]["A1"].value is None


def test_a_text_is_never_a_formula_and_a_number_is_a_number(
    real: OpenPublication, tmp_path: Path
) -> None:
    sheet = opened(real, "hard_values", tmp_path / "hard.xlsx")["data"]
    first = {c.value: sheet.cell(2, c.column) for c in sheet[1]}
    assert (first["text"].value, first["text"].data_type) == ("=1+1", "s")
    assert (first["huge"].value, first["huge"].data_type) == ("9007199254740993", "s")
    assert (first["whole"].value, first["whole"].data_type) == (-2147483647, "n")
    assert first["amount"].value == pytest.approx(123456789012345.678, rel=1e-15)
    assert first["is_true"].value is True
    assert first["day"].value == datetime.datetime(2022, 3, 1)
    assert first["moment"].value == datetime.datetime(2022, 3, 1, 12, 30)
    assert not any(cell.data_type == "f" for row in sheet.iter_rows() for cell in row)
    assert {cell.value for cell in sheet[4][1:]} == {None}


def test_the_same_rows_make_the_same_file(real: OpenPublication, tmp_path: Path) -> None:
    for name in ("a.xlsx", "b.xlsx"):
        opened(real, "panel", tmp_path / name)
    assert (tmp_path / "a.xlsx").read_bytes() == (tmp_path / "b.xlsx").read_bytes()


def test_more_rows_than_a_sheet_are_refused_before_anything_is_written(
    real: OpenPublication, tmp_path: Path
) -> None:
    extract = replace(extract_of(real, "panel", Selection()), rows=1_048_576)
    with pytest.raises(ExtractError, match=r"1,048,576 rows.*--years or --economies.*parquet"):
        write_workbook(extract, tmp_path / "big.xlsx")
    long = replace(
        extract, rows=3, query=extract.query.replace('"iso3",', "repeat(iso3, 11000) as iso3,")
    )
    with pytest.raises(ExtractError, match=r"iso3 has a text of 33,000 characters"):
        write_workbook(long, tmp_path / "big.xlsx")
    assert list(tmp_path.iterdir()) == []


# ---- exhibits ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def exhibits(
    synthetic: OpenPublication, tmp_path_factory: pytest.TempPathFactory
) -> openpyxl.Workbook:
    path = tmp_path_factory.mktemp("exhibits") / "exhibits.xlsx"
    write_exhibits(synthetic, None, "xlsx", path)
    return openpyxl.load_workbook(path)


def test_there_is_a_sheet_an_exhibit_and_language_and_a_link_to_each(
    exhibits: openpyxl.Workbook, synthetic: OpenPublication
) -> None:
    names = ["figure_1", "table_1", "table_4"]
    shown = [*names, *(f"{name} zh" for name in names)]
    assert exhibits.sheetnames == ["contents", *shown, "codebook"]
    contents = exhibits["contents"]
    assert contents["A1"].value == synthetic.notice
    links = {row[0].value: row[0].hyperlink.location for row in contents.iter_rows(min_row=5)}
    assert links == {name: f"'{name}'!A1" for name in exhibits.sheetnames[1:]}


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_printed_table_is_cell_by_cell_as_printed(
    exhibits: openpyxl.Workbook, synthetic: OpenPublication, language: str
) -> None:
    file = synthetic.folder / "tables" / f"table_4.{language}.csv"
    printed = list(csv.reader(file.read_text(encoding="utf-8-sig").splitlines()))
    sheet = exhibits["table_4" if language == "en" else "table_4 zh"]
    for row, line in enumerate(printed, 1):
        shown = [sheet.cell(row, place).value or "" for place in range(1, len(line) + 1)]
        assert shown == line
    assert sheet["A1"].font.bold
    assert sheet["B2"].alignment.horizontal == "center"
    assert sheet["A3"].border.bottom.style == "thin", "a rule below the last line"


def test_a_figure_is_years_by_series_with_a_chart_of_these_cells(
    exhibits: openpyxl.Workbook,
) -> None:
    sheet = exhibits["figure_1 zh"]
    lines = list(sheet.iter_rows(min_row=1, max_row=7, values_only=True))
    assert [line[0] for line in lines[:4]] == [
        "合成演示数据: 所有数字均为虚构。",
        "低碳技术世界贸易份额",
        None,
        "export share, percent",
    ]
    assert lines[4:] == [
        (None, "中国", "高收入经济体"),
        (2021, 20.25, None),
        (2022, 21.5, 60),
    ]
    first, _ = sheet._charts
    values = [series.val.numRef.f for series in first.series]
    assert values == ["'figure_1 zh'!$B$6:$B$7", "'figure_1 zh'!$C$6:$C$7"]
    assert "2022: UN Comtrade for 3 products" in {row[0].value for row in sheet.iter_rows()}


def test_names_of_sheets_fit(tmp_path: Path) -> None:
    assert sheet_name("strict/table_4", "en") == "strict table_4"
    assert sheet_name("strict/table_4", "zh") == "strict table_4 zh"
    assert len(sheet_name("x" * 40, "zh")) == 31
