"""Asset checks that are not dbt's: drift of numbers since the last publication."""

from typing import Any

import dagster as dg

from orchestration.defs.policies import WRITER_POOL
from orchestration.defs.resources import Notices, RunSettings, Warehouse
from orchestration.publishing.drift import HOW_TO_ACCEPT, SUBJECTS, Drift, drift

# the asset on which each subject's check is shown
DRIFT_CHECKED = {
    "aggregate": dg.AssetKey(["report", "figure_3"]),
    "coefficient": dg.AssetKey(["estimates", "coefficients"]),
}


def build_checks() -> list[dg.AssetChecksDefinition]:
    """One drift check per subject, between estimates and publication."""
    return [drift_check(subject) for subject in SUBJECTS]


def drift_check(subject: str) -> dg.AssetChecksDefinition:
    """The check of one subject: numbers that changed beyond their bound, with both values."""

    @dg.asset_check(
        asset=DRIFT_CHECKED[subject],
        name=f"{subject}s_have_not_drifted",
        blocking=True,
        pool=WRITER_POOL,
        description=(
            f"No {subject} has changed since the last publication "
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
        result = drift_result(found, stops)
        if not result.passed:
            text = f"Low-Carbon Trade Warehouse: {result.description}"
            notices.send(text, context.log.warning)
        return result

    return check


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
