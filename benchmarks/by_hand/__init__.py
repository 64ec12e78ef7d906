"""The warehouse's core by hand: one script each in DuckDB, polars and pandas, and their agreement.

The work is the same in each: from the raw rows of BACI (Parquet as loading leaves it) and the seeds

- the classified fact: year, exporter, importer, product, value and weight, on one treatment;
- its sums by economy, year, sector and direction, of low-carbon technology;
- the lagged panel: each economy's trade with China in both lists and directions, and the same of
  the year before.

One treatment (harmonised) and one basis (reconciled); no text of a reason, no count of what is left
out, no test. A module here is started as a process of its own with the folder of the raw tables,
and prints one JSON object: the seconds of the work without the imports, and the totals by which
the scripts and the warehouse are compared before any time counts.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from benchmarks.measuring import timed
from orchestration.seeds import seed_path

Totals = dict[str, float]
# by the names that the warehouse's panel gives them
TRADE_WITH_CHINA = (
    "lct_imports_from_china_kusd",
    "lct_exports_to_china_kusd",
    "mineral_imports_from_china_kusd",
    "mineral_exports_to_china_kusd",
)
FILES = "baci_trade/*/*.parquet"


def report(work: Callable[[str], Totals], folder: str) -> None:
    """Do the work on all files of the folder and print what it took."""
    totals, took = timed(lambda: work(str(Path(folder) / FILES)))
    print(json.dumps({**took, "totals": totals}))


def seeds(*names: str) -> list[str]:
    return [str(seed_path(name)) for name in names]
