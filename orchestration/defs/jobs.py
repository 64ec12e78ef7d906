"""The jobs that can be launched by hand: which part of the graph each materialises."""

import dagster as dg

from orchestration.landing.publishers import LAYOUTS
from orchestration.landing.publishers.world_bank import PUBLISHER


def build_jobs() -> list:
    """Jobs that can be launched by hand; `refresh` is the one `make run` runs."""
    everything = dg.AssetSelection.all()
    trade = dg.AssetSelection.assets(*(["raw", x.name] for x in LAYOUTS.values() if x.year_column))
    world_bank = dg.AssetSelection.assets(
        *(["raw", x.name] for x in PUBLISHER.layouts), ["raw", "landed_files"]
    )
    landing = dg.AssetSelection.groups("landing")
    models = dg.AssetSelection.groups("seeds", "staging", "intermediate", "marts", "report")
    estimates = dg.AssetSelection.groups("estimates")
    published = dg.AssetSelection.groups("published")
    return [
        dg.define_asset_job(
            "refresh",
            everything,
            description="Everything, from the landing zone to the publication.",
        ),
        dg.define_asset_job(
            "refresh_trade_of_years",
            landing | trade,
            description=(
                "Land, and load the trade of the years chosen as partitions. "
                "Rebuild the models afterwards."
            ),
        ),
        dg.define_asset_job(
            "refresh_world_bank",
            landing | world_bank | models | estimates | published,
            description=(
                "Land, load the World Bank's series, and rebuild everything that depends on them."
            ),
        ),
        dg.define_asset_job(
            "rebuild_models", models, description="Build and test all models on what is loaded."
        ),
        dg.define_asset_job(
            "re_estimate", estimates, description="Fit all regressions on the current models."
        ),
        dg.define_asset_job(
            "publish", published, description="Publish the layers that are complete and tested."
        ),
    ]
