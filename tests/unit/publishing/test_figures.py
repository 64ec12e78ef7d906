"""How exhibits are drawn."""

from __future__ import annotations

import duckdb
import pytest

from orchestration.publishing.figures import curves_picture, picture_of


def picture(note_code: str | None) -> bytes | None:
    with duckdb.connect() as connection:
        connection.execute("create schema marts; create schema report")
        connection.execute("create table marts.run_choices as select false as is_synthetic")
        connection.execute(
            """
            create table report.figure_3 as
            select year, sector, 'world exports' as measure, 1.0 as value, 'billion USD' as unit,
                case when sector = 'all sectors' then cast(? as varchar) end as note_code
            from (values (2021), (2022)) as years(year)
            cross join (values ('transport'), ('all sectors')) as sectors(sector)
            """,
            [note_code],
        )
        return picture_of(connection, "figure_3")


@pytest.mark.slow
def test_a_picture_over_both_sources_says_so() -> None:
    one_source = picture(None)
    assert one_source is not None
    assert picture("no_code_in_revision") == one_source
    assert picture("no_code_in_revision; mixed_sources") != one_source


@pytest.mark.slow
def test_a_curve_is_drawn_of_what_has_estimates() -> None:
    with duckdb.connect() as connection:
        connection.execute("create schema marts; create schema estimates")
        connection.execute("create table marts.run_choices as select false as is_synthetic")
        connection.execute(
            """
            create table estimates.claims as
            select 'openness' as claim_code, 'holds' as verdict_code, 'table_4' as exhibit,
                1 as "column";
            create table estimates.specification_curve as
            select 'openness' as claim_code, 'cluster_iso3' as inference, specification,
                case when specification < 3 then 0.1 * specification end as estimate,
                0.0 as conf_low, 0.5 as conf_high, specification = 2 as is_significant
            from (values (1), (2), (3)) as numbers(specification)
            """
        )
        drawn = curves_picture(connection)
        assert drawn is not None
        assert drawn.startswith(b"\x89PNG")
        connection.execute("delete from estimates.specification_curve where estimate is null")
        assert curves_picture(connection) == drawn
        connection.execute("delete from estimates.specification_curve")
        assert curves_picture(connection) is None
