"""Large files from an address: resumed where they were interrupted, within limits of time and size.

Beside what has arrived stands which edition of the file it is: it is continued by the same edition
only, and a complete file is downloaded again only if the server has another. An address may hold a
secret (its query, its password): messages name its path alone, and the secret is taken out of
whatever the server says.
"""

from __future__ import annotations

import json
import time
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from orchestration.durable import (
    explaining_full_disk,
    megabytes,
    move_into_place,
    partial_path,
    refuse_without_space,
    write_then_replace,
)
from orchestration.sources.live.deadline import Deadline
from orchestration.sources.live.errors import ServiceError, TransientError
from orchestration.sources.live.progress import showing_progress
from orchestration.sources.live.redaction import Redaction, printable
from orchestration.sources.live.transport import Transport

DO_IT_YOURSELF = "or download the file yourself and land it."
# attempts that bring this much between them are followed by as many again
ENOUGH_PROGRESS_BYTES = 16 << 20
# the bytes of the file itself: of compressed ones, no part could be continued
AS_STORED = {"Accept": "*/*", "Accept-Encoding": "identity"}
VALIDATORS = ("etag", "last_modified")  # of the fields of an edition
LONGEST_VALIDATOR = 200  # characters of an ETag that is kept


@dataclass(frozen=True)
class Edition:
    """What tells one edition of the file at an address from another, as far as a server says it."""

    etag: str = ""
    last_modified: str = ""
    bytes: int | None = None

    @classmethod
    def of(cls, response: httpx.Response, redaction: Redaction) -> Edition:
        """The edition that a response is (a part) of; its bytes are those of the whole file.

        It is kept on disk: a server's word that repeats a secret of the address is none.
        """
        if response.status_code == 206:
            size = response.headers.get("Content-Range", "").rpartition("/")[2]
        else:
            size = response.headers.get("Content-Length", "")
        return cls(
            _validator(response.headers.get("ETag", ""), redaction),
            _validator(response.headers.get("Last-Modified", ""), redaction),
            int(size) if size.isdecimal() and size.isascii() else None,
        )

    @property
    def validators(self) -> dict[str, str]:
        """What the manifest keeps beside the length: the server's words, where there are any."""
        return {name: value for name in VALIDATORS if (value := getattr(self, name))}

    @property
    def conditions(self) -> dict[str, str]:
        """Headers that ask for the file only if it is not this edition."""
        headers = {"If-None-Match": self.etag, "If-Modified-Since": self.last_modified}
        return {name: value for name, value in headers.items() if value}

    @property
    def if_range(self) -> dict[str, str]:
        """The header by which a file that has been replaced comes whole, never as the end of
        another.

        A weak ETag stands for several files, and must not be sent.
        """
        strong = "" if self.etag.startswith("W/") else self.etag
        validator = strong or self.last_modified
        return {"If-Range": validator} if validator else {}

    def contradicts(self, other: Edition) -> bool:
        """Whether anything that is known of both says that they are two."""
        pairs = zip(asdict(self).values(), asdict(other).values(), strict=True)
        return any(one and another and one != another for one, another in pairs)


def download(transport: Transport, address: str, path: Path) -> Path:
    """Download a large file, resuming where an interrupted download ended.

    `transport` gives limits and patience; its key is not sent. A file that is complete at `path`,
    and that the server has not replaced since, is left as it is. Raises ServiceError with the
    remedy, DiskFullError if the file does not fit.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(replace(transport, base=address, secret="", ledger=None)) as connection:
        ends = time.monotonic() + connection.bounds.download_seconds
        whole = _Download(connection, address, path, ends)
        try:
            if not whole.is_there():
                whole.fetch()
        except TransientError as error:
            raise ServiceError(
                f"{connection.redacted(str(error))} The part that arrived is kept; "
                f"run the same command again to continue, {DO_IT_YOURSELF}"
            ) from None
        except ServiceError as error:
            text = connection.redacted(str(error))
            remedy = (
                "" if text.endswith(DO_IT_YOURSELF) else f" Check the address, {DO_IT_YOURSELF}"
            )
            error.args = (f"{text}{remedy}",)
            raise error from None
    return path


def edition_at(path: Path) -> Edition:
    """Which edition the file at `path` is, or its part that has arrived."""
    try:
        return Edition(**json.loads(_note(path).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):  # none, or damaged: then nothing is known of it
        return Edition()


def discard(path: Path) -> None:
    """Remove a download, or what has arrived of it."""
    for file in (partial_path(path), path, _note(path)):
        file.unlink(missing_ok=True)


def is_unchanged(transport: Transport, address: str, landed: Edition) -> bool:
    """Ask the server whether the file at an address is still the edition that has landed.

    It is by the server's word (304), by its ETag, or by its length: no two zips of gigabytes have
    the same. Asks once. Raises ServiceError if there is no answer.
    """
    connection = replace(transport, base=address, secret="", ledger=None)
    with closing(connection):
        try:
            with connection.exchange(
                address,
                _described(connection, address),
                {**AS_STORED, **landed.conditions},
                accepted=(200, 304),
                follow_redirects=True,
            ) as (response, _):
                now = Edition.of(response, connection.redaction)
                return (
                    response.status_code == 304
                    or (now.etag != "" and now.etag == landed.etag)
                    or (now.bytes is not None and now.bytes == landed.bytes)
                )
        except ServiceError as error:
            error.args = (connection.redacted(str(error)),)
            raise error from None


def _note(path: Path) -> Path:
    return path.with_name(f".{path.name}.edition")


def _validator(value: str, redaction: Redaction) -> str:
    is_fit = value.isascii() and value.isprintable() and len(value) <= LONGEST_VALIDATOR
    return value if is_fit and not redaction.is_in(value) else ""


def _described(connection: Transport, address: str) -> str:
    return f"{connection.service} {printable(urlsplit(address).path)}"


@dataclass(frozen=True)
class _Download:
    """One file on its way to `path`; it must be complete when `ends` is reached."""

    connection: Transport
    address: str
    path: Path
    ends: float

    @property
    def partial(self) -> Path:
        return partial_path(self.path)

    @property
    def have(self) -> int:
        """How many bytes have arrived."""
        return self.partial.stat().st_size if self.partial.exists() else 0

    @property
    def what(self) -> str:
        return _described(self.connection, self.address)

    def is_there(self) -> bool:
        """Whether the file is complete, of a run that was ended before it could be used.

        If the server has another by now, it is removed.
        """
        if not self.path.exists():
            return False
        edition = replace(edition_at(self.path), bytes=self.path.stat().st_size)
        try:
            if is_unchanged(self.connection, self.address, edition):
                return True
        except ServiceError as error:
            self.connection.say(f"{error} The complete file of an earlier run is used.")
            return True
        discard(self.path)
        return False

    def fetch(self) -> None:
        """Fetch the file to its end, with as many attempts as bring it further."""
        began, before = time.monotonic(), self.have
        at_first = before
        while True:
            try:
                self.connection.retrying(self.connection.redacted)(self.fetch_rest)
                break
            except TransientError:
                if self.have - before < ENOUGH_PROGRESS_BYTES:
                    raise
                before = self.have
        came, seconds = self.have - at_first, time.monotonic() - began
        if not self.have:
            self.partial.touch()
        move_into_place(self.partial, self.path)
        self.connection.say(
            f"{self.what}: {megabytes(self.path.stat().st_size)} are there"
            + (f"; {megabytes(came)} came in {seconds:.0f} s" if came > 0 else "")
        )

    def fetch_rest(self) -> None:
        """Request what is not there yet and add it.

        Raises TransientError if that has to be continued.
        """
        if time.monotonic() > self.ends:
            raise ServiceError(
                f"{self.what}: not complete after "
                f"{self.connection.bounds.download_seconds:.0f} s. The part that arrived is kept; "
                f"run the same command again to continue, {DO_IT_YOURSELF}"
            )
        have, noted = self.have, edition_at(self.path)
        if have and have == noted.bytes:
            return
        part = {"Range": f"bytes={have}-", **noted.if_range} if have else {}
        with self.connection.exchange(
            self.address,
            self.what,
            {**AS_STORED, **part},
            accepted=(200, 206, 416),
            follow_redirects=True,
        ) as (response, deadline):
            edition = Edition.of(response, self.connection.redaction)
            self._refuse_another_part(response, have, noted, edition)
            deadline.extend(self.ends - time.monotonic())
            if response.status_code == 200:
                # first what is there, then the note: never a part with the note of another edition
                have = 0
                self.partial.unlink(missing_ok=True)
                write_then_replace(_note(self.path), json.dumps(asdict(edition)))
            self._receive(response, deadline, have, edition.bytes)

    def _refuse_another_part(
        self, response: httpx.Response, have: int, noted: Edition, edition: Edition
    ) -> None:
        """Refuse a response that is not (the rest of) the file that was asked for."""
        if response.url.scheme != "https" and self.address.lower().startswith("https:"):
            raise ServiceError(
                f"{self.what}: a redirect to an unencrypted address, which is not followed. "
                f"Check the address in the settings, {DO_IT_YOURSELF}"
            )
        part = response.headers.get("Content-Range", "")
        if response.status_code == 416:
            reason = "the part on disk does not match the file"
        elif response.status_code == 206 and not part.startswith(f"bytes {have}-"):
            reason = "a different part arrived than was requested"
        elif response.status_code == 206 and noted.contradicts(edition):
            reason = "the file has been replaced meanwhile"
        else:
            return
        discard(self.path)
        raise TransientError(f"{self.what}: {reason}; starting over.", 0.0)

    def _receive(
        self, response: httpx.Response, deadline: Deadline, have: int, total: int | None
    ) -> None:
        """Write the body as it arrives behind the `have` bytes that are there."""
        bounds, size = self.connection.bounds, have
        if total is not None:
            self._refuse_large(total)
            refuse_without_space(self.partial, total - have)
        since, size_then = time.monotonic(), size
        with (
            explaining_full_disk(self.partial, None if total is None else total - have),
            open(self.partial, "ab") as file,
            showing_progress(self.path.name, have, total, self.connection.say) as show,
        ):
            for chunk in response.iter_raw():
                if not size:
                    self._refuse_web_page(response, chunk)
                file.write(chunk)
                size += len(chunk)
                self._refuse_large(size)
                show(size)
                if (now := time.monotonic()) - since >= bounds.pace_seconds:
                    if size - size_then < bounds.pace_bytes:
                        raise TransientError(
                            f"{self.what}: only {size - size_then:,} bytes came "
                            f"in {now - since:.0f} s."
                        )
                    since, size_then = now, size
        if not deadline.has_passed and total is not None and total != size:
            raise TransientError(f"{self.what}: {size:,} of {total:,} bytes are there.", 0.0)

    def _refuse_large(self, size: int) -> None:
        most = self.connection.bounds.download_bytes
        if size > most:
            discard(self.path)
            raise ServiceError(
                f"{self.what}: larger than {most:,} bytes, which no file of this publisher is. "
                f"Check the address in the settings, {DO_IT_YOURSELF}"
            )

    def _refuse_web_page(self, response: httpx.Response, beginning: bytes) -> None:
        """Refuse what a publisher's site shows in place of a file that it does not have."""
        kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if kind in ("text/html", "application/xhtml+xml") or beginning.lstrip()[:1] == b"<":
            discard(self.path)
            raise ServiceError(
                f"{self.what}: a web page came, not a file. Open the address in a browser and take "
                f"that of the download itself, {DO_IT_YOURSELF}"
            )
