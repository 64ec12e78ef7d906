"""What one unit does to an estimate: without each economy, year, product and sector.

Without an economy or a year, rows of the sample are gone. Without a product, or a sector of
low-carbon technology, the trade in them is another: the panel's trade variables are sums over
products. They are computed again from the other products by the panel's own rules: logarithm, lag,
and the z-score by the mean and standard deviation of what is left. So an estimate stays in its
unit, a standard deviation of trade; by those of all products it would change with the level of
trade, whatever the product. Where nothing else is recorded trade is missing, as in the panel, and
the row is lost.

Products that leave the same rows are solved together: what the effects and the other terms explain
is taken out of all their columns at once (Frisch, Waugh and Lovell).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from estimation.designs.economy_moments import (
    NOTHING_LEFT,
    EconomyMoments,
    weighted_estimates,
)
from estimation.designs.specification_curve import PanelChoice, Point, moments_of_sample
from estimation.estimators.fixed_effects import COLLINEAR, FixedEffects, independent, too_small
from estimation.reasons import NotEstimable, Reason, because
from estimation.sample import Sample, estimation_sample, without_singletons
from estimation.specifications import Specification

KINDS_OF_ROWS = ("economy", "year")
KINDS_OF_TRADE = ("product", "sector")
MILLS_PER_USD = 1000


@dataclass(frozen=True)
class LeftOut:
    """A claim's estimate without one economy, year, product or sector.

    kind            economy, year (of the outcome), product, or sector (of low-carbon technology)
    estimate        NaN where there is none, for which `reason` says why
    change          estimate less that of all units, in the standard errors of the latter
    n_observations  economy-years that are left
    """

    kind: str
    unit: str
    estimate: float
    change: float
    n_observations: int
    reason: Reason | None = None


def _left_out(
    kind: str, unit: str, estimate: float | NotEstimable, rows: int, point: Point
) -> LeftOut:
    if isinstance(estimate, NotEstimable):
        return LeftOut(kind, unit, math.nan, math.nan, rows, estimate.reason)
    reason = None if math.isfinite(estimate) else because("not_estimable", "term_collinear")
    change = (estimate - point.estimate) / point.std_error
    return LeftOut(kind, unit, estimate, change, rows, reason)


# ---- economies and years -------------------------------------------------------------------------


def without_rows(
    specification: Specification, term: str, point: Point, sample: Sample
) -> list[LeftOut]:
    """The estimate `point` of a specification's term without each economy and each year.

    `sample` has the rows that it comes from. Without an economy it is solved from the moments of
    the others; without a year it is fitted to what remains, without the singletons this leaves.
    """
    economies = point.moments.economies
    without = weighted_estimates(point.moments, 1 - np.eye(len(economies))).estimate
    rows = []
    for code, (economy, estimate) in enumerate(zip(economies, without, strict=True)):
        rest = _rest(sample, sample.ids["iso3"] != code, specification)
        rows.append(_left_out("economy", str(economy), float(estimate), len(rest), point))
    for year in np.unique(sample.years):
        rest = _rest(sample, sample.years != year, specification)
        moments = (
            moments_of_sample(rest, specification, term)
            if len(rest)
            else NotEstimable(because("not_estimable", "nothing_to_compare", complete_cases=0))
        )
        estimate = moments if isinstance(moments, NotEstimable) else _estimate(moments)
        rows.append(_left_out("year", str(year), estimate, len(rest), point))
    return rows


def _estimate(moments: EconomyMoments) -> float:
    [estimate] = weighted_estimates(moments, np.ones((1, len(moments.economies)))).estimate
    return float(estimate)


def _rest(sample: Sample, kept: np.ndarray, specification: Specification) -> Sample:
    return without_singletons(sample.keep(kept), specification.effects)


# ---- trade without a product or a sector ---------------------------------------------------------


@dataclass(frozen=True)
class TradeVariable:
    """Which trade with China a variable of the panel measures, and how (seed `variables`)."""

    product_list: str
    direction: str
    transformation: str


@dataclass(frozen=True)
class TradeWithoutUnits:
    """A trade variable in r rows of a panel, without each of u products and sectors.

    units           pairs of kind and code
    rows            iso3 and year of the panel's rows
    values          (r, u), NaN where nothing is recorded
    """

    units: list[tuple[str, str]]
    rows: pd.MultiIndex
    values: np.ndarray

    def of(self, sample: Sample) -> np.ndarray:
        """The values (n, u) in the rows of a sample of the panel."""
        iso3 = sample.economies[sample.ids["iso3"]]
        return self.values[self.rows.get_indexer(pd.MultiIndex.from_arrays([iso3, sample.years]))]


@dataclass(frozen=True)
class ProductTrade:
    """Trade with China by product, of which the panel's trade variables are the sums.

    flows           those of a variable on a specification's basis, treatment and scope: iso3, year,
                    product_code, sector (None where a product has none), and value_mills, in
                    thousandths of a US dollar: whole numbers, whose sums are exact
    variables       the panel's trade variables by name
    standardisation_years
                    the first and the last year of the panel's rows whose moments make z-scores
    """

    flows: Callable[[Specification, TradeVariable], pd.DataFrame]
    variables: Mapping[str, TradeVariable]
    standardisation_years: tuple[int, int]
    _computed: dict[tuple[str | None, ...], TradeWithoutUnits] = field(default_factory=dict)

    def without_units(
        self, variable: str, specification: Specification, panel: pd.DataFrame
    ) -> TradeWithoutUnits:
        """A variable of a specification and its panel as the fit reads it, computed once."""
        s = specification
        key = (variable, s.basis, s.hs_treatment, s.mineral_scope)
        if key not in self._computed:
            measured = self.variables[variable]
            self._computed[key] = trade_without_units(
                panel,
                self.flows(s, measured),
                measured.transformation,
                None if variable == s.outcome else self.standardisation_years,
            )
        return self._computed[key]


def trade_without_units(
    panel: pd.DataFrame,
    flows: pd.DataFrame,
    transformation: str,
    z_scored_over: tuple[int, int] | None = None,
) -> TradeWithoutUnits:
    """A panel's trade variable without each product and each sector of `flows` (ProductTrade).

    It is the variable at t or, with the years `z_scored_over`, the z-score of the one at t-1, as
    dbt's macro `lagged_and_standardised` makes it.
    """
    cell, cells = pd.MultiIndex.from_frame(flows[["iso3", "year"]]).factorize()
    product, products = pd.factorize(flows["product_code"], sort=True)
    units, is_part = _units(flows, products)

    def of_others(amounts: np.ndarray) -> np.ndarray:
        """The sums (cells, u) of flows' amounts over the products that are no part of a unit."""
        by_product = np.zeros((len(cells), len(products)), dtype=np.int64)
        np.add.at(by_product, (cell, product), amounts)
        return by_product.sum(axis=1, keepdims=True) - by_product @ is_part

    is_recorded = of_others(np.ones(len(flows), dtype=np.int64)) > 0
    of_rest = of_others(flows["value_mills"].to_numpy(dtype=np.int64)) / MILLS_PER_USD / 1000
    value = np.where(is_recorded, of_rest, np.nan)
    if transformation == "trade_ln":
        value = np.log(value, where=value > 0, out=np.full_like(value, np.nan))
    rows = pd.MultiIndex.from_frame(panel[["iso3", "year"]])
    if z_scored_over is None:
        return TradeWithoutUnits(units, rows, _in_rows(value, cells, rows))
    before = pd.MultiIndex.from_arrays([panel["iso3"], panel["year"] - 1])
    is_in_window = panel["year"].between(*z_scored_over).to_numpy()
    return TradeWithoutUnits(units, rows, _z_scores(_in_rows(value, cells, before), is_in_window))


def _units(flows: pd.DataFrame, products: pd.Index) -> tuple[list[tuple[str, str]], np.ndarray]:
    """The products and sectors of flows, and which products are part of each: (products, u)."""
    sector = flows.drop_duplicates("product_code").set_index("product_code")["sector"][products]
    sectors = np.sort(sector.dropna().unique())
    is_part = np.hstack([np.eye(len(products)), sector.to_numpy()[:, None] == sectors])
    units = [*(("product", code) for code in products), *(("sector", code) for code in sectors)]
    return units, is_part.astype(np.int64)


def _in_rows(value: np.ndarray, cells: pd.MultiIndex, rows: pd.MultiIndex) -> np.ndarray:
    """The values of cells (cells, u) in rows (r, u), NaN in those that are no cell."""
    missing = np.full((1, value.shape[1]), np.nan)
    return np.vstack([value, missing])[cells.get_indexer(rows)]


def _z_scores(value: np.ndarray, is_in_window: np.ndarray) -> np.ndarray:
    """By mean and sample standard deviation over the rows in the window; NaN without spread."""
    inside = value[is_in_window]
    n = np.isfinite(inside).sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.nansum(inside, axis=0) / n
        spread = np.sqrt(np.nansum((inside - mean) ** 2, axis=0) / (n - 1))
        return (value - mean) / np.where(spread > 0, spread, np.nan)


# ---- products and sectors ------------------------------------------------------------------------


def without_trade(
    specification: Specification,
    term: str,
    point: Point,
    choice: PanelChoice,
    trade: ProductTrade,
) -> list[LeftOut]:
    """The estimate `point` of a specification's term without each product and each sector.

    The specification is standardised over its panel, which is that of `choice`. Empty where it has
    no trade.
    """
    s = specification
    of_trade = [name for name in (s.outcome, *s.variables) if name in trade.variables]
    if not of_trade:
        return []
    [variable] = of_trade  # no column of the report has two
    # with ones for trade, complete cases are those of the rest, and a term is what multiplies trade
    column = variable if variable == s.outcome else f"{variable}_lag1_z"
    selected = estimation_sample(choice.panel.assign(**{column: 1.0}), s, choice.coverage)
    assert not isinstance(selected, NotEstimable)  # the rows of `point` are among them
    sample, _ = selected
    without = trade.without_units(variable, s, choice.panel)
    values = without.of(sample)
    left_out: dict[int, LeftOut] = {}
    for is_kept, units in _by_rows_kept(np.isfinite(values)):
        with_values = replace(sample, x=np.column_stack([sample.x, values[:, units]]))
        rest = _rest(with_values, is_kept, s)
        found = _estimates(rest, s, term, variable) if len(rest) else _nothing(is_kept, len(units))
        for unit, estimate in zip(units, found, strict=True):
            kind, code = without.units[unit]
            left_out[unit] = _left_out(kind, code, estimate, len(rest), point)
    return [left_out[unit] for unit in range(len(without.units))]


def _by_rows_kept(is_complete: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Each set of complete rows (n,) that columns (n, u) have, and which columns have it."""
    packed = np.packbits(is_complete, axis=0)
    _, first, of_column = np.unique(packed, axis=1, return_index=True, return_inverse=True)
    for number, column in enumerate(first):
        yield is_complete[:, column], np.flatnonzero(of_column == number)


def _nothing(is_kept: np.ndarray, units: int) -> list[float | NotEstimable]:
    complete_cases = int(is_kept.sum())
    reason = because("not_estimable", "nothing_to_compare", complete_cases=complete_cases)
    return [NotEstimable(reason)] * units


def _estimates(
    sample: Sample, s: Specification, term: str, variable: str
) -> list[float | NotEstimable]:
    """The term's estimate with each of u series as the variable, in their order.

    `sample.x` has the terms, with ones for the variable, and after them the series.
    """
    factors, series = np.split(sample.x, [len(s.terms)], axis=1)
    effects = FixedEffects([sample.ids[name] for name in s.effects])
    if reason := too_small(len(sample), len(s.terms), effects.rank):
        return [reason] * series.shape[1]
    columns = {
        name: factors[:, [j]] * (series if variable in s.variables_of(name) else 1.0)
        for j, name in enumerate(s.terms)
    }
    tested = columns.pop(term)
    moving = [columns.pop(name) for name in [*columns] if variable in s.variables_of(name)]
    outcome = series if variable == s.outcome else sample.y[:, None]
    estimates = _solved(effects, [*columns.values()], moving, tested, outcome)
    is_constant = np.broadcast_to(np.ptp(outcome, axis=0) == 0, estimates.shape)
    constant = NotEstimable(because("not_estimable", "outcome_constant", outcome=s.outcome))
    return [
        constant if without_spread else float(estimate)
        for estimate, without_spread in zip(estimates, is_constant, strict=True)
    ]


def _solved(
    effects: FixedEffects,
    fixed: list[np.ndarray],
    moving: list[np.ndarray],
    tested: np.ndarray,
    outcome: np.ndarray,
) -> np.ndarray:
    """The tested term's estimate (u,) in u regressions on the same n rows; NaN if it is collinear.

    `fixed` are the other terms that all have in common (n, 1), `moving` those of which each has its
    own (n, u); the tested term and the outcome may be either. What is collinear is left out by the
    thresholds of `economy_moments`.
    """
    blocks = [*fixed, *moving, tested, outcome]
    lengths = [np.linalg.norm(block, axis=0) for block in blocks]
    ends = np.cumsum([block.shape[1] for block in blocks])[:-1]
    swept = np.split(effects.sweep(np.hstack(blocks)), ends, axis=1)
    within = np.linalg.norm(swept[-2], axis=0)
    basis = np.empty((len(outcome), 0))
    if fixed:
        common = np.hstack(swept[: len(fixed)])
        _, basis = independent(common, np.hstack(lengths[: len(fixed)]))
    *moving, tested, outcome = (
        _residual(_residual(block, basis), basis) for block in swept[len(fixed) :]
    )
    directions: list[np.ndarray] = []
    for column, length in zip(moving, lengths[len(fixed) :], strict=False):
        rest = _perpendicular(column, directions)
        left = np.linalg.norm(rest, axis=0)
        directions.append(rest / np.where(left > COLLINEAR * length, left, np.inf))
    tested = _perpendicular(tested, directions)
    left = np.linalg.norm(tested, axis=0)
    is_identified = (left > COLLINEAR * lengths[-2]) & (left**2 > NOTHING_LEFT * within**2)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(is_identified, (tested * outcome).sum(axis=0) / left**2, np.nan)


def _residual(columns: np.ndarray, basis: np.ndarray) -> np.ndarray:
    return columns - basis @ (basis.T @ columns)


def _perpendicular(columns: np.ndarray, directions: list[np.ndarray]) -> np.ndarray:
    """The columns (n, u), each without its part in its own of the directions, each (n, u)."""
    for direction in directions:
        columns = columns - direction * (direction * columns).sum(axis=0)
    return columns
