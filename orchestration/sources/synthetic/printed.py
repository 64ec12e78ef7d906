"""What the report prints in its tables, from the seeds `published_*`: the numbers a world meets."""

from __future__ import annotations

from functools import cache

import pandas as pd

from orchestration.seeds import seed_path


@cache
def printed_moments() -> pd.DataFrame:
    """Table 3 of the report by variable: n, mean, sd, min, max."""
    return pd.read_csv(seed_path("published_summary_statistics")).set_index("variable")


@cache
def printed_estimates() -> pd.DataFrame:
    """Tables 4 to 12: one row per exhibit, column_number and term."""
    return pd.read_csv(seed_path("published_estimates"))


@cache
def printed_observations() -> dict[tuple[str, int], int]:
    """N of each column of tables 4 to 12."""
    return (
        printed_estimates().groupby(["exhibit", "column_number"]).n_observations.first().to_dict()
    )
