"""Which price relatives are outliers, by each rule: estimation/prices/relatives.py."""

from estimation.prices.relatives import with_outliers


def model(dbt, session):
    """The rows of int_price_relatives, and what each rule and the run's choice leave out."""
    choices = dbt.ref("int_run_choices").df()
    relatives = dbt.ref("int_price_relatives").df()
    return with_outliers(relatives, choices["price_outlier_rule"].item())
