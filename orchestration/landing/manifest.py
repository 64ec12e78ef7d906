"""The landing zone's manifest: what has landed, from where, with which checksum and on which terms.

registration.py is the one way to add to it and unlanding.py the one to take from it. Landed files
are never altered: a newer file of the same name is stored beside the old one and supersedes it.

The journal (journal.py) is the truth; manifest.json is the state that its events amount to
(history.py), for readers and as its second copy. Every change is made under the zone's lock: the
event is flushed to the journal, then manifest.json is replaced. Whatever moment a process ends at,
the next one finds the journal with or without the event, and brings manifest.json up to it. Each of
the two is rebuilt from the other, and neither ever from file names or times.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from orchestration.durable import file_lock, write_then_replace
from orchestration.landing import history as events
from orchestration.landing.entries import (
    SYNTHETIC,
    SYNTHETIC_LICENCE,
    FileEntry,
    LeftOut,
    TableEntry,
    terms_of,
)
from orchestration.landing.history import History, NewerVersionError, Unlanding
from orchestration.landing.journal import (
    JOURNAL,
    START,
    Position,
    Reading,
    append,
    begin_again,
    flush_folder,
    is_journal,
    read_journal,
)
from orchestration.landing.layout import LandingError, Layout
from orchestration.landing.publishers import PUBLISHERS
from orchestration.messages import shown

__all__ = [
    "SYNTHETIC",
    "SYNTHETIC_LICENCE",
    "FileEntry",
    "LeftOut",
    "Manifest",
    "TableEntry",
    "Unlanding",
    "read_manifest",
    "sha256_of",
    "terms_of",
]

# version 1 had no journal: a zone of that time gets one from its manifest
MANIFEST_VERSION = 2
KNOWN_VERSIONS = (1, MANIFEST_VERSION)
LOCK = ".landing.lock"
UNLANDED = "unlanded"  # the folder of the files that were taken out
REMEDY = (
    "Put manifest.json or journal.jsonl back from a backup. Without one, move the landing zone "
    "away and land everything again: SOURCE=files from the publishers' files, SOURCE=api asks for "
    "everything anew"
)
LOST = (
    "Lost are the order in which files landed, what superseded what, and the requests and releases "
    "of answers. File names and times do not tell them, so nothing is guessed"
)

Say = Callable[[str], None]


def _say_nothing(_: str) -> None:
    pass


@dataclass
class Manifest:
    """All landed files.

    `is_synthetic` says whether the warehouse is built from the synthetic (demo) or the real files,
    `left_out` what the last registration left out; both are recorded by `write`.
    """

    path: Path
    history: History = field(default_factory=History)
    is_synthetic: bool = False
    left_out: list[LeftOut] = field(default_factory=list)
    _end: Position = START
    _journal_seen: tuple[int, int] | None = None
    _is_held: bool = False

    @property
    def folder(self) -> Path:
        return self.path.parent

    @property
    def raw_folder(self) -> Path:
        """Where the rows of what has landed are as Parquet: derived, and made again if missing."""
        return self.folder.parent / "build" / "raw"

    @property
    def journal(self) -> Path:
        return self.path.with_name(JOURNAL)

    @property
    def files(self) -> list[FileEntry]:
        """The landed files, in order of landing, without those that were taken out."""
        return self.history.files

    @property
    def unlanded(self) -> list[Unlanding]:
        """The files that were taken out of the zone, in order of landing."""
        return [self.history.unlanded[n] for n in sorted(self.history.unlanded)]

    def path_of(self, entry: FileEntry) -> Path:
        """Where a landed file is. Raises LandingError if that is a link or outside the zone."""
        path = self.folder / entry.file
        if path.resolve() != self.folder.resolve() / entry.file:
            raise LandingError(
                f"{shown(entry.file)} in {self.folder} is a link, not a landed file: it is not "
                "read. `lct verify` replaces it by the file if that can be had."
            )
        return path

    def keeps(self, path: Path) -> bool:
        """Whether `path`, below the zone, is one of the zone's own files: nothing to land."""
        top = path.relative_to(self.folder).parts[0]
        return path == self.path or top == UNLANDED or (is_journal(path) and top == path.name)

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

    # ---- changes ---------------------------------------------------------------------------------

    @contextmanager
    def changing(self, say: Say = _say_nothing) -> Iterator[None]:
        """Hold the zone's lock, with `files` as they are on disk: what is read here stays true.

        One process at a time changes a landing zone; the others wait. What a killed process left
        undone is done first. Blocks may be nested.
        """
        if self._is_held:
            yield
            return
        with file_lock(self.folder / LOCK, say):
            self._is_held = True
            try:
                self._catch_up()
                yield
            finally:
                self._is_held = False

    def next_sequence(self) -> int:
        """The sequence of the next file to land. Call it within `changing`."""
        return self.history.next_sequence()

    def land(self, entry: FileEntry, superseded: Iterable[FileEntry]) -> None:
        """List a file that is stored in the zone. Call it within `changing`, where it was made."""
        flush_folder((self.folder / entry.file).parent)
        self._record([events.landed(entry, self.history.heads(superseded, entry))])

    def unland(self, file: str) -> Path:
        """Take the landed file `file` out of the zone. Returns where it is kept from now on."""
        sequences = [f.sequence for f in self.files if f.file == file]
        kept_as = self._free_place(f"{UNLANDED}/{file}", sequences)
        self._record([events.unlanded(sequences, file, kept_as)])
        return self.folder / kept_as

    def put_back(self, kept_as: str) -> Path:
        """Put a file that was taken out back in its place among the landed. Returns where it is."""
        sequences = [n for n, u in self.history.unlanded.items() if u.kept_as == kept_as]
        file = self._free_place(self.history.entries[sequences[0]].file, sequences)
        self._record([events.put_back(sequences, file, kept_as)])
        return self.folder / file

    def write(self) -> None:
        """Record `is_synthetic` and `left_out`, if they changed, and write the manifest."""
        with self.changing():
            changes = []
            if self.is_synthetic != self.history.is_synthetic:
                changes.append(events.world_chosen(self.is_synthetic))
            if self.left_out != self.history.left_out:
                changes.append(events.files_left_out(self.left_out))
            self._record(changes)

    def _free_place(self, file: str, sequences: list[int]) -> str:
        """`file`, or a name beside it where a file of that name is already."""
        if not (self.folder / file).exists():
            return file
        folder, _, name = file.rpartition("/")
        base, dot, rest = name.partition(".")
        return f"{folder}/{base}.{sequences[0]}-{self._end.events}{dot}{rest}"

    def _record(self, changes: list[dict]) -> None:
        """The one place where the zone's state changes: the journal, the files' places, manifest.

        The first of them counts; whoever holds the lock next completes the others.
        """
        if changes:
            self._end = append(self.journal, self._end, changes)
            for change in changes:
                self.history.apply(change)
        self._move_files()
        self._write_manifest()
        self._journal_seen = _state_of(self.journal)

    def _catch_up(self) -> None:
        """Read the zone again if another process changed it, and repair what is damaged."""
        if self._journal_seen is not None and self._journal_seen == _state_of(self.journal):
            return
        found = _find(self.path, may_be_new=True)
        self.history, self._end = found.history, found.end
        if found.begins_again:
            body = self.history.as_json()
            self._end = begin_again(self.journal, [events.opened(), events.taken_over(body)])
            self._record([])
        elif found.takes_over:
            self._record([events.taken_over(self.history.as_json())])
        elif self._end == START:
            self._record([events.opened()])
        else:
            append(self.journal, self._end, [])
            self._record([])

    def _move_files(self) -> None:
        """Bring files that were taken out or put back to their places."""
        for old, new in self.history.moves.items():
            source, target = self.folder / old, self.folder / new
            if os.path.lexists(source) and not os.path.lexists(target):
                target.parent.mkdir(parents=True, exist_ok=True)
                os.rename(source, target)
                flush_folder(target.parent)
                flush_folder(source.parent)

    def _write_manifest(self) -> None:
        body = {
            "version": MANIFEST_VERSION,
            "journal": asdict(self._end),
            **self.history.as_json(),
        }
        text = json.dumps(body, indent=1, ensure_ascii=False)
        # a name that is no UTF-8 is written with JSON's own escapes
        content = text.encode("utf-8", "backslashreplace")
        try:
            if self.path.read_bytes() == content:
                return
        except OSError:
            pass
        write_then_replace(self.path, content)


# ---- reading -------------------------------------------------------------------------------------


def read_manifest(path: Path, say: Say = _say_nothing) -> Manifest:
    """Read the manifest at `path`; an absent one is an empty one.

    It is what the journal beside it amounts to, whatever state manifest.json is in; `say` is told
    what was damaged and from what it was rebuilt. Nothing is written: the next change does that.
    Raises LandingError if neither of the two tells what has landed, if a newer version of this
    program has written them, or if they name a file outside the landing zone.
    """
    found = _find(path)
    for word in found.words:
        say(word)
    history = found.history
    return Manifest(path, history, history.is_synthetic, list(history.left_out))


def damages_of(path: Path) -> list[str]:
    """What is damaged in manifest.json or journal.jsonl and would be rebuilt, a sentence each.

    Raises LandingError where it cannot be rebuilt.
    """
    return _find(path).words


@dataclass(frozen=True)
class _Found:
    """The state of a landing zone, where its journal ends, and what is to be repaired."""

    history: History
    end: Position = START
    words: list[str] = field(default_factory=list)
    takes_over: bool = False
    begins_again: bool = False


@dataclass(frozen=True)
class _Listed:
    """manifest.json as it is on disk: what it lists, or what is wrong with it."""

    history: History | None = None
    position: Position | None = None
    damage: str | None = None


def _find(path: Path, may_be_new: bool = False) -> _Found:
    """The state of the zone of `path`; `may_be_new` if its lock says nothing of earlier runs."""
    # in this order: the journal is never behind a manifest that was read before it
    listed = _read_listed(path)
    journal = read_journal(path.with_name(JOURNAL))
    history, damaged_line = _history_of(journal, path.with_name(JOURNAL))
    if damaged_line is not None:
        return _beside_a_damaged_journal(path, listed, journal, damaged_line)
    if not journal.events:
        return _without_a_journal(path, listed, may_be_new or journal.exists)
    words = _torn_words(journal)
    if listed.history is None:
        what = f"is damaged ({listed.damage})" if listed.damage else "is missing"
        words.append(f"{path.name} {what}: rebuilt from {JOURNAL}, {journal.end.events} events")
        return _Found(history, journal.end, words)
    if _knows_more(listed, history, journal):
        words.append(
            f"{JOURNAL} ends before {path.name}: what that lists is taken over into the journal"
        )
        return _Found(listed.history, journal.end, words, takes_over=True)
    if listed.position == journal.end and listed.history != history:
        words.append(
            f"{path.name} was changed by hand: what {JOURNAL} says counts "
            "(`lct unland` takes a file out)"
        )
    return _Found(history, journal.end, words)


def _knows_more(listed: _Listed, history: History, journal: Reading) -> bool:
    """Whether manifest.json lists what the journal does not."""
    if listed.position is not None:
        return not journal.holds(listed.position)
    # a program of version 1 has landed files since, without the journal
    assert listed.history is not None
    landed = {(f.sequence, f.sha256) for f in history.files}
    return landed < {(f.sequence, f.sha256) for f in listed.history.files}


def _without_a_journal(path: Path, listed: _Listed, may_be_new: bool) -> _Found:
    if listed.damage:
        raise LandingError(
            f"{path}: the manifest is damaged ({listed.damage}) and there is no {JOURNAL} to "
            f"rebuild it from. {LOST}. {REMEDY}."
        )
    if listed.history is None:
        if not may_be_new and _has_landed_files(path.parent):
            raise LandingError(
                f"{path.parent}: files have landed here, but {path.name} and {JOURNAL} are both "
                f"missing. {LOST}. {REMEDY}."
            )
        return _Found(History())
    what = (
        f"{JOURNAL} is missing: begun again from {path.name}"
        if listed.position
        else f"{path.name} is of a version without a journal: {JOURNAL} is begun from it"
    )
    return _Found(listed.history, START, [what], begins_again=True)


def _beside_a_damaged_journal(path: Path, listed: _Listed, journal: Reading, line: int) -> _Found:
    place = path.with_name(JOURNAL)
    lines = place.read_bytes().count(b"\n")
    if listed.history is None or listed.position is None or listed.position.events < lines:
        state = f"damaged too ({listed.damage})" if listed.damage else "missing or older"
        raise LandingError(
            f"{place}: line {line} of {lines} is damaged, and {path.name} is {state}. {LOST}. "
            f"{REMEDY}; or delete {JOURNAL} to go on with what {path.name} lists, if it is whole."
        )
    word = (
        f"{JOURNAL}: line {line} of {lines} is damaged; begun again from {path.name}, which has all"
    )
    return _Found(listed.history, START, [word], begins_again=True)


def _torn_words(journal: Reading) -> list[str]:
    if not journal.torn:
        return []
    return [
        f"{JOURNAL}: its last line is incomplete ({journal.torn} bytes, from a process that was "
        "killed while writing it): dropped"
    ]


def _history_of(journal: Reading, place: Path) -> tuple[History, int | None]:
    """What the journal's events amount to, and the number of the first line that is damaged."""
    history = History()
    for number, event in enumerate(journal.events, start=1):
        try:
            history.apply(event)
        except LandingError as error:
            raise LandingError(f"{place}: line {number}: {error}") from error
        except (KeyError, TypeError, ValueError, AttributeError):
            return history, number
    return history, journal.damaged_line


def _read_listed(path: Path) -> _Listed:
    try:
        body = json.loads(path.read_text(encoding="utf-8"))
        version = body["version"]
        if version not in KNOWN_VERSIONS:
            known = " and ".join(str(v) for v in KNOWN_VERSIONS)
            raise NewerVersionError(
                f"{path}: a manifest of version {shown(version)}; this program knows {known}. "
                "A newer version has written it: update the program."
            )
        history = History()
        history.take_over(body)
        position = Position(**body["journal"]) if version == MANIFEST_VERSION else None
    except FileNotFoundError:
        return _Listed()
    except NewerVersionError:
        raise
    except LandingError as error:
        return _Listed(damage=str(error))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OSError) as error:
        return _Listed(damage=shown(error).strip("'\""))
    return _Listed(history, position)


def _has_landed_files(folder: Path) -> bool:
    """Whether this program has used the zone, and files lie where it lands them."""
    return (folder / LOCK).exists() and any(
        path.is_file() and not path.name.startswith(".")
        for publisher in PUBLISHERS
        for path in (folder / publisher).rglob("*")
    )


def _state_of(journal: Path) -> tuple[int, int] | None:
    try:
        state = journal.stat()
    except FileNotFoundError:
        return None
    return state.st_ino, state.st_size


def sha256_of(path: Path) -> str:
    with open(path, "rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
