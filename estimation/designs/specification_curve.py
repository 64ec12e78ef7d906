"""The specification curve: one claim under every defensible choice, and what they say together.

Simonsohn, Simmons and Nelson (2020). The choices are fixed beforehand in CHOICES, each with its
justification. The curve is the report's own specification and those that depart from it in one
choice or in two: 43 regressions, 53 with interactions. All combinations would be 216 and 432, most
of them far from anything that anyone has proposed. Every one is judged by each kind of inference.

The specifications share their data, so their agreement is judged by a bootstrap of whole economies
under the null: the estimated effect of the claim's term is subtracted from the outcome, economies
are drawn with replacement, and one draw estimates all specifications. In least squares the first
step only shifts every drawn estimate by the effect: the draws are those of the data less the
estimate.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy import special

from estimation.designs.economy_moments import (
    EconomyMoments,
    Known,
    Weighted,
    economy_moments,
    weighted_estimates_of_outcomes,
)
from estimation.reasons import NotEstimable, Reason, because
from estimation.sample import Coverage, Sample, estimation_sample
from estimation.specifications import INTERACTION, VARIANTS, Specification, names_in

SEED = 20251
DRAWS = 500
# in how many dimensions a member departs from the report at most
DEPARTURES = 2
SIGNIFICANT = 0.05
WITH_TRENDS = "ols_with_trends"
CORE_CONTROLS = ("ln_gdp", "gdp_growth", "ln_gdp_per_capita")
AFTER_ACCESSION = 2002


@dataclass(frozen=True)
class Choice:
    """One option of a dimension in which specifications may differ.

    `change` makes the specification of it, given the claim's term; an equal one where it does not
    apply. `justification` says why it is defensible.
    """

    dimension: str
    option: str
    change: Callable[[Specification, str], Specification]

    @property
    def code(self) -> str:
        return f"{self.dimension}_{self.option}"

    @property
    def justification(self) -> Reason:
        return Reason("specification_choice", self.code)


def _core_controls(s: Specification, term: str) -> Specification:
    kept = (term, *names_in(term), *CORE_CONTROLS)
    return replace(s, terms=s.terms_where(name in kept for name in s.terms))


def _alternative_controls(s: Specification, _: str) -> Specification:
    return s.measuring(
        trade_openness="trade_openness_goods_and_services",
        domestic_credit="domestic_credit_all_borrowers",
    )


def _standardised_over_sample(s: Specification, _: str) -> Specification:
    """Without interactions that changes the unit of the estimates and nothing else."""
    has_interaction = any(INTERACTION in name for name in s.terms)
    return replace(s, standardisation="sample") if has_interaction else s


_WITHOUT_DUAL_USE = {variant.name: variant.change for variant in VARIANTS}["without_dual_use"]
CHOICES: tuple[Choice, ...] = (
    Choice("basis", "china_reported", lambda s, _: replace(s, basis="china_reported")),
    Choice("basis", "partner_reported", lambda s, _: replace(s, basis="partner_reported")),
    Choice("basis", "reconciled", lambda s, _: replace(s, basis="reconciled")),
    Choice("hs_treatment", "harmonised", lambda s, _: replace(s, hs_treatment="harmonised")),
    Choice("hs_treatment", "as_reported", lambda s, _: replace(s, hs_treatment="as_reported")),
    Choice("hs_treatment", "strict", lambda s, _: replace(s, hs_treatment="strict")),
    Choice("product_scope", "whole_list", lambda s, _: s),
    Choice("product_scope", "without_dual_use", lambda s, _: _WITHOUT_DUAL_USE(s)),
    Choice("window", "from_1992", lambda s, _: s),
    Choice("window", "from_2002", lambda s, _: replace(s, first_year=AFTER_ACCESSION)),
    Choice("controls", "report", lambda s, _: s),
    Choice("controls", "core", _core_controls),
    Choice("controls", "alternative", _alternative_controls),
    Choice("standardisation", "panel", lambda s, _: s),
    Choice("standardisation", "sample", _standardised_over_sample),
    Choice("estimator", "effects", lambda s, _: s),
    Choice("estimator", "effects_and_trends", lambda s, _: replace(s, estimator=WITH_TRENDS)),
    Choice("inference", "cluster_iso3", lambda s, _: replace(s, inference=("cluster_iso3",))),
    Choice("inference", "iid", lambda s, _: replace(s, inference=("iid",))),
)
DIMENSIONS = tuple(dict.fromkeys(choice.dimension for choice in CHOICES))
# dimensions that move no estimate
OF_INFERENCE = ("inference",)


@dataclass(frozen=True)
class Member:
    """A specification of a curve, and the option that it takes in each dimension."""

    specification: Specification
    options: tuple[tuple[str, str], ...]

    @property
    def inference(self) -> str:
        [kind] = self.specification.inference
        return kind


def members_of(specification: Specification, term: str, basis: str) -> list[Member]:
    """The curve of a claim about `term` in the report's specification: its own members first.

    `basis` is the run's, whose choice is no departure. Options that change nothing here are left
    out.
    """
    own = replace(specification, basis=basis, inference=("cluster_iso3",))
    changing = [
        choice
        for choice in CHOICES
        if choice.dimension not in OF_INFERENCE and choice.change(own, term) != own
    ]
    chosen = [
        changed
        for size in range(DEPARTURES + 1)
        for changed in itertools.combinations(changing, size)
        if len({choice.dimension for choice in changed}) == size
    ]
    judged = [choice for choice in CHOICES if choice.dimension in OF_INFERENCE]
    return [_member(own, term, (*changed, kind)) for changed in chosen for kind in judged]


def _member(own: Specification, term: str, changed: Sequence[Choice]) -> Member:
    options = {c.dimension: c.option for c in reversed(CHOICES)}  # the first of each dimension
    options |= {"basis": str(own.basis)} | {c.dimension: c.option for c in changed}
    for choice in changed:
        own = choice.change(own, term)
    return Member(own, tuple((dimension, options[dimension]) for dimension in DIMENSIONS))


# ---- estimates -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Point:
    """An estimate of the curve; `z` is its t statistic as a normal one of the same p value."""

    member: Member
    moments: EconomyMoments
    estimate: float
    std_error: float
    degrees_of_freedom: int

    @property
    def t_statistic(self) -> float:
        return self.estimate / self.std_error

    @property
    def p_value(self) -> float:
        return float(2 * special.stdtr(self.degrees_of_freedom, -abs(self.t_statistic)))

    @property
    def interval(self) -> tuple[float, float]:
        """95 %."""
        half = float(special.stdtrit(self.degrees_of_freedom, 0.975)) * self.std_error
        return self.estimate - half, self.estimate + half


@dataclass(frozen=True)
class PanelChoice:
    """A panel of one basis, treatment and scope, and what has landed on it."""

    panel: pd.DataFrame
    coverage: dict[str, Coverage]


# (basis, HS treatment, mineral scope) -> the panel
Panels = Mapping[tuple[str, str, str], PanelChoice]


def curve_points(
    members: Sequence[Member], term: str, panels: Panels
) -> list[Point | NotEstimable]:
    """The estimate of every member, in their order, or why there is none.

    Members that differ in their outcome alone share what their samples have in common.
    """
    found: dict[Specification, EconomyMoments | NotEstimable] = {}
    known: Known = {}
    regressions = [replace(member.specification, inference=()) for member in members]
    for regression in dict.fromkeys(regressions):
        found[regression] = moments_of(regression, term, panels, known)
    of_members = [found[regression] for regression in regressions]
    estimated = [moments for moments in found.values() if isinstance(moments, EconomyMoments)]
    economies = _economies(estimated)
    estimates = _estimates(estimated, economies, np.ones((1, len(economies))))
    return [
        moments
        if isinstance(moments, NotEstimable)
        else _point(member, moments, estimates[id(moments)])
        for member, moments in zip(members, of_members, strict=True)
    ]


def _economies(moments: Iterable[EconomyMoments]) -> tuple[str, ...]:
    """All economies of any sample, in the order of their names."""
    return tuple(sorted(set().union(*(of_sample.economies for of_sample in moments))))


def _estimates(
    moments: Iterable[EconomyMoments], economies: Sequence[str], weights: np.ndarray
) -> dict[int, Weighted]:
    """The estimates of all moments, by their identity; `weights` (b, g) are those of `economies`.

    Moments with the same regressors are estimated together.
    """
    outcomes: dict[int, dict[int, EconomyMoments]] = {}
    for of_outcome in moments:
        of_regressors = outcomes.setdefault(id(of_outcome.regressors), {})
        of_regressors[id(of_outcome)] = of_outcome
    found: dict[int, Weighted] = {}
    for of_regressors in outcomes.values():
        together = list(of_regressors.values())
        columns = np.searchsorted(economies, together[0].economies)
        estimates = weighted_estimates_of_outcomes(together, weights[:, columns])
        found |= dict(zip(of_regressors, estimates, strict=True))
    return found


def sample_of(specification: Specification, panels: Panels) -> Sample | NotEstimable:
    """The rows of a member's fit."""
    s = specification
    basis = str(s.basis)
    if (choice := panels.get((basis, s.hs_treatment, s.mineral_scope))) is None:
        return NotEstimable(because("not_estimable", "no_trade_on_basis", basis=basis))
    selected = estimation_sample(choice.panel, s, choice.coverage)
    return selected if isinstance(selected, NotEstimable) else selected[0]


def moments_of(
    specification: Specification, term: str, panels: Panels, known: Known | None = None
) -> EconomyMoments | NotEstimable:
    """The moments of a member's sample; `known` is as in `economy_moments`."""
    sample = sample_of(specification, panels)
    if isinstance(sample, NotEstimable):
        return sample
    return moments_of_sample(sample, specification, term, known)


def moments_of_sample(
    sample: Sample, s: Specification, term: str, known: Known | None = None
) -> EconomyMoments | NotEstimable:
    """The moments of a sample of a specification; `known` is as in `economy_moments`."""
    has_trends = s.estimator == WITH_TRENDS
    return economy_moments(sample, s.terms.index(term), s.outcome, has_trends, known)


def _point(member: Member, moments: EconomyMoments, weighted: Weighted) -> Point | NotEstimable:
    """The estimate of a member; `weighted` holds that of its sample as it is."""
    if not math.isfinite(weighted.estimate[0]):
        return NotEstimable(because("not_estimable", "term_collinear"))
    std_error = _std_errors(weighted, member)[0]
    if not std_error > 0:
        return NotEstimable(
            because("not_estimable", "no_residual", outcome=member.specification.outcome)
        )
    return Point(
        member,
        moments,
        float(weighted.estimate[0]),
        float(std_error),
        moments.degrees_of_freedom_iid if member.inference == "iid" else len(moments.economies) - 1,
    )


def _std_errors(weighted: Weighted, member: Member) -> np.ndarray:
    return weighted.iid_std_error if member.inference == "iid" else weighted.clustered_std_error


# ---- joint inference -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Joint:
    """What the s estimates of a curve say together; p values are one-sided, from the draws.

    median_estimate         over the specifications, inference apart
    share_significant       at 5 %, in the predicted direction
    share_in_direction      of estimates with the predicted sign
    stouffer_z              sum of the z statistics in the predicted direction over sqrt(s)
    n_draws                 draws in which every specification has an estimate
    """

    n_estimates: int
    median_estimate: float
    median_p_value: float
    share_in_direction: float
    share_significant: float
    share_p_value: float
    stouffer_z: float
    stouffer_p_value: float
    n_draws: int


@dataclass(frozen=True)
class Curve:
    """The estimates of a claim; `direction`: 1 or -1, the sign that it predicts."""

    points: Sequence[Point]
    direction: int


def joint_inference(curves: Sequence[Curve], draws: int = DRAWS) -> list[Joint]:
    """Whether each curve is more than its null world gives.

    The p value of a statistic is the share of draws, the sample counting as one, in which it is at
    least as far in the predicted direction. Curves of the same economies have the same draws, and
    their regressions are estimated together where they differ in their outcome alone.
    """
    economies = [_economies(point.moments for point in curve.points) for curve in curves]
    found: dict[int, Joint] = {}
    for names in set(economies):
        places = [i for i, of_curve in enumerate(economies) if of_curve == names]
        moments = (point.moments for i in places for point in curves[i].points)
        drawn = _estimates(moments, names, _drawn_weights(len(names), draws))
        found |= {i: _joint(curves[i], drawn) for i in places}
    return [found[i] for i in range(len(curves))]


def _drawn_weights(economies: int, draws: int) -> np.ndarray:
    """How often each economy is drawn (draws, economies)."""
    shares = np.full(economies, 1 / economies)
    drawn = np.random.default_rng(SEED).multinomial(economies, shares, size=draws)
    return drawn.astype(float)


def _joint(curve: Curve, drawn: dict[int, Weighted]) -> Joint:
    """The statistics of a curve beside those of its draws."""
    points, direction = curve.points, curve.direction
    draws = len(drawn[id(points[0].moments)].estimate)
    estimates, z = np.empty((2, draws, len(points)))
    for i, point in enumerate(points):
        weighted = drawn[id(point.moments)]
        estimates[:, i] = weighted.estimate - point.estimate
        with np.errstate(invalid="ignore", divide="ignore"):
            t = estimates[:, i] / _std_errors(weighted, point.member)
        z[:, i] = _z(t, point.degrees_of_freedom)
    usable = np.isfinite(estimates).all(axis=1) & np.isfinite(z).all(axis=1)
    null = _statistics(estimates[usable], z[usable], direction)
    own_estimates = np.array([[point.estimate for point in points]])
    own_z = np.array([[_z(p.t_statistic, p.degrees_of_freedom) for p in points]])
    own = _statistics(own_estimates, own_z, direction)
    p_values = (1 + (null >= own - 1e-12).sum(axis=1)) / (1 + usable.sum())
    return Joint(
        n_estimates=len(points),
        median_estimate=float(direction * own[0, 0]),
        median_p_value=float(p_values[0]),
        share_in_direction=float((direction * own_estimates > 0).mean()),
        share_significant=float(own[1, 0]),
        share_p_value=float(p_values[1]),
        stouffer_z=float(own[2, 0]),
        stouffer_p_value=float(p_values[2]),
        n_draws=int(usable.sum()),
    )


def _z(t: np.ndarray | float, degrees_of_freedom: int) -> np.ndarray | float:
    """The normal statistic of the same p value as Student's t."""
    return -np.sign(t) * special.ndtri(special.stdtr(degrees_of_freedom, -np.abs(t)))


def _statistics(estimates: np.ndarray, z: np.ndarray, direction: int) -> np.ndarray:
    """Median effect, share significant and Stouffer's Z (3, b) of estimates and z (b, s)."""
    critical = special.ndtri(1 - SIGNIFICANT / 2)
    return np.stack(
        [
            direction * np.median(estimates, axis=1),
            (direction * z > critical).mean(axis=1),
            direction * z.sum(axis=1) / np.sqrt(z.shape[1]),
        ]
    )


# ---- what moves the estimates --------------------------------------------------------------------


def variance_shares(points: Sequence[Point]) -> dict[str, float]:
    """The share of the estimates' variance that each dimension accounts for.

    Shapley values of R squared in regressions of the estimates on dummies of the dimensions'
    options (Lindeman, Merenda and Gold 1980): the mean, over the orders in which dimensions can
    enter, of what each adds. They do not depend on an order, though departures from the report do
    not come in every combination. What combinations add beside the sum of choices is no
    dimension's: the shares add up to R squared. Dimensions without two options, and those of
    inference, have none. Empty where the estimates do not vary.
    """
    if not points:
        return {}
    regressions = {id(point.moments): point for point in points}.values()
    y = np.array([point.estimate for point in regressions])
    y = y - y.mean()
    options = pd.DataFrame([dict(point.member.options) for point in regressions])
    dummies = {
        dimension: pd.get_dummies(options[dimension], drop_first=True).to_numpy(dtype=float)
        for dimension in DIMENSIONS
        if dimension not in OF_INFERENCE and options[dimension].nunique() > 1
    }
    total = y @ y
    if not dummies or total <= 0:
        return {}

    def explained(dimensions: tuple[str, ...]) -> float:
        if not dimensions:
            return 0.0
        x = np.column_stack([dummies[dimension] for dimension in dimensions])
        x = x - x.mean(axis=0)
        residual = y - x @ np.linalg.lstsq(x, y, rcond=None)[0]
        return float(1 - residual @ residual / total)

    names, m = tuple(dummies), len(dummies)
    r_squared = {
        subset: explained(subset)
        for size in range(m + 1)
        for subset in itertools.combinations(names, size)
    }
    shares = {}
    for name in names:
        shares[name] = sum(
            math.factorial(len(subset))
            * math.factorial(m - len(subset) - 1)
            / math.factorial(m)
            * (r_squared[tuple(n for n in names if n == name or n in subset)] - r_squared[subset])
            for subset in r_squared
            if name not in subset
        )
    return shares
