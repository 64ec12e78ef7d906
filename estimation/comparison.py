"""Our estimates beside the report's printed ones and beside the truth planted in synthetic data.

Holds the scorecard, its summary by table, and the evidence on which inference the report used.

The report prints coefficients, t statistics and stars, but does not say how the t statistics were
computed. Two comparisons bear on that question:

1. Printed standard errors, |coefficient / t|, against ours of each kind. This is informative only
   where the samples are the same: where N is the printed one and the coefficients agree. On
   partial data it cannot distinguish the kinds, and the tables say so.
2. Printed stars against printed t statistics, which needs no data of ours. A t of 1.98 with two
   stars was judged by a distribution whose 5 % critical value is at most 1.98 (as rounded):
   Student's with at least 96 degrees of freedom. Clustering by fewer than 97 economies, or by any
   number of years there can be, leaves fewer, unless the t statistics were judged by the normal
   distribution.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import special

from estimation.inference import DEFAULT_INFERENCE, KINDS, KINDS_NOT_DRAWN
from estimation.reasons import Reason, Words, because

STAR_LEVELS = {1: 0.10, 2: 0.05, 3: 0.01}
# Printed figures are rounded (coefficients to three decimals, t statistics to two). A term is used
# only if rounding leaves its printed standard error known to within this relative error.
KNOWN_WITHIN = 0.05
# The samples count as the same where N differs by at most this fraction and the median coefficient
# by at most this many printed standard errors.
SAME_N, SAME_ESTIMATES = 0.02, 0.5
TERM = ["exhibit", "column", "term"]  # what identifies a coefficient
# beyond these, Student's t equals the normal distribution to the printed digits
_DEGREES = np.arange(1, 2001)
_CRITICAL = {level: -special.stdtrit(_DEGREES, level / 2) for level in STAR_LEVELS.values()}


def stars(p_values: pd.Series) -> pd.Series:
    """Stars as the report prints them: 3 below 1 %, 2 below 5 %, 1 below 10 %."""
    return sum((p_values < level).astype(int) for level in STAR_LEVELS.values())


def planted_recovery(coefficients: pd.DataFrame, planted: pd.DataFrame, basis: str) -> pd.DataFrame:
    """The planted coefficients beside ours: one row per planted coefficient and inference kind.

    `planted` has exhibit, column, term and truth. Our estimates are those of the report's own
    specification on `basis`.
    """
    chosen = _of_the_report(coefficients, basis)
    table = planted.merge(
        chosen[[*TERM, "inference", "estimate", "conf_low", "conf_high"]], on=TERM, how="left"
    ).rename(columns={"truth": "planted_estimate", "estimate": "own_estimate"})
    estimated = table["own_estimate"].notna()
    table["is_covered"] = (
        (table["conf_low"] <= table["planted_estimate"])
        & (table["planted_estimate"] <= table["conf_high"])
    ).where(estimated, None)
    return table.assign(basis=basis)


def scorecard(
    coefficients: pd.DataFrame, not_estimable: pd.DataFrame, published: pd.DataFrame, basis: str
) -> pd.DataFrame:
    """The printed coefficients beside ours: one row per printed coefficient.

    `published` has exhibit, column_number, outcome, term, estimate, stars, t_statistic and
    n_observations. Our estimates are those of the report's own specification on `basis`, clustered
    by economy; where there is none, the row gives the reason and its code.
    """
    chosen = _of_the_report(coefficients, basis)
    missing = _of_the_report(not_estimable, basis)
    table = _with_own_estimates(_printed(published), chosen)
    table = _with_agreement(_with_reasons(table, missing))
    table["basis"] = basis
    return table


def _of_the_report(rows: pd.DataFrame, basis: str) -> pd.DataFrame:
    """The rows of the report's own specification on `basis`."""
    return rows[(rows["basis"] == basis) & (rows["variant"] == "report")]


def _printed(published: pd.DataFrame) -> pd.DataFrame:
    """The printed coefficients, under names that tell them from ours."""
    return published.rename(
        columns={
            "column_number": "column",
            **{c: f"published_{c}" for c in ("estimate", "stars", "t_statistic", "n_observations")},
        }
    )


def _with_own_estimates(printed: pd.DataFrame, chosen: pd.DataFrame) -> pd.DataFrame:
    """The printed coefficients with ours beside them: clustered by economy, and the t under iid."""
    own = chosen[chosen["inference"] == DEFAULT_INFERENCE].rename(
        columns={c: f"own_{c}" for c in ("estimate", "std_error", "t_statistic", "n_observations")}
    )
    iid = chosen[chosen["inference"] == "iid"].rename(
        columns={"t_statistic": "own_t_statistic_iid"}
    )
    figures = [
        "own_estimate",
        "own_std_error",
        "own_t_statistic",
        "p_value",
        "own_n_observations",
    ]
    return printed.merge(own[[*TERM, *figures]], on=TERM, how="left").merge(
        iid[[*TERM, "own_t_statistic_iid"]], on=TERM, how="left"
    )


def _with_reasons(table: pd.DataFrame, missing: pd.DataFrame) -> pd.DataFrame:
    """The table with the reason and its code where we have no estimate.

    The reason is that of the whole column, else that of the term.
    """
    reason = ["reason", "reason_code"]
    of_column, of_term = missing[missing["term"].isna()], missing[missing["term"].notna()]
    table = table.merge(
        of_column[["exhibit", "column", *reason]], on=["exhibit", "column"], how="left"
    ).merge(of_term[[*TERM, *reason]], on=TERM, how="left", suffixes=("", "_of_term"))
    estimated = table["own_estimate"].notna()
    for column in reason:
        table[column] = (
            table[column]
            .where(table[column].notna(), table[f"{column}_of_term"])
            .where(~estimated, None)
        )
    return table


def _with_agreement(table: pd.DataFrame) -> pd.DataFrame:
    """The table with our stars, and whether sign, significance and size agree with the print."""
    estimated = table["own_estimate"].notna()
    table["own_stars"] = stars(table["p_value"]).where(estimated)
    table["same_sign"] = (
        np.sign(table["own_estimate"].astype(float)) == np.sign(table["published_estimate"])
    ).where(estimated)
    table["same_significance"] = ((table["own_stars"] > 0) == (table["published_stars"] > 0)).where(
        estimated
    )
    difference = table["own_estimate"] - table["published_estimate"]
    published_std_error = (table["published_estimate"] / table["published_t_statistic"]).abs()
    table["distance_in_published_std_errors"] = difference / published_std_error
    return table


def scorecard_summary(card: pd.DataFrame) -> pd.DataFrame:
    """The scorecard summarised by table, in the report's order: one row per exhibit."""
    rows = []
    for exhibit, part in card.groupby("exhibit", sort=False):
        estimated = part[part["own_estimate"].notna()]
        columns = part.drop_duplicates("column")
        rows.append(
            {
                "exhibit": exhibit,
                "basis": part["basis"].iloc[0],
                "n_published": len(part),
                "n_estimated": len(estimated),
                "n_same_sign": int(estimated["same_sign"].sum()),
                "n_same_significance": int(estimated["same_significance"].sum()),
                "n_within_two_std_errors": int(
                    (estimated["distance_in_published_std_errors"].abs() <= 2).sum()
                ),
                "median_distance_in_published_std_errors": float(
                    estimated["distance_in_published_std_errors"].abs().median()
                )
                if len(estimated)
                else None,
                "published_n_observations": _listed(columns["published_n_observations"]),
                "own_n_observations": _listed(columns["own_n_observations"]),
                "reasons": "; ".join(dict.fromkeys(part["reason"].dropna())) or None,
            }
        )
    return (
        pd.DataFrame(rows).sort_values(
            "exhibit", key=lambda names: names.str.split("_").str[1].astype(int), ignore_index=True
        )
        if rows
        else pd.DataFrame()
    )


def _listed(values: pd.Series) -> str:
    return ", ".join("-" if pd.isna(v) else str(int(v)) for v in values)


def degrees_of_printed_stars(
    t_statistics: np.ndarray, printed_stars: np.ndarray
) -> tuple[int | None, int | None]:
    """The least and most degrees of freedom that fit the printed stars and t statistics (n,).

    At these degrees of freedom, Student's t gives the printed stars from the printed t statistics,
    allowing for rounding. None for the most means that there is no upper bound; (None, None) means
    that no number of degrees of freedom fits.
    """
    fits = np.ones(len(_DEGREES), dtype=bool)
    unbounded = True
    for t, star in zip(np.abs(t_statistics), printed_stars, strict=True):
        for level, reached in [(star, True), (star + 1, False)]:
            if level not in STAR_LEVELS:
                continue
            critical = _CRITICAL[STAR_LEVELS[level]]
            fits &= critical <= t + 0.005 if reached else critical >= t - 0.005
            unbounded &= reached or -special.ndtri(STAR_LEVELS[level] / 2) >= t - 0.005
    if not fits.any():
        return None, None
    return int(_DEGREES[fits][0]), None if unbounded else int(_DEGREES[fits][-1])


def published_inference_evidence(
    coefficients: pd.DataFrame,
    not_estimable: pd.DataFrame,
    published: pd.DataFrame,
    basis: str,
    words: Words,
) -> pd.DataFrame:
    """The evidence for and against each kind of inference: one row per printed column and kind."""
    own = _of_the_report(coefficients, basis)
    missing = _of_the_report(not_estimable, basis)
    missing = missing[missing["term"].isna()].set_index(["exhibit", "column"])
    reasons, codes = missing["reason"], missing["reason_code"]
    beside = published.rename(columns={"column_number": "column"}).merge(
        own, on=TERM, suffixes=("_published", "_own")
    )
    compared = dict(list(beside.groupby(["exhibit", "column", "inference"])))
    rows = []
    for (exhibit, column), printed in published.groupby(["exhibit", "column_number"], sort=False):
        least, most = degrees_of_printed_stars(
            printed["t_statistic"].to_numpy(), printed["stars"].to_numpy()
        )
        shared = {
            "exhibit": exhibit,
            "column": column,
            "basis": basis,
            "n_published": len(printed),
            "stars_least_degrees": least,
            "stars_most_degrees": most,
            "published_n_observations": int(printed["n_observations"].iloc[0]),
        }
        of_column = []
        for kind in KINDS_NOT_DRAWN:
            row = {
                **shared,
                "inference": kind,
                "n_compared": 0,
                "is_same_sample": False,
                "note": reasons.get((exhibit, column)),
                "note_code": codes.get((exhibit, column)),
            }
            both = compared.get((exhibit, column, kind))
            if both is not None:
                row |= _compared(both, shared, words)
            of_column.append(row)
        ratios = [r.get("median_log_ratio_of_std_errors", np.inf) for r in of_column]
        rows += [
            r | {"is_closest": bool(np.isfinite(ratio) and ratio == min(ratios))}
            for r, ratio in zip(of_column, ratios, strict=True)
        ]
    return pd.DataFrame(rows)


def _compared(both: pd.DataFrame, printed: dict, words: Words) -> dict:
    """One printed column beside ours under one kind of inference, `both` by term."""
    least, most = printed["stars_least_degrees"], printed["stars_most_degrees"]
    error = (both["estimate_published"] / both["t_statistic_published"]).abs()
    known = (
        0.0005 / both["estimate_published"].abs() + 0.005 / both["t_statistic_published"].abs()
        <= KNOWN_WITHIN
    )
    n, df = int(both["n_observations_own"].iloc[0]), both["degrees_of_freedom"].iloc[0]
    distance = float(((both["estimate_own"] - both["estimate_published"]).abs() / error).median())
    row = {
        "own_n_observations": n,
        "own_degrees_of_freedom": int(df),
        "stars_contradict": least is None or df < least or (most is not None and df > most),
        "n_compared": int(known.sum()),
        "median_estimate_distance": distance,
    }
    if known.any():
        row["median_log_ratio_of_std_errors"] = float(
            np.log(both["std_error"] / error)[known].abs().median()
        )
        row["median_t_distance"] = float(
            (both["t_statistic_own"] - both["t_statistic_published"])[known].abs().median()
        )
    row["is_same_sample"] = (
        abs(n / printed["published_n_observations"] - 1) <= SAME_N and distance <= SAME_ESTIMATES
    )
    note = (
        because("evidence", "same_sample")
        if row["is_same_sample"]
        else because(
            "evidence",
            "another_sample",
            own=n,
            printed=printed["published_n_observations"],
            distance=distance,
        )
    )
    return row | {"note": words.text(note), "note_code": note.code}


def published_inference_summary(evidence: pd.DataFrame, words: Words) -> pd.DataFrame:
    """The evidence by kind of inference, with the conclusion in words: one row per kind."""
    rows = []
    least = evidence["stars_least_degrees"].max() if len(evidence) else None
    for kind, part in evidence.groupby("inference", sort=False):
        compared = part[part["n_compared"] > 0]
        same = part[part["is_same_sample"] & (part["n_compared"] > 0)]
        contradicted = part[part["stars_contradict"].eq(True)]
        row = {
            "inference": kind,
            "basis": part["basis"].iloc[0],
            "n_columns_compared": len(compared),
            "n_columns_same_sample": len(same),
            "n_columns_closest": int(compared["is_closest"].sum()),
            "n_same_sample_closest": int(same["is_closest"].sum()),
            "median_log_ratio_of_std_errors": float(
                compared["median_log_ratio_of_std_errors"].median()
            )
            if len(compared)
            else None,
            "same_sample_median_log_ratio": float(same["median_log_ratio_of_std_errors"].median())
            if len(same)
            else None,
            "n_columns_stars_contradict": len(contradicted),
            "stars_least_degrees": least,
            "largest_own_degrees_of_freedom": part["own_degrees_of_freedom"].max()
            if part["own_degrees_of_freedom"].notna().any()
            else None,
        }
        rows.append(row)
    best = min(
        (r["same_sample_median_log_ratio"] for r in rows if r["n_columns_same_sample"]),
        default=None,
    )
    for row in rows:
        conclusions = [_from_standard_errors(row, best), *_from_stars(row)]
        row["conclusion"] = words.text(conclusions)
        row["conclusion_codes"] = ", ".join(c.code for c in conclusions)
    return pd.DataFrame(rows)


def _from_standard_errors(row: dict, best: float | None) -> Reason:
    """What the standard errors of one kind of inference say for or against it."""
    if row["n_columns_same_sample"]:
        columns, ratio = row["n_columns_same_sample"], row["same_sample_median_log_ratio"]
        difference = float(np.expm1(ratio))
        if ratio == best:
            return because("conclusion", "closest", columns=columns, difference=difference)
        return because("conclusion", "not_closest", columns=columns, difference=difference)
    if row["n_columns_compared"]:
        return because("conclusion", "other_samples", columns=row["n_columns_compared"])
    return because("conclusion", "nothing_compared")


def _from_stars(row: dict) -> list[Reason]:
    """What the printed stars say for or against one kind of inference."""
    if not KINDS[row["inference"]].clusters:
        if row["n_columns_stars_contradict"]:
            return [because("conclusion", "stars_contradict")]
        return [because("conclusion", "stars_follow")]
    if pd.isna(row["stars_least_degrees"]):
        return [because("conclusion", "stars_follow_from_no_degrees")]
    most = row["largest_own_degrees_of_freedom"]
    return [
        because("conclusion", "stars_need_degrees", least=int(row["stars_least_degrees"])),
        because("conclusion", "no_own_degrees")
        if most is None
        else because("conclusion", "own_degrees_at_most", most=int(most)),
    ]
