"""Figures 1 to 4 on every treatment and source, and tables 1 and 2, the printed numbers beside."""

from __future__ import annotations

from dataclasses import dataclass

from orchestration.publishing.report_page.figures import Cell, Figure, Panel, Switch, Table
from orchestration.publishing.report_page.publication import Publication
from orchestration.publishing.report_page.wording import Text, number, reason, same, word
from orchestration.seeds import seed_rows

DEFAULT = "default"


@dataclass(frozen=True)
class Drawn:
    """How a figure of the report is drawn: its panels by measure, and what its series are."""

    exhibit: str
    chart: str
    measures: tuple[str, ...]
    series_column: str
    unit: str


FIGURES = (
    Drawn("figure_1", "lines", ("export share", "import share"), "group", "percent"),
    Drawn("figure_2", "balances", ("trade balance",), "group", "billion_usd"),
    Drawn("figure_3", "bars", ("world exports",), "sector", "billion_usd"),
    Drawn("figure_4", "bars", ("China exports",), "sector", "billion_usd"),
)


def report_figures(published: Publication) -> list[Figure]:
    """Figures 1 to 4: for any year, with every treatment of codes and source as a switch."""
    return [_figure(published, drawn) for drawn in FIGURES]


def _figure(published: Publication, drawn: Drawn) -> Figure:
    [titles] = [r for r in seed_rows("exhibits") if r["exhibit"] == drawn.exhibit]
    sql = _sql(drawn)
    rows = published.rows(sql)
    choices = sorted({row[0] for row in rows} - {DEFAULT}, key=_place_of_choice)
    options = {DEFAULT: word("choice_default")} | {c: _choice(c) for c in choices}
    by_group = drawn.series_column == "group"
    return Figure(
        anchor=drawn.exhibit.replace("_", "-"),
        title=word(
            "figure_title",
            number=drawn.exhibit.rpartition("_")[2],
            title=Text(titles["title_en"], titles["title_zh"]),
        ),
        lead=word(f"lead_{drawn.exhibit}"),
        panels=[
            Panel(
                drawn.chart,
                drawn.unit,
                word("measure_" + measure.replace(" ", "_")) if len(drawn.measures) > 1 else None,
                {"measure": measure},
            )
            for measure in drawn.measures
        ],
        columns=(
            *("choice", "measure", "series", "x", "value", "printed"),
            *("products_landed", "products_in_list"),
        ),
        rows=rows,
        series=published.groups if by_group else published.sectors,
        sql=sql,
        source=published.source("world"),
        x_label=word("year"),
        series_label=word("group" if by_group else "sector"),
        caveats=[word("caveat_list"), word("caveat_revisions"), word("caveat_sources")],
        switches=[Switch("choice", word("choice"), options, DEFAULT, is_long=True)],
        has_slider=True,
        empty=word("empty_world_trade"),
    )


def _sql(drawn: Drawn) -> str:
    series = f'"{drawn.series_column}"'
    # of groups each row counts the whole list, of sectors its own part
    landed = "max" if drawn.series_column == "group" else "sum"
    measures = ", ".join(f"'{measure}'" for measure in drawn.measures)
    return f"""
with
    shown as (
        select '{DEFAULT}' as choice, measure, {series} as series, year, value, products_landed
        from report.{drawn.exhibit}
        union all
        select hs_treatment || ' ' || source, measure, {series}, year, value, products_landed
        from report.{drawn.exhibit}_variants
    ),
    printed as (
        select series as measure, "group" as series, year, published
        from report.published_comparison
        where exhibit = '{drawn.exhibit}'
    )
select
    shown.choice,
    shown.measure,
    shown.series,
    shown.year as x,
    shown.value,
    printed.published as printed,
    {landed}(shown.products_landed) over (
        partition by shown.choice, shown.measure, shown.year
    ) as products_landed,
    (select count(*) from marts.dim_product where is_low_carbon) as products_in_list
from shown
left join
    printed
    on printed.measure = shown.measure
    and lower(printed.series) = lower(shown.series)
    and printed.year = shown.year
where
    shown.measure in ({measures}) and shown.series <> 'all sectors' and shown.value is not null
order by shown.choice, shown.measure, shown.series, shown.year
""".strip()


def _place_of_choice(choice: str) -> tuple[int, str]:
    treatment, _, source = choice.partition(" ")
    return ("harmonised", "as_reported", "strict").index(treatment), source


def _choice(choice: str) -> Text:
    treatment, _, source = choice.partition(" ")
    return word(
        "choice_of_source", treatment=reason("hs_treatment", treatment), source=word(source)
    )


# ---- tables 1 and 2 ------------------------------------------------------------------------------


def table_1(published: Publication) -> Table:
    """Number of products by sector and technology, beside the printed number by sector."""
    sql = """
select sector, technology, value, published
from report.table_1
where measure = 'products'
order by sector, technology <> 'all technologies', technology
""".strip()
    rows: list[list[Cell | Text]] = []
    for sector, technology, value, printed in published.rows(sql):
        is_total = technology == "all technologies"
        kind, code = ("sector", sector) if is_total else ("technology", technology)
        name = published.name(kind, code)
        label = name if is_total else Text(f"· {name.en}", f"· {name.zh}")
        rows.append(
            [
                label,
                Cell(number(printed), printed),
                Cell(number(value), value),
                _reading_of_count(printed, value),
            ]
        )
    return Table(
        anchor="table-1",
        title=word("table_title", number=1, title=word("table_1")),
        lead=word("lead_table_1"),
        heads=[word("sector"), word("printed"), word("ours"), word("reading")],
        rows=rows,
        sql=sql,
        source=word("source_own_lists"),
        caveats=[word("caveat_list"), word("caveat_dual_use")],
        is_folded=True,
    )


def _reading_of_count(printed: float | None, own: float) -> Text:
    if printed is None:
        return word("reading_not_printed")
    if printed == own:
        return word("reading_equal")
    return word("reading_products", n=number(abs(own - printed)))


def table_2(published: Publication) -> Table:
    """China's exports by income group and region of the partner, in the printed years."""
    sql = """
select
    own.grouping_by,
    own."group",
    own.year,
    own.value as share,
    amount.value as billion_usd,
    printed.published
from report.table_2 as own
left join
    report.table_2 as amount
    on amount.grouping_by = own.grouping_by
    and amount."group" = own."group"
    and amount.year = own.year
    and amount.measure = 'China exports'
left join
    report.published_comparison as printed
    on printed.exhibit = 'table_2'
    and lower(printed."group") = lower(own."group")
    and printed.year = own.year
where
    own.measure = 'share of China exports'
    and (
        own.year in (select year from report.published_comparison where exhibit = 'table_2')
        or own.year = (select max(year) from report.table_2)
    )
order by own.grouping_by, own."group", own.year
""".strip()
    rows: list[list[Cell | Text]] = []
    for grouping, group, year, share, amount, printed in published.rows(sql):
        kind = "income_group" if grouping == "income group" else "region"
        rows.append(
            [
                published.name(kind, group),
                Cell(str(year), year),
                Cell(number(printed, 1), printed),
                Cell(number(share, 1), share),
                Cell(number(amount, 2), amount),
                reading_of_points(printed, share),
            ]
        )
    return Table(
        anchor="table-2",
        title=word("table_title", number=2, title=word("table_2")),
        lead=word("lead_table_2"),
        heads=[
            word("destination"),
            word("year"),
            word("printed_percent"),
            word("ours_percent"),
            word("ours_billion"),
            word("reading"),
        ],
        rows=rows,
        sql=sql,
        source=published.source("bilateral"),
        caveats=[word("caveat_list"), word("caveat_groups")],
        empty=word("empty_china_exports"),
        is_folded=True,
    )


def reading_of_points(printed: float | None, own: float | None) -> Text:
    """Ours beside a printed share, in plain words."""
    if own is None:
        return word("reading_no_own")
    if printed is None:
        return word("reading_not_printed")
    distance = own - printed
    if abs(distance) < 0.5:
        return word("reading_close")
    code = "reading_points_more" if distance > 0 else "reading_points_fewer"
    return word(code, n=same(number(abs(distance), 1)))
