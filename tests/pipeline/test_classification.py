"""Classification: splitting, merging and re-aggregating conserve value.

Also that the lists are data, and known cases of the nomenclature.
"""

from __future__ import annotations

import csv
import shutil
import subprocess
from collections import defaultdict
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestration.build import loading, warehouse
from orchestration.build.dbt_project import dbt_command
from orchestration.seeds import seed_path, seed_rows
from orchestration.settings import PROJECT_ROOT
from tests.support.runs import FinishedRun, environment_of

TYPED_COLUMNS = {
    "int_comtrade_flows_named": (
        "year int, flow varchar, reporter_iso3 varchar, reporter_kind varchar, "
        "partner_iso3 varchar, partner_kind varchar, exporter_iso3 varchar, "
        "importer_iso3 varchar, hs_revision varchar, hs6_code varchar, value_usd decimal(18, 3), "
        "net_weight_kg decimal(18, 3), estimated_weight_kg decimal(18, 3)"
    ),
    "int_baci_flows_listed": (
        "year int, exporter_code varchar, importer_code varchar, hs_revision varchar, "
        "hs6_code varchar, value_usd decimal(18, 3), net_weight_kg decimal(18, 3)"
    ),
    "int_hs_codes_mapped": (
        "hs_treatment varchar, hs_treatments varchar, hs_revision varchar, hs6_code varchar, "
        "product_code varchar, weight double"
    ),
}
CODES = {"CHN": "156", "USA": "842", "DEU": "276", "BRA": "76", "IND": "699"}


@pytest.fixture(scope="session", params=["comtrade", "baci"])
def classify(demo_run: FinishedRun, request: pytest.FixtureRequest):
    """The compiled SQL that classifies a source's flows, to run in memory on any of them."""
    [compiled] = (demo_run.settings.dbt_target_dir / "run" / "compiled").rglob(
        f"int_{request.param}_flows_classified.sql"
    )
    sql = compiled.read_text()
    importer = "importer_iso3" if request.param == "comtrade" else "importer"
    connection = duckdb.connect()
    connection.execute(
        "attach ':memory:' as warehouse; create schema warehouse.intermediate; "
        "create schema warehouse.seeds; create table warehouse.seeds.comtrade_economy_codes "
        "(comtrade_code varchar, iso3 varchar, kind varchar)"
    )
    for iso3, code in CODES.items():
        connection.execute(
            "insert into warehouse.seeds.comtrade_economy_codes values (?, ?, 'economy')",
            [code, iso3],
        )
    connection.execute("use warehouse.intermediate")
    for table, columns in TYPED_COLUMNS.items():
        connection.execute(f"create table {table} ({columns})")

    def insert(table: str, **values: object) -> None:
        connection.execute(
            f"insert into {table} ({', '.join(values)}) values ({', '.join('?' * len(values))})",
            list(values.values()),
        )

    def run(
        reported: list[tuple[str, str, str, Decimal]], mapping: list[tuple[str, str, str, float]]
    ) -> list[tuple[str, str, Decimal]]:
        """Returns importer, product, value.

        `reported` gives importer, revision, code, value; `mapping` revision, code, product, weight.
        """
        for table in TYPED_COLUMNS:
            connection.execute(f"delete from {table}")
        for iso3, revision, code, value in reported:
            of_code = {"hs_revision": revision, "hs6_code": code, "value_usd": value}
            insert(
                "int_comtrade_flows_named",
                year=2022,
                flow="export",
                reporter_iso3="CHN",
                partner_iso3=iso3,
                exporter_iso3="CHN",
                importer_iso3=iso3,
                **of_code,
            )
            insert(
                "int_baci_flows_listed",
                year=2022,
                exporter_code=CODES["CHN"],
                importer_code=CODES[iso3],
                **of_code,
            )
        for revision, code, product, weight in mapping:
            insert(
                "int_hs_codes_mapped",
                hs_treatment="harmonised",
                hs_treatments="h",
                hs_revision=revision,
                hs6_code=code,
                product_code=product,
                weight=weight,
            )
        return connection.execute(
            f"select {importer}, product_code, value_usd from ({sql}) order by all"
        ).fetchall()

    return run


money = st.decimals(min_value=0, max_value=10**11, places=3, allow_nan=False, allow_infinity=False)


importers = st.sampled_from(["USA", "DEU", "BRA", "IND"])


flows_of_codes = st.dictionaries(
    st.tuples(
        importers,
        st.sampled_from(["H3", "H6"]),
        st.sampled_from(["850780", "854140", "854142", "283691"]),
    ),
    money,
    min_size=1,
    max_size=10,
)


many = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@many
@given(flows=flows_of_codes, cut=st.floats(0, 1))
def test_splitting_conserves_value(classify, flows: dict, cut: float) -> None:
    """Every code is split between two products with weights that sum to one.

    Nothing is gained, and nothing is lost beyond rounding.
    """
    mapping = [
        (r, c, p, w)
        for r in ("H3", "H6")
        for c in ("850780", "854140", "854142", "283691")
        for p, w in (("A", cut), ("B", 1 - cut))
    ]
    classified = classify([(*key, value) for key, value in flows.items()], mapping)
    for importer in {key[0] for key in flows}:
        before = sum(v for key, v in flows.items() if key[0] == importer)
        after = sum(v for i, _, v in classified if i == importer)
        # a tenth of a cent of rounding per flow and part, and a double's 16 digits of the weight
        assert abs(after - before) <= Decimal("0.001") * 2 * len(flows) + before * Decimal("1e-12")


@many
@given(flows=flows_of_codes)
def test_merging_conserves_value_exactly(classify, flows: dict) -> None:
    """Codes of two revisions merged into one product: its value is exactly the sum of theirs."""
    mapping = [
        (r, c, "A", 1.0) for r in ("H3", "H6") for c in ("850780", "854140", "854142", "283691")
    ]
    expected: dict[str, Decimal] = defaultdict(Decimal)
    for (importer, _, _), value in flows.items():
        expected[importer] += value
    assert {i: v for i, _, v in classify([(*k, v) for k, v in flows.items()], mapping)} == dict(
        expected
    )


@many
@given(flows=flows_of_codes, data=st.data())
def test_re_aggregating_conserves_value(classify, flows: dict, data) -> None:
    """Sums over importers and products equal the sum over all flows, whatever the mapping.

    Unmapped codes count nowhere.
    """
    codes = [(r, c) for r in ("H3", "H6") for c in ("850780", "854140", "854142", "283691")]
    product_of = {code: data.draw(st.sampled_from(["A", "B", None])) for code in codes}
    classified = classify(
        [(*k, v) for k, v in flows.items()],
        [(r, c, p, 1.0) for (r, c), p in product_of.items() if p],
    )
    assert sum((v for _, _, v in classified), Decimal(0)) == sum(
        (v for (_, r, c), v in flows.items() if product_of[r, c]), Decimal(0)
    )
    for product in ("A", "B"):
        assert sum((v for _, p, v in classified if p == product), Decimal(0)) == sum(
            (v for (_, r, c), v in flows.items() if product_of[r, c] == product), Decimal(0)
        )


def test_table_1_shows_the_difference_from_print(real_run: FinishedRun) -> None:
    rows = {
        s: (own, printed, difference)
        for s, own, printed, difference in real_run.ask(
            "select sector, value, published, difference from report.table_1 "
            "where technology = 'all technologies'"
        )
    }
    assert rows["transport"] == (10, 9, 1)
    assert rows["all sectors"] == (124, 124, 0)
    assert all(d == 0 for s, (_, _, d) in rows.items() if s != "transport")


def test_solar_does_not_collapse_where_codes_are_followed(demo_run: FinishedRun) -> None:
    """854140 became 854141/42/43/49 in HS 2022.

    As reported it is gone, harmonised it continues, and the series says so.
    """
    exports = dict(
        demo_run.ask(
            "select hs_treatment || ' ' || year, sum(value_usd) "
            "from marts.fct_world_trade_variants "
            "where product_code = '854140' and economy_iso3 = 'CHN' and flow = 'export' "
            "and source = 'comtrade' and year in (2021, 2022) group by 1"
        )
    )
    assert "as_reported 2022" not in exports
    assert "strict 2022" not in exports
    assert 0.5 < exports["harmonised 2022"] / exports["harmonised 2021"] < 2
    power = dict(
        demo_run.ask(
            "select hs_treatment, value from report.figure_3_variants "
            "where year = 2022 and source = 'comtrade' and sector = 'power_generation' "
            "and measure = 'world exports'"
        )
    )
    assert power["harmonised"] == pytest.approx(281, rel=0.01)
    assert power["as_reported"] < 0.67 * power["harmonised"]
    notes = dict(
        demo_run.ask(
            "select hs_treatment, note from report.figure_4_variants "
            "where year = 2022 and source = 'comtrade' and sector = 'power_generation' "
            "and measure = 'China exports'"
        )
    )
    assert notes["as_reported"] == "no code in HS 2022: 854140"
    assert notes["harmonised"] is None


def test_transport_says_why_it_begins_in_2017(demo_run: FinishedRun) -> None:
    rows = dict(
        demo_run.ask(
            "select year, note from report.figure_3 "
            "where sector = 'transport' and measure = 'world exports' and year in (2016, 2017)"
        )
    )
    assert "870380" in rows[2016]
    assert rows[2016].startswith("no code in HS 2012")
    assert rows[2017] is None
    rules = {
        row["weight_rule"] for row in seed_rows("hs_concordance") if row["hs6_code"] == "870390"
    }
    assert len(rules) == 1
    assert "no code of their own before HS 2017" in rules.pop()


def test_bases_can_be_judged_side_by_side(real_run: FinishedRun) -> None:
    """China's imports in 2022, BACI over UN Comtrade: freight in bulk, noise in tiny values."""
    rows = real_run.ask(
        "select product_code, reconciled_to_china_reported_ratio "
        "from marts.trade_basis_comparison where year = 2022 and flow = 'import'"
    )
    ratios = {code: round(ratio, 3) for code, ratio in rows if ratio is not None}
    assert {k: ratios[k] for k in ("283691", "750210", "260200")} == {
        "283691": 0.992,
        "750210": 1.005,
        "260200": 0.724,
    }
    assert round(ratios["282200"], 1) == 18.4


def test_exhibits_come_on_every_treatment_and_basis(demo_run: FinishedRun) -> None:
    for exhibit in ("figure_1", "figure_2", "figure_3", "figure_4"):
        assert set(
            demo_run.ask(f"select distinct hs_treatment, source from report.{exhibit}_variants")
        ) == {(t, s) for t in ("as_reported", "harmonised", "strict") for s in ("comtrade", "baci")}
    assert (
        len(demo_run.ask("select distinct basis, hs_treatment from report.table_2_variants")) == 9
    )
    assert (
        len(
            demo_run.ask(
                "select distinct basis, hs_treatment, mineral_scope from report.table_3_variants"
            )
        )
        == 18
    )
    for exhibit in ("figure_1", "table_2"):
        grouping = "grouping_by" if exhibit == "table_2" else "measure"
        where = "where unit = 'percent'" if exhibit == "table_2" else ""
        sums = demo_run.ask(
            f"select sum(value) from report.{exhibit} {where} group by year, {grouping}"
        )
        assert [total for (total,) in sums] == pytest.approx([100] * 2 * 31), (
            "two groups of shares in each of 31 years, and each sums to 100"
        )


def test_vintages_of_the_groups(demo_run: FinishedRun) -> None:
    assert demo_run.ask(
        "select country_group from marts.dim_economy where iso3 in ('HRV', 'CHN', 'TWN', 'HKG') "
        "order by iso3"
    ) == [("China",), ("High income",), ("High income",), ("High income",)]
    vintages = {
        r["vintage"]: r["weo_group"] for r in seed_rows("economy_groups") if r["iso3"] == "HRV"
    }
    assert vintages["FY23"].startswith("Emerging")
    assert vintages["FY24"].startswith("Advanced")


def groups_in_the_seeds(column: str) -> dict[str, str]:
    """ISO3 -> group, of the default vintage and of the states of the past."""
    today = (row for row in seed_rows("economy_groups") if row["vintage"] == "FY24")
    return {row["iso3"]: row[column] for row in (*today, *seed_rows("historical_economy_groups"))}


def test_trade_is_unclassified_in_table_2_only_where_the_seeds_say_so(
    demo_run: FinishedRun,
) -> None:
    """Year by year, China's exports by group are those to the members the seeds give it."""
    exports = demo_run.ask(
        "select year, importer_iso3, sum(value_usd) / 1e9 from marts.fct_trade_flow "
        "where exporter_iso3 = 'CHN' and importer_iso3 <> 'CHN' and product_code in "
        "(select product_code from marts.dim_product where is_low_carbon) group by all"
    )
    assert {(1992, "CSK"), (1992, "BLX"), (1998, "BLX"), (2005, "SCG")} <= {
        (year, importer) for year, importer, _ in exports
    }
    for grouping, column in (("income group", "income_group"), ("region", "region")):
        group_of = groups_in_the_seeds(column)
        expected: dict[tuple[int, str], float] = defaultdict(float)
        for year, importer, value in exports:
            expected[year, group_of[importer]] += float(value)
        printed = {
            (year, group): value
            for year, group, value in demo_run.ask(
                'select year, "group", value from report.table_2 '
                f"where unit = 'billion USD' and grouping_by = '{grouping}'"
            )
        }
        assert printed == pytest.approx(dict(expected))


def test_belgium_luxembourg_is_high_income_in_figure_1_of_1992(demo_run: FinishedRun) -> None:
    weo_group_of = groups_in_the_seeds("weo_group")
    for flow in ("export", "import"):
        trade = dict(
            demo_run.ask(
                "select economy_iso3, sum(value_usd) from marts.fct_world_trade "
                f"where year = 1992 and flow = '{flow}' and product_code in "
                "(select product_code from marts.dim_product where is_low_carbon) group by 1"
            )
        )
        advanced = {iso3 for iso3 in trade if weo_group_of[iso3] == "Advanced economies"}
        assert "BLX" in advanced
        assert trade["BLX"] > 0
        shares = dict(
            demo_run.ask(
                'select "group", value from report.figure_1 '
                f"where year = 1992 and measure = '{flow} share'"
            )
        )
        assert sum(shares.values()) == pytest.approx(100)
        assert shares["High income"] == pytest.approx(
            100 * float(sum(trade[iso3] for iso3 in advanced) / sum(trade.values()))
        )


def build_on(
    project: Path, data_dir: Path, *arguments: str, **variables: str
) -> subprocess.CompletedProcess[str]:
    environment = environment_of(data_dir, "files", **variables) | {
        "DBT_TARGET_PATH": str(data_dir / "dbt"),
        "DBT_LOG_PATH": str(data_dir / "dbt"),
        "DO_NOT_TRACK": "1",
    }
    return subprocess.run(
        [*dbt_command(), *arguments],
        cwd=project,
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
    )


def test_a_product_is_one_row_of_a_seed(real_run: FinishedRun, tmp_path: Path) -> None:
    """One product is added and one moved to another technology: two rows change, and names.

    Facts, world trade and table 1 follow.
    """
    project = tmp_path / "project"
    for part in ("dbt_project", "seeds", "tests/data"):
        shutil.copytree(PROJECT_ROOT / part, project / part)
    for part in ("dbt_project.yml", "profiles.yml"):
        shutil.copy(PROJECT_ROOT / part, project)
    (tmp_path / "data" / "build").mkdir(parents=True)
    shutil.copy(real_run.settings.build_path, tmp_path / "data" / "build")
    path = project / seed_path("low_carbon_products").relative_to(PROJECT_ROOT)
    rows = [dict(row) for row in seed_rows("low_carbon_products")]
    battery = next(r for r in rows if r["product_code"] == "850760")
    rows.append(
        {
            **battery,
            "product_code": "280470",
            "description": "Phosphorus",
            "technology": "battery materials",
        }
    )
    battery["technology"] = "lithium-ion batteries"
    with open(path, "w", newline="", encoding="utf-8") as handle:
        writer = csv.DictWriter(handle, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    with open(project / "seeds" / "labels" / "names.csv", "a", encoding="utf-8") as handle:
        handle.write(
            "product,280470,Phosphorus,磷\n"
            "technology,battery materials,Battery materials,电池材料\n"
            "technology,lithium-ion batteries,Lithium-ion batteries,锂离子电池\n"
        )
    done = build_on(
        project,
        tmp_path / "data",
        "build",
        "--select",
        "names",
        "low_carbon_products+",
        "--exclude-resource-type",
        "unit_test",
    )
    assert done.returncode == 0, done.stdout[-3000:]
    with duckdb.connect(
        str(tmp_path / "data" / "build" / "warehouse.duckdb"), read_only=True
    ) as connection:

        def ask(sql: str) -> list[tuple]:
            return connection.execute(sql).fetchall()

        assert ask(
            "select product_code, technology from marts.dim_product "
            "where product_code in ('280470', '850760') order by 1"
        ) == [
            ("280470", "battery materials"),
            ("850760", "lithium-ion batteries"),
        ]
        assert ask(
            "select value from report.table_1 "
            "where sector = 'energy_storage' and technology = 'all technologies'"
        ) == [(14,)]
        [(flows, value)] = ask(
            "select count(*), sum(value_usd) from marts.fct_trade_flow "
            "where product_code = '280470'"
        )
        assert flows > 100
        assert value > 0
        assert ask(
            "select relation, weight_rule from marts.bridge_hs6_product "
            "where product_code = '280470' limit 1"
        ) == [("1:1", "not in the concordance: taken under its own number in every revision")]
    assert real_run.ask(
        "select count(*) from marts.fct_trade_flow where product_code = '280470'"
    ) == [(0,)]


def test_a_list_of_ones_own_takes_the_place_of_the_reports(
    real_run: FinishedRun, tmp_path: Path
) -> None:
    own = tmp_path / "own.csv"
    own.write_text(
        "product_code,sector,technology,is_dual_use\n"
        "283691,lithium,compounds,false\n"
        "010121,horses,breeding,true\n"
    )
    (tmp_path / "data" / "build").mkdir(parents=True)
    shutil.copy(real_run.settings.build_path, tmp_path / "data" / "build")
    with warehouse.writing(tmp_path / "data" / "build" / "warehouse.duckdb") as connection:
        assert loading.load_own_products(connection, own) == 2
        assert "models" not in warehouse.completed(connection), "the models no longer stand on it"
    done = build_on(
        PROJECT_ROOT,
        tmp_path / "data",
        "run",
        "--select",
        "stg_lists__low_carbon_products",
        "int_listed_products",
        "dim_product",
    )
    assert done.returncode == 0, done.stdout
    with duckdb.connect(
        str(tmp_path / "data" / "build" / "warehouse.duckdb"), read_only=True
    ) as connection:
        rows = connection.execute(
            "select product_code, sector, evidence, is_dual_use, list_sources "
            "from marts.dim_product where is_low_carbon order by 1"
        ).fetchall()
    assert rows == [
        ("010121", "horses", "own list", True, "own list"),
        ("283691", "lithium", "own list", False, "own list; World Bank transition minerals"),
    ]
