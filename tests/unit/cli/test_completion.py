"""What the Tab key is offered, in the shell's own protocol and by each function."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from orchestration.cli import completion
from orchestration.cli.__main__ import app
from orchestration.landing.manifest import read_manifest
from orchestration.publishing.integrity import PROVENANCE
from orchestration.settings import load_settings
from orchestration.sources.folder import fill_from_folder
from tests.support.publishers_files import baci_rows, write_csv
from tests.support.small_publication import publish_by_hand


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "data"
    for number in ("000001", "000002"):
        published = publish_by_hand(folder, number)
    provenance = json.loads((published / PROVENANCE).read_text("utf-8"))
    provenance["tables"] = {
        "marts.fct_trade_flow": {"rows": 4},
        "report.figure_1": {"rows": 4},
        "report.figure_1_variants": {"rows": 12},
    }
    provenance["files"] = {"tables/table_4.en.csv": {}, "tables/strict/table_5.en.csv": {}}
    (published / PROVENANCE).write_text(json.dumps(provenance), encoding="utf-8")
    monkeypatch.setenv("LCT_DATA_DIR", str(folder))
    return folder


def test_publications_are_offered_with_the_published_one_named(data: Path) -> None:
    assert completion.publications("") == [("000001", ""), ("000002", "published")]
    assert completion.publications("1") == []


def test_tables_are_offered_by_either_name(data: Path) -> None:
    assert completion.tables("marts.") == [("marts.fct_trade_flow", "4 rows")]
    assert completion.tables("figure") == [
        ("figure_1", "4 rows"),
        ("figure_1_variants", "12 rows"),
    ]


def test_exhibits_are_offered_without_their_variants(data: Path) -> None:
    assert completion.exhibits("") == [("figure_1", ""), ("table_4", "")]


def test_landed_files_are_offered(data: Path, tmp_path: Path) -> None:
    (tmp_path / "inbox").mkdir()
    write_csv(tmp_path / "inbox" / "BACI_HS17_Y2021_V202601.csv", baci_rows(2021))
    manifest = read_manifest(load_settings().manifest_path)
    fill_from_folder(manifest, tmp_path / "inbox", lambda _: None)
    assert completion.landed_files("baci/") == [(manifest.files[0].file, "baci")]


@pytest.mark.parametrize("offered", ["publications", "tables", "exhibits", "landed_files"])
def test_where_nothing_is_known_nothing_is_offered(
    offered: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LCT_DATA_DIR", str(tmp_path / "missing"))
    assert getattr(completion, offered)("") == []
    monkeypatch.setenv("LCT_TRADE_BASIS", "mirror")
    assert getattr(completion, offered)("") == []


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("lct comp", "compare"),
        ("lct compare 0", "000001"),
        ("lct tables fct", "fct_trade_flow"),
        ("lct open do", "docs"),
    ],
)
def test_the_shell_is_answered(data: Path, line: str, offered: str) -> None:
    asked = {
        "_LCT_COMPLETE": "complete_bash",
        "COMP_WORDS": line,
        "COMP_CWORD": str(len(line.split()) - 1),
    }
    result = CliRunner().invoke(app, [], prog_name="lct", env=asked)
    assert offered in result.output.split()
