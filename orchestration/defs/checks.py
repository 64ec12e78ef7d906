"""Asset checks that are not dbt's: what differs from the last publication."""

from collections.abc import Sequence
from typing import Any

import dagster as dg

from orchestration.defs.policies import WRITER_POOL
from orchestration.defs.resources import Notices, RunSettings, Warehouse
from orchestration.publishing.drift import HOW_TO_ACCEPT, SUBJECTS, Drift, drift, plural
from orchestration.publishing.price_alerts import NewAlerts, new_price_alerts
from orchestration.publishing.verdicts import ChangedVerdicts, changed_verdicts

# the asset on which each subject's check is shown
DRIFT_CHECKED = {
    "aggregate": dg.AssetKey(["report", "figure_3"]),
    "coefficient": dg.AssetKey(["estimates", "coefficients"]),
    "gravity_coefficient": dg.AssetKey(["estimates", "coefficients"]),
}


def build_checks() -> list[dg.AssetChecksDefinition]:
    """The checks before publication: of drift per subject, of verdicts and of price alerts."""
    drift_checks = (drift_check(subject) for subject in SUBJECTS)
    return [*drift_checks, no_changed_verdicts, no_new_price_alerts]


def drift_check(subject: str) -> dg.AssetChecksDefinition:
    """The check of one subject: numbers that changed beyond their bound, with both values."""

    @dg.asset_check(
        asset=DRIFT_CHECKED[subject],
        name=f"{subject}s_have_not_drifted",
        blocking=True,
        pool=WRITER_POOL,
        description=(
            f"None of the {plural(subject)} has changed since the last publication "
            "by more than seeds/operations/drift_bounds.csv allows."
        ),
    )
    def check(
        context: dg.AssetCheckExecutionContext,
        run_settings: RunSettings,
        build_file: Warehouse,
        notices: Notices,
    ) -> dg.AssetCheckResult:
        settings = run_settings.settings
        with build_file.writing(context.log.info) as connection:
            found = drift(connection, settings, subject)
        stops = found.is_blocking and not settings.accept_drift
        return noticed(drift_result(found, stops), context, notices)

    return check


def noticed(
    result: dg.AssetCheckResult, context: dg.AssetCheckExecutionContext, notices: Notices
) -> dg.AssetCheckResult:
    """The result, after a notice of one that has not passed."""
    if not result.passed:
        notices.send(f"Low-Carbon Trade Warehouse: {result.description}", context.log.warning)
    return result


# publication waits for this one and the next, so that there is still an earlier one to compare
# with; they never fail
@dg.asset_check(
    asset=dg.AssetKey(["estimates", "claims"]),
    name="no_changed_verdicts",
    blocking=True,
    pool=WRITER_POOL,
    description="No claim of the report has another verdict than in the last publication.",
)
def no_changed_verdicts(
    context: dg.AssetCheckExecutionContext,
    run_settings: RunSettings,
    build_file: Warehouse,
    notices: Notices,
) -> dg.AssetCheckResult:
    """Warn of claims with another verdict, and send a notice."""
    with build_file.writing(context.log.info) as connection:
        found = changed_verdicts(connection, run_settings.settings)
    counts = {"compared": found.compared, "changed": len(found.changed)}
    return noticed(warning_result(found, found.changed, counts), context, notices)


@dg.asset_check(
    asset=dg.AssetKey(["marts", "price_alert"]),
    name="no_new_price_alerts",
    blocking=True,
    pool=WRITER_POOL,
    description="No price index has an alert that it did not have in the last publication.",
)
def no_new_price_alerts(
    context: dg.AssetCheckExecutionContext,
    run_settings: RunSettings,
    build_file: Warehouse,
    notices: Notices,
) -> dg.AssetCheckResult:
    """Warn of new alerts, and send a notice."""
    with build_file.writing(context.log.info) as connection:
        found = new_price_alerts(connection, run_settings.settings)
    counts = {"current_alerts": found.current, "new_alerts": len(found.new)}
    return noticed(warning_result(found, found.new, counts), context, notices)


def warning_result(
    found: ChangedVerdicts | NewAlerts, new: Sequence[object], counts: dict[str, int]
) -> dg.AssetCheckResult:
    """What Dagster shows of what is `new` since the last publication: it warns, no more."""
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
        metadata={**metadata, "new": dg.MetadataValue.md(listed)},
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
