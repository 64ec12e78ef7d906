"""Registration: the one way to add files to the landing zone.

A file is inspected completely before it is stored and listed in the manifest.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable
from dataclasses import replace
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
from orchestration.landing.synthetic_mark import refusal

# the origin of a service's answers to our own requests
ANSWER = "api"


def register(
    manifest: Manifest,
    paths: Iterable[Path],
    origin: str,
    say: Callable[[str], None] = lambda _: None,
    parameters: dict | None = None,
    demo_checksums: frozenset[str] = frozenset(),
) -> list[LeftOut]:
    """Land the files at `paths`: inspect each, store it unchanged, list it in the manifest.

    A file that cannot be used is left out with its reason, and the rest goes on. The manifest is
    written after every file, so that an interrupted registration loses nothing. A synthetic file
    lands as the demo's only: it is known by its mark and by its checksum, if that is among
    `demo_checksums` or those of the demo's files in the manifest. Returns what was left out.
    """
    demo_checksums |= {f.sha256 for f in manifest.files if f.is_synthetic}
    left_out: list[LeftOut] = []
    connection = duckdb.connect()
    connection.execute("set preserve_insertion_order = true")
    try:
        for path in paths:
            outcome = _register_one(
                manifest, path, origin, connection, parameters or {}, demo_checksums
            )
            if isinstance(outcome, LeftOut):
                left_out.append(outcome)
                say(f"{outcome.status}: {outcome.reason}")
            elif outcome is not None:
                manifest.write()
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
    demo_checksums: frozenset[str],
) -> FileEntry | LeftOut | None:
    digest = sha256_of(path)
    if origin != SYNTHETIC and digest in demo_checksums:
        return LeftOut(path.name, "refused", refusal(path.name))
    current = [
        f
        for f in manifest.files
        if f.superseded_by is None and f.is_synthetic == (origin == SYNTHETIC)
    ]
    # an answer with the same content as an earlier one still lands: it shows that nothing changed
    known = next((f for f in current if f.sha256 == digest), None) if origin != ANSWER else None
    if known:
        return _landed_before(manifest, known, path)
    try:
        tables, members_left_out = inspect_file(path, connection, origin == SYNTHETIC)
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
        sequence=1 + max((f.sequence for f in manifest.files), default=0),
        tables=tables,
        **terms_of(source, origin),
    )
    superseded = {
        f.file
        for f in current
        if f.source == source and f.parameters.get("published_name") == path.name
    }
    manifest.files = [
        replace(f, superseded_by=entry.file) if f.file in superseded else f for f in manifest.files
    ] + [entry]
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
