"""What a query on a publication cannot do, and which publication is opened."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from orchestration.publishing.integrity import WAREHOUSE
from orchestration.publishing.reading import (
    CLOSED,
    OpenPublication,
    PublicationError,
    QueryError,
    explaining_queries,
    open_publication,
    select,
)
from orchestration.settings import Settings, load_settings
from tests.support.small_publication import publish_by_hand


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings({"LCT_DATA_DIR": str(tmp_path)})


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with a publication, and a file that no query may read."""
    folder = tmp_path_factory.mktemp("data")
    publish_by_hand(folder)
    (folder / "note.csv").write_text("secret\n1\n", encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def publication(data: Path) -> Iterator[OpenPublication]:
    with open_publication(load_settings({"LCT_DATA_DIR": str(data)})) as opened:
        yield opened


def state_of(folder: Path) -> dict[Path, tuple[int, int]]:
    files = (p for p in folder.rglob("*") if p.is_file())
    return {p: (p.stat().st_size, p.stat().st_mtime_ns) for p in files}


def rows_of(publication: OpenPublication, sql: str) -> list[tuple]:
    with explaining_queries():
        return select(publication, sql).fetchall()


@pytest.mark.parametrize(
    "sql",
    [
        "select count(*) from marts.fct_trade_flow",
        "from marts.fct_trade_flow select count(*);",
        "with t as (from marts.fct_trade_flow) select count(*) from t",
        "values (4)",
        "-- a comment\nselect 4 -- and; another",
    ],
)
def test_one_select_is_run(publication: OpenPublication, sql: str) -> None:
    assert rows_of(publication, sql) == [(4,)]


@pytest.mark.parametrize(
    "sql", ["describe marts.run_choices", "show all tables", "from duckdb_columns()"]
)
def test_tables_can_be_described(publication: OpenPublication, sql: str) -> None:
    assert rows_of(publication, sql)


FILE = "'{folder}/note.csv'"
BEYOND = {
    "write": "insert into marts.run_choices from marts.run_choices",
    "create": "create table mine as select 1",
    "create for the session": "create temp table mine as select 1",
    "create a macro": "create temp macro mine() as 1",
    "drop": "drop table marts.run_choices",
    "change": "update marts.run_choices set basis = ''",
    "comment": "comment on table marts.run_choices is ''",
    "attach": "attach '{folder}/other.duckdb'",
    "attach in memory": "attach ':memory:' as other",
    "detach": "detach warehouse",
    "copy to": "copy (select 1) to '{folder}/out.csv'",
    "copy over": "copy (select 1) to '{folder}/published/warehouse.duckdb'",
    "explain, which runs": "explain analyze copy (select 1) to '{folder}/out.csv'",
    "export": "export database '{folder}/out'",
    "import": "import database '{folder}'",
    "read_csv": f"from read_csv({FILE})",
    "read_text": f"from read_text({FILE})",
    "read_blob": f"from read_blob({FILE})",
    "read_json": f"from read_json({FILE})",
    "read_parquet": f"from read_parquet({FILE})",
    "sniff": f"from sniff_csv({FILE})",
    "a file by name": f"from {FILE}",
    "a file in a query in text": "from query('from read_text(''{folder}/note.csv'')')",
    "list files": "from glob('{folder}/*')",
    "secrets": "from duckdb_secrets()",
    "the network": "from read_csv('https://example.org/a.csv')",
    "load": "load httpfs",
    "install": "install httpfs",
    "load a file": "load '{folder}/mine.duckdb_extension'",
    "set": "set enable_external_access = true",
    "pragma": "pragma enable_external_access = true",
    "unlock": "set lock_configuration = false",
    "reset": "reset lock_configuration",
    "variable": "set variable mine = 1",
    "log to a file": "from enable_logging(storage = 'file', storage_path = '{folder}/log')",
    "call": "call enable_logging()",
    "prepare": "prepare mine as select 1",
    "use": "use marts",
    "begin": "begin",
    "checkpoint": "checkpoint",
    "vacuum": "vacuum",
    "several": "select 1; select 2",
    "one after a select": "select 1; drop table marts.run_choices",
    "nothing": "-- only a comment",
    "no SQL": "who exports most?",
    "what DuckDB has no name for": "update extensions",
}


@pytest.mark.parametrize("attempt", BEYOND)
def test_a_query_can_do_nothing_else(
    publication: OpenPublication, data: Path, attempt: str
) -> None:
    before = state_of(data)
    with pytest.raises(QueryError):
        rows_of(publication, BEYOND[attempt].format(folder=data))
    assert state_of(data) == before
    assert rows_of(publication, "select count(*) from marts.run_choices") == [(1,)]


@pytest.mark.parametrize(
    "sql",
    [
        f"from read_text({FILE})",
        "attach '{folder}/other.duckdb'",
        "copy (select 1) to '{folder}/out.csv'",
        "load httpfs",
        "set threads = 1",
        "insert into marts.run_choices from marts.run_choices",
    ],
)
def test_the_database_itself_is_closed_whatever_the_statement(
    publication: OpenPublication, data: Path, sql: str
) -> None:
    """The connection refuses too: it is not only the kind of statement that is looked at."""
    with pytest.raises((duckdb.PermissionException, duckdb.InvalidInputException)):
        publication.connection.execute(sql.format(folder=data))


def test_objects_of_the_process_are_no_tables(publication: OpenPublication) -> None:
    mine = duckdb.connect().sql("select 1")
    assert mine.fetchall() == [(1,)]
    with pytest.raises(QueryError, match="lct tables"):
        rows_of(publication, "from mine")


def test_settings_are_closed_and_locked(publication: OpenPublication) -> None:
    for setting, value in CLOSED.items():
        assert rows_of(publication, f"select current_setting('{setting}')") == [(value == "true",)]


def test_a_query_that_does_not_fit_into_memory_spills_and_leaves_nothing(tmp_path: Path) -> None:
    publish_by_hand(tmp_path)
    settings = load_settings({"LCT_DATA_DIR": str(tmp_path), "LCT_MEMORY_LIMIT": "100MB"})
    many = "select count(*) from (select i, hash(i) as h from range(6000000) t(i) order by h)"
    with open_publication(settings) as opened:
        assert rows_of(opened, f"{many} where h > 0")
        spill = opened.spill
        assert spill.exists()
    assert not spill.exists()


def test_the_published_one_is_opened_or_the_one_named(settings: Settings) -> None:
    publish_by_hand(settings.data_dir, "000001", is_synthetic=False)
    publish_by_hand(settings.data_dir, "000002")
    for number, opened_number in ((None, "000002"), ("000001", "000001"), ("1", "000001")):
        with open_publication(settings, number) as opened:
            assert opened.number == opened_number
            assert opened.is_synthetic == (opened_number == "000002")
            assert bool(opened.notice) == opened.is_synthetic


def test_what_cannot_be_opened_is_said_with_a_remedy(settings: Settings) -> None:
    with pytest.raises(PublicationError, match="nothing is published there"):
        open_publication(settings).__enter__()
    folder = publish_by_hand(settings.data_dir)
    with pytest.raises(PublicationError, match="no publication '7'; kept are: 000001"):
        open_publication(settings, "7").__enter__()
    (folder / WAREHOUSE).write_bytes(b"not a database")
    with pytest.raises(PublicationError, match=r"cannot be opened.*lct verify"):
        open_publication(settings).__enter__()
