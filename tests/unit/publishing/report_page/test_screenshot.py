"""A picture of the page is taken where there is a browser, and missed nowhere else."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestration.publishing.report_page.screenshot import screenshot
from tests.support.browser import browser_on_this_machine


def test_without_a_browser_there_is_no_screenshot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert screenshot(tmp_path / "index.html") is None


def test_a_browser_that_fails_is_no_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "chromium"
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    monkeypatch.setattr("shutil.which", lambda name: str(broken))
    assert screenshot(tmp_path / "index.html") is None


def test_a_page_is_pictured(tmp_path: Path) -> None:
    browser_on_this_machine()
    page = tmp_path / "index.html"
    page.write_text("<!DOCTYPE html><title>page</title><h1>page</h1>")
    picture = screenshot(page)
    assert picture is not None
    assert picture.startswith(b"\x89PNG")
