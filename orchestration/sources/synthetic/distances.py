"""The synthetic world's distances and ties of pairs of economies, as CEPII's GeoDist has them.

They are drawn by a random number generator of their own, so that they change nothing else in the
world. Nothing in the world depends on them.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from orchestration.landing.publishers.cepii import CEPII_PAIRS
from orchestration.landing.synthetic_mark import MARK_COLUMN, MARK_VALUE
from orchestration.sources.synthetic.economies import Economies, seed_table
from orchestration.sources.synthetic.files import write_gzip
from orchestration.sources.synthetic.world import NUMBERS_VERSION

DISTANCES_FILE = "dist_cepii.csv.gz"
EARTH_RADIUS_KM = 6371.0
NEIGHBOURS_WITHIN_KM = 900.0
LANGUAGES, COLONIZERS = 30, 8
WITHOUT_CITIES = 5  # as many economies as in CEPII's file have no weighted distances
# sums over cities in another order for each direction: how far their last digits differ
ROUNDING = 1e-8
# what makes its random numbers differ from those of the rest of the world
STREAM = 2011


def write_distances(folder: Path, economies: Economies, seed: int) -> Path:
    """Write dist_cepii.csv.gz: every ordered pair of the economies, own pairs included."""
    rng = np.random.default_rng([NUMBERS_VERSION, seed, STREAM])
    codes_of_2004 = seed_table("cepii_economy_codes").set_index("iso3").cepii_code
    iso3 = economies.frame.iso3
    codes = iso3.map(codes_of_2004).fillna(iso3).to_numpy()
    columns = invent_pairs(rng, len(codes))
    order = np.argsort(codes)
    pairs = pd.DataFrame(
        {
            "iso_o": np.repeat(codes[order], len(codes)),
            "iso_d": np.tile(codes[order], len(codes)),
            **{name: values[np.ix_(order, order)].ravel() for name, values in columns.items()},
        }
    )
    header = [column.name for column in CEPII_PAIRS.columns]
    pairs, header = pairs[header].assign(**{MARK_COLUMN: MARK_VALUE}), [*header, MARK_COLUMN]
    lines = pairs.to_csv(index=False, header=False, na_rep=".", float_format="%.10g")
    return write_gzip(folder / DISTANCES_FILE, ",".join(header), [pa.array(lines.splitlines())])


def invent_pairs(
    rng: np.random.Generator, n: int, neighbours_within_km: float = NEIGHBOURS_WITHIN_KM
) -> dict[str, np.ndarray]:
    """Distances and ties of n economies at places of their own, by column of GeoDist: (n, n)."""
    return _ties(rng, _distances(rng, n), neighbours_within_km)


def _distances(rng: np.random.Generator, n: int) -> dict[str, np.ndarray]:
    """The four distances in km, each economy x economy."""
    main_city = _on_sphere(rng.normal(size=(n, 3)))
    # in one economy of ten, the capital is another city than the most populous
    is_elsewhere = rng.random((n, 1)) < 0.1
    capital = _on_sphere(main_city + is_elsewhere * rng.normal(0, 0.04, (n, 3)))
    internal = 0.67 * np.sqrt(np.exp(rng.normal(11.0, 2.0, n)) / np.pi)  # of its area in km2
    dist, distcap = (_great_circle(city, internal) for city in (main_city, capital))
    # shorter, so that none is longer than half the way around the Earth
    nearer = np.exp(-np.abs(_symmetric(rng.normal(0, 0.02, (n, n)))))
    weighted = dist * nearer * (1 + rng.uniform(-ROUNDING, ROUNDING, (n, n)))
    # a harmonic mean lies below the arithmetic one
    ces = weighted * (1 - np.abs(_symmetric(rng.normal(0, 0.01, (n, n)))))
    unknown = np.zeros(n, dtype=bool)
    unknown[rng.choice(np.arange(1, n), WITHOUT_CITIES, replace=False)] = True
    is_missing = unknown[:, None] | unknown[None, :]
    return {
        "dist": dist,
        "distcap": distcap,
        "distw": np.where(is_missing, np.nan, weighted),
        "distwces": np.where(is_missing, np.nan, ces),
    }


def _ties(
    rng: np.random.Generator, columns: dict[str, np.ndarray], neighbours_within_km: float
) -> dict[str, np.ndarray]:
    """The distances with the ties of pairs, each 0 or 1 and, as CEPII has it, 0 for own pairs."""
    n = len(columns["dist"])
    language = rng.integers(LANGUAGES, size=n)
    same_language = language[:, None] == language[None, :]
    learned = _symmetric(rng.random((n, n))) < 0.2
    # the first economies after China once held colonies; the rest were held by one of them or none
    colonizer = np.where(rng.random(n) < 0.6, rng.integers(1, 1 + COLONIZERS, n), -1)
    colonizer[: 1 + COLONIZERS] = -1
    held = colonizer[:, None] == np.arange(n)[None, :]
    colony = held | held.T
    late = _symmetric(rng.random((n, n)))
    contiguous = columns["dist"] < neighbours_within_km
    ties = {
        "contig": contiguous,
        "comlang_off": same_language,
        "comlang_ethno": same_language | learned,
        "colony": colony,
        "comcol": (colonizer[:, None] == colonizer[None, :]) & (colonizer >= 0)[:, None],
        "curcol": colony & (late < 0.1),
        "col45": colony & (late < 0.6),
        "smctry": contiguous & (late < 0.3),
    }
    own = np.eye(n, dtype=bool)
    return {name: (tie & ~own).astype(int) for name, tie in ties.items()} | columns


def _on_sphere(points: np.ndarray) -> np.ndarray:
    return points / np.linalg.norm(points, axis=1, keepdims=True)


def _great_circle(cities: np.ndarray, internal: np.ndarray) -> np.ndarray:
    """Distances in km between points on the unit sphere, the internal ones on the diagonal."""
    distance = EARTH_RADIUS_KM * np.arccos(np.clip(cities @ cities.T, -1, 1))
    distance = np.maximum(_symmetric(distance), 1.0)
    np.fill_diagonal(distance, internal)
    return distance


def _symmetric(values: np.ndarray) -> np.ndarray:
    """The upper triangle of `values` on both sides of the diagonal."""
    upper = np.triu(values)
    return upper + np.triu(values, 1).T
