"""Landing a world: its files, written from a seed, registered as the source of a warehouse."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from orchestration.durable import file_lock
from orchestration.landing.manifest import SYNTHETIC, LeftOut, Manifest
from orchestration.landing.publishers.baci import BACI_ECONOMIES
from orchestration.landing.registration import register
from orchestration.settings import PLANTED_TRUTH
from orchestration.sources.synthetic.calibration import SCALES
from orchestration.sources.synthetic.distances import DISTANCES_FILE, write_distances
from orchestration.sources.synthetic.every_code import rows_by_year
from orchestration.sources.synthetic.files import (
    write_all_of_baci,
    write_baci,
    write_comtrade,
    write_comtrade_months,
    write_wdi,
)
from orchestration.sources.synthetic.flows import invent_flows
from orchestration.sources.synthetic.months import monthly_rows
from orchestration.sources.synthetic.reports import comtrade_rows
from orchestration.sources.synthetic.truth import describe
from orchestration.sources.synthetic.world import GENERATOR_VERSION, invent, random_numbers

SCRATCH = "demo-"


def fill_with_demo(
    manifest: Manifest,
    seed: int,
    say: Callable[[str], None] = print,
    scale: str = "report",
    rows: int | None = None,
) -> list[LeftOut]:
    """Land the synthetic world of `seed` and make it the one the warehouse is built from.

    Files that have landed already are kept. The planted truth is written beside the data, as
    planted_truth.json. Returns what was left out (nothing, unless the disk is at fault).
    """
    parameters = _parameters(seed, scale, rows)
    if rows is not None and "rows" not in parameters:
        say(f"demo: LCT_DEMO_ROWS counts at scale baci only, not at {scale}")
    manifest.is_synthetic = True
    if _has_landed(manifest, parameters):
        manifest.left_out = []
        manifest.write()
        say(f"demo: the synthetic world of seed {seed} has landed already")
        return []
    manifest.folder.mkdir(parents=True, exist_ok=True)
    with (
        file_lock(manifest.folder.parent / "demo.lock", say),
        tempfile.TemporaryDirectory(dir=manifest.folder.parent, prefix=SCRATCH) as scratch,
    ):
        for leftover in manifest.folder.parent.glob(f"{SCRATCH}*"):  # from a run that was killed
            if leftover != Path(scratch):
                shutil.rmtree(leftover)
        paths = write_world(Path(scratch), seed, scale, say, rows)
        (Path(scratch) / PLANTED_TRUTH).replace(manifest.folder / PLANTED_TRUTH)
        return register(manifest, paths, origin=SYNTHETIC, say=say, parameters=parameters)


def _parameters(seed: int, scale: str, rows: int | None) -> dict[str, str | int]:
    """What the content of a world's files follows from."""
    count = {"rows": sum(rows_by_year(rows).values())} if SCALES[scale].every_code else {}
    return {
        "synthetic": "every number is invented",
        "seed": seed,
        "scale": scale,
        **count,
        "generator_version": GENERATOR_VERSION,
    }


def _has_landed(manifest: Manifest, parameters: dict) -> bool:
    files = manifest.current()
    # BACI's list of codes is the same for every seed, so it may have landed with another one
    seeded = [f for f in files if f.tables[0].layout != BACI_ECONOMIES.name]
    truth = manifest.folder / PLANTED_TRUTH
    complete = truth.exists() and {
        *json.loads(truth.read_text("utf-8"))["files"],
        DISTANCES_FILE,  # worlds that landed before had none
    } <= {f.parameters["published_name"] for f in files}
    return (
        complete
        and all((manifest.folder / f.file).exists() for f in files)
        and all(parameters.items() <= f.parameters.items() for f in seeded)
    )


def write_world(
    folder: Path,
    seed: int,
    scale: str = "report",
    say: Callable[[str], None] = lambda _: None,
    rows: int | None = None,
) -> list[Path]:
    """Generate the world of `seed` and write its files, and planted_truth.json, into `folder`.

    `rows` is how many BACI has at scale `baci`; default: as many as the real one. Returns the files
    in the order in which they land.
    """
    size = SCALES[scale]
    say(f"demo: inventing a synthetic world (seed {seed}, scale {scale})")
    rng = random_numbers(seed)
    world = invent(rng)
    flows = invent_flows(rng, world, size)
    records, months = monthly_rows(seed, world, comtrade_rows(rng, world, flows))
    paths = write_comtrade(folder, world, records)
    say(f"demo: wrote {len(paths)} years of UN Comtrade")
    paths += write_comtrade_months(folder, world, months)
    if size.every_code:
        paths += write_all_of_baci(folder, rng, world, flows, size, seed, rows, say)
    else:
        paths += write_baci(folder, rng, world, flows, size)
    paths.append(write_wdi(folder, rng, world))
    paths.append(write_distances(folder, world.economies, seed))
    truth = _parameters(seed, scale, rows) | {"files": [p.name for p in paths]}
    (folder / PLANTED_TRUTH).write_text(
        json.dumps(truth | describe(world, flows, records), indent=1) + "\n", encoding="utf-8"
    )
    return paths
