"""What many assets share: the writer's pool, owners, yearly partitions, freshness."""

from datetime import timedelta

import dagster as dg

from orchestration.landing.layout import FIRST_TRADE_YEAR
from orchestration.settings import Settings

# DuckDB has one writer: whatever opens the build file is in this pool (see dagster.yaml)
WRITER_POOL = "duckdb_writer"

# the owners of each part of the graph; replace with your teams
DATA_ENGINEERING = ["team:data_engineering"]
ANALYTICS_ENGINEERING = ["team:analytics_engineering"]
ECONOMETRICS = ["team:econometrics"]

# up to the current year, as landing accepts rows
YEARS = dg.TimeWindowPartitionsDefinition(
    start=str(FIRST_TRADE_YEAR), fmt="%Y", cron_schedule="0 0 1 1 *", end_offset=1
)

FRESHNESS = dg.FreshnessPolicy.time_window(
    fail_window=timedelta(days=62), warn_window=timedelta(days=35)
)


# what a layer shows that stays as it is
UNCHANGED = {"unchanged": "nothing that it is made from has changed"}


def data_version(fingerprint: str | None) -> dg.DataVersion | None:
    """What Dagster shows, and compares, as the version of the data of a layer."""
    return dg.DataVersion(fingerprint[:12]) if fingerprint else None


def may_skip(context: dg.AssetExecutionContext, settings: Settings) -> bool:
    """Whether this run leaves a layer as it is where nothing that it is made from has changed.

    Refreshes do. What is launched by hand, by its own job or by click, is done.
    """
    return context.job_name.startswith("refresh") and not settings.full


def every_year() -> dict[str, str]:
    """Tags of a run that loads all years of trade at once."""
    years = YEARS.get_partition_keys()
    return {
        "dagster/asset_partition_range_start": years[0],
        "dagster/asset_partition_range_end": years[-1],
    }
