"""The time by which an exchange with a server must be over, from connecting to the last byte.

A client limits each single read: a server that sends a byte now and then, in its status line, its
headers or its body, would hold the client for ever. Here the connection is cut at the deadline,
whatever it is doing.
"""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from typing import Any


class Deadline:
    """Cuts the connections of one exchange when its seconds are over.

    Used with `with`; `trace` goes to httpx as the extension of that name, by which the connections
    of the exchange become known here.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._is_over = threading.Event()
        self._lock = threading.Lock()
        self._streams: list[Any] = []
        self._timer = self._started_timer()

    def __enter__(self) -> Deadline:
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()

    @property
    def has_passed(self) -> bool:
        return self._is_over.is_set()

    def extend(self, seconds: float) -> None:
        """Begin again, with so many seconds from now."""
        self._timer.cancel()
        self.seconds = seconds
        self._timer = self._started_timer()

    def trace(self, event: str, info: dict[str, Any]) -> None:
        stream = info.get("return_value")
        if event.endswith((".connect_tcp.complete", ".start_tls.complete")) and stream is not None:
            with self._lock:
                self._streams.append(stream)
            if self.has_passed:
                _cut(stream)

    def _started_timer(self) -> threading.Timer:
        timer = threading.Timer(max(0.0, self.seconds), self._end)
        timer.daemon = True
        timer.start()
        return timer

    def _end(self) -> None:
        self._is_over.set()
        with self._lock:
            streams = list(self._streams)
        for stream in streams:
            _cut(stream)


def _cut(stream: Any) -> None:
    connection = stream.get_extra_info("socket")
    with suppress(OSError):
        # the plain socket's own method: a TLS socket's would change what another thread is reading
        socket.socket.shutdown(connection, socket.SHUT_RDWR)
