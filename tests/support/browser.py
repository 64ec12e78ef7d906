"""The browser that tests drive: one that is on the machine already."""

from __future__ import annotations

import shutil

import pytest

# No sandbox, because tests may run as root. The other flags keep the browser from contacting its
# maker's servers.
BROWSER_FLAGS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def browser_on_this_machine() -> str:
    """Its path; skips the test where there is none. None is downloaded."""
    names = ("chromium", "chromium-browser", "google-chrome")
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        pytest.skip("skipped: no browser on this machine. On Debian: apt-get install chromium")
    return found
