"""Bridge to the package `estimation`: reads the marts it needs and writes the tables it returns."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from estimation.claims import Claim
from estimation.designs.influence import MILLS_PER_USD, ProductTrade, TradeVariable
from estimation.driver import EstimationInputs, estimate_all
from estimation.gravity.sample import BilateralTrade
from estimation.gravity.specifications import BASIS, GRAVITY_SPECIFICATIONS, GravitySpecification
from estimation.gravity.specifications import labels as gravity_labels
from estimation.reasons import Words
from estimation.rendering import RenderingInputs, rendered
from estimation.schema import TABLES, Table, described
from estimation.specifications import SPECIFICATIONS, Specification
from orchestration.build import fingerprints, warehouse
from orchestration.build.warehouse import WarehouseError
from orchestration.durable import sql_text, transaction
from orchestration.memory import ceded_to_arrays
from orchestration.progress import counted
from orchestration.seeds import seed_rows
from orchestration.settings import BASES

# the tables of schema estimates that printed tables are made from
PRINTED = ("coefficients", "diagnostics", "not_estimable", "instrument_diagnostics")


def estimation_words() -> Words:
    """The sentences of reasons, notes and labels, from the seed `reasons`."""
    return Words.from_rows(seed_rows("reasons"))


def read_marts(
    connection: duckdb.DuckDBPyConnection, planted_truth: Path | None = None
) -> EstimationInputs:
    """The marts that the estimation uses, in a fixed row order.

    `planted_truth` is the path of the file written beside synthetic data.
    """

    def frame(sql: str) -> pd.DataFrame:
        return connection.execute(sql).df()

    choices = _run_choices(connection)
    return EstimationInputs(
        panel=frame(
            "select * from marts.panel_country_year_variants "
            "order by basis, hs_treatment, mineral_scope, iso3, year"
        ),
        coverage=frame("select * from marts.audit_product_coverage order by all"),
        instrument_cells=frame(
            """
            select
                shifts.basis,
                shifts.hs_treatment,
                shifts.iso3,
                shifts.product_code,
                shifts.year,
                shares.share,
                shifts.exports_usd,
                shifts.exports_to_others_usd
            from marts.instrument_shifts as shifts
            inner join
                marts.instrument_shares as shares
                using (basis, hs_treatment, iso3, product_code)
            order by all
            """
        ),
        published=frame("select * from report.published_coefficients order by all"),
        indicator_codes=dict(
            connection.execute(
                "select variable, indicator_code from marts.dim_variable "
                "where indicator_code is not null"
            ).fetchall()
        ),
        default_basis=choices["basis"],
        minimum_product_share=choices["minimum_product_share"],
        standardisation_years=_standardisation_years(choices),
        is_synthetic=choices["is_synthetic"],
        words=estimation_words(),
        planted=pd.DataFrame(json.loads(planted_truth.read_text("utf-8"))["coefficients"])
        if choices["is_synthetic"] and planted_truth is not None
        else None,
        bilateral=bilateral_trade(connection),
        claims=tuple(Claim.from_row(row) for row in seed_rows("claims")),
        product_trade=product_trade(connection, _standardisation_years(choices)),
    )


# direction of an economy's trade with China -> whose columns of a flow are China's and its own
SIDES = {"import": ("exporter", "importer"), "export": ("importer", "exporter")}


def product_trade(
    connection: duckdb.DuckDBPyConnection, standardisation_years: tuple[int, int]
) -> ProductTrade:
    """Trade with China by product, read when a claim's specification asks for a variable of it."""

    def flows(s: Specification, variable: TradeVariable) -> pd.DataFrame:
        china, economy = SIDES[variable.direction]
        return connection.execute(
            f"""
            select
                flows.{economy}_iso3 as iso3,
                flows.year,
                flows.product_code,
                products.sector,
                cast(
                    {MILLS_PER_USD} * cast(flows.value_usd as decimal(38, 3)) as bigint
                ) as value_mills
            from marts.fct_trade_flow_variants as flows
            inner join marts.bridge_product_list as members using (product_code)
            inner join marts.dim_product as products using (product_code)
            where
                flows.basis = ?
                and flows.hs_treatment = ?
                and flows.{china}_iso3 = 'CHN'
                and members.product_list = ?
                and members.mineral_scope = ?
            order by all
            """,
            [s.basis, s.hs_treatment, variable.product_list, s.mineral_scope],
        ).df()

    return ProductTrade(
        flows,
        {
            row["variable"]: TradeVariable(
                row["product_list"], row["direction"], row["transformation"]
            )
            for row in seed_rows("variables")
            if row["product_list"]
        },
        standardisation_years,
    )


def bilateral_trade(connection: duckdb.DuckDBPyConnection) -> BilateralTrade:
    """Trade between all pairs of economies; the flows are read when a specification asks.

    No mart holds them: the bilateral fact does, and one sum over it by pair takes a second. Its
    zeros would be thirty times as many rows as its flows. Values are summed as decimals: the
    order in which doubles are summed, and with it their last digit, is another in every run.
    """

    def flows(s: GravitySpecification) -> pd.DataFrame:
        [(product_list, _)] = s.product_lists
        # several columns are estimated at once: each reads with a cursor of its own
        return (
            connection.cursor()
            .execute(
                """
            select
                year,
                exporter_iso3,
                importer_iso3,
                cast(sum(cast(value_usd as decimal(38, 3))) as double) as value_usd
            from marts.fct_trade_flow_variants
            where
                basis = $basis
                and hs_treatment = $hs_treatment
                and product_code in (
                    select product_code
                    from marts.bridge_product_list
                    inner join marts.dim_product using (product_code)
                    where
                        product_list = $product_list
                        and mineral_scope = $mineral_scope
                        and ($sector is null or sector = $sector)
                )
            group by year, exporter_iso3, importer_iso3
            having sum(value_usd) > 0
            order by exporter_iso3, importer_iso3, year
            """,
                {
                    "basis": s.basis,
                    "hs_treatment": s.hs_treatment,
                    "product_list": product_list,
                    "mineral_scope": s.mineral_scope,
                    "sector": s.sector,
                },
            )
            .df()
        )

    return BilateralTrade(
        flows,
        recorded=connection.execute(
            """
            select exporter_iso3 as iso3, year from marts.fct_trade_flow_variants where basis = $1
            union
            select importer_iso3, year from marts.fct_trade_flow_variants where basis = $1
            order by all
            """,
            [BASIS],
        ).df(),
        pairs=connection.execute("select * from marts.dim_economy_pair order by all").df(),
        groups=dict(
            connection.execute("select iso3, country_group from marts.dim_economy").fetchall()
        ),
    )


def write_estimates(
    connection: duckdb.DuckDBPyConnection,
    say: Callable[[str], None] = lambda _: None,
    planted_truth: Path | None = None,
    may_skip: bool = False,
) -> bool:
    """Estimate all specifications on all bases and replace schema estimates, in one transaction.

    Where `may_skip`, estimates that are complete and made from the same stay. Returns whether they
    were estimated. Raises WarehouseError if the models are not complete.
    """
    if "models" not in warehouse.completed(connection):
        raise WarehouseError(
            "No estimates: the models are not complete for the data loaded. "
            "Build them first (make run, or materialise the marts in Dagster)."
        )
    made_from = fingerprints.of_estimates(connection, planted_truth)
    if may_skip and made_from and made_from == warehouse.fingerprint_of(connection, "estimates"):
        return False
    inputs = read_marts(connection, planted_truth)
    with ceded_to_arrays(connection):
        tables = estimate_all(inputs, SPECIFICATIONS, BASES, say, GRAVITY_SPECIFICATIONS, counted)
    with transaction(connection):
        warehouse.invalidate(connection, "estimates")
        connection.execute("create schema if not exists estimates")
        for name, table in TABLES.items():
            _replace(connection, name, table, tables[name], inputs.words)
        warehouse.complete(connection, "estimates", fingerprint=made_from)
    return True


def _replace(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    table: Table,
    rows: pd.DataFrame,
    words: Words,
) -> None:
    """Replace one table of schema estimates, with its descriptions as comments."""
    definition = ", ".join(f'"{c}" {column.data_type}' for c, column in table.columns.items())
    connection.execute(f"create or replace table estimates.{name} ({definition})")
    connection.register("estimated", rows.astype(object).where(rows.notna(), None))
    connection.execute(f"insert into estimates.{name} select * from estimated")
    connection.unregister("estimated")
    connection.execute(f"comment on table estimates.{name} is {sql_text(table.description)}")
    for c, column in table.columns.items():
        description = sql_text(described(column, words))
        connection.execute(f'comment on column estimates.{name}."{c}" is {description}')


def write_printed_tables(connection: duckdb.DuckDBPyConnection, folder: Path) -> int:
    """Write the regression tables in journal layout, for the run's default basis.

    Gravity's are those of the one basis that has trade between all economies. Returns the number of
    files.
    """
    choices = _run_choices(connection)
    words = estimation_words()
    labels = {
        variable: (english, chinese)
        for variable, english, chinese in connection.execute(
            "select variable, label_en, label_zh from marts.dim_variable"
        ).fetchall()
    }
    files: dict[str, str] = {}
    for basis, specifications in (
        (choices["basis"], SPECIFICATIONS),
        (BASIS, GRAVITY_SPECIFICATIONS),
    ):
        frames = {
            name: connection.execute(
                f"select * from estimates.{name} where basis = ?", [basis]
            ).df()
            for name in PRINTED
        }
        files |= rendered(
            RenderingInputs(
                **frames,
                labels=labels | gravity_labels(words),
                words=words,
                basis=basis,
                standardisation_years=_standardisation_years(choices),
                is_synthetic=choices["is_synthetic"],
            ),
            specifications,
        )
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return len(files)


def _run_choices(connection: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    cursor = connection.execute("select * from marts.run_choices")
    return dict(zip((d[0] for d in cursor.description), cursor.fetchall()[0], strict=True))


def _standardisation_years(choices: dict[str, Any]) -> tuple[int, int]:
    return choices["standardisation_first_year"], choices["standardisation_last_year"]
