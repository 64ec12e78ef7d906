"""The invented GeoDist file: deterministic, in CEPII's codes of 2004, and possible on Earth."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from orchestration.landing.publishers.cepii import CEPII_PAIRS
from orchestration.landing.reading import open_tables
from orchestration.landing.synthetic_mark import MARK_COLUMN
from orchestration.sources.synthetic.distances import WITHOUT_CITIES, write_distances
from orchestration.sources.synthetic.economies import economies

HALF_WAY_AROUND_KM = 20_040


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_distances(tmp_path_factory.mktemp("distances"), economies(), 7)


@pytest.fixture(scope="module")
def pairs(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, na_values=".", keep_default_na=False)


def test_a_seed_gives_the_same_bytes_and_another_seed_others(path: Path, tmp_path: Path) -> None:
    first = path.read_bytes()
    assert write_distances(tmp_path, economies(), 7).read_bytes() == first
    assert write_distances(tmp_path, economies(), 8).read_bytes() != first


def test_the_file_is_recognised_as_geodist(path: Path) -> None:
    [table], _ = open_tables(path)
    assert table.layout == CEPII_PAIRS
    assert list(table.header) == [*(c.name for c in CEPII_PAIRS.columns), MARK_COLUMN]


def test_every_pair_stands_once_under_the_codes_of_2004(pairs: pd.DataFrame) -> None:
    codes = set(pairs.iso_o)
    assert len(codes) == len(economies())
    assert len(pairs) == len(codes) ** 2
    assert not pairs.duplicated(["iso_o", "iso_d"]).any()
    assert {"ROM", "ZAR", "TMP", "YUG", "PAL"} <= codes
    assert not {"ROU", "COD", "TLS", "SRB", "PSE"} & codes


def test_distances_are_possible_and_ties_go_both_ways(pairs: pd.DataFrame) -> None:
    wide = {name: pairs.pivot(index="iso_o", columns="iso_d", values=name) for name in pairs}
    for name in ("dist", "distcap", "distw", "distwces"):
        known = pairs[name].dropna()
        assert known.between(0.1, HALF_WAY_AROUND_KM).all(), name
        assert np.allclose(wide[name], wide[name].T, rtol=1e-7, equal_nan=True), name
    assert pairs[pairs.iso_o == pairs.iso_d].dist.notna().all()
    assert pairs[pairs.distw.isna()].groupby("iso_o").size().eq(len(economies())).sum() == (
        WITHOUT_CITIES
    )
    for tie in ("contig", "comlang_off", "comlang_ethno", "colony", "comcol", "curcol", "col45"):
        assert set(pairs[tie]) == {0, 1}, tie
        assert (wide[tie] == wide[tie].T).all(axis=None), tie
