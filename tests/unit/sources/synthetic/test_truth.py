"""The truth to recover: the estimator finds it over many worlds, and not from wrong data."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats

from estimation.estimate import estimate
from estimation.specifications import REPORT_SPECIFICATIONS, TABLE_6_OUTCOMES
from orchestration.sources.synthetic import equations, truth, world

SEED = 7


@pytest.mark.long(12)
@pytest.mark.slow
def test_the_estimator_recovers_the_truth_over_repeated_worlds() -> None:
    """Tables 4 and 6 to 10 over repeated worlds: no bias, and correct coverage.

    The 95 % intervals cover the truth in 92 to 98 % of the worlds. Every world comes with its
    mirror image, in which the disturbances change sign: they cancel from the mean, so that a few
    worlds suffice to show a bias of a twentieth of a standard deviation. `make bench` uses many
    more.
    """
    pairs = 20
    tables = {"table_4", "table_6", "table_7", "table_8", "table_9", "table_10"}
    columns = [
        s
        for s in REPORT_SPECIFICATIONS
        if s.exhibit in tables
        and s.outcome in TABLE_6_OUTCOMES + tuple(f"ln_{t}" for t in equations.TRADE)
    ]
    worlds = (
        world.invent(world.random_numbers(900_000 + pair), sign)
        for pair in range(pairs)
        for sign in (1, -1)
    )
    recovered = truth.recover(worlds, columns, inference=("iid",))
    found = truth.bias_and_coverage(recovered)
    assert set(found.exhibit) == tables
    assert len(found) == 350
    # the mean over worlds has a standard error of its own, known from the pairs, which a bias must
    # exceed
    keys = ["exhibit", "column", "term"]
    by_pair = recovered.groupby([*keys, recovered.world // 2]).estimate.mean()
    error = by_pair.groupby(keys).std() / np.sqrt(pairs) / recovered.groupby(keys).estimate.std()
    found = found.merge(error.rename("error_in_sd").reset_index(), on=keys)
    assert found.error_in_sd.max() < 0.2
    assert found.error_in_sd[found.exhibit == "table_4"].max() < 0.1
    assert (found.bias_in_sd.abs() < 0.05 + 3.5 * found.error_in_sd).all(), found.sort_values(
        "bias_in_sd", key=abs
    ).tail()
    by_table = found.groupby("exhibit").coverage.mean()
    assert by_table.between(0.92, 0.98).all(), by_table
    # one term's coverage is a count of 2 x pairs draws
    assert found.coverage.min() >= scipy.stats.binom.ppf(1e-5, 2 * pairs, 0.95) / (2 * pairs), (
        found.sort_values("coverage").head()
    )


def test_a_wrong_lag_is_not_the_truth() -> None:
    """The recovery can fail: regressors without their lag do not give the planted coefficients."""
    invention = world.invent(world.random_numbers(SEED))
    panel = world.panel_of(invention)
    lagged = [c for c in panel.columns if c.endswith("_lag1_z")]
    panel[lagged] = panel.groupby("iso3")[lagged].shift(-1)
    [column] = [s for s in REPORT_SPECIFICATIONS if (s.exhibit, s.column) == ("table_4", 1)]
    wrong = (
        estimate(panel, column, truth.COMPLETE_COVERAGE)
        .coefficients.query("inference == 'iid'")
        .set_index("term")
    )
    right = truth.truth().query("exhibit == 'table_4' and column == 1").set_index("term").truth
    assert not wrong.conf_low["ln_gdp"] <= right["ln_gdp"] <= wrong.conf_high["ln_gdp"]
