"""The seed exhibits and what reads it agree."""

from __future__ import annotations

from orchestration.publishing.drift import ONE_UNIT
from orchestration.publishing.exhibits import exhibits
from orchestration.publishing.figures import CHARTS
from orchestration.seeds import seed_rows

COLUMNS = {"year", "measure", "value", "unit"}


def test_every_exhibit_is_a_table_of_the_report_with_its_series(dbt_nodes: dict[str, dict]) -> None:
    for exhibit in exhibits().values():
        node = dbt_nodes[f"model.low_carbon_trade_warehouse.{exhibit.table}"]
        assert node["schema"] == "report"
        of_picture = {"note_code", "note"} if exhibit.chart else set()
        assert COLUMNS | of_picture | {exhibit.series_column} <= set(node["columns"]), exhibit.table


def test_every_way_of_drawing_and_every_unit_of_movement_is_known() -> None:
    for exhibit in exhibits().values():
        assert not exhibit.drawn_measures or exhibit.chart in CHARTS, exhibit.table
        assert not exhibit.watched_measures or exhibit.movement_unit in ONE_UNIT, exhibit.table


def test_every_compared_exhibit_is_read_by_the_comparison_and_has_printed_numbers(
    dbt_nodes: dict[str, dict],
) -> None:
    compared = {row["exhibit"] for row in seed_rows("exhibits") if row["is_compared"] == "true"}
    printed = {row["exhibit"] for row in seed_rows("published_aggregates")}
    comparison = dbt_nodes["model.low_carbon_trade_warehouse.published_comparison"]
    read = {parent.split(".")[-1] for parent in comparison["depends_on"]["nodes"]}
    assert compared <= printed
    assert compared <= read, f"published_comparison.sql lacks depends_on: {compared - read}"


def test_measures_of_the_seed_are_told_apart_by_semicolons() -> None:
    assert exhibits()["figure_1"].drawn_measures == ("export share", "import share")
    assert exhibits()["figure_2"].watched_measures == ()
