"""`lct lake`: the Parquet files of a publication, and scripts that give an engine its tables."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.cli.exit_codes import FAILED
from orchestration.cli.lake import main
from orchestration.durable import point_link
from tests.support.small_publication import SYNTHETIC, publish_by_hand

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder whose path has to be quoted in SQL and in Python."""
    folder = tmp_path / 'the analyst\'s "data"'
    publish_by_hand(folder, "000001", is_synthetic=False)
    publish_by_hand(folder, "000002")
    monkeypatch.setenv("LCT_DATA_DIR", str(folder))
    return folder


def test_files_are_listed_with_rows_and_bytes(data: Path, capsys: Captured) -> None:
    assert main() == 0
    said = capsys.readouterr()
    lines = said.out.splitlines()
    assert lines[0] == str(data / "published" / "parquet")
    [flow] = [line.split() for line in lines if line.startswith("marts.fct_trade_flow ")]
    file = "parquet/marts/fct_trade_flow.parquet"
    size = (data / "published" / file).stat().st_size
    assert flow == ["marts.fct_trade_flow", "4", str(size), file]
    assert lines[-2].startswith("9 files, ")
    assert said.err.strip() == SYNTHETIC.strip()


def test_programs_get_the_same_with_whole_paths(data: Path, capsys: Captured) -> None:
    assert main(publication="1", as_json=True) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["publication"], found["is_synthetic"]) == ("000001", False)
    assert {t["name"]: t["rows"] for t in found["tables"]}["report.figure_1"] == 4
    assert all(Path(t["path"]).stat().st_size == t["bytes"] for t in found["tables"])


def test_the_views_of_duckdb_follow_what_is_published(data: Path, capsys: Captured) -> None:
    assert main("duckdb") == 0
    said = capsys.readouterr().out
    assert said.splitlines()[1] == f"-- {SYNTHETIC.strip()}"
    with duckdb.connect() as connection:
        connection.execute(said)
        synthetic = "select is_synthetic from marts.run_choices"
        assert connection.execute(synthetic).fetchall() == [(True,)]
        point_link(data / "published", Path("publications/000001"))
        assert connection.execute(synthetic).fetchall() == [(False,)]
        assert connection.execute("select sum(value) from report.figure_1").fetchall() == [
            (108.875,)
        ]


def test_the_script_for_polars_gives_lazy_frames_by_name(data: Path, capsys: Captured) -> None:
    assert main("polars", publication="000001") == 0
    given: dict[str, Any] = {}
    exec(capsys.readouterr().out, given)
    assert given["lake"]["marts.fct_trade_flow"].collect().shape == (4, 4)


def test_the_script_for_spark_names_files_by_their_addresses(data: Path, capsys: Captured) -> None:
    assert main("spark", as_json=True) == 0
    lines = json.loads(capsys.readouterr().out)["script"].splitlines()
    assert "create schema if not exists marts;" in lines
    address = (data / "published/parquet/marts/dim_variable.parquet").as_uri()
    assert (
        f"create or replace view marts.dim_variable as select * from parquet.`{address}`;" in lines
    )


def test_files_that_are_missing_or_cut_are_said_with_a_remedy(data: Path, capsys: Captured) -> None:
    file = data / "published" / "parquet" / "marts" / "dim_variable.parquet"
    file.write_bytes(file.read_bytes()[:20])
    assert main() == FAILED
    assert "dim_variable.parquet cannot be read" in capsys.readouterr().err
    for path in (data / "published" / "parquet").glob("*/*"):
        path.unlink()
    assert main() == FAILED
    assert "no Parquet files are there. `lct verify`" in capsys.readouterr().err
