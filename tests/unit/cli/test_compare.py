"""`lct compare`: two publications of one data folder, or a copy beside them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import duckdb
import pytest
from rich.cells import cell_len

from orchestration.cli.compare import main
from orchestration.cli.exit_codes import FAILED
from orchestration.publishing.drift import SUBJECTS
from orchestration.publishing.integrity import PROVENANCE, WAREHOUSE
from tests.support.small_publication import SYNTHETIC, publish_by_hand

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The later of two publications: other numbers, from another file, by another commit."""
    monkeypatch.setenv("LCT_DATA_DIR", str(tmp_path))
    for number in ("000001", "000002"):
        folder = publish_by_hand(tmp_path, number)
        provenance = json.loads((folder / PROVENANCE).read_text("utf-8"))
        provenance["git"] = {"commit": number * 6, "has_local_changes": number == "000002"}
        provenance["settings"] = {"price_base_year": 2022 if number == "000001" else 2020}
        provenance["seeds"] = {"sectors": number}
        provenance["sources"][0]["sha256"] = number
        (folder / PROVENANCE).write_text(json.dumps(provenance), encoding="utf-8")
    with duckdb.connect(str(folder / WAREHOUSE)) as connection:
        connection.execute(
            """
            update report.figure_1 set value = 43 where value = 21.5;
            delete from marts.fct_trade_flow where year = 2021;
            create table estimates.claims as select 1 as claim;
            alter table report.table_1 add column technology varchar;
            insert into marts.dim_variable from marts.dim_variable;
            """
        )
    return folder


def test_the_published_one_is_compared_with_the_one_before(later: Path, capsys: Captured) -> None:
    assert main() == 0
    said = capsys.readouterr()
    lines = said.out.splitlines()
    for line in (
        "before           000001, 2026-11-29T05:07:38+00:00, SYNTHETIC",
        "files added      baci: baci/a.csv",
        "settings         price_base_year: 2022 -> 2020",
        "seeds            sectors",
        "git              000001000001 -> 000002000002",
        "                 local changes that are not committed in the one after",
        "report.figure_1                 4           4      0     0        1",
        "    2022 China export share: value 21.5 -> 43 (+100 %)",
        "    gone, first: 2021 CHN",
        "    only in the one after",
        "    columns added: technology",
        "    rows without a key, compared as wholes",
    ):
        assert line in lines, line
    assert "aggregates       not held against the bounds of drift: " in said.out
    assert "gravity coefficients\n                 not held against the bounds" in said.out
    assert all(cell_len(line) <= 80 for line in lines)
    assert said.err.strip() == SYNTHETIC.strip()


def test_programs_get_the_same(later: Path, capsys: Captured) -> None:
    assert main("1", "2", table="figure_1", as_json=True) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["before"]["publication"], found["after"]["publication"]) == ("000001", "000002")
    assert [d["name"] for d in found["made_from"]["named"] if d["part"] == "settings"] == [
        "price_base_year"
    ]
    [table] = found["tables"]
    assert table["largest"][0]["before"] == 21.5
    assert [d["subject"] for d in found["drift"]] == [*SUBJECTS]


def test_a_copy_is_named_by_its_folder(later: Path, tmp_path: Path, capsys: Captured) -> None:
    copy = tmp_path / "last year"
    shutil.copytree(later, copy)
    assert main(str(copy)) == 0
    said = capsys.readouterr().out
    assert "No published number differs." in said
    assert "the same files, settings, seeds, versions and commit" in said


def test_where_there_is_none_before_it_is_said_what_to_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.setenv("LCT_DATA_DIR", str(tmp_path))
    publish_by_hand(tmp_path)
    assert main(as_json=True) == FAILED
    error = json.loads(capsys.readouterr().err)["error"]
    assert error.startswith("No publication before 000001 is kept. Name two:")
