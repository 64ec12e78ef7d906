"""The instrument for imports from China: built by hand, and what it says where it cannot be."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from estimation.designs.trade_instrument import (
    InstrumentedEstimates,
    TradeInstrument,
    estimate_instrumented,
)
from estimation.driver import EstimationInputs, estimate_all
from estimation.reasons import NotEstimable
from estimation.sample import Coverage
from estimation.specifications import LCT, Specification
from tests.support.estimation import FULL, NOTHING, PRINTED_COLUMNS, WORDS

MEASURE = "lct_imports_from_china_kusd"
SPECIFICATION = Specification(
    "instrument_1",
    1,
    "y",
    (LCT, "b"),
    variant="instrumented",
    estimator="iv",
    inference=("cluster_iso3",),
    product_lists=(("lct", 1),),
    instrumented=(LCT,),
)
INTERACTED = replace(
    SPECIFICATION,
    exhibit="instrument_2",
    terms=("lct_imports_x_b", LCT, "b"),
    instrumented=("lct_imports_x_b", LCT),
)
CHOICE = {"basis": "reconciled", "hs_treatment": "harmonised", "mineral_scope": "ores"}


def cells_and_panel(seed: int = 4) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Twenty economies that buy some of six products; supply moves imports, demand both sides."""
    rng = np.random.default_rng(seed)
    economies, products, years = 20, 6, np.arange(2000, 2016)
    mix = rng.dirichlet(np.full(products, 0.6), size=economies)
    supply = 0.5 * rng.normal(size=(products, len(years))).cumsum(axis=1)
    demand, b = rng.normal(size=(2, economies, len(years)))
    exports = mix[:, :, None] * np.exp(supply + 0.3 * demand[:, None, :])
    economy, product, year = (g.ravel() for g in np.indices(exports.shape))
    total = exports.sum(axis=0)[product, year]
    cells = pd.DataFrame(
        {
            "basis": "reconciled",
            "hs_treatment": "harmonised",
            "iso3": [f"E{i:02d}" for i in economy],
            "product_code": [f"85000{k}" for k in product],
            "year": years[year],
            "share": mix[economy, product],
            "exports_usd": total,
            "exports_to_others_usd": total - exports.ravel(),
        }
    )
    imports = np.log(exports.sum(axis=1))
    y = 0.5 * imports + 0.3 * demand - 0.2 * b + 0.1 * rng.normal(size=imports.shape)
    economy, year = (g.ravel() for g in np.indices(imports.shape))
    panel = pd.DataFrame(
        {
            "iso3": [f"E{i:02d}" for i in economy],
            "year": years[year] + 1,
            "y": y.ravel(),
            f"{MEASURE}_lag1_z": imports.ravel(),
            "b_lag1_z": b.ravel(),
        }
    ).assign(**CHOICE)
    return cells, panel


def test_an_instrument_by_hand() -> None:
    """Two products over two years; the shift of the year before moves the outcome's year."""
    cells = pd.DataFrame(
        [
            ("DEU", "a", 2005, 0.25, 100.0, 80.0),
            ("DEU", "b", 2005, 0.75, 40.0, 40.0),
            ("DEU", "a", 2006, 0.25, 400.0, 300.0),
            # Germany alone bought it
            ("DEU", "b", 2006, 0.75, 10.0, 0.0),
        ],
        columns=["iso3", "product_code", "year", "share", "exports_usd", "exports_to_others_usd"],
    )
    instrument = TradeInstrument.from_cells(cells)
    assert instrument.n_without_shift == 1
    mean_of_a = (np.log(100) + np.log(400)) / 2
    np.testing.assert_allclose(
        instrument.shifts, [np.log(80) - mean_of_a, 0.0, np.log(300) - mean_of_a]
    )
    iso3, years = np.array(["DEU", "DEU", "DEU", "FRA"]), np.array([2005, 2006, 2007, 2006])
    assert instrument.is_there(iso3, years).tolist() == [False, True, True, False]
    exposures, products = instrument.exposures(iso3[1:3], years[1:3])
    assert products.tolist() == ["a", "b"]
    np.testing.assert_allclose(exposures.sums_of_shares, [1, 0.25])
    np.testing.assert_allclose(exposures.matrix.toarray(), [[0.25, 0, 0.75], [0, 0.25, 0]])
    # alone in its year, an economy has the mean shift
    np.testing.assert_allclose(exposures.instrument, 0, atol=1e-12)


def test_interactions_are_instrumented_by_the_instrument_times_the_other_variable() -> None:
    cells, panel = cells_and_panel()
    panel["y"] += 0.4 * panel[f"{MEASURE}_lag1_z"] * panel["b_lag1_z"]
    result = estimate_instrumented(panel, INTERACTED, FULL, TradeInstrument.from_cells(cells))
    assert isinstance(result, InstrumentedEstimates)
    found = result.coefficients.set_index("term").estimate
    assert found["lct_imports_x_b"] == pytest.approx(0.4, abs=0.05)
    assert found[LCT] == pytest.approx(0.5, abs=0.1)
    assert list(result.instrument.term) == ["lct_imports_x_b", LCT]
    for reasons in result.instrument.not_computed:
        assert [r.code for r in reasons] == ["several_instrumented"]
    assert "akm_std_error" not in result.instrument.columns
    assert result.rotemberg.empty


def test_few_shocks_and_many_effects_are_said() -> None:
    cells, panel = cells_and_panel()
    result = estimate_instrumented(panel, SPECIFICATION, FULL, TradeInstrument.from_cells(cells))
    assert isinstance(result, InstrumentedEstimates)
    [row] = result.instrument.to_dict("records")
    assert row["akm_shifts"] == "from_shares", "more rows than products in years"
    assert row["n_products"] == 6
    assert {"few_shocks", "many_effects"} <= {r.code for r in row["warnings"]}
    assert row["n_parameters"] > 0.1 * row["n_observations"]


def test_what_moved_before_its_instrument_is_a_pre_trend() -> None:
    cells, panel = cells_and_panel()
    instrument = TradeInstrument.from_cells(cells)
    ahead = panel.merge(
        panel.assign(year=panel["year"] - 2, z=panel[f"{MEASURE}_lag1_z"])[["iso3", "year", "z"]],
        how="left",
    )
    panel["y"] += 2 * ahead["z"].fillna(0).to_numpy()
    result = estimate_instrumented(panel, SPECIFICATION, FULL, instrument)
    assert isinstance(result, InstrumentedEstimates)
    assert result.balance.set_index("variable").p_value["y"] < 0.01
    assert "pre_trend" in {r.code for r in result.instrument.warnings[0]}


def test_without_later_years_there_is_no_test_but_its_reason() -> None:
    cells, panel = cells_and_panel()
    first = cells[cells["year"] <= 2001]
    result = estimate_instrumented(
        panel[panel["year"] <= 2002], SPECIFICATION, FULL, TradeInstrument.from_cells(first)
    )
    assert isinstance(result, InstrumentedEstimates)
    assert {r.code for r in result.balance.reason} == {"no_later_instrument"}
    assert result.balance.p_value.isna().all()


def test_no_instrument_is_a_reason() -> None:
    cells, panel = cells_and_panel()
    elsewhere = cells.assign(iso3="TON")

    def code(instrument: TradeInstrument | None, coverage: dict[str, Coverage] = FULL) -> str:
        result = estimate_instrumented(panel, SPECIFICATION, coverage, instrument)
        assert isinstance(result, NotEstimable)
        return result.reason.code

    assert code(None) == "no_instrument"
    assert code(TradeInstrument.from_cells(elsewhere)) == "no_instrument"
    assert code(TradeInstrument.from_cells(cells), {}) == "no_trade_of_list"
    same = cells.assign(exports_to_others_usd=1.0, exports_usd=1.0)
    assert code(TradeInstrument.from_cells(same)) == "too_few_instruments"
    assert code(TradeInstrument.from_cells(cells.iloc[:1])) == "nothing_to_compare"


def test_tables_hold_reasons_in_words_and_as_codes() -> None:
    cells, panel = cells_and_panel()
    coverage = pd.DataFrame(
        [("reconciled", "harmonised", "ores", "lct", True, y, 124, 124) for y in range(1999, 2023)],
        columns=list(NOTHING.columns),
    )
    published = pd.DataFrame(columns=PRINTED_COLUMNS)
    tables = estimate_all(
        EstimationInputs(
            panel, coverage, cells, published, {}, "reconciled", 0.1, (1992, 2022), False, WORDS
        ),
        [SPECIFICATION, INTERACTED],
        ["reconciled"],
    )
    diagnostics = tables["instrument_diagnostics"].set_index(["exhibit", "term"])
    assert len(diagnostics) == 3
    alone = diagnostics.loc["instrument_1", LCT]
    assert "few_shocks" in alone.warning_codes.split(", ")
    assert "few shocks: " in alone.warnings
    assert diagnostics.not_computed_codes["instrument_2"].tolist() == ["several_instrumented"] * 2
    assert set(tables["rotemberg_weights"].exhibit) == {"instrument_1"}
    assert len(tables["rotemberg_weights"]) == 6
    assert len(tables["instrument_balance"]) == 2 * 2
    assert set(tables["coefficients"].variant) == {"instrumented"}
