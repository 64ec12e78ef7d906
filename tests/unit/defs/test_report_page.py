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


def test_a_page_is_pictured_once_until_there_is_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = publish_by_hand(tmp_path)
    (folder / "report").mkdir()
    (folder / "report" / "index.html").write_text("12345")
    pictured = []
    monkeypatch.setattr(screenshot, "screenshot", lambda page: pictured.append(page) or b"seen")
    resources = {"run_settings": RunSettings.of(load_settings({"LCT_DATA_DIR": str(tmp_path)}))}
    with dg.instance_for_test() as instance:
        shown = [
            dg.materialize([report_page], instance=instance, resources=resources)
            .asset_materializations_for_node("published__report_page")[0]
            .metadata
            for _ in range(2)
        ]
        assert len(pictured) == 1
        assert {k: shown[1][k] for k in ("pages", "bytes", "screenshot", "publication")} == {
            k: shown[0][k] for k in ("pages", "bytes", "screenshot", "publication")
        }
        (tmp_path / "published").unlink()
        another = folder.with_name("000002")
        folder.rename(another)
        (tmp_path / "published").symlink_to(another)
        dg.materialize([report_page], instance=instance, resources=resources)
        assert len(pictured) == 2
