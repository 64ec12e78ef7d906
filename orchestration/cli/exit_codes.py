"""What the exit status of a command means, and how an error of ours becomes one."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

import duckdb

from orchestration.cli.printing import print_error
from orchestration.errors import ExplainedError
from orchestration.settings import SettingError, Settings, load_settings

FAILED, MISUSED, TIMED_OUT = 1, 2, 3


class UsageError(ExplainedError):
    """Options that do not go together, or a file of theirs that cannot be used."""


def answered(answer: Callable[[Settings], None], as_json: bool) -> int:
    """Let `answer` print what it has to say, or say why not. Returns the exit status.

    0 done, 1 it could not be done, 2 a wrong setting or option.
    """
    try:
        answer(load_settings())
        sys.stdout.flush()
    except (SettingError, UsageError) as error:
        print_error(error, as_json)
        return MISUSED
    except BrokenPipeError:
        drop_the_rest()
    except (ExplainedError, OSError) as error:
        print_error(error, as_json)
        return FAILED
    except duckdb.Error as error:
        print_error(f"{error}\n`lct verify` says what of the warehouse is damaged.", as_json)
        return FAILED
    return 0


def drop_the_rest() -> None:
    """Write no more to a pipe whose reader, such as `head`, has enough: that is no error."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
