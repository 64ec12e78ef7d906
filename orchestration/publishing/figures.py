"""PNG charts: the report's figures, and the estimates beside the printed coefficients.

This module holds only how they are drawn.
"""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb
    from matplotlib.figure import Figure

SYNTHETIC = "synthetic: every number is invented"
GROUP_COLOURS = {"China": "#c0392b", "High income": "#2c6fbb", "Other EMDE": "#e0a030"}
FIGURES = {
    "figure_1": "Shares in world trade in low-carbon technology",
    "figure_2": "Trade balance in low-carbon technology",
    "figure_3": "World exports of low-carbon technology by sector",
    "figure_4": "China's exports of low-carbon technology by sector",
}


def picture_of(connection: duckdb.DuckDBPyConnection, table: str) -> bytes | None:
    """A PNG chart of report.<table>, or None if the table is not a figure or has no rows."""
    if table not in FIGURES:
        return None
    measures = {
        "figure_1": ("export share", "import share"),
        "figure_2": ("trade balance",),
        "figure_3": ("world exports",),
        "figure_4": ("China exports",),
    }[table]
    series = "sector" if table in ("figure_3", "figure_4") else "group"
    rows = connection.execute(
        f"""
        select measure, "{series}", year, value, unit
        from report.{table}
        where list_contains(?, measure) and "{series}" <> 'all sectors'
        order by measure, "{series}", year
        """,
        [list(measures)],
    ).fetchall()
    if not rows:
        return None
    figure = _figure(FIGURES[table], _is_synthetic(connection))
    panels = figure.subplots(1, len(measures), squeeze=False)[0]
    for panel, measure in zip(panels, measures, strict=True):
        lines: dict[str, tuple[list[int], list[float]]] = {}
        for name, of_series, year, value, unit in rows:
            if name == measure and value is not None:
                years, values = lines.setdefault(of_series, ([], []))
                years.append(year)
                values.append(value)
                panel.set_ylabel(unit)
        if series == "sector":
            every_year = sorted({y for years, _ in lines.values() for y in years})
            panel.stackplot(
                every_year,
                [
                    [dict(zip(*lines[s], strict=True)).get(y, 0.0) for y in every_year]
                    for s in lines
                ],
                labels=[s.replace("_", " ") for s in lines],
            )
            panel.legend(loc="upper left", fontsize=7)
        else:
            for group, (years, values) in lines.items():
                panel.plot(
                    years,
                    values,
                    label=group,
                    color=GROUP_COLOURS.get(group),
                    marker="o",
                    markersize=2.5,
                )
            panel.axhline(0, color="grey", linewidth=0.5)
            panel.legend(fontsize=7)
        panel.set_title(measure, fontsize=9)
        panel.xaxis.get_major_locator().set_params(integer=True)
    return _png(figure)


def coefficients_picture(connection: duckdb.DuckDBPyConnection) -> bytes | None:
    """A PNG chart of our estimates of the report's own specifications against the printed ones.

    Estimates and their clustered 95 % intervals are shown as distances from the printed
    coefficients, in printed standard errors.
    """
    rows = connection.execute(
        """
        select
            exhibit || ' (' || "column" || ')',
            term,
            distance_in_published_std_errors,
            1.96 * own_std_error / abs(published_estimate / published_t_statistic)
        from estimates.scorecard
        where own_estimate is not null and exhibit in ('table_4', 'table_5', 'table_6')
        order by exhibit, "column", term
        """
    ).fetchall()
    if not rows:
        return None
    figure = _figure(
        "Our coefficients, in printed standard errors from the printed ones",
        _is_synthetic(connection),
        height=0.7 + 0.11 * len(rows),
    )
    panel = figure.subplots()
    for place, (column, _, distance, half) in enumerate(rows):
        low, high = max(distance - half, -15), min(distance + half, 15)
        panel.plot([low, high], [place, place], color="#8899aa", linewidth=1.2)
        panel.plot(
            min(max(distance, -15), 15), place, marker="o", markersize=3, color=f"C{int(column[6])}"
        )
    panel.axvspan(-1.96, 1.96, color="#eeeeee", zorder=0)
    panel.axvline(0, color="grey", linewidth=0.5)
    panel.set_yticks(
        range(len(rows)), [f"{column} {term}" for column, term, *_ in rows], fontsize=5
    )
    panel.set_ylim(len(rows) - 0.5, -0.5)
    panel.set_xlabel("printed standard errors (beyond 15 cut off)", fontsize=7)
    return _png(figure)


def markdown(png: bytes, title: str) -> str:
    """The picture as inline Markdown, which Dagster's pages render."""
    return f"![{title}](data:image/png;base64,{base64.b64encode(png).decode('ascii')})"


def _is_synthetic(connection: duckdb.DuckDBPyConnection) -> bool:
    return bool(connection.execute("select is_synthetic from marts.run_choices").fetchall()[0][0])


def _figure(title: str, is_synthetic: bool, height: float = 3.2) -> Figure:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.2, height), dpi=80, layout="constrained")
    figure.suptitle(f"{title}\n{SYNTHETIC}" if is_synthetic else title, fontsize=10)
    return figure


def _png(figure: Figure) -> bytes:
    stream = io.BytesIO()
    # no metadata about the time or the machine: the same numbers give the same picture
    figure.savefig(stream, format="png", metadata={"Software": None})
    return stream.getvalue()
