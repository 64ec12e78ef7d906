"""Words and numbers in the reader's form, English and Chinese side by side.

A page holds both languages; the style sheet shows one of them. Numbers are written alike in both,
amounts of money are not: a billion is ten of the Chinese unit of a hundred million.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

from markupsafe import escape

from orchestration.seeds import seed_rows

LANGUAGES = ("en", "zh")
# what HTML calls them
TAGS = {"en": "en", "zh": "zh-Hans"}
ABSENT = "–"
MINUS = "\u2212"
MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)
# (smallest amount in US dollars, divisor, words): the first that the amount reaches
MONEY = {
    "en": (
        (1e12, 1e12, "${} trillion"),
        (1e9, 1e9, "${} billion"),
        (1e6, 1e6, "${} million"),
        (1e3, 1e3, "${} thousand"),
        (0.0, 1.0, "${}"),
    ),
    "zh": (
        (1e12, 1e12, "{} 万亿美元"),
        (1e8, 1e8, "{} 亿美元"),
        (1e4, 1e4, "{} 万美元"),
        (0.0, 1.0, "{} 美元"),
    ),
}


@dataclass(frozen=True)
class Text:
    """A text in both languages. Put into a template it is escaped, and both are there."""

    en: str
    zh: str

    def __html__(self) -> str:
        return _in_both_languages(self.en, self.zh)

    @property
    def pair(self) -> tuple[str, str]:
        """English and Chinese, as the scripts take them."""
        return self.en, self.zh

    def of(self, language: str) -> str:
        return self.pair[LANGUAGES.index(language)]

    def filled(self, **values: Any) -> Text:
        """With {placeholders} filled; a value may be a Text itself."""
        return Text(
            self.en.format(**{k: of_language(v, "en") for k, v in values.items()}),
            self.zh.format(**{k: of_language(v, "zh") for k, v in values.items()}),
        )


@cache
def _in_both_languages(english: str, chinese: str) -> str:
    """As HTML. Labels are the same on hundreds of pages."""
    if english == chinese:
        return str(escape(english))
    return "".join(
        f'<span lang="{TAGS[language]}">{escape(text)}</span>'
        for language, text in zip(LANGUAGES, (english, chinese), strict=True)
    )


def of_language(value: Any, language: str) -> Any:
    """The value, or if it is a Text what it says in the language."""
    return value.of(language) if isinstance(value, Text) else value


def same(text: Any) -> Text:
    """What is written alike in both languages: a code, a number."""
    return Text(str(text), str(text))


def joined(texts: Iterable[Text], english: str = "; ", chinese: str = "；") -> Text:
    """Several texts as one, in their order."""
    listed = list(texts)
    return Text(english.join(t.en for t in listed), chinese.join(t.zh for t in listed))


@cache
def _sentences() -> dict[str, Text]:
    return {row["code"]: Text(row["text_en"], row["text_zh"]) for row in seed_rows("page_words")}


def word(code: str, /, **values: Any) -> Text:
    """The words of the page under a code of the seed page_words, with {placeholders} filled.

    Raises LookupError for a code that has no words.
    """
    if code not in _sentences():
        raise LookupError(f"no words for {code}: add the row to seeds/labels/page_words.csv")
    sentence = _sentences()[code]
    return sentence.filled(**values) if values else sentence


@cache
def _reasons() -> dict[tuple[str, str], Text]:
    return {
        (row["family"], row["code"]): Text(row["text_en"], row["text_zh"])
        for row in seed_rows("reasons")
    }


def reason(family: str, code: str) -> Text:
    """The words of a reason, verdict or label of the warehouse; the code itself if it has none."""
    return _reasons().get((family, code), same(code))


# ---- numbers -------------------------------------------------------------------------------------


def is_missing(value: Any) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))


def number(value: float | None, digits: int = 0) -> str:
    """With thousands separators and a true minus sign; a dash if there is none."""
    if value is None or is_missing(value):
        return ABSENT
    return f"{value:,.{digits}f}".replace("-", MINUS)


def significant(value: float | None, digits: int = 3) -> str:
    """With about so many digits that say something, for values of any size."""
    if value is None or is_missing(value):
        return ABSENT
    if value == 0:
        return "0"
    decimals = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    return number(value, min(decimals, 8))


def percent(share: float | None, digits: int = 1) -> str:
    """A share of one in percent."""
    if share is None or is_missing(share):
        return ABSENT
    return f"{number(100 * share, digits)}{chr(0x2009)}%"


def money(usd: float | None) -> Text:
    """An amount in US dollars in words of each language."""
    if usd is None or is_missing(usd):
        return same(ABSENT)
    sign = MINUS if usd < 0 else ""
    return Text(*(sign + _amount(abs(usd), language) for language in LANGUAGES))


def _amount(usd: float, language: str) -> str:
    for at_least, divisor, words in MONEY[language]:
        if usd >= at_least:
            return words.format(significant(usd / divisor))
    raise AssertionError("the last amount is reached by every number")


def day(iso: str | date) -> Text:
    """A date (the first ten characters of an ISO time)."""
    d = iso if isinstance(iso, date) else date.fromisoformat(iso[:10])
    return Text(f"{d.day} {MONTHS[d.month - 1]} {d.year}", f"{d.year} 年 {d.month} 月 {d.day} 日")


def month(d: date) -> Text:
    """A month of a year."""
    return Text(f"{MONTHS[d.month - 1]} {d.year}", f"{d.year} 年 {d.month} 月")
