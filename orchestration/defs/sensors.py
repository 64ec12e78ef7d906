"""Sensors: a refresh when files or releases are new, and a notice of every failed run.

Stopped unless LCT_SCHEDULES=on.
"""

import hashlib

import dagster as dg

from orchestration.defs.policies import every_year
from orchestration.defs.resources import Notices, RunSettings, UNComtrade, WorldBank, services
from orchestration.landing.layout import LandingError, printable
from orchestration.landing.manifest import SYNTHETIC, read_manifest
from orchestration.landing.publishers import PUBLISHERS
from orchestration.settings import Settings
from orchestration.sources.folder import landable_files
from orchestration.sources.live.refresh import plan_refresh
from orchestration.sources.live.services import asks_comtrade

ONE_DAY_SECONDS = 86_400


def build_sensors(are_on: bool) -> list[dg.SensorDefinition]:
    """Sensors that refresh on dropped files or newly released data, and that report failed runs."""
    status = dg.DefaultSensorStatus.RUNNING if are_on else dg.DefaultSensorStatus.STOPPED
    return [
        dg.SensorDefinition(
            name="files_dropped",
            evaluation_fn=files_dropped,
            required_resource_keys={"run_settings"},
            job_name="refresh",
            minimum_interval_seconds=60,
            default_status=status,
            description=(
                "Files dropped into the landing zone, or into the folder LCT_LANDING, "
                "start a refresh."
            ),
        ),
        dg.SensorDefinition(
            name="data_available",
            evaluation_fn=data_available,
            required_resource_keys={"run_settings", "comtrade", "world_bank"},
            job_name="refresh",
            minimum_interval_seconds=ONE_DAY_SECONDS,
            default_status=status,
            description=(
                "With SOURCE=api: checks once a day which reporter-years, and which months of "
                "China, have been released again; if there are any, starts a refresh."
            ),
        ),
        dg.run_failure_sensor(
            name="tell_of_failed_runs",
            default_status=status,
            description="Sends a notice of every failed run to the log and LCT_NOTICE_WEBHOOK.",
        )(tell_of_failed_runs),
    ]


def files_dropped(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
    waiting = _files_not_landed(context.resources.run_settings.settings)
    if not waiting:
        return dg.SkipReason("no file is waiting in the landing zone")
    state = hashlib.sha256("\n".join(waiting).encode()).hexdigest()
    phase, _, before = (context.cursor or "").partition(" ")
    if state != before:
        # a file may still be incomplete: it is landed only if it has not changed
        # from one evaluation to the next
        context.update_cursor(f"seen {state}")
        return dg.SkipReason(
            f"files waiting: {len(waiting)}; they land at the next check if unchanged by then"
        )
    if phase == "tried":
        return dg.SkipReason("the waiting files have already been tried")
    return dg.SensorResult(
        run_requests=[dg.RunRequest(run_key=state, tags=every_year())], cursor=f"tried {state}"
    )


def data_available(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
    run_settings: RunSettings = context.resources.run_settings
    comtrade: UNComtrade = context.resources.comtrade
    world_bank: WorldBank = context.resources.world_bank
    settings, say = run_settings.settings, context.log.info
    if settings.source != "api":
        return dg.SkipReason(
            f"the source is {settings.source}; only SOURCE=api checks for releases"
        )
    if not asks_comtrade(settings):
        return dg.SkipReason("without COMTRADE_API_KEY, BACI (LCT_BACI) is the trade")
    try:
        manifest = read_manifest(settings.manifest_path)
        asked = services(comtrade, world_bank, settings, say)
        plan = plan_refresh(manifest, settings, say, asked)
    except LandingError as error:
        return dg.SkipReason(f"the available data could not be listed: {error}")
    if not plan.requests:
        return dg.SkipReason("no reporter-year and no month has been released again")
    return dg.SensorResult(run_requests=[dg.RunRequest(run_key=plan.made_at, tags=every_year())])


def tell_of_failed_runs(context: dg.RunFailureSensorContext, notices: Notices) -> None:
    steps = [e.step_key for e in context.get_step_failure_events() if e.step_key]
    failed = ", ".join(steps) or "before its first step"
    run = context.dagster_run
    notices.send(
        f"Low-Carbon Trade Warehouse: run {run.run_id[:8]} of {run.job_name} failed "
        f"({failed}); any previous publication stays in place.",
        context.log.error,
    )


def _files_not_landed(settings: Settings) -> list[str]:
    """Path, size and modification time of each file that the manifest does not list.

    The search covers the landing zone and, with SOURCE=files, LCT_LANDING.
    """
    manifest = read_manifest(settings.manifest_path)
    listed = {(settings.landing_dir / f.file).resolve() for f in manifest.files}
    places = {(f.parameters.get("place"), f.bytes) for f in manifest.files}
    names = {  # of files that landed before their places were kept
        (f.parameters.get("published_name"), f.bytes)
        for f in manifest.files
        if "place" not in f.parameters
    }
    tried = {x.file for x in manifest.left_out}
    folders = [(settings.landing_dir, settings.landing_dir / name) for name in PUBLISHERS]
    if settings.source == "files" and settings.landing_folder:
        folders.append((settings.landing_folder, settings.landing_folder))
    found = []
    for root, folder in folders:
        for path in landable_files(folder, [settings.data_dir.resolve()]):
            place = path.relative_to(root).as_posix()
            if (
                path.resolve() not in listed
                and printable(place) not in tried
                and SYNTHETIC not in path.relative_to(folder).parts[:-1]
            ):
                state = path.lstat()
                if (place, state.st_size) not in places and (path.name, state.st_size) not in names:
                    found.append(f"{path} {state.st_size} {state.st_mtime_ns}")
    return found
