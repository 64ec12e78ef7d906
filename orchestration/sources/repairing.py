"""Where the content of a landed file can be had again: the user's folder, the zone, the demo.

A publisher's service is never asked here: what it says today need not be what it said then.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path

from orchestration.landing.entries import FileEntry
from orchestration.landing.manifest import sha256_of
from orchestration.settings import Settings
from orchestration.sources.live.redaction import is_address
from orchestration.sources.synthetic.landing import write_world
from orchestration.sources.synthetic.world import GENERATOR_VERSION


@contextmanager
def copies(
    settings: Settings, say: Callable[[str], None] = lambda _: None
) -> Iterator[Callable[[FileEntry], Path | None]]:
    """A search for files of the same content as a landed one, for the duration of the block.

    It looks in LANDING, at LCT_BACI, in incoming/ and in the landing zone itself; a file of the
    demo is made again if today's generator is the one that made it.
    """
    with ExitStack() as until_the_end:
        folders = [settings.incoming_dir, settings.landing_dir]
        if settings.landing_folder:
            folders.insert(0, settings.landing_folder)
        folders[:0] = [Path(p).expanduser() for p in settings.baci if not is_address(p)]

        @cache
        def by_size() -> dict[int, list[Path]]:
            return _by_size(folders)

        @cache
        def demo(seed: int, scale: str, rows: int | None) -> dict[int, list[Path]]:
            scratch = tempfile.TemporaryDirectory(dir=settings.data_dir, prefix="verify-")
            folder = Path(until_the_end.enter_context(scratch))
            write_world(folder, seed, scale, say, rows)
            return _by_size([folder])

        def find(entry: FileEntry) -> Path | None:
            found = _of_content(entry, by_size())
            if found is None and _is_of_todays_demo(entry):
                of = entry.parameters
                made = demo(of["seed"], of["scale"], of.get("rows"))
                found = _of_content(entry, made)
            return found

        yield find


def _by_size(places: list[Path]) -> dict[int, list[Path]]:
    sizes: dict[int, list[Path]] = {}
    for place in places:
        for path in [place] if place.is_file() else sorted(place.rglob("*")):
            if path.is_file():
                sizes.setdefault(path.stat().st_size, []).append(path)
    return sizes


def _of_content(entry: FileEntry, sizes: dict[int, list[Path]]) -> Path | None:
    for path in sizes.get(entry.bytes, []):
        try:
            if sha256_of(path) == entry.sha256:
                return path
        except OSError:  # another's file, or gone since: the next one may do
            continue
    return None


def _is_of_todays_demo(entry: FileEntry) -> bool:
    made_by = entry.parameters.get("generator_version")
    return entry.is_synthetic and made_by == GENERATOR_VERSION
