"""The truth that a run on the synthetic world must recover, how it is computed, and a check of it.

`make truth` pools many worlds into one very large world. Over it, it computes the emission
equations whose projections come nearest to the printed tables 6 to 10, the noise that gives the
printed standard errors, and the coefficients of each specification: a specification that omits a
planted term recovers its projection, not the planted coefficient. Both files are kept with the
generator. `recover` tests whether the estimator finds this truth.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from estimation.estimate import Estimates, estimate
from estimation.estimators.fixed_effects import FixedEffects
from estimation.reasons import NotEstimable, Words
from estimation.sample import Coverage, estimation_sample
from estimation.specifications import (
    EMISSIONS,
    MECHANISMS,
    REPORT_SPECIFICATIONS,
    TABLE_6_OUTCOMES,
    Specification,
)
from orchestration.seeds import seed_path, seed_rows
from orchestration.sources.synthetic import equations
from orchestration.sources.synthetic.calibration import TRADE_YEARS
from orchestration.sources.synthetic.flows import Flows
from orchestration.sources.synthetic.reports import (
    EUROPEAN_UNION_YEARS,
    GROUP_CODE,
    UNPINNED_REPORTER,
    UNPINNED_YEAR,
    WORLD_CODE,
)
from orchestration.sources.synthetic.world import World, invent, panel_of, random_numbers

TRUTH = Path(__file__).with_name("truth.csv")
# the noise of table 4's first column sets the scale; all other noise follows from the printed
# standard errors
NOISE_OF_IMPORTS = 0.27
COMPLETE_COVERAGE = {
    name: Coverage(frozenset(int(y) for y in TRADE_YEARS), frozenset(), 1, 1, 0.0)
    for name in ("lct", "mineral")
}
LCT = "lct_imports_from_china"
HIDDEN_PRODUCT = "854140"  # photovoltaic cells, without a code of their own from 2022 on
PRINTED_CONTROLS = ("gdp_growth", "ln_gdp_per_capita", "inflation", "trade_openness")
EMISSION_TERMS = (
    LCT,
    *PRINTED_CONTROLS,
    *MECHANISMS.values(),
    *(f"lct_imports_x_{m}" for m in MECHANISMS.values()),
)


def truth() -> pd.DataFrame:
    """The truth to recover: exhibit, column, term, truth."""
    return pd.read_csv(TRUTH)


def recover(
    worlds: Iterable[World],
    specifications: Iterable[Specification] = REPORT_SPECIFICATIONS,
    **options,
) -> pd.DataFrame:
    """Estimate `specifications` with the project's own estimator in every world.

    Returns each estimate beside the truth: exhibit, column, term, inference, world, estimate,
    std_error, covered (the truth lies within the 95 % interval), truth.
    """
    expected = truth()
    found = []
    for number, world in enumerate(worlds):
        panel = panel_of(world)
        for s in specifications:
            result = estimate(panel, s, COMPLETE_COVERAGE, **options)
            if not isinstance(result, Estimates):
                raise ValueError(
                    f"{s.exhibit} column {s.column}, world {number}: {_in_words(result)}"
                )
            found.append(
                result.coefficients.assign(
                    exhibit=s.exhibit,
                    column=s.column,
                    world=number,
                    n_observations=result.diagnostics["n_observations"],
                )
            )
    table = pd.concat(found, ignore_index=True).merge(
        expected, on=["exhibit", "column", "term"], validate="many_to_one"
    )
    return table.assign(covered=(table.conf_low <= table.truth) & (table.truth <= table.conf_high))


def bias_and_coverage(recovered: pd.DataFrame) -> pd.DataFrame:
    """Bias and coverage of the truth by exhibit, column, term and inference.

    Bias is in standard deviations of the estimate over the worlds.
    """
    grouped = recovered.groupby(["exhibit", "column", "term", "inference"])
    return pd.DataFrame(
        {
            "bias_in_sd": (grouped.estimate.mean() - grouped.truth.first())
            / grouped.estimate.std(),
            "coverage": grouped.covered.mean(),
            "worlds": grouped.size(),
        }
    ).reset_index()


def describe(world: World, flows: Flows, records: pd.DataFrame) -> dict:
    """What is planted in a world, for the file beside its data.

    It holds the true value of every coefficient, China's totals, and each flaw with its right
    answer. Totals are in USD, of the products that have a code of their own in the year
    (hs_treatment as_reported).
    """
    listed = records[records.hs6_code.isin(flows.products.product_code)]

    def usd(rows: pd.DataFrame) -> float:
        return int(rows.thousandths.sum()) / 1000

    unpinned = listed[
        (listed.year == UNPINNED_YEAR)
        & (listed.reporter == 276)
        & (listed.flow == "M")
        & (listed.partner == WORLD_CODE)
    ]
    of_world = listed[
        (listed.year == EUROPEAN_UNION_YEARS[1])
        & (listed.flow == "M")
        & (listed.partner == WORLD_CODE)
        & (listed.transport == 0)
    ]
    iso3, year, variable = world.covariates.gap
    hidden = flows.products.product_code == HIDDEN_PRODUCT
    return {
        "coefficients": truth().to_dict("records"),
        "equations": equations.planted(),
        "trade_with_china_usd": {
            name: dict(zip(TRADE_YEARS.tolist(), (1000 * total).round().tolist(), strict=True))
            for name, total in equations.china_totals().items()
        },
        "flaws": {
            "duplicate": {
                "reporter": UNPINNED_REPORTER,
                "year": UNPINNED_YEAR,
                "imports_usd": usd(unpinned[unpinned.transport == 0]),
                "imports_with_parts_usd": usd(unpinned),
            },
            "aggregate": {
                "reporter": GROUP_CODE,
                "year": EUROPEAN_UNION_YEARS[1],
                "world_imports_usd": usd(of_world[of_world.reporter != GROUP_CODE]),
                "with_the_group_usd": usd(of_world),
            },
            "gap": {"iso3": iso3, "year": year, "variable": variable},
            "revision_break": {
                "product_code": HIDDEN_PRODUCT,
                "year": 2022,
                "china_exports_usd": float(flows.from_china[:, hidden, -1].sum()),
            },
        },
    }


# ---- how the truth is computed ---------------------------------------------------------------


def _samples(
    world: World, specifications: Iterable[Specification]
) -> Iterator[tuple[Specification, np.ndarray, np.ndarray]]:
    """For each specification: its terms, and the planted terms of the emission equations.

    Both are taken in the specification's own sample, with fixed effects swept out.
    """
    panel = panel_of(world)
    regressors = equations.emission_regressors(
        world.economies, world.covariates, world.z, world.all_trade["lct_imports_from_china"]
    )
    # the generator knows planted terms also where they are not published
    planted = np.stack([equations.product_of(regressors, term) for term in EMISSION_TERMS], axis=-1)
    places = pd.Index(world.economies.frame.iso3)
    for s in specifications:
        selected = estimation_sample(panel, s, COMPLETE_COVERAGE)
        if isinstance(selected, NotEstimable):
            raise ValueError(f"{s.exhibit} column {s.column}: {_in_words(selected)}")
        sample, _ = selected
        of_sample = planted[
            places.get_indexer(sample.economies)[sample.ids["iso3"]], sample.years - TRADE_YEARS[0]
        ]
        swept = FixedEffects([sample.ids[e] for e in s.effects]).sweep(
            np.column_stack([sample.x, of_sample])
        )
        yield s, swept[:, : len(s.terms)], swept[:, len(s.terms) :]


def _in_words(result: NotEstimable) -> str:
    return Words.from_rows(seed_rows("reasons")).text(result.reason)


def calibrate(worlds: int, say: Callable[[str], None] = print) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The planted coefficients, and the true coefficients of every specification.

    The former are those of the emission equations, with the noise of every equation.
    """
    sums: dict[tuple[str, int], list[np.ndarray]] = {}
    for number in range(worlds):
        world = invent(random_numbers(10_000_000 + number))
        for s, own, planted in _samples(world, REPORT_SPECIFICATIONS):
            entry = sums.setdefault((s.exhibit, s.column), [np.zeros(()), np.zeros(())])
            entry[0] = entry[0] + own.T @ own / worlds
            entry[1] = entry[1] + own.T @ planted / worlds
        if (number + 1) % 50 == 0:
            say(f"{number + 1} of {worlds} worlds")
    printed = pd.read_csv(seed_path("published_estimates"))
    printed["std_error"] = (printed.estimate / printed.t_statistic).abs()
    specifications = {(s.exhibit, s.column): s for s in REPORT_SPECIFICATIONS}
    projection = {key: np.linalg.solve(own, cross) for key, (own, cross) in sums.items()}
    unit_error = {key: np.sqrt(np.diag(np.linalg.inv(own))) for key, (own, _) in sums.items()}

    def noise(outcome: str) -> float:
        """The standard deviation of the error that gives the printed standard errors.

        It is matched in the geometric mean over the outcome's printed terms.
        """
        rows = printed[
            (printed.outcome == outcome)
            & ~printed.exhibit.isin(["table_7", "table_8", "table_9", "table_10"])
        ]
        unit = [
            unit_error[r.exhibit, r.column_number][
                specifications[r.exhibit, r.column_number].terms.index(r.term)
            ]
            for r in rows.itertuples()
        ]
        return float(np.exp(np.mean(np.log(rows.std_error / unit))))

    planted_rows = [(f"ln_{trade}", "noise", noise(f"ln_{trade}")) for trade in equations.TRADE]
    planted_rows[0] = (planted_rows[0][0], "noise", NOISE_OF_IMPORTS)
    truths = []
    for outcome in TABLE_6_OUTCOMES:
        terms = EMISSION_TERMS if outcome in EMISSIONS else (LCT, *PRINTED_CONTROLS)
        places = [EMISSION_TERMS.index(t) for t in terms]
        rows = printed[printed.outcome == outcome]
        design = np.array(
            [
                projection[r.exhibit, r.column_number][
                    specifications[r.exhibit, r.column_number].terms.index(r.term)
                ][places]
                for r in rows.itertuples()
            ]
        )
        weight = 1 / rows.std_error.to_numpy()
        coefficients = np.linalg.lstsq(
            design * weight[:, None], rows.estimate.to_numpy() * weight, rcond=None
        )[0]
        planted_rows += [
            (outcome, t, float(b)) for t, b in zip(terms, coefficients, strict=True)
        ] + [(outcome, "noise", noise(outcome))]
        distance = (design @ coefficients - rows.estimate) * weight
        say(
            f"{outcome}: the projections differ from the printed coefficients by "
            f"{distance.abs().mean():.2f} printed standard errors on average, "
            f"{distance.abs().max():.2f} at most"
        )
        for key, s in specifications.items():
            if s.outcome == outcome:
                truths += [
                    (*key, t, float(b))
                    for t, b in zip(s.terms, projection[key][:, places] @ coefficients, strict=True)
                ]
    for key, s in specifications.items():
        if s.outcome.removeprefix("ln_") in equations.TRADE:
            truths += [(*key, t, equations.planted()[s.outcome][t]) for t in s.terms]
    return (
        pd.DataFrame(planted_rows, columns=["outcome", "term", "coefficient"]),
        pd.DataFrame(truths, columns=["exhibit", "column", "term", "truth"]),
    )


def main(worlds: int = 250) -> None:
    """Compute both tables and write them beside the generator."""
    planted, truths = calibrate(worlds)
    for table, path in ((planted, equations.PLANTED_COEFFICIENTS), (truths, TRUTH)):
        table.to_csv(path, index=False, float_format="%.6g", lineterminator="\n")
        print(f"{path.name}: {len(table)} rows")
