"""Influence: estimates without a unit against a panel rebuilt without it and fitted by dummies."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from estimation.designs.influence import (
    LeftOut,
    ProductTrade,
    TradeVariable,
    without_rows,
    without_trade,
)
from estimation.designs.specification_curve import (
    Member,
    PanelChoice,
    Point,
    curve_points,
    sample_of,
)
from estimation.estimate import estimate
from estimation.sample import Sample
from estimation.specifications import Specification
from tests.support.estimation import FULL, SMALL, of_kind, small_panel

VARIABLES = {
    "lct_imports_from_china_kusd": TradeVariable("lct", "import", "trade"),
    "ln_lct_imports_from_china": TradeVariable("lct", "import", "trade_ln"),
}
WINDOW = (1998, 2010)
ON_RECONCILED = {"basis": "reconciled", "inference": ("cluster_iso3",)}
TRADE = "lct_imports_from_china"
WITH_INTERACTION = Specification(
    "table_7",
    1,
    "y",
    ("lct_imports_x_b", TRADE, "b", "a"),
    product_lists=(("lct", 1),),
    **ON_RECONCILED,
)
OF_TRADE = Specification(
    "table_4", 1, f"ln_{TRADE}", ("a", "b"), product_lists=(("lct", 0),), **ON_RECONCILED
)


def products_traded(seed: int = 3) -> pd.DataFrame:
    """Imports of five products in three sectors: not all of them, not everywhere, some negative."""
    rng = np.random.default_rng(seed)
    codes = pd.DataFrame(
        {
            "product_code": ["841919", "850231", "850760", "854140", "900000"],
            "sector": ["buildings", "power", "storage", "power", None],
        }
    )
    flows = small_panel()[["iso3", "year"]].merge(codes, how="cross")
    flows["value_mills"] = np.exp(rng.normal(15, 2, len(flows))).astype(np.int64)
    flows = flows[rng.random(len(flows)) < 0.4]
    # an error of a publisher outweighs the other products: without it there is a logarithm
    flows.loc[flows.index[7::90], "value_mills"] *= -40
    return flows.reset_index(drop=True)


def rebuilt(panel: pd.DataFrame, flows: pd.DataFrame) -> pd.DataFrame:
    """The panel with its trade variables made of these flows, in plain pandas."""
    traded = flows.groupby(["iso3", "year"], as_index=False)["value_mills"].sum()
    traded["kusd"] = traded.pop("value_mills") / 1e6
    found = panel.merge(traded, on=["iso3", "year"], how="left")
    found[f"ln_{TRADE}"] = np.log(found["kusd"].where(found["kusd"] > 0))
    before = traded.assign(year=traded["year"] + 1).rename(columns={"kusd": "lag1"})
    found = found.merge(before, on=["iso3", "year"], how="left")
    window = found.loc[found["year"].between(*WINDOW), "lag1"]
    found[f"{TRADE}_kusd_lag1_z"] = (found["lag1"] - window.mean()) / window.std()
    return found


def refitted(panel: pd.DataFrame, s: Specification, term: str) -> tuple[float, int]:
    """The term's coefficient with a dummy for every economy and year, and the rows of the fit."""
    columns = [f"{v}_lag1_z" for v in s.variables]
    sample = panel[["iso3", "year", s.outcome, *columns]].dropna()
    sample = sample[sample["year"].between(s.first_year, s.last_year)]
    while (
        alone := (sample.groupby("iso3")["year"].transform("size") == 1)
        | (sample.groupby("year")["iso3"].transform("size") == 1)
    ).any():
        sample = sample[~alone]
    terms = [sample[[f"{v}_lag1_z" for v in s.variables_of(name)]].prod(axis=1) for name in s.terms]
    dummies = pd.get_dummies(sample[["iso3", "year"]].astype(str)).to_numpy(dtype=float)
    x = np.column_stack([*terms, dummies])
    beta = np.linalg.lstsq(x, sample[s.outcome].to_numpy(), rcond=None)[0]
    return float(beta[s.terms.index(term)]), len(sample)


def examined(
    panel: pd.DataFrame, flows: pd.DataFrame, s: Specification, term: str
) -> tuple[Point, dict[str, LeftOut]]:
    """The term's estimate, and what it is without each product and sector."""
    choice = PanelChoice(rebuilt(panel, flows), FULL)
    panels = {("reconciled", s.hs_treatment, s.mineral_scope): choice}
    [point] = curve_points([Member(s, ())], term, panels)
    assert isinstance(point, Point), point
    trade = ProductTrade(lambda *_: flows, VARIABLES, WINDOW)
    rows = without_trade(s, term, point, choice, trade)
    assert len({(row.kind, row.unit) for row in rows}) == len(rows)
    return point, {row.unit: row for row in rows}


# ---- economies and years -------------------------------------------------------------------------


def test_without_an_economy_or_year_it_is_that_of_refitting() -> None:
    panel = small_panel(seed=6, economies=8)
    s = replace(SMALL, **ON_RECONCILED)
    panels = {("reconciled", s.hs_treatment, s.mineral_scope): PanelChoice(panel, FULL)}
    [point] = curve_points([Member(s, ())], "b", panels)
    sample = sample_of(s, panels)
    assert isinstance(point, Point)
    assert isinstance(sample, Sample)
    found = without_rows(s, "b", point, sample)
    assert {kind: sum(row.kind == kind for row in found) for kind in ("economy", "year")} == {
        "economy": 8,
        "year": 20,
    }
    for row in found[::5]:
        key = panel["iso3"] if row.kind == "economy" else panel["year"].astype(str)
        result = estimate(panel[key != row.unit], SMALL, FULL, ["iid"])
        own = of_kind(result, "iid").loc["b"]
        assert row.estimate == pytest.approx(own["estimate"], rel=1e-5)
        assert row.n_observations == result.diagnostics["n_observations"]
        assert row.change == pytest.approx((row.estimate - point.estimate) / point.std_error)


# ---- products and sectors ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("specification", "term"),
    [
        (WITH_INTERACTION, "lct_imports_x_b"),
        (WITH_INTERACTION, TRADE),
        (WITH_INTERACTION, "a"),
        (replace(WITH_INTERACTION, terms=(TRADE,)), TRADE),
        (OF_TRADE, "b"),
    ],
)
def test_without_a_product_or_sector_it_is_that_of_a_rebuilt_panel(
    specification: Specification, term: str
) -> None:
    panel, flows = small_panel(), products_traded()
    point, found = examined(panel, flows, specification, term)
    whole, whole_rows = refitted(rebuilt(panel, flows), specification, term)
    assert (point.estimate, point.moments.n_rows) == (pytest.approx(whole, rel=1e-6), whole_rows)
    assert len(found) == 5 + 3
    for unit, row in found.items():
        column = {"product": "product_code", "sector": "sector"}[row.kind]
        rest = rebuilt(panel, flows[flows[column] != unit])
        estimate_without, rows = refitted(rest, specification, term)
        assert row.estimate == pytest.approx(estimate_without, rel=1e-6), unit
        assert row.n_observations == rows, unit
        assert row.change == pytest.approx((row.estimate - point.estimate) / point.std_error)
        assert row.reason is None
    assert any(row.n_observations < whole_rows for row in found.values())
    # where the rest is positive and the whole is not, a row is gained
    with_negative = rebuilt(panel, flows), rebuilt(panel, flows[flows["product_code"] != "841919"])
    whole_ln, rest_ln = (p[f"ln_{TRADE}"].notna() for p in with_negative)
    assert (rest_ln & ~whole_ln).any()


def test_an_estimate_stays_in_its_unit() -> None:
    """A product that is the same part of every economy's trade moves nothing, however large."""
    panel, flows = small_panel(), products_traded()
    flows = flows[flows["product_code"] == "850760"]
    larger = flows.assign(product_code="854140", value_mills=9 * flows["value_mills"])
    point, found = examined(
        panel, pd.concat([flows, larger]), replace(WITH_INTERACTION, terms=(TRADE, "a")), TRADE
    )
    assert found["854140"].estimate == pytest.approx(point.estimate, rel=1e-9)
    assert found["854140"].change == pytest.approx(0, abs=1e-8)


def test_what_cannot_be_left_out_says_why() -> None:
    """One product alone; one beside a product that is the same for all; one beside a constant."""
    panel, flows = small_panel(), products_traded()
    varying = flows[flows["product_code"] == "850760"]
    _, found = examined(panel, varying, replace(WITH_INTERACTION, terms=(TRADE,)), TRADE)
    assert {row.reason.code for row in found.values() if row.reason} == {"nothing_to_compare"}
    assert [row.n_observations for row in found.values()] == [0, 0]

    everywhere = panel[["iso3", "year"]].assign(product_code="854140", sector="power")
    by_year = everywhere.assign(value_mills=1000 * everywhere["year"] ** 2)
    both = pd.concat([varying, by_year])
    _, found = examined(panel, both, replace(WITH_INTERACTION, terms=(TRADE,)), TRADE)
    reasons = {unit: row.reason.code for unit, row in found.items() if row.reason}
    assert reasons == {"850760": "term_collinear", "storage": "term_collinear"}
    assert np.isnan(found["storage"].estimate)
    assert found["storage"].n_observations > 0

    both = pd.concat([varying, everywhere.assign(value_mills=10**9)])
    _, found = examined(panel, both, OF_TRADE, "a")
    reasons = {unit: row.reason.code for unit, row in found.items() if row.reason}
    assert reasons == {"850760": "outcome_constant", "storage": "outcome_constant"}

    few = everywhere.query("iso3 < 'E02' and year < 1998").assign(value_mills=1000)
    _, found = examined(panel, pd.concat([varying, few]), OF_TRADE, "a")
    assert found["850760"].reason is not None
    assert found["850760"].reason.code == "too_few_rows"


def test_a_specification_without_trade_has_no_products() -> None:
    panel, flows = small_panel(), products_traded()
    s = replace(SMALL, product_lists=(("lct", 1),), **ON_RECONCILED)
    _, found = examined(panel, flows, s, "a")
    assert found == {}


def test_flows_are_read_once_for_a_variable() -> None:
    panel, flows = small_panel(), products_traded()
    asked: list[TradeVariable] = []

    def read(_: Specification, variable: TradeVariable) -> pd.DataFrame:
        asked.append(variable)
        return flows

    choice = PanelChoice(rebuilt(panel, flows), FULL)
    trade = ProductTrade(read, VARIABLES, WINDOW)
    for s, term in ((WITH_INTERACTION, TRADE), (WITH_INTERACTION, "b"), (OF_TRADE, "a")):
        [point] = curve_points(
            [Member(s, ())], term, {("reconciled", "harmonised", "ores"): choice}
        )
        assert isinstance(point, Point)
        assert without_trade(s, term, point, choice, trade)
    assert asked == [*VARIABLES.values()]
