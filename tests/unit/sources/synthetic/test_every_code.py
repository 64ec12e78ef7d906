"""The largest scale: every pair of economies and every code, streamed."""

from __future__ import annotations

import re
from dataclasses import fields

import pytest

from orchestration.settings import Settings
from orchestration.sources.synthetic import every_code, flows, world

SEED = 7


def test_the_largest_scale_streams_every_pair_and_code() -> None:
    """One year, thinned: about as many rows as asked for, each pair and code once, as BACI text.

    They are never all in memory.
    """
    invention = world.invent(world.random_numbers(SEED))
    blocks = list(
        every_code.rest_of_baci(world.random_numbers(SEED), invention, 2022, rows=200_000)
    )
    lines = [line for block in blocks for line in block.to_pylist()]
    assert 190_000 < len(lines) < 210_000
    assert len(blocks) > 50
    keys = {tuple(line.split(",")[1:4]) for line in lines}
    assert len(keys) == len(lines)
    assert all(
        re.fullmatch(r"2022,\d+,\d+,\d{5,6},\d+\.\d{3},\d+\.\d{3}", line) for line in lines[:1000]
    )
    assert not {k for _, _, k in keys} & set(flows.codes().hs6_code.str.lstrip("0"))


def test_the_largest_scale_has_as_many_rows_as_its_setting_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A thousandth of it: the rows of three years, between which there are no jumps."""
    [meaning] = [f.metadata["setting"].meaning for f in fields(Settings) if f.name == "demo_scale"]
    least, most = map(int, re.search(r"(\d+)-(\d+) million rows", meaning).groups())
    monkeypatch.setattr(every_code, "ROWS", {y: n / 1000 for y, n in every_code.ROWS.items()})
    invention = world.invent(world.random_numbers(SEED))

    def rows_of(year: int) -> int:
        return sum(map(len, every_code.rest_of_baci(world.random_numbers(SEED), invention, year)))

    first, middle, last = map(rows_of, (1995, 2008, 2022))
    assert middle == pytest.approx(first + (last - first) * 13 / 27, rel=0.05)
    assert least < 28 * (first + last) / 2 / 1000 < most
