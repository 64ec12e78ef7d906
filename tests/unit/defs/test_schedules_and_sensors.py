"""Schedules and sensors: what starts a run, what it asks for, and that all are stopped at first."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest

from orchestration.defs.resources import RunSettings, build_resources
from orchestration.defs.schedules import build_schedules
from orchestration.defs.sensors import _files_not_landed, build_sensors
from orchestration.landing.layout import last_year
from orchestration.landing.manifest import read_manifest
from orchestration.settings import load_settings
from orchestration.sources.folder import fill_from_folder
from tests.support.desk import Desk
from tests.support.publishers_files import comtrade_row, write_csv
from tests.support.publishers_server import DATA, PublishersServer


def test_schedules_and_sensors_are_stopped_unless_the_setting_starts_them(tmp_path: Path) -> None:
    for value, running in (("off", False), ("on", True)):
        settings = load_settings({"LCT_DATA_DIR": str(tmp_path), "LCT_SCHEDULES": value})
        schedules = build_schedules(settings.schedules_on)
        sensors = build_sensors(settings.schedules_on)
        assert len(schedules) == 2
        assert len(sensors) == 3
        assert {s.default_status == dg.DefaultScheduleStatus.RUNNING for s in schedules} == {
            running
        }
        assert {s.default_status == dg.DefaultSensorStatus.RUNNING for s in sensors} == {running}


def test_the_monthly_refresh_asks_for_every_year() -> None:
    [monthly] = [s for s in build_schedules(are_on=False) if s.name == "monthly_refresh"]
    with dg.DagsterInstance.ephemeral() as instance, dg.build_schedule_context(instance) as context:
        request = monthly.evaluate_tick(context).run_requests[0]
    assert request.tags["dagster/asset_partition_range_start"] == "1988"
    assert request.tags["dagster/asset_partition_range_end"] == str(last_year()), (
        "every year of which landing accepts rows"
    )


def test_a_dropped_file_starts_one_refresh(tmp_path: Path) -> None:
    settings = load_settings({"LCT_DATA_DIR": str(tmp_path), "LCT_SOURCE": "files"})
    [sensor] = [s for s in build_sensors(are_on=False) if s.name == "files_dropped"]
    resources = {"run_settings": RunSettings.of(settings)}
    with dg.DagsterInstance.ephemeral() as instance:

        def tick(cursor: str | None):
            return sensor.evaluate_tick(
                dg.build_sensor_context(instance, cursor=cursor, resources=resources)
            )

        assert tick(None).run_requests == []
        (tmp_path / "landing" / "comtrade").mkdir(parents=True)
        (tmp_path / "landing" / "comtrade" / ".part-x.csv").write_text("half")
        assert tick(None).run_requests == []
        (tmp_path / "landing" / "comtrade" / "x.csv").write_text("a,b\n1,2\n")
        seen = tick(None)
        assert seen.run_requests == [], "it may still be being written"
        assert "if unchanged by then" in seen.skip_message
        (tmp_path / "landing" / "comtrade" / "x.csv").write_text("a,b\n1,2\n3,4\n")
        grown = tick(seen.cursor)
        assert grown.run_requests == []
        started = tick(grown.cursor)
        assert len(started.run_requests) == 1
        assert started.run_requests[0].run_key
        assert tick(started.cursor).run_requests == [], "the same file starts no second run"
        (tmp_path / "landing" / "comtrade" / "x.csv").write_text("a,b\n5,6\n")
        assert len(tick(tick(started.cursor).cursor).run_requests) == 1


def test_the_sensor_starts_a_refresh_for_what_was_released_anew_and_no_other(
    desk: Desk, server: PublishersServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    [sensor] = [s for s in build_sensors(are_on=False) if s.name == "data_available"]
    monkeypatch.setenv("COMTRADE_API_KEY", desk.settings().comtrade_key)

    def tick(**settings: str):
        resources = build_resources(desk.settings(LCT_API_PAUSE_SECONDS="0", **settings))
        wanted = {k: resources[k] for k in ("run_settings", "comtrade", "world_bank")}
        with dg.DagsterInstance.ephemeral() as instance:
            return sensor.evaluate_tick(dg.build_sensor_context(instance, resources=wanted))

    first = tick()
    assert len(first.run_requests) == 1
    assert server.count(DATA) == 0, "the sensor only plans"
    assert tick().run_requests[0].run_key == first.run_requests[0].run_key, "one plan, one run"
    assert desk.refresh() == ""
    desk.assert_equals_what_is_published()
    assert tick().run_requests == []
    assert "no reporter-year and no month has been released again" in tick().skip_message
    server.revise(276, 1993, 1.5)
    assert len(tick().run_requests) == 1
    assert "SOURCE=api" in tick(LCT_SOURCE="demo").skip_message


def test_the_sensor_sees_a_file_by_its_place(tmp_path: Path) -> None:
    inbox = tmp_path / "inbox"
    for folder in ("old", "new", "__MACOSX"):
        (inbox / folder).mkdir(parents=True)
    settings = load_settings(
        {"LCT_DATA_DIR": str(tmp_path / "data"), "LCT_SOURCE": "files", "LCT_LANDING": str(inbox)}
    )
    write_csv(inbox / "old" / "trade.csv", [comtrade_row(refYear=2021)])
    fill_from_folder(read_manifest(settings.manifest_path), inbox)
    assert _files_not_landed(settings) == []
    write_csv(inbox / "__MACOSX" / "trade.csv", [comtrade_row(refYear=2022)])
    assert _files_not_landed(settings) == []
    path = write_csv(inbox / "new" / "trade.csv", [comtrade_row(refYear=2022)])
    [found] = _files_not_landed(settings)
    assert found.startswith(f"{path} "), "of the same name and size as one that has landed"
