"""The core by hand in pandas: a year's file at a time, for all of them would not fit.

With the argument `filters`, pyarrow skips the row groups without a listed code while it reads.
"""

from __future__ import annotations

import sys
from glob import glob

import pandas as pd

from benchmarks.by_hand import TRADE_WITH_CHINA, Totals, report, seeds

COLUMNS = ["t", "i", "j", "hs_revision", "k", "v", "q"]


def work(files: str, is_filtered: bool = False) -> Totals:
    economies, low_carbon, minerals, codes = _seeds()
    listed = set(codes.hs6_code)
    parts = []
    for path in sorted(glob(files)):
        filters = [("k", "in", sorted(listed))] if is_filtered else None
        flows = pd.read_parquet(path, columns=COLUMNS, filters=filters)
        parts.append(flows[flows.k.isin(listed)])
    flows = pd.concat(parts, ignore_index=True)
    years = flows.t.unique()
    fact = flows.astype({"hs_revision": "str", "k": "str", "v": "float64", "q": "float64"}).merge(
        codes, left_on=["hs_revision", "k"], right_on=["hs_revision", "hs6_code"]
    )
    fact["exporter_iso3"], fact["importer_iso3"] = fact.i.map(economies), fact.j.map(economies)
    fact = fact.dropna(subset=["exporter_iso3", "importer_iso3"])
    fact = fact[fact.exporter_iso3 != fact.importer_iso3].rename(columns={"t": "year"})
    fact["value_usd"] = fact.v * 1000 * fact.weight
    fact["net_weight_kg"] = fact.q * 1000 * fact.weight
    key = ["year", "exporter_iso3", "importer_iso3", "product_code"]
    fact = fact.groupby(key, as_index=False)[["value_usd", "net_weight_kg"]].sum()
    sums = _sums(fact, low_carbon)
    panel = _panel(fact, low_carbon, minerals, years)
    return {
        "fact_rows": len(fact),
        "fact_usd": float(fact.value_usd.sum()),
        "fact_kg": float(fact.net_weight_kg.sum()),
        "sums_rows": len(sums),
        "sums_usd": float(sums.value_usd.sum()),
        "panel_kusd": float(panel[[*TRADE_WITH_CHINA]].sum().sum()),
        "panel_lag1_kusd": float(panel[[f"{n}_lag1" for n in TRADE_WITH_CHINA]].sum().sum()),
    }


def _seeds() -> tuple[pd.Series, pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """The economies by code, the two lists, and the codes of every product of either."""
    named = ("comtrade_economy_codes", "low_carbon_products", "transition_minerals")
    tables = [pd.read_csv(p, dtype="str") for p in seeds(*named, "hs_concordance")]
    economies, low_carbon, minerals, codes = tables
    economies = economies[economies.kind == "economy"]
    minerals = minerals[minerals.is_in_report_list == "true"]
    codes["weight"] = codes.weight.astype("float64")
    is_listed = codes.product_code.isin({*low_carbon.product_code, *minerals.product_code})
    codes = codes[is_listed & (codes.weight > 0)]
    return (
        economies.set_index(economies.comtrade_code.astype("int64")).iso3,
        low_carbon,
        minerals[minerals.is_in_ores_scope == "true"].drop_duplicates("product_code"),
        codes[["hs_revision", "hs6_code", "product_code", "weight"]],
    )


def _sums(fact: pd.DataFrame, low_carbon: pd.DataFrame) -> pd.DataFrame:
    of_sectors = fact.merge(low_carbon[["product_code", "sector"]], on="product_code")
    return pd.concat(
        [
            of_sectors.groupby(["year", f"{side}er_iso3", "sector"], as_index=False)
            .value_usd.sum()
            .assign(direction=side)
            for side in ("export", "import")
        ]
    )


def _panel(
    fact: pd.DataFrame, low_carbon: pd.DataFrame, minerals: pd.DataFrame, years: list[int]
) -> pd.DataFrame:
    parts = {}
    for side, other, ending in (
        ("exporter", "importer", "imports_from_china_kusd"),
        ("importer", "exporter", "exports_to_china_kusd"),
    ):
        with_china = fact[fact[f"{side}_iso3"] == "CHN"]
        for name, members in (("lct", low_carbon), ("mineral", minerals)):
            listed = with_china[with_china.product_code.isin(members.product_code)]
            by_economy = listed.groupby([f"{other}_iso3", "year"]).value_usd.sum() / 1000
            parts[f"{name}_{ending}"] = by_economy.rename_axis(["iso3", "year"])
    now = pd.DataFrame(parts)
    rows = pd.MultiIndex.from_product(
        [now.index.get_level_values("iso3").unique(), sorted(years)], names=["iso3", "year"]
    )
    before = now.reset_index()
    before["year"] += 1
    before = before.set_index(["iso3", "year"]).add_suffix("_lag1")
    return now.reindex(rows).join(before)


if __name__ == "__main__":
    is_filtered = "filters" in sys.argv[2:]
    report(lambda files: work(files, is_filtered), sys.argv[1])
