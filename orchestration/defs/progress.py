"""Terminal output during a run: the run's own messages, without Dagster's events.

Which step is on is for the bar below them (orchestration/progress.py).
"""

import logging
import sys
from functools import cache

import dagster as dg
from rich.console import Console

from orchestration import progress


@cache
def terminal(stream: str) -> Console:
    """Where a run prints: `stdout` or `stderr`, also while that is redirected."""
    return Console(file=getattr(sys, f"__{stream}__"), soft_wrap=True)


class _ProgressHandler(logging.Handler):
    def __init__(self, console: Console) -> None:
        super().__init__()
        self.console = console

    def emit(self, record: logging.LogRecord) -> None:
        meta = getattr(record, "dagster_meta", None) or {}
        event = meta.get("dagster_event")
        step = meta.get("step_key") or ""
        if event is None and record.levelno >= logging.INFO:
            style = "yellow" if record.levelno >= logging.WARNING else ""
            self.console.print(
                f"  {meta.get('orig_message') or record.getMessage()}",
                style=style,
                highlight=False,
                markup=False,
            )
        elif event is not None and event.event_type_value == "STEP_START":
            progress.tell(step.replace("__", "."), 0, None)


@dg.logger(
    config_schema={"stream": dg.Field(str, default_value="stdout")},
    description="Progress for a person at a terminal.",
)
def progress_logger(context: dg.InitLoggerContext) -> logging.Logger:
    logger = logging.Logger("progress", logging.DEBUG)  # the level of the start of a step
    logger.addHandler(_ProgressHandler(terminal(context.logger_config["stream"])))
    return logger
