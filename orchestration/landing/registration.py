"""Registration: the one way to add files to the landing zone.

A file is inspected completely before it is stored and listed in the manifest.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from orchestration.durable import move_into_place, partial_path
from orchestration.landing.inspection import inspect_file
from orchestration.landing.layout import EmptyAnswerError, LandingError, UnknownLayoutError
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

# the origin of a service's answers to our own requests
ANSWER = "api"


def register(
    manifest: Manifest,
    paths: Iterable[Path],
    origin: str,
    say: Callable[[str], None] = lambda _: None,
    parameters: dict | None = None,
) -> list[LeftOut]:
    """Land the files at `paths`: inspect each, store it unchanged, list it in the manifest.

    A file that cannot be used is left out with its reason, and the rest goes on. Every file is
    recorded as it lands, under the zone's lock, so that an interrupted registration loses nothing,
    and neither do two at once. Returns what was left out.
    """
    left_out: list[LeftOut] = []
    connection = duckdb.connect()
    connection.execute("set preserve_insertion_order = true")
    try:
        for path in paths:
            with manifest.changing(say):
                outcome = _register_one(manifest, path, origin, connection, parameters or {})
            if isinstance(outcome, LeftOut):
                left_out.append(outcome)
                say(f"{outcome.status}: {outcome.reason}")
            elif outcome is not None:
                say(f"landed: {outcome.file}  {outcome.rows:,} rows")
    finally:
        connection.close()
    manifest.left_out = left_out
    manifest.write()
    return left_out


def _register_one(
    manifest: Manifest,
    path: Path,
    origin: str,
    connection: duckdb.DuckDBPyConnection,
    parameters: dict,
) -> FileEntry | LeftOut | None:
    digest = sha256_of(path)
    current = [
        f
        for f in manifest.files
        if f.superseded_by is None and f.is_synthetic == (origin == SYNTHETIC)
    ]
    # an answer with the same content as an earlier one still lands: it shows that nothing changed
    known = next((f for f in current if f.sha256 == digest), None) if origin != ANSWER else None
    if known:
        return _landed_before(manifest, known, path)
    if origin != ANSWER and (taken_out := _taken_out(manifest, digest, origin)):
        return LeftOut(path.name, "skipped", f"{path.name}: {taken_out}")
    try:
        tables, members_left_out = inspect_file(path, connection)
    except EmptyAnswerError as empty:
        if origin != ANSWER:
            return LeftOut(path.name, "skipped", str(empty))
        tables, members_left_out = (TableEntry(empty.layout, None, 0),), []
    except UnknownLayoutError as unknown:
        return LeftOut(path.name, "skipped", str(unknown))
    except LandingError as error:
        return LeftOut(path.name, "refused", str(error))
    source = PUBLISHER_OF[tables[0].layout].name
    folder = manifest.folder / source / (SYNTHETIC if origin == SYNTHETIC else "")
    target = _stored(path, folder, digest)
    entry = FileEntry(
        file=target.relative_to(manifest.folder).as_posix(),
        source=source,
        origin=origin,
        parameters={
            "published_name": path.name,
            **parameters,
            **({"members_left_out": members_left_out} if members_left_out else {}),
        },
        landed_at=datetime.now(UTC).isoformat(timespec="seconds"),
        bytes=path.stat().st_size,
        sha256=digest,
        rows=sum(t.rows for t in tables),
        release=next((t.release for t in tables if t.release), parameters.get("release")),
        sequence=manifest.next_sequence(),
        tables=tables,
        **terms_of(source, origin),
    )
    superseded = [
        f for f in current if f.source == source and f.parameters.get("published_name") == path.name
    ]
    manifest.land(entry, superseded)
    return entry


def _landed_before(manifest: Manifest, known: FileEntry, path: Path) -> LeftOut | None:
    """What becomes of a file whose content has landed as `known`.

    Nothing, if it is that very file or restores it; under another name it is skipped.
    """
    landed = manifest.folder / known.file
    if not landed.exists():
        _store(path, landed)
        return None
    if known.parameters.get("published_name", landed.name) == path.name or landed == path:
        return None
    return LeftOut(
        path.name,
        "skipped",
        f"{path.name}: the same content has already landed as {known.file}",
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


def _stored(path: Path, folder: Path, digest: str) -> Path:
    """Store a file in `folder`, beside an older one of the same name; return where it is."""
    target = folder / path.name
    if target.exists() and target != path and sha256_of(target) != digest:
        base, dot, rest = path.name.partition(".")
        target = folder / f"{base}.{digest[:8]}{dot}{rest}"
    if target != path:
        _store(path, target)
    return target


def _store(path: Path, target: Path) -> None:
    """Store `path` unchanged at `target`, never half-written.

    It is a hard link where the file system allows, else a copy.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = partial_path(target)
    partial.unlink(missing_ok=True)
    try:
        os.link(path, partial)
    except OSError:
        shutil.copyfile(path, partial)
    move_into_place(partial, target)
