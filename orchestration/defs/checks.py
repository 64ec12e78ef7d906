"""Asset checks that are not dbt's: what differs from the last publication."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import dagster as dg
import duckdb

from orchestration.defs.policies import WRITER_POOL
from orchestration.defs.resources import Notices, RunSettings, Warehouse
from orchestration.publishing.drift import HOW_TO_ACCEPT, SUBJECTS, Drift, drift, plural
from orchestration.publishing.price_alerts import NewAlerts, new_price_alerts
from orchestration.publishing.verdicts import ChangedVerdicts, changed_verdicts
from orchestration.settings import Settings

# the asset on which each subject's check is shown
DRIFT_CHECKED = {
    "aggregate": dg.AssetKey(["report", "figure_3"]),
    "coefficient": dg.AssetKey(["estimates", "coefficients"]),
    "gravity_coefficient": dg.AssetKey(["estimates", "coefficients"]),
}


def build_checks() -> list[dg.AssetChecksDefinition]:
    """The checks before publication: of drift per subject, of verdicts and of price alerts.

    Publication waits for those that never fail too, so that there is still an earlier one to
    compare with.
    """
    return [
        *(
            _check(
                DRIFT_CHECKED[subject],
                f"{subject}s_have_not_drifted",
                f"None of the {plural(subject)} has changed since the last publication "
                "by more than seeds/operations/drift_bounds.csv allows.",
                partial(_drift_now, subject=subject),
            )
            for subject in SUBJECTS
        ),
        _check(
            dg.AssetKey(["estimates", "claims"]),
            "no_changed_verdicts",
            "No claim of the report has another verdict than in the last publication.",
            _verdicts_now,
        ),
        _check(
            dg.AssetKey(["marts", "price_alert"]),
            "no_new_price_alerts",
            "No price index has an alert that it did not have in the last publication.",
            _price_alerts_now,
        ),
    ]


def _check(
    asset: dg.AssetKey,
    name: str,
    description: str,
    compare: Callable[[duckdb.DuckDBPyConnection, Settings], dg.AssetCheckResult],
) -> dg.AssetChecksDefinition:
    """A check of the build file beside the last publication; a notice tells what has not passed."""

    @dg.asset_check(
        asset=asset, name=name, blocking=True, pool=WRITER_POOL, description=description
    )
    def check(
        context: dg.AssetCheckExecutionContext,
        run_settings: RunSettings,
        build_file: Warehouse,
        notices: Notices,
    ) -> dg.AssetCheckResult:
        with build_file.writing(context.log.info) as connection:
            result = compare(connection, run_settings.settings)
        if not result.passed:
            notices.send(f"Low-Carbon Trade Warehouse: {result.description}", context.log.warning)
        return result

    return check


def _drift_now(
    connection: duckdb.DuckDBPyConnection, settings: Settings, subject: str
) -> dg.AssetCheckResult:
    """Numbers of a subject that changed beyond their bound, with both values."""
    found = drift(connection, settings, subject)
    return drift_result(found, found.is_blocking and not settings.accept_drift)


def _verdicts_now(connection: duckdb.DuckDBPyConnection, settings: Settings) -> dg.AssetCheckResult:
    found = changed_verdicts(connection, settings)
    counts = {"compared": found.compared, "changed": len(found.changed)}
    return _warning(found, counts, "verdicts", found.changed)


def _price_alerts_now(
    connection: duckdb.DuckDBPyConnection, settings: Settings
) -> dg.AssetCheckResult:
    found = new_price_alerts(connection, settings)
    counts = {"current_alerts": found.current, "new_alerts": len(found.new)}
    return _warning(found, counts, "alerts", found.new)


def _warning(
    found: ChangedVerdicts | NewAlerts, counts: dict[str, int], name: str, new: Sequence[object]
) -> dg.AssetCheckResult:
    """What Dagster shows of what is new, listed under a name: it warns and stops nothing."""
    metadata: dict[str, Any] = {**counts}
    if found.not_compared:
        metadata["not_compared"] = found.not_compared
    if not new:
        return dg.AssetCheckResult(passed=True, metadata=metadata)
    listed = "\n".join(f"- {one}" for one in new)
    return dg.AssetCheckResult(
        passed=False,
        severity=dg.AssetCheckSeverity.WARN,
        description=found.sentence(),
        metadata={**metadata, name: dg.MetadataValue.md(listed)},
    )


def drift_result(found: Drift, stops: bool) -> dg.AssetCheckResult:
    """What Dagster shows of a comparison with the last publication."""
    metadata: dict[str, Any] = {"compared": found.compared, "moved": len(found.moved)}
    if found.not_compared:
        return dg.AssetCheckResult(
            passed=True, metadata={**metadata, "not_compared": found.not_compared}
        )
    if not found.moved:
        return dg.AssetCheckResult(passed=True, metadata=metadata)
    consequence = f"Publication stops. {HOW_TO_ACCEPT}" if stops else "Published nevertheless."
    return dg.AssetCheckResult(
        passed=False,
        severity=dg.AssetCheckSeverity.ERROR if stops else dg.AssetCheckSeverity.WARN,
        description=f"{found.sentence()} {consequence}",
        metadata={**metadata, "numbers": dg.MetadataValue.md(found.table())},
    )
