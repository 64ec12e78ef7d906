"""The World Bank's series: vintages, successors, pages, and the bulk file where it is down."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestration.sources.live import world_bank
from tests.support.desk import TWO_SERIES, Desk
from tests.support.publishers_files import bulk_zip
from tests.support.publishers_server import (
    HTML,
    INDICATOR,
    Fault,
    PublishersServer,
    answers,
    changes,
)


def test_economies_that_did_not_land_with_their_series_land_with_the_next_refresh(
    desk: Desk, server: PublishersServer
) -> None:
    """They come after the series: a refresh may end in between."""
    server.faults = [Fault("/v2/country?", answers(404, "no such thing"), times=100)]
    assert "World Bank" in desk.refresh()
    landed = {f.tables[0].layout for f in desk.manifest.current()}
    assert "wdi_indicators" in landed
    assert "wdi_economies" not in landed
    server.faults.clear()
    series = server.count(INDICATOR)
    assert desk.refresh() == ""
    assert "wdi_economies" in {f.tables[0].layout for f in desk.manifest.current()}
    assert server.count(INDICATOR) == series, "the series are not requested again"
    economies = server.count("/v2/country?")
    assert desk.refresh() == ""
    assert server.count("/v2/country?") == economies


def test_todays_series_stand_for_retired_ones_and_the_change_is_recorded(
    desk: Desk, server: PublishersServer
) -> None:
    desk.refresh()
    assert desk.refresh(LCT_WDI_VINTAGE="today") == ""
    with desk.landed() as connection:
        assert connection.execute(
            "select distinct indicator_code from raw.wdi_indicators order by 1"
        ).fetchall() == [("EN.GHG.CO2.MT.CE.AR5",), ("NY.GDP.MKTP.CD",)]
    assert any(
        "EN.ATM.CO2E.KT is retired; its successor EN.GHG.CO2.MT.CE.AR5" in text
        for text in desk.said
    )
    server.wdi_updated = "2026-10-01"
    server.faults = [
        Fault(
            "/v2/country/all/indicator/",
            changes(lambda a: [a[0], [{**r, "unit": "US$ of 2021"} for r in a[1]]]),
            times=9,
        )
    ]
    desk.refresh(LCT_WDI_VINTAGE="today")
    [entry] = [f for f in desk.manifest.current() if "series" in f.parameters]
    assert "NY.GDP.MKTP.CD: unit was '' and is 'US$ of 2021'" not in entry.parameters.get(
        "series_changes", []
    ), "the catalogue's word on units comes first"
    server.wdi_updated = "2026-11-01"
    server.faults = [
        Fault(
            "/v2/indicator?",
            changes(lambda a: [a[0], [{**r, "unit": "US$ of 2021"} for r in a[1]]]),
        )
    ]
    desk.refresh(LCT_WDI_VINTAGE="today")
    [entry] = [f for f in desk.manifest.current() if "series" in f.parameters]
    assert "NY.GDP.MKTP.CD: unit was '' and is 'US$ of 2021'" in entry.parameters["series_changes"]


def test_world_bank_pages_hold_what_the_bulk_file_holds(
    desk: Desk, server: PublishersServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(world_bank, "ROWS_PER_PAGE", 1000)
    desk.refresh()
    assert server.count(INDICATOR) > 4
    desk.assert_indicators_equal_what_is_published()


@pytest.mark.parametrize("retired", [("EN.ATM.CO2E.KT",), TWO_SERIES], ids=["one", "all"])
def test_world_bank_code_is_not_known(
    retired: tuple[str, ...], desk: Desk, server: PublishersServer
) -> None:
    unknown = answers(
        200,
        '[{"message":[{"id":"120","key":"Invalid value",'
        '"value":"The provided parameter value is not valid"}]}]',
    )
    server.faults = [Fault(code, unknown, times=1000) for code in retired]
    assert desk.refresh() == ""
    assert any(
        f"{retired[0]}" in text and "not available in this vintage" in text for text in desk.said
    )
    with desk.landed() as connection:
        assert connection.execute(
            "select count(distinct indicator_code) from raw.wdi_indicators"
        ).fetchall() == [(2 - len(retired),)]


@pytest.mark.parametrize("from_address", [True, False], ids=["address", "path"])
def test_world_bank_down_with_a_bulk_file(
    from_address: bool, desk: Desk, server: PublishersServer, tmp_path: Path
) -> None:
    server.files["/WDI_CSV.zip"] = bulk_zip()
    (tmp_path / "WDI_CSV.zip").write_bytes(bulk_zip())
    server.faults = [Fault("/v2/", answers(502, HTML), times=1000)]
    place = (
        f"{server.url}/WDI_CSV.zip?token=geheim" if from_address else str(tmp_path / "WDI_CSV.zip")
    )
    assert desk.refresh(LCT_WDI_BULK=place) == ""
    assert "WDI_CSV.zip" in [Path(f.file).name for f in desk.manifest.current()]
    assert "geheim" not in (desk.folder / "landing" / "manifest.json").read_text() + "\n".join(
        desk.said
    )
