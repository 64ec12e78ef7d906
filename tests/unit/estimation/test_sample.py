"""The sample of a fit: singletons, balance, standardisation, interactions, comparable years."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from estimation.estimate import estimate
from estimation.sample import (
    Coverage,
    Sample,
    estimation_sample,
    largest_balanced,
    without_singletons,
)
from tests.support.estimation import FULL, SMALL, TOLERANCE, by_pyfixest, of_kind, small_panel, used


def small_sample(rows: list[tuple[str, int]]) -> Sample:
    economies, iso3 = np.unique([r[0] for r in rows], return_inverse=True)
    years = np.array([r[1] for r in rows])
    return Sample(
        np.zeros(len(rows)),
        np.zeros((len(rows), 1)),
        years,
        {"iso3": iso3, "year": np.unique(years, return_inverse=True)[1]},
        economies,
    )


def test_singletons_are_removed_recursively() -> None:
    rows = small_sample([("A", 1), ("A", 2), ("B", 1), ("B", 2), ("C", 3), ("C", 4), ("D", 4)])
    # C 3 is alone in its year, D in its economy; then C 4 is alone in both
    kept = without_singletons(rows, ("iso3", "year"))
    assert kept.economies[kept.ids["iso3"]].tolist() == ["A", "A", "B", "B"]
    assert kept.economies.tolist() == ["A", "B"]


def test_the_largest_balanced_panel_has_the_most_rows() -> None:
    a, b, c = (
        [(name, year) for year in years]
        for name, years in (("A", range(1, 9)), ("B", range(3, 7)), ("C", [3, 4, 6]))
    )
    # A and B over 3-6 are eight rows, as are A's own; the longer span counts
    chosen = largest_balanced(small_sample(a + b + c))
    assert (chosen.sum(), chosen[:8].all()) == (8, True)
    d = [("D", year) for year in range(3, 7)]
    chosen = largest_balanced(small_sample(a + b + c + d))
    assert chosen.sum() == 12
    assert not chosen[len(a + b) : len(a + b + c)].any(), "C has a gap"
    assert not largest_balanced(small_sample([("A", 1), ("B", 3)])).any()


def test_a_balanced_fit_uses_the_balanced_rows_alone() -> None:
    panel = small_panel(gaps=0.3)
    result = estimate(panel, replace(SMALL, sample="balanced"), FULL)
    d = result.diagnostics
    assert (
        d["n_observations"]
        == d["n_economies"] * d["n_years"]
        == d["last_year"] * d["n_economies"] - (d["first_year"] - 1) * d["n_economies"]
    )
    assert d["n_observations"] + d["n_outside_balanced"] == d["n_complete_cases"]
    assert d["n_outside_balanced"] > 0


def test_standardised_over_the_sample() -> None:
    """Without interactions only the unit changes.

    With interactions, the z-scores are those of the rows of the fit.
    """
    panel = small_panel()
    panel["a_lag1"], panel["b_lag1"] = 3 + 2 * panel["a_lag1_z"], 10 * panel["b_lag1_z"]
    over_sample = replace(SMALL, standardisation="sample")
    plain, rescaled = (estimate(panel, s, FULL).coefficients for s in (SMALL, over_sample))
    np.testing.assert_allclose(plain["t_statistic"], rescaled["t_statistic"], rtol=1e-9)
    sample, _ = estimation_sample(panel, over_sample, FULL)
    np.testing.assert_allclose(
        [sample.x.mean(axis=0), sample.x.std(axis=0, ddof=1)], [[0, 0], [1, 1]], atol=1e-12
    )
    interacted = replace(over_sample, terms=("a_x_b", "a", "b"))
    rows = used(panel)
    z = (rows[["a", "b"]] - rows[["a", "b"]].mean()) / rows[["a", "b"]].std()
    by_hand = by_pyfixest(
        rows.assign(a=z["a"], b=z["b"], ab=z["a"] * z["b"]), "y", ["ab", "a", "b"], "cluster_iso3"
    )
    own = of_kind(estimate(panel, interacted, FULL), "cluster_iso3")
    np.testing.assert_allclose(
        own[["estimate", "std_error"]], by_hand[["estimate", "std_error"]], atol=TOLERANCE
    )


def test_interactions_are_products_of_z_scores() -> None:
    panel = small_panel()
    panel["ab_lag1_z"] = panel["a_lag1_z"] * panel["b_lag1_z"]
    by_name = estimate(panel, replace(SMALL, terms=("a_x_b", "a", "b")), FULL).coefficients
    by_hand = estimate(panel, replace(SMALL, terms=("ab", "a", "b")), FULL).coefficients
    np.testing.assert_allclose(by_name["estimate"], by_hand["estimate"], atol=1e-12)


def test_years_that_are_not_comparable_stay_out_and_are_counted() -> None:
    panel = small_panel()
    partial = {"mineral": Coverage(frozenset(range(2003, 2015)), frozenset({2002}), 4, 18, 0.1)}
    result = estimate(panel, SMALL, partial)
    assert (result.diagnostics["first_year"], result.diagnostics["years_not_comparable"]) == (
        2003,
        "2002",
    )
    lagged = estimate(panel, replace(SMALL, product_lists=(("mineral", 1),)), partial)
    assert lagged.diagnostics["first_year"] == 2004, "a lagged list is comparable one year later"
