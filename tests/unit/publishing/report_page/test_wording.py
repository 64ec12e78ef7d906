"""The words of the page are complete in both languages, and numbers read as the reader writes."""

from __future__ import annotations

import ast
import re
from datetime import date
from pathlib import Path
from string import Formatter

import pytest
from markupsafe import escape

from orchestration.publishing import report_page
from orchestration.publishing.report_page import writing
from orchestration.publishing.report_page.claims import VERDICTS, departure_words
from orchestration.publishing.report_page.wording import (
    MINUS,
    Text,
    day,
    money,
    number,
    percent,
    reason,
    significant,
    word,
)
from orchestration.seeds import seed_rows

PACKAGE = Path(report_page.__file__).parent
ROWS = {row["code"]: (row["text_en"], row["text_zh"]) for row in seed_rows("page_words")}


def codes_written_out() -> set[str]:
    """The codes that the package's Python and templates name as they are."""
    found = set()
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.add(node.value)
    for path in PACKAGE.rglob("*.html"):
        found |= set(re.findall(r"word\('([a-z0-9_]+)'", path.read_text("utf-8")))
    return found


def patterns() -> list[str]:
    """Codes that are put together, as patterns: word(f"lead_{exhibit}") is lead_ and anything."""
    found = []
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.JoinedStr):
                parts = [
                    re.escape(str(part.value)) if isinstance(part, ast.Constant) else r"\w+"
                    for part in node.values
                ]
                if re.fullmatch(r"[a-z_\\w+0-9]+", "".join(parts)):
                    found.append("".join(parts))
    return [pattern for pattern in found if pattern.strip("\\w+")]


def test_every_code_that_is_named_has_words_and_every_word_its_place() -> None:
    named = codes_written_out()
    in_templates = set()
    for path in PACKAGE.rglob("*.html"):
        in_templates |= set(re.findall(r"word\('([a-z0-9_]+)'", path.read_text("utf-8")))
    assert in_templates <= set(ROWS)
    unused = {
        code
        for code in set(ROWS) - named
        if not any(re.fullmatch(pattern, code) for pattern in patterns())
    }
    assert unused - {"measure_export_share", "measure_import_share"} == set()


def test_words_are_sorted_whole_and_have_the_same_placeholders_in_both_languages() -> None:
    assert list(ROWS) == sorted(ROWS)
    for code, texts in ROWS.items():
        english, chinese = (
            {name for _, name, _, _ in Formatter().parse(text) if name is not None}
            for text in texts
        )
        assert english == chinese, code
        assert all(texts), code


def test_chinese_is_chinese() -> None:
    same = {
        code for code, (_, text) in ROWS.items() if not any("\u4e00" <= c <= "\u9fff" for c in text)
    }
    names_and_signs = {"baci", "comtrade", "choice_of_source", "unit_percent", "unit_share"}
    assert same == names_and_signs


def test_words_of_the_script_and_of_verdicts_are_there() -> None:
    assert set(writing.WORDS_OF_SCRIPT) <= set(ROWS)
    assert {f"unit_{unit}" for unit in writing.UNITS} <= set(ROWS)
    assert all(text.zh for text in departure_words().values())
    for code in VERDICTS:
        assert reason("verdict", code).zh != code


def test_a_code_without_words_says_where_they_go() -> None:
    with pytest.raises(LookupError, match=r"no words for nothing: .*page_words\.csv"):
        word("nothing")


@pytest.mark.parametrize(
    ("usd", "english", "chinese"),
    [
        (6.73e9, "$6.73 billion", "67.3 亿美元"),
        (1.2046e12, "$1.20 trillion", "1.20 万亿美元"),
        (46.325e6, "$46.3 million", "4,632 万美元"),
        (-5.5e9, f"{MINUS}$5.50 billion", f"{MINUS}55.0 亿美元"),
        (0.0, "$0", "0 美元"),
        (None, "–", "–"),
    ],
)
def test_money_is_said_in_the_units_of_each_language(
    usd: float | None, english: str, chinese: str
) -> None:
    assert money(usd).pair == (english, chinese)


def test_numbers_and_dates_are_in_the_form_of_the_reader() -> None:
    assert number(1234567) == "1,234,567"
    assert number(-0.5, 1) == f"{MINUS}0.5"
    assert significant(0.0123456) == "0.0123"
    assert significant(123456.0) == "123,456"
    assert percent(0.228) == "22.8\u2009%"
    assert percent(None) == number(None) == significant(float("nan")) == "–"
    assert day("2026-11-29T05:00:00+00:00").pair == ("29 November 2026", "2026 年 11 月 29 日")
    assert day(date(2022, 1, 3)).zh == "2022 年 1 月 3 日"


def test_a_text_is_escaped_wherever_it_is_put() -> None:
    text = Text("<b>", "<i>").filled()
    assert str(escape(text)) == (
        '<span lang="en">&lt;b&gt;</span><span lang="zh-Hans">&lt;i&gt;</span>'
    )
    assert str(escape(Text("{name}", "{name}").filled(name=Text("<", "<")))) == "&lt;"
