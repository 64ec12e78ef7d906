"""The economies of the synthetic world: real names, codes and groups, invented sizes.

They are the same in every world.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd
from scipy.special import ndtri

from orchestration.seeds import seed_path
from orchestration.sources.synthetic.calibration import (
    AID_RECIPIENTS,
    DEVELOPMENT,
    DOCUMENTED,
    PARTNERS,
    PREDECESSORS,
    TRADE_YEARS,
    WITHOUT_EMISSIONS,
)

CHINA = 0  # its index among the economies


def seed_table(name: str) -> pd.DataFrame:
    """A seed of the project as text, with blanks kept as empty strings."""
    return pd.read_csv(seed_path(name), dtype=str, keep_default_na=False)


@dataclass(frozen=True)
class Economies:
    """The economies of the world, China first; every array has one element per economy."""

    frame: pd.DataFrame
    """One row per economy.

    iso3, economy_name, code (UN Comtrade's), region, income_group, is_advanced, size (standard
    normal), development.
    """
    is_documented: np.ndarray
    has_emissions: np.ndarray
    receives_aid: np.ndarray

    def __len__(self) -> int:
        return len(self.frame)

    def where(self, iso3: list[str]) -> np.ndarray:
        return self.frame.iso3.isin(iso3).to_numpy()


@cache
def economies() -> Economies:
    """The economies, from seeds and calibration."""
    groups = seed_table("economy_groups").query("vintage == 'FY24'").drop(columns="vintage")
    # the code under which an economy trades today; of several codes UN Comtrade and BACI use the
    # last (842 of 840 and 842)
    codes = (
        seed_table("comtrade_economy_codes")
        .query("kind == 'economy' and end_year == ''")
        .drop_duplicates("iso3", keep="last")
        .set_index("iso3")
        .comtrade_code
    )
    frame = (
        seed_table("economies")
        .merge(groups, on="iso3")
        .set_index("iso3")
        .loc[["CHN", *PARTNERS]]
        .reset_index()
    )
    frame["code"] = frame.iso3.map(codes).astype("int64")
    frame["is_advanced"] = frame.weo_group == "Advanced economies"
    frame["size"] = -ndtri((np.r_[1.5, np.arange(1, len(frame))] - 0.5) / (len(frame) - 1))
    frame["development"] = frame.income_group.map(DEVELOPMENT).fillna(0.0) + 0.5 * frame.is_advanced

    def among(iso3: list[str]) -> np.ndarray:
        return frame.iso3.isin(iso3).to_numpy()

    return Economies(frame, among(DOCUMENTED), ~among(WITHOUT_EMISSIONS), among(AID_RECIPIENTS))


def exists_in(economies: Economies) -> np.ndarray:
    """Economy x year of trade: false while trade is reported under the code of a former state."""
    exists = np.ones((len(economies), len(TRADE_YEARS)), dtype=bool)
    for iso3, (_, _, last) in PREDECESSORS.items():
        exists[economies.where([iso3])] = last < TRADE_YEARS
    exists[CHINA] = False
    return exists


def largest(economies: Economies, count: int) -> np.ndarray:
    """The indices of the `count` largest economies beside China."""
    return economies.frame.drop(index=CHINA)["size"].nlargest(count).index.to_numpy()


def groups_in(economies: Economies, grouping: str) -> np.ndarray:
    """Economy x year of trade: the group of the state that reports an economy's trade.

    `grouping` is region, income_group or weo_group.
    """
    former = seed_table("historical_economy_groups").set_index("iso3")[grouping]
    groups = np.tile(economies.frame[grouping].to_numpy(dtype=object)[:, None], len(TRADE_YEARS))
    for iso3, (state, _, last) in PREDECESSORS.items():
        groups[np.ix_(economies.where([iso3]), last >= TRADE_YEARS)] = former[state]
    return groups
