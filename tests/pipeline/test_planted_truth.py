"""What was planted in the synthetic world, and what the finished run gives back of it."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import duckdb
import numpy as np
import pytest

from orchestration.build.dbt_project import dbt_command
from orchestration.settings import PLANTED_TRUTH, PROJECT_ROOT
from orchestration.sources.synthetic import world
from orchestration.sources.synthetic.months import CALM_PRODUCTS
from tests.support.runs import FinishedRun, environment_of


@pytest.fixture(scope="module")
def planted(demo_run: FinishedRun) -> dict:
    return json.loads((demo_run.settings.landing_dir / PLANTED_TRUTH).read_text("utf-8"))


def test_the_world_meets_the_printed_aggregates(demo_run: FinishedRun) -> None:
    """Figures 1 to 4 and table 2 are met within 3 % or one percentage point.

    The exceptions are values on which the report contradicts itself (their notes say so).
    """
    contradictory = {("figure_2", "high income", 2022)}
    swapped_in_print = {("table_2", "upper middle income", 2007), ("table_2", "low income", 2007)}
    rows = demo_run.ask(
        'select exhibit, "group", year, published, own from report.published_comparison '
        "where exhibit similar to 'figure_[1-4]|table_2'"
    )
    assert len(rows) == 64
    far = {row[:3] for row in rows if abs(row[4] - row[3]) > max(0.03 * abs(row[3]), 1.0)}
    assert far - swapped_in_print <= contradictory, far
    assert swapped_in_print <= far


def test_the_world_meets_the_printed_moments(demo_run: FinishedRun) -> None:
    """Means and standard deviations of table 3 are met within 10 %, and N exactly.

    The two rolling deviations are left out, because they follow from their series.
    """
    rows = demo_run.ask(
        'select series, "group", published, own from report.published_comparison '
        "where exhibit = 'table_3' and series in ('mean', 'sd', 'n') "
        "and \"group\" not like '%rolling%'"
    )
    assert len(rows) == 3 * 25
    for series, variable, published, own in rows:
        # a mean near zero is near it in standard deviations
        assert (
            abs(own - published)
            <= {"n": 0, "mean": max(0.1 * abs(published), 0.02), "sd": 0.1 * published}[series]
        ), (series, variable, published, own)


def test_every_column_has_the_printed_number_of_observations(demo_run: FinishedRun) -> None:
    rows = demo_run.ask(
        'select exhibit, "column", published_n_observations, own_n_observations '
        "from estimates.scorecard group by all"
    )
    assert len(rows) == 30
    assert [r for r in rows if r[2] != r[3]] == []


def test_the_warehouse_holds_the_panel_that_was_invented(demo_run: FinishedRun) -> None:
    """The panel holds the invented numbers and gaps after landing, loading and modelling."""
    invented = (
        world.panel_of(world.invent(world.random_numbers(demo_run.settings.demo_seed)))
        .set_index(["iso3", "year"])
        .sort_index()
    )
    columns = ", ".join(c for c in invented.columns)
    with duckdb.connect(
        str(demo_run.settings.published_dir / "warehouse.duckdb"), read_only=True
    ) as connection:
        held = (
            connection.execute(f"select iso3, year, {columns} from marts.panel_country_year")
            .df()
            .set_index(["iso3", "year"])
            .reindex(invented.index)
        )
    assert len(invented) == 57 * 31
    for column in invented.columns:
        assert (held[column].notna() == invented[column].notna()).all(), column
        # the smallest flows are a few dollars, written to a tenth of a cent
        np.testing.assert_allclose(
            held[column].dropna(),
            invented[column].dropna(),
            rtol=1e-6,
            atol=2e-4 if column.startswith("ln_") and "co2" not in column else 1e-7,
            err_msg=column,
        )


def test_the_run_recovers_what_was_planted(demo_run: FinishedRun, planted: dict) -> None:
    """The 95 % intervals of the published estimates cover the truth as often as they should.

    The bounds allow for the correlation between the terms of a column.
    """
    rows = demo_run.ask(
        'select exhibit, "column", term, planted_estimate, is_covered '
        "from estimates.planted_recovery where inference = 'iid'"
    )
    assert {row[:4] for row in rows} == {
        (c["exhibit"], c["column"], c["term"], c["truth"]) for c in planted["coefficients"]
    }
    assert len(rows) == 470
    known = [is_covered for *_, is_covered in rows]
    assert f"{sum(known)} of 470 planted coefficients" in " ".join(demo_run.output.split())
    assert 0.90 <= sum(known) / len(known) <= 0.99


@pytest.mark.parametrize("flow", ["export", "import"])
def test_planted_price_shocks_are_warned_of_in_their_quarter(
    demo_run: FinishedRun, planted: dict, flow: str
) -> None:
    assert len(planted["price_shocks"]) == 2
    for shock in planted["price_shocks"]:
        [(strength,)] = demo_run.ask(
            "select max(strength) from marts.price_alert "
            "where flow = ? and aggregate_kind = 'product' and aggregate = ? and direction = ? "
            "and since between cast(? as date) and cast(? as date) + interval 2 month",
            [flow, shock["product_code"], shock["direction"], *[shock["first_month"]] * 2],
        )
        assert strength is not None, shock
        assert strength > 3, shock


def test_calm_products_give_no_more_alarms_than_stated(demo_run: FinishedRun) -> None:
    """Products without a shock are placebos: their alarms against what their rows state."""
    calm = ", ".join(f"'{product}'" for product in CALM_PRODUCTS)
    rows = demo_run.ask(
        "select count(since), max(months_judged) / 12, max(false_alarms_a_year) "
        f"from marts.price_alert where aggregate_kind = 'product' and aggregate in ({calm}) "
        "and months_judged > 0 group by flow, aggregate"
    )
    assert len(rows) == 2 * (len(CALM_PRODUCTS) - 1)  # one of them is divided by HS 2022
    stated = sum(years * a_year for _, years, a_year in rows)
    alarms = sum(alarms for alarms, *_ in rows)
    assert alarms <= stated + 2 * np.sqrt(stated)


def test_months_sum_to_their_year(demo_run: FinishedRun) -> None:
    rows = demo_run.ask(
        "select year, is_january_in_february, max(abs(relative_difference)), min(months) "
        "from marts.audit_monthly_sums where annual_usd > 1e6 group by all order by all"
    )
    assert [row[:2] for row in rows] == [(year, year == 2020) for year in range(2015, 2023)]
    assert max(row[2] for row in rows) < 1e-9


# flaw -> the file with the rule meant for it, the rule, and what stands there without it
RULES = {
    "duplicate": (
        "macros/comtrade_flows_deduplicated.sql",
        'set has_total = "max(" ~ of_total ~ "1 else 0 end) = 1"',
        'set has_total = "1 = 0"',
    ),
    "aggregate": (
        "fct_world_trade_variants.sql",
        "where reporter_kind = 'economy'",
        "",
    ),
    "gap": (
        "lagged_and_standardised.sql",
        "year + 1 as year",
        "lead(year) over (partition by {{ keys }} order by year) as year",
    ),
    "revision_break": (
        "int_hs_codes_mapped.sql",
        "where weight > 0",
        "where weight > 0 and hs6_code = product_code",
    ),
}


def _right_answers(ask: Callable[[str], list[tuple]], flaws: dict) -> dict[str, bool]:
    """For each planted flaw, whether the warehouse gives the right answer in spite of it."""
    duplicate, aggregate, gap, divided = (flaws[name] for name in RULES)
    [(imports,)] = ask(
        "select sum(value_usd) from marts.fct_world_trade "
        f"where economy_iso3 = '{duplicate['reporter']}' and year = {duplicate['year']} "
        "and flow = 'import'"
    )
    [(of_world,)] = ask(
        "select sum(value_usd) from marts.fct_world_trade "
        f"where year = {aggregate['year']} and flow = 'import'"
    )
    [(lag, growth_then)] = ask(
        f"select max({gap['variable']}_lag1) filter (year = {gap['year'] + 1}), "
        f"max({gap['variable']}) filter (year = {gap['year']}) "
        f"from marts.panel_country_year where iso3 = '{gap['iso3']}'"
    )
    [(exports,)] = ask(
        "select sum(value_usd) from marts.fct_trade_flow_variants "
        "where basis = 'china_reported' and hs_treatment = 'harmonised' "
        "and exporter_iso3 = 'CHN' and importer_iso3 <> 'CHN' "
        f"and product_code = '{divided['product_code']}' and year = {divided['year']}"
    )
    return {
        "duplicate": imports == pytest.approx(duplicate["imports_usd"], rel=1e-9),
        "aggregate": of_world == pytest.approx(aggregate["world_imports_usd"], rel=1e-9),
        "gap": lag is None and growth_then is None,
        "revision_break": exports is not None
        and exports == pytest.approx(divided["china_exports_usd"], rel=1e-6),
    }


def test_every_planted_flaw_is_seen_through(demo_run: FinishedRun, planted: dict) -> None:
    assert set(planted["flaws"]) == set(RULES)
    assert (
        planted["flaws"]["duplicate"]["imports_with_parts_usd"]
        > 1.9 * planted["flaws"]["duplicate"]["imports_usd"]
    )
    assert (
        planted["flaws"]["aggregate"]["with_the_group_usd"]
        > 1.03 * planted["flaws"]["aggregate"]["world_imports_usd"]
    )
    divided = planted["flaws"]["revision_break"]
    assert divided["china_exports_usd"] > divided["china_exports_as_reported_usd"] == 0
    assert _right_answers(demo_run.ask, planted["flaws"]) == dict.fromkeys(RULES, True)


@pytest.mark.long(5)
def test_without_its_rule_no_planted_flaw_is_seen_through(
    demo_run: FinishedRun, planted: dict, tmp_path: Path
) -> None:
    """The models without these rules, on the same raw data, give a wrong answer for every flaw.

    Each test above therefore depends on its rule.
    """
    project, data = tmp_path / "project", tmp_path / "data"
    for part in ("dbt_project", "seeds", "tests/data"):
        shutil.copytree(PROJECT_ROOT / part, project / part)
    for part in ("dbt_project.yml", "profiles.yml"):
        shutil.copy(PROJECT_ROOT / part, project / part)
    for file, rule, without in RULES.values():
        [path] = (project / "dbt_project").rglob(file)
        text = path.read_text("utf-8")
        assert rule in text, f"{file}: the rule is no longer there as this test knows it"
        path.write_text(text.replace(rule, without), "utf-8")
    (data / "build").mkdir(parents=True)
    shutil.copy(demo_run.settings.build_path, data / "build")
    environment = environment_of(data, "demo") | {
        "DBT_TARGET_PATH": str(tmp_path / "target"),
        "DBT_LOG_PATH": str(tmp_path / "target"),
        "DO_NOT_TRACK": "1",
    }
    selection = [
        "int_comtrade_flows_deduplicated+",
        "int_hs_codes_mapped+",
        "int_covariates_lagged+",
    ]
    command = [
        *dbt_command(),
        "run",
        "--project-dir",
        str(project),
        "--profiles-dir",
        str(project),
        "--exclude",
        "path:dbt_project/models/report",
        "--select",
        *selection,
    ]
    done = subprocess.run(
        command, cwd=project, env=environment, capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stdout
    with duckdb.connect(str(data / "build" / "warehouse.duckdb"), read_only=True) as connection:
        assert _right_answers(
            lambda sql: connection.execute(sql).fetchall(), planted["flaws"]
        ) == dict.fromkeys(RULES, False)
