"""The sections of the first page, in the order in which a policy reader asks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from orchestration.publishing.report_page.claims import Claim, claims_of, tally
from orchestration.publishing.report_page.figures import Cell, Figure, Table
from orchestration.publishing.report_page.markets import (
    alert_table,
    bottleneck_table,
    concentration_figure,
    dependence_figure,
    price_figure,
)
from orchestration.publishing.report_page.publication import Publication
from orchestration.publishing.report_page.regressions import (
    regression_tables,
    scorecard_figure,
    scorecard_table,
    table_3,
)
from orchestration.publishing.report_page.report_exhibits import (
    report_figures,
    table_1,
    table_2,
)
from orchestration.publishing.report_page.wording import (
    Text,
    day,
    joined,
    number,
    percent,
    reason,
    same,
    significant,
    word,
)

# notes on printed numbers that say where the report contradicts itself or what is known of it
CONTRADICTIONS = {
    "printed_counts_sum_to_123",
    "printed_shares_sum_to_101",
    "printed_world_power_contradicts_china",
    "printed_swapped_with_low_income",
    "printed_swapped_with_upper_middle_income",
    "printed_electric_vehicles_from_hs_2017",
}
CONTRADICTION_SENTENCES = 6
LIMITS = 8


@dataclass(frozen=True)
class Section:
    """A section: its stable link, its paragraphs, a list, and its figures and tables."""

    anchor: str
    title: Text
    paragraphs: Sequence[Text] = ()
    points: Sequence[Text] = ()
    parts: Sequence[Figure | Table] = ()
    claims: Sequence[Claim] = ()


@dataclass(frozen=True)
class Story:
    """The first page: key facts, sections."""

    facts: Sequence[tuple[str, Text]]
    sections: Sequence[Section]
    claims: Sequence[Claim] = field(default_factory=list)

    @property
    def figures(self) -> list[Figure]:
        parts = [p for s in self.sections for p in s.parts if isinstance(p, Figure)]
        return parts + [c.curve for c in self.claims]

    @property
    def tables(self) -> list[Table]:
        return [p for s in self.sections for p in s.parts if isinstance(p, Table)]


def story_of(published: Publication) -> Story:
    """Everything that the first page tells."""
    claims = claims_of(published)
    return Story(
        _facts(published, claims),
        [
            Section("question", word("question_title"), _paragraphs("question", 3)),
            Section(
                "data",
                word("data_title"),
                _of_data(published),
                _left_out(published),
                [sources_table(published), choices_table(published)],
            ),
            Section(
                "figures",
                word("figures_title"),
                _paragraphs("figures", 1),
                (),
                report_figures(published),
            ),
            Section(
                "tables",
                word("tables_title"),
                _paragraphs("tables", 2),
                (),
                [
                    table_1(published),
                    table_2(published),
                    table_3(published),
                    *regression_tables(published),
                ],
            ),
            Section(
                "scorecard",
                word("scorecard_section"),
                _paragraphs("scorecard", 1),
                (),
                [scorecard_figure(published), scorecard_table(published)],
            ),
            Section("claims", word("claims_title"), _paragraphs("claims", 2), (), (), claims),
            Section(
                "prices",
                word("prices_title"),
                _paragraphs("prices", 1),
                (),
                [price_figure(published), alert_table(published)],
            ),
            Section(
                "minerals",
                word("minerals_title"),
                _paragraphs("minerals", 1),
                (),
                [
                    concentration_figure(published),
                    bottleneck_table(published),
                    dependence_figure(published),
                ],
            ),
            Section(
                "contradictions",
                word("contradictions_title"),
                _paragraphs("contradictions", 1),
                [word(f"contradiction_{n}") for n in range(1, CONTRADICTION_SENTENCES + 1)],
                [contradiction_table(published)],
            ),
            Section(
                "limits",
                word("limits_title"),
                (),
                [word(f"limit_{n}") for n in range(1, LIMITS + 1)],
            ),
            Section(
                "sources",
                word("sources_title"),
                _how_to_cite(published),
                (),
                [licence_table(published)],
            ),
        ],
        claims,
    )


def _paragraphs(section: str, n: int) -> list[Text]:
    return [word(f"{section}_{place}") for place in range(1, n + 1)]


def _facts(published: Publication, claims: Sequence[Claim]) -> list[tuple[str, Text]]:
    """The numbers at the top of the page, each with what it is."""
    facts: list[tuple[str, Text]] = []
    shares = published.rows(
        """
        select year, value, products_landed
        from report.figure_1
        where
            "group" = 'China'
            and measure = 'export share'
            and value is not null
            and 2 * products_landed >= (select count(*) from marts.dim_product where is_low_carbon)
        order by year desc
        limit 1
        """
    )
    for year, share, landed in shares:
        facts.append((percent(share / 100), word("fact_share", year=year, n=landed)))
    counted = {code: n for code, _, n in tally(list(claims))}
    if claims:
        facts.append((f"{counted['holds']}/{len(claims)}", word("fact_claims")))
    [(same_sign, estimated)] = published.rows(
        "select coalesce(sum(n_same_sign), 0), coalesce(sum(n_estimated), 0) "
        "from estimates.scorecard_summary"
    )
    if estimated:
        facts.append((f"{same_sign}/{estimated}", word("fact_signs")))
    facts.append((number(len(published.economies)), word("fact_economies")))
    facts.append((number(len(published.products)), word("fact_products")))
    return facts


# ---- data ----------------------------------------------------------------------------------------


def _of_data(published: Publication) -> list[Text]:
    [(flows, first, last)] = published.rows(
        "select count(*), min(year), max(year) from marts.fct_trade_flow"
    )
    published_at = day(str(published.provenance["published_at"]))
    told = word(
        "data_1",
        number=published.number.lstrip("0") or "0",
        day=published_at,
        files=number(len(published.provenance.get("sources", []))),
        flows=number(flows),
        first=first or "–",
        last=last or "–",
    )
    return [told, word("data_2")]


def _left_out(published: Publication) -> list[Text]:
    return [
        word("left_out", file=same(x["file"]), reason=same(x["reason"]))
        for x in published.provenance.get("left_out", [])
    ]


def sources_table(published: Publication) -> Table:
    """Per publisher: files, rows, release, day of landing, newest year in the tables."""
    titles = {p["source"]: p["title"] for p in published.provenance.get("publishers", [])}
    newest = dict(
        published.rows(
            "select source, max(year) from marts.fct_world_trade_variants group by source"
        )
    )
    found: dict[str, list[dict[str, Any]]] = {}
    for file in published.provenance.get("sources", []):
        found.setdefault(file["source"], []).append(file)
    rows: list[list[Cell | Text]] = []
    for source, files in found.items():
        releases = sorted({str(f["release"]) for f in files if f.get("release")})
        rows.append(
            [
                same(titles.get(source, source)),
                Cell(number(len(files)), len(files)),
                Cell(number(sum(f["rows"] for f in files)), sum(f["rows"] for f in files)),
                same(", ".join(releases) or "–"),
                day(max(f["landed_at"] for f in files)),
                Cell(str(newest.get(source, "–")), newest.get(source)),
            ]
        )
    return Table(
        anchor="data-sources",
        title=word("data_sources"),
        heads=[
            word("publisher"),
            word("files"),
            word("rows"),
            word("release"),
            word("landed"),
            word("newest_year"),
        ],
        rows=rows,
        sql="-- provenance.json: sources",
        source=word("source_provenance"),
        empty=word("empty_sources"),
    )


def choices_table(published: Publication) -> Table:
    """The choices that the published tables are built on."""
    choices = published.choices
    named = {
        "basis": reason("basis", choices["basis"]),
        "hs_treatment": reason("hs_treatment", choices["hs_treatment"]),
        "mineral_scope": reason("mineral_scope", choices["mineral_scope"]),
        "income_vintage": same(choices["income_vintage"]),
        "price_base_year": same(choices["price_base_year"]),
        "standardisation": same(
            f"{choices['standardisation_first_year']}–{choices['standardisation_last_year']}"
        ),
    }
    return Table(
        anchor="data-choices",
        title=word("data_choices"),
        heads=[word("choice"), word("chosen")],
        rows=[[word(f"setting_{code}"), text] for code, text in named.items()],
        sql="select * from marts.run_choices",
        source=word("source_provenance"),
    )


# ---- contradictions ------------------------------------------------------------------------------


def contradiction_table(published: Publication) -> Table:
    """Printed numbers that contradict others of the report, beside ours."""
    sql = """
select exhibit, series, "group", year, unit, published, own, note_code
from report.published_comparison
where note_code like '%printed_%'
order by exhibit, series, "group", year
""".strip()
    rows: list[list[Cell | Text]] = []
    for exhibit, series, group, year, unit, printed, own, codes in published.rows(sql):
        notes = [c for c in codes.split("; ") if c in CONTRADICTIONS]
        if not notes:
            continue
        rows.append(
            [
                _exhibit(exhibit),
                same(" · ".join(str(x) for x in (series, group, year) if x is not None)),
                Cell(significant(printed, 4), printed),
                Cell(significant(own, 4), own),
                same(unit),
                joined([reason("comparison_note", code) for code in notes]),
            ]
        )
    return Table(
        anchor="contradiction-numbers",
        title=word("contradiction_numbers"),
        heads=[
            word("exhibit"),
            word("number"),
            word("printed"),
            word("ours"),
            word("unit"),
            word("note"),
        ],
        rows=rows,
        sql=sql,
        source=published.source("bilateral"),
    )


def _exhibit(code: str) -> Text:
    kind, _, n = code.partition("_")
    return word(f"{kind}_short", number=n)


# ---- sources -------------------------------------------------------------------------------------


def _how_to_cite(published: Publication) -> list[Text]:
    commit = (published.provenance.get("git") or {}).get("commit") or "–"
    return [
        word("sources_1"),
        word(
            "cite",
            number=published.number,
            day=day(str(published.provenance["published_at"])),
            commit=same(commit[:12]),
        ),
    ]


def licence_table(published: Publication) -> Table:
    """Per publisher its licence and how it wants to be cited."""
    return Table(
        anchor="licences",
        title=word("licences"),
        heads=[word("publisher"), word("licence"), word("citation")],
        rows=[
            [same(p["title"]), same(p["licence"] or "–"), same(p["citation"] or "–")]
            for p in published.provenance.get("publishers", [])
        ],
        sql="-- provenance.json: publishers",
        source=word("source_provenance"),
    )
