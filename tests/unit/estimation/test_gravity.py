"""From bilateral flows to the columns of gravity: rows, terms, tables, and a planted truth."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from estimation.driver import EstimationInputs, estimate_all
from estimation.estimate import Estimates, estimate_sample
from estimation.gravity.sample import BilateralTrade, gravity_sample
from estimation.gravity.specifications import (
    CONTRASTS,
    GRAVITY_SPECIFICATIONS,
    GROUP_TERMS,
    OF_THE_PAIR,
    PERIOD_COMPARED_WITH,
    PERIODS,
    PLAIN_SPECIFICATIONS,
    GravitySpecification,
    labels,
)
from estimation.inference import kind_of
from estimation.reasons import NotEstimable
from estimation.rendering import RenderingInputs
from estimation.rendering.tables import rendered
from estimation.sample import Coverage, Sample
from estimation.schema import TABLES
from orchestration.build.estimates import PRINTED
from tests.support.estimation import FULL, NO_CELLS, NOTHING, PRINTED_COLUMNS, WORDS

YEARS = range(1995, 2024)
COLUMNS = {(s.exhibit, s.column, s.variant): s for s in GRAVITY_SPECIFICATIONS}
# the truth of the world below, by term
OF_DISTANCE = {
    "ln_distance": -0.9,
    "contiguity": 0.5,
    "common_language": 0.3,
    "colonial_link": -0.2,
}
OF_GROUPS = {
    contrast: {period: start + change * k for k, period in enumerate(PERIODS)}
    for contrast, start, change in (
        ("china_to_high_income", 0.4, 0.2),
        ("high_income_to_china", -0.3, 0.1),
        ("within_high_income", 0.2, -0.15),
    )
}


HIGH_INCOME, OTHERS = 14, 18
ECONOMIES = 1 + HIGH_INCOME + OTHERS
NOISE = 0.5  # standard deviation of trade relative to its mean


def world(seed: int = 1, economies: int = ECONOMIES) -> BilateralTrade:
    """Trade of known coefficients between China, high-income economies and others.

    Of the smallest expected flows a third is zero. E24 is not recorded before 2003.
    """
    rng = np.random.default_rng(seed)
    names = np.array(["CHN", *(f"E{n:02d}" for n in range(1, economies))])
    groups = np.array(["China", *["High income"] * HIGH_INCOME, *["Other EMDE"] * OTHERS])
    exporter, importer, year = (
        axis.ravel() for axis in np.meshgrid(*[range(economies)] * 2, YEARS, indexing="ij")
    )
    km = np.exp(rng.normal(8, 0.5, (economies, economies)))
    ties = rng.random((3, economies, economies)) < 0.15
    km = np.triu(km) + np.triu(km, 1).T
    ties = np.triu(ties) | np.triu(ties, 1).transpose(0, 2, 1)
    log_mean = OF_DISTANCE["ln_distance"] * np.log(km)[exporter, importer]
    for tie, term in zip(ties, list(OF_DISTANCE)[1:], strict=True):
        log_mean += OF_DISTANCE[term] * tie[exporter, importer]
    for contrast, values in OF_GROUPS.items():
        of_exporter, of_importer = CONTRASTS[contrast]
        holds = (groups == of_exporter)[exporter] & (groups == of_importer)[importer]
        for (first, last), value in values.items():
            log_mean += value * (holds & (year >= first) & (year <= last))
    for side in (exporter, importer):
        log_mean += rng.normal(0, 0.5, (economies, len(YEARS)))[side, year - YEARS[0]]
    shape = 1 / NOISE**2
    value = np.exp(log_mean) * rng.gamma(shape, 1 / shape, len(log_mean)) * 1e9
    # zeros, and the more in the others: the expected trade stays
    is_small = log_mean < np.quantile(log_mean, 0.2)
    value = np.where(is_small, value / 0.7, value)
    is_small &= rng.random(len(value)) < 0.3
    flows = pd.DataFrame(
        {
            "year": year,
            "exporter_iso3": names[exporter],
            "importer_iso3": names[importer],
            "value_usd": np.where(is_small, 0, value),
        }
    )
    late = (flows["exporter_iso3"] == "E24") | (flows["importer_iso3"] == "E24")
    flows = flows[(exporter != importer) & (flows["value_usd"] > 0) & ~(late & (year < 2003))]
    o, d = np.divmod(np.arange(economies**2), economies)
    pairs = pd.DataFrame(
        {
            "iso3_o": names[o],
            "iso3_d": names[d],
            "distance_km": km.ravel(),
            "is_contiguous": ties[0].ravel(),
            "has_common_official_language": ties[1].ravel(),
            "had_colonial_link": ties[2].ravel(),
        }
    )
    recorded = pd.DataFrame(
        [(n, y) for n in names for y in YEARS if n != "E24" or y >= 2003], columns=["iso3", "year"]
    )
    return BilateralTrade(
        lambda s: flows, recorded, pairs, dict(zip(names, groups.tolist(), strict=True))
    )


def estimated(trade: BilateralTrade, s: GravitySpecification) -> Estimates:
    selected = gravity_sample(trade, s, FULL)
    assert not isinstance(selected, NotEstimable)
    result = estimate_sample(*selected, s, {name: kind_of(name) for name in s.inference})
    assert isinstance(result, Estimates), WORDS.text(result.reason)
    return result


def truth_of(s: GravitySpecification) -> pd.Series:
    """The planted coefficient of each term; with pair effects, relative to the period 2002-2007."""
    truth = dict(OF_DISTANCE)
    for name, term in GROUP_TERMS.items():
        if term.period is not None:
            values = OF_GROUPS[term.contrast]
            base = values[PERIOD_COMPARED_WITH] if "pair" in s.effects else 0
            truth[name] = values[term.period] - base
    return pd.Series(truth)[list(s.terms)]


@pytest.mark.parametrize(
    ("column", "variant"), [(2, "report"), (3, "report"), (3, "bias_corrected")]
)
def test_a_planted_truth_is_recovered(column: int, variant: str) -> None:
    s = COLUMNS["gravity_2", column, variant]
    result = estimated(world(), s)
    own = result.coefficients.query("inference == 'cluster_pair'").set_index("term")
    truth = truth_of(s)
    assert list(own.index) == list(truth.index)
    t = (own["estimate"] - truth) / own["std_error"]
    # China's contrasts rest on the 28 pairs of China with high-income economies, few for clusters
    assert (abs(t) < 3).all(), t
    assert (abs(t) < 1.96).mean() > 0.8
    assert own["std_error"].max() < 0.2
    assert (
        result.diagnostics["n_observations"] + result.diagnostics["n_separated"]
        == (result.diagnostics["n_complete_cases"])
    )


def sample_and_lost(trade: BilateralTrade, s: GravitySpecification) -> tuple[Sample, dict]:
    selected = gravity_sample(trade, s, FULL)
    assert not isinstance(selected, NotEstimable)
    return selected


def test_every_pair_of_recorded_economies_has_a_row_and_zeros_are_among_them() -> None:
    trade = world()
    s = COLUMNS["gravity_2", 3, "report"]
    sample, lost = sample_and_lost(trade, s)
    n, late = ECONOMIES, len(range(1995, 2003))
    rows = len(YEARS) * n * (n - 1) - late * 2 * (n - 1)
    assert len(sample) == lost["n_panel_rows"] == lost["n_complete_cases"] == rows
    flows = trade.flows(s)
    assert (sample.y > 0).sum() == len(flows)
    assert sample.y.sum() == pytest.approx(flows["value_usd"].sum())
    assert not (sample.ids["iso3"] == sample.ids["importer"]).any(), "no domestic trade"
    # a pair is the same undirected pair in both directions, and another directed one
    assert sample.ids["undirected_pair"].max() + 1 == n * (n - 1) / 2
    assert sample.ids["pair"].max() + 1 == n * (n - 1)
    one = 1234
    exporter, importer = (sample.ids[name][one] for name in ("iso3", "importer"))
    names = sorted(trade.groups)
    [value] = flows.query(
        f"exporter_iso3 == '{names[exporter]}' and importer_iso3 == '{names[importer]}' "
        f"and year == {sample.years[one]}"
    )["value_usd"].tolist() or [0.0]
    assert sample.y[one] == value


def test_an_economy_without_distances_is_left_out_where_they_are_a_term() -> None:
    trade = world()
    without = replace(trade, pairs=trade.pairs.query("iso3_o != 'E05' and iso3_d != 'E05'"))
    _, lost = sample_and_lost(without, COLUMNS["gravity_2", 1, "report"])
    assert lost["n_panel_rows"] - lost["n_complete_cases"] == 2 * ((ECONOMIES - 1) * len(YEARS) - 8)
    _, lost = sample_and_lost(without, COLUMNS["gravity_2", 3, "report"])
    assert lost["n_panel_rows"] == lost["n_complete_cases"]


def reason_of(trade: BilateralTrade, coverage: dict[str, Coverage] = FULL) -> str:
    result = gravity_sample(trade, COLUMNS["gravity_2", 1, "report"], coverage)
    assert isinstance(result, NotEstimable)
    return WORDS.text(result.reason)


def test_gravity_without_rows_says_why() -> None:
    trade = world()
    assert reason_of(trade, {}) == "no data for trade in transition-mineral products"
    assert reason_of(replace(trade, flows=lambda s: trade.flows(s).iloc[:0])) == (
        "mineral_trade is zero throughout the sample"
    )
    assert reason_of(replace(trade, pairs=trade.pairs.iloc[:0])) == "no data for ln_distance"


@pytest.fixture(scope="module")
def tables() -> dict[str, pd.DataFrame]:
    """Of the minerals' exhibit, on the world above; of low-carbon technology nothing has landed."""
    coverage = pd.DataFrame(
        [("reconciled", "harmonised", "ores", "mineral", True, y, 14, 14) for y in YEARS],
        columns=list(NOTHING.columns),
    )
    said: list[str] = []
    inputs = EstimationInputs(
        NOTHING,
        coverage,
        NO_CELLS,
        pd.DataFrame([], columns=PRINTED_COLUMNS),
        {},
        "reconciled",
        0.1,
        (1992, 2022),
        False,
        WORDS,
        bilateral=world(),
    )
    columns = [
        s
        for s in GRAVITY_SPECIFICATIONS
        if s.exhibit in ("gravity_1", "gravity_2") and s.variant in ("report", "bias_corrected")
    ]
    found = estimate_all(inputs, [], [], said.append, columns)
    assert len(said) == len(columns) - 2, "a fit is reported once, for all columns that it gives"
    assert said[-1].startswith("gravity_2 (3), report, bias_corrected: ")
    return found


def test_gravity_fills_the_same_tables(tables: dict[str, pd.DataFrame]) -> None:
    assert {name: list(frame.columns) for name, frame in tables.items()} == {
        name: list(table.columns) for name, table in TABLES.items()
    }
    coefficients = tables["coefficients"]
    keys = ["exhibit", "column", "term", "basis", "inference", "variant"]
    assert not coefficients.duplicated(keys).any()
    assert set(coefficients["inference"]) == {"hetero", "cluster_pair"}
    assert set(coefficients["basis"]) == {"reconciled"}
    missing = tables["not_estimable"]
    assert set(missing["exhibit"]) == {"gravity_1"}
    assert set(missing["reason_code"]) == {"no_trade_of_list"}
    diagnostics = tables["diagnostics"]
    assert (diagnostics["n_years"] == len(YEARS)).all()
    plain, corrected = (
        coefficients.query(f"column == 3 and inference == 'cluster_pair' and variant == '{v}'")
        for v in ("report", "bias_corrected")
    )
    assert (corrected["std_error"].to_numpy() > plain["std_error"].to_numpy()).all()
    assert (corrected["estimate"].to_numpy() != plain["estimate"].to_numpy()).all()


@pytest.mark.parametrize("language", ["en", "zh"])
def test_gravity_is_printed_as_the_other_tables_are(
    tables: dict[str, pd.DataFrame], language: str
) -> None:
    files = rendered(
        RenderingInputs(
            **{name: tables[name] for name in PRINTED},
            labels=labels(WORDS),
            words=WORDS,
            basis="reconciled",
            standardisation_years=(1992, 2022),
            is_synthetic=False,
        ),
        GRAVITY_SPECIFICATIONS,
    )
    text = files[f"gravity_2.{language}.csv"]
    row = tables["coefficients"].query(
        "column == 1 and inference == 'cluster_pair' and term == 'ln_distance'"
    )
    assert f"{row['estimate'].iloc[0]:.3f}***" in text
    expected = {
        "en": ("Gravity 2. Trade in transition minerals between all economies", "Pair effects"),
        "zh": ("引力模型 2. 各经济体之间的转型矿产贸易", "国家对固定效应"),
    }[language]
    assert all(words in text for words in expected)
    corrected = files[f"bias_corrected/gravity_2.{language}.csv"].splitlines()
    assert corrected[1] == ",(3)", "a variant of one column keeps its number"
    assert not any("_to_" in text or "{" in text for n, text in files.items() if n.endswith("csv"))


def test_columns_of_gravity() -> None:
    by_exhibit = pd.Series([s.exhibit for s in PLAIN_SPECIFICATIONS]).value_counts()
    assert by_exhibit.to_dict() == {
        "gravity_1": 3,
        "gravity_2": 3,
        "gravity_3": 7,
        "gravity_4": 7,
    }
    for s in GRAVITY_SPECIFICATIONS:
        # what pair effects absorb is no term beside them
        assert not ("pair" in s.effects and set(s.terms) & set(OF_THE_PAIR))
        assert s.estimator == ("gravity_corrected" if s.variant == "bias_corrected" else "gravity")
        assert s.basis == "reconciled"
        assert s.inference == ("hetero", "cluster_pair")
    assert len(COLUMNS) == len(GRAVITY_SPECIFICATIONS)


def test_every_column_says_what_it_is() -> None:
    sentences = WORDS.text(COLUMNS["gravity_1", 3, "report"].sentences((1992, 2022)))
    assert sentences.startswith("gravity: lct_trade ~ china_to_high_income_1995_2001 + ")
    assert "without domestic trade, 1995-2023" in sentences
    named = labels(WORDS)
    assert named["china_to_high_income_2018_2023"] == (
        "China to high income, 2018–2023",
        "中国对高收入经济体, 2018–2023",
    )
    assert {t for s in GRAVITY_SPECIFICATIONS for t in (*s.terms, s.outcome)} <= set(named)
