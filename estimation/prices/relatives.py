"""Price relatives judged: which of them are outliers among those of their product and period."""

from __future__ import annotations

import numpy as np
import pandas as pd

from estimation.prices.outliers import RULES, outliers

JUDGED_TOGETHER = ["frequency", "flow", "product_code", "period"]


def with_outliers(relatives: pd.DataFrame, chosen_rule: str) -> pd.DataFrame:
    """The rows in their order by `JUDGED_TOGETHER`, with what each rule says of their relatives.

    `relatives` has `JUDGED_TOGETHER`, item, partner_iso3, price_relative (empty where there is no
    price in the period before), value_usd and previous_value_usd. Adds a boolean
    is_outlier_by_<rule> for each of RULES and is_outlier, that of the rule chosen; all are false
    where there is no relative.
    Raises KeyError for a rule that is none of RULES.
    """
    rows = relatives.sort_values([*JUDGED_TOGETHER, "item", "partner_iso3"], ignore_index=True)
    found = {rule: np.zeros(len(rows), dtype=bool) for rule in RULES}
    judged = rows.loc[rows["price_relative"].notna()]
    logarithms = np.log(judged["price_relative"].to_numpy(dtype=float))
    sizes = judged[["value_usd", "previous_value_usd"]].max(axis=1).to_numpy(dtype=float)
    for places in judged.reset_index().groupby(JUDGED_TOGETHER, sort=False).indices.values():
        for rule in RULES:
            where = judged.index[places]
            found[rule][where] = outliers(logarithms[places], sizes[places], rule)
    marks = {f"is_outlier_by_{rule}": found[rule] for rule in RULES}
    return rows.assign(**marks, is_outlier=found[chosen_rule])
