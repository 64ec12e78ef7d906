"""The truth that a run on the synthetic world must recover, how it is computed, and a check of it.

`make truth` pools many worlds into one very large world. Over it, it computes the emission
equations whose projections come nearest to the printed tables 6 to 10, the noise that gives the
printed standard errors, and the coefficients of each specification: a specification that omits a
planted term recovers its projection, not the planted coefficient. Both files are kept with the
generator. `recover` tests whether the estimator finds this truth.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
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
from orchestration.seeds import seed_rows
from orchestration.sources.synthetic import equations, months
from orchestration.sources.synthetic.calibration import TRADE_YEARS
from orchestration.sources.synthetic.economies import CHINA
from orchestration.sources.synthetic.flows import Flows, counted_parts
from orchestration.sources.synthetic.printed import printed_estimates
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
DIVIDED_PRODUCT = "854140"  # photovoltaic cells, without a code of their own from this year on
DIVIDED_YEAR = 2022
PRINTED_CONTROLS = ("gdp_growth", "ln_gdp_per_capita", "inflation", "trade_openness")
EMISSION_TERMS = (
    equations.LCT_IMPORTS,
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
                    f"{s.exhibit} column {s.column}, world {number}: {in_words(result)}"
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

    It holds the true value of every coefficient, China's totals, each flaw with its right answer,
    and the price shocks. Totals are in USD, of the products that hs_treatment harmonised counts in
    the year.
    """
    return {
        "coefficients": truth().to_dict("records"),
        "equations": equations.planted(),
        "trade_with_china_usd": {
            name: dict(zip(TRADE_YEARS.tolist(), (1000 * total).round().tolist(), strict=True))
            for name, total in equations.china_totals().items()
        },
        "flaws": _flaws(world, flows, records),
        "price_shocks": months.described(),
    }


def _flaws(world: World, flows: Flows, records: pd.DataFrame) -> dict[str, dict]:
    """Each planted flaw: where it is, and the right answer beside the one it tempts to."""
    imports = records[(records.flow == "M") & (records.partner == WORLD_CODE)].join(
        counted_parts(), on=["hs_revision", "hs6_code"]
    )
    reporter = world.economies.frame.code[world.economies.where([UNPINNED_REPORTER])].iloc[0]
    unpinned = imports[(imports.year == UNPINNED_YEAR) & (imports.reporter == reporter)]
    # in its first year every product counts under its own number or not at all: the flaw
    # `revision_break` has no part in it
    with_group = imports[(imports.year == EUROPEAN_UNION_YEARS[0]) & (imports.transport == 0)]
    iso3, year, variable = world.covariates.gap
    divided = flows.products.product_code == DIVIDED_PRODUCT
    under_its_number = records[
        (records.year == DIVIDED_YEAR)
        & (records.reporter == world.economies.frame.code[CHINA])
        & (records.flow == "X")
        & (records.partner == WORLD_CODE)
        & (records.hs6_code == DIVIDED_PRODUCT)
    ]

    def usd(rows: pd.DataFrame) -> float:
        return round(float((rows.thousandths * rows.weight).sum()) / 1000, 3)

    return {
        "duplicate": {
            "reporter": UNPINNED_REPORTER,
            "year": UNPINNED_YEAR,
            "imports_usd": usd(unpinned[unpinned.transport == 0]),
            "imports_with_parts_usd": usd(unpinned),
        },
        "aggregate": {
            "reporter": GROUP_CODE,
            "year": EUROPEAN_UNION_YEARS[0],
            "world_imports_usd": usd(with_group[with_group.reporter != GROUP_CODE]),
            "with_the_group_usd": usd(with_group),
        },
        "gap": {"iso3": iso3, "year": year, "variable": variable},
        "revision_break": {
            "product_code": DIVIDED_PRODUCT,
            "year": DIVIDED_YEAR,
            "china_exports_usd": float(
                flows.from_china[:, divided, DIVIDED_YEAR - TRADE_YEARS[0]].sum()
            ),
            "china_exports_as_reported_usd": int(under_its_number.thousandths.sum()) / 1000,
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
            raise ValueError(f"{s.exhibit} column {s.column}: {in_words(selected)}")
        sample, _ = selected
        of_sample = planted[
            places.get_indexer(sample.economies)[sample.ids["iso3"]], sample.years - TRADE_YEARS[0]
        ]
        swept = FixedEffects([sample.ids[e] for e in s.effects]).sweep(
            np.column_stack([sample.x, of_sample])
        )
        yield s, swept[:, : len(s.terms)], swept[:, len(s.terms) :]


def in_words(result: NotEstimable) -> str:
    """Why there are no estimates, in English."""
    return Words.from_rows(seed_rows("reasons")).text(result.reason)


@dataclass(frozen=True)
class _Pooled:
    """The specifications over all worlds taken together, by exhibit and column."""

    specifications: dict[tuple[str, int], Specification]
    projection: dict[tuple[str, int], np.ndarray]
    """Terms x planted terms: what each term recovers of a planted coefficient of one."""
    unit_error: dict[tuple[str, int], np.ndarray]
    """The standard error of each term, for an error with a standard deviation of one."""

    def of_term(
        self, by_column: dict[tuple[str, int], np.ndarray], printed: pd.DataFrame
    ) -> np.ndarray:
        """The rows of projection or unit_error that belong to rows of printed estimates."""
        keys = zip(printed.exhibit, printed.column_number, printed.term, strict=True)
        return np.array(
            [
                by_column[exhibit, column][self.specifications[exhibit, column].terms.index(term)]
                for exhibit, column, term in keys
            ]
        )


def _pool(worlds: int, say: Callable[[str], None]) -> _Pooled:
    sums: dict[tuple[str, int], list[np.ndarray]] = {}
    for number in range(worlds):
        world = invent(random_numbers(10_000_000 + number))
        for s, own, planted in _samples(world, REPORT_SPECIFICATIONS):
            entry = sums.setdefault((s.exhibit, s.column), [np.zeros(()), np.zeros(())])
            entry[0] = entry[0] + own.T @ own / worlds
            entry[1] = entry[1] + own.T @ planted / worlds
        if (number + 1) % 50 == 0:
            say(f"{number + 1} of {worlds} worlds")
    return _Pooled(
        {(s.exhibit, s.column): s for s in REPORT_SPECIFICATIONS},
        {key: np.linalg.solve(own, cross) for key, (own, cross) in sums.items()},
        {key: np.sqrt(np.diag(np.linalg.inv(own))) for key, (own, _) in sums.items()},
    )


def calibrate(worlds: int, say: Callable[[str], None] = print) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The planted coefficients, and the true coefficients of every specification.

    The former are those of the emission equations, with the noise of every equation.
    """
    pooled = _pool(worlds, say)
    printed = printed_estimates().assign(
        std_error=lambda rows: (rows.estimate / rows.t_statistic).abs()
    )
    planted, truths = [], []
    for trade in equations.TRADE:
        outcome = f"ln_{trade}"
        noise = (
            NOISE_OF_IMPORTS if trade == equations.LCT_IMPORTS else _noise(pooled, printed, outcome)
        )
        planted.append((outcome, "noise", noise))
    for outcome in TABLE_6_OUTCOMES:
        coefficients = _nearest_coefficients(pooled, printed, outcome, say)
        planted += [(outcome, term, float(b)) for term, b in coefficients.items()]
        planted.append((outcome, "noise", _noise(pooled, printed, outcome)))
        truths += _projected(pooled, outcome, coefficients)
    for key, s in pooled.specifications.items():
        if s.outcome.removeprefix("ln_") in equations.TRADE:
            truths += [(*key, term, equations.planted()[s.outcome][term]) for term in s.terms]
    return (
        pd.DataFrame(planted, columns=["outcome", "term", "coefficient"]),
        pd.DataFrame(truths, columns=["exhibit", "column", "term", "truth"]),
    )


def _noise(pooled: _Pooled, printed: pd.DataFrame, outcome: str) -> float:
    """The standard deviation of the error that gives the printed standard errors of an outcome.

    It is matched in the geometric mean over the printed terms.
    """
    rows = printed[
        (printed.outcome == outcome)
        & ~printed.exhibit.isin(["table_7", "table_8", "table_9", "table_10"])
    ]
    unit = pooled.of_term(pooled.unit_error, rows)
    return float(np.exp(np.mean(np.log(rows.std_error / unit))))


def _nearest_coefficients(
    pooled: _Pooled, printed: pd.DataFrame, outcome: str, say: Callable[[str], None]
) -> pd.Series:
    """By term: the coefficients of an outcome whose projections come nearest to the printed ones.

    Distance is measured in printed standard errors.
    """
    terms = EMISSION_TERMS if outcome in EMISSIONS else (equations.LCT_IMPORTS, *PRINTED_CONTROLS)
    rows = printed[printed.outcome == outcome]
    design = pooled.of_term(pooled.projection, rows)[:, _places(terms)]
    weight = 1 / rows.std_error.to_numpy()
    coefficients = np.linalg.lstsq(
        design * weight[:, None], rows.estimate.to_numpy() * weight, rcond=None
    )[0]
    distance = (design @ coefficients - rows.estimate) * weight
    say(
        f"{outcome}: the projections differ from the printed coefficients by "
        f"{distance.abs().mean():.2f} printed standard errors on average, "
        f"{distance.abs().max():.2f} at most"
    )
    return pd.Series(coefficients, terms)


def _places(terms: Iterable[str]) -> list[int]:
    """The places of terms among the planted terms of the emission equations."""
    return [EMISSION_TERMS.index(term) for term in terms]


def _projected(
    pooled: _Pooled, outcome: str, coefficients: pd.Series
) -> list[tuple[str, int, str, float]]:
    """Exhibit, column, term and truth: what each specification of an outcome recovers."""
    places = _places(coefficients.index)
    return [
        (*key, term, float(b))
        for key, s in pooled.specifications.items()
        if s.outcome == outcome
        for term, b in zip(
            s.terms, pooled.projection[key][:, places] @ coefficients.to_numpy(), strict=True
        )
    ]


def main(worlds: int = 250) -> None:
    """Compute both tables and write them beside the generator."""
    planted, truths = calibrate(worlds)
    for table, path in ((planted, equations.PLANTED_COEFFICIENTS), (truths, TRUTH)):
        table.to_csv(path, index=False, float_format="%.6g", lineterminator="\n")
        print(f"{path.name}: {len(table)} rows")
