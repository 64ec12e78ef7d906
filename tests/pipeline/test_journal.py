"""The whole pipeline on a landing zone whose manifest was damaged: the facts stay as they were."""

from __future__ import annotations

import csv
import gzip
import json
from pathlib import Path

import duckdb
import pytest

from orchestration.landing.manifest import read_manifest
from orchestration.landing.registration import register
from orchestration.settings import Settings, load_settings
from tests.support.runs import FinishedRun, corner_of, environment_of, run_pipeline

FACTS = "select * from marts.fct_trade_flow_variants order by all"


def facts(settings: Settings) -> list[tuple]:
    with duckdb.connect(
        str(settings.published_dir / "warehouse.duckdb"), read_only=True
    ) as connection:
        return connection.execute(FACTS).fetchall()


def test_superseded_answers_do_not_come_back_when_the_manifest_is_damaged(
    corner_run: FinishedRun, demo_landing: Path, tmp_path: Path
) -> None:
    """An answer 34 times too high was superseded by its correction before the manifest broke.

    The first run on the damaged manifest rebuilds it and publishes the facts of the correction;
    with the journal gone too, a run stops and verification names the remedy.
    """
    corner = corner_of(demo_landing, tmp_path / "corner")
    environment = environment_of(tmp_path / "data", "files", corner)
    settings = load_settings(environment)
    manifest = read_manifest(settings.manifest_path)
    [trade] = corner.glob("*_A_HS_2022*")
    with gzip.open(trade, "rt", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    asked = {
        "period": "2022",
        "flowCode": "M,X",
        "reporterCode": ",".join(sorted({r["reporterCode"] for r in rows})),
        "cmdCode": ",".join(sorted({r["cmdCode"] for r in rows})),
    }
    for factor, name in ((34, "first"), (1, "second")):
        folder = tmp_path / name
        folder.mkdir()
        with gzip.open(folder / trade.name, "wt", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            for row in rows:
                value = float(row["primaryValue"]) * factor
                writer.writerow(row | {"primaryValue": f"{value:.3f}"})
        recorded = {"question": "china", "asked": asked, "releases": {}}
        assert register(manifest, [folder / trade.name], "api", parameters=recorded) == []
    trade.unlink()
    assert [f.superseded_by is None for f in manifest.files] == [False, True]

    settings.manifest_path.write_bytes(settings.manifest_path.read_bytes()[:-100])
    done = run_pipeline(environment)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "rebuilt from journal.jsonl" in done.stdout
    published = facts(settings)
    assert published == facts(corner_run.settings)
    assert published
    assert read_manifest(settings.manifest_path).files[:2] == manifest.files
    assert json.loads(settings.manifest_path.read_text())["version"] == 2

    settings.manifest_path.unlink()
    settings.manifest_path.with_name("journal.jsonl").unlink()
    done = run_pipeline(environment)
    assert done.returncode == 1
    assert "Lost are the order in which files landed" in done.stdout
    assert facts(settings) == published, "the publication stays in place"


def test_verify_finds_a_finished_run_healthy_in_seconds(
    finished_corner: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from orchestration.cli import verify

    monkeypatch.setenv("LCT_DATA_DIR", str(finished_corner.data_dir))
    monkeypatch.setenv("LCT_SOURCE", "files")
    assert verify.main(as_json=True) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["damages"] == []
    assert found["notes"] == []
    assert found["files"] >= 3
