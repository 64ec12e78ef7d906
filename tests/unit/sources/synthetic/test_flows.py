"""From totals to flows: what is reported under a code, and what the concordance makes of it."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest

from orchestration.sources.synthetic import economies, flows, world
from orchestration.sources.synthetic.calibration import COMTRADE_REVISIONS, SCALES, TRADE_YEARS


@pytest.fixture(scope="module")
def invented() -> flows.Flows:
    rng = world.random_numbers(7)
    return flows.invent_flows(rng, world.invent(rng), SCALES["small"])


@cache
def given_back(hs_revision: str) -> pd.DataFrame:
    """Product traded x product found: the part of a USD that treatment harmonised finds where."""
    under = flows.codes().merge(flows.concordance()).query(f"hs_revision == '{hs_revision}'")
    by_code = under.pivot(index="product_code", columns="hs6_code", values=["per_usd", "weight"])
    by_code = by_code.reindex(flows.products().product_code).fillna(0.0)
    return by_code.per_usd @ by_code.weight.T


@pytest.mark.parametrize("hs_revision", COMTRADE_REVISIONS.values())
def test_every_dollar_is_found_once_in_its_own_list_and_sector(hs_revision: str) -> None:
    found = given_back(hs_revision)
    under = flows.codes().query(f"hs_revision == '{hs_revision}'")
    counted = found.index.isin(under.product_code[under.is_counted])
    np.testing.assert_allclose(found.sum(axis=1), counted.astype(float), rtol=1e-12)
    group = (flows.products().kind + flows.products().sector).to_numpy()
    assert (group[:, None] == group)[found.to_numpy() > 0].all()


@pytest.mark.parametrize("flow", ["from_china", "to_china", "rest_exports", "rest_imports"])
def test_every_product_is_found_as_it_was_traded(invented: flows.Flows, flow: str) -> None:
    """In the revision of the year, products that share a code included."""
    shared = 0
    for y, year in enumerate(TRADE_YEARS):
        found = given_back(flows.in_force(COMTRADE_REVISIONS, int(year))).to_numpy()
        counted = found.any(axis=0)
        traded = getattr(invented, flow)[:, :, y]
        np.testing.assert_allclose((traded @ found)[:, counted], traded[:, counted], rtol=1e-9)
        shared += int(((found > 0) & (found < 0.9)).sum())
    assert shared > 0


def test_only_electric_vehicles_before_hs_2017_are_hidden() -> None:
    """They are reported under codes of which nothing counts."""
    hidden = flows.codes().query("not is_counted")
    assert set(hidden.hs_revision) == {"H0", "H1", "H2", "H3", "H4"}
    assert set(hidden.product_code.str[:4]) == {"8702", "8703", "8711"}
    codes = pd.MultiIndex.from_frame(hidden[["hs_revision", "hs6_code"]])
    assert (flows.counted_parts().loc[codes] == 0).all()


def test_trade_under_a_former_state_counts_in_that_states_group() -> None:
    everyone = economies.economies()
    group = pd.DataFrame(
        economies.groups_in(everyone, "income_group"), everyone.frame.iso3, TRADE_YEARS
    )
    assert set(group.loc[["CZE", "SVK"], 1992]) == {"Upper middle income"}
    assert set(group.loc[["CZE", "SVK"], 1993:].stack()) == {"High income"}
    assert set(group.loc[["BEL", "LUX"]].stack()) == {"High income"}
    assert set(group.loc[["SRB", "MNE"], :2005].stack()) == {"Lower middle income"}
    assert set(group.loc[["SRB", "MNE"], 2006:].stack()) == {"Upper middle income"}
