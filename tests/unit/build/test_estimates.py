"""What estimation reads from the marts: trade of a product list, by pair and with China."""

from __future__ import annotations

from dataclasses import replace

import duckdb
import pytest

from estimation.designs.influence import TradeVariable
from estimation.gravity.specifications import GRAVITY_SPECIFICATIONS, GravitySpecification
from estimation.specifications import REPORT_SPECIFICATIONS, SPECIFICATIONS
from orchestration.build.estimates import bilateral_trade, product_trade

MARTS = """
create schema marts;
create table marts.bridge_product_list as
    select * from (values
        ('lct', 'ores', '1'), ('lct', 'ores', '2'),
        ('lct', 'all_stages', '1'), ('lct', 'all_stages', '2'),
        ('mineral', 'ores', '3'), ('mineral', 'all_stages', '3'), ('mineral', 'all_stages', '1')
    ) as t(product_list, mineral_scope, product_code);
create table marts.dim_product as
    select * from (values ('1', 'transport'), ('2', 'buildings'), ('3', null))
    as t(product_code, sector);
create table marts.fct_trade_flow_variants as
    select *, 2020 as year, 'CHN' as exporter_iso3, 'DEU' as importer_iso3, 'baci' as source
    from (values
        ('1', 1.001, 'reconciled', 'harmonised'), ('2', 20.0, 'reconciled', 'harmonised'),
        ('3', 300.0, 'reconciled', 'harmonised'), ('1', 4000.0, 'reconciled', 'strict'),
        ('1', 50000.0, 'china_reported', 'harmonised')
    ) as t(product_code, value_usd, basis, hs_treatment);
create table marts.dim_economy_pair as select 'CHN' as exporter_iso3, 'DEU' as importer_iso3;
create table marts.dim_economy as select 'CHN' as iso3, 'China' as country_group;
"""


def of(product_list: str, mineral_scope: str, **changes: str) -> GravitySpecification:
    [s, *_] = (s for s in GRAVITY_SPECIFICATIONS if s.sector is None)
    lists = ((product_list, 0),)
    return replace(s, product_lists=lists, mineral_scope=mineral_scope, **changes)


@pytest.mark.parametrize(
    ("specification", "value"),
    [
        (of("lct", "ores"), 21.001),
        (of("lct", "all_stages"), 21.001),
        (of("lct", "ores", sector="transport"), 1.001),
        (of("lct", "ores", hs_treatment="strict"), 4000.0),
        (of("mineral", "ores"), 300.0),
        (of("mineral", "all_stages"), 301.001),
    ],
)
def test_gravity_sums_the_members_of_its_product_list(
    specification: GravitySpecification, value: float
) -> None:
    with duckdb.connect() as connection:
        connection.execute(MARTS)
        flows = bilateral_trade(connection).flows(specification)
    assert flows.to_dict("records") == [
        {"year": 2020, "exporter_iso3": "CHN", "importer_iso3": "DEU", "value_usd": value}
    ]


@pytest.mark.parametrize(
    ("variable", "basis", "expected"),
    [
        (
            TradeVariable("lct", "import", "trade"),
            "reconciled",
            [("DEU", "1", "transport", 1001), ("DEU", "2", "buildings", 20000)],
        ),
        (
            TradeVariable("mineral", "import", "trade"),
            "reconciled",
            [("DEU", "3", None, 300000)],
        ),
        (
            TradeVariable("lct", "import", "trade"),
            "china_reported",
            [("DEU", "1", "transport", 50_000_000)],
        ),
        (TradeVariable("lct", "export", "trade"), "reconciled", []),
    ],
)
def test_influence_has_the_products_of_a_list_and_direction(
    variable: TradeVariable, basis: str, expected: list[tuple]
) -> None:
    s = replace(SPECIFICATIONS[0], basis=basis)
    with duckdb.connect() as connection:
        connection.execute(MARTS)
        flows = product_trade(connection, (1992, 2022)).flows(s, variable)
    columns = ["iso3", "product_code", "sector", "value_mills"]
    found = flows[columns].astype(object)
    assert found.where(found.notna(), None).values.tolist() == [[*row] for row in expected]
    assert set(flows["year"]) <= {2020}


def test_influence_knows_the_trade_of_every_column_of_the_report() -> None:
    """No column has two series of trade, or one that its panel does not sum."""
    with duckdb.connect() as connection:
        variables = product_trade(connection, (1992, 2022)).variables
    for s in REPORT_SPECIFICATIONS:
        of_trade = [name for name in (s.outcome, *s.variables) if name in variables]
        assert len(of_trade) == 1, (s.exhibit, s.column)
        assert s.concerns(variables[of_trade[0]].product_list)
        assert variables[of_trade[0]].transformation in ("trade", "trade_ln")
