"""The dbt project as its manifest describes it; parsing it needs no data."""

from __future__ import annotations

import json

import pytest

from orchestration.build.dbt_project import dbt_manifest
from orchestration.settings import load_settings
from tests.support.runs import environment_of


@pytest.fixture(scope="session")
def dbt_nodes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict]:
    """Unique id -> node, of the models, seeds and tests of the dbt project."""
    settings = load_settings(environment_of(tmp_path_factory.mktemp("parse"), "files"))
    return json.loads(dbt_manifest(settings).read_text("utf-8"))["nodes"]
