"""What is kept of a landed file, of a table in it, and of a file that did not land: frozen values.

Their form in JSON is the same in the journal and in the manifest.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath

from orchestration.landing.layout import LandingError, Layout
from orchestration.landing.publishers import PUBLISHERS
from orchestration.messages import shown

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

    @property
    def name(self) -> str:
        """What the file is called where it came from; a newer file of the name supersedes it."""
        own = PurePosixPath(self.file).name
        return self.parameters.get("place", self.parameters.get("published_name", own))

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


def file_as_json(entry: FileEntry) -> dict:
    """What the manifest lists of a file; a copy of all below it would take most of the writing."""
    return {**vars(entry), "tables": tuple(vars(table) for table in entry.tables)}


def file_from_json(listed: dict) -> FileEntry:
    """The entry that `listed` describes.

    Raises LandingError if its file would lie outside the landing zone, and KeyError, TypeError or
    ValueError if it is no entry at all.
    """
    tables = tuple(
        TableEntry(
            **{
                **t,
                "years": tuple(t["years"]),
                "notes": tuple(t["notes"]),
                "raw_rows": tuple(t.get("raw_rows", ())),
            }
        )
        for t in listed["tables"]
    )
    # files that landed before the terms were kept have those of today
    terms = terms_of(listed["source"], listed["origin"])
    entry = FileEntry(**{**terms, **listed, "tables": tables})
    check_inside_zone(entry.file)
    if not isinstance(entry.sequence, int) or not isinstance(entry.parameters, dict):
        raise TypeError(f"{shown(entry.file)}: its sequence or its parameters are none")
    return entry


def check_inside_zone(file: str) -> None:
    """Raise LandingError unless `file` is a path below the landing zone, however it is read."""
    path = PurePosixPath(file)
    if path.is_absolute() or ".." in path.parts or not path.parts or "\0" in file:
        raise LandingError(
            f"an entry lies outside the landing zone: {shown(file)}. It is not read."
        )


def terms_of(source: str, origin: str) -> dict[str, str | None]:
    """The licence and the citation of a file of this publisher."""
    if origin == SYNTHETIC:
        return {"licence": SYNTHETIC_LICENCE, "citation": None}
    publisher = PUBLISHERS.get(source)
    return {
        "licence": publisher.licence if publisher else None,
        "citation": publisher.citation if publisher else None,
    }
