"""Who may ask Dagster's web server of `make dev`: its own pages and programs of this machine."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from orchestration.cli.webserver import own_pages_only, refusal
from orchestration.settings import PROJECT_ROOT

HOST = ("host", "127.0.0.1:3000")
TAKEN = {
    "a program": [HOST],
    "the page": [HOST, ("origin", "http://127.0.0.1:3000"), ("sec-fetch-site", "same-origin")],
    "an address typed": [("Host", "localhost:3000"), ("Sec-Fetch-Site", "none")],
    "through a tunnel": [("host", "localhost:8080"), ("origin", "http://localhost:8080")],
    "the newer protocol": [("host", "[::1]:3000"), ("origin", "http://[::1]:3000")],
}
REFUSED = {
    "a name that leads here": [("host", "attacker.example:3000")],
    "a name that begins like ours": [("host", "127.0.0.1.attacker.example")],
    "no name": [],
    "two names": [HOST, ("host", "attacker.example")],
    "a name that is none": [("host", "[::1")],
    "another page": [HOST, ("origin", "http://attacker.example")],
    "a page of another local server": [HOST, ("origin", "http://127.0.0.1:8000")],
    "a page without origin": [HOST, ("origin", "null")],
    "a page under our name": [
        ("host", "attacker.example"),
        ("origin", "http://attacker.example"),
    ],
    "a picture or a link": [HOST, ("sec-fetch-site", "cross-site")],
    "one from another local server": [HOST, ("sec-fetch-site", "same-site")],
}


def encoded(headers: list[tuple[str, str]]) -> list[tuple[bytes, bytes]]:
    return [(name.encode(), value.encode()) for name, value in headers]


@pytest.mark.parametrize("headers", TAKEN.values(), ids=TAKEN)
def test_own_pages_and_programs_are_answered(headers: list[tuple[str, str]]) -> None:
    assert refusal(encoded(headers)) is None


@pytest.mark.parametrize("headers", REFUSED.values(), ids=REFUSED)
@pytest.mark.parametrize("kind", ["http", "websocket"])
def test_what_another_page_sends_does_not_reach_dagster(
    headers: list[tuple[str, str]], kind: str
) -> None:
    sent: list[dict] = []

    async def dagster(scope: object, receive: object, send: object) -> None:
        raise AssertionError("the request has reached Dagster")

    async def receive() -> dict:
        return {"type": f"{kind}.connect"}

    async def send(message: dict) -> None:
        sent.append(message)

    scope = {"type": kind, "headers": encoded(headers)}
    asyncio.run(own_pages_only(dagster)(scope, receive, send))
    if kind == "http":
        assert sent[0]["status"] == 403
        assert sent[1]["body"].startswith(b"This server ")
    else:
        assert sent == [{"type": "websocket.close", "code": 1008}]


@pytest.mark.slow  # Dagster's web server starts
def test_dagsters_web_server_is_behind_the_guard(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "orchestration.cli.webserver", "--empty-workspace"]
    with open(tmp_path / "log", "wb") as log:
        server = subprocess.Popen(
            [*command, "--host", "127.0.0.1", "--port", str(port)],
            cwd=PROJECT_ROOT,
            env={**os.environ, "DAGSTER_HOME": str(tmp_path)},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        query = {"query": "{ __typename }"}
        assert _until_it_answers(address, server, tmp_path / "log").status_code == 200
        assert httpx.post(f"{address}/graphql", json=query).json() == {
            "data": {"__typename": "Query"}
        }
        for headers in (
            {"Host": f"attacker.example:{port}"},
            {"Origin": "http://attacker.example"},
        ):
            assert httpx.post(f"{address}/graphql", json=query, headers=headers).status_code == 403
    finally:
        server.kill()
        server.wait()


def _until_it_answers(address: str, server: subprocess.Popen, log: Path) -> httpx.Response:
    deadline = time.monotonic() + 120
    while True:
        try:
            return httpx.get(f"{address}/server_info", timeout=10)
        except httpx.TransportError:
            assert server.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.2)
