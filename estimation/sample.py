"""Which rows of the panel a specification uses, in which form, and what each step lost."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from estimation.reasons import NotEstimable, Reason, because
from estimation.specifications import Specification


@dataclass(frozen=True)
class Coverage:
    """How much of a product list has landed on a basis, and the years that are comparable."""

    comparable_years: frozenset[int]
    other_years: frozenset[int]
    products_landed: int
    products_in_list: int
    minimum_share: float

    @property
    def stands_for_list(self) -> bool:
        return self.products_landed >= self.minimum_share * self.products_in_list


@dataclass(frozen=True)
class Sample:
    """The n rows of a fit, ordered by economy and year.

    `y` (n,) is the outcome, `x` (n, k) has one column per term, and `ids` holds the codes from 0 of
    iso3, year and the effects. `economies` holds the names behind the codes of iso3.
    """

    y: np.ndarray
    x: np.ndarray
    years: np.ndarray
    ids: dict[str, np.ndarray]
    economies: np.ndarray

    def __len__(self) -> int:
        return len(self.y)

    def keep(self, rows: np.ndarray) -> Sample:
        """The rows where `rows` (n,) is true, with their ids renumbered from 0."""
        if rows.all():
            return self
        return replace(
            self,
            y=self.y[rows],
            x=self.x[rows],
            years=self.years[rows],
            ids={name: codes[rows] for name, codes in self.ids.items()},
        ).renumbered()

    def renumbered(self) -> Sample:
        """The same rows with the codes of each id from 0 without gaps."""
        ids, economies = {}, self.economies
        for name, codes in self.ids.items():
            is_present = np.bincount(codes) > 0
            ids[name] = (np.cumsum(is_present) - 1)[codes]
            if name == "iso3":
                economies = economies[: len(is_present)][is_present]
        return replace(self, ids=ids, economies=economies)


def estimation_sample(
    panel: pd.DataFrame, specification: Specification, coverage: dict[str, Coverage]
) -> tuple[Sample, dict] | NotEstimable:
    """The rows of a fit: complete cases in the comparable years, without singletons.

    The years are those of the specification in which the series of its trade is comparable.
    `panel` holds one basis, treatment and scope: iso3, year, the outcome, and for each variable
    <variable>_lag1_z (or <variable>_lag1 where the specification standardises over the sample).
    Returns the sample and the number of observations lost at each step, or the reason why none is
    left.
    """
    years = comparable_years(specification, coverage)
    if isinstance(years, NotEstimable):
        return years
    used, excluded = years
    rows = np.flatnonzero(np.isin(panel["year"].to_numpy(dtype=np.int64), sorted(used)))
    values = _values(panel, rows, specification)
    if isinstance(values, NotEstimable):
        return values
    complete = np.isfinite(np.stack(list(values.values()))).all(axis=0)
    lost = {
        "n_panel_rows": len(rows),
        "n_outcome": int(np.isfinite(values[specification.outcome]).sum()),
        "n_complete_cases": int(complete.sum()),
        "n_outside_balanced": 0,
        "n_years_not_comparable": len(excluded),
        "years_not_comparable": ", ".join(str(y) for y in sorted(excluded)),
    }
    if not complete.any():
        scarcest = min(values, key=lambda column: np.isfinite(values[column]).sum())
        return NotEstimable(
            because("not_estimable", "no_complete_case", variable=_columns(specification)[scarcest])
        )
    sample = _complete_cases(panel, rows[complete], values, complete, specification)
    if specification.sample == "balanced":
        balanced = sample.keep(largest_balanced(sample))
        lost["n_outside_balanced"] = len(sample) - len(balanced)
        sample = balanced
    kept = without_singletons(sample, specification.effects)
    lost["n_singletons"] = len(sample) - len(kept)
    if len(kept) == 0 or len(kept.economies) < 2:
        return NotEstimable(
            because("not_estimable", "nothing_to_compare", complete_cases=lost["n_complete_cases"])
        )
    return replace(kept, x=_terms(kept.x, specification)), lost


def comparable_years(
    specification: Specification, coverage: dict[str, Coverage]
) -> tuple[set[int], set[int]] | NotEstimable:
    """The years of the outcome that a fit uses, and those left out as not comparable.

    Where the specification's trade has not landed, or too little of it, the reason.
    """
    years = set(range(specification.first_year, specification.last_year + 1))
    excluded: set[int] = set()
    for product_list, lag in specification.product_lists:
        landed = coverage.get(product_list)
        name = Reason("product_list", product_list)
        if landed is None or not landed.comparable_years:
            return NotEstimable(because("not_estimable", "no_trade_of_list", product_list=name))
        if not landed.stands_for_list:
            return NotEstimable(
                because(
                    "not_estimable",
                    "little_of_list_landed",
                    landed=landed.products_landed,
                    listed=landed.products_in_list,
                    product_list=name,
                    minimum_share=landed.minimum_share,
                )
            )
        excluded |= years & {year + lag for year in landed.other_years}
        years &= {year + lag for year in landed.comparable_years}
    return years, excluded


def _columns(specification: Specification) -> dict[str, str]:
    """The panel's columns that a fit reads -> what they measure: the outcome and the variables."""
    suffix = "_lag1" if specification.standardisation == "sample" else "_lag1_z"
    return {specification.outcome: specification.outcome} | {
        f"{variable}{suffix}": variable for variable in specification.variables
    }


def _values(
    panel: pd.DataFrame, rows: np.ndarray, specification: Specification
) -> dict[str, np.ndarray] | NotEstimable:
    """The panel's columns that a fit reads, outcome first, in the given rows: arrays (rows,)."""
    values = {}
    for column, name in _columns(specification).items():
        if column not in panel.columns:
            return NotEstimable(because("not_estimable", "no_data", variable=name))
        values[column] = panel[column].to_numpy(dtype=float, na_value=np.nan)[rows]
        if not np.isfinite(values[column]).any():
            return NotEstimable(because("not_estimable", "no_data", variable=name))
    return values


def _complete_cases(
    panel: pd.DataFrame,
    used: np.ndarray,
    values: dict[str, np.ndarray],
    complete: np.ndarray,
    specification: Specification,
) -> Sample:
    """The rows `used` of the panel, those of the values that are complete, by economy and year.

    `x` holds the variables as they are in the panel: the terms are built from the rows that remain.
    """
    ids, economies = {}, np.empty(0, dtype=object)
    for name in dict.fromkeys(("iso3", "year", *specification.effects)):
        column = panel[name].array.take(used).to_numpy()
        ids[name], levels = pd.factorize(column, sort=True)
        if name == "iso3":
            economies = np.asarray(levels)
    outcome, *variables = (column[complete] for column in values.values())
    sample = Sample(
        outcome,
        np.column_stack(variables),
        panel["year"].to_numpy(dtype=np.int64)[used],
        ids,
        economies,
    )
    order = np.lexsort((sample.years, ids["iso3"]))
    if (np.diff(order) == 1).all():
        return sample
    return Sample(
        sample.y[order],
        sample.x[order],
        sample.years[order],
        {name: codes[order] for name, codes in ids.items()},
        economies,
    )


def _terms(variables: np.ndarray, specification: Specification) -> np.ndarray:
    """The terms (n, k) from the variables (n, v): their products where they are interacted."""
    x = variables
    if specification.standardisation == "sample":
        spread = x.std(axis=0, ddof=1)
        # a variable that does not vary becomes zero throughout and is dropped as collinear
        x = (x - x.mean(axis=0)) / np.where(spread > 0, spread, np.inf)
    columns = {v: x[:, i] for i, v in enumerate(specification.variables)}
    return np.column_stack(
        [
            np.prod([columns[v] for v in specification.variables_of(term)], axis=0)
            for term in specification.terms
        ]
    )


def without_singletons(sample: Sample, effects: tuple[str, ...]) -> Sample:
    """Remove singletons, rows that are alone in one of their effects, until none is left.

    A singleton is fitted perfectly by its own effect and carries no information (Correia 2015).
    """
    while len(sample):
        alone = np.zeros(len(sample), dtype=bool)
        for effect in effects:
            codes = sample.ids[effect]
            alone |= (np.bincount(codes) == 1)[codes]
        if not alone.any():
            break
        sample = sample.keep(~alone)
    return sample


def largest_balanced(sample: Sample) -> np.ndarray:
    """The rows (n,) of the largest balanced panel within the sample.

    A balanced panel is a span of at least two calendar years and the economies observed in every
    one of them. The largest has the most rows; ties go to the longer span, then to the later one.
    All false where there is none.
    """
    first, span = int(sample.years.min()), int(sample.years.max() - sample.years.min()) + 1
    present = np.zeros((len(sample.economies), span), dtype=bool)
    present[sample.ids["iso3"], sample.years - first] = True
    running = np.concatenate(
        [np.zeros((len(present), 1), dtype=int), present.cumsum(axis=1)], axis=1
    )
    best, chosen = (0, 0, 0), None
    for start in range(span):
        for end in range(start + 2, span + 1):
            economies = running[:, end] - running[:, start] == end - start
            size = (int(economies.sum()) * (end - start), end - start, start)
            if size[0] and size > best:
                best, chosen = size, (economies, first + start, first + end - 1)
    if chosen is None:
        return np.zeros(len(sample), dtype=bool)
    economies, start, end = chosen
    return economies[sample.ids["iso3"]] & (sample.years >= start) & (sample.years <= end)
