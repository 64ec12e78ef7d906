"""The core by hand in polars: lazy, over all files at once, on its streaming engine."""

from __future__ import annotations

import sys

import polars as pl

from benchmarks.by_hand import TRADE_WITH_CHINA, Totals, report, seeds


def work(files: str) -> Totals:
    economies, low_carbon, minerals, codes = _seeds()
    flows = pl.scan_parquet(files).select("t", "i", "j", "hs_revision", "k", "v", "q")
    flows = flows.filter(pl.col("k").is_in(codes["hs6_code"].unique().implode()))
    fact = (
        flows.with_columns(pl.col("hs_revision", "k").cast(pl.String))
        .join(codes.lazy(), left_on=["hs_revision", "k"], right_on=["hs_revision", "hs6_code"])
        .join(economies.lazy().rename({"iso3": "exporter_iso3"}), left_on="i", right_on="code")
        .join(economies.lazy().rename({"iso3": "importer_iso3"}), left_on="j", right_on="code")
        .filter(pl.col("exporter_iso3") != pl.col("importer_iso3"))
        .group_by(pl.col("t").alias("year"), "exporter_iso3", "importer_iso3", "product_code")
        .agg(
            (pl.col("v").cast(pl.Float64) * 1000 * pl.col("weight")).sum().alias("value_usd"),
            (pl.col("q").cast(pl.Float64) * 1000 * pl.col("weight")).sum().alias("net_weight_kg"),
        )
        .collect(engine="streaming")
    )
    sums = _sums(fact, low_carbon)
    panel = _panel(fact, low_carbon, minerals)
    return {
        "fact_rows": len(fact),
        "fact_usd": float(fact["value_usd"].sum()),
        "fact_kg": float(fact["net_weight_kg"].sum()),
        "sums_rows": len(sums),
        "sums_usd": float(sums["value_usd"].sum()),
        "panel_kusd": sum(float(panel[name].sum()) for name in TRADE_WITH_CHINA),
        "panel_lag1_kusd": sum(float(panel[f"{name}_lag1"].sum()) for name in TRADE_WITH_CHINA),
    }


def _seeds() -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """The economies, the two lists, and the codes of every product of either."""
    named = ("comtrade_economy_codes", "low_carbon_products", "transition_minerals")
    tables = [pl.read_csv(p, infer_schema=False) for p in seeds(*named, "hs_concordance")]
    economies, low_carbon, minerals, codes = tables
    economies = economies.filter(pl.col("kind") == "economy").select(
        pl.col("comtrade_code").cast(pl.Int32).alias("code"), "iso3"
    )
    minerals = minerals.filter(pl.col("is_in_report_list") == "true")
    listed = pl.concat([low_carbon["product_code"], minerals["product_code"]]).unique()
    codes = codes.with_columns(pl.col("weight").cast(pl.Float64)).filter(
        (pl.col("weight") > 0) & pl.col("product_code").is_in(listed.implode())
    )
    minerals = minerals.filter(pl.col("is_in_ores_scope") == "true").unique("product_code")
    return (
        economies,
        low_carbon,
        minerals,
        codes.select("hs_revision", "hs6_code", "product_code", "weight"),
    )


def _sums(fact: pl.DataFrame, low_carbon: pl.DataFrame) -> pl.DataFrame:
    sectors = low_carbon.select("product_code", "sector")
    return (
        pl.concat(
            [
                fact.with_columns(pl.col(f"{side}er_iso3").alias("iso3"), direction=pl.lit(side))
                for side in ("export", "import")
            ]
        )
        .join(sectors, on="product_code")
        .group_by("year", "iso3", "sector", "direction")
        .agg(pl.col("value_usd").sum())
    )


def _panel(fact: pl.DataFrame, low_carbon: pl.DataFrame, minerals: pl.DataFrame) -> pl.DataFrame:
    is_import = pl.col("exporter_iso3") == "CHN"
    with_china = fact.filter(is_import | (pl.col("importer_iso3") == "CHN")).with_columns(
        iso3=pl.when(is_import).then("importer_iso3").otherwise("exporter_iso3")
    )
    of_lists = (("lct", low_carbon), ("mineral", minerals))
    now = pl.concat(
        [
            with_china.join(members.select("product_code"), on="product_code").select(
                "iso3",
                "year",
                variable=pl.when(is_import)
                .then(pl.lit(f"{name}_imports_from_china_kusd"))
                .otherwise(pl.lit(f"{name}_exports_to_china_kusd")),
                kusd=pl.col("value_usd") / 1000,
            )
            for name, members in of_lists
        ]
    ).pivot(
        on="variable",
        on_columns=TRADE_WITH_CHINA,
        index=["iso3", "year"],
        values="kusd",
        aggregate_function="sum",
    )
    rows = now.select("iso3").unique().join(fact.select("year").unique(), how="cross")
    before = now.with_columns(pl.col("year") + 1).rename(
        {name: f"{name}_lag1" for name in TRADE_WITH_CHINA}
    )
    return rows.join(now, on=["iso3", "year"], how="left").join(
        before, on=["iso3", "year"], how="left"
    )


if __name__ == "__main__":
    report(work, sys.argv[1])
