"""The assets around the models: landing and raw before them, estimates and publication after.

Each is thin: it calls one function of a package below and shows the result.
"""

from collections.abc import Iterator

import dagster as dg

from estimation.schema import TABLES
from orchestration.build import fingerprints, loading, warehouse
from orchestration.build.estimates import write_estimates
from orchestration.defs.metadata import table_metadata
from orchestration.defs.policies import (
    DATA_ENGINEERING,
    ECONOMETRICS,
    FRESHNESS,
    UNCHANGED,
    WRITER_POOL,
    YEARS,
    data_version,
    may_skip,
)
from orchestration.defs.resources import (
    RunSettings,
    UNComtrade,
    Warehouse,
    WorldBank,
    services,
)
from orchestration.durable import bytes_below, explaining_full_disk
from orchestration.landing.layout import YEAR_OF_PARTITION, Layout, Replacement
from orchestration.landing.manifest import read_manifest
from orchestration.landing.publishers import LAYOUTS
from orchestration.publishing import figures, publication
from orchestration.sources.filling import fill_landing_zone

LANDING_KEY = dg.AssetKey(["landing", "files"])
ESTIMATE_KEYS = [dg.AssetKey(["estimates", name]) for name in TABLES]
READ_BY_ESTIMATION = [
    dg.AssetKey(["marts", "panel_country_year_variants"]),
    dg.AssetKey(["marts", "audit_product_coverage"]),
    dg.AssetKey(["marts", "bridge_product_list"]),
    dg.AssetKey(["marts", "dim_economy"]),
    dg.AssetKey(["marts", "dim_economy_pair"]),
    dg.AssetKey(["marts", "dim_product"]),
    dg.AssetKey(["marts", "instrument_shares"]),
    dg.AssetKey(["marts", "instrument_shifts"]),
    dg.AssetKey(["marts", "dim_variable"]),
    dg.AssetKey(["marts", "fct_trade_flow_variants"]),
    dg.AssetKey(["marts", "run_choices"]),
    dg.AssetKey(["report", "published_coefficients"]),
]


def build_assets(model_keys: list[dg.AssetKey]) -> list[dg.AssetsDefinition]:
    """All assets except the models.

    `model_keys` are the keys of all seeds and models: publication waits for every one of them.
    """
    return [
        landing_files,
        *(yearly_asset(x) if x.year_column else whole_asset(x) for x in LAYOUTS.values()),
        *(replaced_rows_asset(x, x.replacement) for x in LAYOUTS.values() if x.replacement),
        landed_files_table,
        own_products,
        estimates,
        publication_asset(model_keys),
        report_page,
    ]


# ---- landing -------------------------------------------------------------------------------------


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
def landing_files(
    context: dg.AssetExecutionContext,
    run_settings: RunSettings,
    comtrade: UNComtrade,
    world_bank: WorldBank,
) -> dg.MaterializeResult:
    settings, say = run_settings.settings, context.log.info
    with explaining_full_disk(settings.landing_dir):
        manifest = fill_landing_zone(
            settings, say, lambda: services(comtrade, world_bank, settings, say)
        )
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
            "is_synthetic": manifest.is_synthetic,
            "left_out": dg.MetadataValue.md(left_out or "nothing"),
            "listed": dg.MetadataValue.md("| file | rows | years |\n|---|---|---|\n" + listed),
        }
    )


# ---- raw -----------------------------------------------------------------------------------------


def yearly_asset(layout: Layout) -> dg.AssetsDefinition:
    """A raw table with one partition per year."""

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
            f"{layout.description} One partition per year; "
            "a year whose landed files are unchanged is left as it is."
        ),
    )
    def load(
        context: dg.AssetExecutionContext, run_settings: RunSettings, build_file: Warehouse
    ) -> dg.MaterializeResult:
        manifest = read_manifest(run_settings.settings.manifest_path)
        wanted = [int(key) for key in context.partition_keys]
        chosen = f"{YEAR_OF_PARTITION} between {min(wanted)} and {max(wanted)}"
        with build_file.writing(context.log.info) as connection:
            loading.delete_stale_years(connection, manifest, layout)
            loaded = loading.load_trade_years(
                connection, manifest, layout, wanted, context.log.info
            )
            shown = table_metadata(connection, "raw", layout.name, chosen)
        with_rows = [x for x in loaded if x.rows]
        years_loaded = sum(x.changed for x in loaded)
        context.log.info(
            f"raw.{layout.name}: {sum(x.rows for x in loaded):,} rows in {len(with_rows)} years "
            f"({years_loaded} loaded, the others unchanged)"
        )
        by_year = "\n".join(
            f"| {x.partition} | {x.rows:,} | {', '.join(x.files)} | {x.fingerprint[:12]} |"
            for x in with_rows
        )
        head = "| year | rows | files | checksum |\n|---|---|---|---|\n"
        return dg.MaterializeResult(
            metadata={
                **shown,
                "years_loaded": years_loaded,
                "by_year": dg.MetadataValue.md(head + by_year),
            }
        )

    return load


def whole_asset(layout: Layout) -> dg.AssetsDefinition:
    """A raw table that is loaded as a whole."""

    @dg.asset(
        key=["raw", layout.name],
        deps=[LANDING_KEY],
        group_name="raw",
        kinds={"duckdb"},
        owners=DATA_ENGINEERING,
        freshness_policy=FRESHNESS,
        pool=WRITER_POOL,
        description=layout.description,
    )
    def load(
        context: dg.AssetExecutionContext, run_settings: RunSettings, build_file: Warehouse
    ) -> dg.MaterializeResult:
        manifest = read_manifest(run_settings.settings.manifest_path)
        with build_file.writing(context.log.info) as connection:
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


def replaced_rows_asset(layout: Layout, replacement: Replacement) -> dg.AssetsDefinition:
    """The rows of a raw table that newer answers replaced; loading it fills them too."""

    @dg.asset(
        key=["raw", replacement.table],
        deps=[dg.AssetKey(["raw", layout.name])],
        group_name="raw",
        kinds={"duckdb"},
        owners=DATA_ENGINEERING,
        pool=WRITER_POOL,
        description=replacement.description,
    )
    def show(context: dg.AssetExecutionContext, build_file: Warehouse) -> dg.MaterializeResult:
        with build_file.writing(context.log.info) as connection:
            return dg.MaterializeResult(
                metadata=table_metadata(connection, "raw", replacement.table)
            )

    return show


@dg.asset(
    key=["raw", "landed_files"],
    deps=[LANDING_KEY],
    group_name="raw",
    kinds={"duckdb"},
    owners=DATA_ENGINEERING,
    pool=WRITER_POOL,
    description="The landing zone's manifest as a table.",
)
def landed_files_table(
    context: dg.AssetExecutionContext, run_settings: RunSettings, build_file: Warehouse
) -> dg.MaterializeResult:
    manifest = read_manifest(run_settings.settings.manifest_path)
    with build_file.writing(context.log.info) as connection:
        loading.load_manifest(connection, manifest)
        return dg.MaterializeResult(metadata=table_metadata(connection, "raw", "landed_files"))


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
def own_products(
    context: dg.AssetExecutionContext, run_settings: RunSettings, build_file: Warehouse
) -> dg.MaterializeResult:
    own_list = run_settings.settings.low_carbon_products
    with build_file.writing(context.log.info) as connection:
        loading.load_own_products(connection, own_list)
        shown = table_metadata(connection, "raw", "low_carbon_products")
    named = own_list.name if own_list else "the report's, reconstructed"
    return dg.MaterializeResult(metadata={**shown, "list": named})


# ---- estimates and publication -------------------------------------------------------------------


@dg.multi_asset(
    specs=[
        dg.AssetSpec(
            key,
            deps=READ_BY_ESTIMATION,
            group_name="estimates",
            kinds={"python", "duckdb"},
            owners=ECONOMETRICS,
            description=TABLES[key.path[-1]].description,
            code_version=fingerprints.CODE_OF_ESTIMATES[:12],
        )
        for key in ESTIMATE_KEYS
    ],
    name="estimates",
    pool=WRITER_POOL,
)
def estimates(
    context: dg.AssetExecutionContext, run_settings: RunSettings, build_file: Warehouse
) -> Iterator[dg.MaterializeResult]:
    settings = run_settings.settings
    with build_file.writing(context.log.info) as connection:
        is_new = write_estimates(
            connection,
            context.log.info,
            settings.planted_truth_path,
            may_skip(context, settings),
        )
        if is_new:
            shown = {key: table_metadata(connection, *key.path) for key in ESTIMATE_KEYS}
        else:
            context.log.info("estimates: nothing is new, they stay")
            shown = dict.fromkeys(ESTIMATE_KEYS, UNCHANGED)
        made_from = warehouse.fingerprint_of(connection, "estimates")
    for key in ESTIMATE_KEYS:
        yield dg.MaterializeResult(
            asset_key=key, metadata=shown[key], data_version=data_version(made_from)
        )


def publication_asset(model_keys: list[dg.AssetKey]) -> dg.AssetsDefinition:
    """The publication that analysts open; it waits for every model and every estimate."""

    @dg.asset(
        key=["published", "warehouse"],
        deps=[*model_keys, *ESTIMATE_KEYS],
        group_name="published",
        kinds={"duckdb", "parquet"},
        owners=DATA_ENGINEERING,
        freshness_policy=FRESHNESS,
        pool=WRITER_POOL,
        code_version=fingerprints.CODE_OF_PUBLICATION[:12],
        description=(
            "What analysts open: published/warehouse.duckdb, Parquet files and provenance.json, "
            "replaced in one step."
        ),
    )
    def published_warehouse(
        context: dg.AssetExecutionContext, run_settings: RunSettings
    ) -> dg.MaterializeResult:
        settings = run_settings.settings
        result = publication.publish(settings, context.log.info, may_skip(context, settings))
        tables = "\n".join(f"| {name} | {rows:,} |" for name, rows in result.rows.items())
        return dg.MaterializeResult(
            metadata={
                "publication": result.folder.name,
                "content_changed": result.changed,
                "tables": dg.MetadataValue.md("| table | rows |\n|---|---|\n" + tables),
                "dagster/row_count": sum(result.rows.values()),
            }
        )

    return published_warehouse


REPORT_PAGE = dg.AssetKey(["published", "report_page"])


@dg.asset(
    key=REPORT_PAGE,
    deps=[dg.AssetKey(["published", "warehouse"])],
    group_name="published",
    kinds={"javascript"},
    owners=DATA_ENGINEERING,
    pool=WRITER_POOL,
    code_version=fingerprints.CODE_OF_REPORT_PAGE[:12],
    description=(
        "The report as a page that opens offline: published/report/index.html, with a page per "
        "economy, product and mineral. It is written with the publication, so that page and "
        "numbers are one; here it is counted and looked at."
    ),
)
def report_page(
    context: dg.AssetExecutionContext, run_settings: RunSettings
) -> dg.MaterializeResult:
    # drawing is imported by those that draw
    from orchestration.publishing.report_page.screenshot import screenshot

    published = run_settings.settings.published_dir.resolve()
    if not (published / "report").exists():
        context.log.info("the publication has no page: LCT_REPORT_PAGE=false")
        return dg.MaterializeResult(metadata={"publication": published.name, "pages": 0})
    # a browser takes seconds and a gigabyte: a page that has been looked at is not looked at again
    last = context.instance.get_latest_materialization_event(REPORT_PAGE)
    seen = last.asset_materialization.metadata if last and last.asset_materialization else {}
    if "screenshot" in seen and seen["publication"].value == published.name:
        return dg.MaterializeResult(metadata=dict(seen))
    pages = sorted((published / "report").rglob("*.html"))
    picture = screenshot(published / "report" / "index.html")
    if picture is None:
        context.log.info("no screenshot: there is no browser on this machine")
    return dg.MaterializeResult(
        metadata={
            "publication": published.name,
            "path": dg.MetadataValue.path(str(published / "report" / "index.html")),
            "pages": len(pages),
            "bytes": bytes_below(published / "report"),
            **(
                {"screenshot": dg.MetadataValue.md(figures.markdown(picture, "the report"))}
                if picture
                else {}
            ),
        }
    )


def _span(years: list[int]) -> str:
    return f"{min(years)}-{max(years)}" if years else "none"
