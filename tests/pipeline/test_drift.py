"""Drift: numbers that changed since the last publication, reported or stopping the next one."""

from __future__ import annotations

import math
import shutil
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from orchestration.build.warehouse import WarehouseError
from orchestration.publishing import publication
from orchestration.publishing.drift import SUBJECTS, distance_moved, drift
from orchestration.settings import Settings
from tests.support.runs import FinishedRun, not_in_a_copy


@pytest.fixture
def finished_demo(demo_run: FinishedRun, tmp_path: Path) -> Settings:
    """The data folder of the finished demo, with its regressions, a copy to do things to."""
    shutil.copytree(
        demo_run.settings.data_dir,
        tmp_path / "data",
        symlinks=True,
        ignore=not_in_a_copy,
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


@pytest.mark.parametrize("value", ["nan", "inf"])
def test_a_number_that_is_no_longer_finite_counts_as_gone(
    finished_demo: Settings, value: str
) -> None:
    """Also on more data, and whether it is an aggregate or a coefficient."""
    with duckdb.connect(str(finished_demo.build_path)) as connection:
        connection.execute(
            f"update report.figure_3 set value = '{value}' "
            "where sector = 'buildings' and year = 2010 and unit = 'billion USD'; "
            f"update estimates.coefficients set estimate = '{value}', n_observations = 1e6 "
            "where \"column\" = 1 and variant = 'report' and (exhibit, term, inference) in "
            "(('table_4', 'ln_gdp', 'cluster_iso3'), ('gravity_1', 'ln_distance', 'cluster_pair'))"
        )
        for subject in SUBJECTS:
            found = drift(connection, finished_demo, subject)
            assert found.is_blocking
            assert len(found.moved) == 1
            assert f"to {value}" in found.sentence()


def test_a_number_that_was_zero_is_measured_by_the_largest_of_its_series(
    finished_demo: Settings,
) -> None:
    published = finished_demo.published_dir / "warehouse.duckdb"
    published.chmod(0o644)
    zero = (
        "update report.figure_3 set value = 0 "
        "where sector = 'buildings' and year = 2010 and unit = 'billion USD'"
    )
    with duckdb.connect(str(published)) as connection:
        connection.execute(zero)
    with duckdb.connect(str(finished_demo.build_path)) as connection:
        found = drift(connection, finished_demo, "aggregate")
        assert [(m.name, m.before) for m in found.moved] == [
            ("figure_3 world exports buildings 2010", 0.0)
        ]
        assert 5 < found.moved[0].distance <= 100, "percent of its largest year"
        connection.execute(zero.replace("value = 0", "value = value * 10"))
        assert drift(connection, finished_demo, "aggregate").is_blocking
        connection.execute(zero.replace("value = 0", "value = 1e-6"))
        assert drift(connection, finished_demo, "aggregate").moved == (), "a dollar is no drift"


@pytest.mark.parametrize(
    ("before", "after", "one_unit", "distance"),
    [
        (10.0, 12.0, 0.1, 20.0),
        (10.0, 10.0, None, 0.0),
        (0.0, 0.0, 0.0, 0.0),
        (0.0, 1.0, 0.0, math.inf),
        (10.0, 12.0, None, math.inf),
        (10.0, 12.0, math.nan, math.inf),
        (10.0, math.nan, 0.1, math.inf),
        (math.inf, 10.0, 0.1, math.inf),
        (math.nan, math.nan, math.nan, math.inf),
    ],
)
def test_distances_with_nothing_to_measure_them_by(
    before: float, after: float, one_unit: float | None, distance: float
) -> None:
    assert distance_moved(before, after, one_unit) == pytest.approx(distance)


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
        publication.publish(finished_demo)
    assert {
        p: p.read_bytes() for p in finished_demo.published_dir.resolve().rglob("*") if p.is_file()
    } == before
    assert publication.publish(replace(finished_demo, accept_drift=True)).changed


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
        connection.execute(
            "update marts.run_choices set basis = 'reconciled', standardisation_last_year = 2023"
        )
        assert (
            "basis was china_reported, is reconciled; standardisation_last_year was 2022, is 2023"
            in drift(connection, finished_demo, "aggregate").not_compared
        )
        finished_demo.published_dir.unlink()
        assert (
            drift(connection, finished_demo, "aggregate").not_compared
            == "nothing has been published yet"
        )
