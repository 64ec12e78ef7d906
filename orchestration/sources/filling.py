"""Filling the landing zone from the source the settings name.

Everything downstream is the same for all sources.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from orchestration.landing.layout import LandingError
from orchestration.landing.manifest import LeftOut, Manifest, read_manifest
from orchestration.landing.publishers.baci import BACI_TRADE
from orchestration.landing.publishers.comtrade import COMTRADE_TRADE
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
    settings. Raises LandingError if the source has nothing usable; without a key, BACI is all the
    trade that SOURCE=api has.
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
        from orchestration.sources.live.services import asks_comtrade

        if not asks_comtrade(settings):
            _refuse_no_trade(manifest, baci_left_out)
        fill_from_api(manifest, settings, say, services() if services else None)
    if baci_left_out:
        manifest.left_out += baci_left_out
        manifest.write()
    return manifest


def _refuse_no_trade(manifest: Manifest, left_out: list[LeftOut]) -> None:
    """Refuse a refresh that asks no one else for trade where BACI has not landed."""
    trade = {BACI_TRADE.name, COMTRADE_TRADE.name}
    landed = {t.layout for f in manifest.files if not f.is_synthetic for t in f.tables}
    if not landed & trade:
        reasons = "; ".join(x.reason for x in left_out) or "What LCT_BACI names was taken out."
        raise LandingError(
            f"SOURCE=api: there is no trade. {reasons} "
            "Or give the key of UN Comtrade in COMTRADE_API_KEY."
        )
