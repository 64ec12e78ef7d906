"""`lct restore`, `make restore`: back to an earlier publication."""

from __future__ import annotations

import sys

from orchestration.errors import ExplainedError
from orchestration.publishing.publication import restore
from orchestration.settings import SettingError, load_settings


def main(publication: str | None = None) -> int:
    """Restore `publication`, or the one before the current. Returns the process's exit status."""
    try:
        restored = restore(load_settings(), publication)
    except SettingError as error:
        print(error, file=sys.stderr)
        return 2
    except ExplainedError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"published is now {restored.name}; readers that open it from now on see it")
    return 0
