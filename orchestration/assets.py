"""Dagster assets around the models: landing and raw upstream, estimates and publication downstream.

The assets are thin: each calls one function.
"""

from collections.abc import Iterator

import dagster as dg

from estimation.tables import TABLES
from orchestration import loading, publication, warehouse
from orchestration.automation import FRESHNESS
from orchestration.estimates import write_estimates
from orchestration.landing import layouts
from orchestration.landing.fill import fill_landing_zone
from orchestration.landing.layouts import Layout
from orchestration.landing.manifest import read_manifest
from orchestration.settings import Settings
from orchestration.table_metadata import table_metadata

YEARS = dg.TimeWindowPartitionsDefinition(
    start=str(loading.FIRST_TRADE_YEAR), fmt="%Y", cron_schedule="0 0 1 1 *"
)
LANDING_KEY = dg.AssetKey(["landing", "files"])
WRITER_POOL = "duckdb_writer"
# owners of the parts of the asset graph; replace with your teams
DATA_ENGINEERING, ECONOMETRICS = ["team:data_engineering"], ["team:econometrics"]


def build_assets(settings: Settings, model_keys: list[dg.AssetKey]) -> list[dg.AssetsDefinition]:
    """All assets except the models, for these settings.

    `model_keys` are the keys of all seeds and models: publication waits for every one of them.
    """

    @dg.asset(
        key=LANDING_KEY,
        group_name="landing",
        kinds={"file"},
        owners=DATA_ENGINEERING,
        description=(
            "The publishers' files in the landing zone, "
            "as the source chosen (demo, files, api) fills it."
        ),
    )
    def landing_files(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        manifest = fill_landing_zone(settings, context.log.info)
        current = manifest.current()
        left_out = "\n".join(f"- {x.status}: {x.reason}" for x in manifest.left_out)
        listed = "\n".join(
            f"| {f.file} | {f.rows:,} | {_span([y for t in f.tables for y in t.years])} |"
            for f in current
        )
        return dg.MaterializeResult(
            metadata={
                "files": len(current),
                "dagster/row_count": sum(f.rows for f in current),
                "bytes": sum(f.bytes for f in current),
                "world": manifest.world,
                "left_out": dg.MetadataValue.md(left_out or "nothing"),
                "listed": dg.MetadataValue.md("| file | rows | years |\n|---|---|---|\n" + listed),
            }
        )

    raw = [
        _trade_asset(
            settings, layouts.COMTRADE_TRADE, "UN Comtrade goods answers, all 47 columns as text."
        ),
        _trade_asset(settings, layouts.BACI_TRADE, "BACI yearly files: thousand USD and tonnes."),
        _whole_asset(settings, layouts.BACI_ECONOMIES, "BACI's country codes."),
        _whole_asset(settings, layouts.WDI_INDICATORS, "World Development Indicators, long form."),
        _whole_asset(settings, layouts.WDI_ECONOMIES, "The World Bank's economies and aggregates."),
    ]

    @dg.asset(
        key=["raw", "landed_files"],
        deps=[LANDING_KEY],
        group_name="raw",
        kinds={"duckdb"},
        owners=DATA_ENGINEERING,
        pool=WRITER_POOL,
        description="The landing zone's manifest as a table.",
    )
    def landed_files_table(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        manifest = read_manifest(settings.manifest_path)
        with warehouse.writing(settings.build_path, context.log.info) as connection:
            loading.load_manifest(connection, manifest)
            return dg.MaterializeResult(metadata=table_metadata(connection, "raw", "landed_files"))

    @dg.asset(
        key=["raw", "comtrade_superseded"],
        deps=[dg.AssetKey(["raw", "comtrade_trade"])],
        group_name="raw",
        kinds={"duckdb"},
        owners=DATA_ENGINEERING,
        pool=WRITER_POOL,
        description=(
            "UN Comtrade rows that a newer answer to the same question replaced, "
            "set aside when it was loaded."
        ),
    )
    def superseded_rows(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        with warehouse.writing(settings.build_path, context.log.info) as connection:
            return dg.MaterializeResult(
                metadata=table_metadata(connection, "raw", "comtrade_superseded")
            )

    @dg.asset(
        key=["raw", "low_carbon_products"],
        group_name="raw",
        kinds={"duckdb"},
        owners=DATA_ENGINEERING,
        pool=WRITER_POOL,
        description=(
            "The user's own list of low-carbon products, if LCT_LOW_CARBON_PRODUCTS names one."
        ),
    )
    def own_products(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        with warehouse.writing(settings.build_path, context.log.info) as connection:
            loading.load_own_products(connection, settings.low_carbon_products)
            shown = table_metadata(connection, "raw", "low_carbon_products")
        return dg.MaterializeResult(
            metadata={
                **shown,
                "list": str(settings.low_carbon_products.name)
                if settings.low_carbon_products
                else "the report's, reconstructed",
            }
        )

    estimate_keys = [dg.AssetKey(["estimates", name]) for name in TABLES]
    read_by_estimation = [
        k
        for k in model_keys
        if k.path[-1]
        in (
            "panel_country_year_variants",
            "audit_product_coverage",
            "dim_variable",
            "run_choices",
            "published_coefficients",
        )
    ]

    @dg.multi_asset(
        specs=[
            dg.AssetSpec(
                key,
                deps=read_by_estimation,
                group_name="estimates",
                kinds={"python", "duckdb"},
                owners=ECONOMETRICS,
                description=TABLES[key.path[-1]][0],
            )
            for key in estimate_keys
        ],
        name="estimates",
        pool=WRITER_POOL,
    )
    def estimates(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult]:
        with warehouse.writing(settings.build_path, context.log.info) as connection:
            write_estimates(connection, context.log.info, settings.planted_truth_path)
            shown = {key: table_metadata(connection, *key.path) for key in estimate_keys}
        for key in estimate_keys:
            yield dg.MaterializeResult(asset_key=key, metadata=shown[key])

    @dg.asset(
        key=["published", "warehouse"],
        deps=[*model_keys, *estimate_keys],
        group_name="published",
        kinds={"duckdb", "parquet"},
        owners=DATA_ENGINEERING,
        freshness_policy=FRESHNESS,
        pool=WRITER_POOL,
        description=(
            "What analysts open: published/warehouse.duckdb, Parquet files and provenance.json, "
            "replaced in one step."
        ),
    )
    def published_warehouse(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        result = publication.publish(
            settings, read_manifest(settings.manifest_path), context.log.info
        )
        return dg.MaterializeResult(
            metadata={
                "publication": result.folder.name,
                "content_changed": result.changed,
                "tables": dg.MetadataValue.md(
                    "| table | rows |\n|---|---|\n"
                    + "\n".join(f"| {name} | {rows:,} |" for name, rows in result.rows.items())
                ),
                "dagster/row_count": sum(result.rows.values()),
            }
        )

    return [
        landing_files,
        *raw,
        landed_files_table,
        superseded_rows,
        own_products,
        estimates,
        published_warehouse,
    ]


def _trade_asset(settings: Settings, layout: Layout, description: str) -> dg.AssetsDefinition:
    @dg.asset(
        key=["raw", layout.name],
        deps=[LANDING_KEY],
        partitions_def=YEARS,
        backfill_policy=dg.BackfillPolicy.single_run(),
        group_name="raw",
        kinds={"duckdb"},
        owners=DATA_ENGINEERING,
        freshness_policy=FRESHNESS,
        pool=WRITER_POOL,
        description=(
            f"{description} One partition per year; "
            "a year whose landed files are unchanged is left as it is."
        ),
    )
    def load(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult]:
        manifest = read_manifest(settings.manifest_path)
        wanted = [int(key) for key in context.partition_keys]
        with warehouse.writing(settings.build_path, context.log.info) as connection:
            loading.forget_years(connection, manifest, layout)
            loaded = loading.load_trade_years(
                connection, manifest, layout, wanted, context.log.info
            )
            shown = table_metadata(
                connection,
                "raw",
                layout.name,
                f"trade_year between {min(wanted)} and {max(wanted)}",
            )
        total = sum(x.rows for x in loaded)
        held = [x for x in loaded if x.rows]
        years_loaded = sum(x.changed for x in loaded)
        context.log.info(
            f"raw.{layout.name}: {total:,} rows in {len(held)} years "
            f"({years_loaded} loaded, the others unchanged)"
        )
        by_year = "\n".join(
            f"| {x.partition} | {x.rows:,} | {', '.join(x.files)} | {x.fingerprint[:12]} |"
            for x in held
        )
        yield dg.MaterializeResult(
            metadata={
                **shown,
                "years_loaded": years_loaded,
                "by_year": dg.MetadataValue.md(
                    "| year | rows | files | checksum |\n|---|---|---|---|\n" + by_year
                ),
            }
        )

    return load


def _whole_asset(settings: Settings, layout: Layout, description: str) -> dg.AssetsDefinition:
    @dg.asset(
        key=["raw", layout.name],
        deps=[LANDING_KEY],
        group_name="raw",
        kinds={"duckdb"},
        owners=DATA_ENGINEERING,
        freshness_policy=FRESHNESS,
        pool=WRITER_POOL,
        description=description,
    )
    def load(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        manifest = read_manifest(settings.manifest_path)
        with warehouse.writing(settings.build_path, context.log.info) as connection:
            loaded = loading.load_whole(connection, manifest, layout)
            shown = table_metadata(connection, "raw", layout.name)
        return dg.MaterializeResult(
            metadata={
                **shown,
                "files": ", ".join(loaded.files) or "none",
                "checksum": loaded.fingerprint[:12],
            }
        )

    return load


def _span(years: list[int]) -> str:
    return f"{min(years)}-{max(years)}" if years else "none"
