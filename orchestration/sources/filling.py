"""Filling the landing zone from the source the settings name.

Everything downstream is the same for all sources.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from orchestration.landing.manifest import LeftOut, Manifest, read_manifest
from orchestration.settings import Settings
from orchestration.sources.folder import fill_from_folder

if TYPE_CHECKING:
    from orchestration.sources.live.services import Services


def fill_landing_zone(
    settings: Settings,
    say: Callable[[str], None] = lambda _: None,
    services: Callable[[], Services] | None = None,
) -> Manifest:
    """Fill the landing zone from the chosen source and return its manifest.

    Synthetic and real files never mix: the manifest's `is_synthetic` says which of them the
    warehouse is built from. `services` opens the connections for SOURCE=api; default: those of the
    settings. Raises LandingError if the source has nothing usable.
    """
    manifest = read_manifest(settings.manifest_path, say)
    baci_left_out: list[LeftOut] = []
    if settings.baci and settings.source != "demo":
        from orchestration.sources.live.archives import fill_with_baci

        baci_left_out = fill_with_baci(manifest, settings, say)
    if settings.source == "files":
        fill_from_folder(manifest, settings.landing_folder, say, settings.data_dir)
    elif settings.source == "demo":
        from orchestration.sources.synthetic import fill_with_demo

        fill_with_demo(manifest, settings.demo_seed, say, settings.demo_scale, settings.demo_rows)
    else:
        from orchestration.sources.live.refresh import fill_from_api

        fill_from_api(manifest, settings, say, services() if services else None)
    if baci_left_out:
        manifest.left_out += baci_left_out
        manifest.write()
    return manifest
