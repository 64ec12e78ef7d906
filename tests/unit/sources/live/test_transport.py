"""Calls: the count of the day's calls, slow or refused connections."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from orchestration.sources.live.errors import QuotaExhaustedError
from orchestration.sources.live.ledger import Ledger
from orchestration.sources.live.transport import Bounds
from tests.support.desk import Desk, Time
from tests.support.publishers_server import DATA, Fault, PublishersServer, drips


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
