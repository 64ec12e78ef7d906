"""Stata's .dta: read by pandas and by pyreadstat, and to the byte what pandas writes itself."""

from __future__ import annotations

import datetime
import re
import struct
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pyreadstat
import pytest

from orchestration.publishing.exports.extract import ExtractError, Selection, extract_of
from orchestration.publishing.exports.stata import stata_name, write_stata
from orchestration.publishing.reading import OpenPublication

LONG_NAME = "lct_without_dual_use_imports_from_china_kusd"


def written(
    publication: OpenPublication, what: str, path: Path, language: str | None = None
) -> Path:
    write_stata(extract_of(publication, what, Selection()), path, language)
    return path


def section(file: bytes, tag: str) -> bytes:
    [found] = re.findall(rf"<{tag}>(.*)</{tag}>".encode(), file, flags=re.DOTALL)
    return found


def characteristics(file: bytes) -> dict[tuple[str, str], str]:
    found = {}
    for body in re.findall(rb"<ch>(.*?)</ch>", section(file, "characteristics"), flags=re.DOTALL):
        (length,) = struct.unpack("<I", body[:4])
        assert length == len(body) - 4
        owner, name, text = body[4:133], body[133:262], body[262:]
        found[owner.rstrip(b"\0").decode(), name.rstrip(b"\0").decode()] = text[:-1].decode()
    return found


def test_chinese_labels_are_there_for_pandas_and_for_pyreadstat(
    synthetic: OpenPublication, tmp_path: Path
) -> None:
    path = written(synthetic, "panel", tmp_path / "panel.dta")
    with pd.read_stata(path, iterator=True) as reader:
        labels, values = reader.variable_labels(), reader.value_labels()
        assert reader.data_label.startswith(synthetic.notice)
        rows = reader.read()
    _, of_readstat = pyreadstat.read_dta(path)
    for found in (labels, of_readstat.column_names_to_labels):
        assert found["gdp"] == "GDP / 国内生产总值 [current USD]"
        assert found["economy_name"] == "Economy / 经济体"
    for found in (values, of_readstat.value_labels):
        assert {int(k): v for k, v in found["country_group_zh"].items()} == {
            1: "中国",
            2: "高收入经济体",
        }
        assert set(found["economy_name_zh"].values()) == {"中国", "德国", "法国"}
    assert of_readstat.variable_value_labels["country_group"] == {1: "China", 2: "High income"}
    assert of_readstat.notes[0] == synthetic.notice
    assert list(rows["economy_name"]) == ["Germany", "Germany", "France"]
    assert list(rows["gdp"].isna()) == [True, False, True]
    assert list(rows["year"]) == [2020, 2021, 2021]
    assert "economy_name_zh" not in rows, "it is the label of the economy"


def test_label_language_has_each_language_for_itself(real: OpenPublication, tmp_path: Path) -> None:
    kept = characteristics(written(real, "panel", tmp_path / "panel.dta").read_bytes())
    assert kept["_dta", "_lang_list"] == "both en zh"
    assert kept["_dta", "_lang_c"] == "both"
    assert kept["gdp", "_lang_v_en"] == "GDP [current USD]"
    assert kept["gdp", "_lang_v_zh"] == "国内生产总值 [current USD]"
    assert kept["country_group", "_lang_l_en"] == "country_group_en"
    assert kept["country_group", "_lang_l_zh"] == "country_group_zh"
    assert kept["gdp", "note1"] == (
        "GDP / 国内生产总值. GDP, current USD. NY.GDP.MKTP.CD. Unit: current USD."
    )
    chinese = written(real, "panel", tmp_path / "chinese.dta", "zh")
    of_chinese = characteristics(chinese.read_bytes())
    assert (of_chinese["_dta", "_lang_list"], of_chinese["_dta", "_lang_c"]) == ("en zh", "zh")
    assert of_chinese["country_group", "_lang_l_en"] == "country_group_en"
    assert ("gdp", "_lang_v_zh") not in of_chinese
    _, of_readstat = pyreadstat.read_dta(chinese)
    assert of_readstat.variable_value_labels["country_group"] == {1: "中国", 2: "高收入经济体"}


def test_values_at_the_limits_of_every_type_survive(real: OpenPublication, tmp_path: Path) -> None:
    path = written(real, "hard_values", tmp_path / "hard.dta")
    rows = pd.read_stata(path, convert_categoricals=False)
    file = path.read_bytes()
    codes = struct.unpack(f"<{len(rows.columns)}H", section(file, "variable_types"))
    stored = dict(zip(rows.columns, codes, strict=True))
    assert stored["with_"] == stored["tiny"] == stored["is_true"] == 65530
    assert (stored["small"], stored["whole"], stored["amount"]) == (65529, 65528, 65526)
    assert (stored["day"], stored["long_text"], stored["text"]) == (65528, 32768, 8)
    assert list(rows["tiny"].dropna()) == [-127, 100, 0, 0]
    assert list(rows["small"].dropna()) == [-32767, 32740, 0, 0]
    assert list(rows["whole"].dropna()) == [-2147483647, 2147483620, 0, 0]
    assert list(rows["huge"]) == ["9007199254740993", "-9007199254740993", "", "0", "0"]
    assert list(rows["amount"].dropna()) == [123456789012345.678, -0.001, 0, 0]
    assert list(rows["ratio"].dropna()) == [0.1, -1e300, 0, 0]
    assert list(rows["day"].dropna().dt.date)[:2] == [
        datetime.date(2022, 3, 1),
        datetime.date(1959, 12, 31),
    ]
    assert list(rows["moment"].dropna()) == [
        pd.Timestamp("2022-03-01 12:30:00"),
        pd.Timestamp("1960-01-01"),
    ]
    assert list(rows["text"]) == ["=1+1", "", "", "'quoted", 'a "b",\nc']
    assert list(rows["long_text"]) == ["长" * 1000, "short", "", "长" * 1000, ""]
    assert list(rows["sector"])[:3] == ["buildings", "all sectors", ""]
    assert file.count("长".encode() * 1000) == 1, "a long text is kept once"


def test_it_is_to_the_byte_what_pandas_writes_but_for_characteristics(
    real: OpenPublication, tmp_path: Path
) -> None:
    """Of the same data, labels and types; pandas writes neither notes nor other languages."""
    path = written(real, "panel", tmp_path / "ours.dta")
    with pd.read_stata(path, iterator=True, convert_categoricals=False) as reader:
        labels, data_label = reader.variable_labels(), reader.data_label
        rows = reader.read()
    rows.to_stata(
        tmp_path / "theirs.dta",
        version=118,
        write_index=False,
        variable_labels=labels,
        data_label=data_label,
    )
    ours, theirs = path.read_bytes(), (tmp_path / "theirs.dta").read_bytes()
    for tag in ("release", "byteorder", "K", "N", "label"):
        assert section(ours, tag) == section(theirs, tag), tag
    for tag in ("variable_types", "varnames", "sortlist", "formats", "variable_labels", "data"):
        assert section(ours, tag) == section(theirs, tag), tag
    assert section(ours, "strls") == section(theirs, "strls")


def test_the_map_says_where_each_section_begins(real: OpenPublication, tmp_path: Path) -> None:
    file = written(real, "panel", tmp_path / "panel.dta").read_bytes()
    *places, end = struct.unpack("<14Q", section(file, "map"))
    tags = [file[place:].partition(b">")[0].decode() for place in places]
    assert tags == [
        *("<stata_dta", "<map", "<variable_types", "<varnames", "<sortlist", "<formats"),
        *("<value_label_names", "<variable_labels", "<characteristics", "<data", "<strls"),
        *("<value_labels", "</stata_dta"),
    ]
    assert end == len(file)


@pytest.mark.parametrize(
    ("name", "shortened"),
    [
        ("gdp_growth", "gdp_growth"),
        (f"{LONG_NAME}_lag1_z", "lct_without_dual_use_e4ec_lag1_z"),
        ("co2_transport_share_of_fuel_combustion", "co2_transport_share_of_fuel_cf3f"),
        ("x" * 40, None),
        ("with", "with_"),
        ("str20", "str20_"),
    ],
)
def test_a_long_name_is_shortened_in_the_same_way_everywhere(
    name: str, shortened: str | None
) -> None:
    found = stata_name(name)
    assert found == (shortened or found)
    assert len(found) <= 32
    assert re.fullmatch(r"[A-Za-z_]\w*", found)


def test_names_of_the_whole_panel_stay_different(real: OpenPublication, tmp_path: Path) -> None:
    told = write_stata(extract_of(real, "panel", Selection()), tmp_path / "panel.dta", None)
    assert told == ["3 names are shortened for Stata; their labels begin with the full name"]
    with pd.read_stata(tmp_path / "panel.dta", iterator=True) as reader:
        labels = reader.variable_labels()
    short = stata_name(f"{LONG_NAME}_lag1_z")
    assert labels[short].startswith(f"{LONG_NAME}_lag1_z: 从中国进口的低碳技术")
    assert max(map(len, labels.values())) <= 80


def test_a_number_beyond_statas_is_refused(real: OpenPublication, tmp_path: Path) -> None:
    extract = extract_of(real, "hard_values", Selection())
    beyond = extract.query.replace('"ratio"', '"ratio" * 1e8 as "ratio"')
    with pytest.raises(ExtractError, match="beyond Stata's numbers"):
        write_stata(replace(extract, query=beyond), tmp_path / "x.dta", None)
