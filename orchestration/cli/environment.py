"""The folders and environment variables that Dagster and dbt need before they are imported."""

from __future__ import annotations

import json
import os
import re

from orchestration.durable import write_then_replace
from orchestration.settings import PROJECT_ROOT, SettingError, Settings


def prepare_environment(settings: Settings) -> None:
    """Create the folders and set up Dagster's instance settings and the environment.

    Call it before Dagster or dbt is imported. Raises SettingError if the data folder cannot be
    written to, or has a path that dbt, Dagster's database or DuckDB would read as another.
    """
    if re.search(r"[#?%\\]", str(settings.data_dir)):
        # dbt and Dagster's database read the path as an address, DuckDB a backslash as a slash
        raise SettingError(
            f"LCT_DATA_DIR={settings.data_dir}: the path of the data folder cannot hold "
            "#, ?, % or \\. Name another folder."
        )
    os.environ.update(settings.environment())
    os.environ["DO_NOT_TRACK"] = "1"
    template = (PROJECT_ROOT / "orchestration" / "defs" / "dagster.yaml").read_text("utf-8")
    events = json.dumps(str(settings.dagster_home / "history" / "runs"), ensure_ascii=False)
    instance_settings = template.replace("base_dir: EVENTS", f"base_dir: {events}").encode()
    try:
        settings.dagster_home.mkdir(parents=True, exist_ok=True)
        settings.build_path.parent.mkdir(parents=True, exist_ok=True)
        # replaced in one step: another process may be reading it
        write_then_replace(settings.dagster_home / "dagster.yaml", instance_settings)
    except OSError as error:
        raise SettingError(
            f"LCT_DATA_DIR={settings.data_dir}: cannot be written to ({error.strerror}: "
            f"{error.filename}). Give a folder with room that you may write to."
        ) from None
