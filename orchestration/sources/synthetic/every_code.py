"""Scale `baci`: every pair of economies in every six-digit code, with as many rows as asked for.

The rows are streamed, so that memory use stays small, and each year is drawn from numbers of its
own, so that years can be written side by side. The codes beyond the two product lists are invented
numbers within the chapters of the Harmonized System: what they stand for does not matter, only that
the warehouse has to read past them. The listed codes are traded by all pairs too, as they are in
the real BACI, but for so little that the totals which the world reproduces stay.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from orchestration.sources.synthetic.calibration import TRADE_YEARS, Scale
from orchestration.sources.synthetic.economies import CHINA, economies, exists_in, largest
from orchestration.sources.synthetic.flows import codes
from orchestration.sources.synthetic.world import NUMBERS_VERSION

# rows of a year as in the real BACI, interpolated linearly between the two years
ROWS = {1995: 7.2e6, 2022: 12.0e6}
YEARS = range(min(ROWS), max(ROWS) + 1)
SIX_DIGIT_CODES = 5_000
# what a listed code is traded for between pairs that the report does not look at, relative to
# other codes
PART_OF_LISTED = 1_000


def rows_by_year(rows: int | None = None) -> dict[int, int]:
    """How many rows each year has if there are `rows` in all; default: as many as BACI has.

    The years stay, each with its part, so that growth in rows is growth of every year.
    """
    as_in_baci = {y: float(np.interp(y, list(ROWS), list(ROWS.values()))) for y in YEARS}
    part = 1 if rows is None else rows / sum(as_in_baci.values())
    return {year: round(count * part) for year, count in as_in_baci.items()}


def random_numbers_of(seed: int, year: int) -> np.random.Generator:
    """The numbers of one year, whichever years are written before it or beside it."""
    return np.random.default_rng([NUMBERS_VERSION, seed, year])


def other_codes() -> np.ndarray:
    """Six-digit codes in neither list, as BACI writes them: as numbers, without leading zeros."""
    chapters = np.array([c for c in range(1, 98) if c != 77])
    numbers = (
        chapters[:, None, None] * 10_000
        + np.arange(1, 14)[None, :, None] * 100
        + np.arange(10, 60, 10)[None, None, :]
    ).ravel()
    listed = codes().hs6_code.astype("int64")
    return np.setdiff1d(numbers, listed)[:SIX_DIGIT_CODES]


def listed_codes(hs_revision: str) -> np.ndarray:
    """The codes under which products of the two lists are traded in a revision."""
    return np.unique(codes().query("hs_revision == @hs_revision").hs6_code.astype("int64"))


def rest_of_baci(
    rng: np.random.Generator, year: int, hs_revision: str, scale: Scale, rows: int
) -> Iterator[pa.Array]:
    """About `rows` lines (t,i,j,k,v,q) of one year, one exporter at a time.

    They are what the report does not look at: codes beyond the two product lists, and listed codes
    between pairs without China of which one or both are not among the scale's largest economies.
    """
    everyone = economies()
    trades = exists_in(everyone)[:, year - TRADE_YEARS[0]]
    trades[CHINA] = True
    there = np.flatnonzero(trades)
    code = everyone.frame.code.to_numpy()[there]
    numbers = np.union1d(other_codes(), listed_codes(hs_revision))
    is_listed = np.isin(numbers, listed_codes(hs_revision))

    in_full = np.isin(there, largest(everyone, scale.third_countries))
    beyond = ~(in_full[:, None] & in_full) & (there[:, None] != CHINA) & (there != CHINA)
    place = everyone.frame["size"].rank(pct=True).to_numpy()[there]
    reaches = np.outer(place**1.5, place**1.5)
    np.fill_diagonal(reaches, 0)
    made = rng.random((len(there), len(numbers)), dtype=np.float32) < (place**2)[:, None]
    cells = (
        made[:, ~is_listed].sum(axis=1)[:, None] + made[:, is_listed].sum(axis=1)[:, None] * beyond
    )
    density = _density(cells, reaches, rows)
    number_text = _text(numbers)
    for exporter in range(len(there)):
        makes = np.flatnonzero(made[exporter])
        is_traded = rng.random((len(there), len(makes)), dtype=np.float32) < np.minimum(
            1, density * reaches[exporter]
        )[:, None].astype(np.float32)
        is_traded &= beyond[exporter][:, None] | ~is_listed[makes]
        partner, product = np.divmod(np.flatnonzero(is_traded), max(len(makes), 1))
        n = len(partner)
        if n == 0:
            continue
        product = makes[product]
        # whole USD and whole kg, hence three decimals in thousand USD and in tonnes
        usd = np.exp(rng.standard_normal(n, dtype=np.float32) * 2.2 + 9.5).astype("int64") + 1
        usd = np.where(is_listed[product], usd // PART_OF_LISTED + 1, usd)
        kg = (usd / np.exp(rng.standard_normal(n, dtype=np.float32) + 1.5)).astype("int64") + 1
        yield pc.binary_join_element_wise(
            f"{year},{code[exporter]}",
            _text(code).take(pa.array(partner)),
            number_text.take(pa.array(product)),
            _thousandths(usd),
            _thousandths(kg),
            ",",
        )


def _density(cells: np.ndarray, reaches: np.ndarray, rows: int) -> float:
    """The density of trade that gives the wanted number of rows, by bisection."""
    low, high = 0.0, 1e3
    for _ in range(60):
        middle = (low + high) / 2
        expected = (cells * np.minimum(1, middle * reaches)).sum()
        low, high = (middle, high) if expected < rows else (low, middle)
    return low


def _text(numbers: np.ndarray) -> pa.Array:
    return pa.array(numbers).cast(pa.string())


def _thousandths(units: np.ndarray) -> pa.Array:
    """Whole units as text, in thousands: 1234 is 1.234."""
    return pa.array(units / 1000).cast(pa.decimal128(18, 3)).cast(pa.string())
