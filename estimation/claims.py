"""A verdict on each claim of the report, from its specification curve and what stands beside it.

The rule, fixed beforehand (`verdict_of`); the interval is the 95 % interval of the report's own
specification on the run's basis, clustered by economy:

    cannot be told      no estimate, or fewer than FEW_MEMBERS in the curve
    holds               the interval is on the predicted side of zero, at least AGREEMENT of the
                        curve has the predicted sign, the joint test rejects (Stouffer's Z, p at
                        most 5 %), and without any one economy or year the sign is the same
    fragile             the interval is on that side, or the joint test rejects
    cannot be told      neither, and the interval holds both zero and the printed estimate
    not supported       neither, and it does not

Estimates without a product or a sector stand beside it and are no part of it.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace

import numpy as np
import pandas as pd

from estimation.designs.influence import (
    KINDS_OF_ROWS,
    KINDS_OF_TRADE,
    LeftOut,
    ProductTrade,
    without_rows,
    without_trade,
)
from estimation.designs.specification_curve import (
    CHOICES,
    SIGNIFICANT,
    Curve,
    Joint,
    Member,
    Panels,
    Point,
    curve_points,
    joint_inference,
    members_of,
    sample_of,
    variance_shares,
)
from estimation.inference import DEFAULT_INFERENCE
from estimation.reasons import NotEstimable, Reason, Words, because
from estimation.specifications import (
    INSTRUMENTED_EXHIBITS,
    REPORT_SPECIFICATIONS,
    Specification,
)

FEW_MEMBERS = 10
AGREEMENT = 0.9
# their codes, the best first
VERDICTS = ("holds", "fragile", "not_supported", "cannot_be_told")
OF_CLAIMS = (
    "specification_curve",
    "specification_choices",
    "specification_variance",
    "influence",
    "claims",
)


@dataclass(frozen=True)
class Claim:
    """A sentence of the report in our words, and the coefficient that it rests on.

    `direction` is the sign that it predicts, 1 or -1.
    """

    code: str
    exhibit: str
    column: int
    term: str
    direction: int
    sentence_en: str
    sentence_zh: str

    @classmethod
    def from_row(cls, row: Mapping[str, str]) -> Claim:
        """From a row of the seed `claims`."""
        return cls(
            row["claim_code"],
            row["exhibit"],
            int(row["column_number"]),
            row["term"],
            int(row["predicted_sign"]),
            row["sentence_en"],
            row["sentence_zh"],
        )

    @property
    def specification(self) -> Specification:
        """The report's own. Raises LookupError if there is none with the claim's term."""
        for s in REPORT_SPECIFICATIONS:
            if (s.exhibit, s.column) == (self.exhibit, self.column) and self.term in s.terms:
                return s
        raise LookupError(f"claim {self.code}: no column {self.column} of {self.exhibit} with it")


@dataclass(frozen=True)
class Examined:
    """A claim with the estimates of its curve: one point or reason for each member.

    `own` is the report's own specification, the first; `joint` is None with fewer than FEW_MEMBERS
    estimates.
    """

    claim: Claim
    members: Sequence[Member]
    points: Sequence[Point | NotEstimable]
    joint: Joint | None
    left_out: Sequence[LeftOut]

    @property
    def own(self) -> Point | NotEstimable:
        return self.points[0]

    @property
    def estimated(self) -> list[Point]:
        return [point for point in self.points if isinstance(point, Point)]


@dataclass(frozen=True)
class Verdict:
    """What can be said of a claim, and which line of the rule says so."""

    verdict: Reason
    rule: Reason


def examine(
    claims: Sequence[Claim], panels: Panels, basis: str, trade: ProductTrade | None = None
) -> list[Examined]:
    """The curves of claims, their joint inference, and the influence of single units.

    The claims are about the same term. Those that differ in their outcome alone are examined
    together faster than one by one, with the same results. Without `trade` by product the units are
    economies and years alone.
    """
    [term] = {claim.term for claim in claims}
    members = [members_of(claim.specification, term, basis) for claim in claims]
    found = iter(curve_points(list(itertools.chain(*members)), term, panels))
    points = [list(itertools.islice(found, len(of_claim))) for of_claim in members]
    curves = {
        claim.code: Curve(estimated, claim.direction)
        for claim, of_claim in zip(claims, points, strict=True)
        if len(estimated := [p for p in of_claim if isinstance(p, Point)]) >= FEW_MEMBERS
    }
    joint = dict(zip(curves, joint_inference(list(curves.values())), strict=True))
    return [
        Examined(
            claim,
            of_claim,
            estimates,
            joint.get(claim.code),
            _left_out(of_claim[0].specification, term, estimates[0], panels, trade),
        )
        for claim, of_claim, estimates in zip(claims, members, points, strict=True)
    ]


def _left_out(
    specification: Specification,
    term: str,
    own: Point | NotEstimable,
    panels: Panels,
    trade: ProductTrade | None,
) -> list[LeftOut]:
    """The influence of units on a claim's own estimate; none where there is no estimate."""
    sample = sample_of(specification, panels)
    if isinstance(own, NotEstimable) or isinstance(sample, NotEstimable):
        return []
    of_rows = without_rows(specification, term, own, sample)
    if trade is None:
        return of_rows
    s = specification
    choice = panels[str(s.basis), s.hs_treatment, s.mineral_scope]
    return of_rows + without_trade(s, term, own, choice, trade)


def verdict_of(examined: Examined, published_estimate: float) -> Verdict:
    """The verdict by the rule of this module."""
    own, joint, direction = examined.own, examined.joint, examined.claim.direction
    if isinstance(own, NotEstimable) or joint is None:
        return Verdict(because("verdict", "cannot_be_told"), because("verdict_rule", "no_curve"))
    low, high = own.interval
    is_on_side = (low if direction > 0 else -high) > 0
    is_joint = joint.stouffer_p_value <= SIGNIFICANT
    keeps_sign = all(
        direction * unit.estimate > 0
        for unit in examined.left_out
        if unit.kind in KINDS_OF_ROWS and unit.reason is None
    )
    if is_on_side and is_joint and joint.share_in_direction >= AGREEMENT and keeps_sign:
        return Verdict(because("verdict", "holds"), because("verdict_rule", "everything_agrees"))
    if is_on_side or is_joint:
        return Verdict(because("verdict", "fragile"), because("verdict_rule", "parts_agree"))
    if low <= 0 <= high and low <= published_estimate <= high:
        return Verdict(
            because("verdict", "cannot_be_told"), because("verdict_rule", "interval_too_wide")
        )
    return Verdict(because("verdict", "not_supported"), because("verdict_rule", "nothing_agrees"))


# ---- tables --------------------------------------------------------------------------------------


def claim_tables(
    claims: Iterable[Claim],
    panels: Panels,
    coefficients: pd.DataFrame,
    published: pd.DataFrame,
    basis: str,
    words: Words,
    say: Callable[[str], None],
    trade: ProductTrade | None = None,
) -> dict[str, pd.DataFrame]:
    """The tables OF_CLAIMS; `coefficients` is that of schema estimates, for the instrumented.

    `published` is as in `estimation.comparison.scorecard`.
    """
    rows: dict[str, list[dict]] = {name: [] for name in OF_CLAIMS}
    rows["specification_choices"] = [
        {
            "dimension": choice.dimension,
            "option": choice.option,
            "justification_en": words.text(choice.justification, "en"),
            "justification_zh": words.text(choice.justification, "zh"),
        }
        for choice in CHOICES
    ]
    for examined in _examined(claims, panels, basis, trade):
        code = examined.claim.code
        rows["specification_curve"] += _curve_rows(examined, words)
        rows["specification_variance"] += [
            {"claim_code": code, "dimension": dimension, "share": share}
            for dimension, share in variance_shares(examined.estimated).items()
        ]
        rows["influence"] += _influence_rows(examined, words)
        rows["claims"].append(_claim_row(examined, coefficients, published, basis, words))
        say(
            f"claim {code}: {len(examined.estimated)} of {len(examined.members)} "
            f"specifications, {rows['claims'][-1]['verdict_code']}"
        )
    return {name: pd.DataFrame(of_table) for name, of_table in rows.items()}


def _examined(
    claims: Iterable[Claim], panels: Panels, basis: str, trade: ProductTrade | None
) -> Iterator[Examined]:
    """Every claim, those that follow each other and differ in their outcome alone together."""
    for _, together in itertools.groupby(claims, key=_but_the_outcome):
        yield from examine(list(together), panels, basis, trade)


def _but_the_outcome(claim: Claim) -> tuple[str, Specification]:
    return claim.term, replace(claim.specification, column=0, outcome="")


def _curve_rows(examined: Examined, words: Words) -> list[dict]:
    rows = []
    for number, (member, point) in enumerate(zip(examined.members, examined.points, strict=True)):
        row = {"claim_code": examined.claim.code, "specification": number + 1}
        row |= dict(member.options)
        if isinstance(point, NotEstimable):
            row |= {"reason": words.text(point.reason), "reason_code": point.reason.code}
        else:
            is_in_direction = examined.claim.direction * point.estimate > 0
            row |= _interval(point) | {
                "t_statistic": point.t_statistic,
                "p_value": point.p_value,
                "degrees_of_freedom": point.degrees_of_freedom,
                "n_observations": point.moments.n_rows,
                "n_economies": len(point.moments.economies),
                "is_in_direction": is_in_direction,
                "is_significant": is_in_direction and point.p_value < SIGNIFICANT,
            }
        rows.append(row)
    return rows


def _interval(point: Point) -> dict:
    low, high = point.interval
    return {
        "estimate": point.estimate,
        "std_error": point.std_error,
        "conf_low": low,
        "conf_high": high,
    }


def _influence_rows(examined: Examined, words: Words) -> list[dict]:
    return [
        {
            "claim_code": examined.claim.code,
            "unit_kind": unit.kind,
            "unit": unit.unit,
            "estimate": unit.estimate,
            "change_in_std_errors": unit.change,
            "n_observations": unit.n_observations,
            "reason": words.text(unit.reason) if unit.reason else None,
            "reason_code": unit.reason.code if unit.reason else None,
        }
        for unit in examined.left_out
    ]


def _claim_row(
    examined: Examined,
    coefficients: pd.DataFrame,
    published: pd.DataFrame,
    basis: str,
    words: Words,
) -> dict:
    claim, own = examined.claim, examined.own
    printed = published[
        (published["exhibit"] == claim.exhibit)
        & (published["column_number"] == claim.column)
        & (published["term"] == claim.term)
    ]["estimate"]
    published_estimate = float(printed.iloc[0]) if len(printed) else np.nan
    verdict = verdict_of(examined, published_estimate)
    row = {
        "claim_code": claim.code,
        "exhibit": claim.exhibit,
        "column": claim.column,
        "outcome": claim.specification.outcome,
        "term": claim.term,
        "predicted_sign": claim.direction,
        "sentence_en": claim.sentence_en,
        "sentence_zh": claim.sentence_zh,
        "basis": basis,
        "published_estimate": published_estimate,
        "n_specifications": len(examined.members),
        "n_estimates": len(examined.estimated),
        "verdict": words.text(verdict.verdict),
        "verdict_code": verdict.verdict.code,
        "rule": words.text(verdict.rule),
        "rule_code": verdict.rule.code,
        **_instrumented(claim, coefficients, basis),
        **_most_influential(examined.left_out),
    }
    if isinstance(own, Point):
        row |= _interval(own) | {
            "n_observations": own.moments.n_rows,
            "n_economies": len(own.moments.economies),
        }
    if examined.joint is not None:
        row |= asdict(examined.joint)
    reading = reading_of(examined, verdict)
    return row | {
        "reading_en": words.text(reading, "en"),
        "reading_zh": words.text(reading, "zh"),
    }


def reading_of(examined: Examined, verdict: Verdict) -> Reason:
    """The numbers behind a verdict as a sentence."""
    own, joint = examined.own, examined.joint
    if isinstance(own, NotEstimable):
        return because("claim", "reading_without_estimate", verdict=verdict.verdict, why=own.reason)
    low, high = own.interval
    if joint is None:
        return because(
            "claim",
            "reading_without_curve",
            verdict=verdict.verdict,
            estimate=own.estimate,
            low=low,
            high=high,
            members=len(examined.estimated),
        )
    return because(
        "claim",
        "reading",
        verdict=verdict.verdict,
        estimate=own.estimate,
        low=low,
        high=high,
        observations=own.moments.n_rows,
        economies=len(own.moments.economies),
        members=joint.n_estimates,
        in_direction=100 * joint.share_in_direction,
        significant=100 * joint.share_significant,
        median=joint.median_estimate,
        stouffer=joint.stouffer_z,
        joint_p=joint.stouffer_p_value,
    )


def _instrumented(claim: Claim, coefficients: pd.DataFrame, basis: str) -> dict:
    """The claim's term by two-stage least squares, clustered, where it has been instrumented."""
    found = coefficients[
        (coefficients["exhibit"] == INSTRUMENTED_EXHIBITS.get(claim.exhibit))
        & (coefficients["column"] == claim.column)
        & (coefficients["term"] == claim.term)
        & (coefficients["basis"] == basis)
        & (coefficients["inference"] == DEFAULT_INFERENCE)
    ]
    names = ("estimate", "conf_low", "conf_high")
    return {f"instrumented_{name}": found[name].iloc[0] for name in names if len(found)}


def _most_influential(left_out: Sequence[LeftOut]) -> dict:
    """The unit of each kind whose omission changes the estimate the most."""
    row: dict[str, object] = {}
    for kind in (*KINDS_OF_ROWS, *KINDS_OF_TRADE):
        units = [unit for unit in left_out if unit.kind == kind and unit.reason is None]
        if units:
            most = max(units, key=lambda unit: abs(unit.change))
            row |= {
                f"most_influential_{kind}": most.unit,
                f"change_without_{kind}": most.change,
            }
    return row
