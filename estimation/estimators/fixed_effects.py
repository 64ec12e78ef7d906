"""Sweeping fixed effects out of columns, and what is left to estimate after them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import sparse

from estimation.reasons import NotEstimable, because

# a term is collinear if projecting out the effects and the preceding terms leaves less than this
# fraction of its length
COLLINEAR = 1e-6


class FixedEffects:
    """Sweeps fixed effects out of columns by (weighted) least squares, without iteration.

    The first effect, the one with the most levels, is removed by subtracting its group means. The
    other effects are solved for in the normal equations of their dummies net of the first, a
    system whose dimension is their number of levels. `ids` holds the codes (n,) from 0 of each
    effect; `weights` (n,) default to ones. `rank` is the number of parameters the effects take:
    their levels, less one for each further effect in each connected component of the panel.
    """

    def __init__(self, ids: Sequence[np.ndarray], weights: np.ndarray | None = None) -> None:
        # the effect with the most levels comes first: it is removed by its group means
        ids = sorted(ids, key=lambda codes: -int(codes.max()))
        n = len(ids[0])
        self.weights = np.ones(n) if weights is None else weights
        rows = np.arange(n)
        self.first = sparse.csr_array((np.ones(n), (rows, ids[0])))
        self.others = (
            sparse.hstack(
                [sparse.csr_array((np.ones(n), (rows, codes))) for codes in ids[1:]], format="csr"
            )
            if len(ids) > 1
            else None
        )
        self.totals = self.first.T @ self.weights
        self.rank = len(self.totals)
        if self.others is not None:
            weighted = self.others.multiply(self.weights[:, None]).tocsr()
            self.crossed = (self.first.T @ weighted).toarray()
            normal = (self.others.T @ weighted).toarray() - self.crossed.T @ (
                self.crossed / self.totals[:, None]
            )
            values, vectors = np.linalg.eigh(normal)
            solvable = values > 1e-10 * max(values.max(), 1e-300)
            self.inverse = (vectors[:, solvable] / values[solvable]) @ vectors[:, solvable].T
            self.rank += int(solvable.sum())

    def sweep(self, columns: np.ndarray) -> np.ndarray:
        """The columns (n, m) with the effects swept out.

        Swept twice: the second pass removes the rounding error of the first.
        """
        swept = columns
        for _ in range(2):
            swept = swept - self.first @ (
                (self.first.T @ (swept * self.weights[:, None])) / self.totals[:, None]
            )
            if self.others is not None:
                effect = self.inverse @ (self.others.T @ (swept * self.weights[:, None]))
                swept = swept - (
                    self.others @ effect
                    - self.first @ ((self.crossed @ effect) / self.totals[:, None])
                )
        return swept


def independent(x: np.ndarray, lengths: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Which columns of x (n, k) are independent, (k,) booleans, and an orthonormal basis of these.

    The basis keeps the columns' order. A column is dropped if projecting out the preceding columns
    leaves almost nothing of it, relative to its length in `lengths` (k,), from before the effects
    were swept out, or to its length after.
    """
    kept = np.zeros(x.shape[1], dtype=bool)
    basis = np.empty((len(x), 0))
    for j, column in enumerate(x.T):
        rest = column
        for _ in range(2):
            rest = rest - basis @ (basis.T @ rest)
        length = np.linalg.norm(rest)
        if length > COLLINEAR * lengths[j] and length > COLLINEAR * np.linalg.norm(column):
            kept[j] = True
            basis = np.column_stack([basis, rest / length])
    return kept, basis


def too_small(rows: int, terms: int, effect_rank: int) -> NotEstimable | None:
    """The reason why so many rows do not suffice for the terms and effects, or None if they do."""
    if rows > effect_rank + terms:
        return None
    return NotEstimable(
        because("not_estimable", "too_few_rows", rows=rows, terms=terms, effects=effect_rank)
    )
