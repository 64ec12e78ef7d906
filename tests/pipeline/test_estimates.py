"""The estimates of finished runs: against independent implementations, and complete."""

from __future__ import annotations

import csv
from dataclasses import replace

import duckdb
import numpy as np
import pandas as pd
import pytest

from estimation.designs.influence import trade_without_units
from estimation.gravity.specifications import GRAVITY_SPECIFICATIONS, OF_THE_PAIR
from estimation.inference import KINDS
from estimation.specifications import (
    CONTROLS,
    DETERMINANTS,
    GENDER,
    REPORT_SPECIFICATIONS,
    SPECIFICATIONS,
    TEXT_SPECIFICATIONS,
    parts,
)
from orchestration.build.estimates import bilateral_trade, product_trade
from orchestration.seeds import seed_rows
from tests.support.estimation import SAMPLE_KINDS, TOLERANCE, by_linearmodels, dense
from tests.support.runs import FinishedRun

STANDARDISATION_YEARS = (1992, 2022)


@pytest.mark.parametrize("column", [1, 2])
@pytest.mark.parametrize("inference", SAMPLE_KINDS)
def test_table_5_on_real_data_agrees_with_independent_implementations(
    real_run: FinishedRun, column: int, inference: str
) -> None:
    """Minerals, reconciled basis, 2003-2022: built here from the published panel alone."""
    outcome = {1: "ln_mineral_imports_from_china", 2: "ln_mineral_exports_to_china"}[column]
    terms = list(DETERMINANTS)
    published = real_run.ask(
        """
        select term, estimate, std_error, t_statistic, n_observations, n_economies
        from estimates.coefficients
        where
            exhibit = 'table_5' and "column" = ? and basis = 'reconciled'
            and inference = ? and variant = 'report'
        """,
        [column, inference],
    )
    own = (
        pd.DataFrame(
            published, columns=["term", "estimate", "std_error", "t_statistic", "n", "economies"]
        )
        .set_index("term")
        .loc[terms]
    )
    rows = real_run.ask(
        f"select iso3, year, {outcome}, {', '.join(f'{t}_lag1_z' for t in terms)} "
        "from marts.panel_country_year_variants "
        "where basis = 'reconciled' and hs_treatment = 'harmonised' and mineral_scope = 'ores' "
        "and year between 2003 and 2022 order by iso3, year"
    )
    sample = pd.DataFrame(rows, columns=["iso3", "year", outcome, *terms]).dropna()
    while (
        alone := (sample.groupby("iso3")["year"].transform("size") == 1)
        | (sample.groupby("year")["iso3"].transform("size") == 1)
    ).any():
        sample = sample[~alone]
    assert set(own["n"]) == {len(sample)} == {{1: 485, 2: 308}[column]}
    assert set(own["economies"]) == {sample["iso3"].nunique()}
    for expected in (
        by_linearmodels(sample, outcome, terms, inference),
        *(
            [dense(sample, outcome, terms, inference)]
            if inference in ("iid", "hetero", "cluster_iso3")
            else []
        ),
    ):
        np.testing.assert_allclose(own["estimate"], expected["estimate"], rtol=0, atol=TOLERANCE)
        np.testing.assert_allclose(
            own["t_statistic"], expected["estimate"] / expected["std_error"], rtol=0, atol=TOLERANCE
        )


def test_specifications_cover_the_published_tables(real_run: FinishedRun) -> None:
    """Every printed coefficient has a specification with its outcome and term."""
    known = {(s.exhibit, s.column): s for s in REPORT_SPECIFICATIONS}
    published = real_run.ask(
        "select exhibit, column_number, outcome, term from report.published_coefficients"
    )
    assert len(published) == 166
    for exhibit, column, outcome, term in published:
        specification = known[exhibit, column]
        assert specification.outcome == outcome, (exhibit, column, term)
        assert term in specification.terms, (exhibit, column, term)
    assert len(known) == len(REPORT_SPECIFICATIONS) == 30
    assert (len(DETERMINANTS), len(CONTROLS), len(GENDER)) == (16, 12, 6)
    assert set(CONTROLS) < set(DETERMINANTS)
    assert parts("lct_imports_x_fdi_inflows") == ("lct_imports_from_china_kusd", "fdi_inflows")
    assert [(s.exhibit, s.column, s.outcome) for s in TEXT_SPECIFICATIONS] == [
        ("table_6", 7, "n2o_kt_co2e"),
        ("table_6", 8, "methane_kt_co2e"),
        ("table_6", 9, "pm25_mean_exposure"),
    ]


def test_every_specification_has_estimates_or_a_reason_on_every_basis(
    real_run: FinishedRun, demo_run: FinishedRun
) -> None:
    every = {
        (s.exhibit, s.column, s.variant, b)
        for s in SPECIFICATIONS
        for b in ("china_reported", "partner_reported", "reconciled")
    } | {(s.exhibit, s.column, s.variant, "reconciled") for s in GRAVITY_SPECIFICATIONS}
    for run in (real_run, demo_run):
        estimated = set(
            run.ask('select distinct exhibit, "column", variant, basis from estimates.coefficients')
        )
        missing = set(
            run.ask(
                'select distinct exhibit, "column", variant, basis from estimates.not_estimable '
                "where term is null"
            )
        )
        assert estimated | missing == every
        assert not estimated & missing
        gaps = run.ask(
            """
            select c.exhibit, c."column", c.variant, c.basis
            from estimates.diagnostics as c
            where
                inference_not_computed not like '%wild_bootstrap%'
                and variant = 'report'
                and exhibit like 'table_%'
                and not exists (
                    select 1
                    from estimates.coefficients as x
                    where
                        x.exhibit = c.exhibit
                        and x."column" = c."column"
                        and x.basis = c.basis
                        and x.variant = 'report'
                        and x.inference = 'wild_bootstrap'
                )
            """
        )
        assert gaps == [], "a kind of inference is there or its reason is"
    reasons = dict(
        real_run.ask(
            "select exhibit || '.' || \"column\", reason from estimates.not_estimable "
            "where basis = 'reconciled' and variant = 'report'"
        )
    )
    assert reasons["table_12.1"] == "no data for female_employers (SL.EMP.MPYR.FE.ZS)"
    assert demo_run.ask(
        "select distinct inference from estimates.coefficients where variant = 'report' order by 1"
    ) == [(kind,) for kind in sorted(KINDS)]


def test_ppml_counts_more_economy_years_than_logarithms(real_run: FinishedRun) -> None:
    rows = real_run.ask(
        'select "column", variant, n_complete_cases from estimates.diagnostics '
        "where exhibit = 'table_5' and basis = 'reconciled' and variant in ('report', 'ppml') "
        "order by all"
    )
    n = {(column, variant): count for column, variant, count in rows}
    assert n[1, "ppml"] > n[1, "report"], rows
    assert n[2, "ppml"] > n[2, "report"], rows
    assert real_run.ask(
        "select count(*) from marts.panel_country_year_variants "
        "where mineral_exports_to_china_or_zero_kusd = 0 "
        "and mineral_exports_to_china_kusd is not null and mineral_exports_to_china_kusd > 0"
    ) == [(0,)]


def test_printed_stars_of_the_report_need_more_degrees_than_clusters_have(
    real_run: FinishedRun,
) -> None:
    assert real_run.ask(
        "select max(stars_least_degrees), count(*) from estimates.published_inference_evidence "
        "where exhibit = 'table_10' and \"column\" = 4"
    ) == [(96, 5)]
    conclusions = dict(
        real_run.ask("select inference, conclusion from estimates.published_inference_summary")
    )
    assert set(conclusions) == set(SAMPLE_KINDS)
    assert all("not conclusive" in c for c in conclusions.values())
    assert "need 96 degrees of freedom or more" in conclusions["cluster_iso3"]


def test_tables_are_published_with_the_numbers_of_the_coefficients(
    real_run: FinishedRun, demo_run: FinishedRun
) -> None:
    folder = real_run.settings.published_dir / "tables"
    assert {p.name for p in folder.glob("*.en.tex")} == {
        *(f"table_{n}.en.tex" for n in range(4, 13)),
        *(f"gravity_{n}.en.tex" for n in range(1, 5)),
    }
    assert (folder / "ppml" / "table_5.zh.html").exists()
    assert not (folder / "ppml" / "table_4.en.csv").exists(), "nothing can be estimated there"
    rows = list(
        csv.reader((folder / "table_5.en.csv").read_text(encoding="utf-8-sig").splitlines())
    )
    printed = {row[0]: row[1:] for row in rows if len(row) == 3}
    assert printed["N"] == ["485", "308"]
    assert printed["Economies"] == ["45", "29"]
    for column in (1, 2):
        [(value, p)] = real_run.ask(
            "select estimate, p_value from estimates.coefficients "
            "where exhibit = 'table_5' and variant = 'report' and basis = 'reconciled' "
            "and inference = 'cluster_iso3' and term = 'domestic_credit' and \"column\" = ?",
            [column],
        )
        assert printed["Domestic credit % GDP"][column - 1] == f"{value:.3f}" + "*" * sum(
            p < level for level in (0.1, 0.05, 0.01)
        )
    assert "not estimable: only" in (folder / "table_4.en.csv").read_text(encoding="utf-8-sig")
    synthetic = demo_run.settings.published_dir / "tables"
    assert all(
        "SYNTHETIC DEMO DATA" in p.read_text(encoding="utf-8") for p in synthetic.rglob("*.en.*")
    )
    assert len(list(synthetic.rglob("*"))) > 400


def test_shares_and_shifts_of_the_instrument_are_those_of_the_facts(demo_run: FinishedRun) -> None:
    """Of one economy, from the published flows alone."""
    choice = "basis = 'reconciled' and hs_treatment = 'harmonised'"
    flows = pd.DataFrame(
        demo_run.ask(
            "select importer_iso3, year, product_code, value_usd "
            "from marts.fct_trade_flow_variants join marts.dim_product using (product_code) "
            f"where {choice} and exporter_iso3 = 'CHN' and is_low_carbon and value_usd > 0"
        ),
        columns=["iso3", "year", "product", "usd"],
    )
    of_india = flows[flows["iso3"] == "IND"]
    base = sorted(of_india["year"].unique())[:3]
    bought = of_india[of_india["year"].isin(base)].groupby("product")["usd"].sum()
    shares = dict(
        demo_run.ask(
            "select product_code, share from marts.instrument_shares "
            f"where {choice} and iso3 = 'IND'"
        )
    )
    assert shares == pytest.approx((bought / bought.sum()).to_dict())
    others = flows[(flows["iso3"] != "IND") & (flows["year"] == 2015)]
    expected = others[others["product"].isin(shares)].groupby("product")["usd"].sum()
    found = dict(
        demo_run.ask(
            "select product_code, exports_to_others_usd from marts.instrument_shifts "
            f"where {choice} and iso3 = 'IND' and year = 2015"
        )
    )
    assert found == pytest.approx(expected.to_dict())
    [(first,)] = demo_run.ask(
        f"select min(year) from marts.instrument_shifts where {choice} and iso3 = 'IND'"
    )
    assert first == base[-1] + 1


def test_instrumented_columns_say_how_far_to_believe_them(
    real_run: FinishedRun, demo_run: FinishedRun
) -> None:
    """In the demo nothing of the instrument moves imports: it is weak, and says so."""
    rows = demo_run.ask(
        "select exhibit, effective_f < critical_f, warning_codes, not_computed_codes, "
        "anderson_rubin_set, akm0_set from estimates.instrument_diagnostics"
    )
    assert len(rows) == 3 * (9 + 2 * 16)
    for exhibit, is_weak, warnings, not_computed, *sets in rows:
        assert is_weak or exhibit != "instrument_1"
        assert "weak" in warnings
        assert not_computed == ("" if exhibit == "instrument_1" else "several_instrumented")
        assert all(sets) == (exhibit == "instrument_1")
    assert demo_run.ask(
        "select count(*) from ("
        'select 1 from estimates.rotemberg_weights group by basis, "column" '
        "having abs(sum(weight) - 1) > 1e-9)"
    ) == [(0,)]
    [(tests, without)] = demo_run.ask(
        "select count(*), count(*) filter (p_value is null) from estimates.instrument_balance"
    )
    assert (tests, without) == (3 * (9 * 13 + 16 * 14), 0)
    folder = demo_run.settings.published_dir / "tables" / "instrumented"
    page = (folder / "instrument_1.en.html").read_text(encoding="utf-8")
    assert "Table I.1. " in page
    assert "imports from China instrumented" in page
    assert real_run.ask("select count(*) from estimates.instrument_diagnostics") == [(0,)]
    assert real_run.ask(
        "select distinct reason_code from estimates.not_estimable where variant = 'instrumented'"
    ) == [("little_of_list_landed",)]


def test_gravity_of_all_pairs_on_the_real_minerals(real_run: FinishedRun) -> None:
    """Every pair of economies in 2003-2022 or later, zeros included; distances lie beside."""
    rows = real_run.ask(
        """
        select "column", term, estimate, std_error, n_observations
        from estimates.coefficients
        where exhibit = 'gravity_2' and variant = 'report' and inference = 'cluster_pair'
        """
    )
    found = pd.DataFrame(rows, columns=["column", "term", "estimate", "std_error", "n"])
    counts = dict(
        real_run.ask(
            'select "column", n_complete_cases - n_observations - n_separated '
            "from estimates.diagnostics where exhibit = 'gravity_2' and variant = 'report'"
        )
    )
    assert counts == {1: 0, 2: 0, 3: 0}, "each row is in the fit or counted as separated"
    [distance] = found.query("column == 1 and term == 'ln_distance'").itertuples()
    assert -2 < distance.estimate < -0.8, "as in the literature, for heavy goods"
    assert distance.n > 300_000
    assert set(found.query("column == 3")["term"]).isdisjoint(OF_THE_PAIR)
    dropped = real_run.ask(
        "select distinct term from estimates.not_estimable "
        "where exhibit = 'gravity_2' and term is not null"
    )
    assert all(term.endswith("1995_2001") for (term,) in dropped), "of years that have not landed"


@pytest.mark.parametrize("variant", ["report", "all_stages", "without_dual_use"])
def test_gravity_sums_the_products_that_the_panel_sums(demo_run: FinishedRun, variant: str) -> None:
    """China's exports of a list in a year, from the bilateral fact and from the panel."""
    published = demo_run.settings.published_dir / "warehouse.duckdb"
    columns = [
        s
        for s in GRAVITY_SPECIFICATIONS
        if s.column == 1 and s.variant == variant and s.sector is None
    ]
    assert columns
    for s in columns:
        [(product_list, _)] = s.product_lists
        with duckdb.connect(str(published), read_only=True) as connection:
            flows = bilateral_trade(connection).flows(s)
        own = flows.query("exporter_iso3 == 'CHN' and year == 2015")["value_usd"].sum() / 1000
        [(panel,)] = demo_run.ask(
            f"select sum({product_list}_imports_from_china_kusd) "
            "from marts.panel_country_year_variants where basis = 'reconciled' "
            "and hs_treatment = 'harmonised' and mineral_scope = ? and year = 2015",
            [s.mineral_scope],
        )
        assert own == pytest.approx(panel, rel=1e-9), s.exhibit


def test_trade_without_none_of_its_products_is_that_of_the_panel(
    real_run: FinishedRun, demo_run: FinishedRun
) -> None:
    """What influence sums by product: the panel's values exactly, its logarithms and z-scores."""
    untraded = ("XXX", 1900, "none", None, 0)
    for run, basis in ((real_run, "reconciled"), (demo_run, "china_reported")):
        published = run.settings.published_dir / "warehouse.duckdb"
        with duckdb.connect(str(published), read_only=True) as connection:
            trade = product_trade(connection, STANDARDISATION_YEARS)
            panel = connection.execute(
                "select iso3, year, columns('lct_|mineral_[ie]') "
                "from marts.panel_country_year_variants "
                "where basis = ? and hs_treatment = 'harmonised' and mineral_scope = 'ores'",
                [basis],
            ).df()
            for name, variable in trade.variables.items():
                if variable.transformation == "trade_or_zero":
                    continue
                flows = trade.flows(replace(SPECIFICATIONS[0], basis=basis), variable)
                flows.loc[len(flows)] = untraded
                for column, window in ((name, None), (f"{name}_lag1_z", STANDARDISATION_YEARS)):
                    if column in panel:
                        without = trade_without_units(panel, flows, variable.transformation, window)
                        np.testing.assert_allclose(
                            without.values[:, without.units.index(("product", "none"))],
                            panel[column].to_numpy(dtype=float, na_value=np.nan),
                            rtol=0,
                            atol=0 if column.endswith("_kusd") else 1e-12,
                        )


def test_every_claim_has_its_curve_and_a_verdict(
    real_run: FinishedRun, demo_run: FinishedRun
) -> None:
    """On the real minerals no claim can be told: they are about low-carbon technology."""
    every = {row["claim_code"] for row in seed_rows("claims")}
    for run in (real_run, demo_run):
        assert {code for (code,) in run.ask("select claim_code from estimates.claims")} == every
        assert run.ask(
            "select count(*) from estimates.specification_curve "
            "where (estimate is null) = (reason is null)"
        ) == [(0,)]
    assert real_run.ask("select distinct verdict_code, rule_code from estimates.claims") == [
        ("cannot_be_told", "no_curve")
    ]
    assert demo_run.ask(
        """
        select count(*)
        from estimates.claims as claims
        inner join estimates.coefficients as coefficients
            on claims.exhibit = coefficients.exhibit
            and claims."column" = coefficients."column"
            and claims.term = coefficients.term
            and claims.basis = coefficients.basis
        where
            coefficients.variant = 'report'
            and coefficients.inference = 'cluster_iso3'
            and claims.n_observations = coefficients.n_observations
            and abs(claims.estimate / coefficients.estimate - 1) < 1e-6
            and abs(claims.std_error / coefficients.std_error - 1) < 1e-6
        """
    ) == [(len(every),)]
    [(draws, members, estimates)] = demo_run.ask(
        "select min(n_draws), min(n_specifications), min(n_estimates) from estimates.claims"
    )
    assert draws > 490, "of 500"
    assert members == 86
    assert estimates >= 10
