"""`lct tables`: what a row of each table and macro is, and the columns of one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from rich.cells import cell_len

from orchestration.cli.exit_codes import FAILED, MISUSED
from orchestration.cli.tables import main
from tests.support.small_publication import SYNTHETIC, publish_by_hand

Captured = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def _published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    publish_by_hand(tmp_path, "000001", is_synthetic=False)
    publish_by_hand(tmp_path, "000002")
    monkeypatch.setenv("LCT_DATA_DIR", str(tmp_path))


def test_tables_are_listed_with_their_grain(capsys: Captured) -> None:
    assert main() == 0
    said = capsys.readouterr()
    lines = said.out.splitlines()
    place = lines.index("marts.fct_trade_flow: 4 rows")
    assert lines[place + 1] == "    one row per year, exporter and product: safe to sum."
    assert lines[place + 2] == "marts.fct_world_trade_variants: 2 rows"
    assert "marts.run_choices: 1 row" in lines
    place = lines.index("exports_of(economy): macro")
    assert lines[place + 1 : place + 4] == [
        "    one row per year and product that the economy exports.",
        "half_of(number): macro",
        "    Half of a number.",
    ]
    assert all(cell_len(line) <= 80 for line in lines)
    assert said.err.strip() == SYNTHETIC.strip()


@pytest.mark.parametrize("name", ["marts.fct_trade_flow", "fct_trade_flow"])
def test_a_table_is_described_with_its_caveats_and_columns(name: str, capsys: Captured) -> None:
    assert main(name) == 0
    assert capsys.readouterr().out.splitlines() == [
        "marts.fct_trade_flow: 4 rows",
        "Grain: one row per year, exporter and product: safe to sum.",
        "Only listed products.",
        "",
        "year  INTEGER",
        "exporter_iso3  VARCHAR",
        "product_code  VARCHAR",
        "value_usd  DECIMAL(18,3)",
        "    Value in current US dollars.",
    ]


def test_what_a_publication_leaves_out_is_named(tmp_path: Path, capsys: Captured) -> None:
    path = tmp_path / "publications" / "000002" / "provenance.json"
    provenance = json.loads(path.read_text("utf-8"))
    provenance["withheld"] = [{"table": "marts.fct_world_trade", "publishers": ["comtrade"]}]
    path.write_text(json.dumps(provenance), encoding="utf-8")
    assert main() == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "Left out (LCT_PUBLISH=aggregates; llms.txt says why): marts.fct_world_trade" in said
    assert main(as_json=True) == 0
    assert json.loads(capsys.readouterr().out)["left_out"] == ["marts.fct_world_trade"]


def test_a_macro_is_described_with_what_it_gives(capsys: Captured) -> None:
    assert main("exports_of") == 0
    assert capsys.readouterr().out.splitlines() == [
        "exports_of(economy): macro",
        "Grain: one row per year and product that the economy exports.",
        "doubled is invented.",
        "",
        "year  INTEGER",
        "product_code  VARCHAR",
        "value_usd  DECIMAL(18,3)",
        "    Value in current US dollars.",
        "doubled  DECIMAL(18,3)",
    ]
    assert main("half_of") == 0
    assert capsys.readouterr().out.split("\n", 1)[1].strip() == "Half of a number."


def test_programs_get_the_same(capsys: Captured) -> None:
    assert main(as_json=True) == 0
    listed = json.loads(capsys.readouterr().out)
    assert (listed["publication"], listed["is_synthetic"]) == ("000002", True)
    [flow] = [t for t in listed["tables"] if t["name"] == "marts.fct_trade_flow"]
    assert flow == {
        "name": "marts.fct_trade_flow",
        "rows": 4,
        "grain": "one row per year, exporter and product: safe to sum.",
        "description": "Only listed products.",
    }
    assert [m["call"] for m in listed["macros"]] == ["exports_of(economy)", "half_of(number)"]
    assert main("figure_1", publication="1", as_json=True) == 0
    described = json.loads(capsys.readouterr().out)
    assert (described["publication"], described["is_synthetic"]) == ("000001", False)
    assert described["columns"][0] == {"name": "year", "type": "INTEGER", "description": ""}


def test_a_table_that_is_not_there_is_said_with_those_that_are(capsys: Captured) -> None:
    assert main("marts.trade_flow") == FAILED
    error = capsys.readouterr().err
    assert "Do you mean marts.fct_trade_flow" in error
    assert main("zzzz", as_json=True) == FAILED
    assert "`lct tables` lists" in json.loads(capsys.readouterr().err.splitlines()[-1])["error"]


def test_a_wrong_setting_is_a_status_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LCT_TRADE_BASIS", "mirror")
    assert main() == MISUSED
