"""`lct backup`: what cannot be made again, in a folder of its own, also while a refresh runs."""

from __future__ import annotations

import sys
from pathlib import Path

from orchestration.backup import Backup, back_up
from orchestration.cli.exit_codes import FAILED, answered
from orchestration.cli.printing import json_text
from orchestration.cli.progress_bar import on_standard_error
from orchestration.durable import megabytes
from orchestration.settings import Settings


def main(to: Path, keep: int | None = None, as_json: bool = False) -> int:
    """Back up the data folder into a new folder below `to`. Returns the exit status.

    1 also where the backup is made but something damaged is not in it.
    """
    made: list[Backup] = []

    def answer(settings: Settings) -> None:
        with on_standard_error():
            backup = back_up(settings, to, _say, keep)
        made.append(backup)
        if as_json:
            print(json_text(stated(backup) | {"copied_bytes": backup.copied_bytes}))
            return
        for what in backup.not_in_it:
            print(f"NOT IN IT: {what}")
        size, new = megabytes(backup.bytes), megabytes(backup.copied_bytes)
        published = f"published is {backup.published or 'nothing'}"
        print(f"{backup.folder}: {len(backup.files):,} files, {size}, {new} of it new; {published}")

    status = answered(answer, as_json)
    return FAILED if made and made[0].not_in_it else status


def stated(backup: Backup) -> dict:
    """What a program is told of a backup."""
    return {
        "folder": str(backup.folder),
        "made_at": backup.made_at,
        "published": backup.published,
        "files": len(backup.files),
        "bytes": backup.bytes,
        "not_in_it": backup.not_in_it,
    }


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
