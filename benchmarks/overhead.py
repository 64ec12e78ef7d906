"""What Dagster and dbt add to the bare work, on the data folder that `make run` has filled.

Run it with `make bench`.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from graphlib import TopologicalSorter
from pathlib import Path

import duckdb

from orchestration.defs.dbt_models import dbt_executable
from orchestration.settings import PROJECT_ROOT, Settings, load_settings


def main() -> int:
    settings = load_settings()
    manifest = settings.dbt_target_dir / "run" / "manifest.json"
    if not manifest.exists():
        print(f"{manifest} is not there: `make run` first")
        return 1
    loading = seconds_of(
        lambda: subprocess.run(
            [sys.executable, "-c", "import orchestration.definitions"],
            cwd=PROJECT_ROOT,
            env=environment(settings),
            check=True,
            capture_output=True,
        )
    )
    print(f"code location: loaded in {loading:.1f} s (target: under 10 s)")
    with tempfile.TemporaryDirectory(dir=settings.data_dir) as folder:
        copy = Path(folder) / "build" / "warehouse.duckdb"
        copy.parent.mkdir()
        shutil.copy(settings.build_path, copy)
        bare = seconds_of(lambda: build_bare(manifest, copy))
        with_dbt = seconds_of(lambda: run_dbt(settings, Path(folder), "run"))
        tested = seconds_of(
            lambda: run_dbt(settings, Path(folder), "build", "--exclude-resource-type", "unit_test")
        )
    print(
        f"models: {bare:.1f} s as bare SQL in DuckDB; "
        f"{with_dbt:.1f} s by dbt run ({with_dbt / bare:.1f} times); "
        f"{tested:.1f} s by dbt build with seeds and all data tests"
    )
    output: list[str] = []

    def whole() -> None:
        output.append(
            subprocess.run(
                [sys.executable, "-m", "orchestration.cli", "run"],
                cwd=PROJECT_ROOT,
                env=environment(settings),
                check=True,
                capture_output=True,
                text=True,
            ).stdout
        )

    total = seconds_of(whole)
    stages = dict(
        re.findall(
            r"([\w.-]+) ([\d.]+) s[,\n ]",
            " ".join(output[0].split("\nstages ", 1)[1].split()) + " ",
        )
    )
    steps = sum(float(s) for name, s in stages.items() if name != "start-up")
    print(
        f"a refresh with nothing new: {total:.1f} s, of which steps {steps:.1f} s, "
        f"Dagster around them {total - steps:.1f} s (start-up {stages.get('start-up', '?')} s)"
    )
    return 0


def environment(settings: Settings) -> dict[str, str]:
    return {**os.environ, **settings.environment()}


def seconds_of(work) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def build_bare(manifest: Path, build_file: Path) -> None:
    """Run every model's compiled SQL in dependency order, as dbt would, but without dbt."""
    nodes = {
        k: n
        for k, n in json.loads(manifest.read_text("utf-8"))["nodes"].items()
        if n["resource_type"] == "model"
    }
    compiled = manifest.parent / "compiled"
    with duckdb.connect(str(build_file)) as connection:
        for key in TopologicalSorter(
            {k: [d for d in n["depends_on"]["nodes"] if d in nodes] for k, n in nodes.items()}
        ).static_order():
            node = nodes[key]
            [sql] = compiled.rglob(f"{node['name']}.sql")
            kind = "view" if node["config"]["materialized"] == "view" else "table"
            name = f'{node["schema"]}."{node["name"]}"'
            connection.execute(f"create or replace {kind} {name} as {sql.read_text('utf-8')}")


def run_dbt(settings: Settings, data_dir: Path, *arguments: str) -> None:
    target = str(data_dir / "target")
    overrides = {
        "LCT_DATA_DIR": str(data_dir),
        "DBT_TARGET_PATH": target,
        "DBT_LOG_PATH": target,
        "DO_NOT_TRACK": "1",
    }
    subprocess.run(
        [
            dbt_executable(),
            *arguments,
            "--project-dir",
            str(PROJECT_ROOT),
            "--profiles-dir",
            str(PROJECT_ROOT),
        ],
        cwd=PROJECT_ROOT,
        env=environment(settings) | overrides,
        check=True,
        capture_output=True,
    )


if __name__ == "__main__":
    sys.exit(main())
