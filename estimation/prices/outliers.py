"""Which price relatives are left out of an index, and by which rule.

A relative is a price over that of the period before. What is judged together are the relatives of
one product, direction and period: of all its partners, as logarithms, so that a fall to a half and
a rise to the double are equally far. Each rule sets bounds around the median m:

    hidiroglou_berthelot  effects E = (r - m) s^U of log relatives r and sizes s (the larger value
                          of the two periods): a large flow must keep to narrower bounds. Outside
                          m_E - C d1 to m_E + C d3, where d1 and d3 are the distances of the
                          quartiles from the median of E, at least A times the median of s^U.
                          Hidiroglou and Berthelot (1986), Survey Methodology 12(1). They advise
                          U = 0.5 and C = 4 for flows of similar size. Partners of China differ by
                          six powers of ten, and on China's real trade that would leave out 27 % of
                          the monthly and 57 % of the annual value; with U = 0.2 and C = 10 it is
                          3 % of the relatives with 1 % of the value. Their A (0.05 of the median
                          effect) is of the median size here, for the median effect of logarithms
                          is 0.
    quartile              outside m - 3 (m - Q1) to m + 3 (Q3 - m)
                          Export and Import Price Index Manual (2009), 10.A
    tukey                 outside Q1 - 1.5 (Q3 - Q1) to Q3 + 1.5 (Q3 - Q1)
                          Tukey (1977)
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

# of fewer relatives no quartile says anything: none of them is judged
LEAST_RELATIVES = 10

SIZE_EXPONENT = 0.2
HB_WIDTH = 10.0
HB_ALLOWANCE = 0.05
QUARTILE_WIDTH = 3.0
TUKEY_WIDTH = 1.5

# log relatives and sizes, shape (n,), to what is outside, shape (n,)
Rule = Callable[[np.ndarray, np.ndarray], np.ndarray]


def hidiroglou_berthelot(log_relatives: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """What the rule of Hidiroglou and Berthelot leaves out: booleans of shape (n,)."""
    weights = sizes**SIZE_EXPONENT
    effects = (log_relatives - np.median(log_relatives)) * weights
    low, middle, high = np.quantile(effects, [0.25, 0.5, 0.75])
    least = HB_ALLOWANCE * np.median(weights)
    return _outside(
        effects,
        middle - HB_WIDTH * max(middle - low, least),
        middle + HB_WIDTH * max(high - middle, least),
    )


def quartile(log_relatives: np.ndarray, _sizes: np.ndarray) -> np.ndarray:
    """What lies three times as far from the median as its quartile: booleans of shape (n,)."""
    low, middle, high = np.quantile(log_relatives, [0.25, 0.5, 0.75])
    return _outside(
        log_relatives,
        middle - QUARTILE_WIDTH * (middle - low),
        middle + QUARTILE_WIDTH * (high - middle),
    )


def tukey(log_relatives: np.ndarray, _sizes: np.ndarray) -> np.ndarray:
    """What lies beyond Tukey's fences: booleans of shape (n,)."""
    low, high = np.quantile(log_relatives, [0.25, 0.75])
    return _outside(
        log_relatives, low - TUKEY_WIDTH * (high - low), high + TUKEY_WIDTH * (high - low)
    )


RULES: dict[str, Rule] = {
    "hidiroglou_berthelot": hidiroglou_berthelot,
    "quartile": quartile,
    "tukey": tukey,
}


def outliers(log_relatives: np.ndarray, sizes: np.ndarray, rule: str) -> np.ndarray:
    """What the rule of that name leaves out, shape (n,); of fewer than ten relatives nothing.

    `sizes` are positive values, the larger of the two periods. Raises KeyError for another name.
    """
    judge = RULES[rule]
    if len(log_relatives) < LEAST_RELATIVES:
        return np.zeros(len(log_relatives), dtype=bool)
    return judge(log_relatives, sizes)


def _outside(values: np.ndarray, low: float, high: float) -> np.ndarray:
    return (values < low) | (values > high)
