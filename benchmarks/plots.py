"""The pictures of docs/performance.md, from the results alone: same results, same bytes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

from benchmarks.goals import Results, reference

COLOURS = ("#0b5394", "#b45f06", "#38761d", "#741b47", "#7f6000")
RUNS = {
    "first_run": "first run",
    "changed_year": "one changed year",
    "nothing_new": "nothing new",
}
WAYS = {
    "by_hand_duckdb": "by hand, DuckDB",
    "by_hand_polars": "by hand, polars",
    "by_hand_pandas_with_filters": "by hand, pandas with pyarrow's filters",
    "by_hand_pandas": "by hand, pandas",
    "default_fact_and_panel": "warehouse: default fact and panel",
    "models_of_the_report": "warehouse: all but concentration and prices",
    "all_models": "warehouse: all models",
}


def draw_all(results: Results, folder: Path) -> list[Path]:
    """Draw what has been measured; pictures that no longer have data are removed."""
    folder.mkdir(parents=True, exist_ok=True)
    style: dict[Any, Any] = {
        "svg.hashsalt": "low-carbon-trade-warehouse",
        "svg.fonttype": "none",
        "font.family": "sans-serif",
        "axes.spines.top": False,
        "axes.spines.right": False,
    }
    paths = []
    with matplotlib.rc_context(style):
        for name, draw in PICTURES.items():
            path = folder / f"{name}.svg"
            figure, axes = plt.subplots(figsize=(7.5, 3.8), layout="constrained")
            if draw(axes, results):
                figure.savefig(path, metadata={"Date": None})
                paths.append(path)
            else:
                path.unlink(missing_ok=True)
            plt.close(figure)
    return paths


def growth(axes: Axes, results: Results) -> bool:
    """Seconds of whole runs by rows, both on logarithmic scales."""
    return _by_size(axes, results, "seconds", 1, "seconds")


def memory(axes: Axes, results: Results) -> bool:
    """Peak memory of whole runs by rows."""
    found = _by_size(axes, results, "peak_bytes", 1e9, "peak memory of the process tree, GB")
    axes.set_yscale("linear")
    axes.margins(y=0.1)
    axes.set_ylim(bottom=0)
    return found


def _by_size(axes: Axes, results: Results, what: str, unit: float, label: str) -> bool:
    sizes = sorted(results.get("sizes", {}).items(), key=lambda item: int(item[0]))
    is_drawn = False
    for (run, name), colour, marker in zip(RUNS.items(), COLOURS, "os^", strict=False):
        points = [
            (int(rows), of[run][what] / unit)
            for rows, of in sizes
            if run in of and not (what == "seconds" and of.get("machine_was_shared"))
        ]
        if points:
            axes.plot(*zip(*points, strict=True), label=name, color=colour, marker=marker)
            is_drawn = True
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel("rows of BACI")
    axes.set_ylabel(label)
    if is_drawn:
        axes.legend(frameon=False)
    return is_drawn


def same_work(axes: Axes, results: Results) -> bool:
    """Seconds for the classified fact, its sums and the panel, from the same Parquet."""
    work = _of_reference(results, "same_work")
    taken = {label: work[way]["seconds"] for way, label in WAYS.items() if way in work}
    return _bars(axes, taken, "seconds")


def stages(axes: Axes, results: Results) -> bool:
    """Seconds of the stages of the first run."""
    run = _of_reference(results, "first_run")
    taken = dict(run.get("stages", {}))
    if run:
        taken["around the stages"] = run["around_the_stages"]
    longest = dict(sorted(taken.items(), key=lambda item: -item[1])[:10])
    return _bars(axes, longest, "seconds")


def slowest_models(axes: Axes, results: Results) -> bool:
    """Seconds of the slowest models as bare SQL."""
    work = _of_reference(results, "same_work")
    return _bars(axes, work.get("all_models", {}).get("slowest", {}), "seconds")


def _of_reference(results: Results, part: str) -> Results:
    try:
        return reference(results).get(part, {})
    except KeyError:
        return {}


def _bars(axes: Axes, taken: dict[str, float], label: str) -> bool:
    names = list(taken)[::-1]
    bars = axes.barh(names, [taken[name] for name in names], color=COLOURS[0])
    axes.bar_label(bars, fmt="%.3g", padding=3)
    axes.set_xlabel(label)
    axes.margins(x=0.12)
    return bool(taken)


PICTURES = {
    "growth": growth,
    "memory": memory,
    "same_work": same_work,
    "stages": stages,
    "slowest_models": slowest_models,
}
