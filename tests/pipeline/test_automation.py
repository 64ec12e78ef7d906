"""Jobs, schedules, sensors, notices and the drift checks."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import dagster as dg
import duckdb
import pytest

from orchestration.build.warehouse import WarehouseError
from orchestration.defs.metadata import table_metadata
from orchestration.defs.notices import notify
from orchestration.defs.resources import RunSettings, build_resources
from orchestration.defs.schedules import build_schedules
from orchestration.defs.sensors import build_sensors
from orchestration.landing.manifest import read_manifest
from orchestration.publishing import figures, publication
from orchestration.publishing.drift import drift
from orchestration.settings import Settings, load_settings
from tests.support.runs import FinishedRun


def test_every_asset_has_group_owner_kind_and_description(definitions: dg.Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    assert {graph.get(k).group_name for k in graph.get_all_asset_keys()} == {
        "landing",
        "raw",
        "seeds",
        "staging",
        "intermediate",
        "marts",
        "report",
        "estimates",
        "published",
    }
    bare = [
        k.to_user_string()
        for k in graph.get_all_asset_keys()
        if not (graph.get(k).owners and graph.get(k).kinds and graph.get(k).description)
    ]
    assert bare == []


def test_the_jobs_do_what_their_names_say(definitions: dg.Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    groups = {
        name: {
            graph.get(k).group_name
            for k in definitions.resolve_job_def(name).asset_layer.executable_asset_keys
        }
        for name in (
            "refresh",
            "refresh_trade_of_years",
            "rebuild_models",
            "re_estimate",
            "publish",
        )
    }
    assert groups["refresh_trade_of_years"] == {"landing", "raw"}
    assert groups["rebuild_models"] == {"seeds", "staging", "intermediate", "marts", "report"}
    assert groups["re_estimate"] == {"estimates"}
    assert groups["publish"] == {"published"}
    assert set(definitions.resolve_job_def("refresh").asset_layer.executable_asset_keys) == set(
        graph.get_all_asset_keys()
    )


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
        assert "stay as they are" in seen.skip_message
        (tmp_path / "landing" / "comtrade" / "x.csv").write_text("a,b\n1,2\n3,4\n")
        grown = tick(seen.cursor)
        assert grown.run_requests == []
        started = tick(grown.cursor)
        assert len(started.run_requests) == 1
        assert started.run_requests[0].run_key
        assert tick(started.cursor).run_requests == [], "the same file starts no second run"
        (tmp_path / "landing" / "comtrade" / "x.csv").write_text("a,b\n5,6\n")
        assert len(tick(tick(started.cursor).cursor).run_requests) == 1


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


@pytest.fixture
def finished_demo(demo_run: FinishedRun, tmp_path: Path) -> Settings:
    """The data folder of the finished demo, with its regressions, a copy to do things to."""
    shutil.copytree(
        demo_run.settings.data_dir,
        tmp_path / "data",
        symlinks=True,
        ignore=shutil.ignore_patterns("dagster", "dbt_target"),
    )
    return replace(demo_run.settings, data_dir=tmp_path / "data")


@pytest.mark.parametrize(
    ("change", "moved", "stops"),
    [(1.0, 0, False), (1.04, 0, False), (1.10, 1, False), (1.9, 1, True)],
)
def test_an_aggregate_that_moved_is_shown_with_both_values(
    finished_demo: Settings, change: float, moved: int, stops: bool
) -> None:
    with duckdb.connect(str(finished_demo.build_path)) as connection:
        [(before,)] = connection.execute(
            "select value from report.figure_3 "
            "where sector = 'buildings' and year = 2010 and unit = 'billion USD'"
        ).fetchall()
        connection.execute(
            "update report.figure_3 set value = value * ? "
            "where sector = 'buildings' and year = 2010 and unit = 'billion USD'",
            [change],
        )
        found = drift(connection, finished_demo, "aggregate")
    assert found.compared > 500
    assert len(found.moved) == moved
    assert found.is_blocking == stops
    if moved:
        assert found.moved[0].name == "figure_3 world exports buildings 2010"
        assert (found.moved[0].before, found.moved[0].after) == pytest.approx(
            (before, before * change)
        )
        assert f"{before:,.6g}" in found.table()
        assert f"{before * change:,.6g}" in found.table()


@pytest.mark.parametrize(
    ("std_errors", "moved", "stops"), [(0.5, 0, False), (2.0, 1, False), (20.0, 1, True)]
)
def test_a_coefficient_that_moved_is_measured_in_its_standard_errors(
    finished_demo: Settings, std_errors: float, moved: int, stops: bool
) -> None:
    with duckdb.connect(str(finished_demo.build_path)) as connection:
        connection.execute(
            "update estimates.coefficients set estimate = estimate + ? * std_error "
            "where exhibit = 'table_4' and \"column\" = 1 and term = 'ln_gdp' "
            "and variant = 'report' and inference = 'cluster_iso3'",
            [std_errors],
        )
        found = drift(connection, finished_demo, "coefficient")
    assert found.compared > 400
    assert [m.name for m in found.moved] == ["table_4 (1) ln_gdp"] * moved
    assert found.is_blocking == stops


def test_a_published_number_that_is_gone_stops_publication_and_one_on_more_data_does_not(
    finished_demo: Settings,
) -> None:
    with duckdb.connect(str(finished_demo.build_path)) as connection:
        connection.execute(
            "update report.figure_3 set value = null "
            "where sector = 'buildings' and year = 2010 and unit = 'billion USD'"
        )
        gone = drift(connection, finished_demo, "aggregate")
        assert [(m.name, m.after) for m in gone.moved] == [
            ("figure_3 world exports buildings 2010", None)
        ]
        assert gone.is_blocking
        assert "to nothing" in gone.sentence()
        assert "| nothing |" in gone.table()
        connection.execute(
            "update report.figure_3 set value = 1e6 "
            "where sector = 'buildings' and year = 2010 and unit = 'billion USD'"
        )
        assert drift(connection, finished_demo, "aggregate").is_blocking
        connection.execute(
            "insert into marts.fct_world_trade "
            "select * replace (economy_iso3 || ' again' as economy_iso3) "
            "from marts.fct_world_trade where year = 2010"
        )
        grown = drift(connection, finished_demo, "aggregate")
        assert len(grown.moved) == 1
        assert grown.moved[0].data_after == 2 * grown.moved[0].data_before
        assert not grown.is_blocking


def test_publication_itself_refuses_what_has_drifted_and_keeps_the_old(
    finished_demo: Settings,
) -> None:
    """Also where nobody has asked the checks: by click on the publication alone."""
    before = {
        p: p.read_bytes() for p in finished_demo.published_dir.resolve().rglob("*") if p.is_file()
    }
    with duckdb.connect(str(finished_demo.build_path)) as connection:
        connection.execute(
            "update report.figure_3 set value = value * 2 "
            "where sector = 'buildings' and year = 2010 and unit = 'billion USD'"
        )
    with pytest.raises(
        WarehouseError, match=r"world exports buildings 2010 from .* LCT_ACCEPT_DRIFT=true"
    ):
        publication.publish(finished_demo, read_manifest(finished_demo.manifest_path))
    assert {
        p: p.read_bytes() for p in finished_demo.published_dir.resolve().rglob("*") if p.is_file()
    } == before
    assert publication.publish(
        replace(finished_demo, accept_drift=True), read_manifest(finished_demo.manifest_path)
    ).changed


def test_publications_on_other_choices_are_not_compared(finished_demo: Settings) -> None:
    with duckdb.connect(str(finished_demo.build_path)) as connection:
        other_seed = drift(
            connection, replace(finished_demo, demo_seed=finished_demo.demo_seed + 1), "aggregate"
        )
        assert other_seed.compared == 0
        assert "demo_seed was" in other_seed.not_compared
        assert (
            "low_carbon_products was"
            in drift(
                connection, replace(finished_demo, low_carbon_products=Path("own.csv")), "aggregate"
            ).not_compared
        )
        connection.execute("update marts.run_choices set basis = 'reconciled'")
        assert (
            "basis was china_reported, is reconciled"
            in drift(connection, finished_demo, "aggregate").not_compared
        )
        finished_demo.published_dir.unlink()
        assert (
            drift(connection, finished_demo, "aggregate").not_compared
            == "nothing has been published yet"
        )


def test_drift_checks_stand_between_estimates_and_publication(definitions: dg.Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    checks = {c.name: c for c in graph.asset_check_keys if c.name.endswith("have_not_drifted")}
    assert set(checks) == {"aggregates_have_not_drifted", "coefficients_have_not_drifted"}
    upstream = graph.get_ancestor_asset_keys(dg.AssetKey(["published", "warehouse"]))
    for key in checks.values():
        assert graph.get(key).blocking
        assert key.asset_key in upstream


def test_an_earlier_publication_can_be_restored(finished_demo: Settings) -> None:
    first = finished_demo.published_dir.resolve()
    second = first.with_name("000099")
    shutil.copytree(first, second)
    assert publication.restore(finished_demo, "000099") == second
    assert finished_demo.published_dir.resolve() == second
    assert publication.restore(finished_demo) == first
    assert finished_demo.published_dir.resolve() == first
    with pytest.raises(WarehouseError, match="000099"):
        publication.restore(finished_demo, "000050")
    with pytest.raises(WarehouseError, match="before the current one"):
        publication.restore(finished_demo)


def test_raw_tables_show_the_years_that_were_loaded(demo_run: FinishedRun) -> None:
    with duckdb.connect(str(demo_run.settings.build_path), read_only=True) as connection:
        of_a_year = table_metadata(
            connection, "raw", "comtrade_trade", "trade_year between 2010 and 2010"
        )
        [(rows, economies)] = connection.execute(
            'select count(*), count(distinct "reporterCode") from raw.comtrade_trade '
            "where trade_year = 2010"
        ).fetchall()
        assert (of_a_year["dagster/row_count"], of_a_year["economies"], of_a_year["years"]) == (
            rows,
            economies,
            "2010-2010",
        )
        assert rows > 1000
        assert set(table_metadata(connection, "staging", "stg_comtrade__trade_records")) == {
            "preview"
        }, "a view is not counted"


def test_tables_show_rows_economies_years_shares_and_pictures(demo_run: FinishedRun) -> None:
    with duckdb.connect(
        str(demo_run.settings.published_dir / "warehouse.duckdb"), read_only=True
    ) as connection:
        world_trade = table_metadata(connection, "marts", "fct_world_trade")
        assert world_trade["economies"] > 150
        assert world_trade["years"] == "1992-2022"
        assert 0 < world_trade["unallocated_share"] < 0.2
        assert world_trade["dagster/row_count"] > 10_000
        assert "| " in world_trade["preview"].md_str
        assert "dagster/row_count" not in table_metadata(connection, "report", "no_such_table")
        for table in figures.FIGURES:
            assert (
                "](data:image/png;base64,iVBOR"
                in table_metadata(connection, "report", table)["picture"].md_str
            )
            assert figures.picture_of(connection, table) == figures.picture_of(connection, table), (
                "the same numbers, the same picture"
            )
        assert "picture" in table_metadata(connection, "estimates", "coefficients")
        assert "picture" not in table_metadata(connection, "report", "table_2")
