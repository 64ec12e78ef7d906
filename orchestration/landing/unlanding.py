"""Unlanding: the one way to take files out of the landing zone, and to put them back.

A file that is taken out is kept in the zone's folder unlanded/. What it superseded is current
again. Its content is remembered: it does not land again by itself, only by being put back.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path, PurePosixPath

from orchestration.landing.entries import FileEntry
from orchestration.landing.layout import LandingError
from orchestration.landing.manifest import Manifest, sha256_of
from orchestration.messages import shown

SHORTEST_CHECKSUM = 6
_NAMED = 5  # so many names in a message

Say = Callable[[str], None]


def unland(manifest: Manifest, wanted: Iterable[str], say: Say = lambda _: None) -> list[str]:
    """Take landed files out of the zone: all that are wanted or, if one is unknown, none.

    A file is named by its path below the zone, its name, or the beginning of its sha256. Returns
    where each is kept from now on, below the zone. Raises LandingError for a name that is unknown,
    with the names that are near, and for one that means several files.
    """
    kept = []
    with manifest.changing(say):
        landed = {f.file: f for f in manifest.files}
        for file in dict.fromkeys(_meant(w, landed, manifest.folder) for w in wanted):
            was_current = {f.sequence for f in manifest.files if f.superseded_by is None}
            is_there = os.path.lexists(manifest.folder / file)
            place = manifest.unland(file).relative_to(manifest.folder).as_posix()
            kept.append(place)
            where = f"kept as {place}" if is_there else "the file itself was no longer there"
            say(f"taken out: {file} ({where})")
            for again in manifest.files:
                if again.superseded_by is None and again.sequence not in was_current:
                    say(f"current again: {again.file}")
    return kept


def put_back(manifest: Manifest, wanted: Iterable[str], say: Say = lambda _: None) -> list[str]:
    """Put files that were taken out back in their old places among the landed.

    They are named as for `unland`, or by where they are kept. Returns their paths below the zone.
    Raises LandingError likewise, and for a file that was changed since or is no longer there.
    """
    back = []
    with manifest.changing(say):
        out = {u.kept_as: u.entry for u in manifest.unlanded}
        chosen = list(dict.fromkeys(_meant(w, out, manifest.folder) for w in wanted))
        for kept_as in chosen:
            path = manifest.folder / kept_as
            if not path.is_file() or path.is_symlink() or sha256_of(path) != out[kept_as].sha256:
                raise LandingError(
                    f"{path}: is no longer there, or has changed since it landed "
                    f"(sha256 {out[kept_as].sha256[:12]}...). Put that file there first."
                )
        for kept_as in chosen:
            back.append(manifest.put_back(kept_as).relative_to(manifest.folder).as_posix())
            say(f"put back: {back[-1]}")
    return back


def _meant(wanted: str, files: dict[str, FileEntry], folder: Path) -> str:
    """The one of `files`, by their paths below the zone, that `wanted` names."""
    below = _below(wanted, folder)
    if below in files:
        return below
    meant = [
        file
        for file, entry in files.items()
        if wanted in (PurePosixPath(file).name, entry.file, entry.name)
        or (len(wanted) >= SHORTEST_CHECKSUM and entry.sha256.startswith(wanted.lower()))
    ]
    if len(meant) == 1:
        return meant[0]
    if meant:
        raise LandingError(
            f"{shown(wanted)} means {len(meant)} files: {_listed(meant)}. "
            "Name one by its path below the landing zone."
        )
    near = list(_near(wanted, files))
    hint = f"Near it are: {_listed(near)}" if near else f"There are: {_listed(list(files))}"
    raise LandingError(
        f"{shown(wanted)}: no such file in the landing zone. {hint if files else 'It is empty'}."
    )


def _below(wanted: str, folder: Path) -> str:
    """A path as a shell completes it, below the zone; any other text as it is."""
    path = Path(os.path.abspath(wanted))
    zone = Path(os.path.abspath(folder))
    return path.relative_to(zone).as_posix() if path.is_relative_to(zone) else wanted


def _near(wanted: str, files: dict[str, FileEntry]) -> Iterator[str]:
    names = {PurePosixPath(file).name: file for file in files}
    name = PurePosixPath(wanted).name
    for near in difflib.get_close_matches(name, names, n=_NAMED, cutoff=0.5):
        yield names[near]


def _listed(files: list[str]) -> str:
    more = f" and {len(files) - _NAMED} more" if len(files) > _NAMED else ""
    return ", ".join(files[:_NAMED]) + more
