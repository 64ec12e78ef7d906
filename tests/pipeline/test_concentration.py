"""Concentration, dependence and bottlenecks of supply, recomputed from the facts with pandas."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from orchestration.settings import PROJECT_ROOT
from tests.support.runs import FinishedRun

IN_2002 = "AUT BEL DEU DNK ESP FIN FRA GBR GRC IRL ITA LUX NLD PRT SWE"
IN_2022 = (
    "AUT BEL BGR CYP CZE DEU DNK ESP EST FIN FRA GRC HRV HUN IRL ITA LTU LUX LVA MLT NLD POL PRT "
    "ROU SVK SVN SWE"
)
MEMBERS = {2002: IN_2002, 2022: IN_2022}
# of the minerals that have landed only those of 2002 have been weighed
MEASURES = [(2022, "value", ""), (2002, "value", ""), (2002, "weight", "_by_weight")]


@pytest.fixture(scope="module")
def flows(real_run: FinishedRun) -> pd.DataFrame:
    """Reconciled flows in minerals, from the facts: they name no market."""
    return pd.DataFrame(
        real_run.ask(
            """
            select year, exporter_iso3, importer_iso3, transition_mineral, mineral_stage,
                value_usd, net_weight_kg
            from marts.fct_trade_flow_variants
            join marts.dim_product using (product_code)
            where basis = 'reconciled' and hs_treatment = 'harmonised'
                and transition_mineral is not null and value_usd > 0
            """
        ),
        columns=["year", "exporter", "importer", "mineral", "stage", "value", "weight"],
    )


def _shares(flows: pd.DataFrame, amount: str = "value") -> pd.Series:
    by_supplier = flows.groupby("exporter")[amount].sum().sort_values(ascending=False)
    return by_supplier[by_supplier > 0] / by_supplier.sum()


def _measures(flows: pd.DataFrame, amount: str, suffix: str) -> dict[str, float]:
    shares = _shares(flows, amount)
    largest = shares.iloc[0] if len(shares) else np.nan
    rest = shares[1:] / shares[1:].sum()
    return {
        f"suppliers_above_1_percent{suffix}": int((shares > 0.01).sum()),
        f"top_1_share{suffix}": largest,
        f"top_3_share{suffix}": shares[:3].sum() if len(shares) else np.nan,
        f"china_share{suffix}": shares.get("CHN", 0.0) if len(shares) else np.nan,
        f"hhi{suffix}": (shares**2).sum() if len(shares) else np.nan,
        f"hhi_without_largest{suffix}": (rest**2).sum() if len(rest) else np.nan,
    }


@pytest.mark.parametrize(("year", "amount", "suffix"), MEASURES)
@pytest.mark.parametrize("side", ["export", "import"])
@pytest.mark.parametrize("intra_eu_trade", ["kept", "netted"])
def test_concentration_of_minerals_is_that_of_the_facts(
    real_run: FinishedRun,
    flows: pd.DataFrame,
    side: str,
    intra_eu_trade: str,
    year: int,
    amount: str,
    suffix: str,
) -> None:
    """Every mineral, stage and economy of two years, to twelve digits."""
    counted, members = flows[flows["year"] == year], MEMBERS[year].split()
    if intra_eu_trade == "netted":
        if side == "import":  # others have nothing to net
            counted = counted[counted["importer"].isin(members)]
        within = counted["exporter"].isin(members) & counted["importer"].isin(members)
        counted = counted[~within]
    counted = pd.concat([counted, counted.assign(stage="all")])
    if side == "export":
        counted = counted.assign(importer="WLD")
    keys = ["mineral", "stage", "importer"]
    expected = {key: _measures(group, amount, suffix) for key, group in counted.groupby(keys)}
    names = list(next(iter(expected.values())))
    found = real_run.ask(
        f"""
        select market, mineral_stage, economy_iso3, {", ".join(names)}
        from marts.supply_concentration
        where market_kind = 'mineral' and year = ? and side = ? and intra_eu_trade = ?
            and economy_iso3 <> 'EUU' and suppliers > 0
        """,
        [year, side, intra_eu_trade],
    )
    ours = {row[:3]: row[3:] for row in found}
    assert ours.keys() == expected.keys()
    assert len(ours) > (10 if side == "export" else 200)
    for key, measures in expected.items():
        actual = np.array([np.nan if v is None else v for v in ours[key]], dtype=float)
        np.testing.assert_allclose(actual, list(measures.values()), rtol=1e-12, err_msg=str(key))


def test_dependence_is_shares_of_the_facts(real_run: FinishedRun, flows: pd.DataFrame) -> None:
    cobalt = flows[(flows["year"] == 2022) & (flows["mineral"] == "cobalt")]
    pairs = cobalt.groupby(["importer", "exporter"])["value"].sum()
    pairs = pairs[pairs > 0]
    of_imports = pairs / pairs.groupby("importer").transform("sum")
    of_exports = pairs / pairs.groupby("exporter").transform("sum")
    found = real_run.ask(
        """
        select importer_iso3, supplier_iso3, value_usd, share_of_imports, share_of_exports,
            asymmetry
        from marts.supply_dependence
        where market = 'cobalt' and mineral_stage = 'all' and year = 2022
            and intra_eu_trade = 'kept' and importer_iso3 <> 'EUU'
        """
    )
    ours = {row[:2]: row[2:] for row in found}
    assert ours.keys() == set(pairs.index)
    for pair, value in pairs.items():
        expected = [value, of_imports[pair], of_exports[pair], of_imports[pair] - of_exports[pair]]
        np.testing.assert_allclose(ours[pair], expected, rtol=1e-12, atol=1e-15)


def test_one_partner_is_a_bottleneck(real_run: FinishedRun, flows: pd.DataFrame) -> None:
    ores = flows[(flows["year"] == 2022) & (flows["stage"] == "ore")]
    expected = {
        key
        for key, group in ores.groupby(["mineral", "importer"])
        if group["value"].sum() >= 1e7 and _shares(group).iloc[0] >= 0.8
    }
    assert len(expected) == 8
    assert expected == set(
        real_run.ask(
            """
            select market, importer_iso3 from marts.supply_bottleneck
            where market_kind = 'mineral' and mineral_stage = 'ore' and year = 2022
                and measure = 'one_partner' and importer_iso3 <> 'EUU'
            """
        )
    )


def test_stages_of_a_mineral_sum_to_all_of_it(demo_run: FinishedRun) -> None:
    [(markets, most)] = demo_run.ask(
        """
        select count(*), max(abs(stages / whole - 1)) from (
            select
                sum(allocated_usd) filter (mineral_stage <> 'all') as stages,
                sum(allocated_usd) filter (mineral_stage = 'all') as whole
            from marts.supply_concentration
            where market_kind = 'mineral' and suppliers > 0
            group by market, year, economy_iso3, intra_eu_trade
        )
        """
    )
    assert markets > 10_000
    assert most < 1e-12


def test_the_questions_of_the_docs_are_answered(real_run: FinishedRun) -> None:
    text = (PROJECT_ROOT / "docs" / "concentration.md").read_text(encoding="utf-8")
    by_stage, by_importer, bottlenecks = re.findall(r"```sql\n(.+?)```", text, re.DOTALL)
    assert {row[0] for row in real_run.ask(by_stage)} == {"cobalt", "lithium", "nickel"}
    assert len(real_run.ask(by_importer)) == 10
    assert len(real_run.ask(bottlenecks)) > 0
