"""Backups: whole while a refresh runs, checked on the way in and on the way back."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path

import pytest

from orchestration import backup as module
from orchestration.backup import LISTED, RECOVERED, Backup, BackupError, back_up, recover
from orchestration.cli import backup as backup_command
from orchestration.cli import recover as recover_command
from orchestration.durable import file_lock, point_link
from orchestration.landing.manifest import LOCK, Manifest, read_manifest
from orchestration.landing.unlanding import put_back, unland
from orchestration.landing.verification import verify_zone
from orchestration.publishing.integrity import (
    PROVENANCE,
    WAREHOUSE,
    remove_publication,
    seal,
    verify_publication,
)
from orchestration.settings import Settings, load_settings
from orchestration.sources.folder import fill_from_folder
from tests.support.publishers_files import baci_rows, write_csv
from tests.support.small_publication import publish_by_hand

YEARS = (2019, 2020, 2021)


class Data:
    """A data folder and a folder to land files from."""

    def __init__(self, folder: Path) -> None:
        self.settings = load_settings({"LCT_DATA_DIR": str(folder / "data")})
        self.inbox = folder / "inbox"

    @property
    def manifest(self) -> Manifest:
        return read_manifest(self.settings.manifest_path)

    def land(self, year: int) -> None:
        write_csv(self.inbox / f"BACI_HS17_Y{year}_V202601.csv", baci_rows(year))
        fill_from_folder(self.manifest, self.inbox, lambda _: None)

    def publish(self, number: str) -> Path:
        folder = publish_by_hand(self.settings.data_dir, number)
        provenance = json.loads((folder / PROVENANCE).read_text("utf-8"))
        (folder / PROVENANCE).unlink()
        seal(folder, provenance)
        return folder

    def recovered(self, source: Path, name: str = "again") -> Settings:
        settings = replace(self.settings, data_dir=self.settings.data_dir.parent / name)
        recover(settings, source)
        return settings


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three landed files and two sealed publications."""
    folder = tmp_path_factory.mktemp("filled")
    data = Data(folder)
    data.inbox.mkdir()
    for year in YEARS:
        data.land(year)
    for number in ("000001", "000002"):
        data.publish(number)
    return folder


@pytest.fixture
def data(filled: Path, tmp_path: Path) -> Data:
    """A copy to do things to."""
    shutil.copytree(filled, tmp_path, symlinks=True, dirs_exist_ok=True)
    return Data(tmp_path)


@pytest.fixture
def to(tmp_path: Path) -> Path:
    return tmp_path / "backups"


def landed(settings: Settings) -> list[str]:
    manifest = read_manifest(settings.manifest_path)
    findings = verify_zone(settings.manifest_path, lambda _: None)
    assert findings.damages == []
    return sorted(Path(f.file).name for f in manifest.files)


@pytest.fixture
def _a_second_between(monkeypatch: pytest.MonkeyPatch) -> None:
    """Backups are named by the second."""
    seconds = iter(range(60))

    class Clock:
        @staticmethod
        def now(zone: timezone) -> datetime:
            return datetime(2026, 11, 29, 5, 0, next(seconds), tzinfo=zone)

    monkeypatch.setattr(module, "datetime", Clock)


def test_what_is_backed_up_is_recovered_to_the_byte(data: Data, to: Path) -> None:
    made = back_up(data.settings, to)
    assert made.not_in_it == []
    assert made.published == "000002"
    again = data.recovered(to)
    assert landed(again) == [f"BACI_HS17_Y{year}_V202601.csv" for year in YEARS]
    for place in ("landing/journal.jsonl", "landing/manifest.json"):
        assert (again.data_dir / place).read_bytes() == (
            data.settings.data_dir / place
        ).read_bytes()
    assert again.published_dir.resolve().name == "000002"
    for number in ("000001", "000002"):
        assert verify_publication(again.data_dir / "publications" / number) == []
    folder = again.data_dir / "publications" / "000001"
    assert oct(folder.stat().st_mode)[-3:] == "555"
    assert oct((folder / WAREHOUSE).stat().st_mode)[-3:] == "444"
    assert not (again.data_dir / RECOVERED).exists()


def test_a_restored_publication_is_the_published_one_of_the_backup(data: Data, to: Path) -> None:
    point_link(data.settings.published_dir, Path("publications/000001"))
    back_up(data.settings, to)
    assert data.recovered(to).published_dir.resolve().name == "000001"


@pytest.mark.usefixtures("_a_second_between")
def test_the_next_backup_takes_room_for_what_is_new_only(data: Data, to: Path) -> None:
    first = back_up(data.settings, to)
    data.land(2022)
    second = back_up(data.settings, to)
    assert second.bytes > first.bytes
    new = [f for f in data.manifest.files if "2022" in f.file]
    state = ("landing/journal.jsonl", "landing/manifest.json")
    assert second.copied_bytes == new[0].bytes + sum(second.files[s]["bytes"] for s in state)
    file = f"landing/{data.manifest.files[0].file}"
    assert (first.folder / file).samefile(second.folder / file)
    shutil.rmtree(first.folder)
    assert len(landed(data.recovered(to))) == 4, "each backup is whole without the others"


@pytest.mark.usefixtures("_a_second_between")
def test_where_files_cannot_be_linked_they_are_copied(
    data: Data, to: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = back_up(data.settings, to)

    def no_links(*_: object) -> None:
        raise OSError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", no_links)
    assert back_up(data.settings, to).copied_bytes == first.bytes


@pytest.mark.usefixtures("_a_second_between")
def test_old_backups_are_deleted_only_if_asked_for(data: Data, to: Path) -> None:
    made = [back_up(data.settings, to) for _ in range(3)]
    assert [b.folder.exists() for b in made] == [True, True, True]
    newest = back_up(data.settings, to, keep=2)
    assert [b.folder.exists() for b in made] == [False, False, True]
    assert newest.folder.exists()


# ---- while a refresh runs ------------------------------------------------------------------------


def meanwhile(monkeypatch: pytest.MonkeyPatch, part: str, happens: Callable[[], object]) -> None:
    """Once, just before a file whose path holds `part` is copied, something `happens`."""
    copied, pending = module._copied, [happens]

    def copying(source: Path, target: Path) -> tuple[int, str]:
        if part in str(source) and pending:
            pending.pop()()
        return copied(source, target)

    monkeypatch.setattr(module, "_copied", copying)


def test_files_that_land_meanwhile_are_not_in_a_backup_and_break_nothing(
    data: Data, to: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    meanwhile(monkeypatch, "Y2019", lambda: data.land(2022))
    assert back_up(data.settings, to).not_in_it == []
    assert len(landed(data.settings)) == 4
    assert len(landed(data.recovered(to))) == 3


def test_a_file_that_is_taken_out_meanwhile_is_where_the_journal_of_the_backup_has_it(
    data: Data, to: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "BACI_HS17_Y2020_V202601.csv"
    meanwhile(monkeypatch, "Y2019", lambda: unland(data.manifest, [name]))
    assert back_up(data.settings, to).not_in_it == []
    assert len(landed(data.settings)) == 2
    assert len(landed(data.recovered(to))) == 3
    again = read_manifest(data.settings.manifest_path)
    meanwhile(monkeypatch, "Y2019", lambda: put_back(again, [name]))
    other = to.with_name("others")
    assert back_up(data.settings, other).not_in_it == []
    recovered = data.recovered(other, "third")
    assert len(landed(recovered)) == 2
    assert len(read_manifest(recovered.manifest_path).unlanded) == 1


def test_publications_that_come_and_go_meanwhile_leave_a_whole_one(
    data: Data, to: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refresh() -> None:
        data.publish("000003")
        remove_publication(data.settings.data_dir / "publications" / "000001")

    meanwhile(monkeypatch, f"000001/{WAREHOUSE}", refresh)
    made = back_up(data.settings, to)
    assert (made.published, made.not_in_it) == ("000003", [])
    again = data.recovered(to)
    assert sorted(os.listdir(again.data_dir / "publications")) == ["000002", "000003"]


def test_a_backup_waits_for_the_zone_and_for_another_backup_only(
    data: Data, to: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The writer's lock, which a refresh holds for minutes, is not needed."""
    with file_lock(data.settings.build_path.with_name("writer.lock")):
        back_up(data.settings, to)
    monkeypatch.setattr(module, "file_lock", lambda path, say: file_lock(path, say, 0.1))
    said: list[str] = []
    with file_lock(to / ".backup.lock"), pytest.raises(module.ExplainedError, match="still in"):
        back_up(data.settings, to, said.append)
    assert (data.settings.landing_dir / LOCK).exists()


# ---- damage --------------------------------------------------------------------------------------


def change(path: Path, size: int | None = None) -> None:
    path.chmod(0o644)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content[:size]))


def test_what_is_damaged_in_the_data_folder_is_named_and_the_rest_backed_up(
    data: Data, to: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second, _ = data.manifest.files
    change(data.settings.landing_dir / first.file)
    (data.settings.landing_dir / second.file).unlink()
    change(data.settings.data_dir / "publications" / "000001" / WAREHOUSE)
    monkeypatch.setenv("LCT_DATA_DIR", str(data.settings.data_dir))
    assert backup_command.main(to, as_json=True) == 1
    found = json.loads(capsys.readouterr().out)
    assert len(found["not_in_it"]) == 3
    assert f"landing/{first.file} is damaged: lct verify heals it" in found["not_in_it"]
    assert f"landing/{second.file} is no longer there: lct verify" in found["not_in_it"]
    assert backup_command.main(to.with_name("others")) == 1
    assert "NOT IN IT: publication 000001 is damaged" in capsys.readouterr().out
    again = data.recovered(to)
    assert sorted(os.listdir(again.data_dir / "publications")) == ["000002"]


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda made: change(made.folder / "landing/journal.jsonl"), "is damaged"),
        (lambda made: (made.folder / "landing/journal.jsonl").unlink(), "is gone"),
        (lambda made: change(made.folder / LISTED), "(cannot be read|has been changed)"),
        (lambda made: (made.folder / LISTED).write_text("[]"), "cannot be read"),
        (lambda made: listed_elsewhere(made, "../x"), "no place in it"),
        (lambda made: listed_elsewhere(made, "/tmp/x"), "no place in it"),
    ],
)
def test_a_damaged_backup_is_not_put_back(
    data: Data, to: Path, damage: Callable[[Backup], object], said: str
) -> None:
    made = back_up(data.settings, to)
    damage(made)
    settings = replace(data.settings, data_dir=to.with_name("again"))
    with pytest.raises(BackupError, match=said):
        recover(settings, made.folder)
    assert not settings.landing_dir.exists()
    assert not settings.published_dir.is_symlink()


def listed_elsewhere(made: Backup, place: str) -> None:
    made.files[place] = made.files["landing/journal.jsonl"]
    (made.folder / LISTED).write_text(json.dumps(made.as_json()), encoding="utf-8")


def test_a_backup_of_a_newer_version_is_refused(
    data: Data, to: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BACKUP_VERSION", 2)
    back_up(data.settings, to)
    monkeypatch.setattr(module, "BACKUP_VERSION", 1)
    with pytest.raises(BackupError, match="newer one has made it: update the program"):
        data.recovered(to)


def test_a_recovery_that_was_interrupted_is_begun_again(
    data: Data, to: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    back_up(data.settings, to)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(module, "point_link", killed)
        with pytest.raises(KeyboardInterrupt):
            data.recovered(to)
    assert len(landed(data.recovered(to))) == 3


def test_a_folder_in_use_is_never_written_over(data: Data, to: Path) -> None:
    back_up(data.settings, to)
    with pytest.raises(BackupError, match="never put over it"):
        recover(data.settings, to)


def test_places_that_cannot_be_used_are_named(
    data: Data, to: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for place in (data.settings.data_dir, data.settings.data_dir / "backups", tmp_path):
        with pytest.raises(BackupError, match="cannot lie within each other"):
            back_up(data.settings, place)
    with pytest.raises(BackupError, match="is no folder"):
        back_up(data.settings, next(data.inbox.iterdir()))
    with pytest.raises(BackupError, match="nothing to back up"):
        back_up(replace(data.settings, data_dir=tmp_path / "empty"), to)
    to.mkdir()
    with pytest.raises(BackupError, match="there is no backup"):
        recover(replace(data.settings, data_dir=tmp_path / "empty"), to)


def test_the_commands_tell_people_and_programs(
    data: Data,
    to: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("LCT_DATA_DIR", str(data.settings.data_dir))
    assert backup_command.main(to) == 0
    assert "published is 000002" in capsys.readouterr().out
    monkeypatch.setenv("LCT_DATA_DIR", str(tmp_path / "again"))
    assert recover_command.main(to) == 0
    assert "all as backed up" in capsys.readouterr().out
    assert recover_command.main(to, as_json=True) == 1
    assert "is there already" in json.loads(capsys.readouterr().err)["error"]
    monkeypatch.setenv("LCT_DATA_DIR", str(tmp_path / "third"))
    assert recover_command.main(to, as_json=True) == 0
    assert json.loads(capsys.readouterr().out)["published"] == "000002"
