"""Notices of failed runs and changed numbers: where they go and what they never tell."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from orchestration.defs.notices import notify
from orchestration.defs.resources import build_resources
from orchestration.settings import load_settings
from tests.support.raw_server import RawServer


@pytest.fixture
def webhook() -> Iterator[tuple[str, list[dict], list[int]]]:
    """A local webhook: its address, what it was sent, and the statuses it answers with."""
    received: list[dict] = []
    statuses = [200]

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(statuses[-1])
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/hook/not-to-be-told", received, statuses
    server.shutdown()


def test_notices_reach_log_and_webhook_and_never_tell_its_address(
    webhook: tuple[str, list[dict], list[int]], tmp_path: Path
) -> None:
    address, received, statuses = webhook
    settings = load_settings({"LCT_DATA_DIR": str(tmp_path), "LCT_NOTICE_WEBHOOK": address})
    said: list[str] = []
    assert notify(settings.notice_webhook, "a run failed", said.append)
    assert received == [{"text": "a run failed"}]
    statuses.append(500)
    assert not notify(settings.notice_webhook, "again", said.append)
    assert not notify("http://127.0.0.1:1/not-to-be-told", "nobody there", said.append)
    assert not notify("not-to-be-told", "no address", said.append)
    assert said[:2] == ["a run failed", "again"]
    assert "HTTP 500" in said[2]
    resources = repr(build_resources(settings))
    assert not any("not-to-be-told" in line for line in [*said, repr(settings), resources])


ODD_WEBHOOKS = {
    "no HTTP": lambda raw: raw.sends(b"\x00\xff not to be told\r\n\r\n"),
    "a bad status": lambda raw: raw.sends(b"HTTP/1.1 abc not-to-be-told\r\n\r\n"),
    "a closed connection": lambda raw: raw.sends(b""),
    "headers too long": lambda raw: raw.sends(b"HTTP/1.1 200 OK\r\nX: " + b"a" * 200_000),
    "a redirect to nowhere": lambda raw: raw.sends(
        b"HTTP/1.1 302 Found\r\nLocation: http://[not-to-be-told\r\n\r\n"
    ),
    "an odd cookie": lambda raw: raw.sends(b"HTTP/1.1 500 X\r\nSet-Cookie: \xff=;=\r\n\r\n"),
    "drip in the status line": lambda raw: raw.drips(b"HTTP/1.1 ", b"2"),
    "drip in the headers": lambda raw: raw.drips(b"HTTP/1.1 200 OK\r\nX: ", b"a"),
    "interim responses for ever": lambda raw: raw.drips(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "silence": lambda raw: raw.is_silent_after(b""),
}


@pytest.mark.parametrize("odd", ODD_WEBHOOKS)
def test_a_webhook_that_misbehaves_costs_a_line_and_a_moment(odd: str) -> None:
    said: list[str] = []
    with RawServer() as raw:
        raw.scripts = [ODD_WEBHOOKS[odd](raw)]
        began = time.monotonic()
        assert not notify(
            f"{raw.url}/not-to-be-told?not-to-be-told", "a run failed", said.append, 0.5
        )
        assert time.monotonic() - began < 2
        assert b'{"text":"a run failed"}' in raw.bodies[0].replace(b": ", b":")
    [text, warning] = said
    assert text == "a run failed"
    assert warning.startswith("the notice could not be delivered to LCT_NOTICE_WEBHOOK (")
    assert "not-to-be-told" not in warning


@pytest.mark.parametrize("odd", ["drip in the body", "a body without end", "a bad body"])
def test_what_follows_an_accepting_status_does_not_matter(odd: str) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n"
    with RawServer() as raw:
        raw.scripts = [
            {
                "drip in the body": raw.drips(head, b"1"),
                "a body without end": raw.floods(head, bytes(1 << 16)),
                "a bad body": raw.sends(head + b"no gzip"),
            }[odd]
        ]
        assert notify(f"{raw.url}/hook", "a run failed", [].append, 2.0)


@pytest.mark.parametrize(
    "address",
    [
        "http://[::1",
        "http://\ud800",
        "file:///etc/passwd",
        "http://a\nb/",
        "https://",
        "x" * 90_000,
    ],
)
def test_an_odd_address_of_a_webhook_costs_a_line(address: str) -> None:
    said: list[str] = []
    assert not notify(address, "a run failed", said.append, 2.0)
    assert len(said) == 2
    assert len(said[1]) < 120


def test_the_look_up_of_a_name_that_hangs_does_not_hold_a_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    is_over = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: is_over.wait(20))
    said: list[str] = []
    began = time.monotonic()
    assert not notify("https://hook.invalid/not-to-be-told", "a run failed", said.append, 0.3)
    assert time.monotonic() - began < 2
    is_over.set()
    assert said[1].endswith("(no answer within 0.3 s)")
