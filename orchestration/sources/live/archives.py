"""Publishers' zips, landed from a path or an address: BACI, and the World Bank's bulk file."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from orchestration.landing.layout import LandingError
from orchestration.landing.manifest import LeftOut, Manifest
from orchestration.landing.registration import register
from orchestration.settings import Settings
from orchestration.sources.live.services import Say
from orchestration.sources.live.transport import Transport


def fill_with_baci(
    manifest: Manifest, settings: Settings, say: Say = lambda _: None, **options
) -> list[LeftOut]:
    """Land BACI from the place that the setting LCT_BACI names. Returns what was left out."""
    settings.incoming_dir.mkdir(parents=True, exist_ok=True)
    transport = Transport("CEPII", settings.baci, say, **options)
    try:
        return land_archive(manifest, settings.baci, "LCT_BACI", settings.incoming_dir, transport)
    finally:
        transport.close()


def land_archive(
    manifest: Manifest, place: str, setting: str, incoming: Path, transport: Transport
) -> list[LeftOut]:
    """Land a publisher's zip from a path or an address; it is read without unpacking.

    A download from an address can be resumed. Returns what was left out. BACI's releases do not
    change: what has landed from an address is not downloaded again.
    """
    try:
        if not place.startswith(("http://", "https://")):
            path = Path(place).expanduser()
            if not path.is_file():
                raise LandingError(
                    f"{setting}={place}: no such file. "
                    "Give the path of the publisher's zip, or its address."
                )
            return register(manifest, [path], "files", transport.say)
        address = without_query(place)
        if setting == "LCT_BACI" and any(
            f.parameters.get("address") == address
            for f in (*manifest.files, *(u.entry for u in manifest.unlanded))
        ):
            return []
        transport.say(f"downloading {address}")
        path = transport.download(
            place, incoming / (Path(urlsplit(place).path).name or "download.zip")
        )
        refused = register(manifest, [path], "download", transport.say, {"address": address})
        path.unlink(missing_ok=True)
        return refused
    except LandingError as error:
        transport.say(f"refused: {error}")
        return [LeftOut(setting, "refused", str(error))]


def without_query(address: str) -> str:
    """An address without the parts that may hold a secret."""
    parts = urlsplit(address)
    return (
        f"{parts.scheme}://{parts.hostname}{f':{parts.port}' if parts.port else ''}{parts.path}"
        if parts.scheme
        else address
    )
