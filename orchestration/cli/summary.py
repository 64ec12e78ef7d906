"""The one-screen summary of a run, read from the publication, and the report of a failed run.

Each function returns rows of the summary, a label and its text; `print_summary` prints them in
lines of at most 80 columns.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
from rich.cells import cell_len
from rich.console import Console

from estimation.claims import VERDICTS
from estimation.inference import DEFAULT_INFERENCE
from estimation.reasons import Reason
from orchestration.build import warehouse
from orchestration.build.estimates import estimation_words
from orchestration.cli.wrapping import LINE_WIDTH, whole, wrapped
from orchestration.errors import ExplainedError, explained_errors
from orchestration.landing.manifest import Manifest, read_manifest
from orchestration.landing.publishers import PUBLISHERS, world_bank
from orchestration.landing.publishers.baci import BACI_TRADE
from orchestration.publishing.catalogue import is_published
from orchestration.publishing.reading import SYNTHETIC_NOTICE
from orchestration.settings import Settings
from orchestration.sources.live.pending_plan import waiting_requests

Rows = Iterator[tuple[str, str]]

LABEL_WIDTH = 17
SHELL_GOES_ON = "\\ "  # a command that ends a line with it goes on in the next
# the planted disturbances are independent with equal variance, so these intervals are the right
# ones; the tables are printed with those of the default
PLANTED_INFERENCE = "iid"


def print_summary(
    console: Console, settings: Settings, stages: dict[str, float], seconds: float, is_new: bool
) -> int:
    """Print what is published, whether it is new, and how long each stage took.

    Returns 1 if a file was refused, else 0.
    """
    manifest = read_manifest(settings.manifest_path)
    published = settings.published_dir / "warehouse.duckdb"
    with duckdb.connect(str(published), read_only=True) as connection:
        choices = connection.execute("select * from marts.run_choices").df().iloc[0]
        rows = [
            *landed_rows(manifest),
            *newest_year_rows(connection),
            *trade_rows(connection, choices),
            *data_test_rows(settings),
            *estimate_rows(connection, choices.basis),
            *claim_rows(connection, bool(choices.is_synthetic)),
            *comparison_rows(connection),
            *stage_rows(stages),
            *look_rows(published, settings.dagster_port),
        ]
    console.print()
    if choices.is_synthetic:
        command = whole("make run SOURCE=files LANDING=folder")
        notice = f"{SYNTHETIC_NOTICE.strip()} Real data: {command}."
        _print_lines(console, wrapped(notice), "bold yellow")
    number = settings.published_dir.resolve().name
    result = f"Published {number}" if is_new else f"Nothing has changed, {number} stays published"
    console.print(f"{result} ({seconds:.0f} s)", style="bold green")
    for label, text in rows:
        _print_lines(console, labelled(label, text))
    for text, style in remarks(manifest, settings):
        _print_lines(console, wrapped(text), style)
    return 1 if _refused(manifest) else 0


def labelled(label: str, text: str) -> list[str]:
    """The lines of a row: the label, and beside it the text."""
    first, *others = wrapped(text, indent=LABEL_WIDTH)
    # too long for a line with a label, or a label too long for one with text
    if not first.startswith(" " * LABEL_WIDTH) or cell_len(label) >= LABEL_WIDTH:
        return [label, first, *others]
    return [label.ljust(LABEL_WIDTH) + first[LABEL_WIDTH:], *others]


def _print_lines(console: Console, lines: list[str], style: str = "") -> None:
    for line in lines:
        console.print(line, style=style, markup=False, soft_wrap=True)


def landed_rows(manifest: Manifest) -> Rows:
    landed = manifest.current()
    yield "landed", f"{len(landed)} files, {sum(f.rows for f in landed):,} rows"
    yield "publishers", _publishers(manifest)
    vintages = {str(f.release) for f in landed if "indicators" in f.parameters}
    if vintages:
        yield "World Bank", f"release {', '.join(sorted(vintages))} (LCT_WDI_VINTAGE)"


def newest_year_rows(connection: duckdb.DuckDBPyConnection) -> Rows:
    if found := newest_years(connection):
        yield "newest year", ", ".join(whole(f"{title} {year}") for title, year in found)


def newest_years(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, int]]:
    """The newest year of each source in the published tables.

    Where the facts are not published (LCT_PUBLISH=aggregates), in the figures of every source.
    """
    facts = is_published(connection, "marts.fct_world_trade_variants")
    trade = connection.table(
        "marts.fct_world_trade_variants" if facts else "report.figure_3_variants"
    )
    found = [
        # monthly reports reach further and are no part of these tables
        (PUBLISHERS[source].title + (" annual" if source == "comtrade" else ""), year)
        for source, year in trade.aggregate("source, max(year)").order("source desc").fetchall()
    ]
    (year,) = _first_row(
        connection,
        """
        select max(year)
        from (
            unpivot (
                select * exclude (iso3, basis, hs_treatment, mineral_scope, is_synthetic)
                from marts.panel_country_year
            )
            on columns(* exclude (year)) into name variable value known
        )
        join marts.dim_variable using (variable)
        where indicator_code is not null
        """,
    )
    return found + ([(world_bank.PUBLISHER.title, year)] if year else [])


def trade_rows(connection: duckdb.DuckDBPyConnection, choices: Any) -> Rows:
    if is_published(connection, "marts.fct_trade_flow"):
        yield "trade flows", _trade_flows(connection, choices)
    else:
        yield "trade flows", "not published (LCT_PUBLISH=aggregates); llms.txt says why"
    panel_rows, panel_economies = _first_row(
        connection, "select count(*), count(distinct iso3) from marts.panel_country_year"
    )
    yield (
        "panel",
        f"{panel_rows:,} economy-years, {panel_economies} economies; "
        f"minerals: {choices.mineral_scope}",
    )


def _trade_flows(connection: duckdb.DuckDBPyConnection, choices: Any) -> str:
    flows, economies, first, last = _first_row(
        connection,
        """
        select count(*), count(distinct exporter_iso3), min(year), max(year)
        from marts.fct_trade_flow
        """,
    )
    low_carbon, minerals = _first_row(
        connection,
        """
        select
            count(distinct f.product_code) filter (is_low_carbon),
            count(distinct f.product_code) filter (transition_mineral is not null)
        from marts.fct_trade_flow as f
        join marts.dim_product as p using (product_code)
        """,
    )
    return (
        f"{flows:,} ({first}-{last}; {economies} exporters; {low_carbon} low-carbon "
        f"and {minerals} mineral products) on {choices.basis}, {choices.hs_treatment}"
    )


def data_test_rows(settings: Settings) -> Rows:
    """The outcome of dbt's data tests, as the build file records it."""
    with (
        warehouse.exclusive(settings.build_path),
        duckdb.connect(str(settings.build_path), read_only=True) as connection,
    ):
        tests = warehouse.detail_of(connection, "models")
    counts = json.loads(tests or "{}")
    yield "data tests", ", ".join(f"{n} {status}" for status, n in counts.items() if n) or "none"


def estimate_rows(connection: duckdb.DuckDBPyConnection, basis: str) -> Rows:
    estimated = connection.execute(
        """
        select exhibit, count(distinct ("column", outcome))
        from estimates.coefficients
        where (basis = ? or exhibit like 'gravity_%') and variant = 'report'
        group by exhibit
        order by exhibit like 'gravity_%', cast(split_part(exhibit, '_', 2) as integer)
        """,
        [basis],
    ).fetchall()
    missing = connection.execute(
        """
        select reason, count(*)
        from estimates.not_estimable
        where
            (basis = ? or exhibit like 'gravity_%')
            and variant = 'report'
            and term is null
        group by reason
        order by 2 desc, 1
        """,
        [basis],
    ).fetchall()
    tables = ", ".join(whole(f"{exhibit.replace('_', ' ')} ({n})") for exhibit, n in estimated)
    yield "estimated", tables or "no table"
    for reason, n in missing:
        yield "", f"{n} column{'s' if n > 1 else ''} not estimable: {reason}"


def claim_rows(connection: duckdb.DuckDBPyConnection, is_synthetic: bool) -> Rows:
    """How many claims of the report have each verdict."""
    counts = dict(
        connection.execute(
            "select verdict_code, count(*) from estimates.claims group by verdict_code"
        ).fetchall()
    )
    words = estimation_words()
    verdicts = ", ".join(
        whole(f"{words.text(Reason('verdict', code))} {counts[code]}")
        for code in VERDICTS
        if code in counts
    )
    told = f"of the report: {verdicts}" if verdicts else "no claim of the report was examined"
    meaning = "; of invented numbers, they say nothing of the world" if is_synthetic else ""
    yield "claims", f"{told} (estimates.claims){meaning}"


def comparison_rows(connection: duckdb.DuckDBPyConnection) -> Rows:
    """Our numbers beside the printed ones and beside the truth planted in synthetic data."""
    coefficients, compared, same_sign, same_significance = _first_row(
        connection,
        """
        select
            count(*),
            count(own_estimate),
            count(*) filter (same_sign),
            count(*) filter (same_significance)
        from estimates.scorecard
        """,
    )
    covered = {
        inference: f"{n} of {planted}"
        for inference, n, planted in connection.execute(
            """
            select inference, count(*) filter (is_covered), count(own_estimate)
            from estimates.planted_recovery
            group by inference
            """
        ).fetchall()
    }
    printed, own = _first_row(
        connection, "select count(*), count(own) from report.published_comparison"
    )
    yield (
        "scorecard",
        f"{compared} of {coefficients} printed coefficients compared: "
        f"{same_sign} with the same sign, {same_significance} with the same significance"
        if compared
        else "no printed coefficient could be compared",
    )
    words = estimation_words()
    inside = f" planted coefficients inside their {whole('95 %')} intervals"
    counts = [
        f"{covered[kind]}{said}, {words.text(Reason('inference_kind', kind))}"
        for kind, said in ((PLANTED_INFERENCE, inside), (DEFAULT_INFERENCE, ""))
        if kind in covered
    ]
    if counts:
        yield "planted truth", f"{'; '.join(counts)} (estimates.planted_recovery)"
    yield (
        "printed numbers",
        f"{own} of {printed} aggregates have a number of ours beside them "
        "(report.published_comparison)",
    )


def stage_rows(stages: dict[str, float]) -> Rows:
    named = {name.replace("__", "."): seconds for name, seconds in stages.items()}
    shown = (whole(f"{name} {s:.1f} s") for name, s in named.items() if s >= 0.05)
    yield "stages", ", ".join(shown)


def look_rows(published: Path, port: int) -> Rows:
    if (page := published.parent / "report" / "index.html").exists():
        yield "the report", whole(shlex.quote(str(page)))
    command, path = "duckdb -readonly", shlex.quote(str(published))
    fits = LABEL_WIDTH + cell_len(f"{command} {path}") <= LINE_WIDTH
    yield "look at it", f"{command} {'' if fits else SHELL_GOES_ON}{whole(path)}"
    yield "", f"make dev (Dagster on http://127.0.0.1:{port})"


def remarks(manifest: Manifest, settings: Settings) -> Iterator[tuple[str, str]]:
    """Remarks on this landing, each with its style."""
    for item in manifest.left_out:
        if item.status == "refused":
            yield f"refused: {item.reason.replace(item.file, whole(item.file))}", "red"
    if skipped := len(manifest.left_out) - _refused(manifest):
        were = "files were" if skipped > 1 else "file was"
        yield (
            f"{skipped} {were} skipped: named above, with the reason, and in provenance.json "
            "(left_out).",
            "yellow",
        )
    waiting = waiting_requests(settings) if settings.source == "api" else 0
    if waiting:
        yield (
            f"{waiting} requests to UN Comtrade are still waiting "
            "(for a new day's quota, or because of the errors above): "
            "run the same command again to continue; what has landed is published.",
            "bold yellow",
        )
    asked = {f.parameters["question"] for f in manifest.current() if f.request_parameters}
    if asked == {"trial"} and not manifest.current(BACI_TRADE):
        yield (
            "A TRIAL without a key: two products, two years of China's reports. "
            "COMTRADE_API_KEY in the environment or .env gives the full history.",
            "bold yellow",
        )
    if refused := _refused(manifest):
        were = "files were" if refused > 1 else "file was"
        yield f"{refused} {were} refused; everything else is published.", "bold red"


def _refused(manifest: Manifest) -> int:
    return sum(item.status == "refused" for item in manifest.left_out)


def print_failure(console: Console, result: Any, settings: Settings) -> None:
    """Print which step failed and why: in our words where the project has an error for it.

    Else with the message of the innermost error. Dagster keeps the full error.
    """
    console.print(
        "\nThe run failed; any previous publication stays in place.",
        style="bold red",
        markup=False,
    )
    for step, message in failed_steps(result).items():
        console.print(f"{step}: {message}", style="red", markup=False)
    console.print(
        f"Full error: make dev, Runs, {result.run_id}; "
        f"dbt's log: {settings.dbt_target_dir / 'run' / 'dbt.log'}",
        markup=False,
    )


def failed_steps(result: Any) -> dict[str, str]:
    """The message of each failed step of a run."""
    return {
        event.step_key.replace("__", "."): message_of(event.event_specific_data.error)
        for event in result.all_events
        if event.is_step_failure
    }


def message_of(error: Any) -> str:
    """The message of the first error of ours in a chain that Dagster keeps as text.

    If there is none, that of the innermost, with its class.
    """
    chain = list(_chain(error))
    ours = explained_errors()
    for link in chain:
        if link.cls_name in ours:
            return link.message.split(": ", 1)[-1].strip()
    return chain[-1].message.strip() if chain else "no message"


def has_failed_by(result: Any, kind: type[ExplainedError]) -> bool:
    """Whether a step of a run has failed by an error of this kind."""
    return any(
        link.cls_name in explained_errors(kind)
        for event in result.all_events
        if event.is_step_failure
        for link in _chain(event.event_specific_data.error)
    )


def _chain(error: Any) -> Iterator[Any]:
    while error is not None:
        yield error
        error = error.cause


def _publishers(manifest: Manifest) -> str:
    """The publishers of the landed files by licence, each licence once."""
    by_licence: dict[str | None, list[str]] = {}
    for terms in manifest.terms():
        by_licence.setdefault(terms["licence"], []).append(str(terms["title"]))
    return "; ".join(f"{', '.join(titles)} ({licence})" for licence, titles in by_licence.items())


def _first_row(connection: duckdb.DuckDBPyConnection, sql: str) -> tuple:
    return connection.execute(sql).fetchall()[0]
