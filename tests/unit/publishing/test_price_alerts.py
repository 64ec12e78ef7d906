"""Which price alerts are new since the last publication, and what is said of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from orchestration.publishing.price_alerts import new_price_alerts
from orchestration.settings import Settings, load_settings

LITHIUM = ("import", "product", "283691", "rise", "2021-04-01", 7.9, 0.25, True)
COPPER = ("export", "product", "260300", "fall", "2019-09-01", 4.1, None, True)


def write_alerts(path: Path, *alerts: tuple, is_synthetic: bool = False) -> Path:
    """A warehouse that has these alerts and nothing else that is read."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema marts")
        connection.execute(f"create table marts.run_choices as select {is_synthetic} is_synthetic")
        connection.execute(
            "create table marts.price_alert (flow text, aggregate_kind text, aggregate text, "
            "direction text, since date, strength double, false_share double, is_current boolean)"
        )
        if alerts:
            connection.executemany(
                "insert into marts.price_alert values (?, ?, ?, ?, ?, ?, ?, ?)", alerts
            )
    return path


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return replace(load_settings({}), data_dir=tmp_path)


def found(settings: Settings, *alerts: tuple, is_synthetic: bool = False):
    build = write_alerts(
        settings.data_dir / "build" / "build.duckdb", *alerts, is_synthetic=is_synthetic
    )
    with duckdb.connect(str(build), read_only=True) as connection:
        return new_price_alerts(connection, settings)


def test_an_alert_that_was_not_published_is_new_and_said_in_words(settings: Settings) -> None:
    write_alerts(settings.published_dir / "warehouse.duckdb", COPPER)
    new = found(settings, COPPER, LITHIUM)
    assert new.current == 2
    assert new.sentence() == (
        "1 new price alerts. China's import prices of product 283691: abnormal rise since 2021-04 "
        "(strength 7.9; of the index's earlier months with a warning 25% were false)."
    )


def test_an_alert_whose_beginning_moved_is_not_new(settings: Settings) -> None:
    write_alerts(settings.published_dir / "warehouse.duckdb", LITHIUM)
    assert not found(settings, (*LITHIUM[:4], "2021-03-01", *LITHIUM[5:])).new


def test_an_alert_that_is_over_is_neither_current_nor_published(settings: Settings) -> None:
    over = (*LITHIUM[:-1], False)
    write_alerts(settings.published_dir / "warehouse.duckdb", over)
    assert found(settings, over).current == 0
    assert len(found(settings, LITHIUM).new) == 1


@pytest.mark.parametrize("published", ["nothing", "an older version", "damaged"])
def test_without_anything_to_compare_with_no_alert_is_new(
    settings: Settings, published: str
) -> None:
    path = settings.published_dir / "warehouse.duckdb"
    path.parent.mkdir(parents=True)
    if published == "an older version":
        with duckdb.connect(str(path)) as connection:
            connection.execute("create table something_else as select 1 as one")
    elif published == "damaged":
        path.write_bytes(b"not a database" * 1000)
    result = found(settings, LITHIUM)
    assert result.not_compared
    assert (result.current, result.new) == (1, ())


def test_alerts_of_the_demo_say_that_they_are_synthetic(settings: Settings) -> None:
    write_alerts(settings.published_dir / "warehouse.duckdb")
    assert "SYNTHETIC" in found(settings, LITHIUM, is_synthetic=True).sentence()
