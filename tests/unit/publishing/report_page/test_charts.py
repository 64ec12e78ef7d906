"""Colours can be told apart, specifications are shared, and data cannot end their script."""

from __future__ import annotations

import json
import re
from itertools import combinations

import numpy as np
import pytest

from orchestration.publishing.report_page import charts
from orchestration.publishing.report_page.figures import Figure, Panel, Series, plain
from orchestration.publishing.report_page.publication import SECTORS
from orchestration.publishing.report_page.wording import Text, same, word

TEXT_CONTRAST, MARK_CONTRAST, FAR_APART = 4.5, 3.0, 20


# Machado, Oliveira and Fernandes (2009): full deficiency, on linear RGB
SIGHTS = {
    "all": [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
    "no red": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "no green": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "no blue": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
XYZ = np.array(
    [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
)
WHITE = np.array([0.95047, 1.0, 1.08883])


def linear(colour: str) -> np.ndarray:
    parts = np.array([int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)])
    return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)


def luminance(colour: str) -> float:
    """Relative luminance of WCAG 2.2."""
    return float(XYZ[1] @ linear(colour))


def lab(rgb: np.ndarray) -> np.ndarray:
    """CIE Lab of linear RGB; a distance of 2 can just be seen side by side."""
    x = XYZ @ rgb.clip(0, 1) / WHITE
    f = np.where(x > 0.008856, np.cbrt(x), 7.787 * x + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_and_marks_stand_out_from_the_paper(theme: str) -> None:
    palette = charts.PALETTE[theme]
    for ink in ("ink", "ink-soft"):
        assert contrast(palette[ink], palette["paper"]) >= TEXT_CONTRAST
        assert contrast(palette[ink], palette["band"]) >= TEXT_CONTRAST
    for name, colour in palette.items():
        if name.startswith("hue"):
            assert contrast(colour, palette["paper"]) >= MARK_CONTRAST, name


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_six_hues_and_a_neutral_one_are_told_apart_by_colour_blind_readers(theme: str) -> None:
    hues = [c for name, c in charts.PALETTE[theme].items() if name.startswith("hue")]
    assert len(hues) == 7
    assert set(SECTORS.values()) == set(range(7))
    for sight, transformation in SIGHTS.items():
        seen = [lab(np.array(transformation) @ linear(hue)) for hue in hues]
        for (one, a), (other, b) in combinations(zip(hues, seen, strict=True), 2):
            assert np.linalg.norm(a - b) >= FAR_APART, (sight, one, other)


def test_specifications_hold_no_data_and_no_colour_of_their_own() -> None:
    for kind, specification in charts.specifications().items():
        text = json.dumps(specification)
        assert not re.search(r"#[0-9a-f]{3,6}\b", text), kind
        assert '"datasets"' not in text
        assert "http" not in text


def test_data_cannot_end_the_script_that_holds_them() -> None:
    text = charts.as_script("pages", ["</script><script>alert(1)</script>"])
    assert "<" not in text
    assert json.loads(text.partition("=")[2].partition(".pages=")[2].rstrip(";\n")) == [
        "</script><script>alert(1)</script>"
    ]


def test_a_value_without_a_form_is_refused() -> None:
    assert plain(1.0) == 1
    assert plain(0.12345678901) == 0.1234568
    with pytest.raises(TypeError, match="no place"):
        plain(b"bytes")


def test_a_picture_has_every_panel_and_says_what_is_invented() -> None:
    figure = Figure(
        anchor="a",
        title=Text("Trade", "贸易"),
        panels=[Panel("lines", "percent", same(str(n)), {"side": n}) for n in (1, 2)],
        columns=("side", "series", "x", "value"),
        rows=[(side, "China", 2020 + year, 1.5) for side in (1, 2) for year in (0, 1)],
        series={"China": Series(Text("China", "中国"), 1)},
        sql="select 1",
        source=same("-"),
        x_label=same("-"),
        series_label=same("-"),
    )
    svg = charts.as_svg(charts.picture(figure, "zh", word("synthetic")))
    assert "贸易" in svg
    assert "合成演示数据" in svg
    assert svg.count('aria-roledescription="point"') == 4
    assert "var(" not in svg
    assert charts.as_png(svg).startswith(b"\x89PNG")
