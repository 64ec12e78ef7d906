"""docs/performance.md from docs/performance.json: the page holds no number that is not there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from benchmarks.goals import REFERENCE_ROWS, Results, reference, size
from benchmarks.plots import PICTURES, RUNS, WAYS

HEAD = """\
# Performance

How the warehouse grows with its data, what it costs beside hand-written scripts,
and where the time goes.
`make bench` measures all of it and writes this page, its pictures and `performance.json`,
from which every number here comes.
Each measurement is a process of its own; seconds are those of one machine on one day,
so what counts are the ratios.
"""
CONVERSION_WHERE_GOALS_WERE_SET = 82  # seconds
LONGEST_NAME = 60  # of a data test, whose name holds all its columns
SAME_WORK = """\
From the same sorted Parquet and the same seeds: the classified fact (one treatment, one basis),
its sums by economy, year, sector and direction, and the lagged panel of trade with China
(`benchmarks/by_hand/`).
The scripts agree with each other to 1e-9 and with the warehouse to 1e-6 before any time counts;
they count nothing that is left out, test nothing and give no reasons.
The warehouse's models have three treatments, three bases, two scopes,
and all other covariates of the panel.
"""
LANDING = """\
Both end with the same storage: typed Parquet, zstd, groups of 100,000 rows,
sorted by code, exporter and importer, with file and row of origin.
Ours also copies each file into the landing zone, takes its checksum and checks every value.
"""
GOALS_MISSED = """\
Where a goal is missed:

- **Models beside the script.** A copy of the script's work is done for each of three treatments
  and two sources, and counted, explained and tested on the way.
  Concentration and prices came after the goal was set; concentration, of every importer in every
  product, mineral and technology, has three times the rows of the default fact.
  What helped: listed codes are cut out first, by code alone, from sorted Parquet;
  BACI is summed once for the treatments that agree; wide intermediate steps are views;
  a market is a number until it is named.
- **polars and pandas.** The scripts do one treatment and basis, as DuckDB's does; the same holds.
- **Memory at 100 million rows.** The largest share is the estimates': two fits of gravity at once,
  up to a gigabyte each. Since then estimation keeps memory for its arrays (`ceded_to_arrays`):
  4.1 GB, measured beside other work.
- **One changed year.** Start-up, the data tests, all estimates and the publication are done again,
  whatever has changed, and so are all models: they are not incremental,
  so that no number depends on the order in which years landed.
- **Landing** reads each file once and does what DuckDB's conversion does at its speed,
  the copy into the landing zone, the checksum and the checks besides: as long, to two parts in a
  thousand at this size, and a little longer where files are small.
- **The demo** spends its time on models with their tests and on all fits
  under all kinds of inference, gravity and specification curves among them;
  none is left out for a first look.
- **The whole run.** The goal is about what landing and models take;
  estimates and publication came to be as much again:
  gravity fits up to a million rows of all pairs of economies, in 41 columns,
  every table is sorted, written twice and read back,
  and some 400 pages are drawn.
  What helped: two fits of gravity at once, and one for a column and its correction.
"""
WORLD = """\
The data are the synthetic world at scale `baci` with `LCT_DEMO_ROWS` ([demo.md](demo.md)):
28 years, every pair of economies in some 5,200 codes.
What lands of it is what lands without a key: BACI, the World Bank's indicators, CEPII's distances.
UN Comtrade's files, the same at any number of rows, are in the demo and the real files below.
"""


def write_page(results: Results, path: Path, pictures: Path) -> None:
    path.write_text(render(results, pictures.relative_to(path.parent)), encoding="utf-8")


def render(results: Results, pictures: Path = Path("performance")) -> str:
    parts = [
        HEAD,
        _machine(results),
        *_section("Goals", [_goals(results), _growing(results), GOALS_MISSED]),
        *_section("Growth", [WORLD, _growth(results), *_pictures(results, pictures, "growth")]),
        *_section("", _pictures(results, pictures, "memory")),
        *_section("Landing and loading", [LANDING, _landing(results)]),
        *_section(
            "The same work by hand",
            [SAME_WORK, _same_work(results), *_pictures(results, pictures, "same_work")],
        ),
        *_section("Where the time goes", _profile(results, pictures)),
        *_section("Estimation", [_estimation(results)]),
        *_section("What Dagster and dbt add", [_overhead(results)]),
        *_section("Demo and real files", [_other_runs(results)]),
        *_section("The synthetic world", [_synthetic(results)]),
    ]
    return "\n".join(part for part in parts if part)


def _section(title: str, parts: Iterable[str]) -> list[str]:
    """Nothing if nothing of it has been measured: a text before a table needs the table."""
    parts = list(parts)
    if not any("|" in part or "![" in part for part in parts):
        return []
    return [*([f"## {title}\n"] if title else []), *(part for part in parts if part)]


def _machine(results: Results) -> str:
    of = results.get("measured", {})
    if not of:
        return ""
    versions = ", ".join(f"{name} {version}" for name, version in of["versions"].items())
    return (
        f"Measured on {of['date']} at commit {of['commit']}: {of['processors']} processors "
        f"({of['processor']}), {of['memory_bytes'] / 1e9:.0f} GB of memory, "
        f"a limit of {of['memory_limit']} for each database.\n{versions}.\n"
    )


def _goals(results: Results) -> str:
    rows = [
        (
            goal["work"],
            _with_unit(goal["value"], goal["unit"]),
            f"<= {_with_unit(goal['at_most'], goal['unit'])}",
            {True: "yes", False: "**no**", None: "not measured"}[goal["is_met"]],
        )
        for goal in results.get("goals", [])
    ]
    table = _table(["work", "measured", "goal", "met"], rows)
    try:
        count = reference(results)["rows"]
    except KeyError:
        return table
    return f"Ratios are those at {count:,} rows, unless they say otherwise.\n\n{table}"


def _growing(results: Results) -> str:
    """What the models take for more rows: what they take at any size is left out."""
    sizes = [of for _, of in _sizes(results) if "same_work" in of]
    if len(sizes) < 2:
        return ""
    least, most = sizes[0], sizes[-1]
    grown = {
        way: most["same_work"][way]["seconds"] - least["same_work"][way]["seconds"]
        for way in ("all_models", "default_fact_and_panel", "by_hand_duckdb")
    }
    return (
        f"From {least['rows']:,} to {most['rows']:,} rows all models take "
        f"{_number(grown['all_models'])} s more,\n"
        f"the default fact and panel {_number(grown['default_fact_and_panel'])} s "
        f"and the script {_number(grown['by_hand_duckdb'])} s: "
        f"{_number(grown['all_models'] / grown['by_hand_duckdb'])} and "
        f"{_number(grown['default_fact_and_panel'] / grown['by_hand_duckdb'])} times.\n"
        f"The rest, {_number(least['same_work']['all_models']['seconds'])} s for all models, "
        "is the World Bank's indicators and what a query costs at any size.\n"
        f"{_machine_of_the_goals(results)}"
    )


def _machine_of_the_goals(results: Results) -> str:
    """How slow the machine was, by what DuckDB alone does on it."""
    try:
        both = size(results, REFERENCE_ROWS)["landing_and_loading"]
    except KeyError:
        return ""
    return (
        f"Goals in seconds were set where DuckDB's own conversion of {REFERENCE_ROWS:,} rows took "
        f"{CONVERSION_WHERE_GOALS_WERE_SET} s; here it took "
        f"{_number(both['by_duckdb']['seconds'])} s.\n"
    )


def _growth(results: Results) -> str:
    rows = []
    for _, of in _sizes(results):
        beside = ", beside other work" if of.get("machine_was_shared") else ""
        for run, name in RUNS.items():
            if run in of:
                rows.append(
                    (
                        f"{of['rows']:,}",
                        f"{name}{beside}",
                        _number(of[run]["seconds"]),
                        _number(of[run]["cpu_seconds"]),
                        _number(of[run]["peak_bytes"] / 1e9),
                    )
                )
    return _table(["rows of BACI", "run", "seconds", "processor seconds", "peak memory, GB"], rows)


def _landing(results: Results) -> str:
    rows = []
    for _, of in _sizes(results):
        for who, name in (("ours", "ours"), ("by_duckdb", "DuckDB alone")):
            if "landing_and_loading" in of:
                both = of["landing_and_loading"]
                took = both[who]
                rows.append(
                    (
                        f"{took['rows']:,}",
                        name,
                        _number(took["seconds"]),
                        _number(took["seconds"] / both["by_duckdb"]["seconds"]),
                        _number(took["cpu_seconds"]),
                        _number(took["process"]["peak_bytes"] / 1e9),
                        _number(took["parquet_bytes"] / 1e9),
                    )
                )
    return _table(
        ["rows", "who", "seconds", "ratio", "processor seconds", "peak memory, GB", "Parquet, GB"],
        rows,
    )


def _same_work(results: Results) -> str:
    rows = []
    for count, of in _sizes(results):
        work = of.get("same_work", {})
        for way, name in WAYS.items():
            if way in work:
                rows.append(
                    (
                        f"{count:,}",
                        name,
                        _number(work[way]["seconds"]),
                        _number(work[way]["seconds"] / work["by_hand_duckdb"]["seconds"]),
                        _number(work[way]["cpu_seconds"]),
                        _number(work[way]["process"]["peak_bytes"] / 1e9),
                    )
                )
    return _table(["rows", "way", "seconds", "ratio", "processor seconds", "peak memory, GB"], rows)


def _profile(results: Results, pictures: Path) -> list[str]:
    try:
        of = reference(results)
    except KeyError:
        return []
    parts = [f"At {of['rows']:,} rows.\n"]
    parts += _pictures(results, pictures, "stages")
    parts += _pictures(results, pictures, "slowest_models")
    rows = [
        (kind, spent["count"], _number(spent["seconds"]), ", ".join(_slowest(spent["slowest"], 4)))
        for kind, spent in of.get("data_tests", {}).items()
        if kind in ("model", "seed", "test")
    ]
    parts.append(_table(["dbt ran", "how many", "seconds", "the slowest"], rows))
    return parts


def _slowest(taken: dict[str, float], count: int) -> Iterator[str]:
    for name, seconds in list(taken.items())[:count]:
        shown = name if len(name) <= LONGEST_NAME else f"{name[:LONGEST_NAME]}..."
        yield f"`{shown}` {_number(seconds)} s"


def _estimation(results: Results) -> str:
    of = results.get("estimation")
    if not of:
        return ""
    beside = of["against_linearmodels"]
    names = {
        "all_exhibits_clustered": "all exhibits on all bases, clustered",
        "all_variants_all_inference": "all variants under all kinds of inference",
    }
    rows = [(name, of[key]["fits"], _number(of[key]["seconds"]), "") for key, name in names.items()]
    for who, name in (
        ("ours", "the report's regressions, clustered, one by one"),
        ("linearmodels", "the same by linearmodels"),
    ):
        ratio = beside[f"{who}_seconds"] / beside["linearmodels_seconds"]
        rows.append((name, beside["fits"], _number(beside[f"{who}_seconds"]), _number(ratio)))
    return _table(["what", "fits", "seconds", "ratio"], rows)


def _overhead(results: Results) -> str:
    of = results.get("overhead")
    if not of:
        return ""
    bare = of["bare_models"]["seconds"]
    rows = [("the models as bare DuckDB", _number(bare), "1")]
    for key, name in (
        ("dbt_run", "dbt run"),
        ("dbt_build", "dbt build, with seeds and all data tests"),
    ):
        rows.append((name, _number(of[key]["seconds"]), _number(of[key]["seconds"] / bare)))
    rows.append(("Dagster: loading the code location", _number(of["code_location"]["seconds"]), ""))
    rows.append(("a whole run, around its stages", _number(of["around_the_stages"]), ""))
    return _table(["what", "seconds", "ratio"], rows)


def _other_runs(results: Results) -> str:
    rows = []
    for key, name in (("demo", "the demo, its world included"), ("real_files", "real files")):
        for run, kind in RUNS.items():
            took = results.get(key, {}).get(run)
            if took:
                peak = _number(took["peak_bytes"] / 1e9)
                seconds = (_number(took["seconds"]), _number(took["cpu_seconds"]))
                rows.append((name, kind, *seconds, peak))
    return _table(["data", "run", "seconds", "processor seconds", "peak memory, GB"], rows)


def _synthetic(results: Results) -> str:
    of = results.get("synthetic_world", {})
    rows = [
        (f"scale `{scale}`", "", _number(of[scale]["process"]["seconds"]), _bytes(of[scale]))
        for scale in ("small", "report")
        if scale in of
    ]
    rows += [
        (
            "scale `baci`",
            f"{size['world']['rows']:,}",
            _number(size["world"]["process"]["seconds"]),
            _bytes(size["world"]),
        )
        for _, size in _sizes(results)
        if "world" in size
    ]
    text = _table(["world", "rows of BACI", "seconds", "GB written"], rows)
    recovery = of.get("recovery")
    if recovery:
        text += (
            f"\nOver {recovery['worlds']:,} worlds, 95 percent intervals and the planted truth:\n\n"
        )
        text += _table(
            ["exhibit", "inference", "terms", "coverage", "lowest", "highest", "largest bias, sd"],
            [tuple(str(v) for v in row.values()) for row in recovery["rows"]],
        )
    return text


def _bytes(of: Results) -> str:
    return _number(of["bytes"] / 1e9)


def _pictures(results: Results, pictures: Path, *names: str) -> list[str]:
    return [
        f"![{PICTURES[name].__doc__}]({(pictures / name).as_posix()}.svg)\n"
        for name in names
        if name in results.get("pictures", [])
    ]


def _sizes(results: Results) -> list[tuple[int, Results]]:
    return sorted((int(rows), of) for rows, of in results.get("sizes", {}).items())


def _table(header: list[str], rows: list[tuple]) -> str:
    if not rows:
        return ""
    lines = [header, ["---"] * len(header), *rows]
    return "".join(f"| {' | '.join(map(str, line))} |\n" for line in lines)


def _with_unit(value: float | None, unit: str) -> str:
    return "-" if value is None else f"{_number(value)} {unit}".strip()


def _number(value: float) -> str:
    """Three digits that count, and no more zeros than they need."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
