"""Scale `baci`: every pair of economies in every six-digit code, with as many rows as BACI has.

The rows are streamed, so that memory use stays small. The codes beyond the two product lists are
invented numbers within the chapters of the Harmonized System: what they stand for does not matter,
only that the warehouse has to read past them.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from orchestration.sources.synthetic.flows import codes
from orchestration.sources.synthetic.world import World

# rows per year, interpolated linearly between the two years: 269 million in all
ROWS = {1995: 7.2e6, 2022: 12.0e6}
SIX_DIGIT_CODES = 5_000


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


def rest_of_baci(
    rng: np.random.Generator, world: World, year: int, rows: float | None = None
) -> Iterator[pa.Array]:
    """The lines (t,i,j,k,v,q) of one year beyond the two product lists, one exporter at a time.

    There are about `rows` of them (default: as many as BACI has).
    """
    wanted = rows if rows is not None else float(np.interp(year, list(ROWS), list(ROWS.values())))
    frame = world.economies.frame
    code, numbers = frame.code.to_numpy(), other_codes()
    place = frame["size"].rank(pct=True).to_numpy()
    makes, reaches = place**2, np.outer(place**1.5, place**1.5)
    np.fill_diagonal(reaches, 0)
    low, high = 0.0, 1e3
    for _ in range(60):  # bisect for the density of trade that gives the wanted number of rows
        middle = (low + high) / 2
        expected = (makes[:, None] * np.minimum(1, middle * reaches)).sum() * len(numbers)
        low, high = (middle, high) if expected < wanted else (low, middle)
    for exporter in range(len(frame)):
        made = numbers[rng.random(len(numbers), dtype=np.float32) < makes[exporter]]
        partner, product = np.nonzero(
            rng.random((len(frame), len(made)), dtype=np.float32)
            < np.minimum(1, low * reaches[exporter])[:, None].astype(np.float32)
        )
        n = len(partner)
        if n == 0:
            continue
        # whole USD and whole kg, hence three decimals in thousand USD and in tonnes
        usd = np.exp(rng.standard_normal(n, dtype=np.float32) * 2.2 + 9.5).astype("int64") + 1
        kg = (usd / np.exp(rng.standard_normal(n, dtype=np.float32) + 1.5)).astype("int64") + 1
        yield pc.binary_join_element_wise(
            pa.repeat(str(year), n),
            pa.repeat(str(code[exporter]), n),
            _text(code[partner]),
            _text(made[product]),
            _thousandths(usd),
            _thousandths(kg),
            ",",
        )


def _text(numbers: np.ndarray) -> pa.Array:
    return pa.array(numbers).cast(pa.string())


def _thousandths(units: np.ndarray) -> pa.Array:
    return pc.binary_join_element_wise(
        _text(units // 1000), pc.utf8_lpad(_text(units % 1000), width=3, padding="0"), "."
    )
