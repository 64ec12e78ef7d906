"""The landing zone's journal as a file: lines that are only ever appended, each flushed to disk.

A line is one event in JSON. It ends with a checksum of itself and of the line before it, so that a
line that is changed, lost, doubled or moved is recognised, and so is a last line that a killed
process left half-written. What the events mean is in history.py.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from orchestration.durable import write_then_replace

JOURNAL = "journal.jsonl"
_CHECK = ', "check": "'
_CHECK_LENGTH = 16


@dataclass(frozen=True)
class Position:
    """A place between two lines: the number of lines before it, their bytes, the last checksum."""

    events: int = 0
    check: str = ""
    bytes: int = 0


START = Position()


@dataclass(frozen=True)
class Reading:
    """What a journal holds up to its first line that is not whole.

    `positions` are the places after each whole line. `torn` counts the bytes of a last line that is
    not whole; `damaged_line` is the number of a line that is not whole and has others after it.
    """

    exists: bool
    events: list[dict] = field(default_factory=list)
    positions: list[Position] = field(default_factory=list)
    torn: int = 0
    damaged_line: int | None = None

    @property
    def end(self) -> Position:
        return self.positions[-1] if self.positions else START

    def holds(self, position: Position) -> bool:
        """Whether the journal went through this place."""
        before = max(position.events - 1, 0)
        return position == START or position in self.positions[before : position.events]


def read_journal(path: Path) -> Reading:
    """Read the journal at `path`, as far as its lines are whole. It need not exist."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return Reading(exists=False)
    events: list[dict] = []
    positions: list[Position] = []
    position = START
    for line in content.splitlines(keepends=True):
        event = _event(line, position)
        if event is None:
            break
        position = _after(position, line)
        events.append(event)
        positions.append(position)
    rest = content[position.bytes :]
    if b"\n" in rest.rstrip(b"\n"):
        return Reading(True, events, positions, damaged_line=len(events) + 1)
    return Reading(True, events, positions, torn=len(rest))


def append(path: Path, end: Position, events: Iterable[dict]) -> Position:
    """Append events after `end`, in one write, and flush them to disk. Returns the new end.

    Whatever is behind `end` is cut off first: a line that was never whole. The caller holds the
    zone's lock.
    """
    content, position = _lines(events, end)
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        os.ftruncate(handle, end.bytes)
        _write_all(handle, content, end.bytes)
        os.fsync(handle)
    finally:
        os.close(handle)
    if end == START:
        flush_folder(path.parent)
    return position


def begin_again(path: Path, events: Iterable[dict]) -> Position:
    """Replace a damaged journal by a new one, in one step. The damaged one is kept beside it."""
    if path.exists():
        kept = path.with_name(
            f"{path.stem}.damaged-{hashlib.sha256(path.read_bytes()).hexdigest()[:8]}{path.suffix}"
        )
        if not kept.exists():
            os.link(path, kept)
    content, position = _lines(events, START)
    write_then_replace(path, content)
    flush_folder(path.parent)
    return position


def is_journal(path: Path) -> bool:
    """Whether the file is the zone's journal or a damaged one that was kept."""
    return path.suffix == Path(JOURNAL).suffix and path.name.startswith(f"{Path(JOURNAL).stem}.")


def flush_folder(folder: Path) -> None:
    """Make sure that the names of the files in `folder` are on disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _write_all(handle: int, content: bytes, place: int) -> None:
    while content:
        written = os.pwrite(handle, content, place)
        content, place = content[written:], place + written


def _lines(events: Iterable[dict], position: Position) -> tuple[bytes, Position]:
    content = b""
    for event in events:
        line = _line(event, position)
        position = _after(position, line)
        content += line
    return content, position


def _line(event: dict, before: Position) -> bytes:
    text = json.dumps({"number": before.events + 1, **event}, ensure_ascii=False)
    # a name that is no UTF-8 is written with JSON's own escapes
    body = text.encode("utf-8", "backslashreplace")[:-1]
    return body + f'{_CHECK}{_checksum(before.check, body)}"}}\n'.encode()


def _event(line: bytes, before: Position) -> dict | None:
    """The event of a line, or None if the line is not whole or does not follow `before`."""
    body, mark, check = line.rpartition(_CHECK.encode())
    if not mark or check != f'{_checksum(before.check, body)}"}}\n'.encode():
        return None
    event = json.loads(body + b"}")
    return event if event["number"] == before.events + 1 else None


def _after(before: Position, line: bytes) -> Position:
    check = line.rpartition(_CHECK.encode())[2][:_CHECK_LENGTH].decode()
    return Position(before.events + 1, check, before.bytes + len(line))


def _checksum(check_before: str, body: bytes) -> str:
    return hashlib.sha256(check_before.encode() + b"\n" + body).hexdigest()[:_CHECK_LENGTH]
