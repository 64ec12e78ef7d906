"""The verdict on each claim of the report, with its specification curve."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from estimation.claims import VERDICTS
from orchestration.publishing.report_page.figures import Cell, Figure, Panel, Series, Table
from orchestration.publishing.report_page.publication import Publication
from orchestration.publishing.report_page.wording import (
    Text,
    joined,
    number,
    reason,
    same,
    significant,
    word,
)

# in what a member of the curve departs from the report's own specification
DEPARTURES = {
    "basis": None,
    "hs_treatment": "harmonised",
    "product_scope": "whole_list",
    "window": "from_1992",
    "controls": "report",
    "standardisation": "panel",
    "estimator": "effects",
}


@dataclass(frozen=True)
class Claim:
    """A claim with what the warehouse says of it."""

    code: str
    sentence: Text
    verdict_code: str
    verdict: Text
    rule: Text
    reading: Text
    influence: Text | None
    exhibit: Text
    exhibit_anchor: str
    curve: Figure


def claims_of(published: Publication) -> list[Claim]:
    """All claims in the order of the report's tables, each with its curve."""
    curves = _curves(published)
    return [
        _claim(published, r, curves.get(r["claim_code"], []))
        for r in published.records(
            """
            select *
            from estimates.claims
            order by cast(split_part(exhibit, '_', 2) as integer), "column", claim_code
            """
        )
    ]


def _curves(published: Publication) -> dict[str, list[tuple[Any, ...]]]:
    """Claim -> the rows of its curve, by size of the estimate."""
    found: dict[str, list[tuple[Any, ...]]] = {}
    for r in published.records(_sql("true")):
        place = len(found.setdefault(r["claim_code"], [])) + 1
        series = "own" if r["specification"] == 1 else "sure" if r["is_significant"] else "unsure"
        found[r["claim_code"]].append(
            (place, series, r["estimate"], r["conf_low"], r["conf_high"], _departures(r))
        )
    return found


def _sql(where: str) -> str:
    return f"""
select *
from estimates.specification_curve
where inference = 'cluster_iso3' and estimate is not null and {where}
order by claim_code, estimate, specification
""".strip()


def _departures(r: Mapping[str, Any]) -> str:
    """The options other than the report's, as codes that the scripts have words for."""
    found = [
        f"{dimension}_{r[dimension]}"
        for dimension, own in DEPARTURES.items()
        if own is not None and r[dimension] not in (None, own)
    ]
    return " ".join([f"basis_{r['basis']}", *found])


def departure_words() -> dict[str, Text]:
    """Code of an option -> what it is called beside a point of a curve."""
    options = {
        **{f"basis_{b}": reason("basis", b) for b in BASES},
        **{f"hs_treatment_{t}": reason("hs_treatment", t) for t in ("as_reported", "strict")},
    }
    own = (
        "product_scope_without_dual_use",
        "window_from_2002",
        "controls_core",
        "controls_alternative",
        "standardisation_sample",
        "estimator_effects_and_trends",
    )
    return options | {code: word(f"option_{code}") for code in own}


BASES = ("china_reported", "partner_reported", "reconciled")


def _claim(published: Publication, r: Mapping[str, Any], rows: list[tuple[Any, ...]]) -> Claim:
    n = r["exhibit"].rpartition("_")[2]
    sentence = Text(r["sentence_en"], r["sentence_zh"])
    reading = Text(r["reading_en"] or "", r["reading_zh"] or "")
    return Claim(
        code=r["claim_code"],
        sentence=sentence,
        verdict_code=r["verdict_code"],
        verdict=reason("verdict", r["verdict_code"]),
        rule=reason("verdict_rule", r["rule_code"]),
        reading=reading,
        influence=_influence(published, r),
        exhibit=word("table_and_column", number=n, column=r["column"]),
        exhibit_anchor=f"table-{n}",
        curve=Figure(
            anchor=f"claim-{r['claim_code'].replace('_', '-')}",
            title=sentence,
            panels=[Panel("curve", "per_deviation")],
            columns=("x", "series", "value", "low", "high", "choices"),
            rows=rows,
            series={
                "unsure": Series(word("curve_unsure"), 0),
                "sure": Series(word("curve_sure"), 2),
                "own": Series(word("curve_own"), 1),
            },
            sql=_sql(f"claim_code = '{r['claim_code']}'"),
            source=published.source("panel"),
            x_label=word("rank"),
            series_label=word("kind"),
            empty=word("empty_curve", why=reading),
        ),
    )


def _influence(published: Publication, r: Mapping[str, Any]) -> Text | None:
    """Without which unit of each kind the estimate changes the most; None without an estimate."""
    names = {
        "economy": published.economy_name,
        "year": same,
        "product": published.product_name,
        "sector": lambda code: published.name("sector", code),
    }
    units = []
    for kind, name_of in names.items():
        if (unit := r[f"most_influential_{kind}"]) is not None:
            name, change = name_of(unit), number(r[f"change_without_{kind}"], 2)
            units.append(Text(f"{name.en} ({change})", f"{name.zh}（{change}）"))
    return word("claim_influence", units=joined(units)) if units else None


# of an estimate, in its standard errors: most units change most claims by less
LEAST_CHANGE = 0.1
INFLUENCE = """
select
    influence.unit,
    claims.exhibit,
    claims."column",
    claims.sentence_en,
    claims.sentence_zh,
    claims.verdict_code,
    claims.estimate,
    influence.estimate,
    influence.change_in_std_errors
from estimates.influence as influence
inner join estimates.claims as claims using (claim_code)
where
    influence.unit_kind = '{kind}'
    and abs(influence.change_in_std_errors) >= {least}
    and {where}
order by influence.unit, abs(influence.change_in_std_errors) desc, claim_code
""".strip()


def influence_rows(published: Publication, kind: str) -> Mapping[str, Sequence[tuple[Any, ...]]]:
    """Each unit of a kind -> the claims whose estimate is another without it, or the same."""
    return published.grouped(INFLUENCE.format(kind=kind, least=0, where="true"))


def influence_table(
    published: Publication, kind: str, unit: str, rows: Sequence[tuple[Any, ...]], empty: Text
) -> Table:
    """The claims' estimates without a unit, on its page: those that change enough to be seen."""
    cells: list[list[Cell | Text]] = []
    shown = [row for row in rows if abs(row[-1]) >= LEAST_CHANGE]
    for exhibit, column, english, chinese, verdict, estimate, without, change in shown:
        n = exhibit.rpartition("_")[2]
        place = word("table_and_column", number=n, column=column)
        assert verdict in VERDICTS
        cells.append(
            [
                Text(english, chinese),
                Cell(place, None, f"../index.html#table-{n}", is_number=False),
                reason("verdict", verdict),
                Cell(significant(estimate), estimate),
                Cell(significant(without), without),
                Cell(number(change, 2), change),
            ]
        )
    quoted = unit.replace("'", "''")
    return Table(
        anchor="influence",
        title=word("influence"),
        lead=word(f"lead_influence_{kind}", shown=len(shown), claims=len(rows)) if shown else None,
        heads=[
            word("claim"),
            word("table"),
            word("verdict"),
            word("estimate_with"),
            word("estimate_without"),
            word("change"),
        ],
        rows=cells,
        sql=INFLUENCE.format(kind=kind, least=LEAST_CHANGE, where=f"influence.unit = '{quoted}'"),
        source=published.source("panel"),
        empty=word("small_influence") if rows else empty,
        is_folded=True,
    )


def tally(claims: list[Claim]) -> list[tuple[str, Text, int]]:
    """How many claims have each verdict."""
    return [
        (code, reason("verdict", code), sum(c.verdict_code == code for c in claims))
        for code in VERDICTS
    ]


def small_multiples(published: Publication, claims: list[Claim]) -> Figure | None:
    """All curves as one figure of many panels, for slides; None if there is no curve."""
    rows = [(c.code, *row) for c in claims for row in c.curve.rows]
    if not rows:
        return None
    return Figure(
        anchor="claims",
        title=word("claims_title"),
        panels=[
            Panel("curve", "per_deviation", c.sentence, {"claim": c.code})
            for c in claims
            if c.curve.rows
        ],
        columns=("claim", "x", "series", "value", "low", "high", "choices"),
        rows=rows,
        series=claims[0].curve.series,
        sql=_sql("true"),
        source=published.source("panel"),
        x_label=same(""),
        series_label=same(""),
    )
