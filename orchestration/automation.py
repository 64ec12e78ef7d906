"""Jobs, schedules and sensors, and the checks for drift since the last publication."""

import hashlib
from datetime import timedelta

import dagster as dg

from orchestration import warehouse
from orchestration.drift import HOW_TO_ACCEPT, SUBJECTS, drift
from orchestration.landing.api.refresh import plan_refresh
from orchestration.landing.layouts import LandingError
from orchestration.landing.manifest import read_manifest
from orchestration.notices import notify
from orchestration.settings import Settings

DRIFT_CHECKED = {
    "aggregate": dg.AssetKey(["report", "figure_3"]),
    "coefficient": dg.AssetKey(["estimates", "coefficients"]),
}
# Comtrade releases new reporter-years all the time;
# the World Bank revises its series mostly at the end of the year
ONE_DAY = 86_400
MONTHLY, YEARLY = "0 5 3 * *", "0 5 20 12 *"


def build_jobs() -> list:
    """Jobs that can be launched by hand; `refresh` is the one `make run` runs."""
    everything = dg.AssetSelection.all()
    trade = dg.AssetSelection.assets(["raw", "comtrade_trade"], ["raw", "baci_trade"])
    world_bank = dg.AssetSelection.assets(["raw", "wdi_indicators"], ["raw", "wdi_economies"])
    landing = dg.AssetSelection.groups("landing")
    models = dg.AssetSelection.groups("seeds", "staging", "intermediate", "marts", "report")
    estimates = dg.AssetSelection.groups("estimates")
    published = dg.AssetSelection.groups("published")
    return [
        dg.define_asset_job(
            "refresh",
            everything,
            description="Everything, from the landing zone to the publication.",
        ),
        dg.define_asset_job(
            "refresh_trade_of_years",
            landing | trade,
            description=(
                "Land, and load the trade of the years chosen as partitions. "
                "Rebuild the models afterwards."
            ),
        ),
        dg.define_asset_job(
            "refresh_world_bank",
            landing | world_bank | models | estimates | published,
            description=(
                "Land, load the World Bank's series, and everything that follows from them."
            ),
        ),
        dg.define_asset_job(
            "rebuild_models", models, description="Build and test all models on what is loaded."
        ),
        dg.define_asset_job(
            "re_estimate", estimates, description="Fit all regressions on the models as they stand."
        ),
        dg.define_asset_job(
            "publish", published, description="Publish what stands complete and tested."
        ),
    ]


def build_schedules(settings: Settings) -> list[dg.ScheduleDefinition]:
    """A monthly refresh of everything and a yearly one of the World Bank's series.

    Both are stopped unless LCT_SCHEDULES=on.
    """
    status = (
        dg.DefaultScheduleStatus.RUNNING
        if settings.schedules_on
        else dg.DefaultScheduleStatus.STOPPED
    )

    @dg.schedule(
        job_name="refresh",
        cron_schedule=MONTHLY,
        name="monthly_refresh",
        default_status=status,
        description="Asks every month for what the publishers have released since.",
    )
    def monthly_refresh(_: dg.ScheduleEvaluationContext) -> dg.RunRequest:
        return dg.RunRequest(tags=every_year())

    return [
        monthly_refresh,
        dg.ScheduleDefinition(
            name="yearly_world_bank",
            job_name="refresh_world_bank",
            cron_schedule=YEARLY,
            default_status=status,
            description="The World Bank's yearly revision of its series.",
        ),
    ]


def every_year() -> dict[str, str]:
    """Tags of a run that loads all years of trade at once."""
    from orchestration.assets import YEARS

    years = YEARS.get_partition_keys()
    return {
        "dagster/asset_partition_range_start": years[0],
        "dagster/asset_partition_range_end": years[-1],
    }


def build_sensors(settings: Settings) -> list[dg.SensorDefinition]:
    """Sensors that refresh on dropped files or newly released data, and that report failed runs."""
    status = (
        dg.DefaultSensorStatus.RUNNING if settings.schedules_on else dg.DefaultSensorStatus.STOPPED
    )

    @dg.sensor(
        job_name="refresh",
        minimum_interval_seconds=60,
        default_status=status,
        description=(
            "Files dropped into the landing zone, or into the folder LCT_LANDING, start a refresh."
        ),
    )
    def files_dropped(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        waiting = _files_not_landed(settings)
        if not waiting:
            return dg.SkipReason("no file waits in the landing zone")
        state = hashlib.sha256("\n".join(waiting).encode()).hexdigest()
        phase, _, before = (context.cursor or "").partition(" ")
        if state != before:
            # a file may still be being written: it is taken only if it is unchanged
            # from one evaluation to the next
            context.update_cursor(f"seen {state}")
            return dg.SkipReason(
                f"{len(waiting)} files wait; taken at the next look if they stay as they are"
            )
        if phase == "tried":
            return dg.SkipReason("the files that wait have been tried already")
        return dg.SensorResult(
            run_requests=[dg.RunRequest(run_key=state, tags=every_year())], cursor=f"tried {state}"
        )

    @dg.sensor(
        job_name="refresh",
        minimum_interval_seconds=ONE_DAY,
        default_status=status,
        description=(
            "With SOURCE=api: asks once a day which reporter-years were released anew; "
            "if any, a refresh."
        ),
    )
    def data_available(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        if settings.source != "api":
            return dg.SkipReason(
                f"the source is {settings.source}; only SOURCE=api has releases to ask for"
            )
        try:
            plan = plan_refresh(read_manifest(settings.manifest_path), settings, context.log.info)
        except LandingError as error:
            return dg.SkipReason(f"the availability of data could not be asked for: {error}")
        if not plan.requests:
            return dg.SkipReason("nothing was released anew")
        return dg.SensorResult(
            run_requests=[dg.RunRequest(run_key=plan.made_at, tags=every_year())]
        )

    @dg.run_failure_sensor(
        name="tell_of_failed_runs",
        default_status=status,
        description="A notice of every failed run, to the log and LCT_NOTICE_WEBHOOK.",
    )
    def tell_of_failed_runs(context: dg.RunFailureSensorContext) -> None:
        failed = (
            ", ".join(e.step_key for e in context.get_step_failure_events() if e.step_key)
            or "before its first step"
        )
        run = context.dagster_run
        notify(
            settings,
            f"Low-Carbon Trade Warehouse: run {run.run_id[:8]} of {run.job_name} failed "
            f"({failed}); what was published before stands.",
            context.log.error,
        )

    return [files_dropped, data_available, tell_of_failed_runs]


def _files_not_landed(settings: Settings) -> list[str]:
    """Path, size and modification time of each file that the manifest does not list.

    Searched are the landing zone and, for the source `files`, LCT_LANDING.
    """
    manifest = read_manifest(settings.manifest_path)
    listed = {(settings.landing_dir / f.file).resolve() for f in manifest.files}
    names = {(f.parameters.get("published_name"), f.bytes) for f in manifest.files}
    tried = {x.file for x in manifest.left_out}
    folders = [settings.landing_dir / source for source in ("comtrade", "baci", "wdi")]
    if settings.source == "files" and settings.landing_folder:
        folders.append(settings.landing_folder)
    found = []
    for folder in folders:
        for path in sorted(folder.rglob("*") if folder.is_dir() else ()):
            if (
                path.is_file()
                and not path.name.startswith(".")
                and path.resolve() not in listed
                and path.name not in tried
                and "demo" not in path.relative_to(folder).parts[:-1]
            ):
                state = path.stat()
                if (path.name, state.st_size) not in names:
                    found.append(f"{path} {state.st_size} {state.st_mtime_ns}")
    return found


def build_drift_checks(settings: Settings, pool: str) -> list[dg.AssetChecksDefinition]:
    """One check per subject, between estimates and publication.

    Numbers that moved beyond their bound are reported with both values.
    """

    def check_of(subject: str) -> dg.AssetChecksDefinition:
        @dg.asset_check(
            asset=DRIFT_CHECKED[subject],
            name=f"{subject}s_have_not_drifted",
            blocking=True,
            pool=pool,
            description=(
                f"No {subject} moved since the last publication "
                "by more than seeds/drift_bounds.csv allows."
            ),
        )
        def check(context: dg.AssetCheckExecutionContext) -> dg.AssetCheckResult:
            with warehouse.writing(settings.build_path, context.log.info) as connection:
                found = drift(connection, settings, subject)
            metadata = {"compared": found.compared, "moved": len(found.moved)}
            if found.not_compared:
                return dg.AssetCheckResult(
                    passed=True, metadata={**metadata, "not_compared": found.not_compared}
                )
            if not found.moved:
                return dg.AssetCheckResult(passed=True, metadata=metadata)
            stops = found.is_blocking and not settings.accept_drift
            text = f"{found.sentence()} " + (
                f"Publication stops. {HOW_TO_ACCEPT}" if stops else "Published all the same."
            )
            notify(settings, f"Low-Carbon Trade Warehouse: {text}", context.log.warning)
            return dg.AssetCheckResult(
                passed=False,
                severity=dg.AssetCheckSeverity.ERROR if stops else dg.AssetCheckSeverity.WARN,
                description=text,
                metadata={**metadata, "numbers": dg.MetadataValue.md(found.table())},
            )

        return check

    return [check_of(subject) for subject in SUBJECTS]


FRESHNESS = dg.FreshnessPolicy.time_window(
    fail_window=timedelta(days=62), warn_window=timedelta(days=35)
)
