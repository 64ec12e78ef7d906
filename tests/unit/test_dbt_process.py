"""dbt's own command makes the lines of log that are read, and no other."""

from __future__ import annotations

import io

import pytest
from dbt_common.events import logger
from dbt_common.events.base_types import EventLevel
from dbt_common.events.event_manager import EventManager
from dbt_common.events.types import Note, PrintEvent

from orchestration.dbt_process import make_only_lines_that_are_read


@pytest.mark.parametrize(
    ("asked_for", "read"),
    [
        (EventLevel.INFO, ["info", "warn", "error", "printed"]),
        (EventLevel.ERROR, ["error", "printed"]),
    ],
)
def test_only_lines_that_are_read_are_made(
    asked_for: EventLevel, read: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # restored after the test
    monkeypatch.setattr(logger._Logger, "write_line", logger._Logger.write_line)
    make_only_lines_that_are_read()
    manager, written, made = EventManager(), io.StringIO(), []
    manager.add_logger(logger.LoggerConfig("of a test", level=asked_for, output_stream=written))
    [of_test] = manager.loggers
    make = of_test.create_line

    def counted(event: object) -> str:
        made.append(event)
        return make(event)

    monkeypatch.setattr(of_test, "create_line", counted)
    for level in ("debug", "info", "warn", "error"):
        manager.fire_event(Note(msg=level), level=EventLevel(level))
    manager.fire_event(PrintEvent(msg="printed"))
    assert len(made) == len(read)
    assert [line.split()[-1] for line in written.getvalue().splitlines()] == read
