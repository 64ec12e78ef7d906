"""Jobs: each materialises what its name says."""

from __future__ import annotations

from types import SimpleNamespace

import dagster as dg

from orchestration.defs.policies import may_skip
from orchestration.settings import Settings


def test_the_jobs_do_what_their_names_say(definitions: dg.Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    groups = {
        name: {
            graph.get(k).group_name
            for k in definitions.resolve_job_def(name).asset_layer.executable_asset_keys
        }
        for name in (
            "refresh",
            "refresh_trade_of_years",
            "refresh_world_bank",
            "rebuild_models",
            "re_estimate",
            "publish",
        )
    }
    assert groups["refresh_trade_of_years"] == {"landing", "raw"}
    assert (
        dg.AssetKey(["raw", "landed_files"])
        in definitions.resolve_job_def("refresh_world_bank").asset_layer.executable_asset_keys
    ), "what is published lists the files that it rests on"
    assert groups["rebuild_models"] == {"seeds", "staging", "intermediate", "marts", "report"}
    assert groups["re_estimate"] == {"estimates"}
    assert groups["publish"] == {"published"}
    assert set(definitions.resolve_job_def("refresh").asset_layer.executable_asset_keys) == set(
        graph.get_all_asset_keys()
    )


def test_only_refreshes_leave_as_it_is_what_has_not_changed(definitions: dg.Definitions) -> None:
    jobs = [job.name for job in definitions.resolve_all_job_defs()]

    def skipping(settings: Settings) -> set[str]:
        return {name for name in jobs if may_skip(SimpleNamespace(job_name=name), settings)}

    assert skipping(Settings()) == {"refresh", "refresh_trade_of_years", "refresh_world_bank"}
    assert "rebuild_models" in jobs
    assert skipping(Settings(full=True)) == set()
