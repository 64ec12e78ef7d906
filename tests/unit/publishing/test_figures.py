"""How exhibits are drawn."""

from __future__ import annotations

import duckdb
import pytest

from orchestration.publishing.figures import picture_of


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
