"""A publication is finite, whole and unaltered: every kind of damage is named with its file."""

from __future__ import annotations

import json
import os
import stat
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from orchestration.publishing.integrity import (
    OWN_CHECKSUM,
    UNLISTED,
    Damage,
    non_finite_numbers,
    remove_publication,
    seal,
    tables_that_differ,
    verify_publication,
)
from orchestration.settings import PROJECT_ROOT

PARQUET = "parquet/marts/t.parquet"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A sealed publication of one table."""
    folder = tmp_path / "publications" / "000001"
    (folder / "parquet" / "marts").mkdir(parents=True)
    (folder / "tables").mkdir()
    (folder / "tables" / "table_4.en.csv").write_text("a,b\n")
    with duckdb.connect(str(folder / "warehouse.duckdb")) as connection:
        connection.execute("create schema marts")
        connection.execute("create table marts.t as select range as i from range(5000)")
        connection.execute(f"copy marts.t to '{folder / PARQUET}' (format parquet)")
    seal(folder, {"publication": "000001", "tables": {"marts.t": {"rows": 5000}}})
    return folder


def change_byte(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    writable(path).write_bytes(bytes(content))


def writable(path: Path) -> Path:
    path.chmod(0o644)
    path.parent.chmod(0o755)
    return path


def change_provenance(folder: Path) -> None:
    path = writable(folder / "provenance.json")
    path.write_text(path.read_text().replace('"publication": "000001"', '"publication": "000002"'))


def empty_list_of_files(folder: Path) -> None:
    path = writable(folder / "provenance.json")
    path.write_text(json.dumps(json.loads(path.read_text()) | {"files": {}}))


DAMAGES: dict[str, tuple[Callable[[Path], object], str, str]] = {
    "truncated Parquet": (
        lambda folder: os.truncate(writable(folder / PARQUET), 100),
        PARQUET,
        "has 100 bytes instead of",
    ),
    "changed byte in warehouse.duckdb": (
        lambda folder: change_byte(folder / "warehouse.duckdb"),
        "warehouse.duckdb",
        "has been changed",
    ),
    "missing file": (
        lambda folder: writable(folder / "tables" / "table_4.en.csv").unlink(),
        "tables/table_4.en.csv",
        "is missing",
    ),
    "extra file": (
        lambda folder: (folder / "notes.txt").write_text("x"),
        "notes.txt",
        "is not part of the publication",
    ),
    "file replaced by a link": (
        lambda folder: (
            writable(folder / PARQUET).rename(folder.parent / "elsewhere"),
            (folder / PARQUET).symlink_to(folder.parent / "nowhere"),
        ),
        PARQUET,
        "cannot be read",
    ),
    "changed provenance": (change_provenance, "provenance.json", "has been changed"),
    "provenance that lists nothing": (
        empty_list_of_files,
        "provenance.json",
        "has been changed",
    ),
    "missing provenance": (
        lambda folder: writable(folder / "provenance.json").unlink(),
        "provenance.json",
        "is missing",
    ),
    "cut provenance": (
        lambda folder: os.truncate(writable(folder / "provenance.json"), 40),
        "provenance.json",
        "cannot be read",
    ),
    "provenance that is something else": (
        lambda folder: writable(folder / "provenance.json").write_text("[1]"),
        "provenance.json",
        "is not the provenance",
    ),
    "provenance of an earlier version": (
        lambda folder: writable(folder / "provenance.json").write_text('{"publication": "1"}'),
        "provenance.json",
        UNLISTED,
    ),
}


def test_a_publication_as_it_was_published_has_no_damage(folder: Path, tmp_path: Path) -> None:
    assert verify_publication(folder) == []
    link = tmp_path / "published"
    link.symlink_to(folder)
    assert verify_publication(link) == [], "through the link too"


@pytest.mark.parametrize("damage", DAMAGES)
def test_every_damage_is_named_with_its_file(damage: str, folder: Path) -> None:
    make, file, what = DAMAGES[damage]
    folder.chmod(0o755)
    make(folder)
    [found] = verify_publication(folder)
    assert found.file == file
    assert what in found.what
    assert str(found) == f"{file}: {found.what}"


def test_the_page_on_operations_names_every_damage() -> None:
    page = (PROJECT_ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    assert [damage for damage in DAMAGES if f"| {damage} |" not in page] == []


def test_where_there_is_no_publication_its_provenance_is_missing(tmp_path: Path) -> None:
    (tmp_path / "published").symlink_to("publications/000001")
    assert verify_publication(tmp_path / "published") == [Damage("provenance.json", "is missing")]


def test_opening_and_reading_a_publication_does_no_damage(folder: Path) -> None:
    with duckdb.connect(str(folder / "warehouse.duckdb"), read_only=True) as connection:
        assert connection.execute("select count(*) from marts.t").fetchall() == [(5000,)]
        assert verify_publication(folder) == []
    assert verify_publication(folder) == []


def test_opening_it_for_writing_is_damage(folder: Path) -> None:
    """Only root can, whom modes do not stop."""
    for path in (folder, folder / "warehouse.duckdb"):
        path.chmod(0o755)
    with duckdb.connect(str(folder / "warehouse.duckdb")) as connection:
        connection.execute("delete from marts.t where i = 7")
    assert [d.file for d in verify_publication(folder)] == ["warehouse.duckdb"]


def test_files_and_folders_are_read_only(folder: Path) -> None:
    modes = {
        path.relative_to(folder).as_posix(): stat.S_IMODE(path.stat().st_mode)
        for path in [folder, *folder.rglob("*")]
    }
    assert {mode for name, mode in modes.items() if (folder / name).is_file()} == {0o444}
    assert {mode for name, mode in modes.items() if (folder / name).is_dir()} == {0o555}
    assert {".", "parquet/marts", PARQUET, "warehouse.duckdb", "provenance.json"} <= set(modes)


def test_a_sealed_publication_can_be_removed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Root could without; everybody else needs the folders to be writable first."""
    unlink, parents = os.unlink, set()

    def watched(path: str, *, dir_fd: int | None = None) -> None:
        state = os.fstat(dir_fd) if dir_fd is not None else os.stat(Path(path).parent)
        parents.add(bool(state.st_mode & stat.S_IWUSR))
        unlink(path, dir_fd=dir_fd)

    monkeypatch.setattr(os, "unlink", watched)
    remove_publication(folder)
    assert not folder.exists()
    assert parents == {True}


def test_the_checksum_of_the_provenance_covers_all_of_it(folder: Path) -> None:
    provenance = json.loads((folder / "provenance.json").read_text())
    assert set(provenance["files"]) == {"warehouse.duckdb", PARQUET, "tables/table_4.en.csv"}
    for key in provenance:
        if key == OWN_CHECKSUM:
            continue
        writable(folder / "provenance.json").write_text(
            json.dumps({k: v for k, v in provenance.items() if k != key})
        )
        assert [d.file for d in verify_publication(folder)] == ["provenance.json"], key


def test_a_table_short_of_rows_or_missing_is_found_before_the_link_moves(folder: Path) -> None:
    assert tables_that_differ(folder, {"marts.t": 5000}) == []
    assert [str(d) for d in tables_that_differ(folder, {"marts.t": 5001})] == [
        "warehouse.duckdb: 5,000 rows of marts.t, not 5,001",
        f"{PARQUET}: 5,000 rows of marts.t, not 5,001",
    ]
    assert [str(d) for d in tables_that_differ(folder, {"marts.t": 5000, "marts.u": 1})] == [
        "warehouse.duckdb: has no table marts.u"
    ]
    assert [str(d) for d in tables_that_differ(folder, {})] == [
        "warehouse.duckdb: has a table marts.t besides"
    ]
    os.truncate(writable(folder / PARQUET), 0)
    [unreadable] = tables_that_differ(folder, {"marts.t": 5000})
    assert "cannot be read" in unreadable.what


def test_numbers_that_are_not_finite_are_found_with_table_column_and_first_key() -> None:
    connection = duckdb.connect()
    connection.execute("create schema marts; create schema staging")
    for schema in ("marts", "staging"):
        connection.execute(
            f"""
            create table {schema}.t as
            select * from (
                values
                    ('DEU', 2010, 1.5, 'nan'::double, null::double, 1::float),
                    ('AUT', 2011, 2.5, 'nan'::double, '-inf'::double, null::float),
                    ('AUT', 2010, 3.5, 0.5, null, 2::float)
            ) as t(iso3, year, fine, z, "odd one", small)
            """
        )
    assert non_finite_numbers(connection, ("marts", "report")) == [
        "marts.t.z is nan in 2 rows, first at iso3 AUT, year 2011, fine 2.5",
        "marts.t.odd one is -inf in 1 rows, first at iso3 AUT, year 2011, fine 2.5",
    ]
    connection.execute("update marts.t set z = null, \"odd one\" = null, small = 'inf'::float")
    [found] = non_finite_numbers(connection, ("marts",))
    assert found.startswith("marts.t.small is inf in 3 rows")
    connection.execute("update marts.t set small = null")
    assert non_finite_numbers(connection, ("marts",)) == [], "NULL is a missing number, said so"


def test_verifying_takes_seconds(tmp_path: Path) -> None:
    """Three hundred megabytes are several times the publication of the real landing."""
    with open(tmp_path / "large", "wb") as file:
        file.truncate(300_000_000)
    seal(tmp_path, {})
    started = time.monotonic()
    assert verify_publication(tmp_path) == []
    assert time.monotonic() - started < 10
