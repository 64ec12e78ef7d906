"""The instrument for imports of low-carbon technology from China, and what is said of it.

An economy's initial product mix (the shares) meets the growth of China's exports of these products
to all other economies (the shifts): z_it = sum over k of s_ik ln X_kt, X without exports to i, each
product around its own mean over the years. It moves imports at t, which enter equations 3 and 4 at
t-1. Identification is by the shifts: that China came to export more of one product than of another
has nothing to do with what else moves the emissions of those who used to buy the one.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from estimation.confidence_sets import ConfidenceSet
from estimation.designs.shift_share import (
    Exposures,
    ShockInference,
    effective_number,
    importance_of_groups,
    rotemberg_weights,
    shifts_from_shares,
    shifts_net_of_effects,
    shock_inference,
)
from estimation.estimate import Estimates, estimate
from estimation.estimators.instrumental import (
    Excluded,
    InstrumentalFit,
    anderson_rubin_p_value,
    anderson_rubin_set,
    conditional_f,
    critical_effective_f,
    effective_f,
    first_stage,
    fit_instrumental,
    reduced_form,
    regression_on_one,
    wald_f,
)
from estimation.estimators.least_squares import fit_least_squares
from estimation.fit import Fit
from estimation.inference import DEFAULT_INFERENCE, KINDS, Inference, infer
from estimation.reasons import NotEstimable, Reason, because
from estimation.sample import Coverage, Sample, estimation_sample, without_singletons
from estimation.specifications import INTERACTION, Specification, names_in

CLUSTERED = KINDS[DEFAULT_INFERENCE]
# Choices of this project, at which a warning is given: so few effective products leave little to
# the law of large numbers over shocks, and so many parameters for each row are more than the
# theory of AKM, whose controls are few, allows for.
FEW_PRODUCTS, MANY_PARAMETERS = 20, 0.1
SIGNIFICANT = 0.05
LEAD = 2  # years from a row to the instrument of its test: the first that cannot have moved it


@dataclass(frozen=True)
class TradeInstrument:
    """Shares and shifts on one basis and treatment, cell by cell: arrays (c,).

    iso3, years     the economy, and the year t of the outcome: that of the shift plus one
    products        product codes
    shares          of the product in the economy's initial imports from China
    shifts          ln of China's exports to all others, around the product's mean over the years
    n_without_shift cells left out because China exported nothing to all others
    """

    iso3: np.ndarray
    years: np.ndarray
    products: np.ndarray
    shares: np.ndarray
    shifts: np.ndarray
    n_without_shift: int

    @classmethod
    def from_cells(cls, cells: pd.DataFrame) -> TradeInstrument:
        """From one row per economy, product and year of the shift.

        `cells` has iso3, product_code, year, share, exports_usd (of China to all economies) and
        exports_to_others_usd.
        """
        kept = cells[cells["exports_to_others_usd"] > 0]
        exports = kept.drop_duplicates(["product_code", "year"])
        mean = np.log(exports["exports_usd"]).groupby(exports["product_code"]).mean()
        return cls(
            kept["iso3"].to_numpy(),
            kept["year"].to_numpy(dtype=np.int64) + 1,
            kept["product_code"].to_numpy(),
            kept["share"].to_numpy(dtype=float),
            np.log(kept["exports_to_others_usd"].to_numpy(dtype=float))
            - kept["product_code"].map(mean).to_numpy(dtype=float),
            len(cells) - len(kept),
        )

    def is_there(self, iso3: np.ndarray, years: np.ndarray) -> np.ndarray:
        """(n,) which economies and years have an instrument."""
        cells = pd.MultiIndex.from_arrays([self.iso3, self.years]).unique()
        return pd.MultiIndex.from_arrays([iso3, years]).isin(cells)

    def exposures(self, iso3: np.ndarray, years: np.ndarray) -> tuple[Exposures, np.ndarray]:
        """The exposures of n rows, each an economy in a year, and the codes behind their groups."""
        rows = pd.MultiIndex.from_arrays([iso3, years]).get_indexer(
            pd.MultiIndex.from_arrays([self.iso3, self.years])
        )
        used = rows >= 0
        products, group = np.unique(self.products[used], return_inverse=True)
        first, period = np.unique(self.years[used], return_inverse=True)
        shocks, shock = np.unique(group * len(first) + period, return_inverse=True)
        return (
            Exposures(
                n_rows=len(iso3),
                rows=rows[used],
                shocks=shock,
                shares=self.shares[used],
                shifts=self.shifts[used],
                groups=shocks // len(first),
                periods=shocks % len(first),
            ),
            products,
        )

    def of_sample(self, sample: Sample, lead: int = 0) -> tuple[Exposures, np.ndarray]:
        """The exposures of a sample's rows, or of their economies `lead` years later."""
        return self.exposures(sample.economies[sample.ids["iso3"]], sample.years + lead)


@dataclass(frozen=True)
class InstrumentedEstimates(Estimates):
    """Estimates with what is said of their instrument.

    instrument      one row per instrumented term: the columns of estimates.instrument_diagnostics
    balance         one row per tested variable: those of estimates.instrument_balance
    rotemberg       one row per product: those of estimates.rotemberg_weights; none where several
                    terms are instrumented
    """

    instrument: pd.DataFrame
    balance: pd.DataFrame
    rotemberg: pd.DataFrame


def estimate_instrumented(
    panel: pd.DataFrame,
    specification: Specification,
    coverage: dict[str, Coverage],
    instrument: TradeInstrument | None,
) -> InstrumentedEstimates | NotEstimable:
    """Fit a specification whose terms are instrumented, on the rows that have an instrument.

    None stands for a basis without shares. Otherwise as `estimation.estimate.estimate`.
    """
    selected = estimation_sample(panel, specification, coverage)
    if isinstance(selected, NotEstimable):
        return selected
    if instrument is None:
        return NotEstimable(because("not_estimable", "no_instrument"))
    is_there = instrument.is_there(panel["iso3"].to_numpy(), panel["year"].to_numpy(np.int64))
    if not is_there.any():
        return NotEstimable(because("not_estimable", "no_instrument"))
    with_instrument = estimation_sample(panel[is_there], specification, coverage)
    if isinstance(with_instrument, NotEstimable):
        return with_instrument
    sample, _ = with_instrument
    result = estimate(
        panel[is_there], specification, coverage, estimator=partial(_fit, instrument=instrument)
    )
    if isinstance(result, NotEstimable):
        return result
    assert isinstance(result.fit, InstrumentalFit)
    balance = _balance(sample, specification, instrument)
    rows = _instrument(sample, specification, result.fit, instrument, balance)
    return InstrumentedEstimates(
        **vars(result),
        instrument=rows.assign(n_without_instrument=len(selected[0]) - len(sample)),
        balance=balance,
        rotemberg=_rotemberg(result.fit, *instrument.of_sample(sample)),
    )


def _fit(
    sample: Sample, specification: Specification, instrument: TradeInstrument
) -> InstrumentalFit | NotEstimable:
    """Two-stage least squares: the instrument, times the other variable of an interaction."""
    exposures, _ = instrument.of_sample(sample)
    instruments = [
        exposures.instrument * _companion(sample, specification, term)
        for term in specification.instrumented
    ]
    return fit_instrumental(
        sample, specification, Excluded(np.column_stack(instruments), exposures.by_period())
    )


def _companion(sample: Sample, specification: Specification, term: str) -> np.ndarray | float:
    """What a term multiplies imports with: one, or the other variable of the interaction (n,)."""
    if INTERACTION not in term:
        return 1.0
    [_, other] = names_in(term)
    return sample.x[:, specification.terms.index(other)]


# ---- what is said of the instrument --------------------------------------------------------------


def _instrument(
    sample: Sample,
    specification: Specification,
    fit: InstrumentalFit,
    instrument: TradeInstrument,
    balance: pd.DataFrame,
) -> pd.DataFrame:
    """One row per instrumented term; `warnings` and `not_computed` hold tuples of reasons."""
    exposures, products = instrument.of_sample(sample)
    ordinary = fit_least_squares(sample, specification)
    rows = []
    for term in fit.instrumented:
        row = {
            "term": term,
            **_of_term("", fit, term),
            **_of_term("ols_", ordinary, term),
            **_stages(fit, term),
            **_shocks(exposures, products),
            "n_cells_without_shift": instrument.n_without_shift,
            "n_parameters": fit.effect_rank + len(fit.terms),
            "n_observations": len(fit.y),
        }
        alone = _of_one_term(fit, exposures) if len(fit.instrumented) == 1 else {}
        not_computed = () if alone else (because("instrument", "several_instrumented"),)
        row |= alone | {"warnings": _warnings(row, balance), "not_computed": not_computed}
        rows.append(row)
    return pd.DataFrame(rows)


def _of_term(prefix: str, fit: Fit | NotEstimable, term: str) -> dict:
    """The estimate and clustered standard error of a term, under names with this prefix."""
    inference = infer(CLUSTERED, fit) if isinstance(fit, Fit) else None
    if not isinstance(fit, Fit) or not isinstance(inference, Inference) or term not in fit.terms:
        return {f"{prefix}estimate": None, f"{prefix}std_error": None}
    place = fit.terms.index(term)
    return {
        f"{prefix}estimate": fit.estimates[place],
        f"{prefix}std_error": inference.std_error[place],
    }


def _stages(fit: InstrumentalFit, term: str) -> dict:
    """First stage and reduced form of a term on its own instrument, and how strong that is."""
    first, reduced = first_stage(fit, term), reduced_form(fit)
    own = first.terms[fit.instrumented.index(term)]
    return {
        **_of_term("first_stage_", first, own),
        **_of_term("reduced_form_", reduced, own),
        "first_stage_f": wald_f(first, CLUSTERED),
        "conditional_f": conditional_f(fit, term, CLUSTERED),
        "critical_f": critical_effective_f(),
        "anderson_rubin_p_value": anderson_rubin_p_value(fit, CLUSTERED),
    }


def _shocks(exposures: Exposures, products: np.ndarray) -> dict:
    """How many shocks there are, and how many count."""
    of_products = importance_of_groups(exposures)
    return {
        "n_shocks": exposures.n_shocks,
        "effective_shocks": effective_number(exposures.importance),
        "n_products": len(products),
        "effective_products": effective_number(of_products),
        "largest_product": str(products[of_products.argmax()]),
        "largest_product_share": float(of_products.max()),
        "mean_sum_of_shares": float(exposures.sums_of_shares.mean()),
        "least_sum_of_shares": float(exposures.sums_of_shares.min()),
    }


def _of_one_term(fit: InstrumentalFit, exposures: Exposures) -> dict:
    """What is defined where one term is instrumented."""
    by_shocks, source = _by_shocks(fit, exposures)
    return {
        "effective_f": effective_f(fit, CLUSTERED),
        **_bounds("anderson_rubin", anderson_rubin_set(fit, CLUSTERED)),
        "akm_std_error": by_shocks.std_error,
        "akm_low": by_shocks.akm_low,
        "akm_high": by_shocks.akm_high,
        **_bounds("akm0", by_shocks.akm0),
        "akm_shifts": source,
    }


def _by_shocks(fit: InstrumentalFit, exposures: Exposures) -> tuple[ShockInference, str]:
    """AKM and AKM0 with shocks clustered by product, and where the net shifts come from."""
    z, d, y = fit.instruments[:, 0], fit.endogenous[:, 0], fit.outcome
    shares = exposures.matrix
    if exposures.n_shocks < len(z) - fit.effect_rank - len(fit.terms):
        shifts, source = shifts_from_shares(shares.toarray(), z), "from_shares"
    else:
        shifts, source = shifts_net_of_effects(exposures), "net_of_effects"
    return shock_inference(shares, shifts, exposures.groups, y, d, z), source


def _bounds(name: str, found: ConfidenceSet) -> dict:
    return {f"{name}_set": found.shape, f"{name}_low": found.low, f"{name}_high": found.high}


def _warnings(row: dict, balance: pd.DataFrame) -> tuple[Reason, ...]:
    """What a reader of the estimate must know."""
    found = []
    if row["conditional_f"] < row["critical_f"]:
        found.append(
            because("instrument", "weak", f=row["conditional_f"], critical=row["critical_f"])
        )
    if row["effective_products"] < FEW_PRODUCTS:
        found.append(
            because(
                "instrument", "few_shocks", effective=row["effective_products"], few=FEW_PRODUCTS
            )
        )
    if row["n_parameters"] > MANY_PARAMETERS * row["n_observations"]:
        found.append(
            because(
                "instrument",
                "many_effects",
                parameters=row["n_parameters"],
                rows=row["n_observations"],
            )
        )
    is_rejected = balance["p_value"] < SIGNIFICANT
    if (is_rejected & (balance["kind"] == "pre_trend")).any():
        found.append(because("instrument", "pre_trend"))
    of_balance = balance["kind"] == "balance"
    if (rejected := int((is_rejected & of_balance).sum())) > 0:
        found.append(
            because("instrument", "imbalance", rejected=rejected, tested=int(of_balance.sum()))
        )
    return tuple(found)


def _rotemberg(fit: InstrumentalFit, exposures: Exposures, products: np.ndarray) -> pd.DataFrame:
    """One row per product: its weight in the estimate, and the estimate by it alone."""
    if len(fit.instrumented) > 1:
        return pd.DataFrame()
    found = rotemberg_weights(exposures, fit.outcome, fit.endogenous[:, 0])
    return pd.DataFrame(
        {
            "product_code": products,
            "exposure_share": importance_of_groups(exposures),
            "weight": found.weights,
            "product_estimate": np.where(np.isfinite(found.estimates), found.estimates, np.nan),
        }
    )


def _balance(
    sample: Sample, specification: Specification, instrument: TradeInstrument
) -> pd.DataFrame:
    """Whether the instrument of LEAD years later says anything of a row: one row per variable.

    It must not, given the row's own instrument: neither of the outcome (pre_trend), with all other
    terms beside it, nor of any of these terms (balance).
    """
    iso3 = sample.economies[sample.ids["iso3"]]
    later = without_singletons(
        sample.keep(instrument.is_there(iso3, sample.years + LEAD)), specification.effects
    )
    others = {
        term: later.x[:, place]
        for place, term in enumerate(specification.terms)
        if term not in specification.instrumented
    }
    kinds = {specification.outcome: "pre_trend"} | dict.fromkeys(others, "balance")
    if not len(later):
        nothing = because("instrument", "no_later_instrument", years=LEAD)
        return _tested(kinds, dict.fromkeys(kinds, NotEstimable(nothing)))
    own, _ = instrument.of_sample(later)
    ahead, _ = instrument.of_sample(later, LEAD)
    given = np.column_stack([own.instrument, own.by_period()])
    with_terms = np.column_stack([*others.values(), given])
    test = partial(regression_on_one, later, specification.effects, x=ahead.instrument)
    return _tested(
        kinds,
        test(controls=with_terms, outcomes={specification.outcome: later.y})
        | test(controls=given, outcomes=others),
    )


def _tested(kinds: dict[str, str], fits: dict[str, Fit | NotEstimable]) -> pd.DataFrame:
    """The rows of the tests by variable; `reason` is why one has no estimate."""
    rows: list[dict[str, object]] = []
    for variable, kind in kinds.items():
        fit = fits[variable]
        row: dict[str, object] = {"variable": variable, "kind": kind, "p_value": np.nan}
        inference = fit.reason if isinstance(fit, NotEstimable) else infer(CLUSTERED, fit)
        if isinstance(fit, NotEstimable) or isinstance(inference, Reason):
            row["reason"] = inference
        else:
            row |= _of_term("", fit, "x")
            row |= {"p_value": inference.p_value[0], "n_observations": len(fit.y), "reason": None}
        rows.append(row)
    return pd.DataFrame(rows)
