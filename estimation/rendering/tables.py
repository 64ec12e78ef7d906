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
from dataclasses import dataclass, replace

import pandas as pd

from estimation.comparison import stars
from estimation.reasons import LANGUAGES, Reason, Words, because
from estimation.specifications import SPECIFICATIONS, Specification

ABSENT = "–"


@dataclass(frozen=True)
class RenderingInputs:
    """What printed tables are made from.

    coefficients, diagnostics, not_estimable, instrument_diagnostics
                    the tables of schema estimates
    labels          variable of the panel -> its name in English and in Chinese
    words           titles, labels, notes and reasons
    basis           the trade basis that is printed
    standardisation_years
                    the first and the last year whose rows make the panel's z-scores
    """

    coefficients: pd.DataFrame
    diagnostics: pd.DataFrame
    not_estimable: pd.DataFrame
    instrument_diagnostics: pd.DataFrame
    labels: dict[str, tuple[str, str]]
    words: Words
    basis: str
    standardisation_years: tuple[int, int]
    is_synthetic: bool

    def of(self, specification: Specification, inference: str) -> RenderingInputs:
        """The rows of a specification's exhibit and variant on the basis, by kind of inference."""

        def rows(frame: pd.DataFrame) -> pd.DataFrame:
            return frame[
                (frame["exhibit"] == specification.exhibit)
                & (frame["variant"] == specification.variant)
                & (frame["basis"] == self.basis)
            ]

        coefficients = rows(self.coefficients)
        return replace(
            self,
            coefficients=coefficients[coefficients["inference"] == inference],
            diagnostics=rows(self.diagnostics),
            not_estimable=rows(self.not_estimable),
            instrument_diagnostics=rows(self.instrument_diagnostics),
        )


@dataclass(frozen=True)
class PrintedTable:
    """A table as text: one cell per column in every row.

    `columns` are their numbers; `body` holds pairs of rows, coefficients and t statistics; `foot`
    holds the rows below the line.
    """

    name: str
    language: str
    title: str
    columns: tuple[int, ...]
    outcomes: tuple[str, ...]
    body: tuple[tuple[str, tuple[str, ...]], ...]
    foot: tuple[tuple[str, tuple[str, ...]], ...]
    notes: tuple[str, ...]
    warning: str = ""

    @property
    def heads(self) -> tuple[str, ...]:
        return tuple(f"({n})" for n in self.columns)


def printed_table(
    specifications: Iterable[Specification],
    inputs: RenderingInputs,
    language: str,
    inference: str | None = None,
) -> PrintedTable:
    """One exhibit in one variant on one basis; `specifications` are its columns.

    `inference` is a kind in place of the specifications' own.
    """
    columns = sorted(specifications, key=lambda s: s.column)
    first = columns[0]
    inference = inference or first.printed_inference
    found = inputs.of(first, inference)

    def text(reason: Reason) -> str:
        return inputs.words.text(reason, language)

    def label(variable: str) -> str:
        names = inputs.labels.get(variable, (variable, variable))
        return _capital(names[LANGUAGES.index(language)])

    term_labels = {
        term: " × ".join(label(v) for v in s.variables_of(term))
        for s in columns
        for term in s.terms
    }
    return PrintedTable(
        first.exhibit,
        language,
        text(first.caption),
        tuple(s.column for s in columns),
        tuple(label(s.outcome) for s in columns),
        tuple(_body(columns, found.coefficients, term_labels)),
        tuple((text(head), cells) for head, cells in _foot(columns, found, text)),
        tuple(
            " ".join(text(sentence) for sentence in note)
            for note in _notes(first, inputs, inference)
            + _missing(found.not_estimable, term_labels)
        ),
        text(because("table_label", "synthetic")) if inputs.is_synthetic else "",
    )


def _body(
    columns: list[Specification], coefficients: pd.DataFrame, term_labels: dict[str, str]
) -> list[tuple[str, tuple[str, ...]]]:
    """Two rows per term: coefficients with stars, and t statistics in brackets."""
    found = (
        coefficients.assign(stars=stars(coefficients["p_value"])).set_index(["column", "term"])
        if len(coefficients)
        else coefficients
    )
    body = []
    for term, term_label in term_labels.items():
        estimates, brackets = [], []
        for s in columns:
            if (s.column, term) in found.index:
                row = found.loc[(s.column, term)]
                estimates.append(f"{row['estimate']:.3f}{'*' * int(row['stars'])}")
                brackets.append(f"({row['t_statistic']:.2f})")
            else:
                estimates.append(ABSENT if term in s.terms else "")
                brackets.append("")
        body += [(term_label, tuple(estimates)), ("", tuple(brackets))]
    return body


def _foot(
    columns: list[Specification], found: RenderingInputs, text: Callable[[Reason], str]
) -> list[tuple[Reason, tuple[str, ...]]]:
    """The rows below the line: effects, counts and the R squared, or how strong instruments are."""
    fits = found.diagnostics.set_index("column")

    def cells(cell: Callable[[Specification, pd.Series], str]) -> tuple[str, ...]:
        return tuple(
            cell(s, fits.loc[s.column]) if s.column in fits.index else ABSENT for s in columns
        )

    def count(name: str) -> tuple[str, ...]:
        return cells(lambda _, fit: str(int(fit[name])))

    def with_effect(effect: str) -> tuple[str, ...]:
        yes = text(because("table_label", "yes"))
        return cells(lambda s, _: yes if effect in s.effects else "")

    def r_squared(_: Specification, fit: pd.Series) -> str:
        value = fit["within_r_squared"]
        return f"{value:.3f}" if pd.notna(value) else ABSENT

    effects = dict.fromkeys(e for s in columns for e in s.effects)
    return [
        *((Reason("effect", effect), with_effect(effect)) for effect in effects),
        (because("table_label", "n_observations"), count("n_observations")),
        (because("table_label", "n_economies"), count("n_economies")),
        *(
            _of_instruments(columns, found.instrument_diagnostics)
            if columns[0].instrumented
            else [(because("table_label", "within_r_squared"), cells(r_squared))]
        ),
    ]


def _of_instruments(
    columns: list[Specification], instrument_diagnostics: pd.DataFrame
) -> list[tuple[Reason, tuple[str, ...]]]:
    """The rows that say how strong the instruments are, and what holds if they are not."""
    by_column = instrument_diagnostics.groupby("column")
    # of several terms the weakest; the test of no effect is of all terms together
    weakest, p_value = by_column["conditional_f"].min(), by_column["anderson_rubin_p_value"].first()

    def cells(values: pd.Series, digits: int) -> tuple[str, ...]:
        return tuple(
            f"{values[s.column]:.{digits}f}" if s.column in values.index else ABSENT
            for s in columns
        )

    return [
        (because("table_label", "first_stage_f"), cells(weakest, 1)),
        (because("table_label", "anderson_rubin_p_value"), cells(p_value, 3)),
    ]


def _notes(first: Specification, inputs: RenderingInputs, inference: str) -> list[list[Reason]]:
    """How the table is made: each note is a list of sentences."""
    notes = [
        [because("table_label", "brackets")],
        [because("table_label", "inference", kind=Reason("inference_kind", inference))],
        [
            because(
                "table_label",
                "trade",
                basis=Reason("basis", inputs.basis),
                hs_treatment=Reason("hs_treatment", first.hs_treatment),
                mineral_scope=Reason("mineral_scope", first.mineral_scope),
            )
        ],
        [
            Reason("estimator", first.estimator),
            first.note_on_terms(inputs.standardisation_years),
        ],
    ]
    if first.variant != "report":
        notes.append([first.note_on_variant])
    return notes


def _missing(not_estimable: pd.DataFrame, term_labels: dict[str, str]) -> list[list[Reason]]:
    """Which columns and terms have no estimate, and why."""
    notes = []
    for row in not_estimable.sort_values("column").itertuples():
        place = f"({row.column})"
        if pd.notna(row.term):
            place += f" {term_labels.get(row.term, row.term)}"
        reason = Reason.from_json("not_estimable", row.reason_code, row.reason_parameters)
        notes.append([because("table_label", "missing", place=place, reason=reason)])
    return notes


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
    inputs: RenderingInputs, specifications: Iterable[Specification] = SPECIFICATIONS
) -> dict[str, str]:
    """Every table on one basis, under its own kind of inference, as text by file name.

    The report's own specification is in table_4.en.tex, for example, and a variant of it in
    ppml/table_4.en.tex. A variant with no estimates has no file; the reasons are in not_estimable.
    """
    coefficients = inputs.coefficients
    coefficients = coefficients[coefficients["basis"] == inputs.basis]
    inputs = replace(inputs, coefficients=coefficients)
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
            table = printed_table(columns, inputs, language)
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
