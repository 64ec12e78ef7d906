"""What is said to differ between two publications, made by hand, and why."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.publishing.catalogue import UnknownTableError
from orchestration.publishing.comparison import TableChange, compared_tables
from orchestration.publishing.drift import Drift, drift_between, other_choices
from orchestration.publishing.exhibits import exhibits
from orchestration.publishing.integrity import WAREHOUSE
from orchestration.publishing.origins import Differing, compared_origins
from orchestration.publishing.reading import PublicationError, open_side_by_side
from orchestration.publishing.row_keys import keys_that_dbt_tests
from orchestration.settings import load_settings
from tests.support.small_publication import publish_by_hand


class Pair:
    """Two equal publications; what a test changes in the later one is what differs."""

    def __init__(self, data: Path) -> None:
        self.settings = load_settings({"LCT_DATA_DIR": str(data)})
        self.earlier = publish_by_hand(data, "000001")
        self.later = publish_by_hand(data, "000002")

    def change(self, sql: str) -> None:
        with duckdb.connect(str(self.later / WAREHOUSE)) as connection:
            connection.execute(sql)

    def compared(self, only: str | None = None, contents: Any = ({}, {})) -> list[TableChange]:
        with open_side_by_side(self.settings, self.earlier, self.later) as connection:
            return compared_tables(connection, contents, 2, only)


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    return Pair(tmp_path)


def test_equal_publications_do_not_differ(pair: Pair) -> None:
    assert pair.compared() == []


def test_a_changed_value_is_told_with_its_key_and_both_values(pair: Pair) -> None:
    pair.change("update report.figure_1 set value = 23 where value = 21.5")
    [table] = pair.compared()
    assert (table.table, table.key) == ("report.figure_1", ("year", "group", "measure"))
    assert (table.added, table.gone, table.changed) == (0, 0, 1)
    assert table.changed_columns == {"value": 1}
    [change] = table.largest
    assert change.key == {"year": 2022, "group": "China", "measure": "export share"}
    assert (change.column, change.before, change.after) == ("value", 21.5, 23.0)
    assert change.percent == pytest.approx(100 * 1.5 / 21.5)


def test_the_largest_changes_stand_first_each_measured_within_its_series(pair: Pair) -> None:
    """7 to 14 of a series around 14 is larger than 60 to 70 of one around 34."""
    pair.change(
        "update report.figure_1 set value = case value when 60 then 70 when 7.125 then 14.25 "
        "when 20.25 then 20.5 else value end"
    )
    [table] = pair.compared()
    assert table.changed == 3
    assert [change.before for change in table.largest] == [7.125, 60.0], "two were asked for"


def test_rows_that_are_added_and_gone_are_counted_with_examples(pair: Pair) -> None:
    """fct_trade_flow of the hand-made publication has no importer, so its key is found by looking.

    A value that is NULL now is a change, not a row that is gone.
    """
    pair.change(
        """
        delete from marts.fct_trade_flow where exporter_iso3 = 'FRA';
        insert into marts.fct_trade_flow values (2023, 'ITA', '850720', 7);
        update marts.fct_trade_flow set value_usd = null where year = 2021;
        """
    )
    [table] = pair.compared()
    assert table.key == ("year", "exporter_iso3")
    assert (table.rows_before, table.rows_after) == (4, 4)
    assert (table.added, table.gone, table.changed) == (1, 1, 1)
    assert table.examples_added == ({"year": 2023, "exporter_iso3": "ITA"},)
    assert table.examples_gone == ({"year": 2022, "exporter_iso3": "FRA"},)
    [change] = table.largest
    assert (change.before, change.after, change.percent) == (Decimal("4000.125"), None, None)


def test_the_last_digit_of_a_sum_is_no_change(pair: Pair) -> None:
    pair.change("update report.figure_1 set value = value * (1 + 1e-15)")
    assert pair.compared() == []


def test_rows_that_no_columns_tell_apart_are_compared_as_wholes(pair: Pair) -> None:
    pair.change("insert into marts.dim_variable from marts.dim_variable")
    [table] = pair.compared()
    assert (table.key, table.added, table.gone, table.changed) == ((), 3, 0, 0)


def test_tables_and_columns_that_only_one_has_are_named(pair: Pair) -> None:
    pair.change(
        """
        create table marts.price_index as select 2022 as period;
        drop table marts.dim_variable;
        alter table report.table_1 add column technology varchar;
        alter table report.table_1 drop column unit;
        """
    )
    gone, new, columns = pair.compared()
    assert (gone.table, gone.rows_before, gone.rows_after) == ("marts.dim_variable", 3, None)
    assert (new.table, new.rows_before, new.rows_after) == ("marts.price_index", None, 1)
    assert (columns.columns_added, columns.columns_gone) == (("technology",), ("unit",))


def test_one_table_is_compared_by_name_and_others_are_not(pair: Pair) -> None:
    pair.change("update report.figure_1 set value = 0; update report.table_1 set value = 0")
    assert [t.table for t in pair.compared("figure_1")] == ["report.figure_1"]
    with pytest.raises(UnknownTableError, match="no one table 'figure_9'"):
        pair.compared("figure_9")


def test_tables_whose_provenance_lists_the_same_checksum_are_not_read(pair: Pair) -> None:
    pair.change("update report.figure_1 set value = 0")
    listed = {"report.figure_1": {"rows": 4, "content": "abc"}}
    assert pair.compared(contents=(listed, dict(listed))) == []
    assert len(pair.compared(contents=(listed, {}))) == 1


def test_what_is_open_side_by_side_can_be_neither_changed_nor_left(pair: Pair) -> None:
    with open_side_by_side(pair.settings, pair.earlier, pair.later) as connection:
        for sql in ("delete from later.marts.dim_variable", "from read_text('/etc/hostname')"):
            with pytest.raises(duckdb.Error):
                connection.execute(sql)


def test_a_publication_that_cannot_be_opened_is_said_with_a_remedy(pair: Pair) -> None:
    (pair.later / WAREHOUSE).write_bytes(b"no database")
    with pytest.raises(PublicationError, match="`lct verify`"):
        pair.compared()


def test_the_keys_that_dbt_tests_are_known() -> None:
    keys = keys_that_dbt_tests()
    assert keys["fct_trade_flow"] == ("year", "exporter_iso3", "importer_iso3", "product_code")
    assert keys["dim_economy"] == ("iso3",)
    assert keys["figure_1"] == ("year", "group", "measure")


# ---- why -----------------------------------------------------------------------------------------


def provenance(**parts: Any) -> dict[str, Any]:
    return {
        "sources": [{"source": "baci", "file": "baci/a.csv", "sha256": "1", "release": "202501"}],
        "settings": {"source": "files", "price_base_year": 2022},
        "choices": {"basis": "reconciled"},
        "versions": {"duckdb": "2.0.0"},
        "git": {"commit": "abc", "has_local_changes": False},
        **parts,
    }


def test_what_two_publications_were_made_from_is_compared() -> None:
    newer = {"source": "baci", "file": "baci/a.csv", "sha256": "2", "release": "202601"}
    found = compared_origins(
        provenance(),
        provenance(
            sources=[newer],
            settings={"source": "files", "price_base_year": 2020},
            versions={"duckdb": "2.0.0", "pyarrow": "26"},
            seeds={"sectors": "f"},
        ),
    )
    assert [f["release"] for f in found.files_added] == ["202601"]
    assert [f["release"] for f in found.files_gone] == ["202501"]
    assert found.named == (
        Differing("settings", "price_base_year", 2022, 2020),
        Differing("versions", "pyarrow", None, "26"),
    ), "seeds are not compared where an earlier version did not record them"


def test_equal_origins_do_not_differ() -> None:
    found = compared_origins(provenance(), provenance())
    assert (found.files_added, found.files_gone, found.named) == ((), (), ())


# ---- drift ---------------------------------------------------------------------------------------


def drifted(value: float, subject: str = "aggregate") -> Drift:
    """Drift between two catalogues, whose one number of figure 3 is 50, then `value`."""
    with duckdb.connect() as connection:
        for catalogue, number in (("earlier", 50.0), ("later", value)):
            connection.execute(f"attach ':memory:' as {catalogue}")
            connection.execute(f"create schema {catalogue}.marts")
            connection.execute(f"create schema {catalogue}.report")
            connection.execute(
                f"create table {catalogue}.marts.fct_world_trade as select 2022 as year"
            )
            for exhibit in exhibits().values():
                if exhibit.watched_measures:
                    connection.execute(
                        f"create table {catalogue}.report.{exhibit.table} as select 2022 as year, "
                        f"'all' as \"{exhibit.series_column}\", "
                        f"'{exhibit.watched_measures[0]}' as measure, {number}::double as value"
                    )
        return drift_between(connection, "earlier", "later", subject)


def test_drift_is_measured_between_any_two_publications() -> None:
    found = drifted(51.0)
    assert found.compared >= 3
    assert found.moved == ()
    found = drifted(500.0)
    assert found.is_blocking
    assert (found.moved[0].before, found.moved[0].after) == (50.0, 500.0)


COEFFICIENTS = """
create schema {catalogue}.marts;
create schema {catalogue}.estimates;
create table {catalogue}.marts.run_choices as select 'china_reported' as basis;
create table {catalogue}.estimates.coefficients as
    select * from (values
        ('table_4', 'report', 'china_reported', 'cluster_iso3', {of_panel}),
        ('gravity_1', 'report', 'reconciled', 'cluster_pair', {of_gravity}),
        ('gravity_1', 'report', 'reconciled', 'hetero', {other}),
        ('gravity_1', 'strict', 'reconciled', 'cluster_pair', {other})
    ) as t(exhibit, variant, basis, inference, estimate),
    (select 1 as "column", 'ln_distance' as term, 0.1 as std_error, {rows} as n_observations);
"""


@pytest.mark.parametrize(
    ("std_errors", "rows", "moved", "stops"),
    [
        (0.9, 1000, 0, False),
        (2.0, 1000, 1, False),
        (20.0, 1000, 1, True),
        (20.0, 1100, 1, False),
    ],
)
def test_gravity_is_watched_in_its_standard_errors_clustered_by_pair(
    std_errors: float, rows: int, moved: int, stops: bool
) -> None:
    """Other variants and other inference may do as they like, and on any of the run's bases."""
    with duckdb.connect() as connection:
        for catalogue, of_gravity, other, n in (
            ("earlier", -0.8, 1.0, 1000),
            ("later", -0.8 + 0.1 * std_errors, 99.0, rows),
        ):
            connection.execute(f"attach ':memory:' as {catalogue}")
            connection.execute(
                COEFFICIENTS.format(
                    catalogue=catalogue, of_panel=0.5, of_gravity=of_gravity, other=other, rows=n
                )
            )
        found = drift_between(connection, "earlier", "later", "gravity_coefficient")
        panel = drift_between(connection, "earlier", "later", "coefficient")
    assert found.compared == panel.compared == 1
    assert [m.name for m in found.moved] == ["gravity_1 (1) ln_distance"] * moved
    assert found.is_blocking == stops
    assert panel.moved == ()
    if moved:
        assert found.sentence().startswith("1 of 1 gravity coefficients have changed since ")


def test_publications_of_another_version_are_not_held_against_bounds() -> None:
    assert drifted(50.0, "coefficient").not_compared == "one of them is from another version"


def test_other_choices_are_named() -> None:
    other = provenance(choices={"basis": "china_reported"})
    assert other_choices(provenance(), other) == ["basis was reconciled, is china_reported"]
