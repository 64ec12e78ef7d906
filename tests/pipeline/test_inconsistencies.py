"""What publishers say against themselves: published, warned of, listed, and never a reason to stop.

A corner of the demo with files beside it that contradict themselves in every way that lands.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.publishers_files import comtrade_row, write_csv
from tests.support.runs import FinishedRun, built_once, corner_of

WORLD, CHINA, BRAZIL, PARAGUAY, NOT_SPECIFIED = 0, 156, 76, 600, 899


def reported(
    reporter: int, flow: str, partner: int, code: str, value: float, **more: object
) -> dict:
    return comtrade_row(
        **{
            "refYear": 2023,
            "period": 2023,
            "reporterCode": reporter,
            "flowCode": flow,
            "partnerCode": partner,
            "cmdCode": code,
            "primaryValue": value,
        }
        | more
    )


def reporter_against_itself(flow: str) -> list[dict]:
    """One product above the World, one below it, two equal to it: the numbers are Paraguay's."""
    return [
        reported(PARAGUAY, flow, WORLD, "850760", 6_544_754),
        reported(PARAGUAY, flow, CHINA, "850760", 7_000_000),
        reported(PARAGUAY, flow, BRAZIL, "850760", 324_519),
        reported(PARAGUAY, flow, WORLD, "850790", 163_532),
        reported(PARAGUAY, flow, CHINA, "850790", 100_000),
        reported(PARAGUAY, flow, NOT_SPECIFIED, "850790", 3_532),
        reported(PARAGUAY, flow, WORLD, "854143", 500),
        reported(PARAGUAY, flow, BRAZIL, "854143", 500),
        reported(PARAGUAY, flow, WORLD, "283691", 600),
        reported(PARAGUAY, flow, BRAZIL, "283691", 600),
    ]


def odd_rows() -> list[dict]:
    """Rows that no one expects of UN Comtrade and that land all the same."""
    return [
        reported(CHINA, "M", 152, "283691", -5e6),
        reported(CHINA, "X", 276, "850760", -7.5, netWgt=-3),
        reported(CHINA, "X", 152, "850760", 0),
        reported(CHINA, "M", CHINA, "850760", -3),
        # parties never seen, flows and revisions never heard of
        reported(276, "M", 777, "850760", 5),
        reported(998, "M", CHINA, "850760", 5),
        reported(276, "Z9", CHINA, "850760", 1),
        reported(276, "M", CHINA, "850760", 3, classificationCode="H9"),
        # as much as lands
        reported(276, "M", CHINA, "850760", 9.9e12),
        # a state that is gone
        reported(200, "X", CHINA, "850760", 12),
        # modes of transport that are more than their total
        reported(842, "X", CHINA, "850760", 90),
        reported(842, "X", CHINA, "850760", 50, motCode=2100),
        reported(842, "X", CHINA, "850760", 50, motCode=1000),
    ]


def write_other_publishers(folder: Path) -> None:
    """BACI, the World Bank and CEPII with repeated, negative, unknown and impossible entries."""
    for name, lines in {
        "BACI_HS17_Y2022_V203001.csv": [
            "t,i,j,k,v,q",
            "2022,156,276,850760,5.000,NA",
            "2022,156,276,850760,6.000,1",
            "2022,156,842,850760,-5.000,-2",
            "2022,999,842,850760,5.000,2",
            "2022,842,156,850760,-7,1",
        ],
        "country_codes_V203001.csv": [
            "country_code,country_name,country_iso2,country_iso3",
            "4,Afghanistan,AF,AFG",
            "4,Afghanistan,AF,AFG",
            "9999,Atlantis,AT,ATL",
        ],
        "WDICountry.csv": [
            "Country Code,Short Name,2-alpha code,Region,Income Group",
            "ABW,Aruba,AW,Middle Earth,Richest",
            "ATL,Atlantis,AT,South Seas,",
        ],
        "WDICSV.csv": [
            "Country Name,Country Code,Indicator Name,Indicator Code,2021,2022,2023",
            "Chile,CHL,GDP,NY.GDP.MKTP.CD,-3,1e300,0",
            "Atlantis,ATL,GDP,NY.GDP.MKTP.CD,2,3,4",
        ],
        "dist_cepii.csv": [
            "iso_o,iso_d,contig,comlang_off,comlang_ethno,colony,comcol,curcol,col45,smctry,"
            "dist,distcap,distw,distwces",
            "CHN,MAC,0,1,1,0,0,0,0,1,30000,30000,30000,30000",
            "MAC,CHN,1,1,1,0,0,0,0,0,-5,5,5,5",
            # both codes of Romania
            "CHN,ROM,0,0,0,0,0,0,0,0,7053,7053,7053,7053",
            "CHN,ROU,0,0,0,0,0,0,0,0,7054,7054,7054,7054",
        ],
    }.items():
        (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")


@pytest.fixture(scope="module")
def run(
    demo_landing: Path, tmp_path_factory: pytest.TempPathFactory, worker_id: str
) -> FinishedRun:
    landing = corner_of(demo_landing, tmp_path_factory.mktemp("inconsistencies") / "landing")
    rows = [*reporter_against_itself("M"), *reporter_against_itself("X"), *odd_rows()]
    write_csv(landing / "reported_2023.csv", rows)
    write_csv(
        landing / "reported_again_2023.csv", [reported(PARAGUAY, "M", BRAZIL, "850760", 324_520)]
    )
    write_other_publishers(landing)
    run = built_once("inconsistencies", "files", landing, tmp_path_factory, worker_id)
    assert "refused" not in run.output, run.output[:5000]
    return run


def test_a_reporter_whose_partners_contradict_its_world_is_published_and_listed(
    run: FinishedRun,
) -> None:
    assert run.ask(
        "select flow, hs6_code, what_code, value_stated, value_compared, difference_usd, "
        "round(difference_share, 3) from marts.audit_inconsistencies "
        "where economy_iso3 = 'PRY' and used_code = 'world_row' order by flow, hs6_code"
    ) == [
        ("export", "850760", "partners_exceed_world", 6_544_754, 7_324_519, 779_765, 0.119),
        ("export", "850790", "partners_below_world", 163_532, 103_532, -60_000, -0.367),
        ("import", "850760", "partners_exceed_world", 6_544_754, 7_324_520, 779_766, 0.119),
        ("import", "850790", "partners_below_world", 163_532, 103_532, -60_000, -0.367),
    ]
    assert run.ask(
        "select flow, product_code, value_usd, allocated_usd, unallocated_usd "
        "from marts.fct_world_trade where economy_iso3 = 'PRY' and year = 2023 "
        "and product_code in ('850760', '850790') order by flow, product_code"
    ) == [
        ("export", "850760", 6_544_754, 7_324_519, -779_765),
        ("export", "850790", 163_532, 100_000, 63_532),
        ("import", "850760", 6_544_754, 7_324_520, -779_766),
        ("import", "850790", 163_532, 100_000, 63_532),
    ]


def test_every_kind_is_listed_with_its_file_and_its_words(run: FinishedRun) -> None:
    assert run.ask(
        "select source, what_code, count(*), min(landed_file) from marts.audit_inconsistencies "
        "where reporter_code <> '600' or what_code not like 'partners%' group by all order by all"
    ) == [
        ("baci", "negative_net_weight_kg", 1, "baci/BACI_HS17_Y2022_V203001.csv"),
        ("baci", "negative_value_usd", 2, "baci/BACI_HS17_Y2022_V203001.csv"),
        ("baci", "pair_repeated", 1, "baci/BACI_HS17_Y2022_V203001.csv"),
        ("comtrade", "landed_before_with_other_value", 1, "comtrade/reported_again_2023.csv"),
        ("comtrade", "negative_net_weight_kg", 1, "comtrade/reported_2023.csv"),
        ("comtrade", "negative_value_usd", 3, "comtrade/reported_2023.csv"),
        ("comtrade", "parts_by_transport_mode", 1, "comtrade/reported_2023.csv"),
    ]
    assert run.ask(
        "select count(*) from marts.audit_inconsistencies where what is null or used is null"
    ) == [(0,)]


def test_the_tests_of_what_publishers_say_warn_and_the_others_pass(run: FinishedRun) -> None:
    results = json.loads(
        (run.settings.dbt_target_dir / "run" / "run_results.json").read_text(encoding="utf-8")
    )["results"]
    tests = [r for r in results if r["unique_id"].startswith("test.")]
    assert {r["status"] for r in tests} == {"pass", "warn"}
    [warning] = [
        r for r in tests if "assert_publishers_do_not_contradict_themselves" in r["unique_id"]
    ]
    [(listed,)] = run.ask("select count(*) from marts.audit_inconsistencies")
    assert (warning["status"], warning["failures"]) == ("warn", listed)


def test_the_demo_does_not_contradict_itself(demo_run: FinishedRun) -> None:
    assert demo_run.ask("select count(*) from marts.audit_inconsistencies") == [(0,)]


def test_real_files_are_taken_for_complete_and_free_of_contradictions(
    real_run: FinishedRun,
) -> None:
    """In 2018 to 2023 no reporter's partners differ from its World row by more than rounding."""
    assert real_run.ask("select count(*) from marts.audit_inconsistencies") == [(0,)]
