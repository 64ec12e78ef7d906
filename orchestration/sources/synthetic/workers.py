"""Work spread over processes that leave nothing behind: they end with the process they work for.

The processes are started afresh, not forked: the one that starts them may run threads, of DuckDB,
of Arrow or of Dagster.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import connection, get_context, parent_process
from typing import TypeVar

from orchestration.memory import limit_in_bytes

Result = TypeVar("Result")
BYTES_OF_A_WORKER = 500_000_000


def workers_allowed() -> int:
    """As many as there are processors, and as fit into the limit of memory; at least one."""
    available = getattr(os, "sched_getaffinity", None)  # a container may have fewer than it sees
    processors = len(available(0)) if available else os.cpu_count() or 1
    return max(1, min(processors, limit_in_bytes() // BYTES_OF_A_WORKER))


def results_of(
    work: Callable[..., Result], tasks: Iterable[tuple], workers: int
) -> Iterator[Result]:
    """The results of `work` for each task's arguments, as they are ready.

    With one worker the work is done in this process. An exception ends the others' work.
    """
    if workers == 1:
        yield from (work(*task) for task in tasks)
        return
    pool = ProcessPoolExecutor(workers, get_context("spawn"), _end_with_parent)
    try:
        for done in as_completed([pool.submit(work, *task) for task in tasks]):
            yield done.result()
    finally:
        pool.shutdown(cancel_futures=True)


def _end_with_parent() -> None:
    """End this process when its parent ends, however that ends: nobody else would."""
    parent = parent_process()
    assert parent is not None

    def watch() -> None:
        connection.wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
