"""What a publication holds ready for other programs, and that any of its tables could be."""

from __future__ import annotations

import csv
import json
from collections import Counter

import openpyxl
import pandas as pd
import pyreadstat

from orchestration.publishing.exports.stata import stata_name
from tests.support.runs import FinishedRun


def test_the_panel_for_stata_has_every_number_and_chinese_labels(demo_run: FinishedRun) -> None:
    folder = demo_run.settings.published_dir
    rows, of_file = pyreadstat.read_dta(folder / "exports" / "panel.dta")
    panel = pd.read_parquet(folder / "parquet" / "marts" / "panel_country_year.parquet")
    panel = panel.sort_values(["iso3", "year"], ignore_index=True)
    assert len(rows) == len(panel) > 1000
    for column in panel.columns:
        same = rows[stata_name(column)] == panel[column]
        assert (same | panel[column].isna()).all(), column
        assert rows[stata_name(column)].isna().sum() == panel[column].isna().sum(), column
    labels = of_file.column_names_to_labels
    assert labels["gdp_growth"] == "GDP growth / GDP增速 [percent]"
    variables = demo_run.ask("select variable, label_zh from marts.dim_variable")
    without = [v for v, label_zh in variables if label_zh[:3] not in labels[stata_name(v)]]
    assert without == []
    assert "其他新兴市场和发展中经济体" in of_file.value_labels["country_group_zh"].values()
    assert of_file.notes[0] == "SYNTHETIC DEMO DATA: every number is invented."


def test_the_workbook_has_every_printed_table_cell_by_cell(demo_run: FinishedRun) -> None:
    folder = demo_run.settings.published_dir
    book = openpyxl.load_workbook(folder / "exports" / "exhibits.xlsx")
    for language in ("en", "zh"):
        files = sorted((folder / "tables").glob(f"*.{language}.csv"))
        assert len(files) >= 9
        for file in files:
            name = file.name.partition(".")[0]
            sheet = book[name if language == "en" else f"{name} zh"]
            printed = list(csv.reader(file.read_text(encoding="utf-8-sig").splitlines()))
            for row, line in enumerate(printed, 1):
                shown = [sheet.cell(row, place).value or "" for place in range(1, len(line) + 1)]
                assert shown == line, (file.name, row)
    for figure in ("figure_1", "figure_2", "figure_3", "figure_4"):
        assert book[figure]._charts, figure
    assert "invented" in book["contents"]["A1"].value


def test_the_seal_covers_what_is_ready(demo_run: FinishedRun) -> None:
    provenance = json.loads((demo_run.settings.published_dir / "provenance.json").read_text())
    assert {"exports/panel.dta", "exports/exhibits.xlsx"} <= set(provenance["files"])


def test_no_two_columns_of_a_table_have_one_name_in_stata(demo_run: FinishedRun) -> None:
    columns = demo_run.ask(
        "select schema_name || '.' || table_name, column_name from duckdb_columns() "
        "where not internal"
    )
    names = Counter((table, stata_name(column)) for table, column in columns)
    assert [name for name, count in names.items() if count > 1] == []
    assert max(len(name) for _, name in names) <= 32
