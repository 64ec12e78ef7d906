"""Early warning on every monthly index: estimation/prices/alerts.py."""

from estimation.prices.alerts import price_alerts


def model(dbt, session):
    """One row per alert, and one for an index that has none."""
    return price_alerts(dbt.ref("int_price_indices_chained").df())
