"""`lct exhibits`: figures, tables and printed regressions on the terminal, in two languages."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from orchestration.cli.exhibits import main
from orchestration.cli.exit_codes import FAILED, MISUSED
from tests.support.small_publication import publish_by_hand

Captured = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def _published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    publish_by_hand(tmp_path, "000001", is_synthetic=False)
    folder = publish_by_hand(tmp_path, "000002")
    variant = folder / "tables" / "strict"
    variant.mkdir()
    (variant / "table_10.en.csv").write_text("\ufeffTable 10. Aid\n,(1)\nGDP,0.5\n", "utf-8")
    monkeypatch.setenv("LCT_DATA_DIR", str(tmp_path))


def test_exhibits_are_listed_with_their_titles(capsys: Captured) -> None:
    assert main() == 0
    said = capsys.readouterr()
    assert said.out.splitlines() == [
        "figure_1",
        "    Shares in world trade in low-carbon technology",
        "table_1",
        "table_4",
        "    Table 4. Trade with China",
        "Variants of printed tables: strict.",
        "`lct exhibits strict/table_10` shows one.",
        "`lct exhibits NAME` shows one.",
    ]
    assert said.err.startswith("SYNTHETIC")


def test_a_figure_is_years_by_series_with_its_notes(capsys: Captured) -> None:
    assert main("figure_1") == 0
    assert capsys.readouterr().out.splitlines() == [
        "SYNTHETIC DEMO DATA: every number is invented.",
        "",
        "Shares in world trade in low-carbon technology",
        "",
        "export share, percent",
        "       China  High income",
        "----  ------  -----------",
        "2021  20.250",
        "2022  21.500       60.000",
        "",
        "import share, percent",
        "      China",
        "----  -----",
        "2022  7.125",
        "",
        "2022: UN Comtrade for 3 products",
    ]


def test_a_figure_speaks_chinese(capsys: Captured) -> None:
    assert main("figure_1", language="zh", year=2022) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[:3] == ["合成演示数据: 所有数字均为虚构。", "", "低碳技术世界贸易份额"]
    assert lines[5].split() == ["中国", "高收入经济体"]
    assert [line.split()[0] for line in lines[7:8]] == ["2022"]


def test_a_table_of_the_report_is_its_rows(capsys: Captured) -> None:
    assert main("table_1", publication="1") == 0
    said = capsys.readouterr()
    assert said.out.splitlines()[-1].split() == ["buildings", "products", "20.0", "count"]
    assert said.err == ""


def test_a_printed_table_is_aligned(capsys: Captured) -> None:
    assert main("table_4") == 0
    assert capsys.readouterr().out.splitlines() == [
        "Table 4. Trade with China",
        "         (1)",
        "GDP  0.12***",
    ]
    assert main("table_4", language="zh") == 0
    assert capsys.readouterr().out.splitlines()[2] == "国内生产总值  0.12***"
    assert main("strict/table_10") == 0
    assert "Table 10. Aid" in capsys.readouterr().out


def test_programs_get_rows_or_cells(capsys: Captured) -> None:
    assert main(as_json=True) == 0
    listed = json.loads(capsys.readouterr().out)["exhibits"]
    assert [e["exhibit"] for e in listed] == ["figure_1", "table_1", "table_4", "strict/table_10"]
    assert main("figure_1", year=2021, as_json=True) == 0
    shown = json.loads(capsys.readouterr().out)
    assert (shown["exhibit"], shown["is_synthetic"]) == ("figure_1", True)
    assert [(row["year"], row["value"]) for row in shown["rows"]] == [(2021, 20.25)]
    assert main("table_4", as_json=True) == 0
    assert json.loads(capsys.readouterr().out)["cells"][-1] == ["GDP", "0.12***"]


@pytest.mark.parametrize(
    ("name", "year", "said"),
    [
        ("figure_9", None, "there are: figure_1, table_1, table_4."),
        ("../tables/table_4", None, "There is no exhibit"),
        ("figure_1", 1900, "figure_1 has no 1900, but 2021 to 2022."),
        ("table_1", 2022, "leave --year out"),
        ("table_4", 2022, "leave --year out"),
    ],
)
def test_what_is_not_there_is_said_with_what_is(
    name: str, year: int | None, said: str, capsys: Captured
) -> None:
    assert main(name, year=year) == FAILED
    assert said in capsys.readouterr().err
    assert main(name, year=year, as_json=True) == FAILED
    assert said in json.loads(capsys.readouterr().err.splitlines()[-1])["error"]


def test_a_wrong_setting_is_a_status_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LCT_TRADE_BASIS", "mirror")
    assert main() == MISUSED
