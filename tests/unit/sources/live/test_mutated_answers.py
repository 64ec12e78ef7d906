"""Answers with something changed in their bytes or their JSON: kept whole, or not at all.

Of every kind of answer, recorded from the local server: whatever is changed in it, the client
raises an error of ours and keeps nothing, or it keeps the very bytes and counts every row of them.
"""

from __future__ import annotations

import gzip
import json
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestration.landing.layout import LandingError
from orchestration.landing.manifest import read_manifest
from orchestration.settings import load_settings
from orchestration.sources.live import comtrade, plan, world_bank
from orchestration.sources.live.archives import fill_with_baci
from orchestration.sources.live.downloads import discard, download
from orchestration.sources.live.errors import ServiceError, TransientError
from orchestration.sources.live.plan import Limits, Request
from orchestration.sources.live.transport import Bounds, Transport
from tests.support.few_examples import FEW_EXAMPLES
from tests.support.publishers_files import baci_rows, write_csv
from tests.support.publishers_server import KEY, PublishersServer
from tests.support.raw_server import RawServer, response

CODES = ("850760", "283691", "281700", "260112", "392112")
REQUEST = Request(plan.CHINA_REPORTS, (plan.CHINA,), (), (1993,), plan.FLOWS, CODES)
MONTHS = (199301, 199302)
REQUEST_BY_MONTH = Request(plan.CHINA_REPORTS_MONTHLY, (plan.CHINA,), (), MONTHS, plan.FLOWS, CODES)
BATCH = world_bank.Batch("202310", ("NY.GDP.MKTP.CD",), (1993,))
BATCH_OF_TODAY = world_bank.Batch(world_bank.TODAY, ("NY.GDP.MKTP.CD",), (1993,))

# kind of answer -> its address, the check that accepts it, how many rows the check counted, and
# how many there are
KINDS: dict[str, tuple[Callable[[str], str], Callable[[Path], Any], Callable, Callable]] = {
    "trade": (
        lambda base: plan.url_of(base, REQUEST, Limits()),
        partial(comtrade.check_answer, request=REQUEST, limits=Limits()),
        lambda result: result[0],
        lambda answer: len(answer["data"]),
    ),
    "availability": (
        lambda base: comtrade.availability_url(base, plan.ANNUAL, {"period": "1993"}, True),
        partial(comtrade.read_releases, frequency=plan.ANNUAL),
        len,
        lambda answer: _listed_periods(answer),
    ),
    "trade by month": (
        lambda base: plan.url_of(base, REQUEST_BY_MONTH, Limits()),
        partial(comtrade.check_answer, request=REQUEST_BY_MONTH, limits=Limits()),
        lambda result: result[0],
        lambda answer: len(answer["data"]),
    ),
    "availability by month": (
        lambda base: comtrade.availability_url(base, plan.MONTHLY, {"reporterCode": "156"}, True),
        partial(comtrade.read_releases, frequency=plan.MONTHLY),
        len,
        lambda answer: _listed_periods(answer),
    ),
    "page of the archives": (
        lambda base: BATCH.url(base, 1, 30),
        world_bank.read_page,
        lambda result: len(result["rows"]),
        lambda answer: len(answer["source"].get("data") or []),
    ),
    "page of today": (
        lambda base: BATCH_OF_TODAY.url(base, 1, 30),
        world_bank.read_page,
        lambda result: len(result["rows"]),
        lambda answer: len(answer[1] or []),
    ),
    "catalogue": (
        world_bank.catalogue_url,
        world_bank.read_catalogue,
        len,
        lambda answer: len({row["id"] for row in answer[1]}),
    ),
    "economies": (
        world_bank.economies_url,
        world_bank.check_economies,
        lambda result: result,
        lambda answer: len(answer[1]),
    ),
}
ODD_BYTES = [
    b"",
    b"\x00",
    b"\xff\xfe",
    b"\\ud800",
    b"NaN",
    b"-Infinity",
    b"1e999",
    b"9" * 5000,
    b"[" * 5000,
    b'{"data":' * 3000,
    b"null",
    b'"\xc2\xb2"',
    b"{}",
    b"[]",
    b",",
    b'"',
    b"\xef\xbb\xbf",
]
ODD_VALUES = [None, True, -1, 0, 1.5, 10**30, "", "x" * 300, "\ud800", "²", [], {}, [[]], {"a": 1}]


def _listed_periods(answer: dict) -> int:
    named = ((_named(row, "reporterCode"), _named(row, "period")) for row in answer["data"])
    return len({(str(reporter), str(period)) for reporter, period in named})


def _named(row: dict, name: str) -> object:
    return next(value for key, value in row.items() if key.lower() == name.lower())


@pytest.fixture
def raw() -> Iterator[RawServer]:
    with RawServer() as running:
        yield running


@pytest.fixture
def transport(raw: RawServer) -> Iterator[Transport]:
    connection = Transport("A service", raw.url, attempts=1, bounds=Bounds(answer_seconds=60.0))
    yield connection
    connection.close()


def recorded(kind: str, server: PublishersServer) -> bytes:
    """The answer of a kind as the local server sends it."""
    headers = {"Ocp-Apim-Subscription-Key": KEY}
    answer = httpx.get(KINDS[kind][0](server.url), headers=headers, timeout=60)
    assert answer.status_code == 200
    return answer.content


def with_changed_bytes(draw: Callable, body: bytes) -> bytes:
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.integers(0, len(body)))
        length = draw(st.sampled_from([0, 1, 2, 7, 100, len(body)]))
        taken = body[place : place + length]
        new = draw(st.sampled_from([*ODD_BYTES, taken * 2, taken[::-1]]) | st.binary(max_size=4))
        body = body[:place] + new + body[place + length :]
    return body


def with_changed_value(draw: Callable, body: bytes) -> bytes:
    """One value of the JSON, at whatever depth, replaced or taken out."""
    answer = json.loads(body)
    here: Any = answer
    while True:
        keys = list(here) if isinstance(here, dict) else list(range(len(here)))
        key = draw(st.sampled_from(keys))
        below = here[key]
        if not (isinstance(below, dict | list) and below) or draw(st.integers(0, 3)) == 0:
            break
        here = below
    if draw(st.booleans()):
        here[key] = draw(st.sampled_from(ODD_VALUES))
    else:
        del here[key]
    return json.dumps(answer).encode()


@pytest.mark.parametrize("change", [with_changed_bytes, with_changed_value])
@pytest.mark.parametrize("kind", KINDS)
def test_a_changed_answer_is_kept_with_every_row_or_not_at_all(
    kind: str,
    change: Callable,
    server: PublishersServer,
    raw: RawServer,
    transport: Transport,
    tmp_path: Path,
) -> None:
    _, check, counted, there = KINDS[kind]
    right = recorded(kind, server)
    path = tmp_path / "answer.json.gz"
    outcomes: set[bool] = set()
    words: list[str] = []

    def outcome_of(body: bytes) -> None:
        path.unlink(missing_ok=True)
        raw.scripts = [raw.sends(response(body))]
        try:
            result = transport.fetch(f"{raw.url}/get", path, check)
        except LandingError as error:
            assert list(tmp_path.iterdir()) == [], "nothing is kept"
            words.append(str(error))
            outcomes.add(False)
        else:
            assert gzip.decompress(path.read_bytes()) == body
            assert counted(result) == there(json.loads(body.decode("utf-8-sig")))
            outcomes.add(True)

    @given(st.data())
    @FEW_EXAMPLES
    def every_change(data: st.DataObject) -> None:
        outcome_of(change(data.draw, right))

    outcome_of(right)
    assert there(json.loads(right)) > 0
    assert outcomes == {True}, "what is right is accepted"
    every_change()
    assert False in outcomes
    assert all(text.isprintable() for text in words)


@given(
    body=st.binary(min_size=1, max_size=3000),
    cuts=st.lists(st.integers(0, 3000), max_size=4),
    has_edition=st.booleans(),
)
@settings(FEW_EXAMPLES, max_examples=40)
def test_however_a_download_is_cut_its_file_is_whole(
    body: bytes,
    cuts: list[int],
    has_edition: bool,
    raw: RawServer,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    path = tmp_path_factory.mktemp("download") / "x.zip"
    edition = ['ETag: "a"'] if has_edition else []

    def script(cut: int) -> Callable:
        def serve(connection: Any) -> None:
            asked = raw.requests[-1].lower()
            have = int(asked.partition(b"range: bytes=")[2].partition(b"-")[0] or 0)
            rest = body[have:]
            if have >= len(body):
                whole = response(b"", "416 No", edition)
            elif have:
                span = f"Content-Range: bytes {have}-{len(body) - 1}/{len(body)}"
                whole = response(rest, "206 Part", [span, *edition])
            else:
                whole = response(rest, headers=edition)
            head = len(whole) - len(rest) if have < len(body) else len(whole)
            connection.sendall(whole[: head + cut])

        return serve

    raw.scripts = [*(script(cut) for cut in cuts), script(len(body))]
    patient = Transport("A service", raw.url, attempts=len(cuts) + 2, sleep=lambda _: None)
    assert download(patient, f"{raw.url}/x.zip", path).read_bytes() == body
    patient.close()
    assert {p.name for p in path.parent.iterdir()} == {"x.zip", ".x.zip.edition"}
    discard(path)
    assert not list(path.parent.iterdir())


@given(data=st.data())
@settings(FEW_EXAMPLES, max_examples=40)
def test_a_changed_archive_lands_with_every_row_or_not_at_all(
    data: st.DataObject, raw: RawServer, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("archive")
    name = "BACI_HS17_V202601.zip"
    inside = write_csv(folder / "BACI_HS17_Y2022_V202601.csv", baci_rows())
    with zipfile.ZipFile(folder / name, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(inside, inside.name)
    body = with_changed_bytes(data.draw, (folder / name).read_bytes())
    raw.scripts = [raw.sends(response(body))]
    settings_of_run = load_settings(
        {"LCT_DATA_DIR": str(folder), "LCT_BACI": f"{raw.url}/{name}?token=geheim"}
    )
    manifest = read_manifest(settings_of_run.manifest_path)
    left_out = fill_with_baci(manifest, settings_of_run, attempts=1)
    landed = [(f.rows, (manifest.folder / f.file).read_bytes()) for f in manifest.current()]
    assert landed == ([] if left_out else [(len(baci_rows()), body)])
    assert [p.name for p in (folder / "incoming").iterdir()] == ["refresh.lock"]


@given(said=st.binary(max_size=300))
@settings(FEW_EXAMPLES, max_examples=40)
def test_whatever_a_server_says_the_error_is_ours(
    said: bytes,
    raw: RawServer,
    transport: Transport,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("answer")
    for before in (b"", b"HTTP/1.1 ", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 503 X\r\n\r\n"):
        raw.scripts = [raw.sends(before + said)]
        with pytest.raises(ServiceError):
            transport.fetch(f"{raw.url}/get", folder / "answer", world_bank.read_page)
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("read", [world_bank.read_catalogue, world_bank.check_economies])
def test_a_list_on_one_page_with_fewer_rows_than_its_total_is_asked_for_again(
    read: Callable[[Path], object], tmp_path: Path
) -> None:
    page = {"page": 1, "pages": 1, "per_page": "400", "total": 3}
    rows = [{"id": "A", "name": "a"}, {"id": "B", "name": "b"}]
    path = tmp_path / "answer.json.gz"
    path.write_bytes(gzip.compress(json.dumps([page, rows]).encode()))
    with pytest.raises(TransientError, match="2 of the 3 announced"):
        read(path)
    path.write_bytes(gzip.compress(json.dumps([{**page, "total": 2}, rows]).encode()))
    read(path)
