"""How economies and years are drawn: lasting traits, persistent noise, choice by score, shapes."""

from __future__ import annotations

from functools import cache

import numpy as np


@cache
def lasting_trait(name: str, count: int) -> np.ndarray:
    """Lasting traits of economies, standard normal.

    They are the same in every world, so that worlds differ in their years, not in their economies.
    """
    return np.random.default_rng([7, *name.encode()]).normal(size=(count, 1))


def autoregressive(
    rng: np.random.Generator, shape: tuple[int, int], persistence: float
) -> np.ndarray:
    """AR(1) noise with mean zero and variance one, along the years (second axis)."""
    noise = rng.normal(size=shape)
    for year in range(1, shape[1]):
        noise[:, year] = (
            persistence * noise[:, year - 1] + np.sqrt(1 - persistence**2) * noise[:, year]
        )
    return noise


def highest(score: np.ndarray, candidates: np.ndarray, count: int) -> np.ndarray:
    """The `count` candidates with the highest score, as a mask.

    This is how a printed number of observations is met exactly.
    """
    count = int(min(max(count, 0), candidates.sum()))
    chosen = np.zeros(candidates.shape, dtype=bool)
    places = np.flatnonzero(candidates)
    chosen.flat[places[np.argsort(-score.flat[places], kind="stable")[:count]]] = True
    return chosen


def g_and_h(score: np.ndarray, g: float, h: float) -> np.ndarray:
    """Tukey's g-and-h transformation of standard normal scores: g skews, h stretches the tails."""
    return (np.expm1(g * score) / g if g else score) * np.exp(h * score**2 / 2)
