"""Estimation as a whole: what cannot be estimated says why, and tables come complete."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from estimation.driver import EstimationInputs, estimate_all
from estimation.estimate import estimate
from estimation.sample import Coverage
from estimation.schema import TABLES
from estimation.specifications import REPORT_SPECIFICATIONS
from tests.support.estimation import (
    FULL,
    NO_CELLS,
    NOTHING,
    PRINTED_COLUMNS,
    SMALL,
    WORDS,
    reason,
    small_panel,
    used,
)

YEARS = (1992, 2022)


def test_what_cannot_be_estimated_says_why() -> None:
    panel = small_panel()
    assert reason(panel.assign(b_lag1_z=np.nan)) == "no data for b"
    assert reason(panel.assign(y=np.nan)) == "no data for y"
    assert "no two economies" in reason(panel[panel["iso3"] == "E01"])
    assert reason(panel.iloc[:0]) == "no data for y"
    assert "without a residual" in reason(panel.assign(y=panel["a_lag1_z"]))
    assert "do not suffice" in reason(
        panel[(panel["year"] < 1997) & (panel["iso3"] < "E03")].assign(y=1.0)
    )
    assert "does not vary" in reason(panel.assign(y=1.0))
    assert "no economy-year has every variable" in reason(
        panel.assign(
            a_lag1_z=panel["a_lag1_z"].where(panel["year"] < 2000),
            b_lag1_z=panel["b_lag1_z"].where(panel["year"] >= 2000),
        )
    )
    assert reason(panel, coverage={}) == "no data for trade in transition-mineral products"
    little = {"mineral": Coverage(frozenset(range(1990, 2030)), frozenset(), 1, 18, 0.1)}
    assert reason(panel, coverage=little).startswith(
        "only 1 of 18 transition-mineral products have landed"
    )


def test_diagnostics_name_the_influential_economy() -> None:
    panel = small_panel()
    panel.loc[panel["iso3"] == "E07", ["a_lag1_z", "b_lag1_z"]] *= 8
    d = estimate(panel, SMALL, FULL).diagnostics
    rows = used(panel)
    x = np.column_stack(
        [rows[["a", "b"]], pd.get_dummies(rows[["iso3", "year"]].astype(str)).to_numpy(dtype=float)]
    )
    effects = x[:, 2:]
    leverage = np.diag(x @ np.linalg.pinv(x.T @ x) @ x.T) - np.diag(
        effects @ np.linalg.pinv(effects.T @ effects) @ effects.T
    )
    # two terms: the leverage beyond the effects' sums to two
    by_economy = pd.Series(leverage).groupby(rows["iso3"]).sum() / 2
    assert (d["most_influential_economy"], by_economy.idxmax()) == ("E07", "E07")
    assert d["largest_leverage_share"] == pytest.approx(by_economy.max(), abs=1e-9)
    assert by_economy.max() > 0.5
    assert d["n_panel_rows"] == len(panel)
    assert d["n_outcome"] == d["n_complete_cases"] == panel["y"].notna().sum()


def test_tables_come_complete_where_nothing_can_be_estimated() -> None:
    published = pd.DataFrame(
        [("table_5", 1, "ln_mineral_imports_from_china", "ln_gdp", 1.0, 2, 2.5, 504)],
        columns=PRINTED_COLUMNS,
    )
    tables = estimate_all(
        EstimationInputs(
            NOTHING, NOTHING, NO_CELLS, published, {}, "reconciled", 0.1, YEARS, False, WORDS
        ),
        REPORT_SPECIFICATIONS,
        ["reconciled"],
    )
    assert {name: list(frame.columns) for name, frame in tables.items()} == {
        name: list(table.columns) for name, table in TABLES.items()
    }
    assert len(tables["not_estimable"]) == 30
    assert tables["coefficients"].empty
    assert (
        tables["scorecard"].loc[0, "reason"]
        == "no trade with China has landed on the basis reconciled"
    )
    assert tables["scorecard_summary"].loc[
        0, ["n_published", "n_estimated", "reasons"]
    ].tolist() == [1, 0, "no trade with China has landed on the basis reconciled"]
    assert set(tables["published_inference_evidence"]["note"]) == {
        "no trade with China has landed on the basis reconciled"
    }
    assert (
        tables["published_inference_summary"]["conclusion"]
        .str.startswith("not conclusive: no printed column can be estimated")
        .all()
    )


@pytest.mark.parametrize("default_basis", ["reconciled", "china_reported"])
def test_residuals_of_the_reports_own_columns_are_kept_on_the_default_basis(
    default_basis: str,
) -> None:
    panel = small_panel().assign(
        basis="reconciled", hs_treatment="harmonised", mineral_scope="ores"
    )
    coverage = pd.DataFrame(
        [
            ("reconciled", "harmonised", "ores", "mineral", True, y, 18, 18)
            for y in range(1990, 2023)
        ],
        columns=list(NOTHING.columns),
    )
    published = pd.DataFrame([("table_5", 1, "y", "a", 1.0, 2, 2.5, 504)], columns=PRINTED_COLUMNS)
    tables = estimate_all(
        EstimationInputs(
            panel, coverage, NO_CELLS, published, {}, default_basis, 0.1, YEARS, False, WORDS
        ),
        [SMALL, replace(SMALL, exhibit="table_7"), replace(SMALL, variant="balanced")],
        ["reconciled"],
    )
    kept = tables["residuals"]
    if default_basis != "reconciled":
        assert kept.empty
        return
    rows = used(panel.drop(columns=["basis", "hs_treatment", "mineral_scope"]))
    kept = kept.sort_values(["iso3", "year"])
    assert set(kept["exhibit"]) == {"table_5"}
    assert kept[["iso3", "year"]].values.tolist() == rows[["iso3", "year"]].values.tolist()
    dummies = pd.get_dummies(rows[["iso3", "year"]].astype(str), dtype=float)
    x = np.column_stack([rows[["a", "b"]], dummies])
    fitted = x @ np.linalg.lstsq(x, rows["y"], rcond=None)[0]
    np.testing.assert_allclose(kept["residual"].astype(float), rows["y"] - fitted, atol=1e-7)
    scaled = kept["residual_in_std_deviations"].astype(float)
    assert scaled.std(ddof=1) == pytest.approx(1)


def test_a_term_without_an_estimate_has_its_reason() -> None:
    panel = small_panel().assign(
        basis="reconciled", hs_treatment="harmonised", mineral_scope="ores"
    )
    panel["c_lag1_z"] = panel["year"] / 10
    coverage = pd.DataFrame(
        [
            ("reconciled", "harmonised", "ores", "mineral", True, y, 18, 18)
            for y in range(1990, 2023)
        ],
        columns=list(NOTHING.columns),
    )
    published = pd.DataFrame(
        [("table_5", 1, "y", "c", 1.0, 2, 2.5, 504)],
        columns=PRINTED_COLUMNS,
    )
    tables = estimate_all(
        EstimationInputs(
            panel, coverage, NO_CELLS, published, {}, "reconciled", 0.1, YEARS, False, WORDS
        ),
        [replace(SMALL, terms=("a", "b", "c"))],
        ["reconciled"],
    )
    assert tables["not_estimable"][["term", "reason"]].values.tolist() == [
        ["c", "collinear with the fixed effects and the terms before it: dropped"]
    ]
    assert tables["scorecard"].loc[0, "reason"].startswith("collinear")
    assert set(tables["coefficients"]["term"]) == {"a", "b"}
