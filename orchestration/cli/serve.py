"""`lct serve`: one of Dagster's two processes in the foreground, as a service manager wants them.

`lct dev` is both of them for a person at a terminal; deploy/systemd has a unit for each.
"""

from __future__ import annotations

import os
import sys
from typing import Literal

from orchestration.cli.environment import prepare_environment
from orchestration.cli.exit_codes import FAILED, MISUSED
from orchestration.cli.printing import print_error
from orchestration.errors import ExplainedError
from orchestration.settings import PROJECT_ROOT, SettingError, load_settings

Process = Literal["webserver", "daemon"]


def main(process: Process, as_json: bool = False) -> int:
    """Become Dagster's web server, behind the guard, or its daemon, with its home prepared.

    Returns only if that cannot be: the exit status.
    """
    try:
        settings = load_settings()
        prepare_environment(settings)
    except ExplainedError as error:
        print_error(error, as_json)
        return MISUSED if isinstance(error, SettingError) else FAILED
    commands = {
        "webserver": (
            *("orchestration.cli.webserver", "--host", "127.0.0.1"),
            *("--port", str(settings.dagster_port)),
        ),
        "daemon": ("dagster._daemon", "run"),
    }
    os.chdir(PROJECT_ROOT)  # where Dagster looks for the code location
    os.execv(sys.executable, [sys.executable, "-m", *commands[process]])
