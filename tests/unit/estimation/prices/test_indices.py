"""Indices of aggregates: what is an item, what is left out, where a chain ends."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from estimation.prices.indices import COLUMNS, price_indices

YEARS = pd.date_range("2018-01-01", periods=5, freq="YS")
AGGREGATES = pd.DataFrame(
    {
        "aggregate_kind": ["product", "product", "technology", "technology"],
        "aggregate": ["283691", "854140", "batteries", "batteries"],
        "product_code": ["283691", "854140", "283691", "854140"],
    }
)


def prices(
    levels: list[float | None],
    product: str = "283691",
    item: str | None = None,
    partner: str = "USA",
    value: float = 10.0,
    group: str = "High income",
) -> pd.DataFrame:
    """The prices of one item and partner, year by year; None where there is none."""
    return pd.DataFrame(
        [
            {
                "frequency": "annual",
                "flow": "export",
                "period": period,
                "partner_iso3": partner,
                "partner_group": group,
                "product_code": product,
                "item": item or product,
                "hs6_code": (item or product)[-6:],
                "unit_value": level,
                "value_usd": value,
                "is_outlier": False,
            }
            for period, level in zip(YEARS, levels, strict=True)
            if level is not None
        ]
    )


def levels(
    rows: pd.DataFrame,
    kind: str = "product",
    aggregate: str = "283691",
    group: str = "all",
    formula: str = "ccdi",
) -> pd.DataFrame:
    found = price_indices(rows, AGGREGATES)
    return found.loc[
        (found["aggregate_kind"] == kind)
        & (found["aggregate"] == aggregate)
        & (found["partner_group"] == group)
        & (found["formula"] == formula)
    ].set_index("period")


@pytest.mark.parametrize("formula", ["fisher", "tornqvist", "ccdi"])
def test_the_index_of_one_item_is_its_price(formula: str) -> None:
    found = levels(prices([4, 5, 6, 3, 8]), formula=formula)
    np.testing.assert_allclose(found["level"], [1, 1.25, 1.5, 0.75, 2])
    assert found["matched_items"].tolist() == [0, 1, 1, 1, 1]
    assert found["matched_value_usd"].tolist() == [0, 10, 10, 10, 10]


@pytest.mark.parametrize("formula", ["fisher", "tornqvist", "ccdi"])
def test_a_shift_to_a_cheaper_partner_is_no_change_of_prices(formula: str) -> None:
    """The unit value of all partners together falls; no partner's price does."""
    rows = pd.concat([prices([9] * 5), prices([3] * 5, partner="IND")])
    rows["value_usd"] = np.where(rows["partner_iso3"] == "IND", np.tile([1, 2, 4, 8, 16], 2), 10)
    np.testing.assert_allclose(levels(rows, formula=formula)["level"], 1)


def test_an_outlier_has_no_part() -> None:
    rows = pd.concat([prices([4, 5, 6, 7, 8]), prices([1, 1.25, 99, 1.75, 2], partner="IND")])
    rows["is_outlier"] = rows["unit_value"] == 99
    found = levels(rows)
    np.testing.assert_allclose(found["level"], [1, 1.25, 1.5, 1.75, 2])
    assert found["matched_items"].tolist() == [0, 2, 1, 1, 2]


def test_a_chain_ends_where_a_revision_divides_the_code() -> None:
    """A product that keeps its code goes on; one that is divided begins again, and so its codes."""
    divided = [
        prices([2, 2, 4, None, None], product="854140"),
        prices([None, None, None, 5, 10], product="854140", item="H6 854142"),
        prices([None, None, None, 7, 14], product="854140", item="H6 854143"),
    ]
    rows = pd.concat([prices([1, 2, 3, 4, 5]), *divided])
    product = levels(rows, aggregate="854140")
    assert product["chain"].tolist() == [1, 1, 1, 2, 2]
    np.testing.assert_allclose(product["level"], [1, 1, 2, 1, 2])
    code = levels(rows, "code", "854143")
    assert code["chain"].tolist() == [1, 1]
    np.testing.assert_allclose(code["level"], [1, 2])
    # the other product carries the technology over the revision
    assert levels(rows, "technology", "batteries")["chain"].tolist() == [1] * 5
    assert levels(rows, "code", "283691").empty


def test_groups_of_partners_have_indices_of_their_own() -> None:
    rows = pd.concat(
        [prices([1, 2, 3, 4, 5]), prices([5, 4, 3, 2, 1], partner="IND", group="Low income")]
    )
    np.testing.assert_allclose(levels(rows, group="High income")["level"], [1, 2, 3, 4, 5])
    np.testing.assert_allclose(levels(rows, group="Low income")["level"], [1, 0.8, 0.6, 0.4, 0.2])


def test_a_period_without_a_price_is_left_out_and_ends_a_chain() -> None:
    """Another product is traded in that year: the period exists."""
    rows = pd.concat([prices([1, 2, None, 4, 5]), prices([1] * 5, product="854140")])
    found = levels(rows)
    assert found.index.year.tolist() == [2018, 2019, 2021, 2022]
    assert found["chain"].tolist() == [1, 1, 2, 2]


def test_without_prices_there_is_no_index() -> None:
    found = price_indices(prices([1] * 5).iloc[:0], AGGREGATES)
    assert found.empty
    assert found.columns.tolist() == [*COLUMNS]
