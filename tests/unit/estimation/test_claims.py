"""The claims of the report: what they rest on, the rule of the verdict, and the tables."""

from __future__ import annotations

from dataclasses import asdict, replace

import numpy as np
import pandas as pd
import pytest

from estimation import claims as module
from estimation.claims import Claim, Examined, claim_tables, examine, verdict_of
from estimation.designs.influence import LeftOut, ProductTrade, TradeVariable
from estimation.designs.specification_curve import (
    DIMENSIONS,
    DRAWS,
    Joint,
    PanelChoice,
    Panels,
    Point,
    curve_points,
    members_of,
)
from estimation.reasons import NotEstimable, because
from estimation.specifications import Specification
from orchestration.build.estimates import estimation_words
from orchestration.seeds import seed_rows
from tests.support.estimation import FULL, PRINTED_COLUMNS, SMALL, small_panel

CLAIMS = [Claim.from_row(row) for row in seed_rows("claims")]
CLAIM = Claim("small", "table_5", 1, "a", 1, "More a, more y.", "a 越多，y 越多。")
WORDS = estimation_words()


@pytest.fixture
def small_specification(monkeypatch: pytest.MonkeyPatch) -> Specification:
    """SMALL is the report's own specification of CLAIM, with an interaction to have choices."""
    specification = replace(SMALL, terms=("a", "b", "a_x_b"))
    monkeypatch.setattr(module, "REPORT_SPECIFICATIONS", (specification,))
    return specification


def panels_of(panel: pd.DataFrame) -> Panels:
    """The same trade on every basis and treatment, with lags that are z-scores already."""
    panel = panel.assign(a_lag1=panel["a_lag1_z"], b_lag1=panel["b_lag1_z"])
    choice = PanelChoice(panel, FULL)
    return {
        (basis, treatment, "ores"): choice
        for basis in ("china_reported", "partner_reported", "reconciled")
        for treatment in ("harmonised", "as_reported", "strict")
    }


def test_every_claim_rests_on_a_printed_coefficient_of_its_sign() -> None:
    printed = {
        (row["exhibit"], int(row["column_number"]), row["term"]): float(row["estimate"])
        for row in seed_rows("published_estimates")
    }
    against = set()
    for claim in CLAIMS:
        assert claim.term in claim.specification.terms
        if claim.direction * printed[claim.exhibit, claim.column, claim.term] <= 0:
            against.add(claim.code)
    assert against == {"fdi_co2_per_gdp"}, "printed 0.005, and not significant"
    assert len({claim.code for claim in CLAIMS}) == len(CLAIMS) == 25


def test_a_claim_without_a_column_is_refused() -> None:
    with pytest.raises(LookupError, match="no column 9 of table_6"):
        _ = replace(CLAIMS[0], exhibit="table_6", column=9).specification


# ---- the rule ------------------------------------------------------------------------------------


def joint(stouffer_p: float, in_direction: float) -> Joint:
    return Joint(86, 0.1, 0.5, in_direction, 0.5, 0.5, 2.0, stouffer_p, 500)


def examined(
    low: float, high: float, stouffer_p: float, in_direction: float = 1.0, without: float = 0.1
) -> Examined:
    """A claim whose interval, joint test and influence are as given; the interval is 95 %."""
    panel = small_panel()
    [own, *_] = members_of(CLAIM.specification, CLAIM.term, "reconciled")
    [point] = curve_points([own], CLAIM.term, panels_of(panel))
    assert isinstance(point, Point)
    half = (high - low) / 2
    scale = half / ((point.interval[1] - point.interval[0]) / 2)
    point = replace(point, estimate=(low + high) / 2, std_error=point.std_error * scale)
    left_out = [LeftOut("economy", "E00", without, 0.0, 300)]
    return Examined(CLAIM, [], [point], joint(stouffer_p, in_direction), left_out)


@pytest.mark.usefixtures("small_specification")
@pytest.mark.parametrize(
    ("case", "printed", "verdict", "rule"),
    [
        ((0.1, 0.5, 0.01), 0.3, "holds", "everything_agrees"),
        ((0.1, 0.5, 0.01, 0.8), 0.3, "fragile", "parts_agree"),
        ((0.1, 0.5, 0.20), 0.3, "fragile", "parts_agree"),
        ((0.1, 0.5, 0.01, 1.0, -0.1), 0.3, "fragile", "parts_agree"),
        ((-0.1, 0.5, 0.01), 0.3, "fragile", "parts_agree"),
        ((-0.1, 0.5, 0.20), 0.3, "cannot_be_told", "interval_too_wide"),
        ((-0.1, 0.2, 0.20), 0.3, "not_supported", "nothing_agrees"),
        ((-0.5, -0.1, 0.99), 0.3, "not_supported", "nothing_agrees"),
    ],
)
def test_the_rule_by_hand(case: tuple[float, ...], printed: float, verdict: str, rule: str) -> None:
    found = verdict_of(examined(*case), printed)
    assert (found.verdict.code, found.rule.code) == (verdict, rule)


@pytest.mark.usefixtures("small_specification")
def test_the_rule_is_of_economies_and_years_alone() -> None:
    """It was written before products and sectors were examined."""
    case = examined(0.1, 0.5, 0.01)
    for kind, verdict in (("product", "holds"), ("sector", "holds"), ("year", "fragile")):
        changed = replace(case, left_out=[*case.left_out, LeftOut(kind, "x", -0.1, -2.0, 300)])
        assert verdict_of(changed, 0.3).verdict.code == verdict


def test_without_an_estimate_nothing_can_be_told() -> None:
    nothing = NotEstimable(because("not_estimable", "no_data", variable="x"))
    for points, tested in (([nothing], joint(0.01, 1.0)), ([nothing], None)):
        found = verdict_of(Examined(CLAIM, [], points, tested, []), 0.3)
        assert (found.verdict.code, found.rule.code) == ("cannot_be_told", "no_curve")


# ---- the tables ----------------------------------------------------------------------------------


def test_claims_that_differ_in_their_outcome_alone_say_together_what_they_say_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of three outcomes, `scaled` has the rows of y, `gappy` has not."""
    panel = small_panel(seed=3, economies=10, years=range(1996, 2005))
    rest = np.random.default_rng(3).normal(size=len(panel))
    panel = panel.assign(scaled=2 * panel["y"] + rest, gappy=(panel["y"] + rest).where(rest > -1))
    claims = [
        replace(CLAIM, code=outcome, column=column)
        for column, outcome in enumerate(("y", "scaled", "gappy"), start=1)
    ]
    specifications = tuple(
        replace(SMALL, column=claim.column, outcome=claim.code, terms=("a", "b", "a_x_b"))
        for claim in claims
    )
    monkeypatch.setattr(module, "REPORT_SPECIFICATIONS", specifications)
    together = examine(claims, panels_of(panel), "reconciled")
    assert [found.claim for found in together] == claims
    regressors = [{id(p.moments.regressors) for p in found.estimated} for found in together]
    assert regressors[0] == regressors[1]
    assert not regressors[0] & regressors[2]
    for found in together:
        [alone] = examine([found.claim], panels_of(panel), "reconciled")
        assert found.joint is not None
        assert alone.joint is not None
        assert asdict(found.joint) == pytest.approx(asdict(alone.joint), rel=1e-9)
        for point, other in zip(found.estimated, alone.estimated, strict=True):
            assert point.estimate == pytest.approx(other.estimate, rel=1e-9)
            assert point.std_error == pytest.approx(other.std_error, rel=1e-9)
        assert found.left_out == alone.left_out


PUBLISHED = pd.DataFrame([("table_5", 1, "y", "a", 0.5, 3, 5.0, 300)], columns=PRINTED_COLUMNS)
NO_COEFFICIENTS = pd.DataFrame(
    columns=["exhibit", "column", "term", "basis", "inference", "estimate", "conf_low", "conf_high"]
)


@pytest.mark.usefixtures("small_specification")
def test_tables_of_a_planted_claim() -> None:
    said: list[str] = []
    panels = dict(panels_of(small_panel()))
    del panels["china_reported", "strict", "ores"]
    tables = claim_tables(
        [CLAIM, replace(CLAIM, code="reversed", direction=-1)],
        panels,
        NO_COEFFICIENTS,
        PUBLISHED,
        "reconciled",
        WORDS,
        said.append,
    )
    claims = tables["claims"].set_index("claim_code")
    assert claims["verdict_code"].to_dict() == {"small": "holds", "reversed": "not_supported"}
    assert claims.loc["small", "estimate"] == pytest.approx(0.5, abs=0.2)
    assert set(claims["n_draws"]) == {DRAWS} == {500}
    assert claims.loc["small", "share_p_value"] == pytest.approx(3 / (1 + DRAWS))
    curve = tables["specification_curve"].query("claim_code == 'small'")
    assert len(curve) == claims.loc["small", "n_specifications"]
    assert curve["estimate"].notna().sum() == claims.loc["small", "n_estimates"] < len(curve)
    assert set(curve.loc[curve["estimate"].isna(), "reason_code"]) == {"no_trade_on_basis"}
    assert {*DIMENSIONS} <= {*curve.columns}
    assert tables["influence"].groupby(["claim_code", "unit_kind"]).size().to_dict() == {
        (code, kind): n
        for code in ("small", "reversed")
        for kind, n in (("economy", 20), ("year", 20))
    }
    shares = tables["specification_variance"].query("claim_code == 'small'")
    assert 0 < shares["share"].sum() <= 1 + 1e-9
    # the bases and treatments of this panel are the same numbers
    largest = shares.loc[shares["share"].idxmax(), "dimension"]
    assert largest not in ("basis", "hs_treatment")
    assert said[0].startswith("claim small: ")
    assert "holds: on the report's own specification 0." in claims.loc["small", "reading_en"]
    assert claims.loc["small", "reading_zh"].startswith("成立：")


@pytest.mark.usefixtures("small_specification")
def test_products_and_sectors_stand_beside_the_verdict() -> None:
    """Term b as the trade in two products, and another that only some economies trade."""
    panel = small_panel()
    rng = np.random.default_rng(1)
    flows = pd.concat(
        panel[["iso3", "year"]].assign(
            product_code=code, sector=sector, value_mills=rng.integers(1, 10**9, len(panel))
        )
        for code, sector in (("850760", "storage"), ("854140", "power"), ("850231", "power"))
    )
    flows = flows[(flows["product_code"] != "850231") | (flows["iso3"] < "E05")]
    trade = ProductTrade(
        lambda *_: flows, {"b": TradeVariable("mineral", "import", "trade")}, (1992, 2022)
    )
    tables = claim_tables(
        [CLAIM],
        panels_of(panel),
        NO_COEFFICIENTS,
        PUBLISHED,
        "reconciled",
        WORDS,
        lambda _: None,
        trade,
    )
    influence = tables["influence"].query("unit_kind in ('product', 'sector')")
    assert influence["unit"].tolist() == ["850231", "850760", "854140", "power", "storage"]
    [claim] = tables["claims"].to_dict("records")
    for kind in ("product", "sector"):
        of_kind = influence[influence["unit_kind"] == kind]
        most = of_kind.loc[of_kind["change_in_std_errors"].abs().idxmax()]
        assert claim[f"most_influential_{kind}"] == most["unit"]
        assert claim[f"change_without_{kind}"] == most["change_in_std_errors"]
    # the lag of the first year is not recorded
    assert influence["n_observations"].max() < claim["n_observations"]


@pytest.mark.usefixtures("small_specification")
def test_tables_where_no_trade_has_landed() -> None:
    tables = claim_tables(
        [CLAIM], {}, NO_COEFFICIENTS, PUBLISHED, "reconciled", WORDS, lambda _: None
    )
    [row] = tables["claims"].to_dict("records")
    assert (row["verdict_code"], row["n_estimates"]) == ("cannot_be_told", 0)
    assert row["reading_en"].endswith("no trade with China has landed on the basis reconciled")
    assert tables["influence"].empty
    assert tables["specification_variance"].empty
