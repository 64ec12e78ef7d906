"""Who did the work, from Spark's log of events."""

from __future__ import annotations

import json
from pathlib import Path

from orchestration.cluster.distribution import tasks_by_executor


def task(executor: str, reason: str = "Success") -> str:
    return json.dumps(
        {
            "Event": "SparkListenerTaskEnd",
            "Task End Reason": {"Reason": reason},
            "Task Info": {"Executor ID": executor},
        },
        separators=(",", ":"),
    )


def test_successful_tasks_are_counted_by_executor(tmp_path: Path) -> None:
    started = json.dumps({"Event": "SparkListenerTaskStart", "Task Info": {"Executor ID": "7"}})
    events = [task("0"), task("1"), task("1"), task("0", "ExceptionFailure"), started]
    (tmp_path / "app-1").write_text("\n".join(events) + "\n", encoding="utf-8")
    (tmp_path / "app-2").write_text(task("1") + "\n", encoding="utf-8")
    assert tasks_by_executor(tmp_path) == {"0": 1, "1": 3}
