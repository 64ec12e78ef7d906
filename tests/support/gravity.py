"""Bilateral trade with known effects, and samples of it as the gravity estimator takes them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from estimation.gravity.sample import bilateral_sample
from estimation.sample import Sample
from estimation.specifications import Specification

TWO_WAY = ("exporter_year", "importer_year")
THREE_WAY = (*TWO_WAY, "pair")


def column(*terms: str, effects: tuple[str, ...] = THREE_WAY) -> Specification:
    return Specification("gravity_1", 1, "trade", terms, estimator="gravity", effects=effects)


def sample_of(trade: pd.DataFrame, *terms: str) -> Sample:
    """Rows of exporter, importer, year, trade and the terms."""
    codes, economies = pd.factorize(pd.concat([trade["exporter"], trade["importer"]]), sort=True)
    exporter, importer = np.split(codes, 2)
    year, years = pd.factorize(trade["year"], sort=True)
    return bilateral_sample(
        trade["trade"].to_numpy(dtype=float),
        trade[list(terms)].to_numpy(dtype=float),
        (exporter, importer),
        year,
        np.asarray(economies),
        np.asarray(years),
    )


def rows_of(
    y: np.ndarray, x: np.ndarray, effects: Mapping[str, np.ndarray]
) -> tuple[Sample, Specification]:
    """Any rows with terms x (n, k) and effects; the sample's years are the numbers of the rows."""
    names = tuple(f"x{j + 1}" for j in range(x.shape[1]))
    ids = {name: np.unique(c, return_inverse=True)[1] for name, c in effects.items()}
    n = len(y)
    sample = Sample(
        np.asarray(y, dtype=float),
        np.asarray(x, dtype=float),
        np.arange(n),
        ids | {"iso3": np.zeros(n, dtype=int), "year": np.arange(n)},
        np.array(["E00"]),
    )
    return sample, column(*names, effects=tuple(effects))


def bilateral_trade(
    rng: np.random.Generator, economies: int, years: int, slope: float = 1.0
) -> pd.DataFrame:
    """The first design of Weidner and Zylkin (2021, section 5): exporter, importer, year, x, trade.

    All pairs of economies in all years; ln E[trade] = slope x + alpha_it + gamma_jt + eta_ij. The
    term follows its own past and the effects, and the error's variance is one in levels.
    """
    exporter, importer = np.divmod(np.arange(economies**2), economies)
    is_trade = exporter != importer
    exporter, importer = exporter[is_trade], importer[is_trade]
    pairs = len(exporter)
    of_exporter, of_importer = rng.normal(0, 1 / 4, (2, economies, years))
    of_pair = rng.normal(0, 1 / 4, pairs)
    effects = of_exporter[exporter] + of_importer[importer] + of_pair[:, None]
    x, shocks = np.empty((2, pairs, years))
    term, shock = of_pair + rng.normal(0, 0.5, pairs), rng.normal(size=pairs)
    for t in range(years):
        term = term / 2 + effects[:, t] + rng.normal(0, 0.5, pairs)
        shock = 0.3 * shock + np.sqrt(1 - 0.3**2) * rng.normal(size=pairs)
        x[:, t], shocks[:, t] = term, shock
    means = np.exp(slope * x + effects)
    spread = np.log1p(means**-2.0)
    trade = means * np.exp(np.sqrt(spread) * shocks - spread / 2)
    return pd.DataFrame(
        {
            "exporter": np.repeat(exporter, years),
            "importer": np.repeat(importer, years),
            "year": np.tile(np.arange(2000, 2000 + years), pairs),
            "x": x.ravel(),
            "trade": trade.ravel(),
        }
    )
