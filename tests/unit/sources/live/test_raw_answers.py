"""Servers that misbehave below HTTP: every exchange ends in time, in bounded memory, by our error.

Each of these servers could hold or fill a client that limits nothing but single reads.
"""

from __future__ import annotations

import gzip
import json
import time
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from orchestration.settings import PROJECT_ROOT
from orchestration.sources.live.answers import ERROR_BYTES
from orchestration.sources.live.downloads import Edition, download, edition_at
from orchestration.sources.live.errors import ServiceError, UnusableAnswerError
from orchestration.sources.live.transport import Bounds, Transport
from tests.support.raw_server import CHUNKED, OK, RawServer, Script, response

BOUNDS = Bounds(
    answer_seconds=0.5,
    answer_bytes=1 << 20,
    answer_separators=10_000,
    error_seconds=0.3,
    download_seconds=3.0,
    download_bytes=1 << 20,
    pace_seconds=0.3,
    pace_bytes=1000,
)
GZIP_HEADERS = OK + b"Content-Encoding: gzip\r\n\r\n"
BOMB = gzip.compress(bytes(200 << 20), 9)


@pytest.fixture
def raw() -> Iterator[RawServer]:
    with RawServer() as server:
        yield server


@pytest.fixture
def transport(raw: RawServer) -> Iterator[Transport]:
    connection = Transport(
        "A service", raw.url, secret="not-to-be-told", attempts=2, bounds=BOUNDS, sleep=no_wait
    )
    yield connection
    connection.close()


def no_wait(_: float) -> None:
    """No time passes between attempts."""


def any_json(path: Path) -> object:
    return json.loads(gzip.decompress(path.read_bytes()))


# what the server does -> how, and the words of the error
DRIPS: dict[str, Callable[[RawServer], Script]] = {
    "drip in the status line": lambda raw: raw.drips(b"HTTP/1.1 200 ", b"O"),
    "drip in the headers": lambda raw: raw.drips(OK + b"X-A: ", b"a"),
    "headers one after another for ever": lambda raw: raw.drips(OK, b"X-A: a\r\n"),
    "interim responses for ever": lambda raw: raw.drips(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "drip in the body": lambda raw: raw.drips(OK + b"Content-Length: 99999\r\n\r\n", b"["),
    "drip in a body without a length": lambda raw: raw.drips(OK + b"\r\n", b"1"),
    "drip in the size of a chunk": lambda raw: raw.drips(CHUNKED, b"0"),
    "chunks of a byte": lambda raw: raw.drips(CHUNKED, b"1\r\n1\r\n"),
    "drip in the gzip header": lambda raw: raw.drips(
        GZIP_HEADERS + b"\x1f\x8b\x08\x08\x00\x00\x00\x00\x00\xff", b"name"
    ),
    "a valid body that never ends": lambda raw: raw.is_silent_after(OK + b"\r\n[1]"),
    "a content length that is too long": lambda raw: raw.is_silent_after(
        response(b"[1]", length=1000)
    ),
}
FLOODS: dict[str, tuple[Callable[[RawServer], Script], str]] = {
    "endless headers": (
        lambda raw: raw.floods(OK, b"X-A: " + b"a" * 5000 + b"\r\n"),
        "the connection failed",
    ),
    "endless body": (lambda raw: raw.floods(OK + b"\r\n", bytes(1 << 16)), "larger than any"),
    "a JSON of too many values": (
        lambda raw: raw.sends(response(b"[" + b"[]," * 20_000 + b"[]]")),
        "larger than any",
    ),
    "gzip bomb": (
        lambda raw: raw.sends(response(BOMB, headers=["Content-Encoding: gzip"])),
        "larger than any",
    ),
    "gzip in gzip": (
        lambda raw: raw.sends(response(BOMB, headers=["Content-Encoding: gzip, gzip"])),
        "which was not asked for",
    ),
    "gzip cut short": (
        lambda raw: raw.sends(
            response(gzip.compress(b"[1]")[:-4], headers=["Content-Encoding: gzip"])
        ),
        "cut short",
    ),
    "bytes behind the gzip": (
        lambda raw: raw.sends(
            response(gzip.compress(b"[1]") + b"more", headers=["Content-Encoding: gzip"])
        ),
        "more bytes after the end",
    ),
    "no gzip though it says so": (
        lambda raw: raw.sends(response(b"[1]", headers=["Content-Encoding: gzip"])),
        "damaged compression",
    ),
    "a body shorter than its length": (
        lambda raw: raw.sends(response(b"[1]", length=1000)),
        "the connection failed",
    ),
    "an empty answer": (lambda raw: raw.sends(response(b"")), "not in any known form"),
    "no HTTP": (lambda raw: raw.sends(b"220 mail.example.org ESMTP\r\n"), "the connection failed"),
    "a chunk size that is none": (lambda raw: raw.sends(CHUNKED + b"zz\r\n"), "connection failed"),
    "JSON nested too deep": (
        lambda raw: raw.sends(response(b"[" * 200_000 + b"]" * 200_000)),
        "not in any known form",
    ),
}


@pytest.mark.parametrize("fault", DRIPS)
def test_what_drips_or_never_ends_is_cut_at_the_deadline(
    fault: str, raw: RawServer, transport: Transport, tmp_path: Path
) -> None:
    raw.scripts = [DRIPS[fault](raw)]
    began = time.monotonic()
    with pytest.raises(ServiceError, match="did not recover in 2 attempts"):
        transport.fetch(f"{raw.url}/get", tmp_path / "answer.json.gz", any_json)
    assert time.monotonic() - began < 4 * BOUNDS.answer_seconds + 2
    assert list(tmp_path.iterdir()) == []
    assert len(raw.requests) == 2


@pytest.mark.parametrize("fault", FLOODS)
def test_what_is_too_large_or_odd_is_asked_again_and_then_refused_in_bounded_memory(
    fault: str, raw: RawServer, transport: Transport, tmp_path: Path
) -> None:
    script, reason = FLOODS[fault]
    raw.scripts = [script(raw)]
    tracemalloc.start()
    try:
        with pytest.raises(ServiceError, match=reason):
            transport.fetch(f"{raw.url}/get", tmp_path / "answer.json.gz", any_json)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 30 << 20
    assert list(tmp_path.iterdir()) == []
    assert len(raw.requests) == 2, "asked again"


def test_a_fault_that_passes_costs_a_call_and_the_answer_is_whole(
    raw: RawServer, transport: Transport, tmp_path: Path
) -> None:
    body = json.dumps([f"{n} \x00 \ufffd" for n in range(9000)]).encode()
    raw.scripts = [
        DRIPS["drip in the headers"](raw),
        raw.sends(response(gzip.compress(body), headers=["Content-Encoding: gzip"])),
    ]
    transport.fetch(f"{raw.url}/get", tmp_path / "answer.json.gz", any_json)
    assert gzip.decompress((tmp_path / "answer.json.gz").read_bytes()) == body


@pytest.mark.parametrize("left", [0, 1, 2])
def test_a_body_that_decompresses_to_full_chunks_is_whole(
    left: int, raw: RawServer, transport: Transport, tmp_path: Path
) -> None:
    body = b"1" * (5 * 65_536 + left)
    packed = gzip.compress(body, 9)
    raw.scripts = [raw.sends(response(packed, headers=["Content-Encoding: gzip"]))]
    transport.fetch(f"{raw.url}/get", tmp_path / "answer.json.gz", Path.exists)
    assert gzip.decompress((tmp_path / "answer.json.gz").read_bytes()) == body


@pytest.mark.parametrize("status", ["500 Oops", "404 Not Found"])
@pytest.mark.parametrize("how", ["endless", "dripping", "bomb"])
def test_only_the_beginning_of_an_error_is_read(
    how: str, status: str, raw: RawServer, transport: Transport, tmp_path: Path
) -> None:
    head = f"HTTP/1.1 {status}\r\n".encode()
    raw.scripts = [
        {
            "endless": raw.floods(head + b"\r\n", b"it is broken " * 1000),
            "dripping": raw.drips(head + b"Content-Length: 99999\r\n\r\n", b"it is broken "),
            "bomb": raw.sends(head + b"Content-Encoding: gzip\r\n\r\n" + BOMB),
        }[how]
    ]
    began = time.monotonic()
    tracemalloc.start()
    try:
        with pytest.raises(ServiceError, match=f"A service /get: {status[:3]}, ") as raised:
            transport.fetch(f"{raw.url}/get", tmp_path / "answer.json.gz", any_json)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < (5 << 20) + ERROR_BYTES
    assert time.monotonic() - began < 4
    assert len(str(raised.value)) < 1100


def test_a_download_that_drips_is_given_up_and_what_arrived_is_kept(
    raw: RawServer, transport: Transport, tmp_path: Path
) -> None:
    raw.scripts = [raw.drips(OK + b'Content-Length: 999999\r\nETag: "a"\r\n\r\n', b"12")]
    with pytest.raises(ServiceError, match=r"only \d+ bytes came in .* The part that arrived"):
        download(transport, f"{raw.url}/x.zip?token=geheim", tmp_path / "x.zip")
    assert (tmp_path / ".part-x.zip").stat().st_size > 0
    assert edition_at(tmp_path / "x.zip") == Edition(etag='"a"', bytes=999999)


def test_a_download_has_one_deadline_for_all_attempts(raw: RawServer, tmp_path: Path) -> None:
    raw.scripts = [raw.drips(OK + b"Content-Length: 9999999\r\n\r\n", b"12" * 400)]
    slow = Transport(
        "A service", raw.url, attempts=50, sleep=no_wait, bounds=Bounds(download_seconds=0.6)
    )
    with pytest.raises(ServiceError, match="not complete after"):
        download(slow, f"{raw.url}/x.zip", tmp_path / "x.zip")
    slow.close()


def test_a_download_without_end_is_refused_and_leaves_nothing(
    raw: RawServer, transport: Transport, tmp_path: Path
) -> None:
    raw.scripts = [raw.floods(OK + b"\r\n", bytes(1 << 16))]
    with pytest.raises(ServiceError, match="larger than 1,048,576 bytes"):
        download(transport, f"{raw.url}/x.zip", tmp_path / "x.zip")
    assert not (tmp_path / "x.zip").exists()
    assert not (tmp_path / ".part-x.zip").exists()


def test_a_part_that_ends_before_the_file_does_is_continued(raw: RawServer, tmp_path: Path) -> None:
    raw.scripts = [
        raw.sends(response(b"0123", length=10, headers=['ETag: "é"'])),
        raw.sends(response(b"456", "206 Part", ["Content-Range: bytes 4-6/10"])),
        raw.sends(response(b"789", "206 Part", ["Content-Range: bytes 7-9/10"])),
    ]
    patient = Transport("A service", raw.url, attempts=3, bounds=BOUNDS, sleep=no_wait)
    assert download(patient, f"{raw.url}/x", tmp_path / "x").read_bytes() == b"0123456789"
    assert not (tmp_path / ".part-x").exists()
    patient.close()


@pytest.mark.parametrize(
    ("location", "reason"),
    [
        ("/again", "TooManyRedirects"),
        ("http://[::1", "the connection failed"),
        ("ftp://127.0.0.1/", "the connection failed"),
        ("http://\u00e9\u00e9.invalid:99999/", "the connection failed"),
    ],
)
def test_an_odd_redirect_ends_a_download_by_our_error(
    location: str, reason: str, raw: RawServer, transport: Transport, tmp_path: Path
) -> None:
    raw.scripts = [raw.sends(response(b"", "302 Found", [f"Location: {location}"]))]
    with pytest.raises(ServiceError, match=reason):
        download(transport, f"{raw.url}/x.zip", tmp_path / "x.zip")


def test_a_redirect_to_another_host_receives_neither_key_nor_password(
    raw: RawServer, transport: Transport, tmp_path: Path
) -> None:
    with RawServer() as other:
        other.scripts = [other.sends(response(b"the file"))]
        elsewhere = f"Location: {other.url}/x.zip?signature=abc"
        raw.scripts = [raw.sends(response(b"", "302 Found", [elsewhere]))]
        address = raw.url.replace("http://", "http://anna:not-to-be-seen@") + "/x.zip?token=geheim"
        download(transport, address, tmp_path / "x.zip")
        with pytest.raises(ServiceError, match="a redirect to another address"):
            transport.fetch(f"{raw.url}/get", tmp_path / "answer.json.gz", any_json)
    assert b"Authorization: Basic" in raw.requests[0]
    [received] = other.requests
    assert not any(word in received for word in (b"Authorization", b"not-to-be", b"geheim"))


@pytest.mark.parametrize("wish", ["²", "9" * 400, "Tue, 99 Foo 2026", "-1", "1e999", "soon"])
def test_an_odd_retry_after_does_not_end_the_run(
    wish: str, raw: RawServer, transport: Transport, tmp_path: Path
) -> None:
    raw.scripts = [
        raw.sends(b"HTTP/1.1 429 Too Many\r\nRetry-After: " + wish.encode() + b"\r\n\r\n")
    ]
    with pytest.raises(ServiceError, match="A service /get: 429"):
        transport.fetch(f"{raw.url}/get", tmp_path / "answer.json.gz", any_json)


def test_answers_of_no_known_form_are_told_from_a_service_that_fails(
    raw: RawServer, transport: Transport, tmp_path: Path
) -> None:
    raw.scripts = [raw.sends(response(b"<html>"))]
    with pytest.raises(UnusableAnswerError):
        transport.fetch(f"{raw.url}/get", tmp_path / "answer.json.gz", any_json)
    raw.scripts = [raw.sends(response(b"", "503 Busy"))]
    with pytest.raises(ServiceError) as raised:
        transport.fetch(f"{raw.url}/get", tmp_path / "answer.json.gz", any_json)
    assert type(raised.value) is ServiceError


def test_a_damaged_answer_on_disk_is_requested_again(
    raw: RawServer, transport: Transport, tmp_path: Path
) -> None:
    path = tmp_path / "answer.json.gz"
    raw.scripts = [raw.sends(response(b"[1]"))]
    for damaged in (b"", b"no gzip", gzip.compress(b"[1]")[:-9], gzip.compress(b"[" * 10**5)):
        path.write_bytes(damaged)
        assert transport.fetch(f"{raw.url}/get", path, any_json) == [1]


def test_the_page_on_live_data_names_every_fault_below_http() -> None:
    page = (PROJECT_ROOT / "docs" / "live-data.md").read_text()
    assert [fault for fault in [*DRIPS, *FLOODS] if f"| {fault} |" not in page] == []
