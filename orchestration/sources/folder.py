"""SOURCE=files: register the publishers' files found in a folder."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from orchestration.landing.layout import LandingError
from orchestration.landing.manifest import SYNTHETIC, LeftOut, Manifest, read_manifest
from orchestration.landing.publishers import TITLES
from orchestration.landing.reading import is_hidden
from orchestration.landing.registration import register


def fill_from_folder(
    manifest: Manifest,
    folder: Path | None,
    say: Callable[[str], None] = lambda _: None,
    data_folder: Path | None = None,
) -> list[LeftOut]:
    """Land every file below `folder`, in the order of their paths.

    None means the landing zone itself (files dropped there). What lies in `data_folder`, the
    warehouse's own, is never landed from `folder`. Returns what was left out. Raises LandingError
    if the folder is absent, is the warehouse's own or holds nothing usable.
    """
    root = folder if folder is not None else manifest.folder
    own = (data_folder or manifest.folder).resolve()
    if root.is_file():
        raise LandingError(
            f"LANDING={root}: a file. Give the folder it lies in, with nothing else in it that is "
            "not to land."
        )
    if not root.is_dir():
        raise LandingError(
            f"LANDING={root}: no such folder. Give the folder that holds the publishers' files."
        )
    if folder is not None and root.resolve().is_relative_to(own):
        raise LandingError(
            f"LANDING={root}: this is the warehouse's own data folder. Give the folder that holds "
            "the publishers' files, or drop them into the landing zone and leave LANDING out."
        )
    listed = {manifest.folder / f.file for f in manifest.files}

    def belongs_to_zone(path: Path) -> bool:
        """Whether the landing zone itself keeps the file: demo data, the manifest, landed files."""
        return folder is None and (
            SYNTHETIC in path.relative_to(root).parts or manifest.keeps(path) or path in listed
        )

    kept_out = [own] if folder is not None else []
    paths = [p for p in landable_files(root, kept_out) if not belongs_to_zone(p)]
    if not paths and not [f for f in manifest.files if not f.is_synthetic]:
        raise LandingError(
            f"LANDING={root}: the folder is empty. Put files of these publishers there: {TITLES}."
        )
    manifest.is_synthetic = False
    beside = (p for p in paths if p.name == manifest.path.name)
    above = (parent / manifest.path.name for parent in root.resolve().parents)
    demo_checksums = _checksums_of_demo([*beside, *above])
    left_out = register(manifest, paths, "files", say, root=root, demo_checksums=demo_checksums)
    if not manifest.current():
        reasons = "; ".join(x.reason for x in left_out[:3])
        raise LandingError(
            f"LANDING={root}: none of its {len(paths)} files could be used. {reasons}"
        )
    return left_out


def landable_files(root: Path, kept_out: list[Path]) -> list[Path]:
    """The files below `root` in the order of their paths, without hidden ones.

    What lies in a folder of `kept_out` is none of them. A folder that cannot be listed, a link to
    a folder, a link that points nowhere, a pipe and a device stand among them, to be refused by
    name: nothing is passed over.
    """
    found: list[Path] = []

    def cannot_be_listed(error: OSError) -> None:
        if not isinstance(error, FileNotFoundError):
            found.append(Path(error.filename))

    for place, folders, names in os.walk(root, onerror=cannot_be_listed):
        folder = Path(place)
        folders[:] = [
            name
            for name in folders
            if not is_hidden([name]) and (folder / name).resolve() not in kept_out
        ]
        found += [folder / name for name in folders if (folder / name).is_symlink()]
        found += [folder / name for name in names if not is_hidden([name])]
    return sorted(found)


def _checksums_of_demo(manifests: list[Path]) -> frozenset[str]:
    """The checksums of the demo's files in other landing zones: those that hold these manifests.

    A demo that landed before its files were marked is known by them.
    """
    checksums: set[str] = set()
    for path in manifests:
        # one that cannot be read, or another program's, says nothing of the demo
        with suppress(LandingError, OSError):
            checksums |= {f.sha256 for f in read_manifest(path).files if f.is_synthetic}
    return frozenset(checksums)
