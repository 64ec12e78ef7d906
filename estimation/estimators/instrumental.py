"""Two-stage least squares with fixed effects, and what is asked of its instruments.

Instruments stand in for the terms that may be endogenous. Beside the fit there are the first stage
and the reduced form, each a Fit that inference can work on; the effective F statistic (Montiel Olea
and Pflueger 2013), the conditional one where several terms are instrumented (Sanderson and
Windmeijer 2016), and the confidence set of Anderson and Rubin (1949), which holds however weak the
instrument is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special

from estimation.confidence_sets import ConfidenceSet, where_quadratic_is_not_positive
from estimation.estimators.fixed_effects import FixedEffects, independent, too_small
from estimation.estimators.pyfixest_adapter import solve
from estimation.fit import Fit
from estimation.inference import Kind, covariance, degrees_of_freedom
from estimation.reasons import NotEstimable, because
from estimation.sample import Sample
from estimation.specifications import Specification

# Montiel Olea and Pflueger (2013): the bias of two-stage least squares that is tolerated, relative
# to the worst case, and the level of their test
TOLERATED_BIAS, LEVEL = 0.10, 0.05


@dataclass(frozen=True)
class Excluded:
    """What an instrumental fit needs beyond a sample of n rows.

    `instruments` (n, m) are excluded from the equation; `controls` (n, c) are part of it, swept out
    with the effects and not reported.
    """

    instruments: np.ndarray
    controls: np.ndarray


@dataclass(frozen=True, kw_only=True)
class InstrumentalFit(Fit):
    """A fit by two-stage least squares; `x` holds the terms as the first stage predicts them.

    instrumented    names of the k1 terms that are instrumented
    outcome         (n,) net of the effects, the controls and the other terms
    endogenous      (n, k1) the instrumented terms, net of the same
    instruments     (n, m) net of the same, collinear ones left out
    """

    instrumented: tuple[str, ...]
    outcome: np.ndarray
    endogenous: np.ndarray
    instruments: np.ndarray


class EffectsAndControls(FixedEffects):
    """Sweeps out fixed effects and controls; collinear controls are left out.

    `controls` (n, c) are those that are kept; `rank` counts the parameters of both.
    """

    def __init__(self, ids: Sequence[np.ndarray], controls: np.ndarray) -> None:
        super().__init__(ids)
        kept, self.basis = independent(super().sweep(controls), np.linalg.norm(controls, axis=0))
        self.controls = controls[:, kept]
        self.rank += int(kept.sum())

    def sweep(self, columns: np.ndarray) -> np.ndarray:
        return _orthogonal(super().sweep(columns), self.basis)


@dataclass(frozen=True)
class _Stages:
    """The columns of both stages, as they are in the sample and net of everything else.

    kept            (k,) terms that are not collinear, the instrumented ones among them
    included        (n, e) raw columns of the first stage beside the instruments
    excluded        (n, m) raw instruments, without the collinear ones
    outcome, endogenous, instruments
                    as in InstrumentalFit
    """

    kept: np.ndarray
    included: np.ndarray
    excluded: np.ndarray
    outcome: np.ndarray
    endogenous: np.ndarray
    instruments: np.ndarray


def fit_instrumental(
    sample: Sample, specification: Specification, excluded: Excluded
) -> InstrumentalFit | NotEstimable:
    """Two-stage least squares, each stage by pyfixest.

    The terms `specification.instrumented` are instrumented; every other term is its own instrument.
    What inference needs is computed from the columns net of effects and controls (Frisch, Waugh and
    Lovell). Residuals are those of the terms, not of their predictions.
    """
    swept = EffectsAndControls([sample.ids[e] for e in specification.effects], excluded.controls)
    if reason := too_small(len(sample), len(specification.terms), swept.rank):
        return reason
    if np.ptp(sample.y) == 0:
        return NotEstimable(
            because("not_estimable", "outcome_constant", outcome=specification.outcome)
        )
    is_instrumented = np.isin(specification.terms, specification.instrumented)
    stages = _stages(sample, excluded, is_instrumented, swept)
    if isinstance(stages, NotEstimable):
        return stages
    if reason := _not_to_be_inferred(stages, sample, specification.outcome):
        return reason
    effects = {e: sample.ids[e] for e in specification.effects}
    predicted = _predicted(sample, is_instrumented, stages, effects)
    if isinstance(predicted, NotEstimable):
        return predicted
    x = swept.sweep(predicted[:, stages.kept])
    if not independent(x, np.linalg.norm(predicted[:, stages.kept], axis=0))[0].all():
        return NotEstimable(because("not_estimable", "instrument_irrelevant"))
    second = solve(
        "ols", sample.y, np.column_stack([predicted[:, stages.kept], swept.controls]), effects
    )
    if isinstance(second, NotEstimable):
        return second
    estimates = second.estimates[: x.shape[1]]
    y = swept.sweep(sample.y[:, None])[:, 0]
    return InstrumentalFit(
        estimator=specification.estimator,
        terms=specification.terms_where(stages.kept),
        estimates=estimates,
        x=x,
        y=y,
        residuals=y - swept.sweep(sample.x[:, stages.kept]) @ estimates,
        weights=swept.weights,
        bread=np.linalg.inv(x.T @ x),
        ids=sample.ids,
        years=sample.years,
        economies=sample.economies,
        effects=specification.effects,
        effect_rank=swept.rank,
        sweep=swept.sweep,
        instrumented=specification.terms_where(is_instrumented),
        outcome=stages.outcome,
        endogenous=stages.endogenous,
        instruments=stages.instruments,
    )


def _stages(
    sample: Sample, excluded: Excluded, is_instrumented: np.ndarray, swept: EffectsAndControls
) -> _Stages | NotEstimable:
    """The columns of both stages, or why there are too few of them."""
    x, z = swept.sweep(sample.x), swept.sweep(excluded.instruments)
    lengths = np.linalg.norm(sample.x, axis=0)
    kept = is_instrumented.copy()
    kept[~is_instrumented], basis = independent(x[:, ~is_instrumented], lengths[~is_instrumented])
    endogenous = _orthogonal(x[:, is_instrumented], basis)
    if not independent(endogenous, lengths[is_instrumented])[0].all():
        return NotEstimable(because("not_estimable", "instrumented_term_collinear"))
    instruments = _orthogonal(z, basis)
    kept_z, _ = independent(instruments, np.linalg.norm(excluded.instruments, axis=0))
    if kept_z.sum() < is_instrumented.sum():
        return NotEstimable(
            because(
                "not_estimable",
                "too_few_instruments",
                instruments=int(kept_z.sum()),
                terms=int(is_instrumented.sum()),
            )
        )
    others = sample.x[:, kept & ~is_instrumented]
    return _Stages(
        kept=kept,
        included=np.column_stack([others, swept.controls]),
        excluded=excluded.instruments[:, kept_z],
        outcome=_orthogonal(swept.sweep(sample.y[:, None]), basis)[:, 0],
        endogenous=endogenous,
        instruments=instruments[:, kept_z],
    )


def _not_to_be_inferred(stages: _Stages, sample: Sample, outcome: str) -> NotEstimable | None:
    """The reason why a first stage or reduced form has no covariance clustered by economy."""
    economies, instruments = len(sample.economies), stages.instruments.shape[1]
    if economies <= instruments:
        return NotEstimable(
            because(
                "not_estimable", "too_few_economies", economies=economies, instruments=instruments
            )
        )
    columns = np.column_stack([stages.instruments, stages.endogenous, stages.outcome])
    distinct, _ = independent(columns, np.linalg.norm(columns, axis=0))
    if not distinct[instruments:-1].all():
        return NotEstimable(because("not_estimable", "instruments_fit_term"))
    if not distinct[-1]:
        return NotEstimable(because("not_estimable", "no_residual", outcome=outcome))
    return None


def _predicted(
    sample: Sample, is_instrumented: np.ndarray, stages: _Stages, effects: dict[str, np.ndarray]
) -> np.ndarray | NotEstimable:
    """The terms (n, k), the instrumented ones as the first stage predicts them, but for effects."""
    predicted = sample.x.copy()
    regressors = np.column_stack([stages.excluded, stages.included])
    for place in np.flatnonzero(is_instrumented):
        first = solve("ols", sample.x[:, place], regressors, effects)
        if isinstance(first, NotEstimable):
            return first
        predicted[:, place] = regressors @ first.estimates
    return predicted


def _orthogonal(columns: np.ndarray, basis: np.ndarray) -> np.ndarray:
    """The columns (n, m) less their projection on an orthonormal basis (n, b)."""
    return columns - basis @ (basis.T @ columns)


# ---- first stage and reduced form ----------------------------------------------------------------


def first_stage(fit: InstrumentalFit, term: str) -> Fit:
    """The regression of an instrumented term on the instruments; its terms are instrument_1, ..."""
    return _on_instruments(fit, fit.endogenous[:, fit.instrumented.index(term)])


def reduced_form(fit: InstrumentalFit) -> Fit:
    """The regression of the outcome on the instruments; its terms are instrument_1, ..."""
    return _on_instruments(fit, fit.outcome)


def _on_instruments(fit: InstrumentalFit, y: np.ndarray) -> Fit:
    """The regression of a column (n,), net of all but the instruments, on these."""
    names = tuple(f"instrument_{number}" for number in range(1, fit.instruments.shape[1] + 1))
    others = len(fit.terms) - len(fit.instrumented)  # they count as parameters too
    return _regression(
        fit, fit.effects, fit.sweep, fit.effect_rank + others, y, fit.instruments, names
    )


def regression_on_one(
    sample: Sample,
    effects: tuple[str, ...],
    controls: np.ndarray,
    outcomes: Mapping[str, np.ndarray],
    x: np.ndarray,
) -> dict[str, Fit | NotEstimable]:
    """The regressions of outcomes (n,) on one column (n,), beside effects and controls (n, c).

    The term's name is x. Effects and controls are swept out once for all outcomes.
    """
    swept = EffectsAndControls([sample.ids[e] for e in effects], controls)
    reason = too_small(len(sample), 1, swept.rank)
    net = swept.sweep(x[:, None])
    if reason is None and not independent(net, np.linalg.norm(x[:, None], axis=0))[0].all():
        reason = NotEstimable(because("not_estimable", "term_collinear"))
    found: dict[str, Fit | NotEstimable] = {}
    for name, y in outcomes.items():
        of_y = swept.sweep(y[:, None])
        if reason is None and independent(of_y, np.linalg.norm(y[:, None], axis=0))[0].all():
            found[name] = _regression(
                sample, effects, swept.sweep, swept.rank, of_y[:, 0], net, ("x",)
            )
        else:
            nothing = because("not_estimable", "outcome_constant", outcome=name)
            found[name] = reason or NotEstimable(nothing)
    return found


def _regression(
    rows: Sample | Fit,
    effects: tuple[str, ...],
    sweep: Callable[[np.ndarray], np.ndarray],
    effect_rank: int,
    y: np.ndarray,
    x: np.ndarray,
    names: tuple[str, ...],
) -> Fit:
    """Least squares of a column (n,) on columns (n, m), both net of everything else."""
    bread = np.linalg.inv(x.T @ x)
    estimates = bread @ (x.T @ y)
    residuals = y - x @ estimates
    return Fit(
        estimator="ols",
        terms=names,
        estimates=estimates,
        x=x,
        y=y,
        residuals=residuals,
        weights=np.ones(len(y)),
        bread=bread,
        ids=rows.ids,
        years=rows.years,
        economies=rows.economies,
        effects=effects,
        effect_rank=effect_rank,
        sweep=sweep,
        within_r_squared=float(1 - residuals @ residuals / (y @ y)),
    )


# ---- how strong the instruments are --------------------------------------------------------------


def wald_f(stage: Fit, kind: Kind) -> float:
    """The F statistic of all coefficients of a first stage or reduced form: Wald over their m."""
    covariance_of_all = covariance(kind, stage)
    wald = stage.estimates @ np.linalg.solve(covariance_of_all, stage.estimates)
    return float(wald / len(stage.estimates))


def effective_f(fit: InstrumentalFit, kind: Kind) -> float:
    """The effective F statistic of the one instrumented term.

    pi' Q pi / tr(V Q), pi the first stage's coefficients, V their covariance of the given kind and
    Q the cross product of the instruments (Montiel Olea and Pflueger 2013). With one
    instrument it is the squared t statistic of the first stage. Raises ValueError for more terms,
    for which it is not defined.
    """
    [term] = fit.instrumented
    stage = first_stage(fit, term)
    cross = stage.x.T @ stage.x
    return float(
        stage.estimates @ cross @ stage.estimates / np.trace(covariance(kind, stage) @ cross)
    )


def critical_effective_f(degrees: float = 1.0) -> float:
    """What the effective F must exceed for the bias to be below TOLERATED_BIAS, at LEVEL.

    The simplified, conservative test of Montiel Olea and Pflueger (2013): a noncentral chi-squared
    distribution, over its `degrees` of freedom, which are one for one instrument.
    """
    centre = degrees / TOLERATED_BIAS
    return float(special.chndtrix(1 - LEVEL, degrees, centre) / degrees)


def conditional_f(fit: InstrumentalFit, term: str, kind: Kind) -> float:
    """The F statistic of one instrumented term given the others.

    What the first stage says of the term that it does not say of the others: the term less its
    two-stage fit on them is regressed on the m instruments, and the Wald statistic is divided by
    m - k1 + 1 (Sanderson and Windmeijer 2016, with a covariance of the given kind). With one term
    and one instrument it is the effective F.
    """
    j = fit.instrumented.index(term)
    d, z = fit.endogenous, fit.instruments
    others = np.delete(d, j, axis=1)
    predicted = z @ np.linalg.lstsq(z, others, rcond=None)[0]
    on_others = np.linalg.lstsq(predicted, d[:, j], rcond=None)[0]
    stage = _on_instruments(fit, d[:, j] - others @ on_others)
    wald = stage.estimates @ np.linalg.pinv(covariance(kind, stage)) @ stage.estimates
    return float(wald / (z.shape[1] - d.shape[1] + 1))


# ---- inference that holds with weak instruments --------------------------------------------------


def anderson_rubin_set(fit: InstrumentalFit, kind: Kind, level: float = LEVEL) -> ConfidenceSet:
    """The values of the one instrumented coefficient that Anderson and Rubin's test keeps.

    A value b is kept if the outcome less b times the term has no relation to the one instrument, by
    a t test of the given kind. Its squared statistic is a ratio of two quadratics in b, so the set
    is known without a grid: (r - b p)^2 <= q^2 (V_y - 2 b V_yd + b^2 V_d), r and p being the
    coefficients of reduced form and first stage. Raises ValueError for several terms or
    instruments.
    """
    [term], [_] = fit.instrumented, fit.instruments.T
    reduced, first = reduced_form(fit), first_stage(fit, term)
    [r], [p] = reduced.estimates, first.estimates
    [[v_y]], [[v_d]] = covariance(kind, reduced), covariance(kind, first)
    difference = _on_instruments(fit, fit.outcome - fit.endogenous[:, 0])
    v_yd = (v_y + v_d - covariance(kind, difference)[0, 0]) / 2
    q2 = special.stdtrit(degrees_of_freedom(kind, first), 1 - level / 2) ** 2
    return where_quadratic_is_not_positive(
        p * p - q2 * v_d, -2 * (r * p - q2 * v_yd), r * r - q2 * v_y
    )


def anderson_rubin_p_value(
    fit: InstrumentalFit, kind: Kind, values: np.ndarray | None = None
) -> float:
    """The p value of the joint hypothesis that the instrumented coefficients have these values.

    `values` (k1,) default to zeros. The test that the m instruments say nothing of what is left of
    the outcome, by the F distribution with m and the kind's degrees of freedom.
    """
    tested = np.zeros(len(fit.instrumented)) if values is None else values
    left = _on_instruments(fit, fit.outcome - fit.endogenous @ tested)
    m = len(left.estimates)
    return float(special.fdtrc(m, degrees_of_freedom(kind, left), wald_f(left, kind)))
