"""`lct open`: in the browser where there is one, else its place; and what to run if it is gone."""

from __future__ import annotations

import json
import threading
import webbrowser
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from orchestration.cli.exit_codes import FAILED
from orchestration.cli.open import PLACES, main
from tests.support.small_publication import publish_by_hand

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The addresses that a browser with windows is given."""
    addresses: list[str] = []

    def open_it(address: str) -> bool:
        addresses.append(address)
        return True

    monkeypatch.setattr(webbrowser, "open", open_it)
    monkeypatch.setenv("DISPLAY", ":0")
    return addresses


@pytest.fixture
def published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LCT_DATA_DIR", str(tmp_path))
    folder = publish_by_hand(tmp_path)
    for place in PLACES.values():
        path = folder / place.path
        path.parent.mkdir(exist_ok=True)
        path.touch() if path.suffix else path.mkdir(exist_ok=True)
    return tmp_path / "published"


@pytest.mark.parametrize("what", sorted(PLACES))
def test_what_is_published_is_opened(
    what: str, published: Path, opened: list[str], capsys: Captured
) -> None:
    assert main(what) == 0  # type: ignore[arg-type]
    place = published / PLACES[what].path
    assert opened == [place.as_uri()]
    assert capsys.readouterr().out == f"opened in the browser: {place}\n"


def test_without_a_browser_the_place_is_printed(
    published: Path, opened: list[str], monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("sys.platform", "linux")
    assert main() == 0
    said = capsys.readouterr()
    assert said.out == f"{published / 'report/index.html'}\n"
    assert said.err.splitlines()[-1] == "there is no browser here to open it"
    assert opened == []


def test_programs_are_told_the_place_and_nothing_is_opened(
    published: Path, opened: list[str], capsys: Captured
) -> None:
    assert main("docs", publication="1", as_json=True) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["place"] == str(published.resolve() / "dbt_docs.html")
    assert opened == []


def test_what_a_publication_does_not_have_is_said_with_what_it_has(
    published: Path, capsys: Captured
) -> None:
    (published / "codebook.html").unlink()
    assert main("codebook", as_json=True) == FAILED
    error = json.loads(capsys.readouterr().err.splitlines()[-1])["error"]
    assert error.startswith("Publication 000001 does not have the codebook (codebook.html).")
    assert "There are: page, docs, pictures, tables;" in error


# ---- Dagster -------------------------------------------------------------------------------------


class Server(BaseHTTPRequestHandler):
    """Something that answers at a port of this machine."""

    body = b""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    with HTTPServer(("127.0.0.1", 0), Server) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        monkeypatch.setenv("LCT_DAGSTER_PORT", str(server.server_port))
        yield server.server_port
        server.shutdown()


def test_dagster_is_opened_where_it_answers(
    port: int, opened: list[str], monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.setattr(Server, "body", b'{"dagster_version": "1.13.27"}')
    assert main("dagster") == 0
    assert opened == [f"http://127.0.0.1:{port}"]


@pytest.mark.parametrize("body", [b"[]", b"<html>", b'{"version": 1}'])
def test_another_program_at_the_port_is_not_opened(
    port: int,
    body: bytes,
    opened: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: Captured,
) -> None:
    monkeypatch.setattr(Server, "body", body)
    assert main("dagster") == FAILED
    assert "Start it with `lct dev`" in capsys.readouterr().err
    assert opened == []
