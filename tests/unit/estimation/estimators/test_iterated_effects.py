"""Effects swept out by conjugate gradients, beside those swept out exactly."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from estimation.estimators.fixed_effects import FixedEffects
from estimation.estimators.iterated_effects import IteratedEffects, Levels


def codes(rng: np.random.Generator, n: int, *levels: int) -> list[np.ndarray]:
    return [np.unique(rng.integers(m, size=n), return_inverse=True)[1] for m in levels]


@pytest.mark.parametrize("levels", [(30,), (30, 8), (60, 25, 12)])
def test_both_ways_of_sweeping_leave_the_same(levels: tuple[int, ...]) -> None:
    rng = np.random.default_rng(1)
    ids = codes(rng, 400, *levels)
    # weights as those of a Poisson regression of sparse trade
    weights = np.exp(rng.normal(0, 6, 400))
    columns = rng.normal(size=(400, 3))
    exact = FixedEffects(ids, weights)
    iterated = IteratedEffects(Levels.of(ids), weights)
    scale = np.sqrt(weights)[:, None]
    np.testing.assert_allclose(
        iterated.sweep(columns) * scale, exact.sweep(columns) * scale, atol=1e-7 * scale.max()
    )
    assert iterated.rank == exact.rank


def test_components_that_share_nothing_take_an_effect_more() -> None:
    """Two years whose exporters and importers are levels of their own."""
    rng = np.random.default_rng(2)
    year = rng.integers(2, size=200)
    ids = [np.unique(c * 2 + year, return_inverse=True)[1] for c in codes(rng, 200, 12, 7)]
    assert Levels.of(ids).rank == FixedEffects(ids).rank == 2 * (12 + 7) - 2


def test_effects_that_cross_within_blocks_are_solved_for_exactly() -> None:
    """Exporters and importers of years; one year has few of them."""
    rng = np.random.default_rng(2)
    year = np.where(np.arange(600) < 20, 0, rng.integers(1, 5, size=600))
    ids = [np.unique(c * 5 + year, return_inverse=True)[1] for c in codes(rng, 600, 12, 7)]
    levels, weights = Levels.of(ids), np.exp(rng.normal(0, 4, 600))
    assert levels.blocks is not None
    assert levels.blocks.shape == (5, 7, 12)
    columns, scale = rng.normal(size=(600, 3)), np.sqrt(weights)[:, None]
    exact = FixedEffects(ids, weights).sweep(columns)
    np.testing.assert_allclose(
        IteratedEffects(levels, weights).swept(columns) * scale,
        exact * scale,
        atol=1e-10 * scale.max(),
    )
    by_rounds = IteratedEffects(replace(levels, blocks=None), weights).sweep(columns)
    np.testing.assert_allclose(by_rounds * scale, exact * scale, atol=1e-7 * scale.max())


def test_blocks_too_large_for_a_dense_system_are_left_to_conjugate_gradients() -> None:
    rng = np.random.default_rng(4)
    assert Levels.of(codes(rng, 5_000, 900, 700)).blocks is None
    assert Levels.of(codes(rng, 5_000, 900, 300)).blocks is not None


def test_a_start_changes_nothing_but_the_way() -> None:
    rng = np.random.default_rng(3)
    levels = Levels.of(codes(rng, 300, 40, 20, 10))
    columns = rng.normal(size=(300, 2))
    weights = rng.uniform(0.5, 1.5, 300)
    weighted = weights[:, None] * columns
    start = IteratedEffects(levels, weights).solve(
        levels.sums @ weighted, (weighted * columns).sum(axis=0)
    )
    effects = IteratedEffects(levels, rng.uniform(0.5, 1.5, 300))
    np.testing.assert_allclose(effects.sweep(columns, start), effects.sweep(columns), atol=1e-10)
