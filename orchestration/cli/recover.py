"""`lct recover`: a data folder from a backup; `lct restore` goes back to an earlier publication."""

from __future__ import annotations

from pathlib import Path

from orchestration.backup import recover
from orchestration.cli.backup import stated
from orchestration.cli.exit_codes import answered
from orchestration.cli.printing import json_text, print_notice
from orchestration.cli.progress_bar import on_standard_error
from orchestration.durable import megabytes
from orchestration.settings import Settings


def main(source: Path, as_json: bool = False) -> int:
    """Put a backup back into an empty data folder, checked. Returns the exit status."""

    def answer(settings: Settings) -> None:
        with on_standard_error():
            backup = recover(settings, source, print_notice)
        if as_json:
            print(json_text(stated(backup) | {"data_folder": str(settings.data_dir)}))
            return
        print(
            f"{settings.data_dir}: as of {backup.made_at}, {len(backup.files):,} files, "
            f"{megabytes(backup.bytes)}, all as backed up; "
            f"published is {backup.published or 'nothing'}"
        )
        for what in backup.not_in_it:
            print(f"NOT IN IT: {what}")
        print("the next run (make run) builds the rest again")

    return answered(answer, as_json)
