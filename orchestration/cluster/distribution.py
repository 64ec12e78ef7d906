"""What ran where, from Spark's own log of events."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

# in local mode the one process is driver and executor
DRIVER = "driver"


def tasks_by_executor(events: Path) -> Counter[str]:
    """How many tasks succeeded on each executor, in all runs whose logs are in the folder."""
    tasks: Counter[str] = Counter()
    for log in sorted(path for path in events.rglob("*") if path.is_file()):
        with open(log, encoding="utf-8") as lines:
            for line in lines:
                if '"SparkListenerTaskEnd"' in line:
                    event = json.loads(line)
                    if event["Task End Reason"]["Reason"] == "Success":
                        tasks[event["Task Info"]["Executor ID"]] += 1
    return tasks
