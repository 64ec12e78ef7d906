"""Every reason that the code of estimation can give has its words, and every word its reason."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from string import Formatter

import numpy as np
import pandas as pd
import pytest

import estimation
from estimation.designs.specification_curve import CHOICES
from estimation.estimators.pyfixest_adapter import solve
from estimation.gravity.specifications import (
    CONTRASTS,
    GRAVITY_SPECIFICATIONS,
    OF_THE_PAIR,
)
from estimation.inference import KINDS
from estimation.reasons import LANGUAGES, NotEstimable, Reason, Words, because
from estimation.rendering import RenderingInputs, printed_table
from estimation.schema import TABLES, described
from estimation.specifications import SPECIFICATIONS as PANEL_SPECIFICATIONS
from estimation.specifications import Specification
from orchestration.build.estimates import estimation_words
from orchestration.seeds import seed_rows
from orchestration.settings import BASES

WORDS = estimation_words()
SPECIFICATIONS: tuple[Specification, ...] = (*PANEL_SPECIFICATIONS, *GRAVITY_SPECIFICATIONS)
# families whose codes are the values of something, not written out where they are used
CODES_OF_VALUES: dict[str, set[str]] = {
    "basis": set(BASES),
    "effect": {effect for s in SPECIFICATIONS for effect in s.effects},
    "estimator": {s.estimator for s in SPECIFICATIONS},
    "estimator_name": {s.estimator for s in SPECIFICATIONS},
    "hs_treatment": {s.hs_treatment for s in SPECIFICATIONS},
    "gravity_outcome": {s.outcome for s in GRAVITY_SPECIFICATIONS},
    "gravity_term": {*OF_THE_PAIR, *CONTRASTS},
    "inference_kind": set(KINDS),
    "mineral_scope": {s.mineral_scope for s in SPECIFICATIONS},
    "product_list": {name for s in SPECIFICATIONS for name, _ in s.product_lists},
    "specification_choice": {choice.code for choice in CHOICES},
    "table_title": {s.exhibit for s in SPECIFICATIONS},
    "variant": {s.variant for s in SPECIFICATIONS} - {"report"},
}


def calls(name: str) -> Iterator[ast.Call]:
    for path in Path(estimation.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", None) == name:
                yield node


def given() -> dict[tuple[str, str], set[frozenset[str]]]:
    """(family, code) -> the names of the parameters, as each place in the code gives them."""
    found: dict[tuple[str, str], set[frozenset[str]]] = {}
    for call in calls("because"):
        family, code = (ast.literal_eval(argument) for argument in call.args)
        names = frozenset(str(keyword.arg) for keyword in call.keywords)
        found.setdefault((family, code), set()).add(names)
    for family, codes in CODES_OF_VALUES.items():
        found |= {(family, code): {frozenset()} for code in codes}
    return found


def placeholders(sentence: str) -> frozenset[str]:
    return frozenset(name for _, name, _, _ in Formatter().parse(sentence) if name is not None)


def test_reasons_and_words_are_the_same_set() -> None:
    used = given()
    families = {family for family, _ in used}
    written = {key for key in WORDS.sentences if key[0] in families}
    assert set(used) == written


def test_reasons_whose_code_is_a_value_belong_to_a_family_known_here() -> None:
    literal = [call.args[0] for call in calls("Reason") if isinstance(call.args[0], ast.Constant)]
    assert {argument.value for argument in literal} == set(CODES_OF_VALUES)


def test_words_have_the_placeholders_that_the_code_fills_in_both_languages() -> None:
    for key, ways in given().items():
        english, chinese = WORDS.sentences[key]
        assert ways == {placeholders(english)} == {placeholders(chinese)}, key


def test_no_placeholder_is_left_in_a_sentence() -> None:
    for (family, code), [names] in given().items():
        for language in LANGUAGES:
            text = WORDS.text(Reason(family, code, dict.fromkeys(names, 1)), language)
            assert text, (family, code)
            assert not {"{", "}"} & set(text), text


def test_words_are_sorted_and_chinese_is_chinese() -> None:
    families = {family for family, _ in given()}
    rows = [row for row in seed_rows("reasons") if row["family"] in families]
    keys = [(row["family"], row["code"]) for row in rows]
    assert keys == sorted(set(keys))
    same = {
        (row["family"], row["code"])
        for row in rows
        if not any("\u4e00" <= c <= "\u9fff" for c in row["text_zh"])
    }
    assert same == {  # names and formulas
        ("estimator_name", "gravity"),
        ("estimator_name", "ppml"),
        ("inference", "of_kind"),
        ("inference_kind", "driscoll_kraay"),
        ("specification", "formula"),
    }


def test_a_code_stands_in_one_family_where_a_column_holds_several() -> None:
    families: dict[str, set[str]] = {"not_estimable": set(), "evidence": set()}
    for family, code in given():
        families.setdefault(family, set()).add(code)
    assert not families["not_estimable"] & families["evidence"], "note_code holds both"


def test_reasons_within_reasons_become_one_sentence_and_survive_as_json() -> None:
    kinds = tuple(
        because(
            "inference", "of_kind", kind=k, reason=because("inference", "one_cluster", clusters=1)
        )
        for k in ("twoway", "driscoll_kraay")
    )
    reason = because("not_estimable", "no_standard_error", reasons=kinds)
    assert WORDS.text(reason) == (
        "no standard error could be computed "
        "(twoway: 1 cluster only; driscoll_kraay: 1 cluster only)"
    )
    kept = Reason.from_json(reason.family, reason.code, reason.parameters_as_json)
    for language in LANGUAGES:
        assert WORDS.text(kept, language) == WORDS.text(reason, language)


def test_a_reason_without_words_names_the_row_to_add() -> None:
    with pytest.raises(LookupError, match=r"no words for evidence, none.*labels/reasons\.csv"):
        WORDS.text(Reason("evidence", "none"))
    words = Words({("evidence", "none"): ("{n} rows", "{n} 行")})
    with pytest.raises(LookupError, match=r"evidence, none .* use 'n'"):
        words.text(Reason("evidence", "none"))


def test_pyfixest_failing_is_a_reason_with_its_message() -> None:
    nothing = np.zeros(6)
    result = solve("ols", np.arange(6.0), nothing[:, None], {"iso3": np.array([0, 0, 0, 1, 1, 1])})
    assert isinstance(result, NotEstimable)
    assert result.reason.code == "fit_failed"
    assert WORDS.text(result.reason).startswith("least squares could not be fitted: ")
    assert "最小二乘法" in WORDS.text(result.reason, "zh")


def test_the_comment_of_column_variant_lists_every_variant_in_words() -> None:
    comment = described(TABLES["coefficients"].columns["variant"], WORDS)
    assert "balanced (the largest balanced panel), " in comment
    assert all(f"{name} (" in comment for name in CODES_OF_VALUES["variant"])
    assert "{" not in comment


def test_a_chinese_table_gives_its_reasons_and_its_variant_in_chinese() -> None:
    column = next(s for s in SPECIFICATIONS if s.exhibit == "table_4" and s.variant == "balanced")
    lacking = because(
        "not_estimable",
        "little_of_list_landed",
        landed=1,
        listed=124,
        product_list=Reason("product_list", "lct"),
        minimum_share=0.1,
    )
    keys = {"exhibit": "table_4", "column": 1, "basis": "reconciled", "variant": "balanced"}
    row = {"term": None, "reason_code": lacking.code}
    inputs = RenderingInputs(
        coefficients=pd.DataFrame(columns=[*keys, "inference", "term", "p_value"]),
        diagnostics=pd.DataFrame(columns=list(keys)),
        not_estimable=pd.DataFrame(
            [keys | row | {"reason_parameters": lacking.parameters_as_json}]
        ),
        instrument_diagnostics=pd.DataFrame(columns=list(keys)),
        labels={},
        words=WORDS,
        basis="reconciled",
        standardisation_years=(1992, 2022),
        is_synthetic=False,
    )
    notes = printed_table([replace(column, column=1)], inputs, "zh").notes
    assert notes[-2:] == (
        "与报告设定的不同: 最大平衡面板。",
        "(1) 无法估计: 低碳技术清单的 124 种产品中仅有 1 种已有数据 (不足 10%); "
        "其贸易不能代表整个清单。",
    )
    assert printed_table([column], inputs, "en").notes[-1] == (
        "(1) not estimable: only 1 of 124 low-carbon technology products have landed (less than "
        "10%); their trade does not stand for the list."
    )
