"""Where a command may write a file for its user: anywhere but in what runs write."""

from __future__ import annotations

from pathlib import Path

from orchestration.cli.exit_codes import UsageError
from orchestration.settings import Settings


def refuse_place(settings: Settings, output: Path) -> None:
    """Raises UsageError if no file can or must be written there."""
    if output.resolve().is_relative_to(settings.data_dir.resolve()):
        raise UsageError(
            f"{output} is in the data folder, which only runs write to. Name another place."
        )
    if output.is_dir() or not output.absolute().parent.is_dir():
        raise UsageError(f"{output} is not a file in a folder that exists. Name another place.")
