"""The tables as journals print them: CSV, LaTeX and HTML, English and Chinese."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from xml.etree import ElementTree

import pandas as pd

from estimation.rendering import RenderingInputs, rendered
from tests.support.estimation import SMALL, WORDS

LABELS = {"a": ("alpha & co", "甲"), "b": ("beta", "乙"), "y": ("outcome, %", "结果")}


def printed_files(synthetic: bool = False) -> dict[str, str]:
    """Two columns of one table: the first estimated, the second not."""
    first = replace(SMALL, terms=("a_x_b", "a", "b"))
    second = replace(SMALL, column=2, terms=("a", "b"))
    coefficients = pd.DataFrame(
        [("a_x_b", -1.2345, -2.5, 0.02), ("a", 0.5, 1.0, 0.3), ("b", 12.0, 9.876, 0.0001)],
        columns=["term", "estimate", "t_statistic", "p_value"],
    ).assign(
        exhibit="table_5", column=1, basis="reconciled", variant="report", inference="cluster_iso3"
    )
    diagnostics = pd.DataFrame(
        [("table_5", 1, "reconciled", "report", 1234, 45, 0.1234)],
        columns=[
            "exhibit",
            "column",
            "basis",
            "variant",
            "n_observations",
            "n_economies",
            "within_r_squared",
        ],
    )
    reasons = pd.DataFrame(
        [("table_5", 2, "reconciled", "report", None, "no_data", '{"variable": "a_b"}')],
        columns=[
            "exhibit",
            "column",
            "basis",
            "variant",
            "term",
            "reason_code",
            "reason_parameters",
        ],
    )
    return rendered(
        RenderingInputs(
            coefficients,
            diagnostics,
            reasons,
            diagnostics[:0],
            LABELS,
            WORDS,
            "reconciled",
            (1992, 2021),
            synthetic,
        ),
        [second, first],
    )


def test_a_table_is_printed_as_journals_do() -> None:
    files = printed_files()
    assert set(files) == {
        f"table_5.{language}.{extension}"
        for language in ("en", "zh")
        for extension in ("tex", "html", "csv")
    }
    rows = list(csv.reader(io.StringIO(files["table_5.en.csv"].removeprefix("\ufeff"))))
    assert rows[0] == ["Table 5. What goes with trade in transition minerals with China"]
    assert rows[1:14] == [
        ["", "(1)", "(2)"],
        ["", "Outcome, %", "Outcome, %"],
        ["Alpha & co × Beta", "-1.234**", ""],
        ["", "(-2.50)", ""],
        ["Alpha & co", "0.500", "–"],
        ["", "(1.00)", ""],
        ["Beta", "12.000***", "–"],
        ["", "(9.88)", ""],
        ["Partner effects", "Yes", "–"],
        ["Year effects", "Yes", "–"],
        ["N", "1234", "–"],
        ["Economies", "45", "–"],
        ["Within R²", "0.123", "–"],
    ]
    notes = [r[0] for r in rows[14:]]
    assert "Standard errors: clustered by partner economy." in notes
    assert "(2) not estimable: no data for a_b." in notes
    assert any(
        n.endswith("Terms at t-1, standardised over the panel's rows of 1992-2021.") for n in notes
    )
    assert any(n.startswith("Trade basis: reconciled (BACI); HS codes followed") for n in notes)
    chinese = files["table_5.zh.csv"]
    assert "甲 × 乙,-1.234**," in chinese
    assert "伙伴固定效应,是" in chinese
    assert "按伙伴经济体聚类" in chinese
    assert "解释变量滞后一年, 在全面板 1992-2021 年的观测上标准化。" in chinese
    assert "(2) 无法估计: 变量 a_b 没有数据。" in chinese


def test_latex_and_html_are_well_formed_and_escaped() -> None:
    files = printed_files()
    latex = files["table_5.en.tex"]
    assert r"Alpha \& co $\times$ Beta & $-$1.234$^{**}$ &  \\" in latex
    assert r"Outcome, \%" in latex
    assert r"a\_b" in latex
    assert latex.count(r"\begin{") == latex.count(r"\end{") == 3
    assert latex.count("{") == latex.count("}")
    assert all(line.count(" & ") == 2 for line in latex.splitlines() if line.endswith(r"\\"))
    assert "ctex" in files["table_5.zh.tex"]
    assert "ctex" not in latex
    for language in ("en", "zh"):
        page = ElementTree.fromstring(
            files[f"table_5.{language}.html"]
            .removeprefix("<!DOCTYPE html>\n")
            .replace('<meta charset="utf-8">', "")
        )
        cells = [[c.text or "" for c in row] for row in page.iter("tr")]
        assert len({len(row) for row in cells}) == 1
        assert len(cells) == 13
        assert page.get("lang") == language
    assert "Alpha &amp; co × Beta" in files["table_5.en.html"]


def test_printed_tables_of_the_demo_say_they_are_synthetic() -> None:
    for name, text in printed_files(synthetic=True).items():
        assert (
            "SYNTHETIC DEMO DATA: every number is invented." if ".en." in name else "合成演示数据"
        ) in text, name
    assert not any("SYNTHETIC" in text or "合成" in text for text in printed_files().values())


def test_an_instrumented_table_says_how_strong_its_instruments_are() -> None:
    column = replace(
        SMALL,
        exhibit="instrument_1",
        variant="instrumented",
        estimator="iv",
        terms=("a", "b"),
        instrumented=("a", "b"),
    )
    keys = {"exhibit": "instrument_1", "column": 1, "basis": "reconciled"}
    keys |= {"variant": "instrumented"}
    term = {"inference": "cluster_iso3", "estimate": 1.0, "t_statistic": 2.1, "p_value": 0.04}
    counts = {"n_observations": 900, "n_economies": 57, "within_r_squared": None}
    strength = {"anderson_rubin_p_value": 0.0314}
    inputs = RenderingInputs(
        coefficients=pd.DataFrame([keys | term | {"term": t} for t in ("a", "b")]),
        diagnostics=pd.DataFrame([keys | counts]),
        not_estimable=pd.DataFrame(columns=[*keys, "term"]),
        instrument_diagnostics=pd.DataFrame(
            [keys | strength | {"term": t, "conditional_f": f} for t, f in (("a", 31), ("b", 12))]
        ),
        labels=LABELS,
        words=WORDS,
        basis="reconciled",
        standardisation_years=(1992, 2022),
        is_synthetic=False,
    )
    files = rendered(inputs, [column, replace(column, column=2)])
    rows = list(
        csv.reader(io.StringIO(files["instrumented/instrument_1.en.csv"].removeprefix("\ufeff")))
    )
    assert rows[0][0].startswith("Table I.1. Imports of low-carbon technology")
    assert ["First-stage F (weakest term)", "12.0", "–"] in rows
    assert ["Anderson-Rubin p (no effect)", "0.031", "–"] in rows
    assert "Within R²" not in {r[0] for r in rows if r}
    assert "第一阶段 F 值 (最弱项),12.0,–" in files["instrumented/instrument_1.zh.csv"]
