"""A picture of the finished page: by a browser, if this machine has one."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
# a page of its own that cannot reach anything but the file: nothing is updated, synchronised or
# looked up. The drawing of the charts is waited for in the browser's own time.
FLAGS = (
    "--headless=new",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--hide-scrollbars",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--force-device-scale-factor=0.6",
    "--virtual-time-budget=4000",
)
# high enough for the first figure: a browser without a window does not scroll
SIZE = (1200, 2800)
SECONDS = 30


def screenshot(page: Path) -> bytes | None:
    """The beginning of the page as a PNG; None without a browser, or if it is not done in time."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        return None
    with tempfile.TemporaryDirectory(prefix="lct-browser-", ignore_cleanup_errors=True) as folder:
        picture = Path(folder) / "page.png"
        # the browser's sandbox does not run as root
        as_root = ["--no-sandbox"] if os.geteuid() == 0 else []
        command = [
            *(browser, *FLAGS, *as_root),
            f"--user-data-dir={folder}/profile",
            f"--window-size={SIZE[0]},{SIZE[1]}",
            f"--screenshot={picture}",
            f"{page.resolve().as_uri()}?language=en&theme=light",
        ]
        try:
            subprocess.run(command, capture_output=True, timeout=SECONDS, check=False)
        except (OSError, subprocess.TimeoutExpired):
            return None
        return picture.read_bytes() if picture.is_file() else None
