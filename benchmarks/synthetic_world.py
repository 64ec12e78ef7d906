"""The synthetic world: how fast it is written, and whether the estimator recovers the truth.

Writing is timed at each scale; bias and coverage are measured over many worlds.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.measuring import Result, Say, answer_of, bytes_in, environment_with
from estimation.specifications import REPORT_SPECIFICATIONS
from orchestration.sources.synthetic import truth, world, write_world

TABLES = ("table_4", "table_6", "table_7", "table_8", "table_9", "table_10")
FIRST_SEED = 2_000_000  # of worlds that nothing else uses


def measure(folder: Path, say: Say) -> Result:
    pairs = os.environ.get("LCT_BENCH_PAIRS", "100")  # of worlds: each with its mirror image
    found = {}
    for scale in ("small", "report"):
        say(f"the synthetic world at scale {scale}")
        found[scale] = _answer(["written", scale, str(folder)])
    say(f"bias and coverage over 2 x {pairs} worlds")
    found["recovery"] = _answer(["recovered", pairs])
    return found


def _answer(arguments: list[str]) -> Result:
    return answer_of("benchmarks.synthetic_world", arguments, environment_with())


def written(scale: str, folder: str) -> Result:
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        paths = write_world(Path(scratch), 1992, scale)
        return {"files": len(paths), "bytes": bytes_in(Path(scratch))}


def recovered(pairs: str) -> Result:
    """By table and kind of inference: the coverage of 95 percent intervals, the largest bias."""

    def worlds() -> Iterator[world.World]:
        for pair in range(int(pairs)):
            for sign in (1, -1):
                yield world.invent(world.random_numbers(FIRST_SEED + pair), sign)

    columns = [s for s in REPORT_SPECIFICATIONS if s.exhibit in TABLES]
    found = truth.bias_and_coverage(
        truth.recover(worlds(), columns, inference=("iid", "cluster_iso3"))
    )
    by_table = found.assign(absolute=found.bias_in_sd.abs()).groupby(["exhibit", "inference"])
    rows = by_table.agg(
        terms=("term", "size"),
        mean_coverage=("coverage", "mean"),
        lowest=("coverage", "min"),
        highest=("coverage", "max"),
        largest_bias_in_sd=("absolute", "max"),
    )
    return {"worlds": 2 * int(pairs), "rows": rows.round(3).reset_index().to_dict("records")}


if __name__ == "__main__":
    works: dict[str, Callable[..., Result]] = {"written": written, "recovered": recovered}
    print(json.dumps(works[sys.argv[1]](*sys.argv[2:])))
