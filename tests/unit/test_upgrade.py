"""Data folders of earlier versions in the hands of this one: read, gone on with, and kept.

tests/support/data_folders has what each version wrote, to the byte: the landing zone and the
provenance of a publication, for 0.1.0 also the list of a backup of its zone. A format that changes
gets a folder more there; none of these is ever written again.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from orchestration.backup import LISTED, recover
from orchestration.build import loading, warehouse
from orchestration.cli import compare, status, tables
from orchestration.landing.journal import read_journal
from orchestration.landing.manifest import read_manifest
from orchestration.landing.publishers import LAYOUTS
from orchestration.landing.publishers.baci import BACI_TRADE
from orchestration.landing.unlanding import put_back
from orchestration.landing.verification import verify_zone
from orchestration.publishing.integrity import (
    PROVENANCE,
    UNLISTED,
    seal,
    verify_publication,
)
from orchestration.publishing.publication import restore
from orchestration.settings import Settings, load_settings
from orchestration.sources.folder import fill_from_folder
from tests.support.publishers_files import baci_rows, write_csv
from tests.support.small_publication import publish_by_hand

FOLDERS = Path(__file__).parents[1] / "support" / "data_folders"
VERSIONS = sorted(folder.name for folder in FOLDERS.iterdir())
WITHOUT_A_JOURNAL, WITH_A_JOURNAL = "before_the_journal", "0.1.0"


def data_folder_of(version: str, data: Path) -> Settings:
    """A copy of the data folder of a version, with the publication that its provenance is of."""
    shutil.copytree(FOLDERS / version / "landing", data / "landing")
    for kept in (FOLDERS / version / "publications").iterdir():
        publish(kept, data)
    return load_settings({"LCT_DATA_DIR": str(data)})


def publish(kept: Path, data: Path) -> None:
    """What a version published: without checksums before 0.1.0, sealed since."""
    folder = publish_by_hand(data, kept.name, is_synthetic=False)
    shutil.copy(kept / PROVENANCE, folder / PROVENANCE)
    provenance = json.loads((folder / PROVENANCE).read_text("utf-8"))
    if "seeds" in provenance:
        (folder / PROVENANCE).unlink()
        seal(folder, provenance)


@pytest.fixture(params=VERSIONS)
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    return data_folder_of(request.param, tmp_path / "data")


def test_there_is_a_folder_of_every_format() -> None:
    assert sorted([WITHOUT_A_JOURNAL, WITH_A_JOURNAL]) == VERSIONS
    assert not (FOLDERS / WITHOUT_A_JOURNAL / "landing" / "journal.jsonl").exists()


# ---- the landing zone ----------------------------------------------------------------------------


def test_what_has_landed_is_known_and_whole(settings: Settings) -> None:
    manifest = read_manifest(settings.manifest_path)
    current = [f.file for f in manifest.current(BACI_TRADE)]
    assert "baci/BACI_HS17_Y2022_V202501.4e78a86f.csv" in current
    assert "baci/BACI_HS17_Y2022_V202501.csv" not in current, "it was superseded then"
    damages = verify_zone(settings.manifest_path, lambda _: None).damages
    assert [d.what for d in damages if not d.is_healed] == []


def test_a_zone_of_a_version_with_a_journal_is_left_as_it_is(tmp_path: Path) -> None:
    settings = data_folder_of(WITH_A_JOURNAL, tmp_path)
    names = ("journal.jsonl", "manifest.json")
    before = [(settings.landing_dir / name).read_bytes() for name in names]
    assert verify_zone(settings.manifest_path, lambda _: None).damages == []
    with read_manifest(settings.manifest_path).changing():
        pass
    assert [(settings.landing_dir / name).read_bytes() for name in names] == before


def test_landing_goes_on(settings: Settings, tmp_path: Path) -> None:
    """A newer file of a name supersedes the one that an earlier version landed."""
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    write_csv(inbox / "BACI_HS17_Y2022_V202501.csv", baci_rows(2022))
    write_csv(inbox / "BACI_HS17_Y2023_V202501.csv", baci_rows(2023))
    before = read_manifest(settings.manifest_path)
    fill_from_folder(read_manifest(settings.manifest_path), inbox, lambda _: None)
    manifest = read_manifest(settings.manifest_path)
    assert [f.sequence for f in manifest.files][-2:] == [4, 5]
    assert {f.file for f in before.files} < {f.file for f in manifest.files}
    of_2022 = [f for f in manifest.files if "Y2022" in f.file]
    assert [f.superseded_by for f in of_2022] == [of_2022[1].file, of_2022[2].file, None]
    journal = read_journal(manifest.journal)
    assert journal.damaged_line is None
    assert journal.events[0]["event"] == "opened"
    assert verify_zone(settings.manifest_path, lambda _: None).damages == []


def test_a_file_that_was_taken_out_is_put_back(tmp_path: Path) -> None:
    settings = data_folder_of(WITH_A_JOURNAL, tmp_path)
    assert put_back(read_manifest(settings.manifest_path), ["BACI_HS17_Y2021_V202501.csv"]) == [
        "baci/BACI_HS17_Y2021_V202501.csv"
    ]
    assert len(read_manifest(settings.manifest_path).files) == 3


# ---- publications --------------------------------------------------------------------------------


def test_a_publication_is_told_described_and_verified(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LCT_DATA_DIR", str(settings.data_dir))
    assert status.main(as_json=True) == 0
    told = json.loads(capsys.readouterr().out)["published"]
    assert told["publication"] == settings.published_dir.resolve().name
    assert told["is_synthetic"] is False
    assert tables.main("figure_1") == 0
    damages = verify_publication(settings.published_dir)
    assert [d.what for d in damages] in ([], [UNLISTED])


def test_publications_of_two_versions_are_compared_and_restored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = data_folder_of(WITHOUT_A_JOURNAL, tmp_path)
    for kept in (FOLDERS / WITH_A_JOURNAL / "publications").iterdir():
        publish(kept, settings.data_dir)
    monkeypatch.setenv("LCT_DATA_DIR", str(settings.data_dir))
    assert compare.main(as_json=True) == 0
    found = json.loads(capsys.readouterr().out)
    named = {(d["part"], d["name"]) for d in found["made_from"]["named"]}
    assert ("settings", "hs_treatment") in named
    assert ("git", "commit") in named
    assert restore(settings).name == "000001"


# ---- the build file ------------------------------------------------------------------------------


def test_a_build_file_of_an_earlier_version_is_loaded_again(tmp_path: Path) -> None:
    """Then trade was a table of its own and layers had no fingerprint."""
    settings = data_folder_of(WITHOUT_A_JOURNAL, tmp_path)
    settings.build_path.parent.mkdir()
    with duckdb.connect(str(settings.build_path)) as connection:
        connection.execute(
            """
            create schema raw; create schema operations;
            create table raw.baci_trade (t smallint, k varchar, landed_file varchar);
            insert into raw.baci_trade values (2021, '850760', 'gone.csv');
            create table raw.wdi_economies (country_code varchar, landed_file varchar);
            insert into raw.wdi_economies values ('CHN', 'gone.csv');
            create table raw.loaded_partitions (
                table_name varchar, partition_key varchar, fingerprint varchar, row_count bigint
            );
            insert into raw.loaded_partitions values
                ('baci_trade', '2021', 'then', 1), ('wdi_economies', 'all', 'then', 1);
            create table operations.completed_layers (
                layer varchar, completed_at timestamp, detail varchar
            );
            insert into operations.completed_layers values ('models', current_timestamp, '{}');
            """
        )
    manifest = read_manifest(settings.manifest_path)
    with warehouse.writing(settings.build_path) as connection:
        assert warehouse.completed(connection) == set()
        loading.load_trade_years(connection, manifest, BACI_TRADE, [2021, 2022])
        rows = connection.execute(
            "select trade_year, k, cast(v as double) from raw.baci_trade order by all"
        ).fetchall()
        economies = connection.execute("select count(*) from raw.wdi_economies").fetchall()
    assert rows == [
        (2021, "850760", 1000.125),
        (2021, "854140", 12.0),
        (2022, "850760", 7.0),
        (2022, "850760", 1600.0),
    ]
    assert economies == [(0,)]


def test_a_build_file_of_this_version_keeps_its_rows(tmp_path: Path) -> None:
    whole = [layout.name for layout in LAYOUTS.values() if not layout.year_column]
    path = tmp_path / "build" / "warehouse.duckdb"
    with warehouse.writing(path) as connection:
        for name in whole:
            connection.execute(f"insert into raw.{name} (landed_file) values ('a.csv')")
        warehouse.complete(connection, "models")
    with warehouse.writing(path) as connection:
        assert warehouse.completed(connection) == {"models"}
        for name in whole:
            assert connection.execute(f"select count(*) from raw.{name}").fetchall() == [(1,)]


# ---- backups -------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", [v for v in VERSIONS if (FOLDERS / v / LISTED).exists()])
def test_a_backup_of_an_earlier_version_is_recovered(version: str, tmp_path: Path) -> None:
    settings = replace(load_settings({}), data_dir=tmp_path / "again")
    recover(settings, FOLDERS / version)
    assert verify_zone(settings.manifest_path, lambda _: None).damages == []
    assert len(read_manifest(settings.manifest_path).files) == 2
