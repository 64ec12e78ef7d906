"""The synthetic world: how fast it is written, and whether the estimator recovers the truth.

Writing is timed at each scale; bias and coverage are measured over many worlds.
"""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

from estimation.specifications import REPORT_SPECIFICATIONS
from orchestration.sources.synthetic import truth, world, write_world

PAIRS = int(os.environ.get("LCT_BENCH_PAIRS", "500"))  # of worlds: each with its mirror image
TABLES = ("table_4", "table_6", "table_7", "table_8", "table_9", "table_10")


def main() -> None:
    for scale in ("small", "report"):
        with tempfile.TemporaryDirectory() as folder:
            started = time.perf_counter()
            paths = write_world(Path(folder), 1992, scale)
            print(
                f"scale {scale}: {len(paths)} files, "
                f"{sum(p.stat().st_size for p in paths) / 1e6:.0f} MB "
                f"in {time.perf_counter() - started:.1f} s"
            )
    columns = [s for s in REPORT_SPECIFICATIONS if s.exhibit in TABLES]
    started = time.perf_counter()

    def worlds():
        for pair in range(PAIRS):
            for sign in (1, -1):
                yield world.invent(world.random_numbers(2_000_000 + pair), sign)
            if (pair + 1) % 25 == 0:
                print(
                    f"  {2 * (pair + 1)} of {2 * PAIRS} worlds, "
                    f"{time.perf_counter() - started:.0f} s",
                    flush=True,
                )

    found = truth.bias_and_coverage(
        truth.recover(worlds(), columns, inference=("iid", "cluster_iso3"))
    )
    by_table = found.assign(absolute=found.bias_in_sd.abs()).groupby(["exhibit", "inference"])
    print(
        by_table.agg(
            terms=("term", "size"),
            mean_coverage=("coverage", "mean"),
            lowest=("coverage", "min"),
            highest=("coverage", "max"),
            largest_bias_in_sd=("absolute", "max"),
        )
        .round(3)
        .to_string()
    )


if __name__ == "__main__":
    main()
