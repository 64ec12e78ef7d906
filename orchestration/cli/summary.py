"""The one-screen summary of a run, read from the publication, and the report of a failed run."""

from __future__ import annotations

import json
from typing import Any

import duckdb
from rich.console import Console
from rich.table import Table

from orchestration.build import warehouse
from orchestration.landing.manifest import Manifest, read_manifest
from orchestration.publishing.publication import SYNTHETIC_NOTICE
from orchestration.settings import Settings
from orchestration.sources.live.refresh import waiting_requests


def print_summary(
    console: Console, settings: Settings, stages: dict[str, float], seconds: float
) -> int:
    """Print what was published and how long each stage took.

    Returns 1 if a file was refused, else 0.
    """
    manifest = read_manifest(settings.manifest_path)
    with duckdb.connect(
        str(settings.published_dir / "warehouse.duckdb"), read_only=True
    ) as connection:
        basis, treatment, scope, is_synthetic = _first_row(
            connection,
            "select basis, hs_treatment, mineral_scope, is_synthetic from marts.run_choices",
        )
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
        panel_rows, panel_economies = _first_row(
            connection, "select count(*), count(distinct iso3) from marts.panel_country_year"
        )
        estimated = connection.execute(
            """
            select exhibit, count(distinct ("column", outcome))
            from estimates.coefficients
            where basis = ? and variant = 'report'
            group by exhibit
            order by cast(split_part(exhibit, '_', 2) as integer)
            """,
            [basis],
        ).fetchall()
        missing = connection.execute(
            """
            select reason, count(*)
            from estimates.not_estimable
            where basis = ? and variant = 'report' and term is null
            group by reason
            order by 2 desc, 1
            """,
            [basis],
        ).fetchall()
        compared, same_sign, same_significance = _first_row(
            connection,
            """
            select
                count(own_estimate),
                count(*) filter (same_sign),
                count(*) filter (same_significance)
            from estimates.scorecard
            """,
        )
        planted, covered = _first_row(
            connection,
            """
            select count(own_estimate), count(*) filter (is_covered)
            from estimates.planted_recovery
            where inference = 'iid'
            """,
        )
        printed, own = _first_row(
            connection, "select count(*), count(own) from report.published_comparison"
        )
    with (
        warehouse.exclusive(settings.build_path),
        duckdb.connect(str(settings.build_path), read_only=True) as connection,
    ):
        [(tests,)] = connection.execute(
            "select detail from operations.completed_layers where layer = 'models'"
        ).fetchall()
    counts = json.loads(tests or "{}")

    table = Table(show_header=False, box=None, pad_edge=False, title=None)
    table.add_column(style="bold", no_wrap=True)
    table.add_column()
    landed = manifest.current()
    table.add_row("landed", f"{len(landed)} files, {sum(f.rows for f in landed):,} rows")
    table.add_row("publishers", _publishers(manifest))
    if vintages := {f.release for f in landed if "indicators" in f.parameters}:
        table.add_row(
            "World Bank", f"release {', '.join(sorted(map(str, vintages)))} (LCT_WDI_VINTAGE)"
        )
    table.add_row(
        "trade flows",
        f"{flows:,} ({first}-{last}; {economies} exporters; {low_carbon} low-carbon "
        f"and {minerals} mineral products) on {basis}, {treatment}",
    )
    table.add_row(
        "panel", f"{panel_rows:,} economy-years, {panel_economies} economies; minerals: {scope}"
    )
    table.add_row(
        "data tests", ", ".join(f"{n} {status}" for status, n in counts.items() if n) or "none"
    )
    table.add_row(
        "estimated",
        ", ".join(f"{exhibit.replace('_', ' ')} ({n})" for exhibit, n in estimated) or "no table",
    )
    for reason, n in missing:
        table.add_row("", f"{n} column{'s' if n > 1 else ''} not estimable: {reason}")
    table.add_row(
        "scorecard",
        f"{compared} of 166 printed coefficients compared: {same_sign} of the same sign, "
        f"{same_significance} of the same significance"
        if compared
        else "no printed coefficient could be compared",
    )
    if planted:
        table.add_row(
            "planted truth",
            f"{covered} of {planted} planted coefficients lie within their 95 % intervals "
            "(estimates.planted_recovery)",
        )
    table.add_row(
        "printed numbers",
        f"{own} of {printed} aggregates have a number of ours beside them "
        "(report.published_comparison)",
    )
    table.add_row(
        "stages",
        ", ".join(
            f"{name.replace('__', '.')} {t:.1f} s" for name, t in stages.items() if t >= 0.05
        ),
    )
    console.print()
    if is_synthetic:
        console.print(
            SYNTHETIC_NOTICE.strip() + " Real data: make run SOURCE=files LANDING=folder.",
            style="bold yellow",
            markup=False,
        )
    console.print(f"Published in {seconds:.0f} s", style="bold green")
    console.print(table)
    console.print(
        f"\nLook at it:  duckdb -readonly {settings.published_dir / 'warehouse.duckdb'}",
        markup=False,
    )
    console.print(
        f"             make dev   (Dagster on http://127.0.0.1:{settings.dagster_port})",
        markup=False,
    )
    for item in manifest.left_out:
        console.print(
            f"{item.status}: {item.reason}",
            style="red" if item.status == "refused" else "yellow",
            markup=False,
        )
    waiting = waiting_requests(settings) if settings.source == "api" else 0
    if waiting:
        console.print(
            f"{waiting} requests to UN Comtrade wait (a day's quota, or what stands above): "
            "run the same command again to go on; what has landed is published.",
            style="bold yellow",
            markup=False,
        )
    if {f.parameters["question"] for f in landed if f.request_parameters} == {"trial"}:
        console.print(
            "A TRIAL without a key: two products, two years of China's reports. "
            "COMTRADE_API_KEY in the environment or .env gives the full history.",
            style="bold yellow",
            markup=False,
        )
    refused = sum(x.status == "refused" for x in manifest.left_out)
    if refused:
        console.print(
            f"{refused} file{'s were' if refused > 1 else ' was'} refused; "
            "everything else is published.",
            style="bold red",
            markup=False,
        )
    return 1 if refused else 0


def print_failure(console: Console, result: Any, settings: Settings) -> None:
    """Print which step failed and why, in the words of the innermost error.

    Dagster keeps the full error.
    """
    console.print(
        "\nThe run failed; what was published before stands.", style="bold red", markup=False
    )
    for event in (
        result.get_step_failure_events()
        if hasattr(result, "get_step_failure_events")
        else [e for e in result.all_events if e.is_step_failure]
    ):
        error = event.event_specific_data.error
        while error is not None and error.cause is not None:
            error = error.cause
        message = error.message.strip() if error else "no message"
        console.print(f"{event.step_key.replace('__', '.')}: {message}", style="red", markup=False)
    console.print(
        f"All of it: make dev, Runs, {result.run_id}; "
        f"dbt's log: {settings.dbt_target_dir / 'run' / 'dbt.log'}",
        markup=False,
    )


def _publishers(manifest: Manifest) -> str:
    """The publishers of the landed files by licence, each licence once."""
    by_licence: dict[str | None, list[str]] = {}
    for terms in manifest.terms():
        by_licence.setdefault(terms["licence"], []).append(str(terms["title"]))
    return "; ".join(f"{', '.join(titles)} ({licence})" for licence, titles in by_licence.items())


def _first_row(connection: duckdb.DuckDBPyConnection, sql: str) -> tuple:
    return connection.execute(sql).fetchall()[0]
