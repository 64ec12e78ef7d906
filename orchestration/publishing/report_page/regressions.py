"""Tables 3 to 12, the printed number beside ours with a reading in plain words; the scorecard."""

from __future__ import annotations

import math
from typing import Any

from orchestration.publishing.report_page.figures import Cell, Figure, Panel, Series, Table
from orchestration.publishing.report_page.publication import Publication
from orchestration.publishing.report_page.wording import (
    Text,
    is_missing,
    joined,
    number,
    reason,
    same,
    significant,
    word,
)

REGRESSION_TABLES = tuple(range(4, 13))
MEASURES = ("n", "mean", "sd", "min", "max")
# a coefficient of a logarithm beyond it is said as a multiple, not in percent
MULTIPLE_FROM = math.log(2)
NORMAL_95 = 1.959964


def table_3(published: Publication) -> Table:
    """Summary statistics: per variable and measure the printed number beside ours."""
    sql = """
select "group" as variable, series as measure, published, own, sample
from report.published_comparison
where exhibit = 'table_3'
order by "group", series
""".strip()
    found: dict[str, dict[str, tuple[Any, Any]]] = {}
    for variable, measure, printed, own, _ in published.rows(sql):
        found.setdefault(variable, {})[measure] = (printed, own)
    rows: list[list[Cell | Text]] = []
    for variable in sorted(found, key=list(published.variables).index):
        of_variable = found[variable]
        cells: list[Cell | Text] = [published.heading(variable)]
        for measure in MEASURES:
            printed, own = of_variable.get(measure, (None, None))
            digits = 5 if measure == "n" else 4
            cells.append(Cell(significant(printed, digits), printed))
            cells.append(Cell(significant(own, digits), own))
        cells.append(_reading_of_mean(of_variable))
        rows.append(cells)
    heads = [word("variable")]
    for measure in MEASURES:
        heads += [word(f"printed_{measure}"), word(f"own_{measure}")]
    return Table(
        anchor="table-3",
        title=word("table_title", number=3, title=word("table_3")),
        lead=word("lead_table_3"),
        heads=[*heads, word("reading")],
        rows=rows,
        sql=sql,
        source=published.source("panel"),
        caveats=[word("caveat_sample")],
        is_folded=True,
    )


def _reading_of_mean(of_variable: dict[str, tuple[Any, Any]]) -> Text:
    """How far our mean is from the printed one, in printed standard deviations."""
    printed, own = of_variable.get("mean", (None, None))
    deviation, _ = of_variable.get("sd", (None, None))
    if own is None or printed is None or not deviation:
        return word("reading_no_own")
    distance = (own - printed) / deviation
    if abs(distance) < 0.1:
        return word("reading_mean_close")
    code = "reading_mean_higher" if distance > 0 else "reading_mean_lower"
    return word(code, n=same(number(abs(distance), 1)))


# ---- tables 4 to 12 ------------------------------------------------------------------------------


def regression_tables(published: Publication) -> list[Table]:
    """Tables 4 to 12: every printed coefficient beside ours, with what it says."""
    return [_regression_table(published, n) for n in REGRESSION_TABLES]


def _regression_table(published: Publication, n: int) -> Table:
    sql = f"""
select
    scores."column",
    scores.outcome,
    scores.term,
    scores.published_estimate,
    scores.published_stars,
    scores.published_t_statistic,
    scores.published_n_observations,
    scores.own_estimate,
    scores.own_stars,
    scores.own_n_observations,
    estimated.conf_low,
    estimated.conf_high,
    scores.same_sign,
    scores.same_significance,
    scores.distance_in_published_std_errors,
    scores.reason_code
from estimates.scorecard as scores
left join
    estimates.coefficients as estimated
    on estimated.exhibit = scores.exhibit
    and estimated."column" = scores."column"
    and estimated.term = scores.term
    and estimated.basis = scores.basis
    and estimated.variant = 'report'
    and estimated.inference = 'cluster_iso3'
where scores.exhibit = 'table_{n}'
order by scores."column", scores.term
""".strip()
    rows: list[list[Cell | Text]] = []
    order = list(published.variables)
    for r in sorted(published.records(sql), key=lambda r: (r["column"], _place(order, r["term"]))):
        printed, own = r["published_estimate"], r["own_estimate"]
        interval = (
            f"{significant(r['conf_low'])} … {significant(r['conf_high'])}"
            if not is_missing(r["conf_low"])
            else "–"
        )
        rows.append(
            [
                joined([same(f"({r['column']})"), published.heading(r["term"])], " ", " "),
                published.heading(r["outcome"]),
                Cell(_starred(printed, r["published_stars"]), printed),
                Cell(_starred(own, r["own_stars"]), own),
                Cell(interval),
                Cell(number(r["published_n_observations"]), r["published_n_observations"]),
                Cell(number(r["own_n_observations"]), r["own_n_observations"]),
                reading(published, r),
            ]
        )
    return Table(
        anchor=f"table-{n}",
        title=word("table_title", number=n, title=reason("table_title", f"table_{n}")),
        lead=word("lead_table_6" if n == 6 else "lead_regressions"),
        heads=[
            word("term"),
            word("outcome"),
            word("printed"),
            word("ours"),
            word("interval"),
            word("n_printed"),
            word("n_ours"),
            word("reading"),
        ],
        rows=rows,
        sql=sql,
        source=published.source("panel"),
        caveats=[word("caveat_association"), word("caveat_clustered"), word("caveat_lagged")],
        is_folded=True,
    )


def _place(order: list[str], term: str) -> int:
    """Where a term stands among the variables; interactions are last."""
    return order.index(term) if term in order else len(order)


def _starred(estimate: float | None, stars: int | None) -> str:
    return significant(estimate) + "*" * (0 if is_missing(stars) else int(stars or 0))


def reading(published: Publication, r: dict[str, Any]) -> Text:
    """What a coefficient says, how sure it is, and whether the report said the same."""
    if is_missing(r["own_estimate"]):
        return word("reading_not_estimable", reason=_why(r["reason_code"]))
    parts = [_size(published, r), _certainty(r), _agreement(r)]
    return joined(parts, " ", "")


def _why(code: str | None) -> Text:
    return word(f"why_{code}" if code in WHY else "why_other")


# reasons of the warehouse whose sentence has placeholders: here without them
WHY = {
    "no_data",
    "no_data_of_indicator",
    "no_complete_case",
    "too_few_rows",
    "too_few_economies",
    "term_collinear",
    "no_trade_on_basis",
    "little_of_list_landed",
}


def _size(published: Publication, r: dict[str, Any]) -> Text:
    estimate, outcome = r["own_estimate"], published.variable(r["outcome"])
    term = published.variable(r["term"])
    more = estimate > 0
    if "_x_" in r["term"]:
        code = "reading_interaction_up" if more else "reading_interaction_down"
        return word(code, outcome=outcome)
    if not r["outcome"].startswith("ln_"):
        code = "reading_level_more" if more else "reading_level_less"
        return word(code, term=term, outcome=outcome, n=significant(abs(estimate)))
    outcome = _without_logarithm(outcome)
    if abs(estimate) >= MULTIPLE_FROM:
        code = "reading_times" if more else "reading_part"
        return word(code, term=term, outcome=outcome, n=significant(math.exp(abs(estimate))))
    code = "reading_percent_more" if more else "reading_percent_less"
    change = 100 * abs(math.expm1(estimate))
    return word(code, term=term, outcome=outcome, n=significant(change, 2))


def _without_logarithm(outcome: Text) -> Text:
    return Text(outcome.en.replace(" (ln)", ""), outcome.zh.replace(" (取自然对数)", ""))


def _certainty(r: dict[str, Any]) -> Text:
    low, high = r["conf_low"], r["conf_high"]
    if is_missing(low):
        return same("")
    return word("reading_sure" if low > 0 or high < 0 else "reading_unsure")


def _agreement(r: dict[str, Any]) -> Text:
    if not r["same_sign"]:
        return word("reading_other_sign")
    return word("reading_same" if r["same_significance"] else "reading_other_significance")


# ---- scorecard -----------------------------------------------------------------------------------


def scorecard_figure(published: Publication) -> Figure:
    """Every coefficient of ours, in printed standard errors from the printed one."""
    sql = """
select
    exhibit as item,
    case when same_sign then 'same_sign' else 'other_sign' end as series,
    distance_in_published_std_errors as value,
    '(' || "column" || ') ' || term as note
from estimates.scorecard
where distance_in_published_std_errors is not null
order by cast(split_part(exhibit, '_', 2) as integer), "column", term
""".strip()
    return Figure(
        anchor="scorecard-distances",
        title=word("scorecard_title"),
        lead=word("lead_scorecard"),
        panels=[Panel("distances", "standard_errors")],
        columns=("item", "series", "value", "note"),
        rows=published.rows(sql),
        series={
            "same_sign": Series(word("same_sign"), 2),
            "other_sign": Series(word("other_sign"), 1),
        },
        names={f"table_{n}": word("table_short", number=n) for n in REGRESSION_TABLES},
        sql=sql,
        source=published.source("panel"),
        x_label=word("table"),
        series_label=word("sign"),
        caveats=[word("caveat_clustered"), word("caveat_clamped")],
        empty=word("empty_estimates"),
    )


def scorecard_table(published: Publication) -> Table:
    """Per table of the report: printed coefficients beside ours, counted."""
    sql = """
select *
from estimates.scorecard_summary
order by cast(split_part(exhibit, '_', 2) as integer)
""".strip()
    counts = (
        "n_published",
        "n_estimated",
        "n_same_sign",
        "n_same_significance",
        "n_within_two_std_errors",
    )
    rows: list[list[Cell | Text]] = []
    for r in published.records(sql):
        n = r["exhibit"].rpartition("_")[2]
        distance = r["median_distance_in_published_std_errors"]
        rows.append(
            [
                word("table_short", number=n),
                *(Cell(number(r[name]), r[name]) for name in counts),
                Cell(significant(distance, 2), None if is_missing(distance) else distance),
            ]
        )
    return Table(
        anchor="scorecard-counts",
        title=word("scorecard_counts"),
        heads=[word("table"), *(word(f"score_{name}") for name in counts), word("score_median")],
        rows=rows,
        sql=sql,
        source=published.source("panel"),
        empty=word("empty_estimates"),
    )
