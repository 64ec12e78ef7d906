"""Macros of the published file: what they give and refuse, and that every DuckDB can call them."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from filelock import FileLock

from orchestration.publishing.catalogue import columns_given_by, macros_of
from orchestration.publishing.reading import SYNTHETIC_NOTICE
from tests.support.guide import QUESTIONS
from tests.support.runs import FinishedRun, shared_folder

# each macro that gives rows with arguments, and what tells its rows apart
CALLS = {
    "coefficient_robustness()": 'exhibit, "column", term',
    "coefficients_of('table_7')": '"column", term',
    "dependence_of('EUU')": "year, market_kind, market, supplier_iso3",
    "economy_profiles(2022)": "iso3",
    "exporters_of('Lithium carbonate')": "year, economy_iso3",
    "find_columns('weight')": "table_name, column_name",
    "find_products('锂')": "product_code",
    "importers_of('283691')": "year, economy_iso3",
    "latest_exports('中国')": "product_code",
    "latest_imports('Germany')": "product_code",
    "latest_trade('deu', 'import')": "product_code",
    "mineral_supply('Cobalt')": "year, mineral_stage",
    "panel_on('reconciled', treatment := 'strict', scope := 'all_stages')": "iso3, year",
    "prices_of('850710')": "frequency, flow, period",  # the number of a product and of its code
    "trade_between('China', 'JPN')": "year, product_code",
    "trade_on('reconciled')": "year, exporter_iso3, importer_iso3, product_code",
    "world_trade()": "year, economy_iso3, flow, product_code",
}
MISTAKES = {
    "latest_exports('Chinna')": "No economy Chinna: marts.dim_economy",
    "trade_between('CHN', 'Atlantis')": "No economy Atlantis",
    "dependence_of('EU')": "No economy EU",
    "exporters_of('solar')": "0 products are called solar: find_products",
    "trade_on('mirror')": "mirror is none of china_reported, partner_reported, reconciled",
    "trade_on('reconciled', treatment := 'none')": "none is none of harmonised",
    "panel_on('reconciled', scope := 'ore')": "ore is none of ores, all_stages",
    "latest_trade('CHN', 'exports')": "exports is none of export, import",
    "mineral_supply('unobtainium')": "No mineral unobtainium",
    "prices_of('wind')": "No prices of wind",
    "coefficients_of('table_3')": "table_3 is none of table_4",
}
# the oldest that opens the file, the one with long support, and the newest
VERSIONS = {"1.1.3": "duckdb==1.1.3", "1.4": "duckdb==1.4.*", "2": "duckdb>=2,<3"}
INSTALL = (
    "-m pip install --quiet --no-deps --no-compile --only-binary :all: --no-input "
    "--disable-pip-version-check --retries 0 --timeout 15 --target"
)
COUNT_DESCRIBED = """
select count(*), count(comment) from duckdb_tables() where not internal
union all
select count(*), count(comment) from duckdb_columns() where not internal
union all
select count(*), count(comment) from duckdb_functions() where not internal
"""
COUNT_ROWS = " union all ".join(f"select count(*) from {call}" for call in CALLS)
ASK = """
import json, sys, duckdb
asked = json.load(sys.stdin)
with duckdb.connect(asked["file"], read_only=True) as connection:
    answers = [connection.execute(sql).fetchall() for sql in asked["queries"]]
print(json.dumps([duckdb.__version__, answers], default=str))
"""


@pytest.fixture(scope="module")
def published(demo_run: FinishedRun) -> Iterator[duckdb.DuckDBPyConnection]:
    path = demo_run.settings.published_dir / "warehouse.duckdb"
    with duckdb.connect(str(path), read_only=True) as connection:
        yield connection


def test_every_macro_that_gives_rows_is_called_here(published: duckdb.DuckDBPyConnection) -> None:
    with_rows = {macro.name for macro in macros_of(published) if macro.grain}
    assert {call.partition("(")[0] for call in CALLS} == with_rows


@pytest.mark.parametrize("call", CALLS)
def test_a_macro_gives_rows_of_its_grain(call: str, published: duckdb.DuckDBPyConnection) -> None:
    [(rows, different)] = published.execute(
        f"select count(*), count(distinct ({CALLS[call]})) from {call}"
    ).fetchall()
    assert rows == different > 0


@pytest.mark.parametrize("call", MISTAKES)
def test_what_does_not_exist_is_an_error_that_says_where_to_look(
    call: str, published: duckdb.DuckDBPyConnection
) -> None:
    with pytest.raises(duckdb.Error, match=MISTAKES[call]):
        published.execute(f"from {call}").fetchall()


def test_every_macro_and_every_column_it_gives_is_described(
    published: duckdb.DuckDBPyConnection,
) -> None:
    for macro in macros_of(published):
        assert macro.description or macro.grain, macro.name
        own = [c.name for c in columns_given_by(published, macro) if not c.description]
        said = f"{macro.grain} {macro.description}"
        assert [name for name in own if name not in said] == [], macro.name


def test_every_table_column_and_macro_is_described(published: duckdb.DuckDBPyConnection) -> None:
    empty = published.execute(
        """
        select table_name, '' from duckdb_tables() where not internal and coalesce(comment, '') = ''
        union all
        select table_name, column_name from duckdb_columns()
        where not internal and coalesce(comment, '') = ''
        union all
        select function_name, '' from duckdb_functions()
        where not internal and coalesce(comment, '') = ''
        """
    ).fetchall()
    assert empty == []


def test_macros_of_invented_numbers_say_so(published: duckdb.DuckDBPyConnection) -> None:
    comments = published.execute("select comment from duckdb_functions() where not internal")
    assert all(comment.startswith(SYNTHETIC_NOTICE) for (comment,) in comments.fetchall())


@pytest.mark.parametrize("version", VERSIONS)
def test_other_versions_of_duckdb_answer_the_same(
    version: str,
    demo_run: FinishedRun,
    published: duckdb.DuckDBPyConnection,
    tmp_path_factory: pytest.TempPathFactory,
    worker_id: str,
) -> None:
    """The guide's queries and every macro, in a process of its own with that DuckDB."""
    folder = shared_folder(f"duckdb_{version}", tmp_path_factory, worker_id)
    asked = {
        "file": str(demo_run.settings.published_dir / "warehouse.duckdb"),
        "queries": [*QUESTIONS.values(), COUNT_ROWS, COUNT_DESCRIBED],
    }
    done = subprocess.run(
        [sys.executable, "-c", ASK],
        env={"PYTHONPATH": str(fetched(VERSIONS[version], folder))},
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    used, [*answers, rows, described] = json.loads(done.stdout)
    assert used.startswith(version)
    expected = [published.execute(sql).fetchall() for sql in QUESTIONS.values()]
    assert [len(answer) for answer in answers] == [len(answer) for answer in expected]
    assert [tuple(row) for row in rows] == published.execute(COUNT_ROWS).fetchall()
    assert all(total == with_comment > 0 for total, with_comment in described)


def fetched(requirement: str, folder: Path) -> Path:
    """The folder with that DuckDB alone, from the package index; skips where it has none."""
    with FileLock(f"{folder}.lock"):
        if not folder.exists():
            done = subprocess.run(
                [sys.executable, *shlex.split(INSTALL), str(folder), requirement],
                capture_output=True,
                text=True,
                timeout=120,
            )
            if done.returncode:
                reason = done.stderr.strip().splitlines()[-1]
                pytest.skip(f"skipped: {requirement} cannot be fetched: {reason}")
    return folder
