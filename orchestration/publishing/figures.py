"""PNG charts: the report's figures, and the estimates beside the printed coefficients.

This module holds only how they are drawn; which of an exhibit's numbers are, says the seed
exhibits.
"""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING, TypeAlias

from orchestration.durable import sql_name
from orchestration.publishing.exhibits import exhibits

if TYPE_CHECKING:
    import duckdb
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# name of a series -> its value by year
Series: TypeAlias = dict[str, dict[int, float]]

SYNTHETIC = "synthetic: every number is invented"
MIXED = "UN Comtrade for some products, BACI for others: the table's notes say how many"
CURVES_IN_A_LINE = 5
GROUP_COLOURS = {"China": "#c0392b", "High income": "#2c6fbb", "Other EMDE": "#e0a030"}


def picture_of(connection: duckdb.DuckDBPyConnection, table: str) -> bytes | None:
    """A PNG chart of report.<table>, one panel a measure.

    None if the seed exhibits does not say how the table is drawn, or it has no rows.
    """
    exhibit = exhibits().get(table)
    if exhibit is None or not exhibit.chart:
        return None
    column = sql_name(exhibit.series_column)
    rows = connection.execute(
        f"""
        select measure, {column}, year, value, unit
        from {sql_name("report", table)}
        where list_contains(?, measure) and {column} <> 'all sectors'
        order by measure, {column}, year
        """,
        [list(exhibit.drawn_measures)],
    ).fetchall()
    if not rows:
        return None
    figure = _figure(exhibit.title, _is_synthetic(connection))
    panels = figure.subplots(1, len(exhibit.drawn_measures), squeeze=False)[0]
    for panel, measure in zip(panels, exhibit.drawn_measures, strict=True):
        series: Series = {}
        for name, of_series, year, value, unit in rows:
            if name == measure and value is not None:
                series.setdefault(of_series, {})[year] = value
                panel.set_ylabel(unit)
        CHARTS[exhibit.chart](panel, series)
        panel.set_title(measure, fontsize=9)
        panel.xaxis.get_major_locator().set_params(integer=True)
    if _is_mixed(connection, table, exhibit.drawn_measures):
        figure.supxlabel(MIXED, fontsize=7)
    return _png(figure)


def _draw_lines(panel: Axes, series: Series) -> None:
    for name, values in series.items():
        panel.plot(
            list(values),
            list(values.values()),
            label=name,
            color=GROUP_COLOURS.get(name),
            marker="o",
            markersize=2.5,
        )
    panel.axhline(0, color="grey", linewidth=0.5)
    panel.legend(fontsize=7)


def _draw_areas(panel: Axes, series: Series) -> None:
    years = sorted({year for values in series.values() for year in values})
    panel.stackplot(
        years,
        [[values.get(year, 0.0) for year in years] for values in series.values()],
        labels=[name.replace("_", " ") for name in series],
    )
    panel.legend(loc="upper left", fontsize=7)


# the column `chart` of the seed exhibits -> how a panel is drawn
CHARTS = {"lines": _draw_lines, "areas": _draw_areas}


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


def curves_picture(connection: duckdb.DuckDBPyConnection) -> bytes | None:
    """A PNG chart of the specification curves, one panel a claim.

    Estimates with their clustered 95 % intervals, by size; those significant in the predicted
    direction are coloured, and the report's own specification is marked.
    """
    rows = connection.execute(
        """
        select
            claims.claim_code,
            claims.verdict_code,
            curve.estimate,
            curve.conf_low,
            curve.conf_high,
            curve.is_significant,
            curve.specification = 1
        from estimates.specification_curve as curve
        inner join estimates.claims as claims using (claim_code)
        where curve.inference = 'cluster_iso3' and curve.estimate is not null
        order by
            cast(split_part(claims.exhibit, '_', 2) as integer),
            claims."column",
            claims.claim_code,
            curve.estimate
        """
    ).fetchall()
    if not rows:
        return None
    curves: dict[tuple[str, str], list[tuple]] = {}
    for code, verdict, *point in rows:
        curves.setdefault((code, verdict), []).append(tuple(point))
    lines = -(-len(curves) // CURVES_IN_A_LINE)
    figure = _figure(
        "The report's claims under every defensible specification",
        _is_synthetic(connection),
        height=0.7 + 1.5 * lines,
    )
    panels = figure.subplots(lines, CURVES_IN_A_LINE, squeeze=False).ravel()
    for panel, ((code, verdict), points) in zip(panels, curves.items(), strict=False):
        _draw_curve(panel, points)
        panel.set_title(f"{code}\n{verdict.replace('_', ' ')}", fontsize=6)
    for panel in panels[len(curves) :]:
        panel.set_axis_off()
    figure.supxlabel(
        "red: significant in the predicted direction; diamond: the report's own specification",
        fontsize=7,
    )
    return _png(figure)


def _draw_curve(panel: Axes, points: list[tuple]) -> None:
    """Of estimate, bounds, whether it is significant and whether it is the report's own."""
    for place, (estimate, low, high, is_significant, is_own) in enumerate(points):
        colour = "#c0392b" if is_significant else "#8899aa"
        panel.plot([place, place], [low, high], color=colour, linewidth=0.6)
        panel.plot(
            place,
            estimate,
            marker="D" if is_own else "o",
            markersize=3 if is_own else 1.2,
            color="black" if is_own else colour,
        )
    panel.axhline(0, color="grey", linewidth=0.5)
    panel.set_xticks([])
    panel.tick_params(labelsize=5)


# table of schema estimates -> its chart
PICTURES_OF_ESTIMATES = {
    "coefficients": coefficients_picture,
    "specification_curve": curves_picture,
}


def markdown(png: bytes, title: str) -> str:
    """The picture as inline Markdown, which Dagster's pages render."""
    return f"![{title}](data:image/png;base64,{base64.b64encode(png).decode('ascii')})"


def _is_synthetic(connection: duckdb.DuckDBPyConnection) -> bool:
    return bool(connection.execute("select is_synthetic from marts.run_choices").fetchall()[0][0])


def _is_mixed(connection: duckdb.DuckDBPyConnection, table: str, measures: tuple[str, ...]) -> bool:
    """Whether any number of the measures, the total of all sectors included, has both sources."""
    [(mixed,)] = connection.execute(
        f"""
        select count(*) from {sql_name("report", table)}
        where list_contains(?, measure) and contains(note_code, 'mixed_sources')
        """,
        [list(measures)],
    ).fetchall()
    return bool(mixed)


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
