"""dbt as a process of its own: its command line, which makes only the lines that are read.

dbt 1.11 renders every event (each statement of SQL is several) as JSON for its caller and as text
for its log, and only then looks at whether the level is one of those asked for. That is a fifth of
the processor time of a small build.
"""

from __future__ import annotations

from typing import Any

from dbt.cli.main import cli
from dbt_common.events import logger
from dbt_common.events.base_types import EventLevel


def make_only_lines_that_are_read() -> None:
    """Have dbt's loggers look at an event's level first, in this process."""
    make_and_write = logger._Logger.write_line

    def write_line(to: Any, event: Any) -> None:
        # dbt writes what is to be printed as an error, so that it shows where all else is quiet
        level = EventLevel.ERROR if logger._is_print_event(event) else EventLevel(event.info.level)
        if to._python_logger is None or to._python_logger.isEnabledFor(
            logger._log_level_map[level]
        ):
            make_and_write(to, event)

    logger._Logger.write_line = write_line  # type: ignore[method-assign, assignment]


if __name__ == "__main__":
    make_only_lines_that_are_read()
    cli()
