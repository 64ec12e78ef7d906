"""`lct status`: what is published, what waits, and what failed last."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from rich.cells import cell_len

from orchestration.cli.exit_codes import FAILED, MISUSED
from orchestration.cli.status import main
from orchestration.durable import DiskFullError, point_link
from orchestration.landing.manifest import read_manifest
from orchestration.publishing.integrity import PROVENANCE
from orchestration.settings import Settings, load_settings
from orchestration.sources.folder import fill_from_folder
from orchestration.sources.live.pending_plan import PendingPlan, plan_path
from orchestration.sources.live.plan import Request
from tests.support.publishers_files import baci_rows, write_csv
from tests.support.small_publication import publish_by_hand

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("LCT_DATA_DIR", str(tmp_path / "data"))
    return load_settings()


def status(capsys: Captured) -> dict[str, Any]:
    assert main(as_json=True) == 0
    return json.loads(capsys.readouterr().out)


def test_an_empty_data_folder_has_a_state_too(settings: Settings, capsys: Captured) -> None:
    assert main() == 0
    lines = capsys.readouterr().out.splitlines()
    assert "published        nothing yet: lct run" in lines
    assert "waiting          nothing" in lines
    assert status(capsys)["published"] is None
    assert not settings.data_dir.exists(), "looking changes nothing"


def test_what_is_published_is_told(settings: Settings, capsys: Captured) -> None:
    publish_by_hand(settings.data_dir)
    published = status(capsys)["published"]
    assert published["publication"] == published["newest_kept"] == "000001"
    assert published["is_synthetic"] is True
    assert published["newest_years"] == {
        "UN Comtrade annual": 2023,
        "BACI": 2022,
        "World Development Indicators": 2021,
    }
    assert (published["files"], published["rows"]) == (1, 3)
    assert main() == 0
    said = capsys.readouterr()
    assert "000001, 2026-11-29T05:07:38+00:00, SYNTHETIC, every number" in said.out
    assert all(cell_len(line) <= 80 for line in said.out.splitlines()[1:])
    assert said.err.startswith("SYNTHETIC")


def test_an_earlier_publication_that_was_restored_is_told(
    settings: Settings, capsys: Captured
) -> None:
    publish_by_hand(settings.data_dir, "000001", is_synthetic=False)
    publish_by_hand(settings.data_dir, "000002", is_synthetic=False)
    point_link(settings.published_dir, Path("publications/000001"))
    assert main() == 0
    said = capsys.readouterr()
    assert "not the newest: 000002 was published after it" in said.out
    assert "real data" in said.out
    assert said.err == ""


def test_what_waits_is_counted(settings: Settings, tmp_path: Path, capsys: Captured) -> None:
    folder = publish_by_hand(settings.data_dir)
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    for year in (2021, 2022):
        write_csv(inbox / f"BACI_HS17_Y{year}_V202601.csv", baci_rows(year))
    write_csv(inbox / "BACI_HS17_Y2020_V202601.csv", [baci_rows(2020)[0] | {"v": "much"}])
    manifest = read_manifest(settings.manifest_path)
    fill_from_folder(manifest, inbox, lambda _: None)
    first, second = manifest.current()
    provenance = json.loads((folder / PROVENANCE).read_text(encoding="utf-8"))
    provenance["sources"].append(
        provenance["sources"][0] | {"file": first.file, "sha256": first.sha256}
    )
    (folder / PROVENANCE).write_text(json.dumps(provenance), encoding="utf-8")
    waiting = status(capsys)["waiting"]
    assert waiting["landed_not_published"] == [second.file]
    assert waiting["published_since_taken_out"] == ["baci/a.csv"]
    assert len(waiting["refused"]) == 1
    assert main() == 0
    said = capsys.readouterr().out
    assert "1 file landed, not published: lct run" in said
    assert "1 file published, taken out since: lct run" in said
    assert "Y2020" in said


def test_requests_that_are_left_are_counted(settings: Settings, capsys: Captured) -> None:
    requests = [
        Request("trial", (156,), (), (year,), ("M", "X"), ("850720",)) for year in (2021, 2022)
    ]
    pending = PendingPlan(plan_path(settings), "2026-11-29", (), 100, {}, requests, 5)
    pending.write()
    assert status(capsys)["waiting"]["requests"] == 2
    assert main() == 0
    assert "2 requests to UN Comtrade: lct run --source api" in capsys.readouterr().out


def test_the_last_failure_is_told_in_our_words(settings: Settings, capsys: Captured) -> None:
    settings.dagster_home.mkdir(parents=True)
    is_full = [True]

    @dg.op
    def fill() -> None:
        if is_full:
            raise DiskFullError("the disk is full. Free space and run again.")

    @dg.job
    def refresh() -> None:
        fill()

    with dg.DagsterInstance.from_config(str(settings.dagster_home)) as instance:
        refresh.execute_in_process(instance=instance, raise_on_error=False)
    failure = status(capsys)["last_failure"]
    assert (failure["job"], failure["succeeded_since"]) == ("refresh", False)
    assert failure["steps"] == {"fill": "the disk is full. Free space and run again."}
    is_full.clear()
    with dg.DagsterInstance.from_config(str(settings.dagster_home)) as instance:
        assert refresh.execute_in_process(instance=instance).success
    assert main() == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "; a later one succeeded fill: the disk is full." in said


def test_a_damaged_provenance_is_said_with_a_remedy(settings: Settings, capsys: Captured) -> None:
    (publish_by_hand(settings.data_dir) / PROVENANCE).write_text("{", encoding="utf-8")
    assert main(as_json=True) == FAILED
    assert "`lct verify`" in json.loads(capsys.readouterr().err.splitlines()[-1])["error"]


def test_a_wrong_setting_is_a_status_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LCT_TRADE_BASIS", "mirror")
    assert main() == MISUSED
