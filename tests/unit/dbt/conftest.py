"""The dbt project as its manifest describes it; parsing it needs no data."""

from __future__ import annotations

import json

import pytest

from orchestration.build.dbt_project import dbt_manifest
from orchestration.settings import Settings


@pytest.fixture(scope="session")
def dbt_nodes(small_demo_settings: Settings) -> dict[str, dict]:
    """Unique id -> node, of the models, seeds and tests of the dbt project."""
    return json.loads(dbt_manifest(small_demo_settings).read_text("utf-8"))["nodes"]
