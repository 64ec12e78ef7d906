"""The charts' specifications, their static pictures, the runtime that draws them, and colours.

A specification is shared by all figures of its kind and by both languages; what differs is filled
in where it is drawn, by the script of the page and by `resolved` alike: lists like ["@domain"].
Colours are variables of the style sheet, so that dark mode and print need no new drawing; a
picture has those of light paper.
"""

from __future__ import annotations

import copy
import json
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

import altair as alt
import vl_convert

from orchestration.publishing.report_page.figures import Figure, Panel, plain
from orchestration.publishing.report_page.wording import LANGUAGES, Text, word

VEGA_LITE_VERSION = ".".join(alt.SCHEMA_VERSION.removeprefix("v").split(".")[:2])

# The six hues and a neutral one: searched for so that in each theme every one of them has at least
# three to one against the paper, and any two of them are far apart also for those who see no red,
# no green or no blue.
PALETTE = {
    "light": {
        "hue-0": "#8c9092",
        "hue-1": "#aa4319",
        "hue-2": "#112e72",
        "hue-3": "#0d694a",
        "hue-4": "#c87e0c",
        "hue-5": "#471f41",
        "hue-6": "#2495bf",
        "ink": "#1c2126",
        "ink-soft": "#545d66",
        "rule": "#d9d6ce",
        "paper": "#ffffff",
        "band": "#eceae4",
    },
    "dark": {
        "hue-0": "#767b7e",
        "hue-1": "#eb6e54",
        "hue-2": "#2e71ec",
        "hue-3": "#5ee2ad",
        "hue-4": "#f8e884",
        "hue-5": "#b975c7",
        "hue-6": "#beddf7",
        "ink": "#eceff1",
        "ink-soft": "#aab4bc",
        "rule": "#39424a",
        "paper": "#1b2126",
        "band": "#2a3239",
    },
}
FONT = "system-ui, 'PingFang SC', 'Microsoft YaHei', 'Noto Sans CJK SC', sans-serif"
SELECTED_YEAR = "datum.x === year"
PICTURE_WIDTH, PICTURE_HEIGHT = 380, 240
PANELS_IN_A_LINE = 3


def variable(name: str) -> str:
    """A colour of the style sheet."""
    return f"var(--{name})"


# ---- specifications ------------------------------------------------------------------------------


def _colour() -> alt.Color:
    return alt.Color(
        "series:N",
        scale=alt.Scale(domain=["@domain"], range=["@range"]),
        legend=None,
    )


def _tooltip() -> list[alt.Tooltip]:
    return [alt.Tooltip("name:N"), alt.Tooltip("at:N"), alt.Tooltip("label:N")]


def _value_axis(**options: Any) -> alt.Y:
    return alt.Y("value:Q", axis=alt.Axis(tickCount=5, title=None), **options)


def _layered(*charts: alt.Chart | alt.LayerChart) -> alt.LayerChart:
    return alt.LayerChart(layer=list(charts))


def _alone() -> alt.Chart:
    """A chart of one mark, whatever the rows."""
    return alt.Chart(alt.InlineData([{}]))


def _zero_line() -> alt.Chart:
    return _alone().mark_rule(color=variable("ink-soft")).encode(y=alt.datum(0))


def _lines(x: alt.X) -> alt.LayerChart:
    """Lines told apart by hue, dash and shape."""
    line = (
        alt.Chart()
        .mark_line(strokeWidth=2)
        .encode(
            x=x,
            y=_value_axis(scale=alt.Scale(zero=False, nice=True)),
            color=_colour(),
            detail="chain:N",
            strokeDash=alt.StrokeDash(
                "series:N",
                scale=alt.Scale(domain=["@domain"], range=[[1, 0], [6, 3], [2, 2]]),
                legend=None,
            ),
        )
    )
    points = (
        alt.Chart()
        .mark_point(filled=True, opacity=1, size=26)
        .encode(
            x=x,
            y="value:Q",
            color=_colour(),
            shape=alt.Shape(
                "series:N",
                scale=alt.Scale(domain=["@domain"], range=["circle", "square", "triangle-up"]),
                legend=None,
            ),
            tooltip=_tooltip(),
        )
    )
    return _layered(line, points)


def _by_year(*below: alt.Chart) -> alt.LayerChart:
    """Lines by year above other marks; the chosen year has a rule."""
    rule = (
        _alone()
        .transform_calculate(x="year")
        .mark_rule(color=variable("ink-soft"), strokeDash=[3, 3])
        .encode(x=_years())
    )
    return _layered(*below, rule, _lines(_years())).add_params(alt.param("year", value=0))


def _years() -> alt.X:
    return alt.X(
        "x:Q",
        scale=alt.Scale(nice=False, padding=8, zero=False),
        axis=alt.Axis(format="d", values=["@ticks"], grid=False, title=None),
    )


def lines() -> alt.LayerChart:
    """Values of series by year."""
    return _by_year()


def balances() -> alt.LayerChart:
    """Values that may be negative, by year."""
    return _by_year(_zero_line())


def months() -> alt.LayerChart:
    """Values of series by date."""
    axis = alt.Axis(
        grid=False, title=None, tickCount=6, format="%Y", labelOverlap=True, labelSeparation=8
    )
    return _lines(alt.X("x:T", scale=alt.Scale(type="utc", padding=8), axis=axis))


def bars() -> alt.Chart:
    """Stacked bars by year; a year without data is a gap, the chosen one is darker."""
    return (
        alt.Chart()
        .mark_bar(stroke=variable("paper"), strokeWidth=0.6)
        .encode(
            x=alt.X(
                "x:O",
                scale=alt.Scale(domain=["@years"], paddingInner=0.12),
                axis=alt.Axis(
                    labelExpr="datum.value % 5 === 0 ? datum.value : ''",
                    labelAngle=0,
                    labelOverlap=True,
                    ticks=False,
                    title=None,
                ),
            ),
            y=_value_axis(),
            color=_colour(),
            order="order:Q",
            opacity=alt.condition(SELECTED_YEAR, alt.value(1), alt.value(0.82)),
            tooltip=_tooltip(),
        )
        .add_params(alt.param("year", value=0))
    )


def ranked() -> alt.LayerChart:
    """Horizontal bars in the order of the rows, each with its value at the end."""
    y = alt.Y(
        "name:N",
        sort=None,
        axis=alt.Axis(labelLimit=150, ticks=False, domain=False, title=None),
    )
    bar = (
        alt.Chart()
        .mark_bar(height={"band": 0.7})
        .encode(
            y=y,
            x=alt.X("value:Q", axis=None, scale=alt.Scale(padding=0)),
            color=_colour(),
            tooltip=_tooltip(),
        )
    )
    text = (
        alt.Chart()
        .mark_text(align="left", dx=4, color=variable("ink"))
        .encode(y=y, x="value:Q", text="label:N")
    )
    return _layered(bar, text)


def curve() -> alt.LayerChart:
    """Estimates by size with their intervals; the report's own is a diamond."""
    x = alt.X("x:Q", axis=None, scale=alt.Scale(nice=False, padding=6))
    low = alt.Y("low:Q", axis=alt.Axis(tickCount=4, title=None))
    interval = (
        alt.Chart()
        .mark_rule(strokeWidth=1.2, opacity=0.65)
        .encode(x=x, y=low, y2="high:Q", color=_colour())
    )
    points = (
        alt.Chart()
        .mark_point(filled=True, opacity=1)
        .encode(
            x=x,
            y="value:Q",
            color=_colour(),
            shape=alt.Shape(
                "series:N",
                scale=alt.Scale(domain=["@domain"], range=["circle", "triangle-up", "diamond"]),
                legend=None,
            ),
            size=alt.condition("datum.series === 'own'", alt.value(110), alt.value(16)),
            tooltip=_tooltip(),
        )
    )
    return _layered(_zero_line(), interval, points)


def distances() -> alt.LayerChart:
    """One mark a coefficient, in printed standard errors from the printed one, by table."""
    band = _alone().mark_rect(color=variable("band")).encode(x=alt.datum(-1.96), x2=alt.datum(1.96))
    points = (
        alt.Chart()
        .mark_point(opacity=0.9, size=44, filled=False, strokeWidth=1.6)
        .encode(
            y=alt.Y("name:N", sort=None, axis=alt.Axis(title=None, ticks=False, grid=True)),
            x=alt.X("value:Q", scale=alt.Scale(domain=[-10, 10], clamp=True), title=None),
            color=_colour(),
            shape=alt.Shape(
                "series:N",
                scale=alt.Scale(domain=["@domain"], range=["circle", "cross"]),
                legend=None,
            ),
            tooltip=_tooltip(),
        )
    )
    return _layered(band, points)


def residuals() -> alt.LayerChart:
    """Residuals by year, in standard deviations; beyond two of them is outside the band."""
    band = _alone().mark_rect(color=variable("band")).encode(y=alt.datum(-2), y2=alt.datum(2))
    points = (
        alt.Chart()
        .mark_point(filled=True, opacity=1, size=30)
        .encode(
            x=_years(),
            y=alt.Y("value:Q", axis=alt.Axis(tickCount=5, title=None)),
            color=_colour(),
            tooltip=_tooltip(),
        )
    )
    return _layered(band, _zero_line(), points)


CHARTS = {
    "lines": lines,
    "balances": balances,
    "months": months,
    "bars": bars,
    "ranked": ranked,
    "curve": curve,
    "distances": distances,
    "residuals": residuals,
}
# height in pixels; of ranked bars and distances, of one line
HEIGHTS = {"curve": 120, "residuals": 120, "ranked": 24, "distances": 30}
BY_LINE = ("ranked", "distances")


def configuration() -> dict[str, Any]:
    """How every chart looks: quiet axes, no frame."""
    ink = variable("ink-soft")
    return {
        "background": None,
        "font": FONT,
        "view": {"stroke": None},
        "axis": {
            "labelColor": ink,
            "titleColor": ink,
            "domainColor": variable("rule"),
            "tickColor": variable("rule"),
            "gridColor": variable("rule"),
            "labelFontSize": 12,
            "titleFontSize": 12,
        },
        "title": {"color": variable("ink"), "fontSize": 13, "anchor": "start"},
        "text": {"fontSize": 12},
        "legend": {"labelColor": ink, "labelFontSize": 12},
    }


@cache
def specifications() -> dict[str, dict[str, Any]]:
    """Kind of chart -> its Vega-Lite, validated by Altair, with places left for what differs."""
    return {kind: _without_data(build().to_dict()) for kind, build in CHARTS.items()}


def _without_data(value: Any) -> Any:
    """A specification without what Altair puts in place of data, and without its own settings."""
    if isinstance(value, list):
        return [_without_data(each) for each in value]
    if not isinstance(value, dict):
        return value
    return {
        key: _without_data(each)
        for key, each in value.items()
        if key not in ("$schema", "config", "datasets") and each != {"name": "empty"}
    }


# ---- pictures ------------------------------------------------------------------------------------


def resolved(value: Any, places: Mapping[str, Sequence[Any]]) -> Any:
    """A specification with its places filled and its colours those of light paper."""
    if isinstance(value, list):
        if len(value) == 1 and isinstance(value[0], str) and value[0] in places:
            return list(places[value[0]])
        return [resolved(each, places) for each in value]
    if isinstance(value, dict):
        return {key: resolved(each, places) for key, each in value.items()}
    if isinstance(value, str) and value.startswith("var(--"):
        return PALETTE["light"][value.removeprefix("var(--").removesuffix(")")]
    return value


def _drawn_rows(figure: Figure, panel: Panel, language: str) -> list[dict[str, Any]]:
    """The rows of a panel as its chart reads them, with every switch as it first stands."""
    wanted = {**panel.where, **{s.column: s.chosen for s in figure.switches}}
    names = {**figure.names, **{code: s.name for code, s in figure.series.items()}}
    order = {code: place for place, code in enumerate(figure.series)}
    found = []
    for values in figure.rows:
        row = dict(zip(figure.columns, map(plain, values), strict=True))
        if any(row[column] != value for column, value in wanted.items()):
            continue
        named = names.get(str(row.get("item", row["series"])))
        row["name"] = named.of(language) if named else str(row.get("item", ""))
        row["order"] = order.get(row["series"], 0)
        row["label"] = row.get("label") or f"{row['value']:.3g}"
        found.append(row)
    return found


def _panel(figure: Figure, panel: Panel, language: str) -> dict[str, Any]:
    rows = _drawn_rows(figure, panel, language)
    years = sorted({r["x"] for r in rows if isinstance(r.get("x"), int)})
    places: dict[str, Sequence[Any]] = {
        "@domain": list(figure.series),
        "@range": [PALETTE["light"][f"hue-{s.hue}"] for s in figure.series.values()],
        "@years": list(range(years[0], years[-1] + 1)) if years else [],
        "@ticks": list(range(years[0], years[-1] + 1, 1 + len(years) // 8)) if years else [],
    }
    spec = resolved(copy.deepcopy(specifications()[panel.chart]), places)
    height = HEIGHTS.get(panel.chart, PICTURE_HEIGHT)
    if panel.chart in BY_LINE:
        height *= len({r["name"] for r in rows})
    unit = word(f"unit_{panel.unit}").of(language)
    title = _wrapped(panel.title.of(language)) if panel.title else []
    width = PICTURE_WIDTH if len(figure.panels) > 1 else 2 * PICTURE_WIDTH
    return {
        **spec,
        "data": {"values": rows},
        "width": width,
        "height": height,
        "title": {"text": title or [unit], "subtitle": [unit] if title else []},
    }


def _wrapped(text: str) -> list[str]:
    """Lines that fit above a panel; Chinese characters are twice as wide and have no spaces."""
    if text.isascii():
        return textwrap.wrap(text, 52)
    return [text[place : place + 26] for place in range(0, len(text), 26)]


def _legend(figure: Figure, language: str) -> dict[str, Any]:
    """The legend of a picture: series by their names."""
    names = {code: series.name.of(language) for code, series in figure.series.items()}
    return {
        "title": None,
        "orient": "top",
        "columns": 4,
        "labelLimit": 300,
        "symbolOpacity": 1,
        "labelExpr": f"({json.dumps(names, ensure_ascii=False)})[datum.label]",
    }


def _colours_of(spec: Any) -> Iterator[dict[str, Any]]:
    """The encodings of colour in a specification, in its order."""
    if isinstance(spec, list):
        for each in spec:
            yield from _colours_of(each)
    elif isinstance(spec, dict):
        if isinstance(colour := spec.get("color"), dict) and "scale" in colour:
            yield colour
        for key, each in spec.items():
            if key != "data":
                yield from _colours_of(each)


def picture(figure: Figure, language: str, notice: Text | None) -> dict[str, Any]:
    """A figure with all its panels as one Vega-Lite specification with data, for a picture.

    `notice` is said above it where the numbers are invented.
    """
    panels = [_panel(figure, panel, language) for panel in figure.panels]
    spec: dict[str, Any] = {
        "$schema": f"https://vega.github.io/schema/vega-lite/{alt.SCHEMA_VERSION}.json",
        "background": PALETTE["light"]["paper"],
        "config": resolved(configuration(), {}) | {"background": PALETTE["light"]["paper"]},
        "title": {
            "text": figure.title.of(language),
            "subtitle": [notice.of(language)] if notice else [],
            "subtitleColor": PALETTE["light"]["hue-1"],
            "fontSize": 17,
        },
        "columns": PANELS_IN_A_LINE,
        "concat": panels,
    }
    if [p.pop("params") for p in panels if "params" in p]:
        spec["params"] = [{"name": "year", "value": max(figure.shown_years)}]
    if len(figure.series) > 1:
        next(_colours_of(panels))["legend"] = _legend(figure, language)
    return spec


def as_svg(spec: dict[str, Any]) -> str:
    return vl_convert.vegalite_to_svg(json.dumps(spec), vl_version=VEGA_LITE_VERSION)


def as_png(svg: str) -> bytes:
    """In twice the size, for slides."""
    return vl_convert.svg_to_png(svg, scale=2)


@cache
def runtime() -> str:
    """Vega, Vega-Lite and their embedding as one classic script; it declares global names."""
    return vl_convert.javascript_bundle(
        "window.vegaEmbed = vegaEmbed;", vl_version=VEGA_LITE_VERSION
    )


def palette_css() -> str:
    """The colours as variables of the style sheet: light, and dark where the reader wants it."""

    def variables(theme: str) -> str:
        return "".join(f"--{name}:{colour};" for name, colour in PALETTE[theme].items())

    return (
        f":root{{color-scheme:light;{variables('light')}}}\n"
        f"@media screen{{:root[data-theme=dark]{{color-scheme:dark;{variables('dark')}}}}}\n"
    )


def notice_css(notice: Text) -> str:
    """What marks every printed page and heading of invented numbers.

    Browsers that know no boxes in the margin of a page still have it above every heading.
    """
    rules = []
    for language, text in zip(LANGUAGES, notice.pair, strict=True):
        content = json.dumps(text, ensure_ascii=False)
        rules.append(
            f"@page invented-{language}{{@top-left{{content:{content};color:#6b3a00;"
            "font:bold 8pt sans-serif}}\n"
            f"@media print{{:root[data-language={language}] body{{page:invented-{language}}}"
            f":root[data-language={language}] :is(h1,h2,h3)::before{{content:{content};"
            "display:block;color:#6b3a00;font:bold 7pt sans-serif}}\n"
        )
    return "".join(rules)


def as_script(name: str, value: Any) -> str:
    """Data as a classic script that registers them under a name.

    `<` is escaped, so that nothing in the data can end the script, wherever it is put.
    """
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    return f"(window.lctReport=window.lctReport||{{}}).{name}={text};\n"
