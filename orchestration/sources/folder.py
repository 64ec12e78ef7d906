"""SOURCE=files: register the publishers' files found in a folder."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from orchestration.landing.layout import LandingError
from orchestration.landing.manifest import SYNTHETIC, LeftOut, Manifest, read_manifest
from orchestration.landing.publishers import TITLES
from orchestration.landing.registration import register


def fill_from_folder(
    manifest: Manifest, folder: Path | None, say: Callable[[str], None] = lambda _: None
) -> list[LeftOut]:
    """Land every file below `folder`, in the order of their paths.

    None means the landing zone itself (files dropped there). Returns what was left out.
    Raises LandingError if the folder is absent or holds nothing usable.
    """
    root = folder if folder is not None else manifest.folder
    if not root.is_dir():
        raise LandingError(
            f"LANDING={root}: no such folder. Give the folder that holds the publishers' files."
        )
    listed = {manifest.folder / f.file for f in manifest.files}

    def belongs_to_zone(path: Path) -> bool:
        """Whether the landing zone itself keeps the file: demo data, the manifest, landed files."""
        return folder is None and (
            SYNTHETIC in path.relative_to(root).parts
            or path.name == manifest.path.name
            or path in listed
        )

    paths = sorted(
        p
        for p in root.rglob("*")
        if p.is_file() and not p.name.startswith(".") and not belongs_to_zone(p)
    )
    if not paths and not [f for f in manifest.files if not f.is_synthetic]:
        raise LandingError(
            f"LANDING={root}: the folder is empty. Put files of these publishers there: {TITLES}."
        )
    manifest.is_synthetic = False
    beside = (p for p in paths if p.name == manifest.path.name)
    above = (parent / manifest.path.name for parent in root.resolve().parents)
    demo_checksums = _checksums_of_demo([*beside, *above])
    left_out = register(manifest, paths, "files", say, demo_checksums=demo_checksums)
    if not manifest.current():
        reasons = "; ".join(x.reason for x in left_out[:3])
        raise LandingError(
            f"LANDING={root}: none of its {len(paths)} files could be used. {reasons}"
        )
    return left_out


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
