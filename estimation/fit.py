"""One pure function from a panel and a specification to estimates, or to the reason why there are none."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyfixest as pf

from estimation.inference import INFERENCE, small_sample_correction
from estimation.specifications import Specification, parts


@dataclass(frozen=True)
class Coverage:
    """How much of a product list has landed on a basis, and the years that make one comparable series."""

    comparable_years: frozenset[int]
    other_years: frozenset[int]
    products_landed: int
    products_in_list: int
    minimum_share: float

    @property
    def stands_for_list(self) -> bool:
        return self.products_landed >= self.minimum_share * self.products_in_list


@dataclass(frozen=True)
class NotEstimable:
    """Why a specification has no estimates on the data at hand, in words."""

    reason: str


@dataclass(frozen=True)
class Estimates:
    """The estimates of one specification.

    `coefficients` has one row per inference kind and term: inference, term, estimate, std_error, t_statistic, p_value,
    conf_low, conf_high (95 %). `diagnostics` says what the sample lost on the way and how well the regressors are told apart.
    """

    coefficients: pd.DataFrame
    diagnostics: dict


def estimation_sample(panel: pd.DataFrame, specification: Specification, coverage: dict[str, Coverage]) -> tuple[pd.DataFrame, dict] | NotEstimable:
    """The rows a specification can use: its years, comparable years of its trade, complete cases; one column per term.

    `panel` holds one basis, treatment and scope, with iso3, year, the outcome and <variable>_lag1_z. Returns the sample and what
    was lost at each step, or the reason why nothing is left.
    """
    years = set(range(specification.first_year, specification.last_year + 1))
    excluded_years: set[int] = set()
    for product_list, lag in specification.product_lists:
        landed = coverage.get(product_list)
        name = {"lct": "low-carbon technology", "mineral": "transition-mineral"}[product_list]
        if landed is None or not landed.comparable_years:
            return NotEstimable(f"no data for trade in {name} products")
        if not landed.stands_for_list:
            return NotEstimable(
                f"only {landed.products_landed} of {landed.products_in_list} {name} products have landed (less than {landed.minimum_share:.0%}); their trade does not stand for the list"
            )
        excluded_years |= years & {year + lag for year in landed.other_years}
        years &= {year + lag for year in landed.comparable_years}
    rows = panel[panel["year"].isin(years)]
    needed = [specification.outcome, *dict.fromkeys(f"{v}_lag1_z" for term in specification.terms for v in parts(term))]
    for column in needed:
        if rows[column].notna().sum() == 0:
            return NotEstimable(f"no data for {column.removesuffix('_lag1_z')}")
    sample = rows[["iso3", "year", specification.outcome]].copy()
    for term in specification.terms:
        sample[term] = np.prod([rows[f"{variable}_lag1_z"].to_numpy(dtype=float) for variable in parts(term)], axis=0)
    complete = sample.dropna().sort_values(["iso3", "year"], ignore_index=True)
    lost = {
        "n_panel_rows": len(rows),
        "n_outcome": int(sample[specification.outcome].notna().sum()),
        "n_complete_cases": len(complete),
        "n_years_not_comparable": len(excluded_years),
        "years_not_comparable": ", ".join(str(y) for y in sorted(excluded_years)),
    }
    if complete.empty:
        scarcest = sample[[specification.outcome, *specification.terms]].notna().sum().idxmin()
        return NotEstimable(f"no economy-year has every variable (the scarcest is {scarcest})")
    return complete, lost


def estimate(panel: pd.DataFrame, specification: Specification, coverage: dict[str, Coverage]) -> Estimates | NotEstimable:
    """Fit a specification by least squares with its fixed effects and give its coefficients under every inference kind.

    Economies or years seen once (singletons) are removed first, recursively; collinear terms are dropped and named in the
    diagnostics. Never raises for what the data lack: that is a NotEstimable with its reason.
    """
    selected = estimation_sample(panel, specification, coverage)
    if isinstance(selected, NotEstimable):
        return selected
    sample, diagnostics = selected
    kept = without_singletons(sample, specification.effects)
    diagnostics["n_singletons"] = len(sample) - len(kept)
    n, economies = len(kept), kept["iso3"].nunique()
    if n == 0 or economies < 2:
        return NotEstimable(f"{len(sample)} complete economy-years, but no two economies with two years each: nothing to compare within economies")
    effects = sum(kept[e].nunique() for e in specification.effects) - (len(specification.effects) - 1)
    if n <= effects + len(specification.terms):
        return NotEstimable(f"{n} economy-years do not suffice for {len(specification.terms)} terms and {effects} fixed effects")
    if kept[specification.outcome].nunique() < 2:
        return NotEstimable(f"{specification.outcome} does not vary in the sample")
    fit = _least_squares(kept, specification)
    if isinstance(fit, NotEstimable):
        return fit
    dropped = [t for t in specification.terms if t not in fit._coefnames]
    frames = []
    for kind, variance in INFERENCE.items():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tidy = fit.vcov(variance).tidy()
        frames.append(
            pd.DataFrame(
                {
                    "inference": kind,
                    "term": tidy.index,
                    "estimate": tidy["Estimate"].to_numpy(),
                    "std_error": tidy["Std. Error"].to_numpy(),
                    "t_statistic": tidy["t value"].to_numpy(),
                    "p_value": tidy["Pr(>|t|)"].to_numpy(),
                    "conf_low": tidy["2.5%"].to_numpy(),
                    "conf_high": tidy["97.5%"].to_numpy(),
                }
            )
        )
    coefficients = pd.concat(frames, ignore_index=True)
    if not np.isfinite(coefficients[["estimate", "std_error"]].to_numpy()).all():
        return NotEstimable("the regressors are too close to collinear: coefficients or standard errors are not finite")
    diagnostics |= {
        "n_observations": n,
        "n_economies": economies,
        "n_years": int(kept["year"].nunique()),
        "first_year": int(kept["year"].min()),
        "last_year": int(kept["year"].max()),
        "within_r_squared": float(fit._r2_within),
        "condition_number": _condition_number(kept, list(fit._coefnames), specification.effects),
        "dropped_collinear": ", ".join(dropped),
    }
    return Estimates(coefficients, diagnostics)


def _least_squares(sample: pd.DataFrame, specification: Specification):
    formula = f"{specification.outcome} ~ {' + '.join(specification.terms)} | {' + '.join(specification.effects)}"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # collinear terms are reported in the diagnostics
            return pf.feols(formula, sample, vcov="iid", ssc=small_sample_correction(), fixef_rm="singleton", fixef_tol=1e-10, fixef_maxiter=100_000)
    except (ValueError, np.linalg.LinAlgError) as error:
        return NotEstimable(f"the fit failed: {error}")


def without_singletons(sample: pd.DataFrame, effects: tuple[str, ...]) -> pd.DataFrame:
    """Remove rows alone in one of their fixed effects until none is left: they fit themselves and say nothing."""
    while True:
        alone = np.zeros(len(sample), dtype=bool)
        for effect in effects:
            alone |= (sample.groupby(effect)[effect].transform("size") == 1).to_numpy()
        if not alone.any():
            return sample
        sample = sample[~alone]


def demeaned(values: pd.DataFrame, groups: pd.DataFrame, tolerance: float = 1e-12, rounds: int = 10_000) -> np.ndarray:
    """Columns with the fixed effects in `groups` swept out, by alternating projections."""
    x = values.to_numpy(dtype=float).copy()
    codes = [pd.factorize(groups[g])[0] for g in groups]
    counts = [np.bincount(c).astype(float) for c in codes]
    for _ in range(rounds):
        largest = 0.0
        for code, count in zip(codes, counts, strict=True):
            means = np.stack([np.bincount(code, weights=x[:, j]) for j in range(x.shape[1])], axis=1) / count[:, None]
            x -= means[code]
            largest = max(largest, float(np.abs(means).max()))
        if largest < tolerance:
            break
    return x


def _condition_number(sample: pd.DataFrame, terms: list[str], effects: tuple[str, ...]) -> float:
    """Condition number of the regressors after the fixed effects, each scaled to unit length (Belsley, Kuh and Welsch 1980)."""
    within = demeaned(sample[terms], sample[list(effects)], tolerance=1e-9)
    lengths = np.sqrt((within**2).sum(axis=0))
    return float(np.linalg.cond(within / np.where(lengths > 0, lengths, 1)))
