"""Landing and loading of BACI's files, against DuckDB's own conversion of the same files.

Both end with the same storage: typed Parquet, zstd, groups of 100,000 rows, sorted by code,
exporter and importer, each row with the file and the row it came from. Ours also copies each file
into the landing zone, takes its checksum, checks every value and lists what it did.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import duckdb

from benchmarks.measuring import Result, Say, answer_of, bytes_in, environment_with, timed
from benchmarks.worlds import BACI_FILES
from orchestration.build import loading, warehouse
from orchestration.durable import sql_text
from orchestration.landing.manifest import SYNTHETIC, read_manifest
from orchestration.landing.publishers.baci import BACI_TRADE
from orchestration.landing.registration import register
from orchestration.memory import limit

BY_DUCKDB = """
copy (
    select
        cast(t as smallint) as trade_year, i, j, lpad(cast(k as varchar), 6, '0') as k, v, q,
        {file} as landed_file, row_number() over () as landed_row
    from read_csv(
        {path}, nullstr = 'NA', header = true, names = ['t', 'i', 'j', 'k', 'v', 'q', 'mark'],
        types = {{'t': 'integer', 'i': 'integer', 'j': 'integer', 'k': 'integer',
                'v': 'decimal(18, 3)', 'q': 'decimal(18, 3)', 'mark': 'integer'}}
    )
    order by k, i, j
) to {target} (format parquet, compression zstd, row_group_size 100000)
"""


def measure(world: Path, scratch: Path, say: Say, repeats: int = 1) -> Result:
    """Both, one after the other, as often as asked; of each the quickest."""
    found: dict[str, list[Result]] = {"ours": [], "by_duckdb": []}
    for _ in range(repeats):
        for who, results in found.items():
            say(f"landing and loading of BACI: {who}")
            shutil.rmtree(scratch, ignore_errors=True)
            scratch.mkdir(parents=True)
            arguments = [who, str(world), str(scratch)]
            results.append(answer_of("benchmarks.conversion", arguments, environment_with()))
            results[-1]["parquet_bytes"] = bytes_in(scratch / "build" / "raw")
    shutil.rmtree(scratch, ignore_errors=True)
    best = {who: min(results, key=lambda r: r["seconds"]) for who, results in found.items()}
    if best["ours"]["rows"] != best["by_duckdb"]["rows"]:
        raise ValueError(f"not the same rows: {best}")
    return best


def ours(world: Path, scratch: Path) -> int:
    manifest = read_manifest(scratch / "landing" / "manifest.json")
    manifest.is_synthetic = True
    manifest.folder.mkdir(parents=True)
    left_out = register(manifest, sorted(world.glob(BACI_FILES)), origin=SYNTHETIC)
    if left_out:
        raise ValueError(f"not landed: {left_out}")
    with warehouse.writing(scratch / "build" / "warehouse.duckdb") as connection:
        loaded = loading.load_trade_years(
            connection, manifest, BACI_TRADE, sorted(manifest.years(BACI_TRADE))
        )
    return sum(part.rows for part in loaded)


def by_duckdb(world: Path, scratch: Path) -> int:
    target = scratch / "build" / "raw"
    target.mkdir(parents=True)
    connection = duckdb.connect(
        config={"memory_limit": limit(), "temp_directory": str(scratch / "spill")}
    )
    rows = 0
    for path in sorted(world.glob(BACI_FILES)):
        [(count,)] = connection.execute(
            BY_DUCKDB.format(
                file=sql_text(path.name),
                path=sql_text(path),
                target=sql_text(target / f"{path.name.removesuffix('.csv.gz')}.parquet"),
            )
        ).fetchall()
        rows += count
    return rows


if __name__ == "__main__":
    who, *folders = sys.argv[1:]
    way = {"ours": ours, "by_duckdb": by_duckdb}[who]
    count, took = timed(lambda: way(*map(Path, folders)))
    print(json.dumps({"rows": count, **took}))
