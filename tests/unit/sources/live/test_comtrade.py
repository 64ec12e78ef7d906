"""UN Comtrade's answers: kept as sent, split where they are cut, known under other names."""

from __future__ import annotations

import gzip
import hashlib

import pytest

from orchestration.sources.live import plan, services
from orchestration.sources.live.plan import Limits
from tests.support.desk import Desk
from tests.support.publishers_server import (
    DATA,
    GET_DA,
    Fault,
    PublishersServer,
    answers,
    changed_rows,
    changes_bytes,
)


def test_answers_land_as_they_were_sent(desk: Desk, server: PublishersServer) -> None:
    sent: dict[str, bytes] = {}
    keep = changes_bytes(lambda body: sent.setdefault("body", body))
    server.faults = [Fault("reporterCode=156&", keep)]
    desk.refresh()
    [china] = [
        f for f in desk.manifest.current() if f.parameters.get("question") == plan.CHINA_REPORTS
    ]
    assert gzip.decompress((desk.folder / "landing" / china.file).read_bytes()) == sent["body"]
    assert (
        china.sha256
        == hashlib.sha256((desk.folder / "landing" / china.file).read_bytes()).hexdigest()
    )


@pytest.mark.parametrize("cap", [60, 150])
def test_an_answer_at_the_cap_is_split_until_nothing_is_cut(
    cap: int, desk: Desk, server: PublishersServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The planner is told that everything fits.

    Only the guard then stands between a cut answer and the landing zone.
    """
    server.years, server.reporters = {1993}, {156, 276}
    monkeypatch.setattr(plan, "expected_rows", lambda *_: 0)
    monkeypatch.setattr(services, "Limits", lambda: Limits(rows=cap))
    assert desk.refresh() == ""
    assert any("it was truncated; requesting it again in 2 parts" in text for text in desk.said)
    assert desk.assert_equals_what_is_published() > cap
    assert all(f.rows < cap for f in desk.manifest.current() if f.source == "comtrade")
    assert desk.refresh() == ""
    assert server.count(GET_DA) == 8
    server.calls.clear()
    desk.refresh()
    assert server.count(DATA) == 0, "reporter-years that landed in parts are known to be complete"


def test_the_preview_at_its_cap_is_split(
    desk: Desk, server: PublishersServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.years = {2020, 2021}
    monkeypatch.setattr(plan, "TRIAL_CODES", plan.listed_codes()[0])
    monkeypatch.setattr(plan, "expected_rows", lambda *_: 0)
    assert desk.refresh(COMTRADE_API_KEY="") == ""
    assert any("it was truncated" in text for text in desk.said)
    listed = ", ".join(map(repr, plan.TRIAL_CODES))
    [(expected,)] = server.ask(
        "select count(*) from trade "
        f"where reporterCode = 156 and refYear in (2020, 2021) and cmdCode in ({listed}) "
        "and motCode = 0 and partner2Code = 0 and customsCode = 'C00'"
    )
    assert sum(f.rows for f in desk.manifest.current() if f.source == "comtrade") == expected


def test_unknown_column(desk: Desk, server: PublishersServer) -> None:
    server.faults = [
        Fault(DATA, changed_rows(lambda rows: [{**r, "carbonContent": 1} for r in rows]))
    ]
    assert desk.refresh() == ""
    assert any(text.startswith("warning") and "carbonContent" in text for text in desk.said)
    desk.assert_equals_what_is_published()


def test_net_weight_under_its_other_name(desk: Desk, server: PublishersServer) -> None:
    server.faults = [
        Fault(
            DATA,
            changed_rows(
                lambda rows: [
                    {("netWeight" if k == "netWgt" else k): v for k, v in r.items()} for r in rows
                ]
            ),
            times=9,
        )
    ]
    assert desk.refresh() == ""
    desk.assert_equals_what_is_published()


def test_duplicated_rows(desk: Desk, server: PublishersServer) -> None:
    """A repeated row lands as sent; staging counts it once (see the models' tests)."""
    server.faults = [Fault(DATA, changed_rows(lambda rows: [*rows, *rows[:50]]))]
    assert desk.refresh() == ""
    with desk.landed() as connection:
        [(rows, distinct)] = connection.execute(
            "select count(*), "
            "count(distinct (period, reporterCode, flowCode, partnerCode, cmdCode)) "
            "from raw.comtrade_trade"
        ).fetchall()
    assert rows == distinct + 50


def test_empty_answer(desk: Desk, server: PublishersServer) -> None:
    server.faults = [
        Fault(
            "reporterCode=156&",
            answers(200, '{"elapsedTime":"0.1 secs","count":0,"data":[],"error":""}'),
        )
    ]
    assert desk.refresh() == ""
    assert sorted(f.rows > 0 for f in desk.manifest.current() if f.source == "comtrade") == [
        False,
        True,
        True,
    ]
    server.calls.clear()
    desk.refresh()
    assert server.count(DATA) == 0
