"""How values of files and services stand in messages: short, on one line, printable anywhere."""

from __future__ import annotations

import pytest

from orchestration.messages import LONGEST_SHOWN, listed, shown


@pytest.mark.parametrize(
    "value", ["x" * 5_000, "a\nb\r\x00\x1b[31m", "\ud800", 10**4_000, None, ""]
)
def test_a_value_is_short_and_printable(value: object) -> None:
    for text in (shown(value), listed(value)):
        assert text.isprintable()
        assert len(text) <= LONGEST_SHOWN + len("''...")
    assert shown("China") == "'China'"
    assert listed("CHN", 2022, "y" * 81) == f"CHN, 2022, {'y' * 80}"
