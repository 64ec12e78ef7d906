"""The lists in seeds/: complete, and no code counts more than once."""

from __future__ import annotations

from collections import defaultdict

from orchestration.seeds import seed_rows


def test_no_code_counts_more_than_once_and_every_weight_has_its_rule() -> None:
    totals: dict[tuple[str, str], float] = defaultdict(float)
    for row in seed_rows("hs_concordance"):
        totals[row["hs_revision"], row["hs6_code"]] += float(row["weight"])
        assert row["weight_rule"]
        assert row["source"]
        if row["relation"] in ("1:1", "n:1"):
            assert float(row["weight"]) == 1, row
    assert max(totals.values()) <= 1 + 1e-9


def test_relation_weight_and_counts_of_the_concordance_agree_in_every_revision() -> None:
    """Left of the colon: how many codes make up the product; right: whether the code is wider."""
    codes_of, products_of = defaultdict(set), defaultdict(set)
    for row in seed_rows("hs_concordance"):
        codes_of[row["hs_revision"], row["product_code"]].add(row["hs6_code"])
        products_of[row["hs_revision"], row["hs6_code"]].add(row["product_code"])
    one_to_one = defaultdict(int)
    for row in seed_rows("hs_concordance"):
        revision, code, product = row["hs_revision"], row["hs6_code"], row["product_code"]
        is_whole = row["weight_rule"] == "whole code belongs to the product"
        left = "1" if codes_of[revision, product] == {code} else "n"
        right = "1" if is_whole else {"1": "n", "n": "m"}[left]
        assert row["relation"] == f"{left}:{right}", row
        if is_whole:
            assert float(row["weight"]) == 1, row
            assert products_of[revision, code] == {product}, row
        one_to_one[revision] += row["relation"] == "1:1"
    # most products are a code of their own in every revision, the newest included
    assert set(one_to_one) == {row["hs_revision"] for row in seed_rows("hs_revisions")}
    assert min(one_to_one.values()) > 120


def test_the_lists_are_complete() -> None:
    products, minerals = (
        seed_rows("low_carbon_products"),
        [r for r in seed_rows("transition_minerals") if r["is_in_report_list"] == "true"],
    )
    assert len(products) == 124
    assert len({r["mineral"] for r in minerals}) == 13
    assert sum(r["in_apec_2012"] == "true" for r in products) == 54
    assert sum(r["in_world_bank_2008"] == "true" for r in products) == 43
    assert sum(r["in_pigato_2020"] == "true" for r in products) == 107
    assert sum(r["is_imf_addition"] == "true" for r in products) == 17
    assert sum(r["in_glachant_dussaux_dechezlepretre"] != "no" for r in products) == 30
    both = {r["product_code"] for r in products} & {r["product_code"] for r in minerals}
    assert both == {"282520", "283691"}, "lithium stands in both lists"
    assert {r["product_code"] for r in products} | {r["product_code"] for r in minerals} == {
        r["product_code"] for r in seed_rows("hs_concordance")
    }
