"""What a run says at a terminal: its own messages, without Dagster's events."""

import dagster as dg
import pytest

from orchestration import progress
from orchestration.defs.progress import progress_logger


@dg.op
def raw__trade(context: dg.OpExecutionContext) -> None:
    context.log.info("2 rows")
    context.log.debug("not said")
    progress.tell("raw.trade: years", 1, 2)


@dg.job(logger_defs={"progress": progress_logger})
def refresh() -> None:
    raw__trade()


@pytest.mark.parametrize("stream", [None, "stdout", "stderr"])
def test_messages_go_to_the_stream_asked_for_and_steps_to_the_bar(
    stream: str | None, capfd: pytest.CaptureFixture[str]
) -> None:
    told: list[tuple[str, int, int | None]] = []
    config = {"config": {"stream": stream}} if stream else {}
    with progress.shown_by(lambda *far: told.append(far)):
        refresh.execute_in_process(run_config={"loggers": {"progress": config}})
    said = capfd.readouterr()
    chosen, other = (said.err, said.out) if stream == "stderr" else (said.out, said.err)
    assert chosen.splitlines() == ["  2 rows"]
    assert "2 rows" not in other
    assert told == [("raw.trade", 0, None), ("raw.trade: years", 1, 2)]
