"""The world that obeys gravity: consistent, with zeros, and the same by the warehouse's own way."""

from __future__ import annotations

import duckdb
import numpy as np
import pandas as pd
import pytest

from estimation.gravity.specifications import BASIS
from orchestration.build.estimates import bilateral_trade
from orchestration.sources.synthetic import gravity, gravity_recovery
from orchestration.sources.synthetic.calibration import WORLD_EXPORTS
from orchestration.sources.synthetic.flows import products
from orchestration.sources.synthetic.gravity import GravityWorld, invent_gravity
from orchestration.sources.synthetic.world import random_numbers


@pytest.fixture(scope="module")
def world() -> GravityWorld:
    return invent_gravity(random_numbers(800_000))


def test_a_third_of_the_flows_is_zero_and_the_rest_is_heteroskedastic(world: GravityWorld) -> None:
    flows = world.bilateral().flows(gravity_recovery.COLUMNS[0])
    places = (
        pd.Index(world.iso3).get_indexer(flows.exporter_iso3),
        pd.Index(world.iso3).get_indexer(flows.importer_iso3),
        flows.year.to_numpy() - gravity.YEARS[0],
    )
    traded = np.zeros(world.expected.shape)
    traded[places] = flows.value_usd
    expected = world.expected
    assert not traded[expected == 0].any()
    assert 0.25 < (traded[expected > 0] == 0).mean() < 0.4
    small, large = (
        (expected > 0) & (low < expected) & (expected < high)
        for low, high in ((1e7, 3e7), (1e9, 3e9))
    )
    relative = [np.std(traded[rows] / expected[rows]) for rows in (small, large)]
    assert relative[0] > 3 * relative[1]


def test_the_world_is_consistent(world: GravityWorld) -> None:
    assert world.expected[..., -1].sum() == pytest.approx(1e9 * WORLD_EXPORTS[2022])
    assert (world.groups == "China").sum() == 1
    assert (world.groups == "High income").sum() > 15
    km = world.pairs.pivot(index="iso3_o", columns="iso3_d", values="distance_km").to_numpy()
    np.testing.assert_allclose(km, km.T)
    # the way over a third place is never shorter
    assert (km[:, None, :] <= km[:, :, None] + km[None, :, :] + 1e-6)[
        ~np.eye(len(km), dtype=bool)
    ].all()
    of_belgium = world.trade.query("exporter_iso3 == 'BEL' or importer_iso3 == 'BEL'")
    assert of_belgium.year.min() == 1999, "until then it trades under the code of a former state"
    again = invent_gravity(random_numbers(800_000))
    pd.testing.assert_frame_equal(again.trade, world.trade)


def test_the_warehouse_reads_the_same_from_its_marts(world: GravityWorld) -> None:
    trade = world.trade.assign(basis=BASIS, hs_treatment="harmonised")
    listed = products().query("sector != ''")
    lists = listed[["product_code"]].assign(product_list="lct", mineral_scope="ores")
    economies = pd.DataFrame({"iso3": world.iso3, "country_group": world.groups})
    marts = {
        "fct_trade_flow_variants": trade,
        "dim_product": listed,
        "bridge_product_list": lists,
        "dim_economy_pair": world.pairs,
        "dim_economy": economies,
    }
    with duckdb.connect() as connection:
        connection.execute("create schema marts")
        for name, rows in marts.items():
            connection.register("rows", rows)
            connection.execute(f"create table marts.{name} as select * from rows")
        read, own = bilateral_trade(connection), world.bilateral()
        s = gravity_recovery.COLUMNS[0]
        keys = ["exporter_iso3", "importer_iso3", "year"]
        flows = read.flows(s).set_index(keys).value_usd
    np.testing.assert_allclose(flows, own.flows(s).set_index(keys).value_usd.reindex(flows.index))
    assert len(flows) == len(own.flows(s))
    assert set(read.recorded.itertuples(index=False, name=None)) == set(
        own.recorded.itertuples(index=False, name=None)
    )
    assert read.groups == own.groups
    assert len(read.pairs) == len(own.pairs) == len(world.iso3) ** 2
