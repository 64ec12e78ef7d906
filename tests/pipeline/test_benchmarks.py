"""A quick benchmark on the small demo: valid results, a page of them, and scripts that agree."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import conversion, models, page
from benchmarks.__main__ import write
from benchmarks.worlds import BACI_FILES
from orchestration.settings import Settings
from tests.support.runs import FinishedRun


def silent(_: str) -> None:
    pass


@pytest.fixture(scope="module")
def copied(demo_run: FinishedRun, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A copy of the demo's data folder, for the benchmark writes beside the build file."""
    copy = tmp_path_factory.mktemp("bench") / "data"
    for part in ("build", "landing"):
        shutil.copytree(demo_run.settings.data_dir / part, copy / part)
    return replace(demo_run.settings, data_dir=copy)


@pytest.mark.skipif(
    os.environ.get("LCT_TEST_BENCHMARKS") != "on", reason="skipped: LCT_TEST_BENCHMARKS is not on"
)
def test_a_quick_run_gives_results_a_page_and_pictures(copied: Settings, tmp_path: Path) -> None:
    world = next(copied.landing_dir.rglob(BACI_FILES)).parent
    converted = conversion.measure(world, tmp_path / "scratch", silent)
    of = {
        "rows": converted["ours"]["rows"],
        "landing_and_loading": converted,
        "data_tests": models.data_tests(copied),
        "same_work": models.measure(copied, silent, repeats=1),
    }
    assert 20_000 < of["rows"] < 200_000
    write({"sizes": {str(of["rows"]): of}}, tmp_path)
    results = json.loads((tmp_path / "performance.json").read_text("utf-8"))
    assert page.render(results) == (tmp_path / "performance.md").read_text("utf-8")
    assert {p.stem for p in (tmp_path / "performance").iterdir()} == {"same_work", "slowest_models"}
    measured = {goal["work"] for goal in results["goals"] if goal["value"]}
    assert len(measured) == 6
    work = results["sizes"][str(of["rows"])]["same_work"]
    assert 0 < work["default_fact_and_panel"]["models"] < work["all_models"]["models"]
    assert all(of_way["seconds"] > 0 for way, of_way in work.items() if way != "totals")


def test_scripts_that_do_not_agree_are_not_timed() -> None:
    found = {"fact_rows": 10, "fact_usd": 100.0}
    models._compare("a script", found, {"fact_usd": 100.0 + 1e-8}, 1e-9)
    with pytest.raises(ValueError, match=r"a script and what it is compared with .*fact_usd"):
        models._compare("a script", found, {"fact_rows": 10, "fact_usd": 100.1}, 1e-9)
