"""Alerts on price indices: which months are abnormal, and how often such an alert was right."""

from __future__ import annotations

import numpy as np
import pandas as pd

from estimation.prices.early_warning import (
    HORIZON,
    alarms_a_year,
    anomalies,
    episodes,
    placebo_scores,
    record,
    shocks_ahead,
    thresholds_of_earlier_years,
    volatility,
    warnings,
)
from estimation.prices.indices import ALL_PARTNERS

WATCHED_FORMULA = "ccdi"
INDEX = ["flow", "aggregate_kind", "aggregate"]

COLUMNS = {
    "flow": "string",
    "aggregate_kind": "string",
    "aggregate": "string",
    "since": "datetime64[us]",
    "until": "datetime64[us]",
    "direction": "string",
    "strength": float,
    "threshold": float,
    "volatility": float,
    "first_month": "datetime64[us]",
    "last_month": "datetime64[us]",
    "months_judged": int,
    "hits": int,
    "false_alarms": int,
    "misses": int,
    "quiet_months": int,
    "noise_to_signal": float,
    "usefulness": float,
    "false_alarms_a_year": float,
    "reason_code": "string",
}


def price_alerts(indices: pd.DataFrame) -> pd.DataFrame:
    """The alerts on every monthly index with all partners, in the columns of `COLUMNS`.

    `indices` has the columns of `estimation.prices.indices`. Only the last chain of an index is
    judged: nothing says how its level compares with that of the chain before. An index without an
    alert has one row, with the reason: `history_too_short` where no month can be judged,
    `no_alert` otherwise. `until` is the last month of an alert, so that an alert which lasts has
    the index's last month. What is said of the record is the index's own, over all judged months
    whose half year is over; `threshold` is that of the alert's year, or of the last month.
    """
    watched = indices.loc[
        (indices["frequency"] == "monthly")
        & (indices["formula"] == WATCHED_FORMULA)
        & (indices["partner_group"] == ALL_PARTNERS)
    ]
    found = [
        {**dict(zip(INDEX, name, strict=True)), **row}
        for name, levels in watched.groupby(INDEX)
        for row in _alerts_of(levels.loc[levels["chain"] == levels["chain"].max()])
    ]
    return pd.DataFrame(found, columns=[*COLUMNS]).astype(COLUMNS)


def _alerts_of(index: pd.DataFrame) -> list[dict]:
    """The alerts of one chain of one index, or why it has none."""
    by_month = index.set_index("period")["level"]
    months = pd.date_range(by_month.index.min(), by_month.index.max(), freq="MS")
    levels = by_month.reindex(months).to_numpy(dtype=float)
    scores = anomalies(levels)
    thresholds = thresholds_of_earlier_years(levels, scores, months.year.to_numpy())
    warned = warnings(scores, thresholds)
    judged = ~np.isnan(scores)
    is_over = judged & (np.arange(len(levels)) < len(levels) - HORIZON)
    of_index = {
        "first_month": months[0],
        "last_month": months[-1],
        "months_judged": int(judged.sum()),
        **_record(warned[is_over], shocks_ahead(levels)[is_over]),
        "false_alarms_a_year": alarms_a_year(placebo_scores(levels), thresholds[-1]),
    }
    if not judged.any():
        return [{**of_index, "reason_code": "history_too_short"}]
    varied = volatility(levels)
    alerts = [
        {
            **of_index,
            "since": months[run.start],
            "until": months[run.stop - 1],
            "direction": "rise" if warned[run.start] > 0 else "fall",
            "strength": float(np.abs(scores[run]).max()),
            "threshold": thresholds[run.start],
            "volatility": varied[run.start],
        }
        for run in episodes(warned)
    ]
    none = {"threshold": thresholds[-1], "volatility": varied[-1], "reason_code": "no_alert"}
    return alerts or [{**of_index, **none}]


def _record(warned: np.ndarray, ahead: np.ndarray) -> dict:
    found = record(warned, ahead)
    return {
        "hits": found.hits,
        "false_alarms": found.false_alarms,
        "misses": found.misses,
        "quiet_months": found.quiet,
        "noise_to_signal": found.noise_to_signal,
        "usefulness": found.usefulness,
    }
