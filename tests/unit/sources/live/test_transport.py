"""Calls and downloads: the count of the day's calls, slow or refused connections, cut downloads."""

from __future__ import annotations

import random
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from orchestration.sources.live.archives import fill_with_baci, land_archive
from orchestration.sources.live.errors import QuotaExhaustedError
from orchestration.sources.live.ledger import Ledger
from orchestration.sources.live.services import world_bank_transport
from orchestration.sources.live.transport import Bounds
from tests.support.desk import Desk, Time
from tests.support.publishers_files import baci_rows, bulk_zip, write_csv
from tests.support.publishers_server import DATA, Fault, PublishersServer, drips, resets


def test_slow_drip(desk: Desk, server: PublishersServer, monkeypatch: pytest.MonkeyPatch) -> None:
    assert_equal = desk.only("trade", monkeypatch)
    server.faults = [Fault(DATA, drips(0.01))]
    desk.options |= {"bounds": Bounds(answer_seconds=5.0)}
    assert desk.refresh() == ""
    assert any("the answer was not complete after 5 s" in text for text in desk.said)
    assert_equal()


def test_connection_refused(desk: Desk, server: PublishersServer) -> None:
    told = desk.refresh(LCT_COMTRADE_URL="http://127.0.0.1:9")
    assert "the connection failed (ConnectError" in told
    assert "run the same command again later" in told


def test_own_count_used_up(desk: Desk, server: PublishersServer) -> None:
    assert desk.refresh(LCT_COMTRADE_CALLS_A_DAY="4") == ""
    assert server.count("/v1/") == 4
    assert any("the 4 calls of 2026-07-14 (UTC) are used up" in text for text in desk.said)
    desk.refresh(LCT_COMTRADE_CALLS_A_DAY="4")
    assert server.count("/v1/") == 4, "restarts do not forget"
    desk.time.at += timedelta(days=1)
    desk.refresh(LCT_COMTRADE_CALLS_A_DAY="4")
    desk.assert_equals_what_is_published()


def test_a_clock_that_jumps_gives_no_second_quota(tmp_path: Path) -> None:
    at = Time(datetime(2026, 7, 15, 0, 10, tzinfo=UTC))
    ledger = Ledger(tmp_path / "calls.json", 3, at.now)
    for _ in range(3):
        ledger.spend()
    at.at -= timedelta(hours=1)
    assert ledger.left == 0, "set back over midnight"
    with pytest.raises(QuotaExhaustedError, match="a new quota begins at 00:00 UTC"):
        ledger.spend()
    at.at = datetime(2026, 7, 16, tzinfo=UTC)
    assert ledger.left == 3
    at.at = datetime(2031, 1, 1, tzinfo=UTC)
    ledger.spend()
    at.at = datetime(2026, 7, 16, tzinfo=UTC)
    assert ledger.left == 2, "a clock that ran years ahead does not lock the count"


def test_the_count_of_calls_is_damaged(desk: Desk, server: PublishersServer) -> None:
    desk.incoming.mkdir(parents=True)
    (desk.incoming / "comtrade_calls.json").write_text('{"day": "20')
    assert "the count of the day's calls is damaged" in desk.refresh()
    assert server.count("/v1/") == 0


def test_download_cut_is_continued(desk: Desk, server: PublishersServer, tmp_path: Path) -> None:
    inside = write_csv(tmp_path / "BACI_HS17_Y2022_V202601.csv", baci_rows())
    with zipfile.ZipFile(tmp_path / "BACI_HS17_V202601.zip", "w") as archive:
        archive.write(inside, inside.name)
        archive.writestr("padding.txt", random.Random(1).randbytes(3_000_000))
    server.files["/BACI_HS17_V202601.zip"] = (tmp_path / "BACI_HS17_V202601.zip").read_bytes()
    server.faults = [Fault("BACI", resets(0.6), times=2)]
    settings = desk.settings(LCT_BACI=f"{server.url}/BACI_HS17_V202601.zip")
    manifest = desk.manifest
    assert fill_with_baci(manifest, settings, desk.said.append, sleep=desk.time.sleep) == []
    assert [h["Range"] for h in server.headers if "Range" in h], (
        "the rest was asked for, not the whole"
    )
    [landed] = manifest.current()
    assert (manifest.folder / landed.file).read_bytes() == server.files["/BACI_HS17_V202601.zip"]
    server.calls.clear()
    assert fill_with_baci(manifest, settings, desk.said.append) == []
    assert server.calls == [], "a release does not change"


def test_download_replaced_meanwhile(desk: Desk, server: PublishersServer) -> None:
    server.files["/WDI_CSV.zip"] = bulk_zip()
    newer = bulk_zip(gdp="5.5")

    def then_replaced(handler, status: int, body: bytes) -> None:
        resets(0.6)(handler, status, body)
        server.files["/WDI_CSV.zip"] = newer

    server.faults = [Fault("WDI_CSV", then_replaced)]
    manifest, settings = desk.manifest, desk.settings()
    transport = world_bank_transport(settings, desk.said.append, sleep=desk.time.sleep)
    address = f"{server.url}/WDI_CSV.zip"
    assert land_archive(manifest, address, "LCT_WDI_BULK", desk.incoming, transport) == []
    [landed] = manifest.current()
    assert (manifest.folder / landed.file).read_bytes() == newer, (
        "never the end of one file behind the beginning of another"
    )
    assert newer != bulk_zip()
