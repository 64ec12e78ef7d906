"""Lines of the terminal: where they break, and what they never break."""

from __future__ import annotations

from rich.cells import cell_len

from orchestration.cli.wrapping import whole, wrapped


def test_lines_break_between_words_and_keep_every_word() -> None:
    text = "raw.comtrade_trade 29.2 s, 1,042,851 rows (2002-2023; estimates.planted_recovery) " * 9
    for width in range(50, 81):
        lines = wrapped(text.strip(), indent=17, width=width)
        assert all(cell_len(line) <= width for line in lines)
        assert all(line.startswith(" " * 17) for line in lines)
        assert " ".join(line.strip() for line in lines) == text.strip()


def test_what_is_whole_stands_in_one_line() -> None:
    named = "table 10 (4)"
    text = ", ".join(whole(named) for _ in range(20))
    for width in range(20, 81):
        assert sum(line.count(named) for line in wrapped(text, width=width)) == 20


def test_chinese_is_counted_in_columns() -> None:
    lines = wrapped("数据 " * 30, width=20)
    assert set(lines) == {"数据 数据 数据 数据", "数据 数据"}


def test_what_is_longer_than_a_line_stands_alone_on_one_without_indent() -> None:
    path = "/srv/研究者/数据 文件夹/" + "very_long_name/" * 6 + "warehouse.duckdb"
    lines = wrapped(f"open {whole(path)} read-only", indent=17)
    assert lines == [" " * 17 + "open", path, " " * 17 + "read-only"]
    assert cell_len(path) > 80


def test_nothing_to_say_is_no_line() -> None:
    assert wrapped("") == []
