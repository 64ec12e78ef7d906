"""The asset of the report's page: what it counts and shows of a publication."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest

from orchestration.defs.assets import report_page
from orchestration.defs.resources import RunSettings
from orchestration.publishing.report_page import screenshot
from orchestration.settings import load_settings
from tests.support.small_publication import publish_by_hand


@pytest.mark.parametrize("picture", [b"a picture", None])
def test_pages_are_counted_and_pictured_where_there_is_a_browser(
    picture: bytes | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = publish_by_hand(tmp_path)
    (folder / "report" / "economy").mkdir(parents=True)
    for name in ("index.html", "economy/DEU.html"):
        (folder / "report" / name).write_text("12345")
    pictured = []
    monkeypatch.setattr(screenshot, "screenshot", lambda page: pictured.append(page) or picture)
    settings = load_settings({"LCT_DATA_DIR": str(tmp_path)})
    result = report_page(dg.build_asset_context(), RunSettings.of(settings))
    assert pictured == [folder / "report" / "index.html"]
    metadata = result.metadata
    assert (metadata["pages"], metadata["bytes"]) == (2, 10)
    assert metadata["path"].value == str(folder / "report" / "index.html")
    assert ("screenshot" in metadata) == (picture is not None)
