"""The models on real data: known figures, totals and parts, WDI moments, and chosen settings."""

from __future__ import annotations

import csv
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from orchestration.build import loading, warehouse
from orchestration.landing.manifest import read_manifest
from orchestration.landing.publishers.comtrade import COMTRADE_TRADE
from orchestration.settings import load_settings
from orchestration.sources.folder import fill_from_folder
from tests.support.publishers_files import COMTRADE_HEADER, write_csv
from tests.support.runs import FinishedRun, environment_of

# China's customs, 2022 (UN Comtrade): 136.09 thousand tonnes of lithium carbonate for 6.730 billion
# USD
LITHIUM_CARBONATE = "283691"


@pytest.mark.long(9)
def test_china_imports_of_lithium_carbonate_2022(real_run: FinishedRun) -> None:
    """What customs print is imports from others and goods that came back, which stand apart."""
    [(value, weight)] = real_run.ask(
        """
        select sum(value_usd) / 1e9, sum(net_weight_kg) / 1e6
        from marts.fct_trade_flow_variants
        where
            basis = 'china_reported' and hs_treatment = 'as_reported' and year = 2022
            and importer_iso3 = 'CHN' and product_code = ?
        """,
        [LITHIUM_CARBONATE],
    )
    [(returned_value, returned_weight)] = real_run.ask(
        """
        select value_usd / 1e9, net_weight_kg / 1e6
        from marts.fct_returned_goods
        where
            economy_iso3 = 'CHN' and flow = 'import' and year = 2022 and product_code = ?
        """,
        [LITHIUM_CARBONATE],
    )
    assert (round(value, 3), round(weight, 2)) == (6.718, 135.88)
    assert (round(value + returned_value, 3), round(weight + returned_weight, 2)) == (
        6.730,
        136.09,
    )


def test_world_imports_count_no_economy_twice(real_run: FinishedRun) -> None:
    """World imports of 2022 contain neither the European Union (97) nor ASEAN (975).

    Without the European Union alone, imports of lithium batteries are 96.0 billion USD and those of
    electric cars 89.9. These still contain ASEAN, whose members report themselves: without it they
    are 90.7 and 88.8.
    """
    own = dict(
        real_run.ask(
            "select product_code, sum(value_usd) / 1e9 from marts.fct_world_trade "
            "where year = 2022 and flow = 'import' and product_code in ('850760', '870380') "
            "group by 1"
        )
    )
    with duckdb.connect(str(real_run.settings.build_path), read_only=True) as connection:
        landed = connection.execute(
            """
            select hs6_code, reporter_code, sum(value_usd)::double / 1e9
            from staging.stg_comtrade__trade_records
            where year = 2022 and partner_code = '0' and hs6_code in ('850760', '870380')
            group by all
            """
        ).fetchall()
    asean = {code: value for code, reporter, value in landed if reporter == "975"}
    members = {
        code: sum(
            v
            for c, r, v in landed
            if c == code
            and r in {"96", "104", "116", "360", "418", "458", "608", "702", "704", "764"}
        )
        for code in own
    }
    assert {k: round(v + asean[k], 1) for k, v in own.items()} == {"850760": 96.0, "870380": 89.9}
    assert {k: round(v, 1) for k, v in own.items()} == {"850760": 90.7, "870380": 88.8}
    assert all(0.9 < asean[k] / members[k] < 1 for k in own), (
        "ASEAN is its members' sum, short of those that had not reported"
    )
    [(groups,)] = real_run.ask(
        "select row_count from marts.audit_exclusions where reason like 'reported by a group%'"
    )
    assert groups > 4000


def test_default_basis_is_the_one_with_both_directions(real_run: FinishedRun) -> None:
    """BACI is the only basis with both directions of trade.

    Of UN Comtrade only imports have landed, so neither side's reports have both.
    """
    assert real_run.ask(
        "select basis, hs_treatment, years_with_both_directions, is_synthetic "
        "from marts.run_choices"
    ) == [("reconciled", "harmonised", 22, False)]
    assert real_run.ask("select distinct basis, hs_treatment from marts.fct_trade_flow") == [
        ("reconciled", "harmonised")
    ]
    assert "reconciled" in real_run.output
    assert "SYNTHETIC" not in real_run.output


def test_reconciled_facts_equal_the_files(real_run: FinishedRun, real_landing: Path) -> None:
    files = str(real_landing / "baci" / "BACI_HS17_Y2022_V202601.csv.gz")
    [(expected,)] = (
        duckdb.connect()
        .execute(f"select sum(v) * 1000 from read_csv('{files}') where k = 260200")
        .fetchall()
    )
    [(own,)] = real_run.ask(
        "select sum(value_usd) from marts.fct_trade_flow "
        "where year = 2022 and product_code = '260200'"
    )
    assert own == pytest.approx(expected, rel=1e-12)


def test_panel_reproduces_the_moments_of_the_landed_wdi(
    real_run: FinishedRun, real_landing: Path
) -> None:
    """N, mean, sd, min and max of each WDI variable in two samples, to the digits recorded."""
    recorded = real_landing.parent / "reference" / "wdi_moments.csv"
    if not recorded.exists():
        pytest.skip(f"skipped: no real data at {recorded}")
    where = {
        "landing_1992_2022": "year between 1992 and 2022",
        "landing_with_co2_1992_2020": (
            "year between 1992 and 2020 and co2_tonnes_per_capita is not null"
        ),
    }
    names = {
        "landing_1992_2022": "all_1992_2022",
        "landing_with_co2_1992_2020": "with_co2_1992_2020",
    }
    with open(recorded, newline="") as handle:
        rows = [r for r in csv.DictReader(handle) if r["sample"] in where]
    assert len(rows) == 46
    for row in rows:
        v = row["variable"]
        expected = [float(row[k]) for k in ("n", "mean", "sd", "min", "max")]
        [own] = real_run.ask(
            f"select count({v}), avg({v}), stddev_samp({v}), min({v}), max({v}) "
            f"from marts.panel_country_year where {where[row['sample']]}"
        )
        assert list(own) == pytest.approx(expected, abs=0.000501), (v, row["sample"])
        table_3 = dict(
            real_run.ask(
                "select measure, value from report.table_3 where variable = ? and sample = ?",
                [v, names[row["sample"]]],
            )
        )
        assert [table_3[k] for k in ("n", "mean", "sd", "min", "max")] == pytest.approx(
            expected, abs=0.000501
        ), (v, row["sample"])


def test_moments_stand_beside_the_printed_table_3(real_run: FinishedRun) -> None:
    rows = real_run.ask(
        "select published, own, difference, note from report.published_comparison "
        "where exhibit = 'table_3' and \"group\" = 'gdp_growth' and series = 'n'"
    )
    [(published, own, difference, note)] = rows
    assert (published, own, difference) == (4569, 5391, 822)
    assert "base sample needs LCT imports" in note
    assert real_run.ask(
        "select count(*) from report.published_comparison where exhibit = 'table_3'"
    ) == [(27 * 5,)]


def test_what_rests_on_an_excerpt_is_not_compared(real_run: FinishedRun) -> None:
    [(own, note)] = real_run.ask(
        "select own, note from report.published_comparison "
        "where exhibit = 'figure_3' and series = 'world exports' "
        "and \"group\" = 'power generation'"
    )
    assert own is None
    assert "contradicts China's 94 billion" in note
    assert "no own value" in note


def test_panel_lags_are_calendar_years(real_run: FinishedRun) -> None:
    [(rows, wrong)] = real_run.ask(
        """
        select count(*), count(*) filter (where now.ln_gdp_lag1 is distinct from before.ln_gdp)
        from marts.panel_country_year as now
        join marts.panel_country_year as before
            on now.iso3 = before.iso3 and now.year = before.year + 1
        """
    )
    assert rows > 6000
    assert wrong == 0
    [(mean, sd)] = real_run.ask(
        "select avg(ln_gdp_lag1_z), stddev_samp(ln_gdp_lag1_z) from marts.panel_country_year "
        "where year between 1992 and 2022"
    )
    assert (mean, sd) == pytest.approx((0, 1), abs=1e-12)
    assert real_run.ask("select count(*) from marts.panel_country_year where iso3 = 'CHN'") == [
        (0,)
    ]


def test_a_second_source_of_the_same_flow_is_another_basis(real_run: FinishedRun) -> None:
    bases = real_run.ask(
        "select basis, sum(value_usd) from marts.fct_trade_flow_variants "
        "where hs_treatment = 'as_reported' and year = 2022 and importer_iso3 = 'CHN' "
        "and product_code = ? group by 1 order by 1",
        [LITHIUM_CARBONATE],
    )
    assert [b for b, _ in bases] == ["china_reported", "reconciled"]
    assert bases[1][1] / bases[0][1] == pytest.approx(0.992, abs=0.0005)


def test_every_published_table_and_column_is_described(real_run: FinishedRun) -> None:
    assert (
        real_run.ask(
            "select schema_name, table_name from duckdb_tables() "
            "where schema_name in ('marts', 'report', 'estimates') "
            "and coalesce(comment, '') not like '%Grain:%'"
        )
        == []
    )
    assert (
        real_run.ask(
            "select table_name, column_name from duckdb_columns() "
            "where schema_name in ('marts', 'report', 'estimates') and comment is null"
        )
        == []
    )


def test_a_pull_without_pins_gives_the_same_flows(
    real_landing: Path, tmp_path: Path, dbt: Callable
) -> None:
    """Real flows as an unpinned pull gives them: totals beside parts, and some totals missing."""
    rng = random.Random(1)
    pinned = tmp_path / "pinned"
    unpinned = tmp_path / "unpinned"
    for folder in (pinned, unpinned):
        folder.mkdir()
    source = shutil.copy(real_landing / "comtrade" / "comtrade_C_A_HS_2022_M.csv.gz", pinned)
    rows = [
        dict(zip(COMTRADE_HEADER, r, strict=True))
        for r in duckdb.connect()
        .execute(
            f"select * from read_csv('{source}', all_varchar = true) "
            "where reporterCode in ('156', '842')"
        )
        .fetchall()
    ]
    rows = [{k: "" if v is None else v for k, v in r.items()} for r in rows]
    write_csv(pinned / Path(source).name, rows, COMTRADE_HEADER)
    spread, codes_without_total = [], []
    for row in rows:
        millis = round(float(row["primaryValue"]) * 1000)
        by_sea = rng.randint(0, millis)
        sea, air = (
            {**row, "motCode": "2100", "primaryValue": f"{by_sea / 1000:.3f}"},
            {**row, "motCode": "1000", "primaryValue": f"{(millis - by_sea) / 1000:.3f}"},
        )
        customs = [{**sea, "customsCode": "C01"}, {**air, "customsCode": "C01"}]
        if rng.random() < 0.9:
            spread += [row, {**row, "customsCode": "C01"}]
        else:
            codes_without_total.append(row["cmdCode"])
        spread += [sea, air, *customs, {**sea, "partner2Code": "702"}]
    rng.shuffle(spread)
    write_csv(unpinned / Path(source).name, spread, COMTRADE_HEADER)
    flows, summed = {}, {}
    for folder in (pinned, unpinned):
        settings = load_settings(environment_of(tmp_path / f"data_{folder.name}", "files", folder))
        manifest = read_manifest(settings.manifest_path)
        assert fill_from_folder(manifest, folder) == []
        with warehouse.writing(settings.build_path) as connection:
            loading.load_trade_years(connection, manifest, COMTRADE_TRADE, [2022])
        done = dbt(
            settings.data_dir,
            "build",
            *("--exclude-resource-type", "unit_test", "--exclude-resource-type", "test"),
            *("--select", "+int_comtrade_flows_deduplicated"),
        )
        assert done.returncode == 0, done.stdout
        with duckdb.connect(str(settings.build_path), read_only=True) as connection:
            flows[folder.name] = connection.execute(
                "select reporter_code, partner_code, hs6_code, value_usd "
                "from intermediate.int_comtrade_flows_deduplicated order by all"
            ).fetchall()
            [(summed[folder.name],)] = connection.execute(
                "select count(*) from intermediate.int_comtrade_flows_deduplicated "
                "where is_summed_from_parts"
            ).fetchall()
            listed = {
                code
                for (code,) in connection.execute(
                    "select hs6_code from intermediate.int_hs_codes_mapped"
                ).fetchall()
            }
    assert len(spread) > 5 * len(flows["pinned"])
    assert flows["unpinned"] == flows["pinned"]
    assert len(flows["pinned"]) > 900
    expected = sum(code in listed for code in codes_without_total)
    assert summed == {"pinned": 0, "unpinned": expected}


def test_the_chosen_basis_and_scope_are_obeyed(
    demo_run: FinishedRun, tmp_path: Path, dbt: Callable
) -> None:
    """Three variables choose another basis, treatment and scope.

    The recorded choices, the default facts and the default panel follow.
    """
    (tmp_path / "build").mkdir()
    shutil.copy(demo_run.settings.build_path, tmp_path / "build")
    models = (
        "int_run_choices",
        "run_choices",
        "fct_trade_flow",
        "panel_country_year",
        "assert_panel_trade_equals_facts",
        "assert_facts_hold_what_was_classified",
    )
    done = dbt(
        tmp_path,
        "build",
        "--select",
        *models,
        LCT_TRADE_BASIS="partner_reported",
        LCT_HS_TREATMENT="harmonised",
        LCT_MINERAL_SCOPE="all_stages",
    )
    assert done.returncode == 0, done.stdout
    with duckdb.connect(str(tmp_path / "build" / "warehouse.duckdb"), read_only=True) as connection:
        assert connection.execute(
            "select basis, hs_treatment, mineral_scope from marts.run_choices"
        ).fetchall() == [("partner_reported", "harmonised", "all_stages")]
        assert connection.execute(
            "select distinct basis, hs_treatment, mineral_scope from marts.panel_country_year"
        ).fetchall() == [("partner_reported", "harmonised", "all_stages")]
        assert connection.execute(
            "select distinct basis, hs_treatment from marts.fct_trade_flow"
        ).fetchall() == [("partner_reported", "harmonised")]
