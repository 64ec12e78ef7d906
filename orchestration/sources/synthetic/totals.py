"""The totals by which tables of the default worlds are known where their mark was cut off.

`make truth` adds those of today's worlds to the list; those of older versions stay in it, for their
files are still about.
"""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import duckdb

from orchestration.landing.inspection import table_total
from orchestration.landing.reading import open_tables
from orchestration.landing.synthetic_mark import KNOWN_TOTALS, Total, known_totals
from orchestration.sources.synthetic.landing import write_world

DEFAULT_SEED = 1992
SCALES_LISTED = ("small", "report")


def totals_of(paths: Iterable[Path]) -> Iterator[Total]:
    """The totals of the tables in these files, of those that have amounts."""
    connection = duckdb.connect()
    for path in paths:
        for table in open_tables(path)[0]:
            found = table_total(table, connection)
            if found.total is not None:
                yield found


def main() -> None:
    listed = set(known_totals())
    for scale in SCALES_LISTED:
        with tempfile.TemporaryDirectory() as folder:
            listed |= set(totals_of(write_world(Path(folder), DEFAULT_SEED, scale)))
    with open(KNOWN_TOTALS, "w", encoding="utf-8", newline="") as target:
        written = csv.writer(target, lineterminator="\n")
        written.writerow(Total._fields)
        written.writerows(sorted(listed))
