"""A refresh builds again what is made from something that has changed, and leaves the rest."""

from __future__ import annotations

import os
import re
from pathlib import Path

from orchestration.publishing.publication import restore
from orchestration.settings import PROJECT_ROOT, Settings
from tests.support.runs import altered_project, environment_of, run_pipeline

STAYS = {
    "models": "models: nothing is new, they stay",
    "estimates": "estimates: nothing is new, they stay",
    "publication": "nothing is new: publication 000001 stays in place",
}


def refresh(settings: Settings, project: Path = PROJECT_ROOT, **more: str) -> str:
    environment = environment_of(settings.data_dir, "files", settings.landing_folder, **more)
    done = run_pipeline(environment, is_measured=project == PROJECT_ROOT, project=project)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def stayed(output: str) -> list[str]:
    return [layer for layer, said in STAYS.items() if said in output]


def test_what_is_new_is_built_and_nothing_else(finished_corner: Settings, tmp_path: Path) -> None:
    published = finished_corner.published_dir.resolve()
    output = refresh(finished_corner)
    assert stayed(output) == ["models", "estimates", "publication"]
    assert re.search(r"\nNothing has changed, 000001 stays published \(\d+ s\)\n", output)
    assert re.search(r"data tests +\d+ pass", output), "those of the models that stayed"
    assert finished_corner.published_dir.resolve() == published

    another = altered_project(
        tmp_path / "estimation", "estimation/reasons.py", "Reasons as codes with", "Codes with"
    )
    assert stayed(refresh(finished_corner, another)) == ["models"]

    # as the project stands, but after `restore`: what is current is not the last one made
    restore(finished_corner)
    assert stayed(refresh(finished_corner)) == ["models"]
    altered = finished_corner.published_dir / "parquet" / "marts" / "dim_economy.parquet"
    altered.chmod(0o644)
    os.truncate(altered, 1000)
    output = refresh(finished_corner)
    assert stayed(output) == ["models", "estimates"]
    assert "does not stand, a new one replaces it" in output


def test_a_changed_model_or_a_full_run_builds_all(
    finished_corner: Settings, tmp_path: Path
) -> None:
    another = altered_project(
        tmp_path / "model",
        "dbt_project/models/marts/core/dim_variable.sql",
        "variables as (select",
        "variables as ( select",
    )
    assert stayed(refresh(finished_corner, another)) == []
    assert stayed(refresh(finished_corner, another, LCT_FULL="true")) == []


def test_models_that_failed_are_built_again(finished_corner: Settings, tmp_path: Path) -> None:
    wrong = altered_project(
        tmp_path / "wrong",
        "dbt_project/models/marts/core/dim_variable.sql",
        "variables as (select",
        "variables as ( select 1 / 0 as wrong, ",
    )
    environment = environment_of(finished_corner.data_dir, "files", finished_corner.landing_folder)
    for _ in range(2):
        done = run_pipeline(environment, is_measured=False, project=wrong)
        assert done.returncode == 1
        assert stayed(done.stdout) == []
    assert stayed(refresh(finished_corner)) == ["publication"], "the same again"
