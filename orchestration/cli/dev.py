"""`make dev`: Dagster's web interface on this machine only, with its home in the data folder."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from typing import Any

from orchestration.cli.environment import prepare_environment
from orchestration.errors import ExplainedError
from orchestration.settings import load_settings


def main() -> None:
    """Prepare Dagster's home, then be `dagster dev`, which needs its home at start-up.

    Its web server is started as orchestration.cli.webserver, which answers this machine only.
    """
    try:
        settings = load_settings()
        prepare_environment(settings)
    except ExplainedError as error:
        sys.exit(str(error))
    from dagster._cli import dev

    start = dev.open_ipc_subprocess

    def start_guarded(parts: Sequence[str], **options: Any) -> subprocess.Popen[Any]:
        guarded = {"dagster_webserver": "orchestration.cli.webserver"}
        return start([guarded.get(part, part) for part in parts], **options)

    dev.open_ipc_subprocess = start_guarded
    port = str(settings.dagster_port)
    print(f"Dagster on http://127.0.0.1:{port}; stop it with Ctrl-C", flush=True)
    dev.dev_command(["--host", "127.0.0.1", "--port", port])
