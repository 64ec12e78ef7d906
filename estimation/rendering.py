"""Regression tables as journals print them, from the tables of schema estimates.

They are written in LaTeX, HTML and CSV, in English and Chinese. Only rounding and stars are
computed here. Rows follow the report's order, which is that of the specifications' terms; the
notes under a table say which columns and terms have no estimate, and why.
"""

from __future__ import annotations

import csv
import html
import io
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import pandas as pd

from estimation.comparison import stars
from estimation.inference import DEFAULT_INFERENCE
from estimation.specifications import SPECIFICATIONS, VARIANTS, Specification

LANGUAGES = ("en", "zh")
# English and Chinese, in the order of LANGUAGES
TITLES = {
    "table_4": (
        "What goes with trade in low-carbon technology with China",
        "与中国低碳技术贸易的决定因素",
    ),
    "table_5": (
        "What goes with trade in transition minerals with China",
        "与中国转型矿产贸易的决定因素",
    ),
    "table_6": (
        "Imports of low-carbon technology from China and emissions",
        "从中国进口低碳技术与排放",
    ),
    "table_7": (
        "Imports of low-carbon technology from China and emissions: compulsory education",
        "从中国进口低碳技术与排放: 义务教育",
    ),
    "table_8": (
        "Imports of low-carbon technology from China and emissions: political stability",
        "从中国进口低碳技术与排放: 政治稳定性",
    ),
    "table_9": (
        "Imports of low-carbon technology from China and emissions: foreign direct investment",
        "从中国进口低碳技术与排放: 外国直接投资",
    ),
    "table_10": (
        "Imports of low-carbon technology from China and emissions: aid",
        "从中国进口低碳技术与排放: 外国援助",
    ),
    "table_11": (
        "What goes with trade in low-carbon technology with China: women at work",
        "与中国低碳技术贸易的决定因素: 性别",
    ),
    "table_12": (
        "What goes with trade in transition minerals with China: women at work",
        "与中国转型矿产贸易的决定因素: 性别",
    ),
}
WORDS = {
    "table": ("Table", "表"),
    "stop": (".", "。"),
    "yes": ("Yes", "是"),
    "iso3": ("Partner effects", "伙伴固定效应"),
    "year": ("Year effects", "年份固定效应"),
    "n_observations": ("N", "观测值"),
    "n_economies": ("Economies", "经济体"),
    "within_r_squared": ("Within R²", "组内 R²"),
    "brackets": (
        "t statistics in brackets; * p < 0.10, ** p < 0.05, *** p < 0.01.",
        "括号内为 t 值; * p < 0.10, ** p < 0.05, *** p < 0.01。",
    ),
    "inference": ("Standard errors", "标准误"),
    "iid": ("equal variance, no correlation (iid)", "独立同分布"),
    "hetero": ("robust to heteroskedasticity", "异方差稳健"),
    "cluster_iso3": ("clustered by partner economy", "按伙伴经济体聚类"),
    "twoway": ("clustered by partner economy and by year", "按伙伴经济体和年份双向聚类"),
    "driscoll_kraay": ("Driscoll and Kraay", "Driscoll-Kraay"),
    "wild_bootstrap": (
        "clustered by partner economy, stars from the wild cluster bootstrap",
        "按伙伴经济体聚类, 显著性来自野聚类自助法",
    ),
    "basis": ("Trade basis", "贸易口径"),
    "china_reported": ("as China reported", "中国报告"),
    "partner_reported": ("as the partner reported", "伙伴报告"),
    "reconciled": ("reconciled (BACI)", "BACI 调和"),
    "as_reported": ("HS codes as reported", "HS 编码按原报告"),
    "harmonised": ("HS codes followed through revisions", "HS 编码跨版本追踪"),
    "strict": ("HS codes that map one to one", "仅一对一 HS 编码"),
    "ores": ("minerals as ores and concentrates", "矿产为矿石和精矿"),
    "all_stages": ("minerals at all stages of processing", "矿产含各加工阶段"),
    "panel": ("Terms at t-1, standardised over the panel.", "解释变量滞后一年, 在全面板上标准化。"),
    "sample": (
        "Terms at t-1, standardised over the rows of each fit.",
        "解释变量滞后一年, 在各回归样本上标准化。",
    ),
    "ols": ("Least squares.", "最小二乘法。"),
    "ppml": (
        "Poisson pseudo-maximum likelihood; no trade counts as zero.",
        "泊松伪极大似然估计; 无贸易计为零。",
    ),
    "variant": ("SeriesUpdatedError from the report's specification", "与报告设定的不同"),
    "missing": ("not estimable", "无法估计"),
    "synthetic": (
        "SYNTHETIC DEMO DATA: every number is invented.",
        "合成演示数据: 所有数字均为虚构。",
    ),
}
ABSENT = "–"


@dataclass(frozen=True)
class PrintedTable:
    """A table as text: one cell per column in every row.

    `body` holds pairs of rows, coefficients and t statistics; `foot` holds the rows below the line.
    """

    name: str
    language: str
    title: str
    outcomes: tuple[str, ...]
    body: tuple[tuple[str, tuple[str, ...]], ...]
    foot: tuple[tuple[str, tuple[str, ...]], ...]
    notes: tuple[str, ...]
    warning: str = ""

    @property
    def heads(self) -> tuple[str, ...]:
        return tuple(f"({n})" for n in range(1, len(self.outcomes) + 1))


def printed_table(
    specifications: Iterable[Specification],
    coefficients: pd.DataFrame,
    diagnostics: pd.DataFrame,
    not_estimable: pd.DataFrame,
    labels: dict[str, tuple[str, str]],
    language: str,
    basis: str,
    is_synthetic: bool,
    inference: str = DEFAULT_INFERENCE,
) -> PrintedTable:
    """One exhibit in one variant on one basis, from the frames of schema estimates.

    `specifications` are its columns; `labels` give each panel variable's name in English and
    Chinese.
    """
    columns = sorted(specifications, key=lambda s: s.column)
    first = columns[0]

    def word(key: str) -> str:
        return WORDS[key][LANGUAGES.index(language)]

    def label(variable: str) -> str:
        return _capital(labels.get(variable, (variable, variable))[LANGUAGES.index(language)])

    def of_table(frame: pd.DataFrame) -> pd.DataFrame:
        return frame[
            (frame["exhibit"] == first.exhibit)
            & (frame["variant"] == first.variant)
            & (frame["basis"] == basis)
        ]

    found = of_table(coefficients)
    found = found[found["inference"] == inference]
    found = (
        found.assign(stars=stars(found["p_value"])).set_index(["column", "term"])
        if len(found)
        else found
    )
    fits = of_table(diagnostics).set_index("column")
    reasons = of_table(not_estimable)
    term_labels = {
        term: " × ".join(label(v) for v in s.variables_of(term))
        for s in columns
        for term in s.terms
    }

    body = []
    for term, text in term_labels.items():
        estimates, brackets = [], []
        for s in columns:
            if (s.column, term) in found.index:
                row = found.loc[(s.column, term)]
                estimates.append(f"{row['estimate']:.3f}{'*' * int(row['stars'])}")
                brackets.append(f"({row['t_statistic']:.2f})")
            else:
                estimates.append(ABSENT if term in s.terms else "")
                brackets.append("")
        body += [(text, tuple(estimates)), ("", tuple(brackets))]

    def cells(text: Callable[[Specification, pd.Series], str]) -> tuple[str, ...]:
        return tuple(
            text(s, fits.loc[s.column]) if s.column in fits.index else ABSENT for s in columns
        )

    foot = [
        (
            word(effect),
            cells(lambda s, _, effect=effect: word("yes") if effect in s.effects else ""),
        )
        for effect in dict.fromkeys(e for s in columns for e in s.effects)
    ]
    foot += [
        (word(count), cells(lambda _, fit, count=count: str(int(fit[count]))))
        for count in ("n_observations", "n_economies")
    ]
    foot += [
        (
            word("within_r_squared"),
            cells(
                lambda _, fit: (
                    f"{fit['within_r_squared']:.3f}"
                    if pd.notna(fit["within_r_squared"])
                    else ABSENT
                )
            ),
        )
    ]

    stop = word("stop")
    notes = [
        word("brackets"),
        f"{word('inference')}: {word(inference)}{stop}",
        (
            f"{word('basis')}: {word(basis)}; {word(first.hs_treatment)}; "
            f"{word(first.mineral_scope)}{stop}"
        ),
        f"{word(first.estimator)} {word(first.standardisation)}",
    ]
    notes += [
        f"{word('variant')}: {v.description if language == 'en' else v.description_zh}{stop}"
        for v in VARIANTS
        if v.name == first.variant
    ]
    for row in reasons.sort_values("column").itertuples():
        what = (
            f"({row.column})"
            if pd.isna(row.term)
            else f"({row.column}) {term_labels.get(row.term, row.term)}"
        )
        notes.append(f"{what} {word('missing')}: {row.reason}{stop}")
    number = first.exhibit.removeprefix("table_")
    title = f"{word('table')} {number}. {TITLES[first.exhibit][LANGUAGES.index(language)]}"
    return PrintedTable(
        first.exhibit,
        language,
        title,
        tuple(label(s.outcome) for s in columns),
        tuple(body),
        tuple(foot),
        tuple(notes),
        word("synthetic") if is_synthetic else "",
    )


def as_latex(table: PrintedTable) -> str:
    """A LaTeX table environment; needs booktabs and graphicx, and ctex for Chinese."""

    def row(label: str, cells: tuple[str, ...]) -> str:
        return " & ".join(_latex(text) for text in (label, *cells)) + r" \\"

    spread = len(table.heads) > 2  # at its natural size it is wider than the page
    lines = [
        *([f"% {table.warning}"] if table.warning else []),
        f"% \\usepackage{{booktabs,graphicx{',ctex' if table.language == 'zh' else ''}}}",
        r"\begin{table}[htbp]",
        r"\centering",
        rf"\caption{{{_latex(_joined(table.warning, table.title))}}}",
        rf"\label{{tab:{table.name}}}",
        *([r"\resizebox{\textwidth}{!}{%"] if spread else []),
        rf"\begin{{tabular}}{{l{'c' * len(table.heads)}}}",
        r"\toprule",
        row("", table.heads),
        row("", table.outcomes),
        r"\midrule",
        *(row(*line) for line in table.body),
        r"\midrule",
        *(row(*line) for line in table.foot),
        r"\bottomrule",
        r"\end{tabular}" + ("}" if spread else ""),
        r"\par\smallskip",
        r"\begin{minipage}{\textwidth}\footnotesize",
        r" \\ ".join(_latex(note) for note in table.notes),
        r"\end{minipage}",
        r"\end{table}",
    ]
    return "\n".join(lines) + "\n"


def as_html(table: PrintedTable) -> str:
    """A self-contained HTML page."""

    def row(label: str, cells: tuple[str, ...], tag: str = "td") -> str:
        written = "".join(f"<{tag}>{_html(text)}</{tag}>" for text in cells)
        return f'<tr><th scope="row">{_html(label)}</th>{written}</tr>'

    lines = [
        f'<!DOCTYPE html>\n<html lang="{table.language}">\n<head>\n<meta charset="utf-8">',
        f"<title>{_html(_joined(table.warning, table.title))}</title>",
        (
            "<style>body { font-family: serif; } "
            "table { border-collapse: collapse; border-block: 2px solid; } "
            "caption { text-align: left; font-weight: bold; padding-bottom: .5em; }"
        ),
        (
            "td, th { padding: .1em .7em; text-align: center; } "
            "th[scope=row] { text-align: left; font-weight: normal; } "
            "tbody, tfoot { border-top: 1px solid; } .warning { color: #b00; }</style>"
        ),
        "</head>\n<body>",
        *(
            [f'<p class="warning"><strong>{_html(table.warning)}</strong></p>']
            if table.warning
            else []
        ),
        f"<table>\n<caption>{_html(table.title)}</caption>\n<thead>",
        row("", table.heads, "th"),
        row("", table.outcomes, "th"),
        "</thead>\n<tbody>",
        *(row(*line) for line in table.body),
        "</tbody>\n<tfoot>",
        *(row(*line) for line in table.foot),
        "</tfoot>\n</table>",
        *(f"<p><small>{_html(note)}</small></p>" for note in table.notes),
        "</body>\n</html>",
    ]
    return "\n".join(lines) + "\n"


def as_csv(table: PrintedTable) -> str:
    """The same rows, separated by commas, with the title and notes in the first column.

    Starts with a byte order mark, for spreadsheets.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([[line] for line in (table.warning, table.title) if line])
    writer.writerows(
        [
            ["", *table.heads],
            ["", *table.outcomes],
            *([label, *cells] for label, cells in (*table.body, *table.foot)),
            *([note] for note in table.notes),
        ]
    )
    return "\ufeff" + text.getvalue()


FORMATS: dict[str, Callable[[PrintedTable], str]] = {
    "tex": as_latex,
    "html": as_html,
    "csv": as_csv,
}


def rendered(
    coefficients: pd.DataFrame,
    diagnostics: pd.DataFrame,
    not_estimable: pd.DataFrame,
    labels: dict[str, tuple[str, str]],
    basis: str,
    is_synthetic: bool,
    specifications: Iterable[Specification] = SPECIFICATIONS,
) -> dict[str, str]:
    """Every table on one basis, clustered by economy, as text by file name.

    The report's own specification is in table_4.en.tex, for example, and a variant of it in
    ppml/table_4.en.tex. A variant with no estimates has no file; the reasons are in not_estimable.
    """
    coefficients = coefficients[
        (coefficients["basis"] == basis) & (coefficients["inference"] == DEFAULT_INFERENCE)
    ]
    estimated = set(coefficients[["exhibit", "variant"]].itertuples(index=False, name=None))
    exhibits: dict[tuple[str, str], list[Specification]] = {}
    for s in specifications:
        exhibits.setdefault((s.exhibit, s.variant), []).append(s)
    files = {}
    for (exhibit, variant), columns in exhibits.items():
        if variant != "report" and (exhibit, variant) not in estimated:
            continue
        folder = "" if variant == "report" else f"{variant}/"
        for language in LANGUAGES:
            table = printed_table(
                columns,
                coefficients,
                diagnostics,
                not_estimable,
                labels,
                language,
                basis,
                is_synthetic,
            )
            for extension, written in FORMATS.items():
                files[f"{folder}{exhibit}.{language}.{extension}"] = written(table)
    return files


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _joined(warning: str, title: str) -> str:
    return f"{warning} {title}".strip()


def _html(text: str) -> str:
    return html.escape(text)


_LATEX = {
    "\\": r"\textbackslash{}",
    **{c: f"\\{c}" for c in "&%$#_{}"},
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "×": r"$\times$",
    "²": r"$^2$",
    "–": "--",
    "<": r"$<$",
    "*": r"$^{*}$",
}


def _latex(text: str) -> str:
    """Text for LaTeX, with its special characters escaped.

    A run of stars is set as one superscript, and a hyphen before a number becomes a minus sign.
    """
    text = re.sub(r"(?<!\w)-(?=\d)", chr(0xE001), text)
    for n in (3, 2):
        text = text.replace("*" * n, chr(0xE000 + n))
    return (
        "".join(_LATEX.get(c, c) for c in text)
        .replace(chr(0xE001), "$-$")
        .replace(chr(0xE003), r"$^{***}$")
        .replace(chr(0xE002), r"$^{**}$")
    )
