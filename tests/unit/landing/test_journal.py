"""The journal: it loses nothing, whatever moment a process ends at, and says what is damaged."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from orchestration.landing import journal
from orchestration.landing.entries import FileEntry, TableEntry
from orchestration.landing.journal import START, append, read_journal
from orchestration.landing.layout import LandingError
from orchestration.landing.manifest import (
    JOURNAL,
    LOCK,
    LeftOut,
    Manifest,
    damages_of,
    read_manifest,
)
from orchestration.landing.registration import register
from orchestration.landing.unlanding import put_back, unland
from orchestration.landing.verification import damage_of
from tests.support.publishers_files import comtrade_row, write_csv


class KilledError(BaseException):
    """Stands for kill -9: nothing of the program may catch it."""


@contextmanager
def killed_at(step: int, part: float) -> Iterator[None]:
    """End the process, so to speak, at a step that touches the disk; a write is done in part."""
    left = [step]

    def stopping(real, is_write: bool = False):
        def call(*arguments, **named):
            if left[0] == 0:
                if is_write:
                    handle, content, place = arguments
                    real(handle, content[: int(len(content) * part)], place)
                raise KilledError
            left[0] -= 1
            return real(*arguments, **named)

        return call

    patched = pytest.MonkeyPatch()
    for name in ("replace", "rename", "ftruncate", "fsync", "link"):
        patched.setattr(os, name, stopping(getattr(os, name)))
    patched.setattr(os, "pwrite", stopping(os.pwrite, is_write=True))
    try:
        with suppress(KilledError):
            yield
    finally:
        patched.undo()


def manifest_in(folder: Path) -> Manifest:
    return read_manifest(folder / "landing" / "manifest.json")


def land(manifest: Manifest, name: str, content: str, origin: str = "api") -> None:
    """Land a file of a name and a content without reading it."""
    with manifest.changing():
        sequence = manifest.next_sequence()
        file = f"comtrade/{sequence}-{name}"
        path = manifest.folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
        entry = FileEntry(
            file=file,
            source="comtrade",
            origin=origin,
            parameters={"published_name": name, "asked": {"cmdCode": content}},
            landed_at="2026-01-01T00:00:00+00:00",
            bytes=len(content),
            sha256=journal.hashlib.sha256(content.encode()).hexdigest(),
            rows=1,
            release=None,
            sequence=sequence,
            tables=(TableEntry("comtrade_trade", None, 1, (2022,)),),
        )
        older = [f for f in manifest.files if f.superseded_by is None and f.name == name]
        manifest.land(entry, older)


def state(manifest: Manifest) -> dict:
    return manifest.history.as_json()


# ---- lines ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("kept", range(0, 200, 7))
def test_a_torn_last_line_is_dropped_and_the_next_takes_its_place(
    tmp_path: Path, kept: int
) -> None:
    path = tmp_path / JOURNAL
    end = append(path, START, [{"event": "a", "name": "中国"}, {"event": "b"}])
    whole = path.read_bytes()
    append(path, end, [{"event": "c", "text": "x" * 150}])
    path.write_bytes(path.read_bytes()[: len(whole) + kept])
    reading = read_journal(path)
    assert [e["event"] for e in reading.events] == ["a", "b"]
    assert (reading.torn, reading.damaged_line, reading.end) == (kept, None, end)
    append(path, reading.end, [{"event": "d"}])
    assert [e["event"] for e in read_journal(path).events] == ["a", "b", "d"]
    assert read_journal(path).torn == 0


def test_a_line_that_is_changed_lost_doubled_or_moved_is_named(tmp_path: Path) -> None:
    path = tmp_path / JOURNAL
    append(path, START, [{"event": name} for name in "abcde"])
    lines = path.read_bytes().splitlines(keepends=True)
    for damaged, line in (
        ([*lines[:2], lines[2].replace(b'"c"', b'"x"'), *lines[3:]], 3),
        ([*lines[:2], *lines[3:]], 3),
        ([*lines[:2], lines[1], *lines[2:]], 3),
        ([lines[0], lines[2], lines[1], *lines[3:]], 2),
        ([b"\x00" * 40 + b"\n", *lines], 1),
    ):
        path.write_bytes(b"".join(damaged))
        assert read_journal(path).damaged_line == line
        assert len(read_journal(path).events) == line - 1


def test_a_name_that_is_no_text_is_kept_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / JOURNAL
    append(path, START, [{"event": "a", "name": "caf\udce9\u2028.csv"}])
    assert read_journal(path).events[0]["name"] == "caf\udce9\u2028.csv"


# ---- kills ---------------------------------------------------------------------------------------

ACTIONS = st.tuples(
    st.sampled_from(["land", "land", "land", "unland", "put_back", "world", "left_out"]),
    st.sampled_from(["a.csv", "b.csv"]),
    st.integers(0, 5),
)


def act(manifest: Manifest, action: str, name: str, number: int) -> None:
    if action == "land":
        land(manifest, name, f"content {number}")
    elif action == "unland" and manifest.files:
        unland(manifest, [manifest.files[number % len(manifest.files)].file])
    elif action == "put_back" and manifest.unlanded:
        put_back(manifest, [manifest.unlanded[number % len(manifest.unlanded)].kept_as])
    elif action == "world":
        manifest.is_synthetic = number % 2 == 0
        manifest.write()
    elif action == "left_out":
        manifest.left_out = [LeftOut(name, "refused", str(number))]
        manifest.write()


@hypothesis_settings(
    max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    steps=st.lists(
        st.tuples(ACTIONS, st.one_of(st.none(), st.tuples(st.integers(0, 12), st.floats(0, 1)))),
        max_size=12,
    )
)
def test_whatever_happens_each_of_the_two_is_rebuilt_from_the_other(
    tmp_path_factory: pytest.TempPathFactory, steps: list
) -> None:
    """After any actions, killed anywhere: the action is done or not, and nothing else is changed.

    Then the state is the same from the journal alone, from the manifest alone and from both, every
    listed file is where it should be, and of each name at most one file is current.
    """
    folder = tmp_path_factory.mktemp("zone")
    for action, kill in steps:
        if kill is None:
            act(manifest_in(folder), *action)
            continue
        before = state(manifest_in(folder))
        with killed_at(*kill):
            act(manifest_in(folder), *action)
        after = state(manifest_in(folder))
        assert len(after["files"]) - len(before["files"]) in (-1, 0, 1)
        manifest = manifest_in(folder)
        with manifest.changing():
            assert state(manifest) == after, "what a reader saw is what the next writer finds"
    manifest = manifest_in(folder)
    manifest.write()
    expected = state(manifest)
    assert [damage_of(manifest, f) for f in manifest.files] == [None] * len(manifest.files)
    assert all((manifest.folder / u.kept_as).exists() for u in manifest.unlanded)
    current = [f.name for f in manifest.files if f.superseded_by is None]
    assert len(current) == len(set(current))
    for lost in (manifest.path, manifest.journal):
        kept = lost.read_bytes()
        lost.unlink()
        assert state(manifest_in(folder)) == expected, f"without {lost.name}"
        manifest_in(folder).write()
        assert state(manifest_in(folder)) == expected
        assert damages_of(manifest.path) == []
        if lost == manifest.path:
            assert lost.read_bytes() == kept


def test_a_kill_between_each_pair_of_writes_leaves_the_file_landed_or_not(tmp_path: Path) -> None:
    outcomes = set()
    for step in range(30):
        folder = tmp_path / str(step)
        land(manifest_in(folder), "a.csv", "one")
        with killed_at(step, 0.5):
            land(manifest_in(folder), "a.csv", "two")
        files = manifest_in(folder).files
        outcomes.add(len(files))
        land(manifest_in(folder), "b.csv", "three")
        again = manifest_in(folder)
        assert [f.superseded_by is None for f in again.files] == [False] * (len(files) - 1) + [
            True,
            True,
        ]
        assert [f.sequence for f in again.files] == list(range(1, len(files) + 2))
        assert damages_of(again.path) == []
    assert outcomes == {1, 2}


def test_a_reader_never_sees_the_manifest_ahead_of_the_journal(tmp_path: Path) -> None:
    manifest = manifest_in(tmp_path)
    manifest.write()
    words: list[str] = []
    done = threading.Event()

    def read() -> None:
        seen = 0
        while not done.is_set():
            found = len(read_manifest(manifest.path, words.append).files)
            assert found >= seen
            seen = found

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(60):
        land(manifest, f"{number}.csv", str(number))
    done.set()
    reader.join()
    assert [w for w in words if "last line is incomplete" not in w] == []


def test_two_runs_at_once_lose_nothing(tmp_path: Path) -> None:
    """Each holds a manifest read before the other landed anything."""
    first, second = manifest_in(tmp_path), manifest_in(tmp_path)
    land(first, "a.csv", "one")
    land(second, "b.csv", "two")
    land(first, "a.csv", "three")
    found = manifest_in(tmp_path).files
    assert [(f.name, f.sequence, f.superseded_by is None) for f in found] == [
        ("a.csv", 1, False),
        ("b.csv", 2, True),
        ("a.csv", 3, True),
    ]


# ---- damage --------------------------------------------------------------------------------------


@pytest.fixture
def zone(tmp_path: Path) -> Manifest:
    """Two answers of one request, the older superseded, and a file of the user's."""
    manifest = manifest_in(tmp_path)
    land(manifest, "china.json", "46.8")
    land(manifest, "own.csv", "x", origin="files")
    land(manifest, "china.json", "1,611")
    return manifest_in(tmp_path)


@pytest.mark.parametrize(
    "damage", ["", "{", "[]", "null", '{"version": 2}', "[" * 100_000, '{"version": 2, "files": 1}']
)
def test_a_damaged_manifest_is_rebuilt_and_said_and_nothing_comes_back(
    zone: Manifest, damage: str
) -> None:
    zone.path.write_text(damage)
    said: list[str] = []
    again = read_manifest(zone.path, said.append)
    assert again.files == zone.files
    assert len(said) == 1
    assert "rebuilt from journal.jsonl" in said[0]
    assert len(said[0]) < 200
    again.write()
    assert damages_of(zone.path) == []


def test_a_damaged_journal_is_begun_again_from_the_manifest_and_kept(zone: Manifest) -> None:
    content = zone.journal.read_bytes()
    zone.journal.write_bytes(content.replace(b"46.8", b"99.9"))
    said: list[str] = []
    again = read_manifest(zone.path, said.append)
    assert again.files == zone.files
    assert "line 2 of 4 is damaged; begun again from manifest.json" in said[0]
    again.write()
    assert damages_of(zone.path) == []
    [kept] = zone.folder.glob("journal.damaged-*.jsonl")
    assert b"99.9" in kept.read_bytes()
    assert zone.keeps(kept), "it is no file to land"


def test_a_journal_that_lost_its_end_takes_it_over_from_the_manifest(zone: Manifest) -> None:
    lines = zone.journal.read_bytes().splitlines(keepends=True)
    zone.journal.write_bytes(b"".join(lines[:-1]))
    said: list[str] = []
    again = read_manifest(zone.path, said.append)
    assert again.files == zone.files
    assert "ends before manifest.json" in said[0]
    again.write()
    zone.path.unlink()
    assert manifest_in(zone.folder.parent).files == zone.files


@pytest.mark.parametrize("damage", ["{", None])
def test_without_manifest_and_journal_nothing_is_guessed(
    zone: Manifest, damage: str | None
) -> None:
    zone.journal.unlink()
    zone.path.unlink()
    if damage is not None:
        zone.path.write_text(damage)
    with pytest.raises(LandingError, match="Lost are the order in which files landed") as error:
        read_manifest(zone.path)
    assert "nothing is guessed" in str(error.value)
    assert "from a backup" in str(error.value)


def test_a_damaged_journal_beside_a_damaged_or_older_manifest_is_no_ground_to_guess(
    zone: Manifest,
) -> None:
    older = zone.path.read_bytes()
    land(zone, "china.json", "1,700")
    zone.journal.write_bytes(zone.journal.read_bytes().replace(b"46.8", b"99.9"))
    for content in (b"{", older):
        zone.path.write_bytes(content)
        with pytest.raises(LandingError, match=r"line 2 of 5 is damaged, and manifest\.json is"):
            read_manifest(zone.path)


def test_a_zone_without_a_journal_gets_one_from_its_manifest(zone: Manifest) -> None:
    body = json.loads(zone.path.read_text())
    old = {key: body[key] for key in ("world", "files", "left_out")} | {"version": 1}
    zone.path.write_text(json.dumps(old))
    zone.journal.unlink()
    (zone.folder / LOCK).unlink()
    said: list[str] = []
    again = read_manifest(zone.path, said.append)
    assert again.files == zone.files
    assert "journal.jsonl is begun from it" in said[0]
    again.write()
    zone.path.write_text("{")
    assert read_manifest(zone.path).files == zone.files


def test_what_an_older_version_landed_since_is_taken_over_and_an_older_copy_is_not(
    zone: Manifest,
) -> None:
    body = json.loads(zone.path.read_text())
    old = {key: body[key] for key in ("world", "files", "left_out")} | {"version": 1}
    newer = body["files"][-1] | {"file": "comtrade/4.csv", "sequence": 4, "sha256": "d" * 64}
    zone.path.write_text(json.dumps(old | {"files": [*body["files"], newer]}))
    assert [f.sequence for f in read_manifest(zone.path).files] == [1, 2, 3, 4]
    zone.path.write_text(json.dumps(old | {"files": body["files"][:1] and body["files"][1:2]}))
    assert [f.sequence for f in read_manifest(zone.path).files] == [1, 2, 3]


def test_a_manifest_that_was_changed_by_hand_does_not_count(zone: Manifest) -> None:
    body = json.loads(zone.path.read_text())
    body["files"][0]["superseded_by"] = None
    zone.path.write_text(json.dumps(body))
    said: list[str] = []
    assert read_manifest(zone.path, said.append).files == zone.files
    assert "was changed by hand" in said[0]


@pytest.mark.parametrize("file", ["../outside.csv", "/etc/passwd", "comtrade/../../x", ""])
@pytest.mark.parametrize("has_journal", [True, False])
def test_an_entry_outside_the_zone_is_refused(zone: Manifest, file: str, has_journal: bool) -> None:
    body = json.loads(zone.path.read_text())
    body["files"][1]["file"] = file + "x" * 300 * ("passwd" in file)
    zone.path.write_text(json.dumps(body))
    if not has_journal:
        zone.journal.unlink()
        with pytest.raises(LandingError, match="outside the landing zone") as error:
            read_manifest(zone.path)
        assert "x" * 81 not in str(error.value)
        return
    said: list[str] = []
    assert read_manifest(zone.path, said.append).files == zone.files
    assert "outside the landing zone" in said[0]


@pytest.mark.parametrize("version", [0, 3, "2", None, "9" * 200])
def test_a_manifest_of_an_unknown_version_is_refused(zone: Manifest, version: object) -> None:
    body = json.loads(zone.path.read_text())
    zone.path.write_text(json.dumps(body | {"version": version}))
    with pytest.raises(LandingError, match=r"this program knows 1 and 2.*update the program") as e:
        read_manifest(zone.path)
    assert "9" * 81 not in str(e.value)


def test_an_event_of_an_unknown_kind_is_refused(zone: Manifest) -> None:
    append(zone.journal, read_journal(zone.journal).end, [{"event": "merged"}])
    with pytest.raises(LandingError, match="line 5: an event of an unknown kind, 'merged'"):
        read_manifest(zone.path)


def test_a_landed_file_that_became_a_link_is_not_read(zone: Manifest, tmp_path: Path) -> None:
    entry = zone.files[0]
    (zone.folder / entry.file).rename(tmp_path / "elsewhere")
    (zone.folder / entry.file).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(LandingError, match="is a link, not a landed file"):
        zone.path_of(entry)
    with pytest.raises(LandingError, match="is a link"):
        zone.path_of(replace(entry, file="../elsewhere"))


# ---- unlanding -----------------------------------------------------------------------------------


def test_what_an_unlanded_file_superseded_is_current_again_and_undo_restores_the_order(
    tmp_path: Path,
) -> None:
    manifest = manifest_in(tmp_path)
    for content in ("one", "two", "three"):
        land(manifest, "a.csv", content)

    def current() -> list[int]:
        return [f.sequence for f in manifest_in(tmp_path).files if f.superseded_by is None]

    said: list[str] = []
    unland(manifest, ["comtrade/2-a.csv"])
    assert current() == [3]
    assert manifest.files[0].superseded_by == "comtrade/3-a.csv"
    unland(manifest, ["comtrade/3-a.csv"], said.append)
    assert current() == [1]
    assert said[-1] == "current again: comtrade/1-a.csv"
    land(manifest, "a.csv", "four")
    assert current() == [4]
    put_back(manifest, ["3-a.csv"])
    assert current() == [4], "a newer file has landed since"
    put_back(manifest, ["2-a.csv"])
    assert [f.superseded_by for f in manifest_in(tmp_path).files] == [
        "comtrade/2-a.csv",
        "comtrade/3-a.csv",
        "comtrade/4-a.csv",
        None,
    ]


def test_a_file_that_landed_while_all_others_of_its_name_were_out_stays_the_newest(
    tmp_path: Path,
) -> None:
    manifest = manifest_in(tmp_path)
    land(manifest, "a.csv", "one")
    unland(manifest, ["a.csv"])
    land(manifest, "a.csv", "two")
    put_back(manifest, ["1-a.csv"])
    assert [f.superseded_by for f in manifest.files] == ["comtrade/2-a.csv", None]


def test_an_unlanded_file_is_kept_and_does_not_land_again_by_itself(tmp_path: Path) -> None:
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    path = write_csv(inbox / "a.csv", [comtrade_row()])
    manifest = manifest_in(tmp_path)
    register(manifest, [path], "files")
    [entry] = manifest.files
    [kept_as] = unland(manifest, [entry.sha256[:8]])
    assert kept_as == "unlanded/comtrade/a.csv"
    assert (manifest.folder / kept_as).read_bytes() == path.read_bytes()
    assert not (manifest.folder / entry.file).exists()
    [left_out] = register(manifest_in(tmp_path), [path], "files")
    assert left_out.status == "skipped"
    assert "lct unland --undo unlanded/comtrade/a.csv" in left_out.reason
    again = manifest_in(tmp_path)
    put_back(again, ["a.csv"])
    assert again.files == [entry]
    assert register(manifest_in(tmp_path), [path], "files") == []


def test_an_answer_that_was_taken_out_lands_when_it_is_asked_for_again(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv", [comtrade_row()])
    manifest = manifest_in(tmp_path)
    register(manifest, [path], "api", parameters={"asked": {}})
    unland(manifest, ["a.csv"])
    assert register(manifest, [path], "api", parameters={"asked": {}}) == []
    assert [f.sequence for f in manifest.files] == [2]


def test_a_file_that_is_not_there_is_refused_with_the_names_near_it(zone: Manifest) -> None:
    before = state(zone)
    with pytest.raises(LandingError, match=r"no such file.*Near it are: .*comtrade/2-own.csv"):
        unland(zone, ["1-china.json", "2-own.cvs"])
    with pytest.raises(LandingError, match=r"means 2 files: .*Name one by its path"):
        unland(zone, ["china.json"])
    with pytest.raises(LandingError, match="no such file") as error:
        unland(zone, ["x" * 500])
    assert "x" * 81 not in str(error.value)
    assert state(manifest_in(zone.folder.parent)) == before, "all or none"


def test_a_file_that_was_changed_while_it_was_out_is_not_put_back(zone: Manifest) -> None:
    [kept_as] = unland(zone, ["own.csv"])
    (zone.folder / kept_as).write_text("y")
    with pytest.raises(LandingError, match="has changed since it landed"):
        put_back(zone, ["own.csv"])
