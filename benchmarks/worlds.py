"""The synthetic worlds that are measured: written once for each number of rows, and kept.

They are what a user without a key lands: BACI and the World Bank's indicators, with CEPII's
distances. UN Comtrade's files, the same few at any number of rows, are in the demo.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path

from benchmarks.measuring import Result, Say, answer_of, bytes_in, environment_with
from orchestration.sources.synthetic import files, write_world
from orchestration.sources.synthetic.calibration import SCALES
from orchestration.sources.synthetic.every_code import YEARS, rows_by_year
from orchestration.sources.synthetic.flows import invent_flows
from orchestration.sources.synthetic.reports import baci_rows
from orchestration.sources.synthetic.world import invent, random_numbers

SEED = 1992
BACI_FILES = "BACI_HS*_Y*.csv.gz"
COMTRADE_FILES = "comtrade_*"
_WRITTEN = "written.json"


def settings_of(rows: int) -> dict[str, str]:
    return {
        "LCT_SOURCE": "demo",
        "LCT_DEMO_SEED": str(SEED),
        "LCT_DEMO_SCALE": "baci",
        "LCT_DEMO_ROWS": str(rows),
        # the basis that holds all of BACI, and that a hand-written script would take
        "LCT_TRADE_BASIS": "reconciled",
    }


def world_of(rows: int, folder: Path, say: Say) -> tuple[Path, Result]:
    """The folder of the world with so many rows of BACI, and what writing it took, then or now."""
    world, record = folder / f"{rows}", folder / f"{rows}.{_WRITTEN}"
    if not record.exists():
        say(f"writing a world of {rows:,} rows")
        shutil.rmtree(world, ignore_errors=True)
        world.mkdir(parents=True)
        written = answer_of("benchmarks.worlds", [str(world), str(rows)], environment_with())
        written["bytes"] = bytes_in(world)
        record.write_text(json.dumps(written), encoding="utf-8")
    return world, json.loads(record.read_text("utf-8"))


def with_one_year_changed(world: Path, rows: int) -> Path:
    """The same world beside it, as links, with other numbers of BACI's last year."""
    changed = world.with_name(f"{world.name}-changed")
    if not changed.exists():
        partial = changed.with_name(f".part-{changed.name}")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir()
        year = max(YEARS)
        for path in world.iterdir():
            if f"_Y{year}_" not in path.name:
                os.link(path, partial / path.name)
        _write_year(partial, year, rows)
        partial.rename(changed)
    return changed


def _write_year(folder: Path, year: int, rows: int) -> None:
    """A year's file with the same trade in the listed codes and another seed for the rest."""
    scale, rng = SCALES["baci"], random_numbers(SEED)
    world = invent(rng)
    flows = invent_flows(rng, world, scale)
    [(revision, of_report)] = [
        (revision, of_report)
        for y, revision, of_report in baci_rows(rng, world, flows, scale)
        if y == year
    ]
    path = folder / files.baci_name(year, revision)
    files.write_year_of_baci(
        path, year, revision, of_report, rows_by_year(rows)[year], scale, SEED + 1
    )


def main(folder: Path, rows: int) -> None:
    counted = []

    def say(text: str) -> None:
        print(text, flush=True)
        if " rows, " in text:
            counted.append(int(text.rpartition(" rows, ")[0].rpartition(", ")[2].replace(",", "")))

    write_world(folder, SEED, "baci", say, rows)
    for path in folder.glob(COMTRADE_FILES):
        path.unlink()
    print(json.dumps({"rows": sum(counted)}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
