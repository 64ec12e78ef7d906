"""From the marts to the tables of schema estimates: every specification on every basis."""

from __future__ import annotations

import itertools
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial

import pandas as pd
from threadpoolctl import threadpool_limits

from estimation.claims import Claim, claim_tables
from estimation.comparison import (
    planted_recovery,
    published_inference_evidence,
    published_inference_summary,
    scorecard,
    scorecard_summary,
)
from estimation.designs.influence import ProductTrade
from estimation.designs.specification_curve import PanelChoice
from estimation.designs.trade_instrument import (
    InstrumentedEstimates,
    TradeInstrument,
    estimate_instrumented,
)
from estimation.estimate import Estimates, estimate, estimate_sample
from estimation.estimators.gravity import fit_gravity
from estimation.estimators.three_way_bias import without_three_way_bias
from estimation.fit import Fit
from estimation.gravity.sample import BilateralTrade, gravity_sample
from estimation.gravity.specifications import BASIS, GravitySpecification
from estimation.inference import kind_of
from estimation.multiple_testing import with_adjusted_p_values
from estimation.reasons import NotEstimable, Reason, Words, because
from estimation.sample import Coverage, Sample
from estimation.schema import KEY, TABLES
from estimation.specifications import Specification

OF_INSTRUMENTS = ("instrument_diagnostics", "instrument_balance", "rotemberg_weights")
CORRECTED = "gravity_corrected"
# On two processors a quarter less time than one after the other; each takes up to a gigabyte.
FITS_AT_ONCE = 2
WITH_RESIDUALS = ("table_4", "table_5", "table_6")
Counted = Callable[[Sequence, str], Iterator]
NO_TRADE = NotEstimable(because("not_estimable", "no_bilateral_trade"))


@dataclass(frozen=True)
class EstimationInputs:
    """What estimation reads.

    panel           marts.panel_country_year_variants: every basis, treatment and scope
    coverage        marts.audit_product_coverage
    instrument_cells
                    marts.instrument_shifts with the shares of marts.instrument_shares
    published       report.published_coefficients
    indicator_codes variable -> the World Bank's code of it, where it has one
    default_basis, minimum_product_share, standardisation_years, is_synthetic
                    the run's choices; standardisation_years: the first and the last
    words           the sentences of reasons, notes and conclusions
    planted         on synthetic data the planted coefficients: exhibit, column, term, truth
    bilateral       trade between all pairs of economies; None where there is none
    claims          what the report says, and the coefficients that it rests on
    product_trade   trade with China by product; None where there is none
    """

    panel: pd.DataFrame
    coverage: pd.DataFrame
    instrument_cells: pd.DataFrame
    published: pd.DataFrame
    indicator_codes: dict[str, str]
    default_basis: str
    minimum_product_share: float
    standardisation_years: tuple[int, int]
    is_synthetic: bool
    words: Words
    planted: pd.DataFrame | None = None
    bilateral: BilateralTrade | None = None
    claims: tuple[Claim, ...] = ()
    product_trade: ProductTrade | None = None


def uncounted(items: Sequence, _: str) -> Iterator:
    """The items, shown to no one."""
    return iter(items)


def coverage_of(
    inputs: EstimationInputs, basis: str, hs_treatment: str, mineral_scope: str
) -> dict[str, Coverage]:
    """Coverage of each product list on a basis, treatment and scope, over the comparable years."""
    coverage = inputs.coverage
    rows = coverage[
        (coverage["basis"] == basis)
        & (coverage["hs_treatment"] == hs_treatment)
        & (coverage["mineral_scope"] == mineral_scope)
    ]
    found = {}
    for product_list, of_list in rows.groupby("product_list"):
        comparable = of_list[of_list["is_comparable"]]
        found[str(product_list)] = Coverage(
            frozenset(int(y) for y in comparable["year"]),
            frozenset(int(y) for y in of_list.loc[~of_list["is_comparable"], "year"]),
            int(comparable["products_landed"].max()) if len(comparable) else 0,
            int(of_list["products_in_list"].max()),
            inputs.minimum_product_share,
        )
    return found


# Threads that wait for each other take twice the time on matrices as small as these, and sums would
# differ by their number in the last digit.
@threadpool_limits.wrap(limits=1, user_api="blas")
def estimate_all(
    inputs: EstimationInputs,
    specifications: Iterable[Specification],
    bases: Iterable[str],
    say: Callable[[str], None] = lambda _: None,
    gravity_specifications: Sequence[GravitySpecification] = (),
    counted: Counted = uncounted,
) -> dict[str, pd.DataFrame]:
    """Estimate every specification on every basis it applies to, and every column of gravity.

    `counted` is given each list that is worked through, and what it is a list of, to show how far
    that is. Returns all tables of `TABLES`, the empty ones included.
    """
    results = itertools.chain(
        _panel_results(inputs, list(specifications), list(bases), say, counted),
        _gravity_results(inputs, gravity_specifications, say, counted),
    )
    tables = _tables(results, inputs)
    beside = (tables["coefficients"], tables["not_estimable"], inputs.published)
    tables |= claim_tables(
        counted(inputs.claims, "estimates: claims"),
        _panels(inputs),
        tables["coefficients"],
        inputs.published,
        inputs.default_basis,
        inputs.words,
        say,
        inputs.product_trade,
    )
    tables["scorecard"] = scorecard(*beside, inputs.default_basis)
    tables["scorecard_summary"] = scorecard_summary(tables["scorecard"])
    if inputs.planted is not None:
        tables["planted_recovery"] = planted_recovery(
            tables["coefficients"], inputs.planted, inputs.default_basis
        )
    evidence = published_inference_evidence(*beside, inputs.default_basis, inputs.words)
    tables["published_inference_evidence"] = evidence
    tables["published_inference_summary"] = published_inference_summary(
        evidence.reindex(columns=list(TABLES["published_inference_evidence"].columns)),
        inputs.words,
    )
    return {
        name: tables.get(name, pd.DataFrame())
        .assign(is_synthetic=inputs.is_synthetic)
        .reindex(columns=list(table.columns))
        for name, table in TABLES.items()
    }


def _panels(inputs: EstimationInputs) -> dict[tuple[str, str, str], PanelChoice]:
    """The panel of every basis, treatment and scope, and what has landed on it."""
    if not len(inputs.panel):
        return {}
    by_choice = inputs.panel.groupby(["basis", "hs_treatment", "mineral_scope"])
    return {
        (basis, hs_treatment, mineral_scope): PanelChoice(
            panel, coverage_of(inputs, basis, hs_treatment, mineral_scope)
        )
        for (basis, hs_treatment, mineral_scope), panel in by_choice
    }


@dataclass(frozen=True)
class _Result:
    """What came of a specification on a basis; `landed` is of its first product list."""

    specification: Specification
    basis: str
    landed: Coverage | None
    result: Estimates | NotEstimable


def _panel_results(
    inputs: EstimationInputs,
    specifications: list[Specification],
    bases: list[str],
    say: Callable[[str], None],
    counted: Counted,
) -> Iterator[_Result]:
    """Every specification of the panel on every basis it applies to."""
    panels = _panels(inputs)
    instruments = _instruments(inputs.instrument_cells)
    variants = dict.fromkeys(s.variant for s in specifications)
    choices = list(itertools.product(bases, variants))
    for basis, variant in counted(choices, "estimates: bases and variants"):
        chosen = [s for s in specifications if s.variant == variant and s.basis in (None, basis)]
        estimated = 0
        for s in chosen:
            chosen_panel = panels.get((basis, s.hs_treatment, s.mineral_scope))
            result: Estimates | NotEstimable
            if chosen_panel is None:
                nothing = because("not_estimable", "no_trade_on_basis", basis=basis)
                yield _Result(s, basis, None, NotEstimable(nothing))
                continue
            panel, coverage = chosen_panel.panel, chosen_panel.coverage
            if s.instrumented:
                instrument = instruments.get((basis, s.hs_treatment))
                result = estimate_instrumented(panel, s, coverage, instrument)
            else:
                result = estimate(panel, s, coverage)
            estimated += isinstance(result, Estimates)
            yield _Result(s, basis, coverage.get(s.product_lists[0][0]), result)
        say(f"{basis}: {variant}: {estimated} of {len(chosen)} columns estimated")


def _gravity_results(
    inputs: EstimationInputs,
    specifications: Sequence[GravitySpecification],
    say: Callable[[str], None],
    counted: Counted,
) -> Iterator[_Result]:
    """Every gravity column in its order, FITS_AT_ONCE side by side."""
    fits = [list(columns) for _, columns in itertools.groupby(specifications, key=_uncorrected)]
    with ThreadPoolExecutor(FITS_AT_ONCE) as threads:
        begun = deque(threads.submit(_gravity_fit, inputs, f) for f in fits[:FITS_AT_ONCE])
        for number, columns in enumerate(counted(fits, "estimates: gravity"), FITS_AT_ONCE):
            results, seconds = begun.popleft().result()
            if number < len(fits):
                begun.append(threads.submit(_gravity_fit, inputs, fits[number]))
            yield from results
            first, result = columns[0], results[0].result
            variants = ", ".join(s.variant for s in columns)
            rows = (
                f"{result.diagnostics['n_observations']:,} rows"
                if isinstance(result, Estimates)
                else inputs.words.text(result.reason)
            )
            say(f"{first.exhibit} ({first.column}), {variants}: {rows}, {seconds:.1f} s")


def _uncorrected(s: GravitySpecification) -> GravitySpecification:
    """The column whose fit is that of `s` before it is corrected."""
    return replace(s, variant="report", estimator="gravity") if s.estimator == CORRECTED else s


def _gravity_fit(
    inputs: EstimationInputs, columns: Sequence[GravitySpecification]
) -> tuple[list[_Result], float]:
    """What came of the columns that share a fit, and the seconds that it took."""
    began = time.perf_counter()
    s = _uncorrected(columns[0])
    coverage = coverage_of(inputs, BASIS, s.hs_treatment, s.mineral_scope)
    selected = gravity_sample(inputs.bilateral, s, coverage) if inputs.bilateral else NO_TRADE
    results: list[Estimates | NotEstimable]
    if isinstance(selected, NotEstimable):
        results = [selected] * len(columns)
    else:
        fit, kinds = fit_gravity(selected[0], s), {name: kind_of(name) for name in s.inference}
        results = [
            estimate_sample(*selected, column, kinds, partial(_from_fit, fit)) for column in columns
        ]
    landed = coverage.get(s.product_lists[0][0])
    found = [_Result(c, BASIS, landed, r) for c, r in zip(columns, results, strict=True)]
    return found, time.perf_counter() - began


def _from_fit(
    fit: Fit | NotEstimable, _: Sample, specification: Specification
) -> Fit | NotEstimable:
    """The fit as a specification has it: as it is or without its bias."""
    if specification.estimator == CORRECTED and isinstance(fit, Fit):
        return without_three_way_bias(fit)
    return fit


def _tables(results: Iterable[_Result], inputs: EstimationInputs) -> dict[str, pd.DataFrame]:
    """The tables coefficients, diagnostics, residuals, not_estimable and OF_INSTRUMENTS."""
    coefficients: list[pd.DataFrame] = []
    residuals: list[pd.DataFrame] = []
    diagnostics: list[dict] = []
    of_instruments: dict[str, list[pd.DataFrame]] = {name: [] for name in OF_INSTRUMENTS}
    reasons: list[dict] = []
    for found in results:
        s, basis, result = found.specification, found.basis, found.result
        reasons += _reasons(result, s, basis, inputs)
        if isinstance(result, Estimates):
            assert found.landed is not None
            coefficients.append(_coefficients(result, s, basis, found.landed, inputs))
            diagnostics.append(_diagnostics(result, s, basis, inputs.words))
            if _is_shown_by_economy(s, basis, inputs):
                residuals.append(_residuals(result, s, basis))
        if isinstance(result, InstrumentedEstimates):
            for name, rows in _of_instrument(result, inputs.words).items():
                of_instruments[name].append(rows.assign(**_key(s, basis)))
    return {
        "coefficients": with_adjusted_p_values(pd.concat(coefficients, ignore_index=True))
        if coefficients
        else _empty("coefficients"),
        "diagnostics": pd.DataFrame(diagnostics) if diagnostics else _empty("diagnostics"),
        "residuals": pd.concat(residuals, ignore_index=True) if residuals else _empty("residuals"),
        "not_estimable": pd.DataFrame(reasons) if reasons else _empty("not_estimable"),
        **{
            name: pd.concat(rows, ignore_index=True) if rows else _empty(name)
            for name, rows in of_instruments.items()
        },
    }


def _instruments(cells: pd.DataFrame) -> dict[tuple[str, str], TradeInstrument]:
    """The instrument on every basis and HS treatment that has one."""
    return {
        (basis, hs_treatment): TradeInstrument.from_cells(of_choice)
        for (basis, hs_treatment), of_choice in cells.groupby(["basis", "hs_treatment"])
    }


def _of_instrument(result: InstrumentedEstimates, words: Words) -> dict[str, pd.DataFrame]:
    """The rows of the tables OF_INSTRUMENTS, with reasons in words and as codes."""
    instrument, balance = result.instrument.copy(), result.balance.copy()
    for column, codes in (("warnings", "warning_codes"), ("not_computed", "not_computed_codes")):
        given = instrument[column]
        instrument[codes] = [", ".join(r.code for r in reasons) for reasons in given]
        instrument[column] = [words.text(reasons) for reasons in given]
    balance["reason_code"] = [r.code if r else None for r in balance["reason"]]
    balance["reason"] = [words.text(r) if r else None for r in balance["reason"]]
    return dict(zip(OF_INSTRUMENTS, (instrument, balance, result.rotemberg), strict=True))


def _key(s: Specification, basis: str) -> dict:
    return {name: getattr(s, name) for name in KEY} | {"basis": basis}


def _coefficients(
    result: Estimates, s: Specification, basis: str, landed: Coverage, inputs: EstimationInputs
) -> pd.DataFrame:
    counts = ("n_observations", "n_economies", "first_year", "last_year")
    return result.coefficients.assign(
        **_key(s, basis),
        **{name: result.diagnostics[name] for name in counts},
        products_landed=landed.products_landed,
        products_in_list=landed.products_in_list,
        specification=inputs.words.text(s.sentences(inputs.standardisation_years)),
    )


def _diagnostics(result: Estimates, s: Specification, basis: str, words: Words) -> dict:
    codes = (f"{r.parameters['kind']}: {r.parameters['reason'].code}" for r in result.not_computed)
    return {
        **_key(s, basis),
        **result.diagnostics,
        "inference_not_computed": words.text(result.not_computed),
        "inference_not_computed_codes": ", ".join(codes),
    }


def _is_shown_by_economy(s: Specification, basis: str, inputs: EstimationInputs) -> bool:
    """Whether residuals are kept: of all fits they would be as many as the rows of the panels."""
    is_report = s.variant == "report" and basis == inputs.default_basis
    return is_report and s.exhibit in WITH_RESIDUALS


def _residuals(result: Estimates, s: Specification, basis: str) -> pd.DataFrame:
    """One row per economy and year in the fit."""
    fit = result.fit
    deviation = fit.residuals.std(ddof=1)
    return pd.DataFrame(
        {
            "iso3": fit.economies[fit.ids["iso3"]],
            "year": fit.years,
            "residual": fit.residuals,
            "residual_in_std_deviations": fit.residuals / deviation if deviation > 0 else None,
        }
    ).assign(**_key(s, basis))


def _reasons(
    result: Estimates | NotEstimable, s: Specification, basis: str, inputs: EstimationInputs
) -> list[dict]:
    """The rows of not_estimable: one of a column that has no estimates, or one per term dropped."""
    given: list[tuple[str | None, Reason]]
    if isinstance(result, NotEstimable):
        given = [(None, _with_indicator(result.reason, inputs.indicator_codes))]
    else:
        given = [(term, because("not_estimable", "term_collinear")) for term in result.dropped]
    return [
        {
            **_key(s, basis),
            "term": term,
            "reason": inputs.words.text(reason),
            "reason_code": reason.code,
            "reason_parameters": reason.parameters_as_json,
        }
        for term, reason in given
    ]


def _with_indicator(reason: Reason, indicator_codes: dict[str, str]) -> Reason:
    """The reason, with the World Bank's code of a variable without data where it has one."""
    variable = reason.parameters.get("variable")
    if reason.code != "no_data" or not (indicator := indicator_codes.get(str(variable))):
        return reason
    return because("not_estimable", "no_data_of_indicator", variable=variable, indicator=indicator)


def _empty(table: str) -> pd.DataFrame:
    return pd.DataFrame(columns=list(TABLES[table].columns))
