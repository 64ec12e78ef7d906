"""Raw tables as views of Parquet files: what is listed is seen, and only as it was written."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from orchestration.build import loading, raw_files, warehouse
from orchestration.landing.manifest import Manifest, read_manifest
from orchestration.landing.publishers.baci import BACI_TRADE
from orchestration.sources.folder import fill_from_folder
from tests.support.publishers_files import baci_rows, write_csv

YEARS = (2021, 2022)


@pytest.fixture
def manifest(tmp_path: Path) -> Manifest:
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    for year in YEARS:
        write_csv(inbox / f"BACI_HS17_Y{year}_V202601.csv", baci_rows(year))
    manifest = read_manifest(tmp_path / "data" / "landing" / "manifest.json")
    fill_from_folder(manifest, inbox)
    return manifest


def build_path(manifest: Manifest) -> Path:
    return manifest.raw_folder.parent / "warehouse.duckdb"


def loaded(manifest: Manifest) -> dict[str, bool]:
    """Load both years. Returns which of them were loaded anew."""
    with warehouse.writing(build_path(manifest)) as connection:
        years = loading.load_trade_years(connection, manifest, BACI_TRADE, YEARS)
        [(rows,)] = connection.execute("select count(*) from raw.baci_trade").fetchall()
    assert rows == sum(x.rows for x in years) == 4
    return {x.partition: x.changed for x in years}


def piece(manifest: Manifest, year: int) -> Path:
    [path] = manifest.raw_folder.glob(f"baci_trade/year={year}/*")
    return path


def test_rows_are_sorted_by_product_exporter_and_importer(manifest: Manifest) -> None:
    loaded(manifest)
    with warehouse.writing(build_path(manifest)) as connection:
        rows = connection.execute(
            "select k, i, j, landed_file, landed_row, landed_sequence, trade_year "
            "from raw.baci_trade where trade_year = 2021"
        ).fetchall()
    assert rows == sorted(rows)
    assert {row[3] for row in rows} == {"baci/BACI_HS17_Y2021_V202601.csv"}
    assert sorted(row[4] for row in rows) == [1, 2]


@pytest.mark.parametrize("damage", ["a changed byte", "cut", "gone"])
def test_a_file_that_is_not_as_it_was_is_made_again_and_no_other(
    damage: str, manifest: Manifest
) -> None:
    assert loaded(manifest) == {"2021": True, "2022": True}
    assert loaded(manifest) == {"2021": False, "2022": False}
    path = piece(manifest, 2022)
    body = bytearray(path.read_bytes())
    if damage == "a changed byte":
        body[len(body) // 2] ^= 0xFF
        path.write_bytes(body)
    elif damage == "cut":
        path.write_bytes(body[:-9])
    else:
        path.unlink()
    with warehouse.writing(build_path(manifest)) as connection:
        is_listed = bool(raw_files.altered(connection, BACI_TRADE))
        [(rows,)] = connection.execute(
            "select count(*) from raw.baci_trade where trade_year = 2021"
        ).fetchall()
    assert rows == 2
    assert is_listed == (damage == "a changed byte"), "what is not there whole is listed no more"
    assert loaded(manifest) == {"2021": False, "2022": True}
    assert loaded(manifest) == {"2021": False, "2022": False}


def counted(manifest: Manifest) -> list[tuple]:
    with warehouse.writing(build_path(manifest)) as connection:
        return connection.execute(
            "select trade_year, landed_file, landed_sequence, hs_revision, baci_release, "
            "row_count, v from raw.baci_trade_counted order by all"
        ).fetchall()


def test_rows_and_values_are_counted_by_year_and_landed_file(manifest: Manifest) -> None:
    loaded(manifest)
    with warehouse.writing(build_path(manifest)) as connection:
        expected = connection.execute(
            "select trade_year, landed_file, landed_sequence, 'H5', '202601', count(*), sum(v) "
            "from raw.baci_trade group by all order by all"
        ).fetchall()
    assert len(expected) == len(YEARS)
    assert counted(manifest) == expected
    with warehouse.writing(build_path(manifest)) as connection:
        raw_files.forget(connection, BACI_TRADE, 2021)
    assert counted(manifest) == expected[1:]
    assert loaded(manifest) == {"2021": True, "2022": False}
    assert counted(manifest) == expected


def test_a_year_that_an_earlier_version_did_not_count_is_loaded_again(manifest: Manifest) -> None:
    loaded(manifest)
    whole = counted(manifest)
    with warehouse.writing(build_path(manifest)) as connection:
        connection.execute("delete from raw.baci_trade_counted where trade_year = 2022")
    assert loaded(manifest) == {"2021": False, "2022": True}
    assert counted(manifest) == whole


def test_a_moved_data_folder_loads_what_it_has(manifest: Manifest, tmp_path: Path) -> None:
    loaded(manifest)
    shutil.move(tmp_path / "data", tmp_path / "moved")
    moved = read_manifest(tmp_path / "moved" / "landing" / "manifest.json")
    made = piece(moved, 2022).stat().st_mtime_ns
    assert loaded(moved) == {"2021": True, "2022": True}
    assert piece(moved, 2022).stat().st_mtime_ns == made, "nothing is converted again"


def test_what_is_not_listed_is_removed(manifest: Manifest) -> None:
    left = manifest.raw_folder / "baci_trade" / "year=1999" / "000099-0-abc.parquet"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"of a killed process")
    loaded(manifest)
    assert not left.parent.exists()


def test_a_table_of_an_earlier_version_becomes_a_view(manifest: Manifest) -> None:
    with warehouse.writing(build_path(manifest)) as connection:
        connection.execute("drop view raw.baci_trade; create table raw.baci_trade (t integer)")
        connection.execute(
            "insert into raw.loaded_partitions values ('baci_trade', '2021', 'x', 1)"
        )
    assert loaded(manifest) == {"2021": True, "2022": True}
