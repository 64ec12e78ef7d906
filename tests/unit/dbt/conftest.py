"""The dbt project as its manifest describes it; parsing it needs no data."""

from __future__ import annotations

import json

import pytest

from orchestration.build.dbt_project import dbt_manifest
from orchestration.settings import Settings


@pytest.fixture(scope="session")
def whole_manifest(small_demo_settings: Settings) -> dict[str, dict]:
    return json.loads(dbt_manifest(small_demo_settings).read_text("utf-8"))


@pytest.fixture(scope="session")
def dbt_nodes(whole_manifest: dict[str, dict]) -> dict[str, dict]:
    """Unique id -> node, of the models, seeds and tests of the dbt project."""
    return whole_manifest["nodes"]
