"""marts.dim_economy_pair: CEPII's GeoDist under today's codes, on real and on invented files."""

from __future__ import annotations

from tests.support.runs import FinishedRun


def test_real_pairs_stand_under_todays_codes(real_run: FinishedRun) -> None:
    assert real_run.ask(
        "select count(*), count(distinct iso3_o), count(weighted_distance_km) "
        "from marts.dim_economy_pair"
    ) == [(224 * 224, 224, 224 * 224 - 2215)]
    assert real_run.ask(
        "select iso3_o from marts.dim_economy_pair where iso3_d = 'CHN' "
        "and iso3_o in ('PAL', 'PSE', 'ROM', 'ROU', 'SRB', 'TLS', 'TMP', 'YUG', 'ZAR', 'COD') "
        "order by 1"
    ) == [("COD",), ("PSE",), ("ROU",), ("SRB",), ("TLS",)]
    assert real_run.ask(
        "select iso3_d from marts.dim_economy_pair "
        "where iso3_o = 'PSE' and is_contiguous order by 1"
    ) == [("EGY",), ("ISR",), ("JOR",)]


def test_only_the_publishers_own_contradiction_warns(real_run: FinishedRun) -> None:
    [(one_way,)] = real_run.ask(
        """
        select count(*)
        from marts.dim_economy_pair as there
        join marts.dim_economy_pair as back
            on there.iso3_o = back.iso3_d and there.iso3_d = back.iso3_o
        where there.was_same_country <> back.was_same_country
        """
    )
    assert one_way == 66
    assert real_run.ask("select count(*) from marts.audit_exclusions where source = 'cepii'") == [
        (0,)
    ]


def test_the_demo_has_pairs_of_its_own(demo_run: FinishedRun) -> None:
    [(pairs, economies, own)] = demo_run.ask(
        "select count(*), count(distinct iso3_o), count(*) filter (iso3_o = iso3_d) "
        "from marts.dim_economy_pair"
    )
    assert pairs == economies**2
    assert own == economies
    [(comment,)] = demo_run.ask(
        "select comment from duckdb_tables() where table_name = 'dim_economy_pair'"
    )
    assert "SYNTHETIC" in comment
