"""The world with endogenous imports: the instrument finds what was planted, least squares not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from estimation.confidence_sets import ConfidenceSet
from estimation.designs.trade_instrument import (
    InstrumentedEstimates,
    TradeInstrument,
    estimate_instrumented,
)
from estimation.specifications import INSTRUMENTED_SPECIFICATIONS
from orchestration.sources.synthetic import endogenous, truth, world
from tests.support.runs import made_once, shared_folder

WORLDS = 20
[COLUMN] = (
    s
    for s in INSTRUMENTED_SPECIFICATIONS
    if (s.exhibit, s.outcome) == ("instrument_1", endogenous.OUTCOME)
)


def estimated(number: int) -> InstrumentedEstimates:
    invention = endogenous.invent_endogenous(world.random_numbers(700_000 + number))
    result = estimate_instrumented(
        world.panel_of(invention.world),
        COLUMN,
        truth.COMPLETE_COVERAGE,
        TradeInstrument.from_cells(invention.instrument_cells()),
    )
    assert isinstance(result, InstrumentedEstimates), result
    return result


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> pd.DataFrame:
    """The row of the instrument in every world, estimated once for all workers."""

    def estimate_all(folder: Path) -> None:
        rows = [estimated(number).instrument for number in range(WORLDS)]
        pd.concat(rows, ignore_index=True).to_pickle(folder / "rows.pickle")

    folder = shared_folder("endogenous_worlds", tmp_path_factory, worker_id)
    return pd.read_pickle(made_once(folder, estimate_all) / "rows.pickle")


@pytest.mark.slow
def test_least_squares_is_biased_and_the_instrument_is_not(found: pd.DataFrame) -> None:
    planted = endogenous.truth()
    bias = found.estimate.mean() - planted
    assert abs(bias) < 3.5 * stats.sem(found.estimate) < 0.1 * abs(planted)
    assert found.ols_estimate.mean() - planted > 15 * stats.sem(found.ols_estimate)
    assert found.effective_f.median() > found.critical_f[0]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["anderson_rubin", "akm", "akm0"])
def test_sets_cover_what_was_planted(found: pd.DataFrame, name: str) -> None:
    """As often as 95 % intervals may be seen to in so few worlds."""
    rows = found.assign(akm_set="interval")
    bounds = rows[[f"{name}_{part}" for part in ("set", "low", "high")]]
    covered = [endogenous.truth() in ConfidenceSet(*row) for row in bounds.to_numpy()]
    assert sum(covered) >= stats.binom.ppf(0.005, WORLDS, 0.95), covered


def test_what_is_said_of_the_instrument_belongs_to_the_estimate() -> None:
    result = estimated(0)
    [row] = result.instrument.to_dict("records")
    clustered = result.coefficients.query("inference == 'cluster_iso3'").set_index("term")
    assert row["estimate"] == clustered.estimate[row["term"]]
    assert row["std_error"] == clustered.std_error[row["term"]]
    assert row["reduced_form_estimate"] / row["first_stage_estimate"] == pytest.approx(
        row["estimate"]
    )
    assert row["effective_f"] == pytest.approx(row["conditional_f"])
    assert row["not_computed"] == ()
    # the first three years have no instrument, and the year after them no outcome of it
    assert row["n_without_instrument"] > 0
    assert row["n_observations"] == result.diagnostics["n_observations"]
    assert row["n_products"] == 124 > row["effective_products"] > 20
    weights = result.rotemberg
    assert weights.exposure_share.sum() == pytest.approx(1)
    assert weights.weight.sum() == pytest.approx(1)
    assert weights.weight @ weights.product_estimate == pytest.approx(row["estimate"])
    assert list(result.balance.kind) == ["pre_trend"] + ["balance"] * 12


def test_the_cells_leave_own_imports_out_and_shares_sum_to_one() -> None:
    invention = endogenous.invent_endogenous(world.random_numbers(1))
    cells = invention.instrument_cells()
    shares = cells.drop_duplicates(["iso3", "product_code"]).groupby("iso3").share.sum()
    np.testing.assert_allclose(shares, 1)
    row = cells.iloc[1000]
    frame = invention.world.economies.frame
    own = invention.exports[
        frame.index[frame.iso3 == row.iso3][0],
        list(invention.product_codes).index(row.product_code),
        row.year - 1992,
    ]
    assert row.exports_usd - row.exports_to_others_usd == pytest.approx(own)
    assert cells.year.min() == 1995, "three years make the shares"
