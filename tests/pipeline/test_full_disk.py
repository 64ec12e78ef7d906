"""A full disk: one sentence says which file, what is free and needed; with space it goes on."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from orchestration.build import warehouse
from orchestration.durable import DiskFullError, write_then_replace
from orchestration.landing.manifest import read_manifest
from orchestration.publishing.integrity import verify_publication
from orchestration.publishing.publication import publish
from orchestration.settings import Settings
from orchestration.sources.folder import fill_from_folder
from tests.support.publishers_files import baci_rows, write_csv
from tests.support.runs import FinishedRun, not_in_a_copy
from tests.support.small_disk import filled_up, small_disk

SENTENCE = r"the disk is full: [\d.,]+ MB are free, about [\d.,]+ MB are needed\. Free space and"


@pytest.fixture
def on_a_small_disk(corner_run: FinishedRun, tmp_path: Path) -> Iterator[Settings]:
    """The finished run on the corner of the demo, on a disk of its own."""
    with small_disk(tmp_path / "disk", 500) as disk:
        shutil.copytree(
            corner_run.settings.data_dir,
            disk / "data",
            symlinks=True,
            ignore=not_in_a_copy,
        )
        yield replace(corner_run.settings, data_dir=disk / "data")


def test_a_publication_without_space_leaves_the_old_one_and_succeeds_with_space(
    on_a_small_disk: Settings,
) -> None:
    settings = on_a_small_disk
    before = settings.published_dir.resolve()
    with duckdb.connect(str(settings.build_path)) as connection:
        connection.execute("update marts.dim_economy set economy_name = 'another'")
    with (
        filled_up(settings.data_dir, 1_500_000),
        pytest.raises(DiskFullError, match=rf"/publications/.*{SENTENCE}"),
    ):
        publish(settings)
    assert settings.published_dir.resolve() == before
    assert verify_publication(settings.published_dir) == []
    assert [p.name for p in before.parent.iterdir()] == [before.name], "nothing half-written"
    assert publish(settings).changed


def test_loading_without_space_leaves_the_build_file_as_it_was(on_a_small_disk: Settings) -> None:
    settings = on_a_small_disk
    grow = (
        "create table raw.grown as select range as i, md5(range::varchar) as t from range(2000000)"
    )

    def load() -> None:
        with warehouse.writing(settings.build_path) as connection:
            connection.execute(grow)

    with (
        filled_up(settings.data_dir, 3_000_000),
        pytest.raises(DiskFullError, match=rf"build/warehouse\.duckdb.*{SENTENCE}"),
    ):
        load()
    with warehouse.writing(settings.build_path) as connection:
        assert warehouse.completed(connection) == set(warehouse.LAYERS)
        assert (
            connection.execute("from duckdb_tables() where table_name = 'grown'").fetchall() == []
        )
    load()


def test_a_file_of_ours_is_replaced_whole_or_not_at_all(on_a_small_disk: Settings) -> None:
    path = on_a_small_disk.data_dir / "state.json"
    write_then_replace(path, "before")
    with (
        filled_up(path.parent, 100_000),
        pytest.raises(DiskFullError, match=rf"state\.json: {SENTENCE}"),
    ):
        write_then_replace(path, bytes(1_000_000))
    assert path.read_text() == "before"
    assert not list(path.parent.glob(".part-state*")), "what was written of it takes no space"


def test_what_lands_without_space_lands_with_it(tmp_path: Path) -> None:
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    name = "BACI_HS17_Y2019_V203001.csv"
    [row, _] = baci_rows(2019)
    write_csv(inbox / name, [row | {"k": str(k)} for k in range(300_000, 310_000)])
    with small_disk(tmp_path / "disk", 20) as disk:
        path = disk / "landing" / "manifest.json"
        with filled_up(disk, 20_000), pytest.raises(DiskFullError, match=rf"landing/.*{SENTENCE}"):
            fill_from_folder(read_manifest(path), inbox)
        assert read_manifest(path).current() == []
        fill_from_folder(read_manifest(path), inbox)
        assert [Path(f.file).name for f in read_manifest(path).current()] == [name]
