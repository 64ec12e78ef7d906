"""`make dev`: Dagster's web interface on this machine only, with its home in the data folder."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

from orchestration.cli.environment import prepare_environment
from orchestration.cli.exit_codes import FAILED, MISUSED
from orchestration.cli.printing import print_error
from orchestration.errors import ExplainedError
from orchestration.settings import SettingError, load_settings


def main(as_json: bool = False) -> None:
    """Prepare Dagster's home, then be `dagster dev`, which needs its home at start-up.

    A program is given the address in a line of JSON, before Dagster's own output.

    Its web server is started as orchestration.cli.webserver, which answers this machine only.
    """
    try:
        settings = load_settings()
        prepare_environment(settings)
    except ExplainedError as error:
        print_error(error, as_json)
        sys.exit(MISUSED if isinstance(error, SettingError) else FAILED)
    from dagster._cli import dev

    start = dev.open_ipc_subprocess

    def start_guarded(parts: Sequence[str], **options: Any) -> subprocess.Popen[Any]:
        guarded = {"dagster_webserver": "orchestration.cli.webserver"}
        return start([guarded.get(part, part) for part in parts], **options)

    dev.open_ipc_subprocess = start_guarded
    port = str(settings.dagster_port)
    address = f"http://127.0.0.1:{port}"
    if as_json:
        print(json.dumps({"address": address}), flush=True)
    else:
        print(f"Dagster on {address}; stop it with Ctrl-C", flush=True)
    dev.dev_command(["--host", "127.0.0.1", "--port", port])
