"""The specifications of the report and their variants."""

from __future__ import annotations

from estimation.specifications import (
    INSTRUMENTED_SPECIFICATIONS,
    SPECIFICATIONS,
    VARIANTS,
    Specification,
)

YEARS = (1992, 2022)


def test_each_variant_changes_one_thing_where_it_applies() -> None:
    own = {(s.exhibit, s.column): s for s in SPECIFICATIONS if s.variant == "report"}
    changed: dict[str, set[str]] = {}
    count: dict[str, int] = {}
    for s in SPECIFICATIONS:
        if s.variant not in ("report", "instrumented"):
            report = own[s.exhibit, s.column]
            changed.setdefault(s.variant, set()).update(
                f for f in Specification.__dataclass_fields__ if getattr(s, f) != getattr(report, f)
            )
            count[s.variant] = count.get(s.variant, 0) + 1
            same_sentences = s.sentences(YEARS) == report.sentences(YEARS)
            assert (s.terms == report.terms and not same_sentences) or s.variant in (
                "as_reported",
                "strict",
                "all_stages",
            )
    named = {"variant", "inference"}  # the bootstrap is for the report's own specification
    assert {name: fields - named for name, fields in changed.items()} == {
        "ppml": {"estimator", "outcome"},
        "without_dual_use": {"outcome", "product_lists", "measured_by"},
        "as_reported": {"hs_treatment"},
        "strict": {"hs_treatment"},
        "all_stages": {"mineral_scope"},
        "openness_alternative": {"measured_by"},
        "credit_alternative": {"measured_by"},
        "balanced": {"sample"},
        "standardised_over_sample": {"standardisation"},
    }
    assert count == {"ppml": 8, "without_dual_use": 29, "all_stages": 4} | {
        v.name: 33 for v in VARIANTS if v.name not in ("ppml", "without_dual_use", "all_stages")
    }
    interaction = next(
        s for s in SPECIFICATIONS if s.variant == "without_dual_use" and s.exhibit == "table_9"
    )
    assert interaction.variables_of("lct_imports_x_fdi_inflows") == (
        "lct_without_dual_use_imports_from_china_kusd",
        "fdi_inflows",
    )


def test_instrumented_columns_are_those_of_tables_6_to_10_with_imports_instrumented() -> None:
    own = {(s.exhibit, s.column): s for s in SPECIFICATIONS if s.variant == "report"}
    tables = {f"instrument_{n}": f"table_{n + 5}" for n in range(1, 6)}
    assert [s.exhibit for s in INSTRUMENTED_SPECIFICATIONS] == ["instrument_1"] * 6 + [
        name for name in list(tables)[1:] for _ in range(4)
    ] + ["instrument_1"] * 3
    changed = set()
    for s in INSTRUMENTED_SPECIFICATIONS:
        of_table = own[tables[s.exhibit], s.column]
        changed |= {
            f for f in Specification.__dataclass_fields__ if getattr(s, f) != getattr(of_table, f)
        }
        # every term with imports in it, and no other
        assert set(s.instrumented) == {t for t in s.terms if t.startswith("lct_imports")}
    assert changed == {"exhibit", "variant", "estimator", "instrumented", "inference"}
