"""Dagster as its user meets it: `make dev`, and everything materialised by click.

One asset is then opened, and its checks and its picture must be seen.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import Page, expect, sync_playwright

from orchestration.settings import PROJECT_ROOT
from tests.support.browser import BROWSER_FLAGS, browser_on_this_machine
from tests.support.runs import FinishedRun, environment_of

# seconds, generous: two idle cores need about a minute and about three
START_TIMEOUT = 180
MATERIALISE_TIMEOUT = 1200


@pytest.fixture(scope="module")
def chromium() -> str:
    return browser_on_this_machine()


@contextmanager
def dagster_dev(data_dir: Path, landing: Path, log_path: Path) -> Iterator[str]:
    """`make dev` on an empty data folder and a free port; yields its address once it answers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    environment = environment_of(data_dir, "files", landing, LCT_DAGSTER_PORT=str(port))
    with open(log_path, "wb") as log:
        process = psutil.Popen(
            [sys.executable, "-m", "orchestration.cli", "dev"],
            cwd=PROJECT_ROOT,
            env=environment,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        deadline = time.monotonic() + START_TIMEOUT
        while not answers(address):
            assert process.poll() is None, f"dagster dev has ended:\n{log_path.read_text()[-3000:]}"
            assert time.monotonic() < deadline, (
                f"dagster dev does not answer:\n{log_path.read_text()[-3000:]}"
            )
            time.sleep(0.5)
        yield address
    finally:
        # webserver, daemon, code servers and runs: Dagster does not end on a polite signal
        if process.is_running():
            for started in [*process.children(recursive=True), process]:
                started.kill()
        process.wait()


def answers(address: str, **headers: str) -> bool:
    request = urllib.request.Request(address, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=5) as response:
            return response.status == 200
    except (urllib.error.URLError, OSError):
        return False


@contextmanager
def open_page(executable: str, profile: Path) -> Iterator[Page]:
    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            profile,
            executable_path=executable,
            args=BROWSER_FLAGS,
            viewport={"width": 1500, "height": 1000},
        )
        context.set_default_timeout(60_000)
        expect.set_options(timeout=60_000)
        try:
            yield context.pages[0]
        finally:
            context.close()


def materialise_everything(page: Page, address: str) -> None:
    """Lineage, "Materialize all", all years, launch."""
    page.goto(f"{address}/asset-groups")
    page.get_by_role("button", name="Materialize all").click()
    dialog = page.get_by_role("dialog")
    launch = dialog.get_by_role("button", name="Launch backfill")
    deadline = time.monotonic() + START_TIMEOUT
    while not launch.is_enabled() and time.monotonic() < deadline:
        # a click before the page knows the years chooses none of them
        dialog.get_by_role("button", name="All", exact=True).click()
        page.wait_for_timeout(1000)
    launch.click()
    expect(dialog).to_be_hidden()


def wait_for_success(page: Page, address: str) -> None:
    """Watch the list of runs, which refreshes itself, until the launched backfill has succeeded."""
    page.goto(f"{address}/runs?view=backfills")
    row = page.locator("[data-index]", has_text="Manually launched")
    expect(row).to_have_count(1)
    ended = (
        row.get_by_text("Success", exact=True)
        .or_(row.get_by_text("Failed", exact=True))
        .or_(row.get_by_text("Canceled", exact=True))
    )
    expect(ended).to_be_visible(timeout=MATERIALISE_TIMEOUT * 1000)
    assert "Success" in row.inner_text(), row.inner_text()


@pytest.mark.long(6)
def test_everything_is_materialised_by_click_and_seen(
    chromium: str, corner_run: FinishedRun, tmp_path: Path
) -> None:
    landing = corner_run.settings.landing_folder
    assert landing is not None
    with (
        dagster_dev(tmp_path / "data", landing, tmp_path / "dagster.log") as address,
        open_page(chromium, tmp_path / "browser") as page,
    ):
        assert not answers(address, Host="attacker.example"), "make dev has its guard"
        assert not answers(address, Origin="http://attacker.example")
        materialise_everything(page, address)
        wait_for_success(page, address)
        by_click, by_command = (
            json.loads((folder / "provenance.json").read_text("utf-8"))["tables"]
            for folder in (tmp_path / "data" / "published", corner_run.settings.published_dir)
        )
        assert by_click == by_command, "the same data give the same numbers, to the last digit"

        page.goto(f"{address}/assets/report/figure_1?view=checks")
        expect(
            page.get_by_text("unique_combination_figure_1_year___group___measure")
            .locator("visible=true")
            .first
        ).to_be_visible()
        expect(page.get_by_text("This is a blocking asset check.")).to_be_visible()
        expect(page.get_by_text("Passed", exact=True)).to_be_visible()

        page.goto(f"{address}/assets/report/figure_1")
        expect(
            page.get_by_text("Grain: one row per year, group of economies and measure.")
        ).to_be_visible()
        picture = page.get_by_role("row").filter(has=page.get_by_text("picture", exact=True))
        picture.get_by_text("[Show Markdown]").click()
        shown = page.get_by_role("dialog").locator("img")
        expect(shown).to_be_visible()
        assert shown.get_attribute("src").startswith("data:image/png;base64,")
        assert shown.evaluate("image => image.naturalWidth") > 300, "the picture does not load"
