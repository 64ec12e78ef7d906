"""Which relatives are left out: by hand, and what each rule promises."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from estimation.prices.outliers import RULES, outliers

RELATIVES = np.log([0.94, 0.95, 0.96, 0.98, 0.99, 1.0, 1.01, 1.02, 1.05, 8.0])
SAMPLES = arrays.arrays(float, 12, elements=st.floats(-2, 2))


@pytest.mark.parametrize("rule", sorted(RULES))
def test_a_price_eight_times_as_high_is_left_out_and_the_rest_stays(rule: str) -> None:
    assert outliers(RELATIVES, np.ones(10), rule).tolist() == [False] * 9 + [True]


@pytest.mark.parametrize("rule", sorted(RULES))
@given(SAMPLES)
def test_a_rise_and_a_fall_are_equally_far(rule: str, relatives: np.ndarray) -> None:
    sizes = np.ones(len(relatives))
    there, back = outliers(relatives, sizes, rule), outliers(-relatives, sizes, rule)
    np.testing.assert_array_equal(there, back)


@pytest.mark.parametrize("rule", sorted(RULES))
def test_of_few_relatives_none_is_judged(rule: str) -> None:
    assert not outliers(np.log([1] * 8 + [9]), np.ones(9), rule).any()


def test_a_large_flow_must_keep_to_narrower_bounds() -> None:
    relatives = np.append(np.linspace(-0.2, 0.2, 9), 0.9)
    for size, is_out in [(1.0, False), (100.0, True)]:
        sizes = np.array([1.0] * 9 + [size])
        assert outliers(relatives, sizes, "hidiroglou_berthelot")[-1] == is_out


def test_where_most_prices_stay_a_small_change_is_no_outlier() -> None:
    """Without the allowance, any change would lie outside bounds of width zero."""
    relatives = np.array([0.0] * 9 + [0.15])
    assert not outliers(relatives, np.ones(10), "hidiroglou_berthelot").any()
    assert outliers(relatives, np.ones(10), "quartile")[-1]


def test_bounds_by_hand() -> None:
    """Of -0.2, -0.15, ..., 0.2 and x far off: Q1 -0.0875, median 0.025, Q3 0.1375."""

    def is_left_out(x: float, rule: str) -> bool:
        relatives = np.append(np.linspace(-0.2, 0.2, 9), x)
        return outliers(relatives, np.ones(10), rule)[-1]

    bounds = {
        "tukey": 0.1375 + 1.5 * 0.225,
        "quartile": 0.025 + 3 * 0.1125,
        "hidiroglou_berthelot": 0.025 + 10 * 0.1125,
    }
    for rule, bound in bounds.items():
        assert not is_left_out(bound - 0.01, rule)
        assert is_left_out(bound + 0.01, rule)
