"""How long the regressions take on the published data: `make bench`, after `make run`."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable
from dataclasses import replace

import duckdb

from estimation.driver import EstimationInputs, estimate_all
from estimation.inference import DEFAULT_INFERENCE
from estimation.specifications import REPORT_SPECIFICATIONS, SPECIFICATIONS, Specification
from orchestration.build.estimates import read_marts
from orchestration.settings import BASES, load_settings


def main() -> int:
    published = load_settings().published_dir / "warehouse.duckdb"
    if not published.exists():
        print(f"{published} is not there: `make run` first")
        return 1
    with duckdb.connect(str(published), read_only=True) as connection:
        inputs = read_marts(connection)
    clustered = [replace(s, inference=(DEFAULT_INFERENCE,)) for s in REPORT_SPECIFICATIONS]
    measure("all exhibits on all bases, clustered", inputs, clustered, target=5)
    measure("all variants under all kinds of inference", inputs, SPECIFICATIONS, target=120)
    return 0


def measure(
    what: str,
    inputs: EstimationInputs,
    specifications: Iterable[Specification],
    target: int,
) -> None:
    started = time.perf_counter()
    fits = len(estimate_all(inputs, specifications, BASES)["diagnostics"])
    print(
        f"{what}: {fits} fits in {time.perf_counter() - started:.1f} s (target: under {target} s)"
    )


if __name__ == "__main__":
    sys.exit(main())
