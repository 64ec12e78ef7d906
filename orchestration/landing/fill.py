"""Filling the landing zone from the source the settings name.

Everything downstream is the same for all sources.
"""

from __future__ import annotations

from collections.abc import Callable

from orchestration.landing.files import fill_from_folder
from orchestration.landing.manifest import LeftOut, Manifest, read_manifest
from orchestration.settings import Settings


def fill_landing_zone(settings: Settings, say: Callable[[str], None] = lambda _: None) -> Manifest:
    """Fill the landing zone from the chosen source and return its manifest.

    Synthetic and real files never mix: the manifest's `world` says which of them the warehouse is
    built from.
    Raises LandingError if the source has nothing usable.
    """
    manifest = read_manifest(settings.manifest_path)
    baci_left_out: list[LeftOut] = []
    if settings.baci and settings.source != "demo":
        from orchestration.landing.api.refresh import fill_with_baci

        baci_left_out = fill_with_baci(manifest, settings, say)
    if settings.source == "files":
        fill_from_folder(manifest, settings.landing_folder, say)
    elif settings.source == "demo":
        from orchestration.landing.demo import fill_with_demo

        fill_with_demo(manifest, settings.demo_seed, say, settings.demo_scale)
    else:
        from orchestration.landing.api.refresh import fill_from_api

        fill_from_api(manifest, settings, say)
    if baci_left_out:
        manifest.left_out += baci_left_out
        manifest.write()
    return manifest
