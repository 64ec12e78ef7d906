"""Loading into the raw tables."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from orchestration.build import loading, warehouse
from orchestration.landing.layout import LandingError
from orchestration.landing.manifest import read_manifest
from orchestration.landing.publishers.comtrade import COMTRADE_TRADE
from orchestration.landing.registration import register
from tests.support.publishers_files import comtrade_row, write_csv


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("product_code,sector\n283691,x\n", "missing column.*technology"),
        (
            "product_code,sector,technology\n10121,x,y\n",
            "row 1, column product_code: '10121' is not six digits",
        ),
        (
            "product_code,sector,technology\n283691,x,y\n283691,x,z\n",
            "row 2, column product_code: 283691 appears twice",
        ),
        ("product_code,sector,technology\n283691,,y\n", "row 1, column sector: blank"),
        ("product_code,sector,technology\n", "no products"),
    ],
)
def test_a_wrong_list_is_refused_with_its_row(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "own.csv"
    path.write_text(text)
    with (
        warehouse.writing(tmp_path / "w.duckdb") as connection,
        pytest.raises(LandingError, match=message),
    ):
        loading.load_own_products(connection, path)


ASKED = {"reporterCode": "156", "flowCode": "M", "cmdCode": "283691"}


class AnswerZone:
    """A landing zone of answers about China's imports of one product in 2022, loaded."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.manifest = read_manifest(folder / "landing" / "manifest.json")

    def land(self, released: str, values: dict[str, str], asked: str = "") -> None:
        """Land the answer that has these values by period; `asked` names its periods if others."""
        rows = [
            comtrade_row(
                freqCode="A" if len(period) == 4 else "M",
                refMonth=period[4:].lstrip("0") or "52",
                period=period,
                primaryValue=value,
            )
            for period, value in values.items()
        ]
        periods = asked or ",".join(values)
        number = len(self.manifest.files)
        path = self.folder / f"answer_{number}.json.gz"
        data = [{name: text or None for name, text in row.items()} for row in rows]
        answer = {"count": len(data), "data": data, "error": ""}
        path.write_bytes(gzip.compress(json.dumps(answer).encode()))
        parameters = {
            "question": "any",
            "asked": ASKED | {"period": periods},
            "releases": {period: {"156": released} for period in periods.split(",")},
        }
        assert register(self.manifest, [path], "api", parameters=parameters) == []

    def loaded(self, table: str, columns: str) -> list[tuple]:
        with warehouse.writing(self.folder / "w.duckdb") as connection:
            loading.load_trade_years(connection, self.manifest, COMTRADE_TRADE, [2022])
            return connection.execute(f"select {columns} from raw.{table} order by all").fetchall()


@pytest.fixture
def zone(tmp_path: Path) -> AnswerZone:
    return AnswerZone(tmp_path)


def test_a_month_replaces_no_year_and_no_other_month(zone: AnswerZone) -> None:
    zone.land("r1", {"2022": "100"})
    zone.land("r2", {"202201": "4", "202202": "6"})
    zone.land("r3", {"202202": "7"})
    assert zone.loaded("comtrade_trade", "period, freqCode, primaryValue") == [
        ("2022", "A", "100"),
        ("202201", "M", "4"),
        ("202202", "M", "7"),
    ]
    assert zone.loaded(
        "comtrade_superseded", "period, primaryValue, released_before, released_after"
    ) == [("202202", "6", "r2", "r3")]


def test_a_year_replaces_no_month(zone: AnswerZone) -> None:
    zone.land("r1", {"202201": "4", "202202": "6"})
    zone.land("r2", {"2022": "100"})
    zone.land("r3", {"2022": "101"}, asked="2021,2022")
    assert zone.loaded("comtrade_trade", "period, primaryValue") == [
        ("2022", "101"),
        ("202201", "4"),
        ("202202", "6"),
    ]
    assert zone.loaded(
        "comtrade_superseded", "period, primaryValue, released_before, released_after"
    ) == [("2022", "100", "r2", "r3")]


def test_an_empty_answer_withdraws_the_months_that_were_asked_for(zone: AnswerZone) -> None:
    zone.land("r1", {"2022": "100", "202201": "4", "202202": "6", "202203": "5"})
    zone.land("r2", {}, asked="202112,202201,202202")
    assert zone.loaded("comtrade_trade", "period") == [("2022",), ("202203",)]
    assert zone.loaded("comtrade_superseded", "period, released_before, released_after") == [
        ("202201", "r1", "r2"),
        ("202202", "r1", "r2"),
    ]


def test_months_that_came_as_a_file_are_replaced_by_an_answer(zone: AnswerZone) -> None:
    """A file says nothing of releases, and may write a month with a zero."""
    rows = [
        comtrade_row(freqCode="M", refMonth=month, period=f"2022{month}", primaryValue="4")
        for month in ("01", "02")
    ]
    assert register(zone.manifest, [write_csv(zone.folder / "months.csv", rows)], "files") == []
    zone.land("r1", {"202201": "9"})
    assert zone.loaded("comtrade_trade", "period, primaryValue") == [
        ("202201", "9"),
        ("202202", "4"),
    ]
    assert zone.loaded("comtrade_superseded", "period, released_before, released_after") == [
        ("202201", None, "r1")
    ]
