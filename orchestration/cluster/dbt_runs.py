"""dbt on the Spark session of this process: seeds, models and data tests, in one build."""

from __future__ import annotations

import os
from collections import Counter

from dbt.adapters.spark import session as dbt_session
from dbt.cli.main import dbtRunner

from orchestration.cluster.handover import python_models
from orchestration.cluster.places import Places
from orchestration.dbt_process import make_only_lines_that_are_read
from orchestration.errors import ExplainedError
from orchestration.settings import PROJECT_ROOT, Settings


class _UnchangedSession(dbt_session.Connection):
    """A connection of dbt-spark's that leaves the session's settings as they are.

    dbt-spark 1.11 switches ANSI mode off before every statement, whatever the profile says. Then
    an overflow or a text that is no number would be null, where DuckDB stops.
    """

    def __init__(self, *, server_side_parameters: dict[str, str] | None = None) -> None:
        super().__init__(server_side_parameters=None)


dbt_session.Connection = _UnchangedSession


class SparkRunError(ExplainedError):
    """Models, tests or results on Spark are not as they have to be. The message names them."""


def build(
    settings: Settings, places: Places, left_out: tuple[str, ...] = ()
) -> Counter[tuple[str, str]]:
    """Seeds, models and data tests on the target spark; how many of each kind ended how.

    Unit tests check the SQL with literals of DuckDB's, and stay there; Python models have been
    handed over; `left_out` are data tests, as dbt selects them. Raises SparkRunError that names
    every model and test that failed.
    """
    os.environ.update(settings.environment(with_secrets=False) | {"DO_NOT_TRACK": "1"})
    arguments = [
        *("build", "--target", "spark", "--exclude-resource-type", "unit_test"),
        *("--exclude", *python_models(), *left_out),
        *("--project-dir", str(PROJECT_ROOT), "--profiles-dir", str(PROJECT_ROOT)),
        *("--target-path", str(places.dbt_target)),
        *("--log-path", str(places.dbt_target / "logs")),
        *("--no-partial-parse", "--quiet"),
    ]
    make_only_lines_that_are_read()
    done = dbtRunner().invoke(arguments)
    results = list(getattr(done.result, "results", []))
    failed = [r for r in results if r.status in ("error", "fail", "runtime error")]
    if failed or not done.success:
        named = [f"  {r.node.unique_id}: {r.message}" for r in failed]
        raise SparkRunError("\n".join([f"dbt on Spark failed. {done.exception or ''}", *named]))
    return Counter((str(r.node.resource_type), str(r.status)) for r in results)
