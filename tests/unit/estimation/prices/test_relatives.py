"""Which relatives are judged together, and what is marked of them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from estimation.prices.relatives import with_outliers


def relatives(by_flow: dict[str, list[float]]) -> pd.DataFrame:
    """Relatives of one product and period by flow, each of another partner, all of one size."""
    return pd.DataFrame(
        [
            {
                "frequency": "annual",
                "flow": flow,
                "product_code": "283691",
                "period": pd.Timestamp("2022-01-01"),
                "item": "283691",
                "partner_iso3": f"P{place:02d}",
                "price_relative": relative,
                "value_usd": 1.0,
                "previous_value_usd": 2.0,
            }
            for flow, numbers in by_flow.items()
            for place, relative in enumerate(numbers)
        ]
    )


EXPORTS = [*np.exp(np.linspace(-0.05, 0.05, 11)), 9.0, np.nan]
# all of them would be outliers among the exports
IMPORTS = [*np.exp(np.linspace(-0.05, 0.05, 11) + 2.0)]


def test_a_relative_is_judged_among_those_of_its_flow() -> None:
    marked = with_outliers(relatives({"export": EXPORTS, "import": IMPORTS}), "tukey")
    out = marked.loc[marked["is_outlier"], ["flow", "partner_iso3"]]
    assert out.to_numpy().tolist() == [["export", "P11"]]


def test_what_has_no_earlier_price_is_no_outlier() -> None:
    marked = with_outliers(relatives({"export": EXPORTS}), "tukey")
    assert len(marked) == len(EXPORTS)
    assert not marked.filter(like="is_outlier").loc[marked["price_relative"].isna()].any(axis=None)


@pytest.mark.parametrize("rule", ["hidiroglou_berthelot", "quartile", "tukey"])
def test_the_run_chooses_among_the_marks_of_all_rules(rule: str) -> None:
    """Tukey's fences are narrower than three quartiles here, and both than the third rule's."""
    rows = relatives({"export": [*EXPORTS[:11], 1.18]})
    marked = with_outliers(rows, rule)
    assert marked["is_outlier"].tolist() == marked[f"is_outlier_by_{rule}"].tolist()
    by_rule = {name: marked[f"is_outlier_by_{name}"].iloc[-1] for name in ("tukey", rule)}
    assert by_rule["tukey"]
    assert by_rule[rule] == (rule != "hidiroglou_berthelot")


def test_an_unknown_rule_is_an_error() -> None:
    with pytest.raises(KeyError, match="none_such"):
        with_outliers(relatives({"export": EXPORTS}), "none_such")


def test_without_rows_there_is_nothing_to_mark() -> None:
    marked = with_outliers(relatives({"export": EXPORTS}).iloc[:0], "tukey")
    assert marked.empty
    assert "is_outlier" in marked
