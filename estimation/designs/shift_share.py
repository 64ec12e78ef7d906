"""Shift-share (Bartik) instruments: the instrument, its checks, and inference by its shocks.

An observation i is exposed to the shock s by a share w_is that is fixed beforehand; the shift g_s
is what happens to s. The instrument is z_i = sum over s of w_is g_s. In a panel a shock is a
product in a year, and each observation is exposed to those of its own year. Shifts may leave the
observation's own part out, and so differ between observations.

Identification by shifts needs many of them, as good as randomly assigned given their controls
(Borusyak, Hull and Jaravel 2022, 2025). Observations with like shares then have like errors, which
clustering by observation does not see: Adao, Kolesar and Morales (2019), here AKM.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse, special

from estimation.confidence_sets import ConfidenceSet, where_quadratic_is_not_positive
from estimation.estimators.fixed_effects import FixedEffects, independent


@dataclass(frozen=True)
class Exposures:
    """Which of n observations is exposed to which of s shocks, cell by cell: arrays (c,).

    rows, shocks    codes from 0 of the cell's observation and shock
    shares          w_is, not negative
    shifts          g_s as the observation sees it: its own part may be left out
    groups, periods (s,) codes from 0 of each shock's group (the product: shocks of a group may be
                    related) and of its period (the year)
    """

    n_rows: int
    rows: np.ndarray
    shocks: np.ndarray
    shares: np.ndarray
    shifts: np.ndarray
    groups: np.ndarray
    periods: np.ndarray

    @property
    def n_shocks(self) -> int:
        return len(self.groups)

    @property
    def matrix(self) -> sparse.csr_array:
        """The shares as a matrix (n, s)."""
        return sparse.csr_array(
            (self.shares, (self.rows, self.shocks)), shape=(self.n_rows, self.n_shocks)
        )

    @property
    def instrument(self) -> np.ndarray:
        """z (n,), with shifts around their period's mean, weighted by importance.

        The mean is the same for all but for the sums of shares, and says nothing of an observation
        (Borusyak and Hull 2023 call this recentring).
        """
        return self.summed(self.shares * self.recentred_shifts)

    @property
    def recentred_shifts(self) -> np.ndarray:
        """(c,) the shifts less the mean of their period's, weighted by importance."""
        importance = self.importance
        sums = np.bincount(self.periods, weights=importance * self.common_shifts)
        means = sums / np.bincount(self.periods, weights=importance)
        return self.shifts - means[self.periods[self.shocks]]

    @property
    def sums_of_shares(self) -> np.ndarray:
        """(n,) the sum of each observation's shares; less than one where shares are incomplete."""
        return self.summed(self.shares)

    @property
    def importance(self) -> np.ndarray:
        """(s,) each shock's share in all exposure; sums to one."""
        total = np.bincount(self.shocks, weights=self.shares, minlength=self.n_shocks)
        return total / total.sum()

    @property
    def common_shifts(self) -> np.ndarray:
        """(s,) each shock's shift: the mean of what the observations see, weighted by shares."""
        weights = np.bincount(self.shocks, weights=self.shares, minlength=self.n_shocks)
        sums = np.bincount(self.shocks, weights=self.shares * self.shifts, minlength=self.n_shocks)
        return sums / weights

    def summed(self, cells: np.ndarray) -> np.ndarray:
        """The sums (n,) of cells (c,) by observation."""
        return np.bincount(self.rows, weights=cells, minlength=self.n_rows)

    def by_period(self) -> np.ndarray:
        """The sums of shares, one column for each period (n, periods): the controls.

        With incomplete shares, observations with a larger sum get more of the average shift. The
        sums by period take that out (Borusyak, Hull and Jaravel 2022, on incomplete shares).
        """
        columns = np.zeros((self.n_rows, int(self.periods.max()) + 1))
        np.add.at(columns, (self.rows, self.periods[self.shocks]), self.shares)
        return columns


def effective_number(importance: np.ndarray) -> float:
    """The inverse of the Herfindahl index of shares in exposure (s,) that sum to one.

    Borusyak, Hull and Jaravel (2022): as many shocks of equal importance would leave as
    much to chance.
    """
    return float(1 / (importance @ importance))


def importance_of_groups(exposures: Exposures) -> np.ndarray:
    """(groups,) each group's share in all exposure."""
    return np.bincount(exposures.groups, weights=exposures.importance)


# ---- Rotemberg weights ---------------------------------------------------------------------------


@dataclass(frozen=True)
class RotembergWeights:
    """How much each group of shocks counts in the estimate: arrays (groups,).

    weights         alpha, sum to one; may be negative
    estimates       beta, the estimate with the group's part of the instrument alone
    """

    weights: np.ndarray
    estimates: np.ndarray


def rotemberg_weights(
    exposures: Exposures, outcome: np.ndarray, endogenous: np.ndarray
) -> RotembergWeights:
    """The estimate as a weighted mean over groups of shocks.

    Goldsmith-Pinkham, Sorkin and Swift (2020): alpha_k is the group's part of the
    covariance of instrument and term, and sum over k of alpha_k beta_k is the estimate. `outcome`
    and `endogenous` (n,) are net of effects, controls (the sums of shares by period among them) and
    other terms; the instrument is that of `Exposures`, whose shifts are recentred: the
    decomposition depends on the level of shifts, though the estimate does not.
    """
    cells = exposures.shares * exposures.recentred_shifts
    group = exposures.groups[exposures.shocks]
    with_term = np.bincount(group, weights=cells * endogenous[exposures.rows])
    with_outcome = np.bincount(group, weights=cells * outcome[exposures.rows])
    with np.errstate(invalid="ignore", divide="ignore"):
        return RotembergWeights(with_term / with_term.sum(), with_outcome / with_term)


# ---- inference by shocks (AKM) -------------------------------------------------------------------


@dataclass(frozen=True)
class ShockInference:
    """The estimate with one instrument, and its inference by shocks.

    akm_low, akm_high
                    estimate -+ quantile times `std_error`
    akm0            the values that the test with the null imposed keeps; it holds with fewer shocks
                    and a weaker instrument
    """

    estimate: float
    std_error: float
    akm_low: float
    akm_high: float
    akm0: ConfidenceSet


def shifts_from_shares(shares: np.ndarray, instrument: np.ndarray) -> np.ndarray:
    """The shifts net of controls (s,), recovered from the instrument net of controls (n,).

    The coefficients of the instrument on the shares (n, s), as AKM (2019) have them:
    of collinear shares the later ones are dropped, in their order, and have a shift of zero. There
    must be fewer independent shares than observations.
    """
    kept, basis = independent(shares, np.linalg.norm(shares, axis=0))
    shifts = np.zeros(shares.shape[1])
    shifts[kept] = np.linalg.solve(basis.T @ shares[:, kept], basis.T @ instrument)
    return shifts


def shifts_net_of_effects(exposures: Exposures) -> np.ndarray:
    """The shifts net of controls (s,), from the shifts themselves.

    The common shifts less group effects and period effects, weighted by importance: what effects of
    economies (whose shares do not change) and the sums of shares by period take out of the
    instrument (Borusyak, Hull and Jaravel 2022, on exposure-robust errors). Unlike
    `shifts_from_shares` it does not need more observations than shares; with many observations both
    lead to the same inference.
    """
    effects = FixedEffects([exposures.groups, exposures.periods], exposures.importance)
    return effects.sweep(exposures.common_shifts[:, None])[:, 0]


def shock_inference(
    shares: sparse.csr_array | np.ndarray,
    net_shifts: np.ndarray,
    clusters: np.ndarray,
    outcome: np.ndarray,
    endogenous: np.ndarray,
    instrument: np.ndarray,
    level: float = 0.05,
) -> ShockInference:
    """AKM and AKM0 of the estimate with one shift-share instrument.

    shares          (n, s)
    net_shifts      (s,) the shifts net of controls
    clusters        (s,) codes from 0: shocks of a cluster may be related
    outcome, endogenous, instrument
                    (n,) net of effects, controls and other terms; of a weighted regression, they
                    and the shares times the root of the weights

    With a_c the sum over a cluster's shocks of the shift times the shares' sum of the outcome, and
    b_c the same of the term, the variance of the estimate b is sum (a_c - b b_c)^2 over the square
    of the covariance of instrument and term (AKM 2019). The quantile is the normal
    distribution's. AKM0 has the tested value in place of b, which makes its test an inequality
    between quadratics.
    """
    a, b = (
        np.bincount(clusters, weights=net_shifts * (shares.T @ column))
        for column in (outcome, endogenous)
    )
    with_outcome, with_term = instrument @ outcome, instrument @ endogenous
    estimate = with_outcome / with_term
    std_error = np.sqrt(((a - estimate * b) ** 2).sum()) / abs(with_term)
    q = special.ndtri(1 - level / 2)
    akm0 = where_quadratic_is_not_positive(
        with_term**2 - q**2 * (b @ b),
        -2 * (with_term * with_outcome - q**2 * (a @ b)),
        with_outcome**2 - q**2 * (a @ a),
    )
    return ShockInference(
        float(estimate),
        float(std_error),
        float(estimate - q * std_error),
        float(estimate + q * std_error),
        akm0,
    )
