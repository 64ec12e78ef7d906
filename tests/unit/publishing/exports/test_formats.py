"""CSV, Parquet and R: the same rows, safe for spreadsheets, described in the file itself."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestration.publishing.exports.delimited import safe_text, write_delimited
from orchestration.publishing.exports.extract import Selection, extract_of
from orchestration.publishing.exports.parquet import write_parquet
from orchestration.publishing.exports.r_script import r_script
from orchestration.publishing.reading import OpenPublication


def lines_of(path: Path) -> list[dict[str, str]]:
    with open(path, newline="", encoding="utf-8-sig") as handle:
        return list(csv.DictReader(handle))


# ---- CSV -----------------------------------------------------------------------------------------


@given(st.text(st.sampled_from("=+-@＝＋－＠\t\r\n' a1长"), max_size=4))
def test_no_text_begins_a_formula_and_every_text_can_be_had_again(text: str) -> None:
    safe = safe_text(text)
    assert not re.match(r"[=+\-@＝＋－＠\t\r\n]", safe)
    assert safe.removeprefix("'") == text


def test_csv_has_numbers_in_full_and_texts_defended(real: OpenPublication, tmp_path: Path) -> None:
    write_delimited(extract_of(real, "hard_values", Selection()), tmp_path / "hard.csv")
    rows = lines_of(tmp_path / "hard.csv")
    assert [row["text"] for row in rows] == ["'=1+1", "", "", "''quoted", 'a "b",\nc']
    assert [row["huge"] for row in rows[:3]] == ["9007199254740993", "-9007199254740993", ""]
    assert [row["amount"] for row in rows[:2]] == ["123456789012345.678", "-0.001"]
    assert (rows[0]["day"], rows[0]["is_true"]) == ("2022-03-01", "true")
    text = (tmp_path / "hard.csv").read_bytes()
    assert text.startswith(b"\xef\xbb\xbf"), "spreadsheets know UTF-8 by it"
    second, third = text.decode().split("\n")[2:4]
    assert '"",' in second
    assert third == "3" + "," * 13, "NULL is nothing, an empty text is two quotes"


def test_a_name_in_the_head_is_defended_too(real: OpenPublication, tmp_path: Path) -> None:
    extract = extract_of(real, "hard_values", Selection(variables=("tiny",)))
    assert safe_text("=tiny") == "'=tiny"
    write_delimited(extract, tmp_path / "tiny.csv")
    assert list(pd.read_csv(tmp_path / "tiny.csv")) == ["tiny"]


def test_csv_of_invented_numbers_says_so_in_every_row(
    synthetic: OpenPublication, tmp_path: Path
) -> None:
    write_delimited(extract_of(synthetic, "panel", Selection()), tmp_path / "panel.csv")
    assert {row["notice"] for row in lines_of(tmp_path / "panel.csv")} == {synthetic.notice}


# ---- Parquet -------------------------------------------------------------------------------------


def test_parquet_describes_its_columns_where_arrow_and_duckdb_read_it(
    synthetic: OpenPublication, tmp_path: Path
) -> None:
    write_parquet(extract_of(synthetic, "panel", Selection()), tmp_path / "panel.parquet")
    schema = pq.read_schema(tmp_path / "panel.parquet")
    of_gdp = {k.decode(): v.decode() for k, v in schema.field("gdp").metadata.items()}
    of_gdp.pop("PARQUET:field_id", None)
    assert of_gdp == {
        "description": "GDP, current USD. NY.GDP.MKTP.CD.",
        "label_en": "GDP",
        "label_zh": "国内生产总值",
        "unit": "current USD",
    }
    groups = json.loads(schema.field("country_group").metadata[b"values"])
    assert groups["High income"] == {"en": "High income", "zh": "高收入经济体"}
    of_file = {k.decode(): v.decode() for k, v in schema.metadata.items()}
    assert of_file["notice"] == synthetic.notice
    assert of_file["publication"] == "000002"
    assert json.loads(of_file["columns"])["gdp"] == of_gdp
    rows = pd.read_parquet(tmp_path / "panel.parquet")
    assert list(rows["gdp"].fillna(0)) == [0, 1.5, 0]


def test_parquet_keeps_every_type(real: OpenPublication, tmp_path: Path) -> None:
    write_parquet(extract_of(real, "hard_values", Selection()), tmp_path / "hard.parquet")
    rows = pq.read_table(tmp_path / "hard.parquet").to_pylist()
    assert rows[0]["huge"] == 9007199254740993
    assert str(rows[0]["amount"]) == "123456789012345.678"
    assert rows[0]["text"] == "=1+1"
    assert set(rows[2].values()) == {3, None}


# ---- R -------------------------------------------------------------------------------------------


def test_the_script_names_the_columns_of_its_csv_in_their_order(
    synthetic: OpenPublication, tmp_path: Path
) -> None:
    extract = extract_of(synthetic, "panel", Selection())
    write_delimited(extract, tmp_path / "panel.csv")
    script = r_script(extract, "panel.csv", None)
    [listed] = re.findall(r"variable = c\((.*?)\)", script, flags=re.DOTALL)
    assert re.findall(r'"(\w+)"', listed) == list(lines_of(tmp_path / "panel.csv")[0])
    assert script.isascii()
    assert f"# {synthetic.notice}" in script
    assert "\\u56fd\\u5185\\u751f\\u4ea7\\u603b\\u503c" in script, "the Chinese label of GDP"
    assert 'language <- "en"' in script
    assert 'language <- "zh"' in r_script(extract, "panel.csv", "zh")


@pytest.mark.skipif(shutil.which("Rscript") is None, reason="skipped: there is no R here")
@pytest.mark.parametrize("locale", ["C.UTF-8", "C"])
def test_r_loads_the_rows_with_labels_and_factors(
    real: OpenPublication, tmp_path: Path, locale: str
) -> None:
    for what in ("panel", "hard_values"):
        extract = extract_of(real, what, Selection())
        write_delimited(extract, tmp_path / f"{what}.csv")
        (tmp_path / f"{what}.R").write_text(r_script(extract, f"{what}.csv", "zh"))
    (tmp_path / "ask.R").write_text(
        'source("panel.R"); source("hard_values.R")\n'
        'stopifnot(attr(panel$gdp, "label") == "\\u56fd\\u5185\\u751f\\u4ea7\\u603b\\u503c")\n'
        'stopifnot(attr(panel$gdp, "unit") == "current USD", is.factor(panel$country_group))\n'
        'stopifnot(levels(panel$economy_name)[1] == "\\u4e2d\\u56fd", panel$gdp[2] == 1.5)\n'
        'stopifnot(hard_values$text[c(1, 4)] == c("=1+1", "\'quoted"), is.na(panel$gdp[1]))\n'
        'stopifnot(inherits(hard_values$day, "Date"), hard_values$is_true[1])\n'
    )
    done = subprocess.run(
        ["Rscript", "--vanilla", "ask.R"],
        cwd=tmp_path,
        env=os.environ | {"LC_ALL": locale},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
