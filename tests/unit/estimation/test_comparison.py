"""The comparison with printed coefficients: inference, stars and the scorecard."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from estimation.comparison import (
    degrees_of_printed_stars,
    published_inference_evidence,
    published_inference_summary,
    scorecard,
    scorecard_summary,
)
from estimation.estimate import Estimates, estimate
from tests.support.estimation import FULL, PRINTED_COLUMNS, SMALL, WORDS, small_panel


def printed_by(kind: str, result: Estimates) -> pd.DataFrame:
    """What a report would print that had these estimates and used this kind of inference."""
    rows = result.coefficients.query("inference == @kind")
    printed = [
        (
            "table_5",
            1,
            "y",
            r.term,
            round(r.estimate, 3),
            int(r.p_value < 0.1) + int(r.p_value < 0.05) + int(r.p_value < 0.01),
            round(r.t_statistic, 2),
            330,
        )
        for r in rows.itertuples()
    ]
    return pd.DataFrame(
        printed,
        columns=PRINTED_COLUMNS,
    )


def own_tables(panel: pd.DataFrame) -> tuple[Estimates, pd.DataFrame, pd.DataFrame]:
    result = estimate(panel, SMALL, FULL)
    coefficients = result.coefficients.assign(
        exhibit="table_5", column=1, basis="reconciled", variant="report", n_observations=330
    )
    return (
        result,
        coefficients,
        pd.DataFrame(
            columns=["exhibit", "column", "basis", "variant", "term", "reason", "reason_code"]
        ),
    )


@pytest.mark.parametrize("kind", ["iid", "cluster_iso3", "driscoll_kraay"])
def test_the_inference_behind_printed_figures_is_found_on_the_same_sample(kind: str) -> None:
    result, coefficients, reasons = own_tables(small_panel())
    evidence = published_inference_evidence(
        coefficients, reasons, printed_by(kind, result), "reconciled", WORDS
    )
    assert evidence.loc[evidence["is_closest"], "inference"].tolist() == [kind]
    assert evidence["is_same_sample"].all()
    assert not evidence.loc[evidence["inference"] == kind, "stars_contradict"].item()
    summary = published_inference_summary(evidence, WORDS).set_index("inference")
    assert "the closest kind" in summary.loc[kind, "conclusion"]
    assert summary["conclusion"].str.contains("not the closest kind").sum() == 4


def test_another_sample_does_not_tell_the_inference() -> None:
    result, coefficients, reasons = own_tables(small_panel())
    printed = printed_by("iid", result).assign(n_observations=500)
    evidence = published_inference_evidence(coefficients, reasons, printed, "reconciled", WORDS)
    assert not evidence["is_same_sample"].any()
    assert "another sample (N 330, printed 500" in evidence["note"].iloc[0]
    assert (
        published_inference_summary(evidence, WORDS)["conclusion"]
        .str.startswith("not conclusive: none of 1 columns rests on the report's sample")
        .all()
    )


def test_printed_stars_bound_the_degrees_of_freedom() -> None:
    # 1.98 with two stars: the 5 % point is at most 1.985, that of 96 degrees of freedom;
    # 1.97 with one star: it is at least 1.965
    assert degrees_of_printed_stars(np.array([-1.98]), np.array([2])) == (96, None)
    least, most = degrees_of_printed_stars(np.array([-1.98, 1.97]), np.array([2, 1]))
    assert least == 96
    assert 400 < most < 600
    assert degrees_of_printed_stars(np.array([1.2]), np.array([3])) == (None, None)
    assert degrees_of_printed_stars(np.array([5.0, 0.3]), np.array([3, 0]))[1] is None


def test_stars_that_follow_from_no_degrees_of_freedom_are_a_conclusion() -> None:
    """A t of 1.2 with three stars in every printed column."""
    result, coefficients, reasons = own_tables(small_panel())
    printed = printed_by("iid", result).assign(t_statistic=1.2, stars=3)
    evidence = published_inference_evidence(coefficients, reasons, printed, "reconciled", WORDS)
    assert evidence["stars_least_degrees"].isna().all()
    summary = published_inference_summary(evidence, WORDS).set_index("inference")
    for kind in ("cluster_iso3", "twoway", "driscoll_kraay"):
        assert summary.loc[kind, "conclusion_codes"].endswith(", stars_follow_from_no_degrees")
        assert summary.loc[kind, "conclusion"].endswith(
            "; printed stars follow from printed t statistics with no number of degrees of freedom"
        )
    assert summary.loc["iid", "conclusion_codes"].endswith(", stars_contradict")


def test_the_scorecard_measures_in_printed_standard_errors() -> None:
    result, coefficients, reasons = own_tables(small_panel())
    own = coefficients[coefficients["inference"] == "cluster_iso3"].set_index("term")
    printed = printed_by("cluster_iso3", result)
    printed.loc[printed["term"] == "a", ["estimate", "t_statistic", "stars"]] = [-0.4, -2.0, 2]
    printed.loc[len(printed)] = ["table_4", 1, "x", "ln_gdp", 1.0, 0, 1.0, 100]
    reasons.loc[0] = ["table_4", 1, "reconciled", "report", None, "no data for x", "no_data"]
    card = scorecard(coefficients, reasons, printed, "reconciled").set_index("term")
    assert card.loc["a", "distance_in_published_std_errors"] == pytest.approx(
        (own.loc["a", "estimate"] + 0.4) / 0.2
    )
    assert (
        card.loc["a", "same_sign"],
        card.loc["b", "same_sign"],
        card.loc["a", "same_significance"],
    ) == (False, True, True)
    assert card.loc["ln_gdp", ["reason", "reason_code"]].tolist() == ["no data for x", "no_data"]
    assert pd.isna(card.loc["ln_gdp", "own_estimate"])
    assert pd.isna(card.loc["ln_gdp", "same_sign"])
    summary = scorecard_summary(card.reset_index()).set_index("exhibit")
    assert summary.index.tolist() == ["table_4", "table_5"]
    assert summary.loc[
        "table_5",
        [
            "n_published",
            "n_estimated",
            "n_same_sign",
            "n_same_significance",
            "n_within_two_std_errors",
            "own_n_observations",
        ],
    ].tolist() == [2, 2, 1, 2, 1, "330"]
    assert summary.loc[
        "table_4", ["n_published", "n_estimated", "own_n_observations", "reasons"]
    ].tolist() == [1, 0, "-", "no data for x"]
