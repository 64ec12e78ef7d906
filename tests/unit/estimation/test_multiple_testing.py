"""p values adjusted for the number of terms that a table tests."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import special
from statsmodels.stats.multitest import multipletests

from estimation.multiple_testing import FAMILY, adjusted_p_values, with_adjusted_p_values


def test_adjusted_by_hand() -> None:
    """4 * 0.01; 4 * 0.02 / 2 and 4 * 0.03 / 3 are the same; the largest stays."""
    np.testing.assert_allclose(
        adjusted_p_values(np.array([0.03, 0.01, 0.50, 0.02])), [0.04, 0.04, 0.50, 0.04]
    )


@pytest.mark.parametrize("m", [1, 2, 7, 60])
def test_adjusted_as_statsmodels_adjusts(m: int) -> None:
    rng = np.random.default_rng(m)
    for _ in range(20):
        p_values = np.round(rng.random(m) ** 3, 2)  # with ties and zeros
        expected = multipletests(p_values, method="fdr_bh")[1]
        np.testing.assert_allclose(adjusted_p_values(p_values), expected, rtol=1e-12)


def test_false_discoveries_are_as_rare_as_promised() -> None:
    """Twenty terms of which five have an effect, with correlated estimates: at most 10 %."""
    rng, shares = np.random.default_rng(3), []
    effects = np.repeat([3.0, 0.0], [5, 15])
    for _ in range(2000):
        t = effects + np.sqrt(0.5) * (rng.normal() + rng.normal(size=20))
        p_values = 2 * special.ndtr(-np.abs(t))
        found = adjusted_p_values(p_values) <= 0.10
        shares.append(found[5:].sum() / max(found.sum(), 1))
    assert np.mean(shares) < 0.10


def test_a_family_is_a_table_under_one_kind_of_inference() -> None:
    """The columns of a table are adjusted together; other kinds and tables by themselves."""
    rows = pd.DataFrame(
        [
            ("table_6", 1, "iid", 0.01),
            ("table_6", 2, "iid", 0.04),
            ("table_6", 1, "hetero", 0.03),
            ("table_7", 1, "iid", 0.04),
        ],
        columns=["exhibit", "column", "inference", "p_value"],
    ).assign(**{name: "same" for name in FAMILY if name not in ("exhibit", "inference")})
    np.testing.assert_allclose(
        with_adjusted_p_values(rows)["p_value_adjusted"], [0.02, 0.04, 0.03, 0.04]
    )


def test_no_coefficients_have_no_adjusted_p_values() -> None:
    nothing = pd.DataFrame(columns=[*FAMILY, "p_value"])
    assert list(with_adjusted_p_values(nothing).columns) == [*FAMILY, "p_value", "p_value_adjusted"]
