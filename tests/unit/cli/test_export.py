"""`lct export`: one command a file, what it says, and what it refuses."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest
from typer.testing import CliRunner

from orchestration.cli.__main__ import app
from orchestration.cli.exit_codes import FAILED, MISUSED
from orchestration.cli.export import Export, main
from orchestration.publishing.exports import stata
from tests.support.small_disk import filled_up, small_disk
from tests.support.small_publication import publish_by_hand

Captured = pytest.CaptureFixture[str]
NOTICE = "SYNTHETIC DEMO DATA: every number is invented."


@pytest.fixture(autouse=True)
def _published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    publish_by_hand(tmp_path / "data", "000001", is_synthetic=False)
    publish_by_hand(tmp_path / "data", "000002")
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("LCT_DATA_DIR", str(tmp_path / "data"))


def test_a_part_of_the_panel_is_one_command(capsys: Captured) -> None:
    command = "export panel --economies deu,CHN --years 2021-2022 --variables ln_*,gdp --format dta"
    result = CliRunner().invoke(app, command.split())
    assert result.exit_code == 0, result.output
    assert "panel.dta: 1 row, publication 000002" in result.output
    assert "no rows for CHN" in result.output
    assert NOTICE in result.output
    rows = pd.read_stata("panel.dta")
    assert rows[["iso3", "year", "gdp"]].to_numpy().tolist() == [["DEU", 2021, 1.5]]


@pytest.mark.parametrize(
    ("what", "output_format", "files"),
    [
        ("panel", "csv", ["panel.csv"]),
        ("panel", "r", ["panel.R", "panel.csv"]),
        ("marts.fct_trade_flow", "parquet", ["fct_trade_flow.parquet"]),
        ("fct_trade_flow", "xlsx", ["fct_trade_flow.xlsx"]),
        ("report.figure_1", "dta", ["figure_1.dta"]),
        ("figure_1", "xlsx", ["figure_1.xlsx"]),
        ("exhibits", "xlsx", ["exhibits.xlsx"]),
        ("exhibits", "tex", ["exhibits.tex"]),
        ("table_4", "tex", ["table_4.tex"]),
    ],
)
def test_each_thing_goes_into_its_formats_and_programs_hear_of_it(
    what: str, output_format: Any, files: list[str], capsys: Captured
) -> None:
    assert main(Export(what, output_format), as_json=True) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["export"], said["format"], said["files"]) == (what, output_format, files)
    assert (said["publication"], said["is_synthetic"]) == ("000002", True)
    assert sorted(os.listdir()) == sorted(files)


def test_the_ending_says_the_format_and_the_language_says_which(tmp_path: Path) -> None:
    assert main(Export("table_4", to=Path("a.tex"), language="zh")) == 0
    assert Path("a.tex").read_text("utf-8") == "% zh\n"
    assert main(Export("table_4", to=Path("a.xlsx"), language="zh")) == 0
    assert openpyxl.load_workbook("a.xlsx").sheetnames == ["contents", "table_4", "codebook"]
    assert main(Export("panel", to=Path("load.R"), publication="1")) == 0
    assert "load.csv" in Path("load.R").read_text("utf-8")
    assert NOTICE not in Path("load.R").read_text("utf-8")


def test_a_file_that_is_there_is_replaced_only_if_one_says_so(capsys: Captured) -> None:
    Path("panel.csv").write_text("mine")
    for output_format in ("csv", "r"):
        assert main(Export("panel", output_format)) == FAILED  # type: ignore[arg-type]
        assert "panel.csv exists. Replace it with --force" in capsys.readouterr().err
    assert Path("panel.csv").read_text() == "mine"
    assert main(Export("panel", "csv", force=True)) == 0
    assert Path("panel.csv").read_text("utf-8-sig").startswith('"iso3"')


@pytest.mark.parametrize(
    ("export", "status", "said"),
    [
        (Export("panel"), MISUSED, "--format (csv, dta, parquet, r, xlsx)"),
        (Export("exhibits"), MISUSED, "--format (xlsx, tex)"),
        (Export("panel", to=Path("a.sav")), MISUSED, "Name a format"),
        (Export("panel", "csv", years="2022-2020"), MISUSED, "2005,2010-2015"),
        (Export("panel", "csv", years="last"), MISUSED, "'last'"),
        (Export("exhibits", "xlsx", years="2020"), MISUSED, "leave --economies, --years"),
        (Export("panel", "csv", to=Path("no/such.csv")), MISUSED, "a folder that exists"),
        (Export("panel", "tex"), FAILED, "but as csv, dta, parquet, r, xlsx"),
        (Export("table_4", "csv"), FAILED, "estimates.coefficients"),
        (Export("figure_1", "tex"), FAILED, "only tables of regressions have LaTeX"),
        (Export("figure_9", "xlsx"), FAILED, "there are: figure_1"),
        (Export("marts.trade", "csv"), FAILED, "Do you mean"),
        (Export("panel", "csv", economies="GER"), FAILED, "DEU (Germany)"),
        (Export("panel", "csv", publication="9"), FAILED, "kept are: 000001, 000002"),
    ],
)
def test_what_cannot_be_exported_is_said_with_a_remedy_and_leaves_nothing(
    export: Export, status: int, said: str, capsys: Captured
) -> None:
    assert main(export) == status
    assert said in capsys.readouterr().err
    assert main(export, as_json=True) == status
    assert said in json.loads(capsys.readouterr().err.splitlines()[-1])["error"]
    assert os.listdir() == []


def test_the_data_folder_is_no_place_for_an_export(tmp_path: Path, capsys: Captured) -> None:
    assert main(Export("panel", "csv", to=tmp_path / "data" / "panel.csv")) == MISUSED
    assert "is in the data folder" in capsys.readouterr().err


def test_an_export_that_fails_leaves_the_file_that_was_there(
    monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    Path("panel.dta").write_text("mine")

    def full(*_: object) -> bytes:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(stata, "_records", full)
    assert main(Export("panel", "dta", force=True)) == FAILED
    assert "panel.dta: the disk is full" in capsys.readouterr().err
    assert os.listdir() == ["panel.dta"]
    assert Path("panel.dta").read_text() == "mine"


@pytest.mark.parametrize("output_format", ["csv", "dta", "parquet", "r", "xlsx"])
def test_a_full_disk_is_said_and_nothing_is_left(
    output_format: Any, tmp_path: Path, capsys: Captured
) -> None:
    with small_disk(tmp_path / "disk", megabytes=2) as folder, filled_up(folder, free_bytes=0):
        to = folder / f"panel.{output_format}"
        assert main(Export("panel", output_format, to=to)) == FAILED
        assert "the disk is full" in capsys.readouterr().err
        assert os.listdir(folder) == ["ballast"]
