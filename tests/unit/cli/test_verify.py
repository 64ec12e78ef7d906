"""`lct verify` and `lct unland`: each kind of damage is named, and healed or told how to heal."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import duckdb
import pytest

from orchestration.build import loading, warehouse
from orchestration.cli import unland, verify
from orchestration.landing.layout import LandingError
from orchestration.landing.manifest import Manifest, read_manifest
from orchestration.landing.publishers import LAYOUTS
from orchestration.landing.publishers.comtrade import COMTRADE_TRADE
from orchestration.landing.registration import register
from orchestration.sources.folder import fill_from_folder
from tests.support.publishers_files import comtrade_row, write_csv, write_wdi


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    folder = tmp_path / "inbox"
    folder.mkdir()
    write_csv(folder / "a.csv", [comtrade_row(), comtrade_row(refYear=2021)])
    write_wdi(folder / "WDICSV.csv")
    return folder


@pytest.fixture
def zone(inbox: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Manifest:
    """A data folder whose files have landed and are loaded; the settings name it."""
    for name in [n for n in os.environ if n.startswith("LCT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("LCT_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("LCT_SOURCE", "files")
    monkeypatch.setenv("LCT_LANDING", str(inbox))
    manifest = read_manifest(tmp_path / "data" / "landing" / "manifest.json")
    fill_from_folder(manifest, inbox)
    load(manifest)
    return manifest


def load(manifest: Manifest) -> None:
    with warehouse.writing(build_file(manifest)) as connection:
        for layout in LAYOUTS.values():
            if layout.year_column:
                loading.delete_stale_years(connection, manifest, layout)
                years = sorted(manifest.years(layout))
                loading.load_trade_years(connection, manifest, layout, years)
            else:
                loading.load_whole(connection, manifest, layout)


def build_file(manifest: Manifest) -> Path:
    return manifest.folder.parent / "build" / "warehouse.duckdb"


def verified(capsys: pytest.CaptureFixture[str]) -> tuple[int, dict]:
    capsys.readouterr()
    status = verify.main(as_json=True)
    return status, json.loads(capsys.readouterr().out)


def replace_file(path: Path, content: bytes) -> None:
    path.unlink()
    path.write_bytes(content)


def test_a_healthy_folder_says_so(zone: Manifest, capsys: pytest.CaptureFixture[str]) -> None:
    assert verify.main() == 0
    said = capsys.readouterr().out
    assert "healthy: 2 landed files" in said
    assert "DAMAGED" not in said
    status, found = verified(capsys)
    assert (status, found["is_healthy"], found["damages"], found["files"]) == (0, True, [], 2)


def test_a_folder_in_which_nothing_has_landed_is_healthy_and_stays_empty(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LCT_DATA_DIR", str(tmp_path / "none"))
    assert verified(capsys)[0] == 0
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        ("changed", "has changed since it landed"),
        ("cut", "bytes;"),
        ("gone", "is no longer there"),
        ("folder", "is no regular file"),
        ("link", "is a link"),
    ],
)
def test_a_landed_file_is_restored_from_the_users_folder_and_what_lay_there_is_kept(
    zone: Manifest,
    inbox: Path,
    capsys: pytest.CaptureFixture[str],
    damage: str,
    said: str,
) -> None:
    path = zone.folder / "comtrade" / "a.csv"
    whole = path.read_bytes()
    (inbox / "a.csv").rename(inbox / "of another name.csv")
    replace_file(
        path, {"cut": whole[:-1], "changed": whole.replace(b"2021", b"2020")}.get(damage, b"")
    )
    if damage in ("gone", "folder", "link"):
        path.unlink()
    if damage == "folder":
        path.mkdir()
    if damage == "link":
        path.symlink_to(inbox / "of another name.csv")
    status, found = verified(capsys)
    [healed] = found["damages"]
    assert status == 0
    assert said in healed["what"]
    assert healed["where"] == str(path)
    assert healed["is_healed"]
    assert path.read_bytes() == whole
    assert not path.is_symlink()
    assert path.stat().st_mode & 0o777 == 0o444
    kept = list((zone.folder / "unlanded" / "changed").glob("*"))
    assert len(kept) == (damage in ("changed", "cut", "folder"))
    assert verified(capsys) == (0, found | {"damages": []})


def test_a_landed_file_that_is_nowhere_else_stays_damaged_with_a_remedy(
    zone: Manifest, inbox: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.rmtree(inbox)
    answer = write_csv(zone.folder.parent / "answer.csv", [comtrade_row(refYear=1999)])
    register(zone, [answer], "api", parameters={"question": "china"})
    answer.unlink()
    load(zone)
    for file in ("comtrade/a.csv", "comtrade/answer.csv"):
        replace_file(zone.folder / file, b"x")
    status, found = verified(capsys)
    assert status == 1
    assert [d["is_healed"] for d in found["damages"]] == [False, False]
    assert "make verify LANDING=folder" in found["damages"][0]["remedy"]
    assert (
        "lct unland comtrade/answer.csv, then make run SOURCE=api" in found["damages"][1]["remedy"]
    )
    assert (zone.folder / "comtrade" / "a.csv").read_bytes() == b"x", "nothing is lost"
    assert verify.main() == 1
    assert "2 damages left" in capsys.readouterr().out


def test_a_file_of_the_demo_is_made_again(
    demo_landing: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("LCT_DATA_DIR", str(tmp_path))
    shutil.copytree(demo_landing.parent, tmp_path, dirs_exist_ok=True)
    manifest = read_manifest(tmp_path / "landing" / "manifest.json")
    entry = next(f for f in manifest.current() if f.source == "wdi")
    path = manifest.folder / entry.file
    whole = path.read_bytes()
    replace_file(path, whole[:1000])
    status, found = verified(capsys)
    assert status == 0, found
    assert path.read_bytes() == whole
    assert list(tmp_path.glob("verify-*")) == []


def test_manifest_and_journal_are_rebuilt_from_each_other_or_the_remedy_is_named(
    zone: Manifest, capsys: pytest.CaptureFixture[str]
) -> None:
    for file in (zone.path, zone.journal):
        file.write_text("{")
        status, found = verified(capsys)
        assert (status, [d["is_healed"] for d in found["damages"]]) == (0, [True])
        assert file.name in found["damages"][0]["what"]
        assert verified(capsys)[1]["damages"] == []
    zone.path.write_text("{")
    zone.journal.unlink()
    status, found = verified(capsys)
    assert status == 1
    assert "Lost are the order" in found["damages"][0]["what"]
    assert "back from a backup" in found["damages"][0]["what"]
    assert zone.path.read_text() == "{", "nothing is guessed"


def test_raw_tables_that_differ_from_the_manifest_are_named(
    zone: Manifest, capsys: pytest.CaptureFixture[str]
) -> None:
    with duckdb.connect(str(build_file(zone))) as connection:
        [(path,)] = connection.execute(
            "select path from raw.parquet_files where trade_year = 2021"
        ).fetchall()
        connection.execute(
            f"copy (select * from read_parquet('{path}') where false) to '{path}' (format parquet)"
        )
        connection.execute(
            "update raw.loaded_partitions set fingerprint = 'x' where partition_key = '2022'"
        )
    status, found = verified(capsys)
    assert status == 1
    assert [d["what"] for d in found["damages"]] == [
        "raw.comtrade_trade 2021: holds 0 rows; 1 were loaded",
        "raw.comtrade_trade 2022: was loaded from other files than the manifest lists now",
        f"raw.comtrade_trade: {Path(path).name} of year=2021 is not as it was written",
    ]
    build_file(zone).write_bytes(b"no database" * 1000)
    status, found = verified(capsys)
    assert status == 1
    assert "cannot be read" in found["damages"][0]["what"]


def test_a_publication_that_cannot_be_read_is_named(
    zone: Manifest, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = zone.folder.parent / "published"
    folder.mkdir()
    (folder / "provenance.json").write_text("{")
    status, found = verified(capsys)
    assert status == 1
    assert [d["where"] for d in found["damages"]] == [str(folder)]
    assert "make restore" in found["damages"][0]["remedy"]


def test_a_file_that_waits_in_the_zone_is_a_note_and_no_damage(
    zone: Manifest, capsys: pytest.CaptureFixture[str]
) -> None:
    write_csv(zone.folder / "comtrade" / "dropped.csv", [comtrade_row(refYear=2000)])
    status, found = verified(capsys)
    assert status == 0
    assert "comtrade/dropped.csv: lies in the landing zone and has not landed" in found["notes"]


# ---- unland --------------------------------------------------------------------------------------


def test_the_next_run_drops_the_rows_of_a_file_that_was_taken_out(
    zone: Manifest, inbox: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert unland.main(["a.csv"]) == 0
    assert "taken out: comtrade/a.csv (kept as unlanded/comtrade/a.csv)" in capsys.readouterr().out
    again = read_manifest(zone.path)
    [left_out] = fill_from_folder(again, inbox)
    assert "lct unland --undo" in left_out.reason
    assert [f.source for f in again.current()] == ["wdi"]
    load(again)
    with duckdb.connect(str(build_file(zone)), read_only=True) as connection:
        assert connection.execute("select count(*) from raw.comtrade_trade").fetchall() == [(0,)]
    assert verified(capsys)[0] == 0
    assert unland.main(["a.csv"], is_undone=True, as_json=True) == 0
    assert json.loads(capsys.readouterr().out)["put_back"] == ["comtrade/a.csv"]
    assert read_manifest(zone.path).files == zone.files


def test_files_that_were_taken_out_do_not_land_from_the_zone_itself(zone: Manifest) -> None:
    assert unland.main(["a.csv"]) == 0
    again = read_manifest(zone.path)
    assert fill_from_folder(again, None) == []
    assert [f.source for f in again.current()] == ["wdi"]


def test_a_file_that_is_unknown_is_one_sentence_and_a_status(
    zone: Manifest, capsys: pytest.CaptureFixture[str]
) -> None:
    assert unland.main(["b.csv"]) == 1
    assert "Near it are: comtrade/a.csv" in capsys.readouterr().err
    assert unland.main(["b.csv"], as_json=True) == 1
    assert "no such file" in json.loads(capsys.readouterr().err)["error"]


def test_a_landed_file_that_became_a_link_is_not_loaded(
    zone: Manifest, inbox: Path, tmp_path: Path
) -> None:
    path = zone.folder / "comtrade" / "a.csv"
    path.unlink()
    path.symlink_to(inbox / "a.csv")
    shutil.rmtree(zone.raw_folder)
    with (
        warehouse.writing(tmp_path / "w.duckdb") as connection,
        pytest.raises(LandingError, match="is a link, not a landed file"),
    ):
        loading.load_trade_years(connection, zone, COMTRADE_TRADE, [2022])
