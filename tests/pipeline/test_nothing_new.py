"""A refresh builds again what is made from something that has changed, and leaves the rest."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import duckdb

from orchestration.build import warehouse
from orchestration.publishing import publication
from orchestration.settings import PROJECT_ROOT, Settings
from tests.support.runs import altered_project, environment_of, run_pipeline

STAYS = {
    "models": "models: nothing is new, they stay",
    "estimates": "estimates: nothing is new, they stay",
    "publication": "nothing is new: publication 000001 stays in place",
}


def environment(settings: Settings) -> dict[str, str]:
    return environment_of(settings.data_dir, "files", settings.landing_folder)


def refresh(settings: Settings, project: Path = PROJECT_ROOT) -> str:
    done = run_pipeline(environment(settings), project == PROJECT_ROOT, project)
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

    # most models are made from this one, so most are skipped
    wrong = altered_project(
        tmp_path / "wrong",
        "dbt_project/models/staging/lists/stg_lists__low_carbon_products.sql",
        "reconstructed as (select *",
        "reconstructed as (select no_such_column",
    )
    failed = run_pipeline(environment(finished_corner), project=wrong, options=("--json",))
    assert (failed.returncode, failed.stdout) == (1, "")
    assert stayed(failed.stderr) == []
    assert "models: " in json.loads(failed.stderr.splitlines()[-1])["error"]
    with warehouse.writing(finished_corner.build_path) as connection:
        assert warehouse.completed(connection) == set(), "what failed is not complete"
        assert warehouse.fingerprint_of(connection, "models") is None, "even as it was before"


def test_a_publication_stays_that_is_the_last_one_made_and_unaltered(
    finished_corner: Settings,
) -> None:
    def publish() -> list[str]:
        said: list[str] = []
        publication.publish(finished_corner, said.append, may_skip=True)
        return [line for line in said if "stay" in line or "stand" in line]

    assert publish() == [STAYS["publication"]]
    assert publication.publish(finished_corner).folder.name == "000001", "asked for, so compared"
    with duckdb.connect(str(finished_corner.build_path)) as connection:
        connection.execute("update marts.dim_economy set economy_name = 'another'")
        connection.execute("update operations.completed_layers set fingerprint = 'another'")
    assert publish() == []
    assert finished_corner.published_dir.resolve().name == "000002"
    publication.restore(finished_corner)
    assert publish() == [], "the restored one is not the last one made"
    assert finished_corner.published_dir.resolve().name == "000003"
    altered = finished_corner.published_dir / "parquet" / "marts" / "dim_economy.parquet"
    altered.chmod(0o644)
    os.truncate(altered, 1000)
    said = publish()
    assert "publication 000003 does not stand, a new one replaces it" in said[0]
    assert finished_corner.published_dir.resolve().name == "000004"
