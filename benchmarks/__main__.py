"""`make bench`: every question in turn; docs/performance.json, the page and its pictures.

What has been measured is written after each question, so that hours are not lost to the last one.
Sizes that are not asked for keep the results they have; everything else is measured again.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import time
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import psutil

from benchmarks import estimation, growth, models, overhead, page, plots, synthetic_world
from benchmarks.goals import Results, judged
from benchmarks.measuring import Say
from orchestration.durable import write_then_replace
from orchestration.memory import limit
from orchestration.settings import PROJECT_ROOT, load_settings

ROWS = "1e6 10e6 100e6"
PACKAGES = ("duckdb", "polars", "pandas", "pyarrow", "dbt-core", "dagster", "linearmodels")
QUESTIONS = ("sizes", "demo", "real_files", "estimation", "overhead", "synthetic_world")


def main() -> None:
    chosen = _arguments()
    started = time.monotonic()

    def say(text: str) -> None:
        minutes, seconds = divmod(int(time.monotonic() - started), 60)
        print(f"{minutes:3d}:{seconds:02d}  {text}", flush=True)

    known = chosen.docs / "performance.json"
    results = json.loads(known.read_text("utf-8")) if known.exists() else {}
    if not chosen.page_only:
        results["measured"] = machine()
        chosen.folder.mkdir(parents=True, exist_ok=True)
        for name, question in questions(chosen, results, say):
            say(f"== {name}")
            question()
            write(results, chosen.docs)
    write(results, chosen.docs)
    say(f"written: {known.name}, performance.md and {len(results['pictures'])} pictures")


def questions(
    chosen: argparse.Namespace, results: Results, say: Say
) -> list[tuple[str, Callable[[], None]]]:
    """The questions that are asked, each a function that puts its answer into the results."""
    folder: Path = chosen.folder

    def of_size(rows: int) -> Callable[[], None]:
        def ask() -> None:
            found = growth.measure(rows, folder, say)
            results.setdefault("sizes", {})[str(rows)] = {
                **found,
                "measured": _when(),
                "machine_was_shared": chosen.shared_machine,
            }

        return ask

    def of_demo() -> None:
        results["demo"] = growth.demo(folder, say)

    def of_real_files() -> None:
        results["real_files"] = growth.real_files(chosen.landing, folder, say)

    def of_estimation() -> None:
        say("the regressions, and linearmodels")
        results["estimation"] = estimation.measure(_demo_settings(folder))

    def of_overhead() -> None:
        settings = _demo_settings(folder)
        found = overhead.measure(settings, say)
        found["bare_models"] = models.run_bare(settings)
        found["around_the_stages"] = results["demo"]["nothing_new"]["around_the_stages"]
        results["overhead"] = found

    def of_synthetic_world() -> None:
        results["synthetic_world"] = synthetic_world.measure(folder, say)

    asked = {
        "demo": of_demo,
        "real_files": of_real_files,
        "estimation": of_estimation,
        "overhead": of_overhead,
        "synthetic_world": of_synthetic_world,
    }
    listed = [(f"{rows:,} rows", of_size(rows)) for rows in chosen.rows if "sizes" in chosen.only]
    listed += [(name.replace("_", " "), ask) for name, ask in asked.items() if name in chosen.only]
    if not chosen.landing.is_dir():
        say("real files: not measured, LCT_REAL_LANDING is no folder")
        listed = [(name, ask) for name, ask in listed if name != "real files"]
    return listed


def write(results: Results, docs: Path) -> None:
    """The results, rounded; the page and the pictures are made from what is written."""
    results["goals"] = judged(results)
    rounded = _rounded(results)
    pictures = plots.draw_all(rounded, docs / "performance")
    results["pictures"] = rounded["pictures"] = [path.stem for path in pictures]
    write_then_replace(docs / "performance.json", json.dumps(rounded, indent=1) + "\n")
    page.write_page(rounded, docs / "performance.md", docs / "performance")


def machine() -> Results:
    """What the numbers depend on, and nothing by which the machine is known."""
    return {
        **_when(),
        "processors": len(psutil.Process().cpu_affinity())
        if hasattr(psutil.Process, "cpu_affinity")
        else os.cpu_count(),
        "processor": _processor(),
        "memory_bytes": psutil.virtual_memory().total,
        "memory_limit": limit(),
        "versions": {"Python": platform.python_version(), **{p: version(p) for p in PACKAGES}},
    }


def _when() -> Results:
    command = ["git", "describe", "--always", "--dirty"]
    found = subprocess.run(command, cwd=PROJECT_ROOT, capture_output=True, text=True, check=False)
    return {"date": f"{datetime.now(UTC):%Y-%m-%d}", "commit": found.stdout.strip() or "unknown"}


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text("utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _rounded(value):
    """Floats with six digits that count, so that the file can be read and compared."""
    if isinstance(value, dict):
        return {name: _rounded(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_rounded(part) for part in value]
    return float(f"{value:.6g}") if isinstance(value, float) else value


def _demo_settings(folder: Path):
    return load_settings({"LCT_DATA_DIR": str(folder / "data" / "demo")})


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    say_rows = os.environ.get("BENCH_ROWS") or ROWS
    parser.add_argument("--rows", default=say_rows, help=f"numbers of rows, such as '{ROWS}'")
    parser.add_argument(
        "--folder", type=Path, default=os.environ.get("BENCH_DIR") or PROJECT_ROOT / "data/bench"
    )
    parser.add_argument("--docs", type=Path, default=PROJECT_ROOT / "docs")
    parser.add_argument("--only", nargs="+", choices=QUESTIONS, default=QUESTIONS)
    parser.add_argument(
        "--shared-machine",
        action="store_true",
        help="other work goes on: of sizes measured now the page says so, and draws no seconds",
    )
    parser.add_argument("--page-only", action="store_true", help="from performance.json, again")
    chosen = parser.parse_args()
    try:
        chosen.rows = [
            load_settings({"LCT_DEMO_ROWS": text}).demo_rows for text in chosen.rows.split()
        ]
    except ValueError as error:
        parser.error(str(error).replace("LCT_DEMO_ROWS", "BENCH_ROWS"))
    real = os.environ.get("LCT_REAL_LANDING") or PROJECT_ROOT / ".." / "shared" / "landing"
    chosen.landing = Path(real).resolve()
    chosen.folder = chosen.folder.resolve()
    return chosen


if __name__ == "__main__":
    main()
