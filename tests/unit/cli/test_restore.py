"""`lct restore` where there is nothing to restore, and with a setting that cannot be used."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestration.cli.restore import main


def test_nothing_to_restore_is_one_sentence_and_a_status(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LCT_DATA_DIR", str(tmp_path))
    assert main("000012") == 1
    assert capsys.readouterr().err == (
        "There is no publication 000012 to restore; kept are: none.\n"
    )


def test_a_setting_that_cannot_be_used_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LCT_TRADE_BASIS", "mirror")
    assert main() == 2
    assert "LCT_TRADE_BASIS='mirror' is not known" in capsys.readouterr().err
