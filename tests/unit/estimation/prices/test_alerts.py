"""Alerts on indices: since when, how strong, and what the record says; China's solar modules."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from estimation.prices.alerts import COLUMNS, price_alerts
from estimation.prices.indices import price_indices
from estimation.prices.relatives import with_outliers


def index(levels: np.ndarray, first: str = "2015-01-01", chain: int = 1, **other) -> pd.DataFrame:
    """One monthly index, with the columns that alerts read."""
    return pd.DataFrame(
        {
            "frequency": "monthly",
            "flow": "export",
            "aggregate_kind": "product",
            "aggregate": "283691",
            "partner_group": "all",
            "formula": "ccdi",
            "period": pd.date_range(first, periods=len(levels), freq="MS"),
            "chain": chain,
            "level": levels,
            **other,
        }
    )


def with_a_fall_in_month_70(seed: int) -> np.ndarray:
    changes = np.random.default_rng(seed).normal(0, 0.01, 90)
    changes[70:76] -= 0.08
    return np.exp(np.cumsum(changes))


def test_a_planted_fall_is_one_alert_with_its_beginning() -> None:
    [fall] = [
        alert
        for _, alert in price_alerts(index(with_a_fall_in_month_70(3))).iterrows()
        if alert["direction"] == "fall" and alert["since"] >= pd.Timestamp("2020-11-01")
    ]
    assert fall["since"] <= pd.Timestamp("2020-12-01")
    assert fall["until"] >= pd.Timestamp("2021-03-01")
    assert fall["strength"] > 3
    assert fall["hits"] > 0
    assert pd.isna(fall["reason_code"])


def test_the_threshold_knows_nothing_of_its_year() -> None:
    """Whatever happens from 2021 on, the alerts of 2020 and their thresholds stay."""
    levels = with_a_fall_in_month_70(4)
    changed = levels.copy()
    changed[72:] *= np.linspace(1, 5, 18)
    before = [
        found.loc[found["since"] < pd.Timestamp("2021-01-01"), ["since", "threshold"]]
        for found in (price_alerts(index(levels)), price_alerts(index(changed)))
    ]
    assert len(before[0]) > 0
    pd.testing.assert_frame_equal(*before)


def test_a_short_history_and_a_quiet_one_say_so() -> None:
    quiet = np.exp(0.001 * np.sin(np.arange(60)))
    found = price_alerts(
        pd.concat(
            [
                index(quiet[:36], aggregate="short"),
                index(quiet, aggregate="quiet", formula="fisher"),  # is not watched
                index(np.exp(0.001 * np.arange(60)), aggregate="even"),
            ]
        )
    ).set_index("aggregate")
    assert found["reason_code"].to_dict() == {
        "short": "history_too_short",
        "even": "history_too_short",  # without any deviation there is no score
    }
    assert found["since"].isna().all()


def test_only_the_last_chain_is_judged() -> None:
    early = index(with_a_fall_in_month_70(5))
    late = index(np.ones(12), "2022-07-01", chain=2)
    [only] = price_alerts(pd.concat([early, late])).to_dict("records")
    assert only["first_month"] == pd.Timestamp("2022-07-01")
    assert only["reason_code"] == "history_too_short"


def test_a_january_within_february_is_a_month_that_is_missing() -> None:
    whole = index(with_a_fall_in_month_70(6))
    found = price_alerts(whole.loc[whole["period"] != pd.Timestamp("2020-01-01")])
    assert (found["first_month"] == pd.Timestamp("2015-01-01")).all()
    assert (found["months_judged"] < price_alerts(whole)["months_judged"].iloc[0]).all()
    assert (found["direction"] == "fall").any()


def test_without_monthly_data_there_is_no_row() -> None:
    found = price_alerts(index(np.ones(5)).assign(frequency="annual"))
    assert found.empty
    assert found.columns.tolist() == [*COLUMNS]


@pytest.fixture(scope="module")
def modules(external_checks: Path) -> tuple[pd.DataFrame, pd.Series]:
    """The monthly index of China's exports of modules since 2017, and the price per watt."""
    path = external_checks.with_name("prices") / "ember_china_solar_exports_monthly.csv.gz"
    if not path.exists():
        pytest.skip(f"skipped: no monthly prices at {path}")
    rows = pd.read_csv(path).query("type == 'Panels' and net_weight_kg > 0 and value_usd > 0")
    rows = rows.assign(
        frequency="monthly",
        flow="export",
        product_code="854140",
        item="H6 854143",
        hs6_code="854143",
        period=pd.to_datetime(rows["month"]),
        partner_iso3=rows["area"],
        partner_group="all economies",
        unit_value=rows["value_usd"] / rows["net_weight_kg"],
    )
    periods = np.sort(rows["period"].unique())
    before = rows[["partner_iso3", "period", "unit_value", "value_usd"]].assign(
        period=rows["period"].map(dict(pairwise(periods)))
    )
    rows = rows.merge(before, on=["partner_iso3", "period"], how="left", suffixes=("", "_before"))
    rows["price_relative"] = rows["unit_value"] / rows["unit_value_before"]
    rows = rows.rename(columns={"value_usd_before": "previous_value_usd"})
    products = pd.DataFrame(
        {"aggregate_kind": ["product"], "aggregate": ["854140"], "product_code": ["854140"]}
    )
    indices = price_indices(with_outliers(rows, "hidiroglou_berthelot"), products)
    by_year = rows.groupby(rows["period"].dt.year)
    return indices, by_year["value_usd"].sum() / by_year["capacity_mw"].sum() / 1e6


def test_modules_fell_as_their_price_per_watt_did(
    modules: tuple[pd.DataFrame, pd.Series],
) -> None:
    """Per watt they fell further: a kilogram of module yields more watts every year.

    A relative of kilograms is therefore nearer to 1 than one of watts, by a tenth to a sixth in
    these years; index and unit value by weight (4.81, 3.88, 2.25 USD per kg) agree to 2 %.
    """
    indices, per_watt = modules
    watched = indices.query("formula == 'ccdi' and aggregate_kind == 'product'")
    level = watched.groupby(watched["period"].dt.year)["level"].mean()
    for year, by_weight, by_watt in [
        (2023, 3.88 / 4.81, 0.189 / 0.272),
        (2024, 2.25 / 4.81, 0.118 / 0.272),
    ]:
        assert per_watt[year] / per_watt[2022] == pytest.approx(by_watt, rel=0.01)
        assert level[year] / level[2022] == pytest.approx(by_weight, rel=0.02)
        assert by_watt < level[year] / level[2022] < 1.17 * by_watt


def test_the_fall_of_modules_is_warned_of_by_the_end_of_2023(
    modules: tuple[pd.DataFrame, pd.Series],
) -> None:
    indices, _ = modules
    alerts = price_alerts(indices).query("aggregate_kind == 'product'")
    falls = alerts.query("direction == 'fall'")
    assert falls["since"].tolist() == [pd.Timestamp("2023-08-01")]
    assert falls["until"].tolist() == [pd.Timestamp("2024-02-01")]
    # of the months with a warning fewer than half were false, and ignoring the rule is worse
    record = alerts.iloc[0]
    assert record["false_alarms"] < record["hits"]
    assert record["usefulness"] > 0
    rises = alerts.query("direction == 'rise' and since >= '2022-01-01'")
    assert len(rises) <= record["false_alarms_a_year"] * record["months_judged"] / 12
