"""The levels of every aggregate, from 1 where a chain begins: estimation/prices/indices.py."""

from estimation.prices.indices import price_indices


def model(dbt, session):
    """One row per frequency, flow, aggregate, group of partners, formula and period."""
    return price_indices(
        dbt.ref("int_price_outliers_marked").df(), dbt.ref("int_price_aggregates").df()
    )
