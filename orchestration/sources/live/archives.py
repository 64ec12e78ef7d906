"""Publishers' zips, landed from a path or an address: BACI, and the World Bank's bulk file."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from orchestration.landing.layout import LandingError
from orchestration.landing.manifest import LeftOut, Manifest
from orchestration.landing.registration import register
from orchestration.settings import Settings
from orchestration.sources.live.downloads import download
from orchestration.sources.live.redaction import is_address, shown_place
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
        if is_address(place):
            return _land_from_address(manifest, place.strip(), setting, incoming, transport)
        path = _file_at(place)
        if path is None:
            raise LandingError(
                f"{setting}={shown_place(place)}: no such file. "
                "Give the path of the publisher's zip, or its address."
            )
        return register(manifest, [path], "files", transport.say)
    except LandingError as error:
        reason = transport.redacted(str(error))
        transport.say(f"refused: {reason}")
        return [LeftOut(setting, "refused", reason)]


def _file_at(place: str) -> Path | None:
    try:
        path = Path(place).expanduser()
        return path if path.is_file() else None
    except (OSError, ValueError, RuntimeError):
        # too long, with a zero byte, of no known user
        return None


def _land_from_address(
    manifest: Manifest, place: str, setting: str, incoming: Path, transport: Transport
) -> list[LeftOut]:
    address = shown_place(place)
    if not address.startswith(("http://", "https://")) or not _is_readable(place):
        raise LandingError(
            f"{setting}={address}: not an address of the web. "
            "Give one that begins with https://, or the path of the publisher's zip."
        )
    if setting == "LCT_BACI" and any(
        f.parameters.get("address") == address
        for f in (*manifest.files, *(u.entry for u in manifest.unlanded))
    ):
        transport.say(f"{address} has landed before; its releases do not change")
        return []
    transport.say(f"downloading {address}")
    path = download(transport, place, incoming / _file_name(place))
    refused = register(manifest, [path], "download", transport.say, {"address": address})
    path.unlink(missing_ok=True)
    return refused


def _is_readable(address: str) -> bool:
    try:
        return bool(httpx.URL(address).host)
    except (httpx.InvalidURL, ValueError):
        return False


def _file_name(address: str) -> str:
    """The name of the file at an address, or one of ours where that is no name for a file here."""
    name = urlsplit(address).path.rpartition("/")[2]
    return name if re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9._+%()-]{0,99}", name) else "download.zip"
