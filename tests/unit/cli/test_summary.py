"""The summary of a run: newest years, lines of 80 columns, and each file left out named once."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import duckdb
import pytest
from rich.cells import cell_len

from orchestration.build.warehouse import DamagedBuildFileError, WarehouseError
from orchestration.cli.summary import (
    claim_rows,
    has_failed_by,
    labelled,
    look_rows,
    message_of,
    newest_year_rows,
    remarks,
)
from orchestration.cli.wrapping import wrapped
from orchestration.durable import DiskFullError, LockTimeoutError
from orchestration.landing.layout import LandingError, UnknownLayoutError
from orchestration.landing.manifest import read_manifest
from orchestration.settings import SettingError, load_settings
from orchestration.sources.folder import fill_from_folder
from tests.support.publishers_files import baci_rows, write_csv


def published(trade: str, panel: str) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute("create schema marts")
    connection.execute(
        "create table marts.fct_world_trade_variants as "
        f"select * from (values {trade}) as t(source, year)"
    )
    connection.execute(
        "create table marts.panel_country_year as "
        "select 'DEU' as iso3, year, '' as basis, '' as hs_treatment, '' as mineral_scope, "
        "x::double as x, lct::double as lct, false as is_synthetic "
        f"from (values {panel}) as t(year, x, lct)"
    )
    connection.execute(
        "create table marts.dim_variable as "
        "select * from (values ('x', 'NY.GDP.MKTP.CD'), ('lct', null)) "
        "as t(variable, indicator_code)"
    )
    return connection


def test_the_newest_year_of_each_source_is_the_last_with_numbers() -> None:
    connection = published(
        "('comtrade', 2023), ('comtrade', 2024), ('baci', 2023)",
        # 2023 has trade, but no indicator
        "(2021, 1, 7), (2022, 2, 7), (2023, null, 7)",
    )
    [(label, text)] = newest_year_rows(connection)
    assert label == "newest year"
    assert text.replace("\N{NO-BREAK SPACE}", " ") == (
        "UN Comtrade annual 2024, BACI 2023, World Development Indicators 2022"
    )


def test_a_source_that_has_not_landed_has_no_newest_year() -> None:
    [(_, text)] = newest_year_rows(published("('baci', 2021)", "(2021, null, 7)"))
    assert text.replace("\N{NO-BREAK SPACE}", " ") == "BACI 2021"


@pytest.mark.parametrize("is_synthetic", [True, False])
def test_the_verdicts_are_counted_in_the_words_of_the_claims(is_synthetic: bool) -> None:
    connection = duckdb.connect()
    connection.execute("create schema estimates")
    connection.execute(
        "create table estimates.claims as select unnest("
        "['cannot_be_told', 'fragile', 'holds', 'fragile', 'not_supported']) as verdict_code"
    )
    [(label, text)] = claim_rows(connection, is_synthetic)
    assert label == "claims"
    assert text.replace("\N{NO-BREAK SPACE}", " ") == (
        "of the report: holds 1, fragile 2, not supported 1, cannot be told on this data 1 "
        "(estimates.claims)"
        + ("; of invented numbers, they say nothing of the world" if is_synthetic else "")
    )
    connection.execute("delete from estimates.claims")
    [(_, text)] = claim_rows(connection, False)
    assert text == "no claim of the report was examined (estimates.claims)"


@pytest.mark.parametrize("length", [1, 2, 4, 6, 9])
def test_where_to_look_is_a_command_that_can_be_copied(length: int) -> None:
    folder = Path("/srv/研究者") / "/".join(["贸易 数据"] * length)
    [(label, text), _] = look_rows(folder / "warehouse.duckdb", 3000)
    lines = labelled(label, text)
    path = f"'{folder}/warehouse.duckdb'"
    command = "\n".join(lines).removeprefix("look at it").strip()
    assert command.replace("\\\n", "").split(maxsplit=2) == ["duckdb", "-readonly", path]
    assert all(cell_len(line) <= 80 or line == path for line in lines)


def test_the_log_and_the_summary_name_a_skipped_file_once(tmp_path: Path) -> None:
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    write_csv(inbox / "BACI_HS17_Y2022_V202601.csv", baci_rows())
    write_csv(inbox / "BACI_HS17_Y2021_V202601.csv", [baci_rows(2021)[0] | {"v": "much"}])
    (inbox / "my own notes.txt").write_text("notes\n")
    (inbox / "a_table_of_mine.csv").write_text("a,b\n1,2\n")
    settings = load_settings({"LCT_DATA_DIR": str(tmp_path / "data"), "LCT_SOURCE": "files"})
    manifest = read_manifest(settings.manifest_path)
    said: list[str] = []
    fill_from_folder(manifest, inbox, said.append)
    remarked = [line for text, _ in remarks(manifest, settings) for line in wrapped(text)]
    assert all(len(line) <= 80 for line in remarked)
    printed = "\n".join([*said, *remarked])
    assert printed.count("skipped: my own notes.txt") == printed.count("notes.txt") == 1
    assert printed.count("a_table_of_mine.csv") == 1
    assert "2 files were skipped" in printed
    # what was refused needs doing: the summary gives it once more, with the reason
    assert "refused: BACI_HS17_Y2021_V202601.csv: row 1, column v" in "\n".join(remarked)
    assert remarked[-1] == "1 file was refused; everything else is published."


def failed_by(error: Exception) -> dg.ExecuteInProcessResult:
    """A run of which one step raises `error`, caused by an error that is not ours."""

    @dg.op
    def step() -> None:
        try:
            duckdb.execute("from no_such_table")
        except duckdb.Error as cause:
            raise error from cause

    @dg.job
    def failing() -> None:
        step()

    return failing.execute_in_process(raise_on_error=False)


def step_error(result: dg.ExecuteInProcessResult) -> object:
    [failure] = [e for e in result.all_events if e.is_step_failure]
    return failure.event_specific_data.error


@pytest.mark.parametrize(
    "ours",
    [
        LandingError,
        UnknownLayoutError,
        WarehouseError,
        DamagedBuildFileError,
        SettingError,
        LockTimeoutError,
        DiskFullError,
    ],
)
def test_of_a_chain_of_errors_ours_is_printed(ours: type[Exception]) -> None:
    result = failed_by(ours("a.csv: cannot be read: line 2. Do this instead."))
    assert message_of(step_error(result)) == "a.csv: cannot be read: line 2. Do this instead."
    assert has_failed_by(result, WarehouseError) == issubclass(ours, WarehouseError)


def test_where_no_error_is_ours_the_innermost_is_printed_with_its_class() -> None:
    result = failed_by(RuntimeError("something else"))
    assert message_of(step_error(result)).startswith("_duckdb.CatalogException: Catalog Error: Tab")
    assert message_of(None) == "no message"
    assert not has_failed_by(result, WarehouseError)
