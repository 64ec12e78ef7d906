"""Sweeping fixed effects of many levels out of columns, by conjugate gradients.

`FixedEffects` solves a dense system as large as the levels of all effects but one. The effects of
bilateral trade have thousands of levels each, and its means span many orders of magnitude:
alternating projections need tens of thousands of rounds there, conjugate gradients on the same
equations some dozens.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components

EXACT = 1e-11  # tolerance of the gradient, relative to the length of the column
MOST_ROUNDS = 10_000


@dataclass(frozen=True)
class Levels:
    """Which level of each effect a row has, as matrices of zeros and ones.

    `dummies` holds one (n, levels) for each effect, the one with the most levels first; `others`
    (n, levels) all but the first side by side, None where there is one effect alone. `rank` is the
    number of parameters the effects take: their levels, less for each further effect the connected
    components that it forms with one of those before it, the most that there are. With two effects
    that is exact, with three it is the pairwise bound of Correia (2017).
    """

    dummies: tuple[sparse.csr_array, ...]
    others: sparse.csr_array | None
    rank: int

    @classmethod
    def of(cls, ids: Sequence[np.ndarray]) -> Levels:
        """The levels of effects given as codes (n,) from 0."""
        n = len(ids[0])
        dummies = [
            sparse.csr_array((np.ones(n), (np.arange(n), codes)), (n, int(codes.max()) + 1))
            for codes in sorted(ids, key=lambda codes: -int(codes.max()))
        ]
        rank = sum(dummy.shape[1] for dummy in dummies)
        for place, dummy in enumerate(dummies[1:], 1):
            rank -= max(_components(dummy, before) for before in dummies[:place])
        others = sparse.hstack(dummies[1:], format="csr") if len(dummies) > 1 else None
        return cls(tuple(dummies), others, rank)

    @property
    def first(self) -> sparse.csr_array:
        return self.dummies[0]


class IteratedEffects:
    """Sweeps effects out of columns by weighted least squares, by conjugate gradients.

    The effect with the most levels is removed by its group means, so that the equations are those
    of the other effects net of it: (D'WD - C C'/totals) a = D'W (columns net of the first), where D
    are the dummies of the others and C their weighted cross product with the first. Each equation
    is divided by the weight of its level. `weights` (n,) default to ones.
    """

    def __init__(self, levels: Levels, weights: np.ndarray | None = None) -> None:
        self.levels = levels
        self.weights = np.ones(levels.first.shape[0]) if weights is None else weights
        self.rank = levels.rank
        self.first_sums = _weighted(levels.first, self.weights)
        self.first_totals = self.first_sums.sum(axis=1)[:, None]
        if levels.others is not None:
            self.other_sums = _weighted(levels.others, self.weights)
            self.other_totals = self.other_sums.sum(axis=1)[:, None]
            self.among_others = (self.other_sums @ levels.others).tocsr()
            self.with_first = (self.other_sums @ levels.first).tocsr()
            self.from_first = self.with_first.T.tocsr()

    def sweep(self, columns: np.ndarray, start: np.ndarray | None = None) -> np.ndarray:
        """The columns (n, m) with the effects swept out; `start` as from `solve`.

        Swept twice: the second pass removes what the tolerance of the first has left.
        """
        return self.solve(self.solve(columns, start)[0])[0]

    def solve(
        self, columns: np.ndarray, start: np.ndarray | None = None, tolerance: float = EXACT
    ) -> tuple[np.ndarray, np.ndarray | None]:
        """The columns (n, m) without the effects, and what they have of the effects but the first.

        The latter (levels, m) is a start for the same columns with weights that differ little.
        """
        if self.levels.others is None:
            return self._without_first(columns), None
        means = (self.first_sums @ columns) / self.first_totals
        gradient = self.other_sums @ columns - self.with_first @ means
        found = np.zeros_like(gradient)
        if start is not None:
            found = start.copy()
            gradient = gradient - self._equations(found)
        enough = tolerance**2 * (self.weights @ columns**2) + np.finfo(float).tiny
        scaled = gradient / self.other_totals
        direction, distance = scaled, (gradient * scaled).sum(axis=0)
        for _ in range(MOST_ROUNDS):
            is_open = distance > enough
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
        return self._without_first(columns - self.levels.others @ found), found

    def _without_first(self, columns: np.ndarray) -> np.ndarray:
        return columns - self.levels.first @ ((self.first_sums @ columns) / self.first_totals)

    def _equations(self, effects: np.ndarray) -> np.ndarray:
        """The left side of the equations for values (levels, m) of the other effects."""
        means = (self.from_first @ effects) / self.first_totals
        return self.among_others @ effects - self.with_first @ means


def _weighted(dummies: sparse.csr_array, weights: np.ndarray) -> sparse.csr_array:
    """The matrix (levels, n) that sums weighted rows by level."""
    by_level = dummies.T.tocsr()
    by_level.data = by_level.data * weights[by_level.indices]
    return by_level


def _components(left: sparse.csr_array, right: sparse.csr_array) -> int:
    """Groups of levels of two effects that share no row with each other."""
    crossed = left.T @ right
    return connected_components(
        sparse.block_array([[None, crossed], [crossed.T, None]]), directed=False
    )[0]
