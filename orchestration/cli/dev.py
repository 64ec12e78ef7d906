"""`make dev`: Dagster's web interface on this machine only, with its home in the data folder."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from orchestration.cli.environment import prepare_environment
from orchestration.settings import SettingError, load_settings


def main() -> None:
    """Prepare Dagster's home, then become `dagster dev`, which needs its home at start-up."""
    try:
        settings = load_settings()
    except SettingError as error:
        sys.exit(str(error))
    prepare_environment(settings)
    dagster = str(Path(sys.executable).with_name("dagster"))
    port = str(settings.dagster_port)
    print(f"Dagster on http://127.0.0.1:{port}; stop it with Ctrl-C", flush=True)
    os.execv(dagster, [dagster, "dev", "--host", "127.0.0.1", "--port", port])
