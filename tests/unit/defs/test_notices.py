"""Notices of failed runs and changed numbers: where they go and what they never tell."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from orchestration.defs.notices import notify
from orchestration.defs.resources import build_resources
from orchestration.settings import load_settings


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
