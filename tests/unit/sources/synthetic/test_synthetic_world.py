"""The synthetic world: reproducible by its seed, in the publishers' formats, with exact totals."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

import pandas as pd
import pytest

from orchestration.build import loading, warehouse
from orchestration.landing.manifest import Manifest, read_manifest, sha256_of
from orchestration.landing.publishers.baci import BACI_ECONOMIES, BACI_TRADE
from orchestration.landing.publishers.comtrade import COMTRADE_TRADE
from orchestration.landing.publishers.world_bank import WDI_ECONOMIES, WDI_INDICATORS
from orchestration.landing.reading import open_tables
from orchestration.landing.synthetic_mark import MARK_COLUMN
from orchestration.seeds import seed_path
from orchestration.sources.synthetic import (
    equations,
    files,
    fill_with_demo,
    reports,
    world,
    write_world,
)

SEED, OTHER_SEED = 7, 8


# the first year, the year landed as JSON, the year with parts beside totals, a year of two HS
# revisions, a year with a group of economies as a reporter
YEARS_LOADED = (1992, files.JSON_YEAR, reports.UNPINNED_YEAR, 2017, 2022)


@pytest.fixture(scope="module")
def landed(another_demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Manifest:
    """The world of SEED in a data folder of this module's own."""
    copy = tmp_path_factory.mktemp("demo") / "data"
    shutil.copytree(another_demo, copy)
    return read_manifest(copy / "landing" / "manifest.json")


@pytest.fixture(scope="module")
def loaded(landed: Manifest):
    with warehouse.writing(landed.folder.parent / "build" / "warehouse.duckdb") as connection:
        loading.load_trade_years(connection, landed, COMTRADE_TRADE, YEARS_LOADED)
        loading.load_trade_years(connection, landed, BACI_TRADE, (1995, 2022))
        for layout in (WDI_INDICATORS, WDI_ECONOMIES, BACI_ECONOMIES):
            loading.load_whole(connection, landed, layout)
        yield connection


def _published_names(manifest: Manifest) -> dict[str, str]:
    return {f.parameters["published_name"]: f.sha256 for f in manifest.current()}


def test_every_file_lands_as_synthetic_and_small(landed: Manifest) -> None:
    assert landed.is_synthetic
    assert landed.left_out == []
    assert {f.origin for f in landed.current()} == {"demo"}
    assert all(
        f.parameters["synthetic"]
        and f.parameters["seed"] == SEED
        and Path(f.file).parts[1] == "demo"
        for f in landed.current()
    )
    assert landed.years(COMTRADE_TRADE) == set(range(1992, 2023))
    assert landed.years(BACI_TRADE) == set(range(1995, 2023))
    assert sum(f.bytes for f in landed.current()) < 40_000_000
    # every column of the publishers' layouts and no other but the mark
    assert [n for f in landed.current() for t in f.tables for n in t.notes] == []
    # the scratch folder is gone, and so is what a killed run left behind
    assert list(landed.folder.parent.glob("demo-*")) == []


@pytest.mark.slow
def test_same_seed_same_bytes(landed: Manifest, tmp_path: Path) -> None:
    again = write_world(tmp_path, SEED, "small")
    assert {p.name: sha256_of(p) for p in again} == _published_names(landed)


def test_landing_the_same_world_again_changes_nothing(landed: Manifest) -> None:
    files = list(landed.files)
    landed.is_synthetic = False
    said: list[str] = []
    assert fill_with_demo(landed, SEED, say=said.append, scale="small") == []
    assert landed.files == files
    assert landed.is_synthetic
    assert read_manifest(landed.path).is_synthetic
    assert len(said) == 1
    assert "landed already" in said[0]


def test_years_come_as_csv_and_one_as_json_in_the_47_columns_and_the_mark(landed: Manifest) -> None:
    for name in (f"comtrade_C_A_HS_{files.JSON_YEAR}.json.gz", "comtrade_C_A_HS_1992.csv.gz"):
        [table], _ = open_tables(landed.folder / "comtrade" / "demo" / name)
        assert [*(column.name for column in COMTRADE_TRADE.columns), MARK_COLUMN] == [
            {"netWeight": "netWgt"}.get(h, h) for h in table.header
        ]


def test_the_world_is_the_sum_of_its_partners(loaded) -> None:
    [(totals, wrong)] = loaded.execute(
        """
        select
            count(*),
            count(*) filter (world is null or partners is null or world <> partners)
        from (
            select
                sum(primaryValue::decimal(18, 3)) filter (partnerCode::int = 0) as world,
                sum(primaryValue::decimal(18, 3)) filter (partnerCode::int <> 0) as partners
            from raw.comtrade_trade
            where motCode::int = 0
            group by period, reporterCode, flowCode, cmdCode
        )
        """
    ).fetchall()
    assert totals > 10_000
    assert wrong == 0


def test_parts_sum_to_their_total_in_the_unpinned_year(loaded) -> None:
    per_flow = loaded.execute(
        """
        select
            sum(primaryValue::decimal(18, 3)) filter (motCode::int = 0) as total,
            sum(primaryValue::decimal(18, 3)) filter (motCode::int <> 0) as parts
        from raw.comtrade_trade
        where freqCode = 'A'
        group by trade_year, reporterCode, flowCode, partnerCode, cmdCode
        having count(*) > 1
        """
    ).fetchall()
    assert len(per_flow) > 50
    assert all(total == parts for total, parts in per_flow)


def test_mirror_reports_differ_by_freight(loaded) -> None:
    [(ratio,)] = loaded.execute(
        """
        select sum(m.primaryValue::double) / sum(x.primaryValue::double)
        from raw.comtrade_trade as x
        inner join raw.comtrade_trade as m
            on x.trade_year = m.trade_year
            and x.cmdCode = m.cmdCode
            and x.partnerCode = m.reporterCode
            and x.reporterCode = m.partnerCode
        where
            x.reporterCode::int = 156
            and x.freqCode = 'A'
            and x.flowCode = 'X'
            and m.flowCode = 'M'
            and x.partnerCode::int <> 156
            and x.motCode::int = 0
            and m.motCode::int = 0
        """
    ).fetchall()
    assert 1.05 < ratio < 1.11


def test_products_are_reported_in_the_revision_in_force(loaded) -> None:
    by_china = "from raw.comtrade_trade where reporterCode = '156'"
    assert loaded.execute(
        f"select distinct trade_year, classificationCode {by_china} order by 1"
    ).fetchall() == [(1992, "H0"), (2010, "H3"), (2014, "H4"), (2017, "H5"), (2022, "H6")]
    late = loaded.execute(
        "select distinct trade_year, classificationCode from raw.comtrade_trade "
        "where trade_year in (2017, 2022) order by all"
    ).fetchall()
    # developing economies adopt a new revision later, so one year holds several
    assert late == [(2017, "H4"), (2017, "H5"), (2022, "H5"), (2022, "H6")]
    photovoltaic = loaded.execute(
        f"select distinct trade_year, cmdCode {by_china} and cmdCode like '85414%' order by 1, 2"
    ).fetchall()
    assert photovoltaic == [
        (1992, "854140"),
        (2010, "854140"),
        (2014, "854140"),
        (2017, "854140"),
        (2022, "854141"),
        (2022, "854142"),
        (2022, "854143"),
        (2022, "854149"),
    ]
    electric_cars = loaded.execute(
        "select distinct trade_year from raw.comtrade_trade where cmdCode = '870380' order by 1"
    ).fetchall()
    assert electric_cars == [(2017,), (2022,)]


def test_states_that_are_no_more_report_and_are_named_as_partners(loaded) -> None:
    of_1992 = loaded.execute(
        "select distinct partnerCode from raw.comtrade_trade "
        "where trade_year = 1992 and reporterCode = '156' "
        "and partnerCode in ('56', '58', '200', '203', '688', '891')"
    ).fetchall()
    assert sorted(of_1992) == [("200",), ("58",), ("891",)]
    of_2022 = loaded.execute(
        "select distinct partnerCode from raw.comtrade_trade "
        "where trade_year = 2022 and reporterCode = '156' "
        "and partnerCode in ('56', '58', '200', '203', '688', '891')"
    ).fetchall()
    assert sorted(of_2022) == [("203",), ("56",), ("688",)]


def test_the_whole_world_can_be_loaded(loaded) -> None:
    baci = loaded.execute(
        "select distinct trade_year, hs_revision from raw.baci_trade order by 1"
    ).fetchall()
    assert baci == [(1995, "H0"), (2022, "H5")]
    indicators = loaded.execute("select distinct indicator_code from raw.wdi_indicators").fetchall()
    named = pd.read_csv(seed_path("variables"), dtype=str, keep_default_na=False)
    assert {code for (code,) in indicators} >= {*named.indicator_code, *named.denominator_code} - {
        ""
    }
    aggregates = loaded.execute(
        "select country_code from raw.wdi_economies where coalesce(region, '') = ''"
    ).fetchall()
    assert {code for (code,) in aggregates} == set(files.AGGREGATES)
    governance = loaded.execute(
        "select distinct year from raw.wdi_indicators "
        "where indicator_code = 'CC.EST' and value is not null order by 1"
    ).fetchall()
    assert [year for (year,) in governance][:4] == [1996, 1998, 2000, 2002]


def test_the_wdi_archive_has_the_publishers_shape(landed: Manifest) -> None:
    with zipfile.ZipFile(landed.folder / "wdi" / "demo" / "WDI_CSV.zip") as archive:
        header = archive.read("WDICSV.csv").decode("utf-8").split("\n", 1)[0]
    assert header.startswith("\ufeffCountry Name,")
    assert header.endswith(",2022,synthetic,")


@pytest.mark.slow
def test_another_seed_supersedes_every_number(landed: Manifest) -> None:
    manifest = read_manifest(landed.path)
    before = _published_names(manifest)
    assert fill_with_demo(manifest, OTHER_SEED, say=lambda _: None, scale="small") == []
    after = _published_names(manifest)
    assert len(manifest.current()) == len(before)
    assert set(after) == set(before)
    # the list of codes holds no number that could differ
    assert {name for name in before if before[name] == after[name]} == {"country_codes_V202401.csv"}
    said: list[str] = []
    fill_with_demo(manifest, OTHER_SEED, say=said.append, scale="small")
    assert len(said) == 1
    assert "landed already" in said[0]


def test_another_seed_is_another_world_in_the_same_economies() -> None:
    one, other = (world.invent(world.random_numbers(seed)) for seed in (SEED, OTHER_SEED))
    for name, of_one in one.trade.items():
        both = (of_one > 0) & (other.trade[name] > 0)
        differs = of_one[both] != other.trade[name][both]
        assert differs.mean() > 0.95
        assert (of_one[both][~differs] == equations.SMALLEST_FLOW).all(), (
            "but for the smallest flow there is"
        )
