"""A small publication, opened, with a table of values that are hard to export."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from orchestration.publishing.integrity import WAREHOUSE
from orchestration.publishing.reading import OpenPublication, open_publication
from orchestration.settings import load_settings
from tests.support.small_publication import publish_by_hand

HARD_VALUES = """
create table marts.hard_values (
    "with" integer, tiny integer, small integer, whole bigint, huge bigint, amount decimal(18, 3),
    ratio double, is_true boolean, day date, moment timestamp, text varchar, long_text varchar,
    sector varchar, country_group varchar
);
insert into marts.hard_values values
    (1, -127, -32767, -2147483647, 9007199254740993, 123456789012345.678, 0.1, true,
        '2022-03-01', '2022-03-01 12:30:00', '=1+1', repeat('长', 1000), 'buildings', 'China'),
    (2, 100, 32740, 2147483620, -9007199254740993, -0.001, -1e300, false,
        '1959-12-31', '1960-01-01 00:00:00', '', 'short', 'all sectors', 'High income'),
    (3, null, null, null, null, null, null, null, null, null, null, null, null, null),
    (4, 0, 0, 0, 0, 0, 0, true, '1960-01-01', null, '''quoted', repeat('长', 1000), 'buildings',
        null),
    (5, 0, 0, 0, 0, 0, 0, true, '1960-01-01', null, E'a "b",\\nc', null, 'buildings', null);
create table marts.months as
    select * from (values (date '2021-12-01', 1), (date '2022-01-01', 2)) as t("month", value);
comment on table marts.hard_values is 'Grain: one row per number.';
"""


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with a real publication, 000001, and a synthetic one."""
    folder = tmp_path_factory.mktemp("data")
    for number, is_synthetic in (("000001", False), ("000002", True)):
        publication = publish_by_hand(folder, number, is_synthetic)
        with duckdb.connect(str(publication / WAREHOUSE)) as connection:
            connection.execute(HARD_VALUES)
    return folder


@pytest.fixture(scope="session")
def real(published: Path) -> Iterator[OpenPublication]:
    with open_publication(load_settings({"LCT_DATA_DIR": str(published)}), "1") as opened:
        yield opened


@pytest.fixture(scope="session")
def synthetic(published: Path) -> Iterator[OpenPublication]:
    with open_publication(load_settings({"LCT_DATA_DIR": str(published)}), "2") as opened:
        yield opened
