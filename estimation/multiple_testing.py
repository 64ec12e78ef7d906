"""p values adjusted for how many terms a table tests.

A table of sixty terms has three below 5 % if none has an effect. The false discovery rate is the
expected share of such mistakes among the terms called significant.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

# what is tested together: the terms of all columns of a table, on one basis and in one variant,
# under one kind of inference
FAMILY = ["exhibit", "basis", "hs_treatment", "mineral_scope", "variant", "inference"]


def adjusted_p_values(p_values: np.ndarray) -> np.ndarray:
    """The p values (m,) of one family, adjusted for the false discovery rate: (m,).

    Benjamini and Hochberg (1995): the i-th smallest of m becomes the least of m p / j over all
    j >= i, p being the j-th smallest. Whoever calls significant what is at most q is mistaken in a
    share of at most q of these, if the tests are independent or positively dependent.
    """
    m = len(p_values)
    descending = np.argsort(p_values)[::-1]
    ranks = np.arange(m, 0, -1)
    adjusted = np.empty(m)
    adjusted[descending] = np.minimum.accumulate(p_values[descending] * m / ranks)
    return np.minimum(adjusted, 1)


def with_adjusted_p_values(coefficients: pd.DataFrame) -> pd.DataFrame:
    """The coefficients with `p_value_adjusted`, from `p_value` within each FAMILY."""
    adjusted = np.full(len(coefficients), np.nan)
    p_values = coefficients["p_value"].to_numpy(dtype=float)
    for rows in coefficients.groupby(FAMILY).indices.values():
        adjusted[rows] = adjusted_p_values(p_values[rows])
    return coefficients.assign(p_value_adjusted=adjusted)
