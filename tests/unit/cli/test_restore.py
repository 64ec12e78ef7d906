"""`lct restore` where there is nothing to restore, and with a setting that cannot be used."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from orchestration.cli.restore import main
from orchestration.publishing.integrity import PROVENANCE, seal
from tests.support.small_publication import publish_by_hand


def test_nothing_to_restore_is_one_sentence_and_a_status(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LCT_DATA_DIR", str(tmp_path))
    assert main("000012") == 1
    assert capsys.readouterr().err == (
        "There is no publication 000012 to restore; kept are: none.\n"
    )


def test_programs_are_told_in_json(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LCT_DATA_DIR", str(tmp_path))
    assert main(as_json=True) == 1
    error = json.loads(capsys.readouterr().err)["error"]
    assert error.startswith("There is no publication before the current one")


def test_an_earlier_publication_takes_the_place_of_the_current(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LCT_DATA_DIR", str(tmp_path))
    for number in ("000001", "000002", "000003"):
        folder = publish_by_hand(tmp_path, number)
        provenance = json.loads((folder / PROVENANCE).read_text("utf-8"))
        (folder / PROVENANCE).unlink()
        seal(folder, provenance)
    assert main(as_json=True) == 0
    assert json.loads(capsys.readouterr().out) == {"published": "000002"}
    assert main("000001") == 0
    assert "published is now 000001" in capsys.readouterr().out
    assert (tmp_path / "published").resolve().name == "000001"


def test_a_setting_that_cannot_be_used_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LCT_TRADE_BASIS", "mirror")
    assert main() == 2
    assert "LCT_TRADE_BASIS='mirror' is not known" in capsys.readouterr().err
