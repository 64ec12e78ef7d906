"""Gravity finds what is planted, logarithms do not, and the correction takes a bias away.

A few worlds, and the figures that `make truth` keeps of many.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from orchestration.sources.synthetic import gravity, gravity_recovery
from orchestration.sources.synthetic.gravity import invent_gravity
from orchestration.sources.synthetic.world import random_numbers

WORLDS = 2
# in its years orders between high-income economies are larger than later
BIASED = "within_high_income_1995_2001"


def of(rows: pd.DataFrame, column: int, estimator: str) -> pd.DataFrame:
    return rows[(rows.column == column) & (rows.estimator == estimator)].set_index("term")


@pytest.fixture(scope="module")
def recovered() -> pd.DataFrame:
    """The estimates of some worlds, none of them among those of the stored figures."""
    worlds = (invent_gravity(random_numbers(800_004 + number)) for number in range(WORLDS))
    return pd.concat(
        [gravity_recovery.recover(world).assign(world=n) for n, world in enumerate(worlds)]
    )


def test_trade_without_error_gives_back_what_is_planted(recovered: pd.DataFrame) -> None:
    for s in gravity_recovery.COLUMNS:
        rows = of(recovered, s.column, s.estimator)
        truth = rows.reset_index().pivot(index="world", columns="term", values="truth")
        planted = gravity.truth(s)
        # contrasts in all years, where they differ by period, change the other terms a little
        tolerance = 0.01 if s.column == 1 else 1e-6
        for _, of_world in truth.iterrows():
            np.testing.assert_allclose(of_world[planted.index], planted, atol=tolerance)
        for contrast in set(s.terms) - set(planted.index):
            by_period = gravity.OF_GROUPS[contrast]
            assert truth[contrast].between(min(by_period), max(by_period)).all()


def test_every_planted_coefficient_is_within_reach(recovered: pd.DataFrame) -> None:
    rows = recovered.query("estimator != 'ols'")
    reach = ((rows.estimate - rows.truth) / rows.std_error).abs()
    assert reach.max() < 4.5, rows[reach == reach.max()]
    assert rows.covered.mean() > 0.8


def test_the_correction_takes_the_bias_away_and_widens_intervals(recovered: pd.DataFrame) -> None:
    plain, corrected = (
        of(recovered, 3, name).set_index("world", append=True)
        for name in ("gravity", "gravity_corrected")
    )
    biases = [(rows.estimate - rows.truth - rows.first_order) for rows in (plain, corrected)]
    before, after = (bias[BIASED].mean() for bias in biases)
    assert before < -0.05
    assert abs(after) < abs(before) / 2
    assert (corrected.std_error > plain.std_error).all()


def test_least_squares_of_logarithms_finds_something_else(recovered: pd.DataFrame) -> None:
    both = recovered.query("column == 2").set_index(["estimator", "term", "world"]).sort_index()
    reach = (both.estimate - both.truth) / both.std_error
    for term in ("ln_distance", BIASED):
        assert (reach["ols", term] > 4).all()
        assert (reach["gravity", term].abs() < 4).all()


@pytest.fixture(scope="module")
def stored() -> pd.DataFrame:
    return pd.read_csv(gravity_recovery.RECOVERY)


def test_the_stored_figures_are_of_what_is_planted(stored: pd.DataFrame) -> None:
    assert (stored.worlds == gravity_recovery.WORLDS).all()
    for s in (*gravity_recovery.COLUMNS, gravity_recovery.IN_LOGARITHMS):
        of_column = of(stored, s.column, s.estimator)
        assert list(of_column.index) == list(s.terms)
        planted = gravity.truth(s)
        tolerance = 0.01 if s.column == 1 else 1e-6
        np.testing.assert_allclose(of_column.truth[planted.index], planted, atol=tolerance)


def test_over_many_worlds_gravity_is_right_and_its_bias_corrected(stored: pd.DataFrame) -> None:
    """What docs/gravity.md says of them."""
    plain, corrected = (of(stored, 3, name) for name in ("gravity", "gravity_corrected"))
    assert plain.bias[BIASED] < -10 * plain.bias_std_error[BIASED]
    assert (corrected.bias.abs() < 3 * corrected.bias_std_error).all()
    assert (corrected.std_error > plain.std_error).all()
    assert 0.9 < plain.coverage.mean() < corrected.coverage.mean() < 0.98
    two_way, logarithms = (of(stored, 2, name) for name in ("gravity", "ols"))
    assert 0.85 < two_way.coverage.mean() < 0.95
    assert two_way.coverage.min() > 0.7
    for term in ("ln_distance", BIASED):
        assert logarithms.coverage[term] == 0
        assert abs(two_way.bias[term]) < logarithms.bias[term] / 10
