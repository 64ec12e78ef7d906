"""A local server that sends whatever bytes a test wants, when it wants, HTTP or not."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field

Script = Callable[[socket.socket], None]

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"


def response(
    body: bytes, status: str = "200 OK", headers: Iterable[str] = (), length: int | None = None
) -> bytes:
    """A whole response; `length` is the content length it states, if not the true one."""
    stated = len(body) if length is None else length
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {stated}", *headers, "", ""]
    return "\r\n".join(lines).encode("latin-1") + body


@dataclass
class RawServer:
    """Start it with `with`. Each connection is served by the next script, the last for ever.

    `requests` keeps the head of every request, as it came, and `bodies` what followed.
    """

    scripts: list[Script] = field(default_factory=list)
    requests: list[bytes] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)

    def __enter__(self) -> RawServer:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._is_over = threading.Event()
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._listener.close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def sends(self, whole: bytes) -> Script:
        """The bytes, and then the end."""
        return lambda connection: connection.sendall(whole)

    def drips(self, before: bytes, drop: bytes, seconds: float = 0.05) -> Script:
        """First `before`, then `drop` every few moments for ever."""

        def script(connection: socket.socket) -> None:
            connection.sendall(before)
            while not self._is_over.is_set():
                connection.sendall(drop)
                time.sleep(seconds)

        return script

    def floods(self, before: bytes, wave: bytes) -> Script:
        """First `before`, then `wave` again and again, as fast as it is taken."""
        return self.drips(before, wave, 0.0)

    def is_silent_after(self, before: bytes) -> Script:
        """First `before`, then nothing, and no end."""

        def script(connection: socket.socket) -> None:
            connection.sendall(before)
            self._is_over.wait()

        return script

    def _serve(self) -> None:
        while not self._is_over.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            script = self.scripts.pop(0) if len(self.scripts) > 1 else self.scripts[0]
            threading.Thread(target=self._answer, args=(connection, script), daemon=True).start()

    def _answer(self, connection: socket.socket, script: Script) -> None:
        # a client that hangs up is no fault of the server
        with connection, suppress(OSError):
            head, body = _request_of(connection)
            self.requests.append(head)
            self.bodies.append(body)
            script(connection)


def _request_of(connection: socket.socket) -> tuple[bytes, bytes]:
    """Head and body of a request."""
    request = b""
    while b"\r\n\r\n" not in request and (more := connection.recv(65_536)):
        request += more
    head, _, body = request.partition(b"\r\n\r\n")
    stated = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
    while len(body) < int(stated or 0) and (more := connection.recv(65_536)):
        body += more
    return head, body
