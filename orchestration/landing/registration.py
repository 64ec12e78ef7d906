"""Registration: the one way to add files to the landing zone.

A file is copied into the zone, and the copy is inspected completely, before it is listed in the
manifest: what is checked is what is kept. Whatever is wrong with a file refuses that file alone.
"""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from orchestration.durable import DiskFullError, explaining_full_disk, move_into_place
from orchestration.landing.conversion import Conversion
from orchestration.landing.inspection import inspect_file
from orchestration.landing.layout import (
    EmptyAnswerError,
    LandingError,
    Layout,
    UnknownLayoutError,
    printable,
)
from orchestration.landing.manifest import (
    SYNTHETIC,
    FileEntry,
    LeftOut,
    Manifest,
    TableEntry,
    sha256_of,
    terms_of,
)
from orchestration.landing.publishers import PUBLISHER_OF
from orchestration.landing.synthetic_mark import refusal
from orchestration.memory import bounded_database
from orchestration.progress import counted

# the origin of a service's answers to our own requests
ANSWER = "api"
# the origin of a file that we have downloaded, and that no one else has
DOWNLOAD = "download"
# the zone's folder for a file that is being landed
STAGING = ".staging"
# a file system's 255, with room for what is put before or into a name in the zone
LONGEST_NAME_BYTES = 240
_BLOCK_BYTES = 4 << 20

_LOG = logging.getLogger(__name__)


class TakenOutError(UnknownLayoutError):
    """A file of this content was taken out of the zone: it is skipped, and the rest goes on."""


class ZoneError(LandingError):
    """The landing zone cannot be written: that is no file's fault, and no file can land."""


@dataclass(frozen=True)
class _Arrival:
    """A file on its way into the zone.

    `place` is its path below the folder it is landed from: a newer file of the same place
    supersedes it. `is_only_one` says whether no other file of this registration has its name.
    """

    path: Path
    place: str
    is_only_one: bool
    origin: str
    parameters: dict
    demo_checksums: frozenset[str] = frozenset()

    @property
    def is_synthetic(self) -> bool:
        return self.origin == SYNTHETIC

    @property
    def name(self) -> str:
        return self.path.name

    def supersedes(self, landed: FileEntry) -> bool:
        """Whether `landed` is an older file of the same place."""
        place = landed.parameters.get("place")
        if place is None:  # landed before places were kept: its name tells, where that is clear
            return self.is_only_one and landed.parameters.get("published_name") == self.name
        return place == self.place


@dataclass
class _Checked:
    """A copy in the staging folder that has passed inspection."""

    path: Path
    digest: str
    conversion: Conversion | None = None
    tables: tuple[TableEntry, ...] = ()
    members_left_out: list[str] = field(default_factory=list)


def register(
    manifest: Manifest,
    paths: Iterable[Path],
    origin: str,
    say: Callable[[str], None] = lambda _: None,
    parameters: dict | None = None,
    root: Path | None = None,
    demo_checksums: frozenset[str] = frozenset(),
    place: str | None = None,
) -> list[LeftOut]:
    """Land the files at `paths`: copy each unchanged, inspect it, list it in the manifest.

    A file is identified by its path below `root`, without one by its name, and one that was
    downloaded by `place`, its address. A file that cannot be used is left out with its reason, and
    the rest goes on. Every file is recorded as it lands, under the zone's lock, so that an
    interrupted registration loses nothing, and neither do two at once. A synthetic file lands as
    the demo's only: it is known by its mark and by its checksum, if that is among `demo_checksums`
    or those of the demo's files in the manifest. Returns what was left out. Raises ZoneError if the
    landing zone cannot be written, DiskFullError if it has no space.
    """
    paths = list(paths)
    names = Counter(path.name for path in paths)
    demo_checksums |= {f.sha256 for f in manifest.files if f.is_synthetic}
    left_out: list[LeftOut] = []
    with bounded_database(manifest.raw_folder.parent / "spill") as connection:
        for path in counted(paths, "landing: files") if len(paths) > 1 else paths:
            own = place or (path.relative_to(root).as_posix() if root else path.name)
            is_only_one = names[path.name] == 1
            arrival = _Arrival(path, own, is_only_one, origin, parameters or {}, demo_checksums)
            with manifest.changing(say):
                try:
                    outcome = _register_one(manifest, arrival, connection, say)
                finally:
                    shutil.rmtree(manifest.folder / STAGING, ignore_errors=True)
                    shutil.rmtree(manifest.raw_folder / STAGING, ignore_errors=True)
            if isinstance(outcome, LeftOut):
                left_out.append(outcome)
                say(f"{outcome.status}: {outcome.reason}")
            elif outcome is not None:
                say(f"landed: {outcome.file}  {outcome.rows:,} rows")
                for note in _notes(outcome):
                    say(f"warning: {note}")
    manifest.left_out = left_out
    manifest.write()
    return left_out


def _register_one(
    manifest: Manifest,
    arrival: _Arrival,
    connection: duckdb.DuckDBPyConnection,
    say: Callable[[str], None],
) -> FileEntry | LeftOut | None:
    """Land one file. Here, and only here, everything that one file can cause ends with it."""
    current = [
        f
        for f in manifest.files
        if f.superseded_by is None and f.is_synthetic == arrival.is_synthetic
    ]
    try:
        _refuse_unfit(arrival)
        if known := _known(current, arrival):
            return _landed_before(manifest, known, arrival, say)
        checked = _checked(manifest, arrival, connection)
    except (ZoneError, DiskFullError):
        raise
    except UnknownLayoutError as unknown:
        return _left_out(arrival, "skipped", str(unknown))
    except LandingError as error:
        return _left_out(arrival, "refused", str(error))
    except Exception as error:
        _LOG.exception("unexpected error while %s was inspected", printable(arrival.place))
        return _left_out(
            arrival,
            "refused",
            f"{arrival.name}: unexpected {type(error).__name__} while it was read: {error}. "
            "Land it as published; if it is, this reader must be adapted (the log has more).",
        )
    return _listed(manifest, arrival, current, checked, connection)


def _notes(entry: FileEntry) -> list[str]:
    """What the inspection noted of a file; the client has looked at an answer to our request."""
    if entry.origin == ANSWER:
        return []
    return [
        f"{entry.file}{f'!{table.member}' if table.member else ''}: {note}"
        for table in entry.tables
        for note in table.notes
    ]


def _left_out(arrival: _Arrival, status: str, reason: str) -> LeftOut:
    """What is said of a file that did not land: by its path, where it lay in a folder."""
    if reason.startswith(arrival.name):
        reason = arrival.place + reason.removeprefix(arrival.name)
    return LeftOut(printable(arrival.place), status, printable(reason))


def _refuse_unfit(arrival: _Arrival) -> None:
    """Refuse what has a name that the zone cannot keep or show, and what is no file at all."""
    if arrival.path.exists() and not (arrival.path.is_file() or arrival.path.is_dir()):
        raise LandingError(f"{arrival.name}: no file but a pipe, a socket or a device. Remove it.")
    try:
        size = len(arrival.name.encode())
        arrival.place.encode()
    except UnicodeEncodeError as error:
        raise LandingError(f"{arrival.name}: its name is not UTF-8. Rename it.") from error
    if not arrival.place.isprintable():
        raise LandingError(
            f"{arrival.name}: its name holds a character that cannot be shown. Rename it."
        )
    if size > LONGEST_NAME_BYTES:
        raise LandingError(
            f"{arrival.name}: its name has {size} bytes; {LONGEST_NAME_BYTES} are the most. "
            "Shorten it."
        )


# ---- files that landed before --------------------------------------------------------------------


def _known(current: list[FileEntry], arrival: _Arrival) -> FileEntry | None:
    """The current file of the same content, that of the same place first.

    None for an answer: it lands although an earlier one said the same, to show that nothing
    changed.
    """
    if arrival.origin == ANSWER:
        return None
    try:
        size = arrival.path.stat().st_size
        if not any(f.bytes == size for f in current):
            return None  # a large new file is read once, when it is copied
        digest = sha256_of(arrival.path)
    except OSError as error:
        raise _unreadable(arrival.path, error) from error
    same = [f for f in current if f.sha256 == digest]
    return next((f for f in same if arrival.supersedes(f)), same[0] if same else None)


def _landed_before(
    manifest: Manifest, known: FileEntry, arrival: _Arrival, say: Callable[[str], None]
) -> LeftOut | None:
    """What becomes of a file whose content has landed as `known`.

    Nothing, if it is that very file, which restores what was lost or changed; else it is skipped.
    """
    landed = manifest.folder / known.file
    if not _is_as_landed(landed, known):
        staged, digest = _staged(manifest, arrival)
        if digest == known.sha256:
            _put(staged, landed)
            say(f"restored: {known.file}  it was missing, a link, or changed since it landed")
    name = known.parameters.get("published_name", landed.name)
    place = known.parameters.get("place", arrival.place if name == arrival.name else None)
    if place == arrival.place or landed == arrival.path:
        return None
    return _left_out(
        arrival,
        "skipped",
        f"{arrival.name}: the same content has already landed as {known.file}",
    )


def _is_as_landed(landed: Path, entry: FileEntry) -> bool:
    """Whether the zone still has its own copy of a file, unchanged."""
    if landed.is_symlink() or not landed.is_file():
        return False
    state = landed.stat()
    return (
        state.st_nlink == 1 and state.st_size == entry.bytes and sha256_of(landed) == entry.sha256
    )


def _taken_out(manifest: Manifest, digest: str, origin: str) -> str | None:
    """Why a file of this content does not land: it was taken out, and is remembered as such.

    An answer that was asked for anew lands nevertheless: it is the publisher's word of today.
    """
    for unlanding in manifest.unlanded:
        if unlanding.entry.sha256 == digest and unlanding.entry.is_synthetic == (
            origin == SYNTHETIC
        ):
            return (
                f"it was taken out of the landing zone on {unlanding.at[:10]}; "
                f"`lct unland --undo {unlanding.kept_as}` puts it back"
            )
    return None


# ---- new files -----------------------------------------------------------------------------------


def _checked(
    manifest: Manifest, arrival: _Arrival, connection: duckdb.DuckDBPyConnection
) -> _Checked:
    """A file's copy, inspected. Raises LandingError if it cannot be used."""
    staged, digest = _staged(manifest, arrival)
    conversion = None
    # the many small answers of a service are merged when they are loaded
    if arrival.origin != ANSWER:

        def file_of(layout: Layout) -> str:
            target = _target(manifest, arrival, PUBLISHER_OF[layout.name].name, digest)
            return target.relative_to(manifest.folder).as_posix()

        folder = manifest.raw_folder
        conversion = Conversion(folder, folder / STAGING, manifest.next_sequence(), digest, file_of)
    if not arrival.is_synthetic and digest in arrival.demo_checksums:
        raise LandingError(refusal(arrival.name))
    if arrival.origin != ANSWER and (taken_out := _taken_out(manifest, digest, arrival.origin)):
        raise TakenOutError(f"{arrival.name}: {taken_out}")
    try:
        inspected = inspect_file(staged, connection, arrival.is_synthetic, conversion)
        return _Checked(staged, digest, conversion, *inspected)
    except EmptyAnswerError as empty:
        if arrival.origin != ANSWER:
            raise
        return _Checked(staged, digest, None, (TableEntry(empty.layout, None, 0),))


def _listed(
    manifest: Manifest,
    arrival: _Arrival,
    current: list[FileEntry],
    checked: _Checked,
    connection: duckdb.DuckDBPyConnection,
) -> FileEntry:
    """Give a checked file its place in the zone, and list it in the manifest."""
    tables = checked.tables
    source = PUBLISHER_OF[tables[0].layout].name
    target = _target(manifest, arrival, source, checked.digest)
    size = checked.path.stat().st_size
    _put(checked.path, target)
    if checked.conversion:
        checked.conversion.keep(connection)
    entry = FileEntry(
        file=target.relative_to(manifest.folder).as_posix(),
        source=source,
        origin=arrival.origin,
        parameters={
            "published_name": arrival.name,
            "place": arrival.place,
            **arrival.parameters,
            **({"members_left_out": checked.members_left_out} if checked.members_left_out else {}),
        },
        landed_at=datetime.now(UTC).isoformat(timespec="seconds"),
        bytes=size,
        sha256=checked.digest,
        rows=sum(t.rows for t in tables),
        release=next((t.release for t in tables if t.release), arrival.parameters.get("release")),
        sequence=manifest.next_sequence(),
        tables=tables,
        **terms_of(source, arrival.origin),
    )
    manifest.land(entry, [f for f in current if f.source == source and arrival.supersedes(f)])
    return entry


def _target(manifest: Manifest, arrival: _Arrival, source: str, digest: str) -> Path:
    """Where a file is kept: under its name, or beside another file of that name."""
    folder = manifest.folder / source / (SYNTHETIC if arrival.is_synthetic else "")
    target = folder / arrival.name
    file = target.relative_to(manifest.folder).as_posix()
    is_listed = any(f.file == file and f.sha256 != digest for f in manifest.files)
    if is_listed or (
        os.path.lexists(target)
        and target != arrival.path
        and (not target.is_file() or sha256_of(target) != digest)
    ):
        base, dot, rest = arrival.name.partition(".")
        return folder / f"{base}.{digest[:8]}{dot}{rest}"
    return target


# ---- copies --------------------------------------------------------------------------------------


def _staged(manifest: Manifest, arrival: _Arrival) -> tuple[Path, str]:
    """Copy a file into the zone's staging folder, reading it once: the copy, and its sha256.

    It is a copy, for a link would change with what it points to; but a download of ours, which no
    one else writes to and which may have gigabytes, is not kept twice: its name is removed once it
    has landed, and until then a killed run leaves it whole.
    """
    path, folder, digest = arrival.path, manifest.folder / STAGING, hashlib.sha256()
    staged = folder / path.name
    try:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        if arrival.origin == DOWNLOAD and _is_linked(path, staged):
            return staged, sha256_of(staged)
        with explaining_full_disk(staged, _size(path)), open(staged, "wb") as copy:
            for block in _blocks(path):
                digest.update(block)
                copy.write(block)
    except OSError as error:
        raise _unwritable(manifest.folder, path, error) from error
    return staged, digest.hexdigest()


def _is_linked(path: Path, staged: Path) -> bool:
    """Give a file a second name, where the file system can."""
    try:
        os.link(path, staged)
    except OSError:
        return False
    return True


def _size(path: Path) -> int | None:
    return path.stat().st_size if path.is_file() else None


def _blocks(path: Path) -> Iterator[bytes]:
    try:
        with open(path, "rb") as file:
            while block := file.read(_BLOCK_BYTES):
                yield block
    except OSError as error:
        raise _unreadable(path, error) from error


def _put(staged: Path, target: Path) -> None:
    """Give a staged file its name in the zone, read-only, in one step."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        staged.chmod(0o444)
        with explaining_full_disk(target, _size(staged)):
            move_into_place(staged, target)
    except OSError as error:
        raise _unwritable(target.parent, target, error) from error


def _unreadable(path: Path, error: OSError) -> LandingError:
    if path.is_dir():
        return LandingError(
            f"{path.name}: a folder that cannot be listed, or a link to a folder. "
            "Check its permissions, or put the folder itself there."
        )
    return LandingError(
        f"{path.name}: cannot be read ({error.strerror}). Check the file and its permissions."
    )


def _unwritable(folder: Path, path: Path, error: OSError) -> ZoneError:
    return ZoneError(
        f"{folder}: {path.name} cannot be stored ({error.strerror}). "
        "Allow writing there, then run again: what has landed stays."
    )
