"""Values of every kind as text and as JSON, and columns that line up."""

from __future__ import annotations

import datetime
import json
from decimal import Decimal

import pytest

from orchestration.cli.printing import aligned_lines, as_text, json_text, table_lines

KINDS = [
    (None, "", None),
    (True, "true", True),
    (7, "7", 7),
    (0.1, "0.1", 0.1),
    (float("nan"), "nan", "nan"),
    (float("inf"), "inf", "inf"),
    (Decimal("12345678901234.500"), "12345678901234.500", 12345678901234.5),
    (Decimal("3.000"), "3.000", 3),
    (Decimal("1E+3"), "1000", 1000),
    (datetime.date(2022, 1, 31), "2022-01-31", "2022-01-31"),
    ([1, None, Decimal("1.5")], "[1, null, 1.5]", [1, None, 1.5]),
    ({"a": datetime.date(2022, 1, 31)}, '{"a": "2022-01-31"}', {"a": "2022-01-31"}),
    ("贸易", "贸易", "贸易"),
]


@pytest.mark.parametrize(("value", "text", "in_json"), KINDS, ids=[repr(k[0]) for k in KINDS])
def test_a_value_is_the_same_in_every_format(value: object, text: str, in_json: object) -> None:
    assert as_text(value) == text
    assert json.loads(json_text([value])) == [in_json]


def test_columns_line_up_in_chinese_too() -> None:
    assert list(table_lines(["经济体", "n"], [["中国", 5], ["DEU", 10]])) == [
        "经济体   n",
        "------  --",
        "中国     5",
        "DEU     10",
    ]
    assert list(aligned_lines([["", "(1)"], ["国内", "-0.5"]])) == ["       (1)", "国内  -0.5"]
