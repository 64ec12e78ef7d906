"""Terminal output during a run: the run's own messages and failures, without Dagster's events."""

import logging
import sys

import dagster as dg
from rich.console import Console


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
            self.console.print(step.replace("__", "."), style="bold", highlight=False, markup=False)


@dg.logger(config_schema=None, description="Progress for a person at a terminal.")
def progress_logger(_: dg.InitLoggerContext) -> logging.Logger:
    logger = logging.Logger("progress", logging.INFO)
    logger.addHandler(_ProgressHandler(Console(file=sys.__stdout__, soft_wrap=True)))
    return logger
