"""One run of `make run` on a synthetic world whose files are ready: `python -m benchmarks.run`.

What is measured is the warehouse, not the invention of its data. The only thing replaced is the
function that writes the world: it links the files of LCT_BENCH_WORLD instead. With
LCT_BENCH_LAND_AGAIN=1 the files are landed although a world has landed already, as when a
publisher's year has changed.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

from orchestration.cli import run
from orchestration.settings import PLANTED_TRUTH
from orchestration.sources.synthetic import landing


def link_world(world: Path) -> Callable[..., list[Path]]:
    """A function that puts the files of a world where `write_world` would write them."""

    def link(folder: Path, *_: object) -> list[Path]:
        os.link(world / PLANTED_TRUTH, folder / PLANTED_TRUTH)
        names = sorted(p.name for p in world.iterdir() if p.name != PLANTED_TRUTH)
        for name in names:
            os.link(world / name, folder / name)
        return [folder / name for name in names]

    return link


def main() -> int:
    world = Path(os.environ["LCT_BENCH_WORLD"])
    landing.write_world = link_world(world)  # type: ignore[assignment]
    if os.environ.get("LCT_BENCH_LAND_AGAIN"):
        landing._has_landed = lambda *_: False  # type: ignore[assignment]
    return run.main()


if __name__ == "__main__":
    sys.exit(main())
