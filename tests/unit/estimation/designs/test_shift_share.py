"""Shift-share designs: published results, closed forms, and the identities they must meet."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from estimation.designs.shift_share import (
    Exposures,
    ShockInference,
    effective_number,
    importance_of_groups,
    rotemberg_weights,
    shifts_from_shares,
    shifts_net_of_effects,
    shock_inference,
)

PUBLISHED = {"d_sh_empl": -0.774226658776735, "d_sh_empl_mfg": -0.5963601}
PUBLISHED_INTERVAL = (-1.245349170, -0.303104148)
CONTROLS = [
    "t2",
    "l_shind_manuf_cbp",
    "l_sh_popedu_c",
    "l_sh_popfborn",
    "l_sh_empl_f",
    "l_sh_routine33",
    "l_task_outsource",
]


@dataclass(frozen=True)
class ChinaShock:
    """Autor, Dorn and Hanson (2013) as AKM (2019) use it, weighted and net of the controls.

    Sectors are clustered by the first three digits of their code.
    """

    net: pd.DataFrame
    shares: np.ndarray
    shifts: np.ndarray
    clusters: np.ndarray

    def inference(self, outcome: str) -> ShockInference:
        columns = (self.net[c].to_numpy() for c in (outcome, "shock", "IV"))
        return shock_inference(self.shares, self.shifts, self.clusters, *columns)


@pytest.fixture(scope="module")
def china_shock(external_checks: Path) -> ChinaShock:
    regions = pd.read_csv(external_checks / "adh_regions.csv.gz")
    sectors = pd.read_csv(external_checks / "adh_sectors.csv")
    cells = pd.read_csv(external_checks / "adh_shares.csv.gz")
    shares = sparse.coo_array(
        (cells["share"], (cells["row"], cells["sector"])), (len(regions), len(sectors))
    ).toarray()
    root = np.sqrt(regions["weights"].to_numpy())[:, None]
    divisions = pd.get_dummies(regions["division"], drop_first=True)
    controls = pd.concat([regions[CONTROLS], divisions], axis=1).astype(float).assign(one=1.0)
    weighted = controls.to_numpy() * root
    of_interest = regions[[*PUBLISHED, "shock", "IV"]] * root
    fitted = weighted @ np.linalg.lstsq(weighted, of_interest, rcond=None)[0]
    net = of_interest - fitted
    shifts = shifts_from_shares(shares * root, net["IV"].to_numpy())
    return ChinaShock(net, shares * root, shifts, pd.factorize(sectors["sic"] // 10)[0])


def test_the_published_estimates_of_the_china_shock(china_shock: ChinaShock) -> None:
    for outcome, published in PUBLISHED.items():
        assert china_shock.inference(outcome).estimate == pytest.approx(published, abs=1e-7)
    assert china_shock.inference("d_sh_empl").estimate == pytest.approx(-0.774226658770, abs=1e-10)


def test_the_published_akm_interval_of_the_china_shock(china_shock: ChinaShock) -> None:
    found = china_shock.inference("d_sh_empl")
    assert (found.akm_low, found.akm_high) == pytest.approx(PUBLISHED_INTERVAL, abs=1e-6)
    assert found.akm0.shape == "interval"
    assert found.estimate in found.akm0
    # as the authors find: the null imposed gives the wider interval
    assert found.akm0.high - found.akm0.low > found.akm_high - found.akm_low


def exposures(seed: int = 3, economies: int = 60, products: int = 12, years: int = 8) -> Exposures:
    """Complete shares that do not change, and shifts that leave the economy's own part out."""
    rng = np.random.default_rng(seed)
    shares = rng.gamma(0.5, size=(economies, products))
    shares /= shares.sum(axis=1, keepdims=True)
    shift = rng.normal(size=(products, years))
    economy, year, product = (
        g.ravel()
        for g in np.meshgrid(range(economies), range(years), range(products), indexing="ij")
    )
    return Exposures(
        n_rows=economies * years,
        rows=economy * years + year,
        shocks=product * years + year,
        shares=shares[economy, product],
        shifts=shift[product, year] + 0.01 * rng.normal(size=len(economy)),
        groups=np.repeat(np.arange(products), years),
        periods=np.tile(np.arange(years), products),
    )


def net_of(columns: np.ndarray, controls: np.ndarray) -> np.ndarray:
    return columns - controls @ np.linalg.lstsq(controls, columns, rcond=None)[0]


def panel_controls(e: Exposures, economies: int = 60, years: int = 8) -> np.ndarray:
    economy, year = np.divmod(np.arange(e.n_rows), years)
    return np.column_stack([np.eye(economies)[economy], np.eye(years)[year], e.by_period()])


def test_the_instrument_is_the_sum_of_shares_times_shifts() -> None:
    """Two observations by hand; the second has an incomplete share."""
    e = Exposures(
        n_rows=2,
        rows=np.array([0, 0, 1]),
        shocks=np.array([0, 1, 1]),
        shares=np.array([0.25, 0.75, 0.6]),
        shifts=np.array([2.0, 4.0, 10.0]),
        groups=np.array([0, 1]),
        periods=np.array([0, 0]),
    )
    # the mean shift: 0.25 / 1.6 of the first shock's 2, the rest of the second's 9 / 1.35
    mean = (0.25 * 2 + 0.75 * 4 + 0.6 * 10) / 1.6
    np.testing.assert_allclose(e.instrument, [3.5 - mean, 6.0 - 0.6 * mean])
    np.testing.assert_allclose(e.sums_of_shares, [1.0, 0.6])
    np.testing.assert_allclose(e.by_period(), [[1.0], [0.6]])
    np.testing.assert_allclose(e.importance, [0.25 / 1.6, 1.35 / 1.6])
    np.testing.assert_allclose(e.common_shifts, [2.0, (3.0 + 6.0) / 1.35])
    np.testing.assert_allclose(e.matrix.toarray(), [[0.25, 0.75], [0.0, 0.6]])


def test_equal_shocks_count_as_many_as_they_are() -> None:
    assert effective_number(np.full(40, 1 / 40)) == pytest.approx(40)
    assert effective_number(np.array([1.0, 0.0, 0.0])) == 1
    e = exposures()
    of_groups = importance_of_groups(e)
    assert of_groups.sum() == pytest.approx(1)
    assert effective_number(of_groups) < effective_number(e.importance)


def test_rotemberg_weights_sum_to_one_and_give_back_the_estimate() -> None:
    e = exposures()
    rng = np.random.default_rng(5)
    term = e.instrument + rng.normal(size=e.n_rows)
    outcome = 0.7 * term + rng.normal(size=e.n_rows)
    z, d, y = net_of(np.column_stack([e.instrument, term, outcome]), panel_controls(e)).T
    found = rotemberg_weights(e, y, d)
    assert found.weights.sum() == pytest.approx(1)
    assert found.weights @ found.estimates == pytest.approx((z @ y) / (z @ d))
    of_one = np.where(e.groups[e.shocks] == 4, e.shares * e.recentred_shifts, 0.0)
    part = e.summed(of_one)
    assert found.estimates[4] == pytest.approx((part @ y) / (part @ d))


def test_recentring_changes_the_instrument_by_what_the_controls_take_out() -> None:
    e = exposures()
    as_it_is = e.summed(e.shares * e.shifts)
    both = net_of(np.column_stack([as_it_is, e.instrument]), panel_controls(e))
    np.testing.assert_allclose(both[:, 0], both[:, 1], atol=1e-9)
    assert np.bincount(e.periods, e.importance * e.common_shifts).std() > 1e-3


def test_shifts_are_recovered_from_the_shares_that_carry_them() -> None:
    rng = np.random.default_rng(9)
    shares = rng.random((50, 6))
    shares[:, 3] = shares[:, 0] + shares[:, 1]  # collinear with what stands before it
    true = np.array([1.0, -2.0, 0.5, 0.0, 3.0, 0.25])
    np.testing.assert_allclose(shifts_from_shares(shares, shares @ true), true, atol=1e-9)


def test_shifts_net_of_effects_are_those_that_dummies_leave() -> None:
    e = exposures()
    dummies = np.column_stack([np.eye(12)[e.groups], np.eye(8)[e.periods]])
    root = np.sqrt(e.importance)[:, None]
    expected = (
        e.common_shifts
        - dummies @ np.linalg.lstsq(dummies * root, e.common_shifts * root[:, 0], rcond=None)[0]
    )
    np.testing.assert_allclose(shifts_net_of_effects(e), expected, atol=1e-9)


def test_both_ways_to_the_net_shifts_lead_to_like_standard_errors() -> None:
    """With many economies; the second does not need them."""
    e = exposures(economies=400)
    rng = np.random.default_rng(6)
    common = rng.normal(size=e.n_shocks)  # an error that economies with like shares have in common
    term = e.instrument + 0.3 * rng.normal(size=e.n_rows)
    outcome = e.matrix @ common + 0.1 * rng.normal(size=e.n_rows)
    controls = panel_controls(e, economies=400)
    z, d, y = net_of(np.column_stack([e.instrument, term, outcome]), controls).T
    errors = [
        shock_inference(e.matrix, shifts, e.groups, y, d, z).std_error
        for shifts in (
            shifts_from_shares(e.matrix.toarray(), z),
            shifts_net_of_effects(e),
        )
    ]
    assert errors[0] == pytest.approx(errors[1], rel=0.1)
    by_row = np.sqrt(((z * (y - d * (z @ y) / (z @ d))) ** 2).sum()) / abs(z @ d)
    assert min(errors) > 2 * by_row, "rows with like shares are not independent"


def test_akm0_keeps_the_values_that_its_test_does_not_reject() -> None:
    """Against a grid, with every shape of set."""
    rng = np.random.default_rng(12)
    shapes = set()
    for strength in (2.0, 0.25, 0.0):
        shares = rng.dirichlet(np.full(15, 0.3), size=90)
        shifts = rng.normal(size=15)
        z = shares @ shifts
        d = strength * z + rng.normal(size=90)
        y = 0.5 * d + rng.normal(size=90)
        z, d, y = net_of(np.column_stack([z, d, y]), np.ones((90, 1))).T
        found = shock_inference(shares, shifts, np.arange(15), y, d, z)
        shapes.add(found.akm0.shape)
        for value in np.linspace(-20, 20, 401):
            scores = shifts * (shares.T @ (y - value * d))
            keeps = abs(z @ (y - value * d)) <= 1.959963984540054 * np.sqrt(scores @ scores)
            assert (value in found.akm0) == keeps, (strength, value)
    assert len(shapes) > 1, shapes
