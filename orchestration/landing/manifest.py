"""The landing zone's manifest: what has landed, from where, with which checksum and on which terms.

registration.py is the one way to add to it. Landed files are never altered: a newer file of the
same name is stored beside the old one and supersedes it.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from orchestration.durable import write_then_replace
from orchestration.landing.layout import LandingError, Layout
from orchestration.landing.publishers import PUBLISHERS

MANIFEST_VERSION = 1
# the origin of the files of SOURCE=demo, and what stands in the place of a licence for them
SYNTHETIC = "demo"
SYNTHETIC_LICENCE = "no licence needed: every number is invented"


@dataclass(frozen=True)
class TableEntry:
    """A table inside a landed file: its layout, its rows and, for trade, the years it holds.

    `raw_rows` is the number of rows it gives its raw table, for each of `years` or, without years,
    in all; empty for a file that landed before this was counted.
    """

    layout: str
    member: str | None
    rows: int
    years: tuple[int, ...] = ()
    hs_revision: str | None = None
    release: str | None = None
    notes: tuple[str, ...] = ()
    raw_rows: tuple[int, ...] = ()


@dataclass(frozen=True)
class FileEntry:
    """A landed file.

    `file` is its path below the landing zone; `sequence` orders landings: the higher, the newer.
    `licence` and `citation` are its publisher's at the time of landing.
    """

    file: str
    source: str
    origin: str
    parameters: dict
    landed_at: str
    bytes: int
    sha256: str
    rows: int
    release: str | None
    sequence: int
    tables: tuple[TableEntry, ...]
    superseded_by: str | None = None
    licence: str | None = None
    citation: str | None = None

    @property
    def is_synthetic(self) -> bool:
        return self.origin == SYNTHETIC

    @property
    def request_parameters(self) -> dict | None:
        """The parameters of the request that gave this answer, as sent, or None.

        None means that the file does not answer a request of ours whose answers replace older ones.
        """
        return self.parameters.get("asked")

    def years_of(self, layout: Layout) -> set[int]:
        """The years of a layout's rows this file covers.

        They are the years it holds and, for an answer, those that were requested (it may hold
        nothing for them).
        """
        held = {y for t in self.tables if t.layout == layout.name for y in t.years}
        if layout.replacement and self.request_parameters:
            return held | layout.replacement.years(self.request_parameters)
        return held


@dataclass(frozen=True)
class LeftOut:
    """A file that did not land.

    `status` is skipped (nothing is wrong with it) or refused (it is unusable).
    """

    file: str
    status: str
    reason: str


@dataclass
class Manifest:
    """All landed files.

    `is_synthetic` says whether the warehouse is built from the synthetic (demo) or the real files.
    """

    path: Path
    is_synthetic: bool = False
    files: list[FileEntry] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)

    @property
    def folder(self) -> Path:
        return self.path.parent

    def current(self, layout: Layout | None = None) -> list[FileEntry]:
        """The files the warehouse is built from, oldest first.

        They are the synthetic or the real ones that are not superseded.
        """
        chosen = [
            f
            for f in self.files
            if f.superseded_by is None
            and f.is_synthetic == self.is_synthetic
            and (layout is None or any(t.layout == layout.name for t in f.tables))
        ]
        return sorted(chosen, key=lambda f: f.sequence)

    def replayed(self, layout: Layout) -> list[FileEntry]:
        """The files whose rows make up a raw table loaded by year, oldest first.

        They are the current ones and, among a service's answers, the superseded ones too. An answer
        replaces what an older one reported within the scope of its request; the earlier values are
        kept as a revision.
        """
        of_layout = [
            f
            for f in self.files
            if any(t.layout == layout.name for t in f.tables)
            and (f.superseded_by is None or f.request_parameters is not None)
        ]
        return sorted(
            (f for f in of_layout if f.is_synthetic == self.is_synthetic),
            key=lambda f: f.sequence,
        )

    def years(self, layout: Layout) -> set[int]:
        return {y for f in self.current(layout) for y in f.years_of(layout)}

    def terms(self) -> list[dict[str, str | None]]:
        """The publishers of the current files, in order of first landing: licence and citation."""
        newest = {f.source: f for f in self.current()}
        return [
            {
                "source": source,
                "title": PUBLISHERS[source].title if source in PUBLISHERS else source,
                "licence": file.licence,
                "citation": file.citation,
            }
            for source, file in newest.items()
        ]

    def write(self) -> None:
        """Replace the manifest on disk, atomically."""
        self.folder.mkdir(parents=True, exist_ok=True)
        body = {
            "version": MANIFEST_VERSION,
            "world": SYNTHETIC if self.is_synthetic else "real",
            "files": [asdict(f) for f in self.files],
            "left_out": [asdict(x) for x in self.left_out],
        }
        write_then_replace(self.path, json.dumps(body, indent=1, ensure_ascii=False))


def read_manifest(path: Path) -> Manifest:
    """Read the manifest at `path`; an absent one is an empty one.

    Raises LandingError if it is damaged.
    """
    if not path.exists():
        return Manifest(path)
    try:
        body = json.loads(path.read_text(encoding="utf-8"))
        files = [_file_entry(f) for f in body["files"]]
        left_out = [LeftOut(**x) for x in body["left_out"]]
        return Manifest(path, body["world"] == SYNTHETIC, files, left_out)
    except (ValueError, KeyError, TypeError) as error:
        raise LandingError(
            f"{path}: the manifest is damaged ({error}). Remove it and register the files again."
        ) from error


def _file_entry(listed: dict) -> FileEntry:
    tables = tuple(
        TableEntry(**t | {name: tuple(t.get(name, ())) for name in ("years", "notes", "raw_rows")})
        for t in listed["tables"]
    )
    # files that landed before the terms were kept have those of today
    terms = terms_of(listed["source"], listed["origin"])
    return FileEntry(**{**terms, **listed, "tables": tables})


def sha256_of(path: Path) -> str:
    with open(path, "rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def terms_of(source: str, origin: str) -> dict[str, str | None]:
    """The licence and the citation of a file of this publisher."""
    if origin == SYNTHETIC:
        return {"licence": SYNTHETIC_LICENCE, "citation": None}
    publisher = PUBLISHERS.get(source)
    return {
        "licence": publisher.licence if publisher else None,
        "citation": publisher.citation if publisher else None,
    }
