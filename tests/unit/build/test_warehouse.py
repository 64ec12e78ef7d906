"""The build file: what is damaged is rebuilt, and of processes only an orphaned dbt is ended."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import psutil
import pytest

from orchestration.build import warehouse
from orchestration.build.warehouse import DamagedBuildFileError, WarehouseError
from orchestration.durable import DiskFullError
from orchestration.errors import ExplainedError

READ_IT = "create or replace temp table read as select * from raw.t"


@pytest.fixture
def build_path(tmp_path: Path) -> Path:
    """A build file with a table of a few blocks and both layers complete."""
    path = tmp_path / "build" / "warehouse.duckdb"
    with warehouse.writing(path) as connection:
        connection.execute("create table raw.t as select range as i from range(300000)")
        for layer in warehouse.LAYERS:
            warehouse.complete(connection, layer)
    return path


def cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def overwrite(path: Path) -> None:
    path.write_bytes(b"these are not the bytes of a database" * 10_000)


def change_head(path: Path) -> None:
    change_byte(path, 4100)


def change_byte(path: Path, position: int) -> None:
    with open(path, "r+b") as file:
        file.seek(position)
        [byte] = file.read(1)
        file.seek(position)
        file.write(bytes([byte ^ 0xFF]))


def damage_a_block_of_data(path: Path) -> None:
    """Change a byte of a block that is read with a table's rows, not when the file is opened."""
    whole = path.read_bytes()
    for position in range(12 * 1024 + 100, len(whole), 256 * 1024):
        change_byte(path, position)
        try:
            with duckdb.connect(str(path), read_only=True) as connection:
                with pytest.raises(duckdb.Error, match="Corrupt"):
                    connection.execute(READ_IT)
                return
        except (duckdb.Error, pytest.fail.Exception):
            path.write_bytes(whole)
    pytest.fail("no block of the file is read with the rows alone")


@pytest.mark.parametrize("damage", [cut, overwrite, change_head])
def test_a_build_file_that_cannot_be_opened_is_begun_anew_and_said(
    build_path: Path, damage: Callable[[Path], None]
) -> None:
    said: list[str] = []
    damage(build_path)
    with warehouse.writing(build_path, said.append) as connection:
        assert warehouse.completed(connection) == set(), "nothing is published on it"
        assert connection.execute("from raw.loaded_partitions").fetchall() == []
    [sentence] = said
    assert "moved to warehouse.damaged.duckdb, and rebuilt" in sentence
    assert sorted(p.name for p in build_path.parent.iterdir()) == [
        "spill",
        "warehouse.damaged.duckdb",
        "warehouse.duckdb",
        "writer.lock",
    ]


def test_a_build_file_of_a_newer_duckdb_is_begun_anew(
    build_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect = duckdb.connect

    def refuse_once(path: str) -> duckdb.DuckDBPyConnection:
        monkeypatch.setattr(duckdb, "connect", connect)
        raise duckdb.IOException(
            "IO Error: Trying to read a database file with version number 9999, but we can only "
            "read versions between 64 and 999."
        )

    said: list[str] = []
    monkeypatch.setattr(duckdb, "connect", refuse_once)
    with warehouse.writing(build_path, said.append) as connection:
        assert warehouse.completed(connection) == set()
    assert "version number 9999" in said[0]


def test_damage_found_while_reading_stops_the_step_and_the_next_one_rebuilds(
    build_path: Path,
) -> None:
    damage_a_block_of_data(build_path)
    with (
        pytest.raises(DamagedBuildFileError, match=r"moved to warehouse\.damaged.*Run again"),
        warehouse.writing(build_path) as connection,
    ):
        connection.execute(READ_IT)
    with warehouse.writing(build_path) as connection:
        assert warehouse.completed(connection) == set()


def test_a_build_file_that_is_open_elsewhere_is_left_alone(build_path: Path) -> None:
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import duckdb, sys, time; c = duckdb.connect(sys.argv[1]); "
            "print('open', flush=True); time.sleep(60)",
            str(build_path),
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert holder.stdout.readline() == "open\n"
        with (
            pytest.raises(WarehouseError, match="open elsewhere"),
            warehouse.writing(build_path),
        ):
            pytest.fail("two processes write to the build file")
    finally:
        holder.kill()
        holder.wait()
        holder.stdout.close()
    with warehouse.writing(build_path) as connection:
        assert warehouse.completed(connection) == set(warehouse.LAYERS)


def test_an_error_that_is_no_fault_of_the_file_is_not_reworded(build_path: Path) -> None:
    with pytest.raises(duckdb.CatalogException), warehouse.writing(build_path) as connection:
        connection.execute("from raw.no_such_table")
    with warehouse.writing(build_path) as connection:
        assert warehouse.completed(connection) == set(warehouse.LAYERS)


def test_a_full_disk_names_the_build_file_what_is_free_and_what_is_needed(
    build_path: Path,
) -> None:
    """As DuckDB says it, and as dbt repeats it."""
    for text in (
        'Could not write file "/elsewhere/x.tmp": No space left on device',
        "failed to offload data block (this limit was set by 'max_temp_directory_size')",
    ):
        with (
            pytest.raises(DiskFullError, match=r"MB are free, about [\d.]+ MB are needed") as full,
            warehouse.writing(build_path),
        ):
            raise RuntimeError(f"dbt failed: {text}")
        assert isinstance(full.value, ExplainedError)
        named = "/elsewhere/x.tmp" if "elsewhere" in text else str(build_path)
        assert str(full.value).startswith(f"{named}: the disk is full")


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen]:
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)", "dbt build"])
    yield process
    process.kill()
    process.wait()


def note_of(build_path: Path) -> Path:
    return build_path.with_name("dbt.pid")


def test_a_dbt_left_behind_is_ended_by_the_next_holder(
    build_path: Path, sleeper: subprocess.Popen
) -> None:
    said: list[str] = []
    warehouse.remember_dbt(build_path, sleeper.pid)
    with warehouse.exclusive(build_path, said.append):
        assert sleeper.poll() is not None
    assert said == ["stopping a dbt process left behind by a run that was killed"]
    assert not note_of(build_path).exists()


@pytest.mark.parametrize(
    "change",
    [
        {"started": -3600.0},
        {"command": ["/usr/bin/dbt", "build"]},
        {"command": None},
        {"pid": "none"},
    ],
)
def test_another_process_that_has_the_number_of_a_dbt_is_left_alone(
    build_path: Path, sleeper: subprocess.Popen, change: dict
) -> None:
    """Its command holds the word dbt too, which alone was once enough to be killed."""
    warehouse.remember_dbt(build_path, sleeper.pid)
    recorded = json.loads(note_of(build_path).read_text())
    if "started" in change:
        change = {"started": recorded["started"] + change["started"]}
    note_of(build_path).write_text(json.dumps(recorded | change))
    with warehouse.exclusive(build_path, pytest.fail):
        time.sleep(0.2)
        assert sleeper.poll() is None, "it lives"
    assert not note_of(build_path).exists()


@pytest.mark.parametrize("text", ["", "4711", "[]", '{"pid": 1}', "{", "\0"])
def test_a_note_that_is_not_ours_ends_nothing(build_path: Path, text: str) -> None:
    note_of(build_path).write_text(text)
    with warehouse.exclusive(build_path, pytest.fail):
        assert not note_of(build_path).exists()


def test_a_process_of_another_user_is_left_alone(
    build_path: Path, sleeper: subprocess.Popen, monkeypatch: pytest.MonkeyPatch
) -> None:
    warehouse.remember_dbt(build_path, sleeper.pid)

    def denied(process: psutil.Process) -> list[str]:
        raise psutil.AccessDenied(process.pid)

    monkeypatch.setattr(psutil.Process, "cmdline", denied)
    with warehouse.exclusive(build_path, pytest.fail):
        assert sleeper.poll() is None


def test_a_dbt_that_has_ended_already_is_not_remembered(build_path: Path) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    warehouse.remember_dbt(build_path, ended.pid)
    assert not note_of(build_path).exists()
