"""Locks, replaced files, transactions and quoting: what holds whenever a process ends."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestration.durable import (
    DiskFullError,
    LockTimeoutError,
    explaining_full_disk,
    file_lock,
    sql_name,
    sql_text,
    sql_texts,
    transaction,
    write_then_replace,
)
from orchestration.settings import PROJECT_ROOT

HOLD = """
import sys, time
from pathlib import Path
from orchestration.durable import file_lock
with file_lock(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_lock_keeps_others_waiting_and_says_so_once(tmp_path: Path) -> None:
    said: list[str] = []
    with (
        file_lock(tmp_path / "locks" / "one.lock"),
        pytest.raises(LockTimeoutError, match=r"one\.lock: another run was still in progress"),
        file_lock(tmp_path / "locks" / "one.lock", said.append, wait_seconds=0.5),
    ):
        pytest.fail("two hold the same lock")
    assert said == ["another run is using this warehouse; waiting for it to finish"]
    with file_lock(tmp_path / "locks" / "one.lock", said.append, wait_seconds=0):
        assert len(said) == 1, "free again"


def test_a_lock_ends_with_its_process_however_that_ends(tmp_path: Path) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path / "one.lock")],
        cwd=PROJECT_ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout.readline() == "held\n"
    with (
        pytest.raises(LockTimeoutError),
        file_lock(tmp_path / "one.lock", lambda _: None, wait_seconds=0.3),
    ):
        pytest.fail("two hold the same lock")
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    holder.stdout.close()
    with file_lock(tmp_path / "one.lock", wait_seconds=0):
        pass


def test_a_file_is_replaced_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "folder" / "a.json"
    write_then_replace(path, "元")
    assert path.read_bytes() == "元".encode()
    with monkeypatch.context() as patched:
        patched.setattr(os, "replace", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt()))
        with pytest.raises(KeyboardInterrupt):
            write_then_replace(path, b"new and " * 10_000)
    assert path.read_bytes() == "元".encode(), "ended before the last step"
    write_then_replace(path, b"new")
    assert path.read_bytes() == b"new"
    assert [p.name for p in path.parent.iterdir()] == ["a.json"], "the half-written one is gone"


FULL = {
    "of the system": OSError(errno.ENOSPC, "No space left on device"),
    "of a quota": OSError(errno.EDQUOT, "Disk quota exceeded"),
    "of DuckDB": duckdb.IOException("IO Error: Could not write: No space left on device"),
    "of DuckDB, whose queries spill": duckdb.OutOfMemoryException(
        "failed to offload data block: limit was set by the 'max_temp_directory_size' setting"
    ),
    "of SQLite": RuntimeError("(sqlite3.OperationalError) database or disk is full"),
}


@pytest.mark.parametrize("kind", FULL)
def test_a_full_disk_is_one_sentence_with_file_free_and_needed(kind: str, tmp_path: Path) -> None:
    def fails() -> None:
        try:
            raise FULL[kind]
        except Exception as error:
            raise ValueError("in the course of something") from error

    path = tmp_path / "folder" / "file"
    with (
        pytest.raises(DiskFullError) as full,
        explaining_full_disk(tmp_path, 99),
        explaining_full_disk(path, 1_234_567_890),
    ):
        fails()
    said = str(full.value)
    assert said.startswith(f"{path}: the disk is full: "), "the innermost knows its file best"
    assert said.endswith(" MB are free, about 1,234.6 MB are needed. Free space and run again.")
    with pytest.raises(DiskFullError) as full, explaining_full_disk(path):
        fails()
    assert "needed" not in str(full.value)


def test_the_file_that_the_error_names_is_the_one_that_is_named(tmp_path: Path) -> None:
    text = (
        '{"exception_message":"Could not write file \\"/a b/x.parquet\\": No space left on device"}'
    )
    for said in (text, text.replace("\\", "")):
        with (
            pytest.raises(DiskFullError, match=r"^/a b/x\.parquet: the disk is full"),
            explaining_full_disk(tmp_path),
        ):
            raise duckdb.IOException(said)


def test_another_error_is_not_reworded(tmp_path: Path) -> None:
    with pytest.raises(PermissionError), explaining_full_disk(tmp_path):
        raise PermissionError(errno.EACCES, "Permission denied")


def test_what_was_written_of_a_file_takes_no_space_on_a_full_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise FULL["of the system"]

    path = tmp_path / "a.json"
    write_then_replace(path, "before")
    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(DiskFullError, match=r"a\.json.*about 0\.0 MB"):
            write_then_replace(path, "after")
    assert [p.name for p in tmp_path.iterdir()] == ["a.json"]
    assert path.read_text() == "before"


@pytest.mark.parametrize("end", [ValueError, KeyboardInterrupt])
def test_a_transaction_is_all_or_nothing(end: type[BaseException]) -> None:
    connection = duckdb.connect()
    connection.execute("create table t (a int)")

    def break_off() -> None:
        with transaction(connection):
            connection.execute("insert into t values (1)")
            raise end

    with pytest.raises(end):
        break_off()
    assert connection.execute("from t").fetchall() == []
    with transaction(connection):
        connection.execute("insert into t values (2)")
    connection.execute("begin transaction; rollback")  # none is open any more
    assert connection.execute("from t").fetchall() == [(2,)]


texts = st.text(st.characters(exclude_characters="\0", codec="utf-8"), min_size=1, max_size=20)


@settings(deadline=None)
@given(values=st.lists(texts, min_size=1, max_size=4))
def test_quoted_texts_and_names_are_what_they_quote(values: list[str]) -> None:
    connection = duckdb.connect()
    row = connection.execute(f"select {sql_texts(values)}").fetchall()
    assert row == [tuple(values)]
    [name] = connection.execute(f"select 1 as {sql_name(values[0])}").description
    assert name[0] == values[0]
    assert sql_text(1992) == "'1992'"
    assert sql_name("marts", 'a"b') == '"marts"."a""b"'
