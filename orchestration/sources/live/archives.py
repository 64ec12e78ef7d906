"""Publishers' zips, landed from a path or an address: BACI, and the World Bank's bulk file."""

from __future__ import annotations

import hashlib
import re
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from orchestration.durable import file_lock
from orchestration.landing.entries import FileEntry
from orchestration.landing.layout import LandingError
from orchestration.landing.manifest import LeftOut, Manifest
from orchestration.landing.registration import DOWNLOAD, register
from orchestration.settings import Settings
from orchestration.sources.live.downloads import (
    VALIDATORS,
    Edition,
    discard,
    download,
    edition_at,
    is_unchanged,
)
from orchestration.sources.live.errors import ServiceError
from orchestration.sources.live.redaction import is_address, shown_place
from orchestration.sources.live.services import Say
from orchestration.sources.live.transport import Transport

UNNAMED = "download.zip"


def fill_with_baci(
    manifest: Manifest, settings: Settings, say: Say = lambda _: None, **options
) -> list[LeftOut]:
    """Land BACI from the places that the setting LCT_BACI names, one after the other.

    Returns what was left out: a place that cannot be used does not keep the others from landing.
    """
    left_out: list[LeftOut] = []
    incoming = settings.incoming_dir
    shown = [shown_place(place) for place in settings.baci]
    for number, place in enumerate(settings.baci):
        if is_address(place) and shown[number] in shown[:number]:
            left_out.append(_refused_twin(shown[number], say))
            continue
        with (
            closing(Transport("CEPII", place, say, **options)) as transport,
            # another run may be downloading this very file: it is waited for
            file_lock(incoming / "refresh.lock", say, transport.bounds.download_seconds),
        ):
            left_out += land_archive(manifest, place, "LCT_BACI", incoming, transport)
    return left_out


def _refused_twin(address: str, say: Say) -> LeftOut:
    reason = (
        f"LCT_BACI={address}: two addresses that differ only after the path, by which a file is "
        "known. Download one of them yourself and give its path."
    )
    say(f"refused: {reason}")
    return LeftOut("LCT_BACI", "refused", reason)


def land_archive(
    manifest: Manifest, place: str, setting: str, incoming: Path, transport: Transport
) -> list[LeftOut]:
    """Land a publisher's zip from a path or an address; it is read without unpacking.

    A download can be resumed, and what has landed from an address is downloaded again only if the
    file there has changed. Returns what was left out.
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
    # a folder for each address: two may end in the same name
    folder = incoming / f"download-{hashlib.sha256(address.encode()).hexdigest()[:8]}"
    path = folder / _file_name(place)
    landed = _landed_before(manifest, address, path.name)
    refused: list[LeftOut] = []
    try:
        if (
            landed is None
            or _is_damaged(manifest, landed, transport)
            or _has_changed(landed, place, transport)
        ):
            transport.say(f"downloading {address}")
            download(transport, place, path)
            edition = edition_at(path)
            parameters = {"address": address, **edition.validators}
            refused = register(manifest, [path], DOWNLOAD, transport.say, parameters, place=address)
        discard(path)
    finally:
        # what has arrived of an interrupted download stays in it
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
    return refused


def _landed_before(manifest: Manifest, address: str, name: str) -> FileEntry | None:
    """The file that has landed from this address, or else from elsewhere under its name.

    One that was taken out again counts too, and so does what another run has landed meanwhile.
    """
    with manifest.changing():
        known = [
            *(f for f in manifest.files if f.superseded_by is None and not f.is_synthetic),
            *(u.entry for u in manifest.unlanded),
        ]
    from_address = [f for f in known if f.parameters.get("address") == address]
    of_name = [f for f in known if f.parameters.get("published_name") == name != UNNAMED]
    return next(iter([*from_address, *of_name]), None)


def _is_damaged(manifest: Manifest, landed: FileEntry, transport: Transport) -> bool:
    """Whether a landed file is missing or not whole: another download restores it."""
    path = manifest.path_of(landed)
    if landed not in manifest.files or (path.is_file() and path.stat().st_size == landed.bytes):
        return False
    transport.say(f"{landed.file} is missing or not as it landed; it is downloaded again")
    return True


def _has_changed(landed: FileEntry, place: str, transport: Transport) -> bool:
    """Whether the file at an address is another than the one that has landed.

    A server that does not answer keeps no one from using what has landed.
    """
    address = shown_place(place)
    is_from_there = landed.parameters.get("address") == address
    words = {k: landed.parameters.get(k, "") for k in VALIDATORS} if is_from_there else {}
    try:
        if not is_unchanged(transport, place, Edition(**words, bytes=landed.bytes)):
            transport.say(f"{address} has changed since it landed on {landed.landed_at[:10]}")
            return True
        transport.say(f"{address} landed on {landed.landed_at[:10]} and has not changed since")
    except ServiceError as error:
        transport.say(
            f"warning: {error} Whether the file has changed since it landed on "
            f"{landed.landed_at[:10]} is not known; what has landed is used."
        )
    return False


def _is_readable(address: str) -> bool:
    try:
        return bool(httpx.URL(address).host)
    except (httpx.InvalidURL, ValueError):
        return False


def _file_name(address: str) -> str:
    """The name of the zip at an address, or one of ours where that is no name for one here."""
    name = urlsplit(address).path.rpartition("/")[2]
    is_fit = re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9._+%()-]{0,99}\.zip", name, re.IGNORECASE)
    return name if is_fit else UNNAMED
