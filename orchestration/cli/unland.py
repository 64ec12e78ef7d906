"""`lct unland FILE...`: take landed files out of the landing zone, or put them back."""

from __future__ import annotations

import json

from orchestration.cli.printing import print_error
from orchestration.durable import LockTimeoutError
from orchestration.landing.layout import LandingError
from orchestration.landing.manifest import read_manifest
from orchestration.landing.unlanding import put_back, unland
from orchestration.settings import SettingError, load_settings


def main(files: list[str], is_undone: bool = False, as_json: bool = False) -> int:
    """Take `files` out, or put them back. Returns the process's exit status."""
    said: list[str] = []
    say = said.append if as_json else print
    try:
        manifest = read_manifest(load_settings().manifest_path, say)
        done = (put_back if is_undone else unland)(manifest, files, say)
    except (SettingError, LandingError, LockTimeoutError, OSError) as error:
        print_error(error, as_json)
        return 2 if isinstance(error, SettingError) else 1
    if as_json:
        key = "put_back" if is_undone else "taken_out"
        print(json.dumps({key: done, "messages": said}, indent=1, ensure_ascii=False))
    else:
        print("the next run (make run) loads the rest and publishes it")
    return 0
