"""Another year lands: what is published of older years stays, z-scores included."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from orchestration.build import loading, warehouse
from orchestration.landing.manifest import read_manifest
from orchestration.landing.publishers.baci import BACI_TRADE
from orchestration.landing.publishers.comtrade import COMTRADE_TRADE
from orchestration.landing.publishers.world_bank import WDI_INDICATORS
from orchestration.settings import Settings, load_settings
from orchestration.sources.folder import fill_from_folder
from tests.support.publishers_files import COMTRADE_HEADER, comtrade_row, write_csv
from tests.support.runs import environment_of

PARTNERS = {"AUS": 36, "BRA": 76, "CHL": 152, "DEU": 276, "KEN": 404, "VNM": 704}
NEWCOMER = {"PER": 604}  # trades with China from the new year on, and has no indicators
INDICATORS = ("NY.GDP.MKTP.CD", "NY.GDP.MKTP.KD.ZG", "FP.CPI.TOTL.ZG")
PRODUCTS = ("283691", "850760", "850231")
OLD_YEARS = range(2015, 2023)
PANEL = ("panel_country_year_variants", "panel_country_year", "run_choices")


def write_year(folder: Path, year: int, partners: dict[str, int]) -> None:
    """China's own reports of a year, and the same trade as BACI has it; values grow quickly."""
    rng = random.Random(year)
    flows = [
        (flow, partner, product, round(2 ** (year - 2010) * rng.uniform(1e5, 9e5), 2))
        for flow in "MX"
        for partner in partners.values()
        for product in PRODUCTS
    ]
    reported = [
        comtrade_row(
            refYear=year, period=year, flowCode=f, partnerCode=p, cmdCode=c, primaryValue=v
        )
        for f, p, c, v in flows
    ]
    write_csv(folder / f"comtrade_C_A_HS_{year}.csv", reported, COMTRADE_HEADER)
    reconciled = [
        {
            "t": str(year),
            "i": str(p if f == "M" else 156),
            "j": str(156 if f == "M" else p),
            "k": c,
            "v": f"{v / 1000:.3f}",
            "q": "1.000",
        }
        for f, p, c, v in flows
    ]
    write_csv(folder / f"BACI_HS17_Y{year}_V202601.csv", reconciled)


def write_indicators(folder: Path, last_year: int) -> None:
    """WDICSV.csv up to a year: what was in it before stands in it again."""
    rows = [
        {
            "Country Name": iso3,
            "Country Code": iso3,
            "Indicator Name": indicator,
            "Indicator Code": indicator,
            **{
                str(y): f"{random.Random(f'{iso3} {indicator} {y}').uniform(1, y - 2009):.6f}"
                for y in range(2011, last_year + 1)
            },
        }
        for iso3 in PARTNERS
        for indicator in INDICATORS
    ]
    write_csv(folder / "WDICSV.csv", rows)


def refresh(settings: Settings, folder: Path) -> None:
    manifest = read_manifest(settings.manifest_path)
    assert fill_from_folder(manifest, folder) == []
    with warehouse.writing(settings.build_path) as connection:
        for layout in (COMTRADE_TRADE, BACI_TRADE):
            years = sorted(manifest.years(layout))
            loading.load_trade_years(connection, manifest, layout, years)
        loading.load_whole(connection, manifest, WDI_INDICATORS)
        loading.load_manifest(connection, manifest)


@pytest.mark.long(10)
def test_no_number_of_an_older_year_moves_when_another_year_lands(
    tmp_path: Path, dbt: Callable
) -> None:
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    settings = load_settings(environment_of(tmp_path, "files", inbox))

    def build(*models: str, **chosen: str) -> None:
        kinds = ("--resource-type=seed", "--resource-type=model")
        done = dbt(tmp_path, "build", *kinds, "--select", *models, **chosen)
        assert done.returncode == 0, done.stdout

    def ask(sql: str) -> list[tuple]:
        with duckdb.connect(str(settings.build_path)) as connection:
            return connection.execute(sql).fetchall()

    for year in OLD_YEARS:
        write_year(inbox, year, PARTNERS)
    write_indicators(inbox, OLD_YEARS[-1])
    refresh(settings, inbox)
    build(*(f"+{model}" for model in PANEL))
    ask("create table before as select * from marts.panel_country_year_variants")

    write_year(inbox, 2023, PARTNERS | NEWCOMER)
    write_indicators(inbox, 2023)
    refresh(settings, inbox)
    build(*(f"+{model}" for model in PANEL), "--exclude-resource-type=seed")
    assert ask(
        "select standardisation_first_year, standardisation_last_year from marts.run_choices"
    ) == [(1992, 2022)]
    was = "from before"
    now = "from marts.panel_country_year_variants where year <= 2022 and iso3 <> 'PER'"
    assert ask(f"select count(*) from (select * {was} except all select * {now})") == [(0,)]
    assert ask(f"select count(*) from (select * {now} except all select * {was})") == [(0,)]

    lagged = ("ln_gdp", "gdp_growth", "inflation_rolling_sd", "lct_imports_from_china_kusd")
    z_scores = ", ".join(f"count({variable}_lag1_z)" for variable in lagged)
    new = "from marts.panel_country_year where year = 2023"
    assert ask(f"select {z_scores} {new}") == [(len(PARTNERS),) * len(lagged)]
    [(largest,)] = ask(f"select max(lct_imports_from_china_kusd_lag1_z) {new}")
    assert largest > 2, "in the unit of the window, not of its own year"

    # the newcomer has its rows in older years too, without a lag or a z-score in any
    [(rows, *of_newcomer)] = ask(
        f"select count(*), {z_scores} from marts.panel_country_year where iso3 = 'PER'"
    )
    assert rows == len(range(2011, 2024))
    assert of_newcomer == [0] * len(lagged)

    # a window that holds the new year is another choice, and moves them
    of_window = ("int_run_choices", "int_covariates_lagged", "int_trade_with_china_lagged", *PANEL)
    build(*of_window, LCT_STANDARDISATION_YEARS="1992-2023")
    [(moved,)] = ask(f"select count(*) from (select * {was} except all select * {now})")
    assert moved > len(PARTNERS) * len(OLD_YEARS)
