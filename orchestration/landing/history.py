"""What the events of the journal amount to: which files have landed, and which supersedes which.

Supersession goes from one landing to the next of the same name and is recorded once, when the newer
file lands. A file that is taken out is passed over: what it superseded is current again, or is
superseded by what superseded it. Put back, it takes its old place.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime

from orchestration.landing.entries import (
    SYNTHETIC,
    FileEntry,
    LeftOut,
    check_inside_zone,
    file_as_json,
    file_from_json,
)
from orchestration.landing.layout import LandingError
from orchestration.messages import shown


class NewerVersionError(LandingError):
    """A newer version of this program has written what is to be read."""


@dataclass(frozen=True)
class Unlanding:
    """A landed file that was taken out of the zone: when, and where it is kept since."""

    entry: FileEntry
    at: str
    kept_as: str


@dataclass
class History:
    """The landing zone as its events leave it; `apply` adds one. Equal events, equal histories.

    `entries` are all files that ever landed, by sequence; `superseded_by` leads from a sequence to
    the one that superseded it; `moves` are the places of files that were taken out or put back.
    """

    is_synthetic: bool = False
    left_out: list[LeftOut] = field(default_factory=list)
    entries: dict[int, FileEntry] = field(default_factory=dict)
    superseded_by: dict[int, int] = field(default_factory=dict)
    unlanded: dict[int, Unlanding] = field(default_factory=dict)
    moves: dict[str, str] = field(default_factory=dict)
    _files: list[FileEntry] | None = field(default=None, compare=False, repr=False)

    @property
    def files(self) -> list[FileEntry]:
        """The landed files, in order of landing, each with the file that supersedes it now."""
        if self._files is None:
            self._files = [
                replace(entry, superseded_by=self._superseding_file(sequence))
                for sequence, entry in self.entries.items()
                if sequence not in self.unlanded
            ]
        return self._files

    def _superseding_file(self, sequence: int) -> str | None:
        newer = self.superseded_by.get(sequence)
        while newer in self.unlanded:
            newer = self.superseded_by.get(newer)
        return None if newer is None else self.entries[newer].file

    def next_sequence(self) -> int:
        return 1 + max(self.entries, default=0)

    def heads(self, superseded: Iterable[FileEntry], entry: FileEntry) -> list[int]:
        """The sequences whose successor `entry` becomes by superseding these files.

        Behind a file that is taken out the chain goes on: its end is what gets the successor, so
        that a file that is put back is not current beside the one that landed meanwhile.
        """
        found = set()
        for file in superseded:
            end = file.sequence
            while end in self.superseded_by:
                end = self.superseded_by[end]
            found.add(end)
        found |= {
            sequence
            for sequence, unlanding in self.unlanded.items()
            if sequence not in self.superseded_by and _chain(unlanding.entry) == _chain(entry)
        }
        return sorted(found)

    def apply(self, event: dict) -> None:
        """Add an event. Raises LandingError for one of a kind this version does not know."""
        kind = event["event"]
        if kind not in _APPLIED:
            raise NewerVersionError(
                f"an event of an unknown kind, {shown(kind)}: it was written by a newer version of "
                "this program. Update the program."
            )
        _APPLIED[kind](self, event)
        self._files = None

    # ---- the manifest: the same, as it is now ----------------------------------------------------

    def as_json(self) -> dict:
        older: dict[int, list[int]] = {}
        for sequence, newer in self.superseded_by.items():
            older.setdefault(newer, []).append(sequence)
        return {
            "world": SYNTHETIC if self.is_synthetic else "real",
            "files": [file_as_json(f) for f in self.files],
            "left_out": [asdict(x) for x in self.left_out],
            "unlanded": [
                {
                    "unlanded_at": unlanding.at,
                    "kept_as": unlanding.kept_as,
                    "supersedes": older.get(sequence, []),
                    "superseded_by": self.superseded_by.get(sequence),
                    "file": file_as_json(unlanding.entry),
                }
                for sequence, unlanding in self.unlanded.items()
            ],
            "moves": self.moves,
        }

    def take_over(self, body: dict) -> None:
        """Replace this history by the one that `body`, a manifest of any known version, lists."""
        files = [file_from_json(f) for f in body["files"]]
        unlanded = [(file_from_json(u["file"]), u) for u in body.get("unlanded", [])]
        self.is_synthetic = body["world"] == SYNTHETIC
        self.left_out = [LeftOut(**x) for x in body["left_out"]]
        self.entries = {
            entry.sequence: replace(entry, superseded_by=None)
            for entry in sorted([*files, *(e for e, _ in unlanded)], key=lambda e: e.sequence)
        }
        if len(self.entries) != len(files) + len(unlanded):
            raise ValueError("two files have the same sequence")
        self.superseded_by = dict(_links(files))
        self.unlanded, self.moves = {}, dict(body.get("moves", {}))
        for entry, listed in unlanded:
            check_inside_zone(listed["kept_as"])
            unlanding = Unlanding(entry, listed["unlanded_at"], listed["kept_as"])
            self.unlanded[entry.sequence] = unlanding
            self.superseded_by |= dict.fromkeys(listed["supersedes"], entry.sequence)
            if listed["superseded_by"] is not None:
                self.superseded_by[entry.sequence] = listed["superseded_by"]
        for old, new in self.moves.items():
            check_inside_zone(old)
            check_inside_zone(new)
        self._check_links()
        self._files = None

    def _check_links(self) -> None:
        """A newer file supersedes an older one: anything else would have no end."""
        for older, newer in self.superseded_by.items():
            if newer <= older or not {older, newer} <= self.entries.keys():
                raise ValueError(f"file {older} cannot be superseded by file {newer}")


def _chain(entry: FileEntry) -> tuple[str, bool, str]:
    return entry.source, entry.is_synthetic, entry.name


def _links(files: list[FileEntry]) -> Iterator[tuple[int, int]]:
    """The supersession that a manifest names by file, by sequence.

    Answers of equal content share a file: the next landing of that file is meant.
    """
    sequences: dict[str, list[int]] = {}
    for file in files:
        sequences.setdefault(file.file, []).append(file.sequence)
    for file in files:
        if file.superseded_by is not None:
            newer = [n for n in sequences[file.superseded_by] if n > file.sequence]
            if not newer:
                raise ValueError(f"{shown(file.file)} is superseded by an older file")
            yield file.sequence, min(newer)


# ---- events: how each is written, and what it does -----------------------------------------------


def opened() -> dict:
    return {"event": "opened", "at": now()}


def landed(entry: FileEntry, supersedes: list[int]) -> dict:
    return {
        "event": "landed",
        "at": entry.landed_at,
        "supersedes": supersedes,
        "file": file_as_json(replace(entry, superseded_by=None)),
    }


def unlanded(sequences: list[int], file: str, kept_as: str) -> dict:
    return {
        "event": "unlanded",
        "at": now(),
        "sequences": sequences,
        "file": file,
        "kept_as": kept_as,
    }


def put_back(sequences: list[int], file: str, kept_as: str) -> dict:
    return {
        "event": "put_back",
        "at": now(),
        "sequences": sequences,
        "file": file,
        "kept_as": kept_as,
    }


def world_chosen(is_synthetic: bool) -> dict:
    return {"event": "world", "at": now(), "world": SYNTHETIC if is_synthetic else "real"}


def files_left_out(left_out: list[LeftOut]) -> dict:
    return {"event": "left_out", "at": now(), "left_out": [asdict(x) for x in left_out]}


def taken_over(body: dict) -> dict:
    """The state of a manifest that knows what the journal does not."""
    return {"event": "taken_over", "at": now(), "manifest": body}


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _open(history: History, event: dict) -> None:
    pass


def _land(history: History, event: dict) -> None:
    entry = file_from_json(event["file"])
    if entry.sequence < history.next_sequence():
        raise ValueError(f"file {entry.sequence} landed twice or too late")
    if not set(event["supersedes"]) <= history.entries.keys():
        raise ValueError(f"file {entry.sequence} supersedes one that never landed")
    history.entries[entry.sequence] = entry
    history.superseded_by |= dict.fromkeys(event["supersedes"], entry.sequence)
    history.moves.pop(entry.file, None)


def _unland(history: History, event: dict) -> None:
    check_inside_zone(event["kept_as"])
    for sequence in event["sequences"]:
        entry = history.entries[sequence]
        history.unlanded[sequence] = Unlanding(entry, event["at"], event["kept_as"])
    history.moves.pop(event["kept_as"], None)
    history.moves[event["file"]] = event["kept_as"]


def _put_back(history: History, event: dict) -> None:
    check_inside_zone(event["file"])
    for sequence in event["sequences"]:
        history.entries[sequence] = replace(history.entries[sequence], file=event["file"])
        del history.unlanded[sequence]
    history.moves.pop(event["file"], None)
    history.moves[event["kept_as"]] = event["file"]


def _choose_world(history: History, event: dict) -> None:
    history.is_synthetic = event["world"] == SYNTHETIC


def _leave_out(history: History, event: dict) -> None:
    history.left_out = [LeftOut(**x) for x in event["left_out"]]


def _take_over(history: History, event: dict) -> None:
    history.take_over(event["manifest"])


_APPLIED = {
    "opened": _open,
    "landed": _land,
    "unlanded": _unland,
    "put_back": _put_back,
    "world": _choose_world,
    "left_out": _leave_out,
    "taken_over": _take_over,
}
