"""Verification of the landing zone: landed files against the manifest, that against the journal.

What is damaged is named. A file that changed or is gone is repaired from a copy of the same content
where there is one; what lies in its place is kept. manifest.json and journal.jsonl are rebuilt from
each other.
"""

from __future__ import annotations

import os
import shutil
import stat
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from orchestration.durable import move_into_place, partial_path
from orchestration.landing.entries import FileEntry
from orchestration.landing.journal import flush_folder
from orchestration.landing.layout import LandingError
from orchestration.landing.manifest import (
    UNLANDED,
    Manifest,
    damages_of,
    read_manifest,
    sha256_of,
)
from orchestration.landing.publishers import PUBLISHERS
from orchestration.messages import shown

CHANGED = f"{UNLANDED}/changed"  # where what lay in a landed file's place is kept
_SAY_EVERY_SECONDS = 2.0

Say = Callable[[str], None]
# a file of the same content as a landed one, or None where there is none
FindAgain = Callable[[FileEntry], Path | None]


@dataclass(frozen=True)
class Damage:
    """Something that is not as it was recorded: where, what, and how it was healed or can be."""

    where: str
    what: str
    is_healed: bool
    remedy: str


@dataclass
class Findings:
    """What a verification has looked at, and found."""

    files: int = 0
    bytes: int = 0
    damages: list[Damage] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def verify_zone(path: Path, find_again: FindAgain, say: Say = lambda _: None) -> Findings:
    """Check the landing zone of the manifest at `path`, and heal what can be healed.

    `find_again` looks for the content of a landed file elsewhere; `say` is told the progress.
    """
    findings = Findings()
    try:
        words = damages_of(path)
        manifest = read_manifest(path)
        if words or manifest.files or manifest.unlanded:
            with manifest.changing(say):
                pass  # the first thing done under the lock is to repair the two
    except LandingError as error:
        findings.damages.append(
            Damage(str(path), str(error), False, "it cannot be healed from what is here")
        )
        return findings
    findings.damages += [Damage(str(path), word, True, "rebuilt") for word in words]
    landed = {f.file: f for f in manifest.files}
    findings.files, findings.bytes = len(landed), sum(f.bytes for f in landed.values())
    for entry in _with_progress(list(landed.values()), findings.bytes, say):
        what = damage_of(manifest, entry)
        if what is not None:
            findings.damages.append(_healed(manifest, entry, what, find_again))
    findings.notes += _not_landed(manifest, set(landed))
    return findings


def damage_of(manifest: Manifest, entry: FileEntry) -> str | None:
    """What is wrong with a landed file, or None."""
    path = manifest.folder / entry.file
    try:
        state = path.lstat()
        manifest.path_of(entry)
        if not stat.S_ISREG(state.st_mode):
            return "is no regular file"
        if state.st_size != entry.bytes:
            return f"has {state.st_size:,} bytes; {entry.bytes:,} landed"
        if sha256_of(path) != entry.sha256:
            return "has changed since it landed (its sha256 differs from the manifest)"
    except FileNotFoundError:
        return "is no longer there"
    except LandingError:
        return "is a link, not a landed file"
    except OSError as error:
        return f"cannot be read ({error.strerror})"
    return None


def _healed(manifest: Manifest, entry: FileEntry, what: str, find_again: FindAgain) -> Damage:
    path = manifest.folder / entry.file
    copy = find_again(entry)
    if copy is None:
        return Damage(str(path), what, False, remedy_for(entry))
    if path.parent.resolve() != (manifest.folder.resolve() / entry.file).parent:
        return Damage(
            str(path), what, False, f"replace the link {path.parent} by a folder, then verify again"
        )
    try:
        with manifest.changing():
            _restore(manifest, entry, copy)
    except OSError as error:
        return Damage(str(path), f"{what}; {error.strerror}", False, remedy_for(entry))
    return Damage(str(path), what, True, f"restored from {copy}")


def _restore(manifest: Manifest, entry: FileEntry, copy: Path) -> None:
    """Store a copy in the place of a landed file; what is there is kept, unless it is a link."""
    path = manifest.folder / entry.file
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = partial_path(path)
    partial.unlink(missing_ok=True)
    shutil.copyfile(copy, partial)
    if sha256_of(partial) != entry.sha256:
        partial.unlink()
        raise OSError(0, f"the copy {copy} changed while it was read")
    partial.chmod(0o444)
    if path.is_symlink():
        path.unlink()
    elif path.exists():
        kept = manifest.folder / CHANGED / f"{time.time_ns()}-{path.name}"
        kept.parent.mkdir(parents=True, exist_ok=True)
        os.rename(path, kept)
    move_into_place(partial, path)
    flush_folder(path.parent)


def remedy_for(entry: FileEntry) -> str:
    """How to have a landed file again whose content is nowhere at hand."""
    if entry.origin == "api":
        return f"lct unland {entry.file}, then make run SOURCE=api, which asks for it again"
    if entry.is_synthetic:
        return "another version of the demo made it: make run makes today's"
    return (
        f"give the folder that holds {shown(entry.name)} as it landed: make verify LANDING=folder; "
        f"or take it out: lct unland {entry.file}"
    )


def _with_progress(entries: list[FileEntry], total: int, say: Say) -> Iterator[FileEntry]:
    done, said = 0, time.monotonic()
    for entry in entries:
        yield entry
        done += entry.bytes
        if time.monotonic() - said > _SAY_EVERY_SECONDS:
            said = time.monotonic()
            say(f"{done / 1e9:.1f} of {total / 1e9:.1f} GB checked")


def _not_landed(manifest: Manifest, landed: set[str]) -> list[str]:
    """Files that wait in the zone's folders and are listed nowhere: they are no damage."""
    waiting = [
        path.relative_to(manifest.folder).as_posix()
        for publisher in PUBLISHERS
        for path in sorted((manifest.folder / publisher).rglob("*"))
        if path.is_file() and not path.name.startswith(".")
    ]
    unlisted = [file for file in waiting if file not in landed]
    return [f"{file}: lies in the landing zone and has not landed" for file in unlisted]
