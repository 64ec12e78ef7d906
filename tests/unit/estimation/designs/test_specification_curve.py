"""The specification curve: estimates from moments, the joint test and variance by choice."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from estimation.designs.economy_moments import economy_moments, weighted_estimates
from estimation.designs.specification_curve import (
    CHOICES,
    DIMENSIONS,
    DRAWS,
    Curve,
    Joint,
    Member,
    PanelChoice,
    Point,
    curve_points,
    joint_inference,
    members_of,
    variance_shares,
)
from estimation.estimate import estimate
from estimation.reasons import NotEstimable
from estimation.sample import Sample, estimation_sample
from estimation.specifications import SPECIFICATIONS
from tests.support.estimation import FULL, SMALL, TOLERANCE, WORDS, of_kind, small_panel

OPENNESS = next(s for s in SPECIFICATIONS if (s.exhibit, s.column) == ("table_4", 1))
INTERACTED = next(s for s in SPECIFICATIONS if (s.exhibit, s.column) == ("table_7", 1))
EDUCATION = "lct_imports_x_compulsory_education"


def sample_of_small(panel: pd.DataFrame) -> Sample:
    selected = estimation_sample(panel, SMALL, FULL)
    assert not isinstance(selected, NotEstimable)
    return selected[0]


@pytest.mark.parametrize("kind", ["cluster_iso3", "iid"])
@pytest.mark.parametrize("term", [0, 1])
def test_moments_give_the_estimates_of_the_tables(kind: str, term: int) -> None:
    panel = small_panel(seed=2)
    moments = economy_moments(sample_of_small(panel), term, "y")
    assert not isinstance(moments, NotEstimable)
    found = weighted_estimates(moments, np.ones((1, len(moments.economies))))
    own = of_kind(estimate(panel, SMALL, FULL, [kind]), kind).iloc[term]
    std_error = found.iid_std_error if kind == "iid" else found.clustered_std_error
    assert found.estimate[0] == pytest.approx(own["estimate"], rel=TOLERANCE)
    assert std_error[0] == pytest.approx(own["std_error"], rel=TOLERANCE)
    degrees = moments.degrees_of_freedom_iid if kind == "iid" else len(moments.economies) - 1
    assert degrees == own["degrees_of_freedom"]


def test_a_drawn_sample_is_that_of_its_copies_with_the_effect_taken_out() -> None:
    """Economies copied by hand, the effect subtracted from the outcome, and fitted as a panel."""
    panel = small_panel(seed=5, economies=9)
    sample = sample_of_small(panel)
    moments = economy_moments(sample, 0, "y")
    assert not isinstance(moments, NotEstimable)
    whole = weighted_estimates(moments, np.ones((1, 9))).estimate[0]
    weights = np.array([2, 0, 1, 1, 3, 0, 1, 1, 0])
    panel["y"] -= whole * panel["a_lag1_z"]
    copies = pd.concat(
        [
            panel[panel["iso3"] == f"E{i:02d}"].assign(iso3=f"E{i:02d}_{copy}")
            for i, times in enumerate(weights)
            for copy in range(times)
        ]
    )
    refitted = of_kind(estimate(copies, SMALL, FULL, ["iid"]), "iid")
    drawn = weighted_estimates(moments, weights[None, :].astype(float)).estimate[0]
    assert drawn - whole == pytest.approx(refitted.loc["a", "estimate"], rel=1e-5)


def test_trends_are_those_of_dummies() -> None:
    sample = sample_of_small(small_panel(seed=8, economies=7))
    moments = economy_moments(sample, 1, "y", has_trends=True)
    assert not isinstance(moments, NotEstimable)
    economy = pd.get_dummies(sample.ids["iso3"]).to_numpy(dtype=float)
    year = pd.get_dummies(sample.ids["year"]).to_numpy(dtype=float)
    x = np.column_stack([sample.x, economy, economy * sample.ids["year"][:, None], year])
    beta = np.linalg.lstsq(x, sample.y, rcond=None)[0]
    found = weighted_estimates(moments, np.ones((1, 7)))
    assert found.estimate[0] == pytest.approx(beta[1], rel=TOLERANCE)


def test_what_has_no_estimate_says_why() -> None:
    sample = sample_of_small(small_panel())
    twin = replace(sample, x=np.column_stack([sample.x[:, 0], 2 * sample.x[:, 0]]))
    found = economy_moments(twin, 1, "y")
    assert isinstance(found, NotEstimable)
    assert found.reason.code == "term_collinear"
    constant = economy_moments(replace(sample, y=np.ones(len(sample))), 0, "y")
    assert isinstance(constant, NotEstimable)
    assert constant.reason.code == "outcome_constant"


def test_a_draw_without_the_term_has_no_estimate() -> None:
    """The term varies in one economy alone, and the draw does not have it."""
    sample = sample_of_small(small_panel(economies=6))
    x = sample.x.copy()
    x[sample.ids["iso3"] > 0, 0] = 0
    moments = economy_moments(replace(sample, x=x), 0, "y")
    assert not isinstance(moments, NotEstimable)
    found = weighted_estimates(moments, np.array([[1.0] * 6, [0, 2, 1, 1, 1, 1]]))
    assert np.isfinite(found.estimate).tolist() == [True, False]


# ---- the curve -----------------------------------------------------------------------------------


def test_a_curve_departs_in_one_choice_or_two() -> None:
    members = members_of(OPENNESS, "trade_openness", "reconciled")
    own = dict(members[0].options)
    assert members[0].specification == replace(
        OPENNESS, basis="reconciled", inference=("cluster_iso3",)
    )
    assert own["basis"] == "reconciled"
    departures = {
        sum(value != own[name] for name, value in member.options if name != "inference")
        for member in members
    }
    assert departures == {0, 1, 2}
    assert len({member.options for member in members}) == len(members)
    # basis 2, treatment 2, list 1, window 1, controls 2, trends 1, in pairs of two dimensions
    assert len(members) == 2 * (1 + 9 + (9**2 - (4 + 4 + 1 + 1 + 4 + 1)) // 2)
    standardised = {dict(m.options)["standardisation"] for m in members}
    assert standardised == {"panel"}, "without interactions that only changes a unit"
    interacted = members_of(INTERACTED, EDUCATION, "reconciled")
    assert {dict(m.options)["standardisation"] for m in interacted} == {"panel", "sample"}


def test_core_controls_keep_what_the_term_is_made_of() -> None:
    core = next(
        m.specification
        for m in members_of(INTERACTED, EDUCATION, "reconciled")
        if dict(m.options)["controls"] == "core"
    )
    assert core.terms == (
        EDUCATION,
        "lct_imports_from_china",
        "compulsory_education",
        "gdp_growth",
        "ln_gdp",
        "ln_gdp_per_capita",
    )


def test_every_choice_is_justified_in_words() -> None:
    assert len({choice.code for choice in CHOICES}) == len(CHOICES)
    for choice in CHOICES:
        for language in ("en", "zh"):
            assert WORDS.text(choice.justification, language)


# ---- joint inference -----------------------------------------------------------------------------


def curve_of(panel: pd.DataFrame, term: str = "a") -> list[Point]:
    """Three samples and two kinds of inference of a small panel."""
    points: list[Point] = []
    for first_year in (1992, 1998, 2001):
        for kind in ("cluster_iso3", "iid"):
            s = replace(SMALL, basis="reconciled", first_year=first_year, inference=(kind,))
            options = dict.fromkeys(DIMENSIONS, "") | {"window": str(first_year)}
            members = [Member(s, tuple(options.items()))]
            [point] = curve_points(members, term, {BY_BASIS: PanelChoice(panel, FULL)})
            assert isinstance(point, Point), point
            points.append(point)
    return points


def joint_of(points: list[Point], direction: int, draws: int = DRAWS) -> Joint:
    [found] = joint_inference([Curve(points, direction)], draws)
    return found


BY_BASIS = ("reconciled", SMALL.hs_treatment, SMALL.mineral_scope)


def test_a_planted_effect_is_seen_in_its_own_direction_alone() -> None:
    points = curve_of(small_panel(seed=1))
    found = joint_of(points, 1)
    assert found.n_draws == 500
    assert found.share_in_direction == found.share_significant == 1
    assert max(found.median_p_value, found.share_p_value, found.stouffer_p_value) < 0.01
    assert found.median_estimate == pytest.approx(np.median([p.estimate for p in points]))
    by_hand = sum(p.t_statistic for p in points) / np.sqrt(len(points))
    assert 0.7 * by_hand < found.stouffer_z < by_hand  # Student's tails are the longer ones
    other = joint_of(points, -1)
    assert other.share_significant == 0
    assert min(other.median_p_value, other.stouffer_p_value) > 0.95
    assert other.stouffer_z == pytest.approx(-found.stouffer_z)


def test_the_joint_test_rejects_a_null_world_as_often_as_it_says() -> None:
    """Of 120 worlds without an effect, with errors that stay with an economy, about 5 %."""
    rejected = np.zeros(2)
    worlds = 120
    for seed in range(worlds):
        panel = small_panel(seed=1000 + seed, economies=30, years=range(1995, 2005), gaps=0.1)
        rng = np.random.default_rng(seed)
        lasting = np.repeat(rng.normal(size=(30, 2)), 5, axis=1).ravel()
        panel["a_lag1_z"] += np.repeat(rng.normal(size=(30, 2)), 5, axis=1).ravel()
        panel["y"] = (panel["y"] * 0 + lasting + rng.normal(size=len(panel))).where(
            panel["y"].notna()
        )
        found = joint_of(curve_of(panel), 1, draws=99)
        rejected += np.array([found.median_p_value, found.stouffer_p_value]) <= 0.05
    assert (rejected > 0.015 * worlds).all(), rejected
    assert (rejected < 0.11 * worlds).all(), rejected


def test_a_draw_resamples_all_specifications_together() -> None:
    points = curve_of(small_panel(seed=4))
    twice = joint_of([*points, *points], 1)
    once = joint_of(points, 1)
    assert twice.median_p_value == once.median_p_value
    assert twice.stouffer_p_value == once.stouffer_p_value, "agreement with itself proves nothing"
    assert twice.stouffer_z == pytest.approx(np.sqrt(2) * once.stouffer_z)


# ---- variance by choice --------------------------------------------------------------------------


def test_variance_belongs_to_the_choice_that_moves_the_estimates() -> None:
    """By hand: 3 between windows and 1 between bases, in all combinations: 9 to 1."""
    [point, *_] = curve_of(small_panel())
    points = []
    for window, basis in ((0, 0), (0, 1), (1, 0), (1, 1)):
        options = dict.fromkeys(DIMENSIONS, "same")
        options |= {"window": str(window), "basis": str(basis)}
        member = Member(point.member.specification, tuple(options.items()))
        moments = replace(point.moments)  # of another sample
        points.append(replace(point, member=member, moments=moments, estimate=3.0 * window + basis))
    assert variance_shares(points) == pytest.approx({"basis": 0.1, "window": 0.9})
    assert variance_shares([replace(p, estimate=1.0) for p in points]) == {}


def test_a_member_without_trade_on_its_basis_says_so() -> None:
    members = members_of(replace(SMALL, basis="reconciled"), "a", "reconciled")
    points = curve_points(members, "a", {BY_BASIS: PanelChoice(small_panel(), FULL)})
    assert isinstance(points[0], Point)
    reasons = {p.reason.code for p in points if isinstance(p, NotEstimable)}
    assert reasons == {"no_trade_on_basis"}


def test_a_term_of_which_almost_nothing_is_left_says_so() -> None:
    panel = small_panel()
    rest = np.random.default_rng(1).normal(size=len(panel))
    panel["b_lag1_z"] = panel["a_lag1_z"] + 1e-5 * rest
    s = replace(SMALL, basis="reconciled", inference=("cluster_iso3",))
    [point] = curve_points([Member(s, ())], "b", {BY_BASIS: PanelChoice(panel, FULL)})
    assert isinstance(point, NotEstimable)
    assert point.reason.code == "term_collinear"
