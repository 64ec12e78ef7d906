"""From the flows of a product list to the rows of a gravity fit, its zeros included."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from estimation.gravity.specifications import (
    CONTRASTS,
    GROUP_TERMS,
    OF_THE_PAIR,
    GravitySpecification,
)
from estimation.reasons import NotEstimable, because
from estimation.sample import Coverage, Sample, comparable_years


@dataclass(frozen=True)
class BilateralTrade:
    """What gravity reads.

    flows           the trade of a specification's products under its treatment of codes, where
                    there is some: year, exporter_iso3, importer_iso3, value_usd
    recorded        iso3 and year of every economy of which the basis has trade in any product
    pairs           marts.dim_economy_pair
    groups          iso3 -> China, High income or Other EMDE
    """

    flows: Callable[[GravitySpecification], pd.DataFrame]
    recorded: pd.DataFrame
    pairs: pd.DataFrame
    groups: dict[str, str]


def gravity_sample(
    trade: BilateralTrade, specification: GravitySpecification, coverage: dict[str, Coverage]
) -> tuple[Sample, dict] | NotEstimable:
    """The rows of a fit: every ordered pair of economies in every comparable year.

    A pair has a row in the years in which the basis has trade of both economies, whatever they
    trade with whomever; where it has none of the list between them, that is zero. BACI leaves out
    flows of zero value, and an economy that it does not cover in a year has no flow at all.
    Returns the sample, ordered by exporter, importer and year, and the number of rows lost at each
    step, or the reason why there are none.
    """
    years = comparable_years(specification, coverage)
    if isinstance(years, NotEstimable):
        return years
    used, excluded = years
    recorded = trade.recorded[trade.recorded["year"].isin(used)]
    flows = trade.flows(specification)
    flows = flows[flows["year"].isin(used)]
    if not len(flows):
        return NotEstimable(because("not_estimable", "outcome_zero", outcome=specification.outcome))
    economies, all_years = (np.unique(recorded[name]) for name in ("iso3", "year"))
    is_recorded = np.zeros((len(economies), len(all_years)), dtype=bool)
    is_recorded[_places(economies, recorded["iso3"]), _places(all_years, recorded["year"])] = True
    values = np.zeros((len(economies), len(economies), len(all_years)))
    values[
        _places(economies, flows["exporter_iso3"]),
        _places(economies, flows["importer_iso3"]),
        _places(all_years, flows["year"]),
    ] = flows["value_usd"]
    is_row = is_recorded[:, None, :] & is_recorded[None, :, :]
    is_row &= ~np.eye(len(economies), dtype=bool)[:, :, None]
    rows = np.nonzero(is_row)
    terms = _terms(trade, specification, economies, all_years, rows)
    if isinstance(terms, NotEstimable):
        return terms
    complete = np.isfinite(terms).all(axis=1)
    exporter, importer, year = (places[complete] for places in rows)
    sides = exporter, importer
    lost = {
        "n_panel_rows": len(complete),
        "n_outcome": len(complete),
        "n_complete_cases": int(complete.sum()),
        "n_outside_balanced": 0,
        "n_singletons": 0,
        "n_years_not_comparable": len(excluded),
        "years_not_comparable": ", ".join(str(y) for y in sorted(excluded)),
    }
    return bilateral_sample(
        values[is_row][complete], terms[complete], sides, year, economies, all_years
    ), lost


def bilateral_sample(
    y: np.ndarray,
    x: np.ndarray,
    sides: tuple[np.ndarray, np.ndarray],
    year: np.ndarray,
    economies: np.ndarray,
    all_years: np.ndarray,
) -> Sample:
    """Rows as a sample: outcome (n,), terms (n, k), and codes (n,) from 0 of who and when.

    `sides` holds the codes of exporter and importer among `economies`, `year` those among
    `all_years`. Every effect and cluster of a gravity column is one of the sample's ids.
    """
    (exporter, importer), n, t = sides, len(economies), len(all_years)
    low, high = np.minimum(exporter, importer), np.maximum(exporter, importer)
    ids = {
        "iso3": exporter,
        "importer": importer,
        "year": year,
        "exporter_year": exporter * t + year,
        "importer_year": importer * t + year,
        "pair": exporter * n + importer,
        "undirected_pair": low * n + high,
    }
    return Sample(y, x, all_years[year], ids, economies).renumbered()


def _terms(
    trade: BilateralTrade,
    specification: GravitySpecification,
    economies: np.ndarray,
    all_years: np.ndarray,
    rows: tuple[np.ndarray, ...],
) -> np.ndarray | NotEstimable:
    """The terms (n, k) of the rows, given as the places of exporter, importer and year."""
    exporter, importer, year = rows
    of_pair = trade.pairs.set_index(["iso3_o", "iso3_d"])
    every = pd.MultiIndex.from_product([economies, economies])
    groups = np.array([trade.groups.get(iso3, "") for iso3 in economies])
    columns = []
    for term in specification.terms:
        if term in OF_THE_PAIR:
            if not len(of_pair):
                return NotEstimable(because("not_estimable", "no_data", variable=term))
            values = of_pair[OF_THE_PAIR[term]].reindex(every).to_numpy(float, na_value=np.nan)
            square = values.reshape(len(economies), len(economies))
            square = np.log(square) if term == "ln_distance" else square
            columns.append(square[exporter, importer])
        else:
            group_term = GROUP_TERMS[term]
            of_exporter, of_importer = CONTRASTS[group_term.contrast]
            holds = (groups == of_exporter)[exporter] & (groups == of_importer)[importer]
            if group_term.period:
                first, last = group_term.period
                holds &= ((all_years >= first) & (all_years <= last))[year]
            columns.append(holds.astype(float))
    return np.column_stack(columns)


def _places(sorted_values: np.ndarray, values: pd.Series) -> np.ndarray:
    return np.searchsorted(sorted_values, values.to_numpy())
