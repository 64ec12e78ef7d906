"""China's trade by month in a few products, with planted price shocks.

The months of a flow sum to its year exactly. Their prices are a product's level, its partner's
lasting difference from it, a common random walk, and in some products a shock; weights follow from
them, so that the year's weight is the sum of its months'. January 2020 is published within
February, as China did. Random numbers of their own leave those of the other years as they are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from orchestration.sources.synthetic.calibration import TRADE_YEARS
from orchestration.sources.synthetic.economies import CHINA
from orchestration.sources.synthetic.flows import codes
from orchestration.sources.synthetic.reports import RECORD, WORLD_CODE
from orchestration.sources.synthetic.world import World

FIRST_YEAR = 2015
MONTHS = np.arange(1, 13)
JANUARY_IN_FEBRUARY = 2020


@dataclass(frozen=True)
class Shock:
    """A price that moves to `factor` times its level within half a year."""

    product_code: str
    first_month: str
    factor: float

    @property
    def direction(self) -> str:
        return "rise" if self.factor > 1 else "fall"


SHOCKS = (
    Shock("283691", "2021-04", 2.5),  # lithium carbonate
    Shock("260300", "2019-09", 0.6),  # copper ores
)
SHOCK_MONTHS = 6
# alumina, bauxite, manganese ores, graphite, copper cathodes; the last is divided by HS 2022
CALM_PRODUCTS = ("281820", "260600", "260200", "250410", "740311", "854140")

MONTHLY_NOISE = 0.01  # of the walk that all partners share, in logarithms
PARTNER_SPREAD = 0.3
FLOW_NOISE = 0.04
SEASON = 0.1 * np.sin(2 * np.pi * (MONTHS - 4) / 12)
ESTIMATED_SHARE = 0.03  # of the flows whose weight the publisher estimated


def monthly_rows(
    seed: int, world: World, records: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The records with the weights of their months, and the months.

    `records` are those of `comtrade_rows`; the months have their columns and month and is_estimated
    besides, and are in the order of the files.
    """
    rng = np.random.default_rng([seed, *b"months"])
    products = [*CALM_PRODUCTS, *(shock.product_code for shock in SHOCKS)]
    listed = codes()[codes().product_code.isin(products)]
    of_china = records[
        (records.year >= FIRST_YEAR)
        & (records.reporter == world.economies.frame.code[CHINA])
        & (records.partner != WORLD_CODE)
    ].merge(
        listed[["hs_revision", "hs6_code", "product_code"]],
        on=["hs_revision", "hs6_code"],
        validate="m:1",
    )
    months = _weighed(rng, _divided(rng, of_china))
    totals = months.assign(partner=WORLD_CODE, is_estimated=False)
    months = pd.concat([totals, months]).groupby([*RECORD, "month"], as_index=False)
    months = months.agg({"thousandths": "sum", "kg": "sum", "is_estimated": "max"})
    of_year = months.groupby(RECORD, as_index=False).kg.sum().rename(columns={"kg": "kg_of_months"})
    weighed = records.merge(of_year, on=RECORD, how="left")
    weighed["kg"] = weighed.pop("kg_of_months").fillna(weighed.kg).astype("int64")
    return weighed, months.sort_values([*RECORD, "month"], ignore_index=True).assign(transport=0)


def described() -> list[dict]:
    """The planted shocks, for the file beside the data."""
    return [
        {
            "product_code": shock.product_code,
            "first_month": f"{shock.first_month}-01",
            "direction": shock.direction,
        }
        for shock in SHOCKS
    ]


def _divided(rng: np.random.Generator, flows: pd.DataFrame) -> pd.DataFrame:
    """Twelve rows for each, whose thousandths of a dollar sum to the year's; none without value."""
    weight = np.exp(SEASON + rng.normal(0, 0.2, (len(flows), len(MONTHS))))
    late = (flows.year == JANUARY_IN_FEBRUARY).to_numpy()
    weight[late, 1] += weight[late, 0]
    weight[late, 0] = 0
    until = np.cumsum(weight, axis=1) / weight.sum(axis=1, keepdims=True)
    year = flows.thousandths.to_numpy()[:, None]
    ends = np.where(np.arange(12) == 11, year, np.floor(year * until).astype("int64"))
    months = flows.loc[flows.index.repeat(12)].assign(
        month=np.tile(MONTHS, len(flows)),
        thousandths=np.diff(ends, prepend=0, axis=1).ravel(),
    )
    return months[months.thousandths > 0].reset_index(drop=True)


def _weighed(rng: np.random.Generator, months: pd.DataFrame) -> pd.DataFrame:
    """The months with the weights that their prices give; flows without weight stay so."""
    walks = _walks(rng, int(TRADE_YEARS[-1]) - FIRST_YEAR + 1)
    partner = months.groupby(["hs6_code", "flow", "partner"]).ngroup().to_numpy()
    lasting = rng.normal(0, PARTNER_SPREAD, partner.max(initial=0) + 1)
    noise = rng.normal(0, FLOW_NOISE, len(months))
    # kilograms of a year stand in each of its months here
    of_code = months[months.kg > 0].groupby("hs6_code")[["thousandths", "kg"]].sum()
    level = months.hs6_code.map(12 * of_code.thousandths / 1000 / of_code.kg)
    product = pd.Index(walks).get_indexer(months.product_code)
    month = ((months.year - FIRST_YEAR) * 12 + months.month - 1).to_numpy()
    walk = np.array([*walks.values()])[product, month]
    price = level * np.exp(walk + lasting[partner] + noise)
    kg = np.ceil((months.thousandths / 1000 / price).where(months.kg > 0, 0)).astype("int64")
    is_estimated = (rng.random(len(months)) < ESTIMATED_SHARE) & (kg > 0)
    return months.assign(kg=kg, is_estimated=is_estimated)


def _walks(rng: np.random.Generator, years: int) -> dict[str, np.ndarray]:
    """Logarithms of each product's price by month, shocks included."""
    steps = {
        product: rng.normal(0, MONTHLY_NOISE, 12 * years)
        for product in [*CALM_PRODUCTS, *(shock.product_code for shock in SHOCKS)]
    }
    for shock in SHOCKS:
        year, month = map(int, shock.first_month.split("-"))
        start = (year - FIRST_YEAR) * 12 + month - 1
        steps[shock.product_code][start : start + SHOCK_MONTHS] += (
            np.log(shock.factor) / SHOCK_MONTHS
        )
    return {product: np.cumsum(of_product) for product, of_product in steps.items()}
