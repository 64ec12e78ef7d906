"""Sweeping fixed effects of many levels out of columns.

`FixedEffects` solves a dense system as large as the levels of all effects but one. The effects of
bilateral trade have thousands of levels each, and its means span many orders of magnitude:
alternating projections need tens of thousands of rounds there. Two effects that cross within blocks
alone, as exporter-years and importer-years do within a year, are solved block by block here; all
others by conjugate gradients, in some dozens of rounds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components

EXACT = 1e-11  # tolerance of the gradient, relative to the length of the column
MOST_ROUNDS = 10_000
# blocks larger than these are left to conjugate gradients: levels of one, cells of all
LARGEST_BLOCK, MOST_CELLS = 400, 20_000_000


@dataclass(frozen=True)
class Levels:
    """Which level of each effect a row has.

    `codes` holds the level (n,) of each effect, the one with the most levels first. Otherwise the
    levels of all effects lie one below the other, with the `n_first` of that effect at the top.
    `dummies` (n, levels) are zeros and ones, `sums` (levels, n) the same the other way round.
    `with_first` and `among_others` tell which levels of the others meet which of the first, and of
    each other; `blocks` is None where conjugate gradients are needed. `rank` is the number of
    parameters the effects take: their levels, less for each further effect the connected components
    that it forms with one of those before it, the most that there are. With two effects that is
    exact, with three it is the pairwise bound of Correia (2017).
    """

    codes: tuple[np.ndarray, ...]
    n_first: int
    dummies: sparse.csr_array
    sums: sparse.csr_array
    with_first: _Crossing
    among_others: _Crossing
    blocks: _Blocks | None
    rank: int

    @classmethod
    def of(cls, ids: Sequence[np.ndarray]) -> Levels:
        """The levels of effects given as codes (n,) from 0."""
        codes = tuple(sorted(ids, key=lambda of_effect: -int(of_effect.max())))
        counts = [int(of_effect.max()) + 1 for of_effect in codes]
        places = [c + begin for c, begin in zip(codes, np.cumsum(counts) - counts, strict=True)]
        rows = np.tile(np.arange(len(codes[0])), len(codes))
        dummies = sparse.csr_array((np.ones(len(rows)), (rows, np.concatenate(places))))
        below = [of_effect - counts[0] for of_effect in places[1:]]
        n_others = sum(counts[1:])
        with_first = _Crossing.of([(p, codes[0]) for p in below], (n_others, counts[0]))
        among_others = _Crossing.of([(p, q) for p in below for q in below], (n_others, n_others))
        rank = sum(counts)
        for place, of_effect in enumerate(codes[1:], 1):
            rank -= max(_components(of_effect, before) for before in codes[:place])
        blocks = _Blocks.of(with_first) if len(codes) == 2 else None
        sums = dummies.T.tocsr()
        return cls(codes, counts[0], dummies, sums, with_first, among_others, blocks, rank)


@dataclass(frozen=True)
class _Crossing:
    """Where levels meet: the places of a sparse matrix that weights are summed into.

    `cell` holds, for each row and pair of effects one after the other, its place in the data.
    """

    cell: np.ndarray
    indices: np.ndarray
    indptr: np.ndarray
    shape: tuple[int, int]

    @classmethod
    def of(
        cls, pairs: Sequence[tuple[np.ndarray, np.ndarray]], shape: tuple[int, int]
    ) -> _Crossing:
        places = [left * shape[1] + right for left, right in pairs]
        flat, cell = np.unique(np.concatenate([np.empty(0, int), *places]), return_inverse=True)
        left, right = np.divmod(flat, max(shape[1], 1))
        return cls(cell, right, np.searchsorted(left, np.arange(shape[0] + 1)), shape)

    def weighted(self, weights: np.ndarray) -> sparse.csr_array:
        """The sums of the weights (n,) of the rows in which two levels meet."""
        repeated = np.tile(weights, len(self.cell) // len(weights))
        data = np.bincount(self.cell, repeated, len(self.indices))
        return sparse.csr_array((data, self.indices, self.indptr), self.shape)


@dataclass(frozen=True)
class _Blocks:
    """Groups of levels of two effects that meet each other alone, as dense arrays.

    For the `others` and for the `first` levels their block and their place in it; `cell` is the
    place of each weight of their crossing in (blocks, others, first).
    """

    others: tuple[np.ndarray, np.ndarray]
    first: tuple[np.ndarray, np.ndarray]
    cell: np.ndarray
    shape: tuple[int, int, int]

    @classmethod
    def of(cls, crossing: _Crossing) -> _Blocks | None:
        n_others = crossing.shape[0]
        rows = np.repeat(np.arange(n_others), np.diff(crossing.indptr))
        n_blocks, block = _connected(rows, crossing.indices, crossing.shape)
        others, first = (_numbered(part) for part in np.split(block, [n_others]))
        shape = (n_blocks, int(others[1].max()) + 1, int(first[1].max()) + 1)
        if shape[1] > LARGEST_BLOCK or np.prod(shape) > MOST_CELLS:
            return None
        places = (others[0][rows], others[1][rows], first[1][crossing.indices])
        return cls(others, first, np.ravel_multi_index(places, shape), shape)

    def solve(
        self, crossed: np.ndarray, totals: np.ndarray, first_totals: np.ndarray, sums: np.ndarray
    ) -> np.ndarray:
        """The others' effects (others, m) that account for `sums` (others, m), net of the first.

        The equations are scaled to a unit diagonal. They leave the sum of a block's effects open;
        the vector that they leave open is added to them, so that it is nothing in the solution.
        """
        lengths, of_first = np.zeros(self.shape[:2]), np.zeros((self.shape[0], self.shape[2]))
        lengths[self.others] = np.sqrt(totals)
        of_first[self.first] = 1 / np.sqrt(first_totals)
        inverse = np.divide(1, lengths, out=np.zeros_like(lengths), where=lengths > 0)
        scaled = np.zeros(self.shape)
        scaled.reshape(-1)[self.cell] = crossed
        scaled *= inverse[:, :, None] * of_first[:, None, :]
        free = lengths / np.linalg.norm(lengths, axis=1, keepdims=True)
        system = np.eye(self.shape[1]) - scaled @ scaled.transpose(0, 2, 1)
        system += free[:, :, None] * free[:, None, :]
        wanted = np.zeros((*self.shape[:2], sums.shape[1]))
        wanted[self.others] = sums / np.sqrt(totals)[:, None]
        return np.linalg.solve(system, wanted)[self.others] / np.sqrt(totals)[:, None]


class IteratedEffects:
    """Sweeps effects out of columns by weighted least squares.

    The effect with the most levels is removed by its group means, so that the equations are those
    of the other effects net of it: (D'WD - C C'/totals) a = D'W (columns net of the first), where D
    are the dummies of the others and C their weighted cross product with the first. `weights` (n,)
    default to ones.
    """

    def __init__(self, levels: Levels, weights: np.ndarray | None = None) -> None:
        self.levels = levels
        self.weights = np.ones(levels.dummies.shape[0]) if weights is None else weights
        self.rank = levels.rank
        totals = (levels.sums @ self.weights)[:, None]
        self.first_totals, self.other_totals = np.split(totals, [levels.n_first])
        self.with_first = levels.with_first.weighted(self.weights)
        if levels.blocks is None:
            self.among_others = levels.among_others.weighted(self.weights)

    def sweep(self, columns: np.ndarray, start: np.ndarray | None = None) -> np.ndarray:
        """The columns (n, m) with the effects swept out; `start` as in `solve`.

        Swept twice: the second pass removes what the tolerance of the first has left.
        """
        return self.swept(self.swept(columns, start))

    def swept(
        self, columns: np.ndarray, start: np.ndarray | None = None, tolerance: float = EXACT
    ) -> np.ndarray:
        """The columns (n, m) with the effects swept out to a tolerance."""
        weighted = self.weights[:, None] * columns
        squares = np.einsum("nm,nm->m", weighted, columns)
        found = self.solve(self.levels.sums @ weighted, squares, start, tolerance)
        return columns - self.levels.dummies @ found

    def solve(
        self,
        sums: np.ndarray,
        squares: np.ndarray,
        start: np.ndarray | None = None,
        tolerance: float = EXACT,
    ) -> np.ndarray:
        """The effects (levels, m) of columns, from their weighted sums by level (levels, m).

        `squares` (m,) are the weighted sums of the columns' squares, to which the tolerance is
        relative; `start` are effects of the same columns with weights that differ little.
        """
        of_first, of_others = np.split(sums, [self.levels.n_first])
        net = of_others - self.with_first @ (of_first / self.first_totals)
        if self.levels.blocks is None:
            begin = np.zeros_like(net) if start is None else start[self.levels.n_first :]
            found = self._by_conjugate_gradients(net, begin, tolerance**2 * squares)
        else:
            totals = self.other_totals[:, 0], self.first_totals[:, 0]
            found = self.levels.blocks.solve(self.with_first.data, *totals, net)
        return np.vstack([(of_first - self.with_first.T @ found) / self.first_totals, found])

    def _by_conjugate_gradients(
        self, net: np.ndarray, start: np.ndarray, enough: np.ndarray
    ) -> np.ndarray:
        """The others' effects (others, m); each equation is divided by the weight of its level."""
        found, gradient = start, net - self._equations(start)
        scaled = gradient / self.other_totals
        direction, distance = scaled, (gradient * scaled).sum(axis=0)
        for _ in range(MOST_ROUNDS):
            is_open = distance > enough + np.finfo(float).tiny
            if not is_open.any():
                break
            ahead = self._equations(direction)
            curvature = (direction * ahead).sum(axis=0)
            step = np.where(is_open, distance / np.where(is_open, curvature, 1), 0)
            found = found + step * direction
            gradient = gradient - step * ahead
            scaled = gradient / self.other_totals
            before, distance = distance, (gradient * scaled).sum(axis=0)
            direction = scaled + direction * np.where(
                is_open, distance / np.where(is_open, before, 1), 0
            )
        return found

    def _equations(self, effects: np.ndarray) -> np.ndarray:
        """The left side of the equations for values (others, m) of the other effects."""
        means = (self.with_first.T @ effects) / self.first_totals
        return self.among_others @ effects - self.with_first @ means


def _numbered(blocks: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The block (levels,) of each level, and the levels' numbers within them."""
    order = np.argsort(blocks, kind="stable")
    begins = np.searchsorted(blocks[order], np.arange(blocks.max() + 1))
    number = np.empty_like(order)
    number[order] = np.arange(len(blocks)) - begins[blocks[order]]
    return blocks, number


def _components(left: np.ndarray, right: np.ndarray) -> int:
    """Groups of levels of two effects, given as codes (n,), that share no row with each other."""
    return _connected(left, right, (int(left.max()) + 1, int(right.max()) + 1))[0]


def _connected(
    left: np.ndarray, right: np.ndarray, shape: tuple[int, int]
) -> tuple[int, np.ndarray]:
    """How many such groups there are, and the group of each level, those on the left first."""
    edges = sparse.coo_array((np.ones(len(left)), (left, right + shape[0])), (sum(shape),) * 2)
    return connected_components(edges, directed=False)
