"""A refresh: what lands, what is asked for again, and where it goes on after it was ended."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from orchestration.landing.layout import LandingError
from orchestration.sources.live import landing, plan, services, trade
from orchestration.sources.live.archives import fill_with_baci
from orchestration.sources.live.pending_plan import read_plan, waiting_requests
from tests.support.desk import Desk
from tests.support.publishers_server import (
    DATA,
    GET_DA,
    HTML,
    Fault,
    PublishersServer,
    answers,
)


def test_a_refresh_lands_what_is_published_and_says_before_what_it_will_ask(
    desk: Desk, server: PublishersServer
) -> None:
    said_at_first_call: list[str] = []
    server.on_call = lambda number: said_at_first_call.extend(desk.said) if number == 1 else None
    assert desk.refresh() == ""
    assert "plan (at most)" in said_at_first_call[0], "the plan is printed before the first request"
    assert "calls" in said_at_first_call[0]
    assert "day(s) of quota" in said_at_first_call[0]
    assert desk.assert_equals_what_is_published() > 300
    [china, others, months] = [f for f in desk.manifest.current() if f.source == "comtrade"]
    assert china.request_parameters["reporterCode"] == "156"
    assert "partnerCode" not in china.request_parameters
    assert others.request_parameters["partnerCode"] == "0,156"
    assert others.parameters["releases"]["1993"]["276"] == "2024-01-01T00:00:00"
    assert months.request_parameters["reporterCode"] == "156"
    assert months.request_parameters["period"].split(",") == [f"1993{m:02}" for m in range(1, 13)]
    assert months.parameters["releases"]["199312"] == {"156": "2024-01-01T00:00:00"}
    assert any(
        "China with all partners, 1993-01 to 1993-12, imports and exports" in text
        for text in desk.said
    )
    assert [c.split("?")[0] for c in server.calls if GET_DA in c or DATA in c] == [
        *["/data/v1/getDa/C/A/HS"] * 3,
        "/data/v1/getDa/C/M/HS",
        *["/data/v1/get/C/A/HS"] * 2,
        "/data/v1/get/C/M/HS",
    ], "what the report needs comes first"
    assert list(desk.incoming.glob("*.json.gz")) == []
    assert not (desk.incoming / "plan.json").exists()
    assert [
        h.get("Ocp-Apim-Subscription-Key")
        for h, c in zip(server.headers, server.calls, strict=True)
        if "/v2/" in c
    ] == [None] * server.count("/v2/"), "the key goes to UN Comtrade only"


def test_nothing_new_costs_at_most_five_calls(desk: Desk, server: PublishersServer) -> None:
    desk.refresh()
    files, server.calls[:] = desk.manifest.files, []
    assert desk.refresh() == ""
    assert len(server.calls) <= 5
    assert server.count(DATA) == 0
    assert desk.manifest.files == files
    server.calls.clear()
    assert desk.refresh(LCT_WDI_VINTAGE="today") == ""
    server.calls.clear()
    assert desk.refresh(LCT_WDI_VINTAGE="today") == ""
    assert len(server.calls) <= 5
    assert "World Bank: not updated since 2026-07-01" in desk.said[-1]


def test_one_changed_reporter_year_is_all_that_is_asked_for_and_its_revision_is_kept(
    desk: Desk, server: PublishersServer
) -> None:
    desk.refresh()
    with desk.landed() as connection:
        before = connection.execute(
            "select sum(primaryValue::double) from raw.comtrade_trade "
            "where reporterCode = '276' and refYear = '1993'"
        ).fetchall()[0][0]
        others = connection.execute(
            "select sum(primaryValue::double), count(*) from raw.comtrade_trade "
            "where not (reporterCode = '276' and refYear = '1993')"
        ).fetchall()
    server.revise(276, 1993, 1.5)
    server.calls.clear()
    assert desk.refresh() == ""
    [asked] = [c for c in server.calls if DATA in c]
    assert "reporterCode=276&period=1993&" in asked
    assert len(server.calls) <= 5
    with desk.landed() as connection:
        after = connection.execute(
            "select sum(primaryValue::double) from raw.comtrade_trade "
            "where reporterCode = '276' and refYear = '1993'"
        ).fetchall()[0][0]
        assert after == pytest.approx(1.5 * before)
        assert (
            connection.execute(
                "select sum(primaryValue::double), count(*) from raw.comtrade_trade "
                "where not (reporterCode = '276' and refYear = '1993')"
            ).fetchall()
            == others
        )
        kept = connection.execute(
            "select sum(primaryValue::double), min(released_before), min(released_after), "
            "count(distinct replaced_by_file) from raw.comtrade_superseded"
        ).fetchall()
    assert kept == [(pytest.approx(before), "2024-01-01T00:00:00", "2025-01-02T09:30:00", 1)]


def test_one_changed_month_is_all_that_is_asked_for_and_its_revision_is_kept(
    desk: Desk, server: PublishersServer
) -> None:
    by_period = "period, sum(primaryValue::double) from raw.comtrade_trade"
    desk.refresh()
    with desk.landed() as connection:
        before = dict(
            connection.execute(
                f"select {by_period} where reporterCode = '156' group by period"
            ).fetchall()
        )
    assert len(before) == 13, "the year and its months"
    server.revise(156, 199303, 1.5)
    server.calls.clear()
    assert desk.refresh() == ""
    [asked] = [c for c in server.calls if DATA in c]
    assert "/C/M/HS?reporterCode=156&period=199303&" in asked
    assert len(server.calls) <= 6
    with desk.landed() as connection:
        after = dict(
            connection.execute(
                f"select {by_period} where reporterCode = '156' group by period"
            ).fetchall()
        )
        replaced = connection.execute(
            "select period, sum(primaryValue::double), min(released_before), min(released_after) "
            "from raw.comtrade_superseded group by period"
        ).fetchall()
    assert after.pop("199303") == pytest.approx(1.5 * before["199303"])
    assert after == {period: usd for period, usd in before.items() if period != "199303"}
    assert replaced == [
        (
            "199303",
            pytest.approx(before["199303"]),
            "2024-01-01T00:00:00",
            "2025-01-02T09:30:00",
        )
    ]


def test_a_new_release_of_the_year_leaves_its_months(desk: Desk, server: PublishersServer) -> None:
    desk.refresh()
    server.revise(156, 1993, 1.5)
    server.calls.clear()
    assert desk.refresh() == ""
    [asked] = [c for c in server.calls if DATA in c]
    assert "/C/A/HS?reporterCode=156&period=1993&" in asked
    with desk.landed() as connection:
        assert connection.execute(
            "select distinct freqCode from raw.comtrade_superseded"
        ).fetchall() == [("A",)]
        [(share,)] = connection.execute(
            "select sum(primaryValue::double) filter (where freqCode = 'M') "
            "/ sum(primaryValue::double) filter (where freqCode = 'A') "
            "from raw.comtrade_trade where reporterCode = '156'"
        ).fetchall()
    assert share == pytest.approx(1 / 1.5)


def test_a_withdrawn_report_leaves_the_raw_table_and_stays_as_a_revision(
    desk: Desk, server: PublishersServer
) -> None:
    desk.refresh()
    server.withdrawn.add((276, 1993))
    server.release(276, 1993)
    assert desk.refresh() == ""
    desk.assert_equals_what_is_published()
    with desk.landed() as connection:
        assert connection.execute(
            "select count(*) > 0 from raw.comtrade_superseded "
            "where reporterCode = '276' and refYear = '1993'"
        ).fetchall() == [(True,)]
    server.calls.clear()
    desk.refresh()
    assert server.count(DATA) == 0, "an empty answer is an answer"


def test_new_products_in_an_own_list_are_asked_for(
    desk: Desk, server: PublishersServer, tmp_path: Path
) -> None:
    desk.refresh()
    own = tmp_path / "own.csv"
    own.write_text("product_code,sector,technology\n010121,transport,horses\n")
    server.calls.clear()
    desk.refresh(LCT_LOW_CARBON_PRODUCTS=str(own))
    assert server.count(DATA) == 3
    assert all("010121" in c for c in server.calls if DATA in c)


def test_without_a_key_a_run_is_a_small_trial(desk: Desk, server: PublishersServer) -> None:
    server.years = {2020, 2021}
    assert desk.refresh(COMTRADE_API_KEY="") == ""
    assert server.count("/C/M/") == 0, "months are for those who have a key"
    asked = [c for c in server.calls if "/preview/" in c]
    assert 1 <= len(asked) <= 8
    assert server.count("/data/v1") == 0
    assert any("TRIAL" in text for text in desk.said)
    with desk.landed() as connection:
        assert connection.execute(
            "select distinct cmdCode from raw.comtrade_trade order by 1"
        ).fetchall() == [(c,) for c in plan.TRIAL_CODES]
    assert desk.refresh() == "", "a key that comes later gives all of it"
    desk.assert_equals_what_is_published()
    server.calls.clear()
    assert desk.refresh(COMTRADE_API_KEY="") == ""
    assert server.count("/v1/") == 0, "without it again, what has landed stays as it is"


def test_403_quota_used_up(desk: Desk, server: PublishersServer) -> None:
    server.quota = 5
    assert desk.refresh() == "", "a used-up quota is no failure of a file"
    assert waiting_requests(desk.settings()) == 2
    assert any(
        "2 of 3 requests are waiting. Run the same command again after 00:00 UTC" in text
        for text in desk.said
    )
    server.calls.clear()
    desk.refresh()
    assert server.count("/v1/") == 0, "no call is sent on that day any more"
    server.quota, desk.time.at = 10_000, desk.time.at + timedelta(days=1)
    desk.refresh()
    assert server.count(DATA) == 2, "the plan goes on where it stopped"
    assert server.count(GET_DA) == 0
    desk.assert_equals_what_is_published()


def test_after_several_requests_without_a_usable_answer_the_service_is_not_asked_any_more(
    desk: Desk, server: PublishersServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert_equal = desk.only("trade", monkeypatch)
    server.years, server.reporters = {1993}, {156, 276}
    monkeypatch.setattr(services, "Limits", lambda: plan.Limits(rows=600))
    server.faults = [Fault(DATA, answers(200, HTML), times=10_000)]
    with pytest.raises(LandingError, match="did not recover in 6 attempts"):
        desk.refresh()
    waiting = waiting_requests(desk.settings())
    assert waiting > trade.MOST_UNUSABLE
    assert server.count(DATA) == 6 * trade.MOST_UNUSABLE
    server.faults.clear()
    server.calls.clear()
    assert desk.refresh() == ""
    assert waiting_requests(desk.settings()) == 0
    assert server.count(DATA) >= waiting
    assert_equal()


def test_quota_used_up_before_anything_was_asked(desk: Desk, server: PublishersServer) -> None:
    desk.refresh(LCT_COMTRADE_CALLS_A_DAY="2")
    assert server.count(DATA) == 0
    assert any("the available data could not be listed" in text for text in desk.said)
    desk.time.at += timedelta(days=1)
    desk.refresh(LCT_COMTRADE_CALLS_A_DAY="7")
    desk.assert_equals_what_is_published()


def test_quota_used_up_before_the_months_were_listed(
    desk: Desk, server: PublishersServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert_equal = desk.only("trade", monkeypatch)
    server.quota = 3
    with pytest.raises(LandingError, match="the day's quota was used up"):
        desk.refresh()
    assert waiting_requests(desk.settings()) == 2, "the years are planned"
    assert any("of China by month could not be listed" in text for text in desk.said)
    server.quota, desk.time.at = 10_000, desk.time.at + timedelta(days=1)
    server.calls.clear()
    assert desk.refresh() == ""
    assert (server.count(GET_DA), server.count(DATA)) == (0, 2)
    assert desk.refresh() == ""
    assert (server.count(GET_DA), server.count(DATA)) == (4, 3), "the months follow"
    assert_equal()


def test_a_plan_of_before_months_were_asked_for_is_continued(
    desk: Desk, server: PublishersServer
) -> None:
    desk.refresh(LCT_COMTRADE_CALLS_A_DAY="5")
    path = desk.incoming / "plan.json"
    body = json.loads(path.read_text())
    body["requests"] = [r for r in body["requests"] if r["question"] == plan.OTHERS_REPORT]
    body["releases"] = [r for r in body["releases"] if r[1] <= 9999]
    assert set(body["requests"][0]) == {
        "question",
        "reporters",
        "partners",
        "periods",
        "flows",
        "codes",
    }, "as it was then"
    path.write_text(json.dumps(body))
    desk.time.at += timedelta(days=1)
    server.calls.clear()
    assert desk.refresh() == ""
    assert (server.count(GET_DA), server.count(DATA)) == (0, 1)
    assert desk.refresh() == ""
    assert (server.count(GET_DA), server.count(DATA)) == (4, 2)
    desk.assert_equals_what_is_published()


def test_midnight_passes_during_a_refresh(desk: Desk, server: PublishersServer) -> None:
    desk.time.at = datetime(2026, 7, 14, 23, 59, 57, tzinfo=UTC)
    assert desk.refresh(LCT_COMTRADE_CALLS_A_DAY="4") == ""
    assert desk.time.at.day == 15
    assert waiting_requests(desk.settings()) == 0, "the new day has a new quota"
    desk.assert_equals_what_is_published()


def test_the_plan_on_disk_is_damaged(desk: Desk, server: PublishersServer) -> None:
    desk.refresh(LCT_COMTRADE_CALLS_A_DAY="5")
    (desk.incoming / "plan.json").write_text('{"made_at": "20')
    with pytest.raises(LandingError, match="Remove it; what has landed is not requested again"):
        read_plan(desk.incoming / "plan.json")
    (desk.incoming / "plan.json").unlink()
    desk.time.at += timedelta(days=1)
    server.calls.clear()
    desk.refresh()
    assert server.count(DATA) == 2
    desk.assert_equals_what_is_published()


def test_ended_between_answer_and_landing(
    desk: Desk, server: PublishersServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(
            landing, "register", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt())
        )
        with pytest.raises(KeyboardInterrupt):
            desk.refresh()
    (desk.incoming / ".part-half.json.gz").write_bytes(b"half")
    assert server.count(DATA) == 1
    assert desk.refresh() == ""
    assert server.count(DATA) == 3, "the answer that had come is not asked for again"
    desk.assert_equals_what_is_published()


def test_ended_between_landing_and_plan(
    desk: Desk, server: PublishersServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(
            Path,
            "unlink",
            lambda *_, **__: (
                (_ for _ in ()).throw(KeyboardInterrupt())
                if "comtrade_china" in str(_[0]) and ".part" not in str(_[0])
                else None
            ),
        )
        with pytest.raises(KeyboardInterrupt):
            desk.refresh()
    assert desk.refresh() == ""
    assert server.count(DATA) == 3
    desk.assert_equals_what_is_published()


def test_baci_not_at_the_place_named(desk: Desk, server: PublishersServer) -> None:
    [left_out] = fill_with_baci(
        desk.manifest, desk.settings(LCT_BACI="/nowhere/BACI.zip"), desk.said.append
    )
    assert left_out.status == "refused"
    assert "no such file" in left_out.reason
    [left_out] = fill_with_baci(
        desk.manifest,
        desk.settings(LCT_BACI=f"{server.url}/absent.zip?token=geheim"),
        desk.said.append,
        sleep=desk.time.sleep,
    )
    assert "404" in left_out.reason
    assert "geheim" not in left_out.reason
