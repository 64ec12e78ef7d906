"""`lct restore`, `make restore`: back to an earlier publication."""

from __future__ import annotations

from orchestration.cli.exit_codes import answered
from orchestration.cli.printing import json_text
from orchestration.publishing.publication import restore
from orchestration.settings import Settings


def main(publication: str | None = None, as_json: bool = False) -> int:
    """Restore `publication`, or the one before the current. Returns the process's exit status."""

    def answer(settings: Settings) -> None:
        number = restore(settings, publication).name
        if as_json:
            print(json_text({"published": number}))
        else:
            print(f"published is now {number}; readers that open it from now on see it")

    return answered(answer, as_json)
