"""`make run SOURCE=api LCT_BACI=...` without a key: BACI's zips and the World Bank alone."""

from __future__ import annotations

import zipfile
from pathlib import Path

import duckdb
import pytest

from orchestration.landing.manifest import read_manifest
from orchestration.settings import load_settings
from orchestration.sources.filling import fill_landing_zone
from orchestration.sources.live import world_bank
from tests.support.desk import ONLY_TWO_SERIES, TWO_SERIES
from tests.support.publishers_server import PublishersServer
from tests.support.runs import FinishedRun, environment_of, run_pipeline, write_unmarked


def baci_zip(target: Path, demo: Path, years: range, revision: str) -> Path:
    """A zip like CEPII's, with years of the demo under a revision's name."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for year in years:
            [source] = demo.glob(f"BACI_HS*_Y{year}_V*.csv*")
            name = f"BACI_{revision}_Y{year}_V202601.csv"
            # each revision has other amounts, as BACI's have
            write_unmarked(source, target.parent / name, more=float(revision[2:]))
            archive.write(target.parent / name, name)
        [economies] = demo.glob("country_codes*.csv")
        write_unmarked(economies, target.parent / "economies.csv")
        archive.write(target.parent / "economies.csv", "country_codes_V202601.csv")
        archive.writestr(f"product_codes_{revision}_V202601.csv", "code,description\n010121,Mare\n")
        archive.writestr("Readme.txt", "BACI")
    return target


@pytest.mark.long(3)
def test_baci_and_the_world_bank_give_the_reconciled_basis(
    publishers_tables: Path,
    demo_landing: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(world_bank, "panel_indicators", lambda: TWO_SERIES)
    demo = demo_landing / "baci" / "demo"
    with PublishersServer(publishers_tables) as server:
        for revision, years in (("HS92", range(2016, 2019)), ("HS17", range(2017, 2019))):
            name = f"BACI_{revision}_V202601.zip"
            server.large_files[f"/{name}"] = baci_zip(tmp_path / name, demo, years, revision)
        environment = environment_of(
            tmp_path / "data",
            "api",
            LCT_COMTRADE_URL=server.url,
            LCT_WORLD_BANK_URL=server.url,
            LCT_API_PAUSE_SECONDS="0",
            LCT_BACI=",".join(f"{server.url}{name}?token=geheim" for name in server.large_files),
        )
        done = run_pipeline(environment, before=ONLY_TWO_SERIES)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "BACI (LCT_BACI) is the trade, on the reconciled basis" in done.stdout
        assert "TRIAL" not in done.stdout
        assert server.count("/v1/") == 0, "UN Comtrade is not asked"
        run = FinishedRun(load_settings(environment), done.stdout)
        assert run.ask("select basis, is_synthetic from marts.run_choices") == [
            ("reconciled", False)
        ]
        assert run.ask("select min(year), max(year) from marts.fct_trade_flow") == [(2016, 2018)]
        assert revisions_that_count(run) == {
            **dict.fromkeys(range(2016, 2017), "H0"),
            **dict.fromkeys(range(2017, 2019), "H5"),
        }
        files = read_manifest(run.settings.manifest_path).files
        server.statuses.clear()
        manifest = fill_landing_zone(run.settings)
        assert server.statuses.count(304) == 2, "each zip is asked for"
        assert manifest.files == files, "and none comes again"
    holders = [
        p for p in (tmp_path / "data").rglob("*") if p.is_file() and b"geheim" in p.read_bytes()
    ]
    assert holders == [], "no file keeps the secret of an address"


def revisions_that_count(run: FinishedRun) -> dict[int, str]:
    """The HS revision of the file that counts for each year."""
    with duckdb.connect(str(run.settings.build_path), read_only=True) as build:
        return dict(
            build.execute(
                "select year, hs_revision from intermediate.int_baci_files_counted "
                "where exclusion_reason is null"
            ).fetchall()
        )
