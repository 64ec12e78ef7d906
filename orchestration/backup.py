"""Backups of a data folder, also while a refresh runs, and the way back from one.

In a backup is what cannot be made again: the landing zone, with its journal, and the publications
that are kept. What is built from them, and Dagster's history, is not. Each backup is a folder of
its own, whole and readable by itself; a file that the backup before it has already is a link to
that, so that it takes no more room.

Only the zone's lock is taken, for the moment in which journal, manifest and the names of the files
are read: landed files and publications are never altered, so a refresh goes on meanwhile.
Publications are copied first: what they were made from has landed by the time the zone is read.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from orchestration.build import warehouse
from orchestration.durable import (
    explaining_full_disk,
    file_lock,
    flush_to_disk,
    partial_path,
    point_link,
)
from orchestration.errors import ExplainedError
from orchestration.landing.manifest import Manifest, read_manifest, sha256_of
from orchestration.landing.reading import is_hidden
from orchestration.messages import shown
from orchestration.progress import counted
from orchestration.publishing.integrity import (
    OWN_CHECKSUM,
    READ_ONLY_FOLDER,
    UNLISTED,
    checksum_of_the_rest,
    files_of,
    remove_publication,
    verify_publication,
)
from orchestration.publishing.reading import kept_publications
from orchestration.settings import Settings

# raise it when a program of today could not read a backup of then
BACKUP_VERSION = 1
LISTED = "backup.json"
LANDING, PUBLICATIONS, PUBLISHED = "landing", "publications", "published"
PACKAGE = "low-carbon-trade-warehouse"
ANOTHER = "Take another backup."
CHUNK = 1 << 20
RECOVERED = ".part-recovered"
# what file systems without links of this kind say
NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.EXDEV, errno.EMLINK)

Say = Callable[[str], None]


class BackupError(ExplainedError):
    """A backup cannot be made there, is damaged, or cannot be put back. The message says why."""


class _DamagedError(Exception):
    """A file is not what it is recorded to be."""


@dataclass
class Backup:
    """A backup: its folder, its files by their places in the data folder, and what it lacks.

    `files` have bytes and sha256; `copied_bytes` is what was not there from the backup before.
    `not_in_it` names what was damaged or gone in the data folder, a sentence each.
    """

    folder: Path
    made_at: str
    published: str | None = None
    files: dict[str, dict[str, Any]] = field(default_factory=dict)
    not_in_it: list[str] = field(default_factory=list)
    copied_bytes: int = 0

    @property
    def bytes(self) -> int:
        return sum(listed["bytes"] for listed in self.files.values())

    def as_json(self) -> dict[str, Any]:
        body = {
            "version": BACKUP_VERSION,
            "made_at": self.made_at,
            "made_by": f"{PACKAGE} {version(PACKAGE)}",
            "published": self.published,
            "files": self.files,
            "not_in_it": self.not_in_it,
        }
        return body | {OWN_CHECKSUM: checksum_of_the_rest(body)}


# ---- backing up ----------------------------------------------------------------------------------


def back_up(
    settings: Settings, to: Path, say: Say = lambda _: None, keep: int | None = None
) -> Backup:
    """Make a backup of the data folder in a new folder below `to`, named by the time.

    Every file is checked against its record while it is copied. With `keep`, older backups than
    the newest so many are deleted at the end. Raises BackupError if there is nothing to back up, or
    `to` is no place for it; DiskFullError if there is no room.
    """
    _refuse_place(settings, to)
    now = datetime.now(UTC)
    folder = to / now.strftime("%Y-%m-%dT%H%M%SZ")
    to.mkdir(parents=True, exist_ok=True)
    with file_lock(to / ".backup.lock", say):
        for leftover in to.glob(".part-*"):
            remove_publication(leftover)
        if folder.exists():
            raise BackupError(f"{folder}: a backup of this second is there already.")
        partial = partial_path(folder)
        backup = Backup(partial, now.isoformat(timespec="seconds"))
        with explaining_full_disk(partial):
            copying = _Copying(settings, backup, _newest(to), say)
            copying.publications()
            copying.zone()
            _write_list(backup)
        flush_to_disk(partial)
        os.rename(partial, folder)
        backup.folder = folder
        for old in _backups(to)[: -keep or None] if keep else []:
            remove_publication(old)
    return backup


def _refuse_place(settings: Settings, to: Path) -> None:
    data, place = settings.data_dir.resolve(), to.resolve()
    if place.is_relative_to(data) or data.is_relative_to(place):
        raise BackupError(
            f"{to}: the backup and the data folder {settings.data_dir} cannot lie within each "
            "other. Name a folder elsewhere, best on another disk."
        )
    if to.exists() and not to.is_dir():
        raise BackupError(f"{to}: is no folder. Name one; it is created where it is missing.")
    if not settings.manifest_path.exists() and not kept_publications(settings):
        raise BackupError(
            f"{settings.data_dir}: nothing has landed and nothing is published there, so there is "
            "nothing to back up. Name the data folder in LCT_DATA_DIR."
        )


@dataclass
class _Copying:
    """What is copied from a data folder into a backup, beside the backup before it, if any."""

    settings: Settings
    backup: Backup
    before: Backup | None
    say: Say

    def publications(self) -> None:
        """All publications that are kept, and which of them is published.

        One that a refresh removes meanwhile is left out; the published one is then a newer one.
        """
        copied: set[str] = set()
        while new := [n for n in kept_publications(self.settings) if n not in copied]:
            for number in counted(new, "backup: publications"):
                copied.add(number)
                self._publication(number)
        published = self.settings.published_dir.resolve().name
        if any(name.startswith(f"{PUBLICATIONS}/{published}/") for name in self.backup.files):
            self.backup.published = published

    def _publication(self, number: str) -> None:
        folder, place = self.settings.data_dir / PUBLICATIONS / number, f"{PUBLICATIONS}/{number}"
        damages = [d for d in verify_publication(folder) if d.what != UNLISTED]
        if not damages:
            try:
                for name, path in files_of(folder).items():
                    self._copy(path, f"{place}/{name}")
                return
            except FileNotFoundError:
                self._drop(place)
        if folder.exists():  # else a newer one has been published, and this one removed
            self.backup.not_in_it.append(f"publication {number} is damaged: {damages[0]}")

    def _drop(self, place: str) -> None:
        """Take out of the backup what has been copied below `place`."""
        shutil.rmtree(self.backup.folder / place, ignore_errors=True)
        for name in [n for n in self.backup.files if n.startswith(f"{place}/")]:
            del self.backup.files[name]

    def zone(self) -> None:
        """The landing zone as it is at one moment: journal and manifest, and all its files."""
        zone = self.settings.landing_dir
        if not zone.exists():
            return
        manifest = read_manifest(self.settings.manifest_path, self.say)
        with manifest.changing(self.say):
            of_zone = (manifest.path, manifest.journal)
            records = {path: path.read_bytes() for path in of_zone if path.exists()}
            files = [p for p in _files_below(zone) if p not in records]
            recorded = {f.file: f.sha256 for f in manifest.files}
            recorded |= {u.kept_as: u.entry.sha256 for u in manifest.unlanded}
        for file in sorted(set(recorded) - {_place_in(zone, path) for path in files}):
            self.backup.not_in_it.append(f"{LANDING}/{file} is no longer there: lct verify")
        for path, content in records.items():
            self._write(f"{LANDING}/{path.name}", content)
        for path in counted(files, "backup: landed files"):
            self._landed(path, _place_in(zone, path), recorded)

    def _landed(self, path: Path, file: str, recorded: dict[str, str]) -> None:
        try:
            try:
                self._copy(path, f"{LANDING}/{file}", recorded.get(file))
            except FileNotFoundError:  # taken out, or put back, since the zone was read
                moved = self._moved(recorded.get(file))
                self._copy(moved or path, f"{LANDING}/{file}", recorded.get(file))
        except (_DamagedError, OSError) as error:
            if isinstance(error, OSError) and error.errno not in (errno.ENOENT, errno.EIO):
                raise
            self.backup.not_in_it.append(f"{LANDING}/{file} is damaged: lct verify heals it")

    def _moved(self, sha256: str | None) -> Path | None:
        """Where a file of this content is in the zone by now."""
        manifest: Manifest = read_manifest(self.settings.manifest_path)
        places = [(f.file, f.sha256) for f in manifest.files]
        places += [(u.kept_as, u.entry.sha256) for u in manifest.unlanded]
        found = (manifest.folder / place for place, digest in places if digest == sha256)
        return next((path for path in found if path.exists()), None)

    def _write(self, place: str, content: bytes) -> None:
        target = self._target(place)
        target.write_bytes(content)
        self._list(place, len(content), hashlib.sha256(content).hexdigest())
        self.backup.copied_bytes += len(content)

    def _copy(self, source: Path, place: str, sha256: str | None = None) -> None:
        """Copy a file, or link the same one of the backup before.

        `sha256` is what is recorded of it. Raises _DamagedError if it is not that.
        """
        target = self._target(place)
        kept = self.before.files.get(place) if self.before else None
        if (
            kept
            and kept["bytes"] == source.stat().st_size
            and kept["sha256"] == (sha256 or sha256_of(source))
            and self._link(place, target)
        ):
            self._list(place, kept["bytes"], kept["sha256"])
            return
        size, digest = _copied(source, target)
        if sha256 not in (None, digest):
            target.unlink()
            raise _DamagedError
        self._list(place, size, digest)
        self.backup.copied_bytes += size

    def _link(self, place: str, target: Path) -> bool:
        assert self.before is not None
        try:
            os.link(self.before.folder / place, target)
        except OSError as error:
            if error.errno not in (*NO_LINKS, errno.ENOENT):
                raise
            return False
        return True

    def _target(self, place: str) -> Path:
        target = self.backup.folder / place
        target.parent.mkdir(parents=True, exist_ok=True)
        return target

    def _list(self, place: str, size: int, sha256: str) -> None:
        self.backup.files[place] = {"bytes": size, "sha256": sha256}


def _copied(source: Path, target: Path) -> tuple[int, str]:
    """Copy a file with its mode and times. Returns its bytes and their checksum."""
    size, digest = 0, hashlib.sha256()
    with open(source, "rb") as reader, open(target, "wb") as writer:
        while chunk := reader.read(CHUNK):
            writer.write(chunk)
            digest.update(chunk)
            size += len(chunk)
    shutil.copystat(source, target)
    return size, digest.hexdigest()


def _files_below(folder: Path) -> list[Path]:
    """The files below a folder but for hidden ones, which are locks and parts of files."""
    return [
        path
        for path in sorted(folder.rglob("*"))
        if path.is_file()
        and not path.is_symlink()
        and not is_hidden(list(path.relative_to(folder).parts))
    ]


def _place_in(zone: Path, path: Path) -> str:
    return path.relative_to(zone).as_posix()


def _write_list(backup: Backup) -> None:
    backup.folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(backup.as_json(), indent=1, ensure_ascii=False)
    (backup.folder / LISTED).write_text(text, encoding="utf-8")


def _backups(to: Path) -> list[Path]:
    """The whole backups below a folder, the oldest first."""
    return sorted(path.parent for path in to.glob(f"[0-9]*/{LISTED}"))


def _newest(to: Path) -> Backup | None:
    """The newest backup below a folder that can be read, for its files to be linked."""
    for folder in reversed(_backups(to)):
        try:
            return read_backup(folder)
        except BackupError:
            continue
    return None


# ---- recovering ----------------------------------------------------------------------------------


def read_backup(folder: Path) -> Backup:
    """The backup in a folder. Raises BackupError if its list is damaged, or of a newer version."""
    path = folder / LISTED
    try:
        body = json.loads(path.read_text(encoding="utf-8"))
        if body["version"] > BACKUP_VERSION:
            raise BackupError(
                f"{path}: of version {shown(body['version'])}; this program knows "
                f"{BACKUP_VERSION}. A newer one has made it: update the program."
            )
        if body[OWN_CHECKSUM] != checksum_of_the_rest(body):
            raise BackupError(f"{path}: has been changed (its own checksum differs). {ANOTHER}")
        return Backup(folder, body["made_at"], body["published"], body["files"], body["not_in_it"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BackupError(f"{path}: cannot be read ({type(error).__name__}). {ANOTHER}") from error


def recover(settings: Settings, source: Path, say: Say = lambda _: None) -> Backup:
    """Put a backup back into the data folder that the settings name, which must hold none of it.

    `source` is the folder of one backup, or that of all, of which the newest is taken. Every file
    is checked against the backup's list before the first one is in place; the landing zone comes
    last, so that what is interrupted can be begun again. Raises BackupError if anything is damaged
    or the data folder is in use; DiskFullError if there is no room.
    """
    backup = read_backup(_one_of(source))
    data, partial = settings.data_dir, settings.data_dir / RECOVERED
    _refuse_used(settings, partial)
    data.mkdir(parents=True, exist_ok=True)
    with warehouse.exclusive(settings.build_path, say), explaining_full_disk(partial, backup.bytes):
        if partial.exists():  # of one that was interrupted
            for leftover in (partial, data / PUBLICATIONS):
                if leftover.exists():
                    remove_publication(leftover)
            (data / PUBLISHED).unlink(missing_ok=True)
        partial.mkdir()
        _copy_back(backup, partial)
        read_manifest(partial / LANDING / settings.manifest_path.name, say)
        flush_to_disk(partial)
        for name in (PUBLICATIONS, LANDING):
            if (partial / name).exists():
                os.rename(partial / name, data / name)
            if name == PUBLICATIONS and backup.published:
                _seal_again(data / PUBLICATIONS)
                point_link(data / PUBLISHED, Path(PUBLICATIONS) / backup.published)
        partial.rmdir()
    return backup


def _one_of(source: Path) -> Path:
    if (source / LISTED).exists():
        return source
    backups = _backups(source)
    if not backups:
        raise BackupError(
            f"{source}: there is no backup. Name the folder of one, or the folder that "
            "`lct backup` was given."
        )
    return backups[-1]


def _refuse_used(settings: Settings, partial: Path) -> None:
    places = (settings.landing_dir, settings.data_dir / PUBLICATIONS, settings.published_dir)
    used = [p for p in places if p.is_symlink() or (p.is_dir() and any(p.iterdir()))]
    if used and (settings.landing_dir in used or not partial.exists()):
        raise BackupError(
            f"{used[0]}: is there already, and a backup is never put over it. Move the data folder "
            "away, or name another in LCT_DATA_DIR."
        )


def _copy_back(backup: Backup, folder: Path) -> None:
    """Copy all files of a backup, each checked. Raises BackupError if one is damaged or gone."""
    for place, listed in counted(list(backup.files.items()), "recovery: files"):
        target = folder / place
        if not target.resolve().is_relative_to(folder.resolve()):
            raise BackupError(f"{backup.folder / LISTED}: {shown(place)} is no place in it.")
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            size, digest = _copied(backup.folder / place, target)
        except FileNotFoundError:
            raise BackupError(f"{backup.folder / place}: is gone. {ANOTHER}") from None
        if (size, digest) != (listed["bytes"], listed["sha256"]):
            raise BackupError(f"{backup.folder / place}: is damaged. {ANOTHER}")


def _seal_again(publications: Path) -> None:
    """The folders of publications are read-only, as they were published."""
    for path in publications.glob("*/**"):
        path.chmod(READ_ONLY_FOLDER)
