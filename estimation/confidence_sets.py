"""Confidence sets that come from inverting a test whose statistic is quadratic in the parameter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np


@dataclass(frozen=True)
class ConfidenceSet:
    """The values of a parameter that a test does not reject.

    shape           interval: from low to high; outside: all but the values between low and high;
                    everything: no value is rejected, and there are no bounds
    """

    shape: Literal["interval", "outside", "everything"]
    low: float | None = None
    high: float | None = None

    def __contains__(self, value: float) -> bool:
        if self.low is None or self.high is None:
            return True
        return (self.low <= value <= self.high) == (self.shape == "interval")


def where_quadratic_is_not_positive(a: float, b: float, c: float) -> ConfidenceSet:
    """The values x with a x^2 + b x + c <= 0, for a quadratic that is not positive somewhere.

    A test of one parameter with one instrument gives no other: it never rejects its own estimate.
    """
    root = np.sqrt(max(b * b - 4 * a * c, 0.0))
    if a <= 0 and b * b < 4 * a * c:
        return ConfidenceSet("everything")
    low, high = sorted(((-b - root) / (2 * a), (-b + root) / (2 * a)))
    return ConfidenceSet("interval" if a > 0 else "outside", float(low), float(high))
