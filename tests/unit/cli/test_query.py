"""`lct query`: its formats, its limits, its exit codes, and what it says."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from orchestration.cli import query
from orchestration.cli.exit_codes import FAILED, MISUSED, TIMED_OUT
from orchestration.cli.query import Format, Query, main
from orchestration.settings import PROJECT_ROOT
from tests.support.small_publication import publish_by_hand

ALL = "from marts.fct_trade_flow order by year, exporter_iso3"
ENDLESS = "with recursive t(n) as (select 1 union all select n + 1 from t) select max(n) from t"
NOTICE = "SYNTHETIC DEMO DATA: every number is invented."

Captured = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    publish_by_hand(folder, "000001", is_synthetic=False)
    publish_by_hand(folder, "000002")
    return folder


@pytest.fixture(autouse=True)
def _on_the_publication(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LCT_DATA_DIR", str(data))
    # on a busy machine, the process of the tests must not be ended
    monkeypatch.setattr(query, "GRACE_SECONDS", 60)


def test_a_table_is_aligned_below_the_notice(capsys: Captured) -> None:
    assert main(Query(ALL)) == 0
    said = capsys.readouterr()
    assert said.out.splitlines() == [
        NOTICE,
        "",
        "year  exporter_iso3  product_code     value_usd",
        "----  -------------  ------------  ------------",
        "2021  CHN            850720            4000.125",
        "2022  CHN            850720            5000.500",
        "2022  DEU            854140        12345678.900",
        "2022  FRA            854140",
    ]
    assert said.err == f"{NOTICE}\n"


def test_markdown_stands_below_the_notice_and_escapes_its_bars(capsys: Captured) -> None:
    assert main(Query("select 'a|b' as x, 1.5 as y"), "markdown") == 0
    assert capsys.readouterr().out.splitlines() == [
        NOTICE, "", "| x | y |", "| --- | ---: |", "| a\\|b | 1.5 |",
    ]  # fmt: skip


def test_csv_holds_every_digit_and_nothing_else(capsys: Captured) -> None:
    assert main(Query(ALL), "csv") == 0
    said = capsys.readouterr()
    rows = list(csv.reader(io.StringIO(said.out)))
    assert rows[0] == ["year", "exporter_iso3", "product_code", "value_usd"]
    assert rows[3] == ["2022", "DEU", "854140", "12345678.900"]
    assert rows[4][3] == ""
    assert NOTICE in said.err


def test_json_says_where_it_comes_from(capsys: Captured) -> None:
    assert main(Query(ALL, limit=2), "json") == 0
    said = capsys.readouterr()
    assert json.loads(said.out) == {
        "publication": "000002",
        "is_synthetic": True,
        "notice": NOTICE,
        "is_cut": True,
        "rows": [
            {"year": 2021, "exporter_iso3": "CHN", "product_code": "850720", "value_usd": 4000.125},
            {"year": 2022, "exporter_iso3": "CHN", "product_code": "850720", "value_usd": 5000.5},
        ],
    }


def test_parquet_keeps_types_and_carries_the_notice(tmp_path: Path) -> None:
    path = tmp_path / "out.parquet"
    assert main(Query(ALL, limit=3), "parquet", path) == 0
    table = pq.read_table(path)
    assert table.num_rows == 3
    assert str(table.schema.field("value_usd").type) == "decimal128(18, 3)"
    assert table.schema.metadata[b"notice"].decode() == NOTICE
    assert list(tmp_path.iterdir()) == [path]


def test_real_numbers_carry_no_notice(capsys: Captured) -> None:
    assert main(Query("select 1 as n", publication="1"), "json") == 0
    said = capsys.readouterr()
    assert json.loads(said.out) == {
        "publication": "000001",
        "is_synthetic": False,
        "is_cut": False,
        "rows": [{"n": 1}],
    }
    assert said.err == ""


@pytest.mark.parametrize(("limit", "rows"), [(1, 1), (3, 3), (4, 4), (5, 4), (0, 4)])
def test_a_cut_is_said_and_only_then(limit: int, rows: int, capsys: Captured) -> None:
    assert main(Query(ALL, limit=limit), "csv") == 0
    said = capsys.readouterr()
    assert len(said.out.splitlines()) == rows + 1
    assert ("cut after" in said.err) == (rows < 4)


def test_more_rows_than_are_read_at_once(capsys: Captured) -> None:
    assert main(Query("from range(30001)", limit=25_000), "csv") == 0
    assert capsys.readouterr().out.splitlines()[-1] == "24999"
    assert main(Query("from range(30001)", limit=0), "csv") == 0
    assert capsys.readouterr().out.splitlines()[-1] == "30000"


def test_no_rows_are_a_heading(capsys: Captured) -> None:
    assert main(Query("select 1 as n where false", publication="1")) == 0
    assert capsys.readouterr().out.splitlines() == ["n", "-"]


def test_a_query_comes_from_a_file_or_from_standard_input(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    file = tmp_path / "mine.sql"
    file.write_text("-- 贸易\nselect 7 as n;\n", encoding="utf-8")
    assert main(Query(file=file), "csv") == 0
    for sql in ("-", None):
        monkeypatch.setattr(sys, "stdin", io.StringIO("select 7 as n"))
        assert main(Query(sql), "csv") == 0
    assert capsys.readouterr().out == "n\n7\n" * 3


def test_what_would_steer_a_terminal_is_shown_as_text(capsys: Captured) -> None:
    assert main(Query("select chr(27) || '[2J' as x, E'a\\nb' as y")) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "\\x1b[2J  a\\nb"


@pytest.mark.parametrize("output_format", ["table", "csv", "json"])
@pytest.mark.parametrize("sql", [ENDLESS, "from range(1000000000000)"])
def test_an_endless_query_is_stopped(sql: str, output_format: Format, capsys: Captured) -> None:
    assert main(Query(sql, limit=0, timeout=0.2), output_format) == TIMED_OUT
    error = capsys.readouterr().err.removeprefix(f"{NOTICE}\n")
    said = json.loads(error)["error"] if output_format == "json" else error
    assert said.startswith("The query was stopped after 0.2 s. Select less")


def test_a_query_that_cannot_be_interrupted_ends_with_the_process(data: Path) -> None:
    """DuckDB sums a list in one step, which here takes far longer than the limit and its grace."""
    long_step = "select list_sum(list_sort(range(60000000)))"
    done = subprocess.run(
        [sys.executable, "-m", "orchestration.cli", "query", long_step, "--timeout", "0.1"],
        cwd=PROJECT_ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (TIMED_OUT, "")
    assert "The query was stopped after 0.1 s" in done.stderr


@pytest.mark.parametrize("sql", [ENDLESS, "from range(1000000000000)"])
def test_ctrl_c_stops_a_query_and_is_no_error_of_it(sql: str, tmp_path: Path) -> None:
    # a shell has programs in the background ignore it, and so perhaps these tests
    inherited = signal.signal(signal.SIGINT, signal.default_int_handler)
    pressed = threading.Timer(0.8, os.kill, (os.getpid(), signal.SIGINT))
    pressed.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            main(Query(sql, limit=0, timeout=20), "csv", tmp_path / "out.csv")
    finally:
        signal.signal(signal.SIGINT, inherited)
    assert list(tmp_path.iterdir()) == []


def test_a_stopped_query_leaves_no_part_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    path.write_text("before", encoding="utf-8")
    assert main(Query("from range(1000000000000)", limit=0, timeout=0.2), "csv", path) == TIMED_OUT
    assert list(tmp_path.iterdir()) == [path]
    assert path.read_text(encoding="utf-8") == "before"


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("drop table marts.run_choices", "Only a SELECT"),
        ("pivot marts.fct_trade_flow on year using sum(value_usd)", "on column in (...)"),
        ("select 1; select 2", "2 statements were given"),
        ("from marts.nothing", "`lct tables` lists the tables"),
        ("select nothing from marts.run_choices", "`lct tables TABLE` lists the columns"),
        ("from read_csv('/etc/hosts')", "Only the tables of the publication can be read"),
        ("selec 1", "syntax error"),
        ("select if(n > 25000, error('late'), n) from range(30000) as t(n)", "late"),
    ],
)
def test_what_fails_is_said_without_a_traceback(sql: str, said: str, capsys: Captured) -> None:
    assert main(Query(sql, limit=0), "csv") == FAILED
    error = capsys.readouterr().err
    assert said in error
    assert "Traceback" not in error
    assert main(Query(sql, limit=0), "json") == FAILED
    assert said in json.loads(capsys.readouterr().err.splitlines()[-1])["error"]


def test_two_columns_of_one_name_are_no_json(capsys: Captured) -> None:
    assert main(Query("select 1 as a, 2 as a"), "json") == FAILED
    assert "Name each with `as`" in capsys.readouterr().err
    assert main(Query("select 1 as a, 2 as a"), "csv") == 0


def test_wrong_options_are_a_status_of_their_own(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    refused: list[tuple[Query, Format, Path | None, str]] = [
        (Query("select 1"), "parquet", None, "--output"),
        (Query("select 1"), "csv", data / "published" / "out.csv", "is in the data folder"),
        (Query("select 1"), "csv", tmp_path, "is not a file"),
        (Query("select 1"), "csv", tmp_path / "none" / "out.csv", "is not a file"),
        (Query("select 1", file=tmp_path / "a.sql"), "csv", None, "not both"),
        (Query(file=tmp_path / "a.sql"), "csv", None, "cannot be read"),
    ]
    for asked, output_format, output, said in refused:
        assert main(asked, output_format, output) == MISUSED
        assert said in capsys.readouterr().err
    monkeypatch.setenv("LCT_TRADE_BASIS", "mirror")
    assert main(Query("select 1")) == MISUSED


def test_nothing_published_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.setenv("LCT_DATA_DIR", str(tmp_path))
    assert main(Query("select 1")) == FAILED
    assert "nothing is published there" in capsys.readouterr().err


def test_a_reader_that_has_enough_is_no_error(data: Path) -> None:
    asking = [sys.executable, "-m", "orchestration.cli", "query", "from range(3000000)"]
    with subprocess.Popen(
        [*asking, "--limit", "0", "--format", "csv"],
        cwd=PROJECT_ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == "range\n"
        process.stdout.close()
        assert process.stderr.read() == f"{NOTICE}\n"
    assert process.returncode == 0
