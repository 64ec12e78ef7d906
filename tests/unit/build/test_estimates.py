"""What estimation reads from the marts: the trade of a product list between all pairs."""

from __future__ import annotations

from dataclasses import replace

import duckdb
import pytest

from estimation.gravity.specifications import GRAVITY_SPECIFICATIONS, GravitySpecification
from orchestration.build.estimates import bilateral_trade

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
