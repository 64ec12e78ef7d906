"""Large files from an address: resumed where they were interrupted, within limits of time and size.

An address may hold a secret (its query, its password): messages name its path alone, and the secret
is taken out of whatever the server says.
"""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from orchestration.durable import move_into_place, partial_path
from orchestration.sources.live.deadline import Deadline
from orchestration.sources.live.errors import ServiceError, TransientError
from orchestration.sources.live.redaction import printable
from orchestration.sources.live.transport import Transport

DO_IT_YOURSELF = "or download the file yourself and land it."


def download(transport: Transport, address: str, path: Path) -> Path:
    """Download a large file, resuming where an interrupted download ended.

    `transport` gives limits and patience; its key is not sent. Raises ServiceError with the remedy.
    """
    partial = partial_path(path)
    partial.parent.mkdir(parents=True, exist_ok=True)
    with closing(replace(transport, base=address, secret="", ledger=None)) as connection:
        whole = _Download(
            connection, address, partial, time.monotonic() + connection.bounds.download_seconds
        )
        try:
            connection.retrying(connection.redacted)(whole.fetch_rest)
        except TransientError as error:
            raise ServiceError(
                f"{connection.redacted(str(error))} The part that arrived is kept; "
                f"run the same command again to continue, {DO_IT_YOURSELF}"
            ) from None
        except ServiceError as error:
            error.args = (connection.redacted(str(error)),)
            raise error from None
    whole.tag.unlink(missing_ok=True)
    move_into_place(partial, path)
    return path


@dataclass(frozen=True)
class _Download:
    """One file on its way to `partial`; it must be complete when `ends` is reached."""

    connection: Transport
    address: str
    partial: Path
    ends: float

    @property
    def tag(self) -> Path:
        """Where the server's word for this edition of the file is kept (its ETag)."""
        return self.partial.with_name(f"{self.partial.name}.etag")

    @property
    def what(self) -> str:
        return f"{self.connection.service} {printable(urlsplit(self.address).path)}"

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
        have = self.partial.stat().st_size if self.partial.exists() else 0
        with self.connection.exchange(
            self.address,
            self.what,
            {"Accept": "*/*", "Accept-Encoding": "identity", **self._conditions(have)},
            accepted=(200, 206, 416),
            follow_redirects=True,
        ) as (response, deadline):
            self._refuse_another_part(response, have)
            deadline.extend(self.ends - time.monotonic())
            self._note_edition(response)
            self._receive(response, deadline, have if response.status_code == 206 else 0)

    def _conditions(self, have: int) -> dict[str, str]:
        """Headers that ask for the rest of the file.

        If-Range: a file that has been replaced since comes whole, never as the end of another.
        """
        if not have:
            return {}
        edition = {"If-Range": self.tag.read_text()} if self.tag.exists() else {}
        return {"Range": f"bytes={have}-", **edition}

    def _note_edition(self, response: httpx.Response) -> None:
        edition = response.headers.get("ETag", "")
        if edition and edition.isascii() and edition.isprintable():
            self.tag.write_text(edition)
        else:
            self.tag.unlink(missing_ok=True)

    def _refuse_another_part(self, response: httpx.Response, have: int) -> None:
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
        else:
            return
        self.partial.unlink(missing_ok=True)
        raise TransientError(f"{self.what}: {reason}; starting over.", 0.0)

    def _receive(self, response: httpx.Response, deadline: Deadline, have: int) -> None:
        """Write the body as it arrives behind the `have` bytes that are there."""
        bounds, size = self.connection.bounds, have
        since, size_then = time.monotonic(), size
        with open(self.partial, "ab" if have else "wb") as file:
            for chunk in response.iter_raw():
                file.write(chunk)
                size += len(chunk)
                if size > bounds.download_bytes:
                    self.partial.unlink()
                    raise ServiceError(
                        f"{self.what}: larger than {bounds.download_bytes:,} bytes, which no file "
                        f"of this publisher is. Check the address in the settings, {DO_IT_YOURSELF}"
                    )
                if (now := time.monotonic()) - since >= bounds.pace_seconds:
                    if size - size_then < bounds.pace_bytes:
                        raise TransientError(
                            f"{self.what}: only {size - size_then:,} bytes came "
                            f"in {now - since:.0f} s."
                        )
                    since, size_then = now, size
        if deadline.has_passed:
            return
        total = response.headers.get("Content-Range", "").rpartition("/")[2]
        if response.status_code == 206 and total.isdecimal() and total != str(size):
            raise TransientError(f"{self.what}: {size:,} of {total} bytes are there.", 0.0)
