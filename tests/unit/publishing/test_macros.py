"""Macros of the published file: what their files hold, and that each is written, described."""

from __future__ import annotations

import re
from pathlib import Path

import duckdb
import pytest

from orchestration.publishing import macros as module
from orchestration.publishing.macros import macros, write_macros
from orchestration.publishing.publication import PUBLISHED_SCHEMAS

CALLER = "-- Grain: one row. Again.\ncreate macro again(number) as table\nfrom once(number)\n"
CALLED = "-- Grain: one row.\ncreate macro once(number) as table\nselect number as stated\n"
VALUE = "-- Half of a number,\n-- as a value.\ncreate macro half_of(number) as number / 2\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(module, "FOLDER", tmp_path)
    for name, text in {"again": CALLER, "once": CALLED, "half_of": VALUE}.items():
        (tmp_path / f"{name}.sql").write_text(text, encoding="utf-8")
    return tmp_path


def test_macros_are_written_with_their_descriptions_after_those_they_call(folder: Path) -> None:
    warehouse = folder / "warehouse.duckdb"
    written = write_macros(warehouse, "INVENTED. ")
    assert list(written) == ["again", "half_of", "once"]
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        assert connection.execute("select stated + half_of(3) from again(1)").fetchall() == [(2.5,)]
        assert connection.execute(
            "select function_name, comment from duckdb_functions() where not internal order by 1"
        ).fetchall() == [
            ("again", "INVENTED. Grain: one row. Again."),
            ("half_of", "INVENTED. Half of a number, as a value."),
            ("once", "INVENTED. Grain: one row."),
        ]


def test_a_change_of_a_macro_is_a_change_of_the_publication(folder: Path) -> None:
    before = write_macros(folder / "before.duckdb", "")
    (folder / "once.sql").write_text(CALLED.replace("stated", "given"), encoding="utf-8")
    after = write_macros(folder / "after.duckdb", "")
    assert {name for name in before if before[name] != after[name]} == {"once"}


def test_macros_of_a_table_that_is_not_published_are_left_out(folder: Path) -> None:
    text = CALLED.replace("select number as stated", "from marts.fct_trade_flow")
    (folder / "once.sql").write_text(text, encoding="utf-8")
    assert list(write_macros(folder / "warehouse.duckdb", "")) == ["half_of"]


@pytest.mark.parametrize(
    "text",
    [
        VALUE.replace("half_of", "third_of"),
        VALUE.split("\n", 2)[2],
        "-- Half.\nselect 1\n",
    ],
    ids=["another name", "no description", "no macro"],
)
def test_a_file_that_is_no_macro_is_refused(folder: Path, text: str) -> None:
    (folder / "half_of.sql").write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=r"half_of\.sql: .*create macro half_of"):
        macros()


@pytest.mark.parametrize("macro", macros(), ids=lambda macro: macro.name)
def test_a_macro_reads_published_tables_alone(macro: module.Macro) -> None:
    named = re.findall(r"\b(?:from|join)\s+([\w.]+\b)(?!\()", macro.definition)
    steps = set(re.findall(r"(\w+) as \(\n", macro.definition))
    assert set(named) - steps == macro.tables
    assert {table.partition(".")[0] for table in macro.tables} <= set(PUBLISHED_SCHEMAS)


def test_a_macro_of_rows_says_what_a_row_is() -> None:
    assert all(m.description.startswith("Grain: one row per ") == m.is_table for m in macros())
