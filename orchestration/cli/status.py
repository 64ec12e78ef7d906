"""`lct status`: what is published, from what and how fresh, what waits, and what failed last."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from orchestration.cli.exit_codes import answered
from orchestration.cli.printing import json_text, print_notice
from orchestration.cli.summary import labelled, message_of, newest_years
from orchestration.cli.wrapping import whole
from orchestration.landing.manifest import Manifest, read_manifest
from orchestration.publishing.reading import (
    OpenPublication,
    kept_publications,
    open_publication,
    provenance_of,
)
from orchestration.settings import Settings
from orchestration.sources.live.pending_plan import waiting_requests


def main(as_json: bool = False) -> int:
    """Print the state of the data folder that the settings name. Returns the exit status.

    It is 0 also where nothing is published: that is a state.
    """

    def answer(settings: Settings) -> None:
        status = status_of(settings)
        if as_json:
            print(json_text(status))
            return
        for label, text in _rows(status):
            print("\n".join(labelled(label, text)))

    return answered(answer, as_json)


def status_of(settings: Settings) -> dict[str, Any]:
    """The state of a data folder: `published` (None if nothing is), `waiting`, `last_failure`."""
    if settings.published_dir.exists():
        with open_publication(settings) as publication:
            print_notice(publication.notice)
            provenance = provenance_of(publication.folder)
            published = _published(settings, publication, provenance)
    else:
        provenance, published = {"sources": []}, None
    manifest = read_manifest(settings.manifest_path)
    return {
        "data_folder": str(settings.data_dir),
        "published": published,
        "waiting": _waiting(settings, manifest, provenance),
        "last_failure": last_failure(settings),
    }


def _published(
    settings: Settings, publication: OpenPublication, provenance: dict[str, Any]
) -> dict[str, Any]:
    sources = provenance["sources"]
    return publication.as_json() | {
        "published_at": provenance["published_at"],
        "newest_kept": kept_publications(settings)[-1],
        "choices": provenance["choices"],
        "newest_years": dict(newest_years(publication.connection)),
        "files": len(sources),
        "rows": sum(source["rows"] for source in sources),
        "last_landed_at": max((source["landed_at"] for source in sources), default=None),
    }


def _waiting(settings: Settings, manifest: Manifest, provenance: dict) -> dict[str, Any]:
    """What has landed, been refused, or been taken out since, and what is still to be asked for."""
    published = {(source["file"], source["sha256"]) for source in provenance["sources"]}
    landed = {(f.file, f.sha256) for f in manifest.files}
    current = {(f.file, f.sha256) for f in manifest.current()}
    return {
        "landed_not_published": sorted(file for file, _ in current - published),
        "published_since_taken_out": sorted(file for file, _ in published - landed),
        "refused": [x.reason for x in manifest.left_out if x.status == "refused"],
        "requests": waiting_requests(settings),
    }


def last_failure(settings: Settings) -> dict[str, Any] | None:
    """The last failed run that Dagster keeps, with the reason of each failed step.

    `succeeded_since` says whether a run of the same job has succeeded after it. None if there is
    none.
    """
    if not (settings.dagster_home / "history" / "runs.db").exists():
        return None
    import dagster as dg

    with dg.DagsterInstance.from_config(str(settings.dagster_home)) as instance:
        failed = instance.get_run_records(
            dg.RunsFilter(statuses=[dg.DagsterRunStatus.FAILURE]), limit=1
        )
        if not failed:
            return None
        [record] = failed
        run = record.dagster_run
        last_success = instance.get_run_records(
            dg.RunsFilter(statuses=[dg.DagsterRunStatus.SUCCESS], job_name=run.job_name), limit=1
        )
        events = instance.all_logs(run.run_id, of_type=dg.DagsterEventType.STEP_FAILURE)
        return {
            "run": run.run_id,
            "job": run.job_name,
            "ended_at": _time(record.end_time),
            "succeeded_since": any(s.storage_id > record.storage_id for s in last_success),
            "steps": {
                str(e.step_key): message_of(e.get_dagster_event().step_failure_data.error)
                for e in events
            },
        }


def _time(seconds: float | None) -> str | None:
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def _rows(status: dict[str, Any]) -> Iterator[tuple[str, str]]:
    yield "data folder", whole(status["data_folder"])
    published = status["published"]
    if published is None:
        yield "published", "nothing yet: lct run"
    else:
        yield from _published_rows(published)
    yield from _waiting_rows(status["waiting"])
    yield from _failure_rows(status["last_failure"])


def _published_rows(published: dict[str, Any]) -> Iterator[tuple[str, str]]:
    kind = "SYNTHETIC, every number is invented" if published["is_synthetic"] else "real data"
    yield "published", f"{published['publication']}, {published['published_at']}, {kind}"
    if published["publication"] != published["newest_kept"]:
        yield "", f"not the newest: {published['newest_kept']} was published after it"
    choices = published["choices"]
    yield "choices", f"{choices['basis']}, {choices['hs_treatment']}, {choices['mineral_scope']}"
    years = (whole(f"{title} {year}") for title, year in published["newest_years"].items())
    yield "newest year", ", ".join(years) or "none"
    yield (
        "made from",
        f"{published['files']} files, {published['rows']:,} rows; "
        f"the last landed {published['last_landed_at']}",
    )


def _waiting_rows(waiting: dict[str, Any]) -> Iterator[tuple[str, str]]:
    counted = [
        (len(waiting["landed_not_published"]), "landed, not published: lct run"),
        (len(waiting["published_since_taken_out"]), "published, taken out since: lct run"),
        (len(waiting["refused"]), "refused at the last landing"),
    ]
    texts = [f"{n} file{'' if n == 1 else 's'} {text}" for n, text in counted if n]
    if requests := waiting["requests"]:
        texts.append(f"{requests} requests to UN Comtrade: lct run --source api continues")
    for place, text in enumerate(texts or ["nothing"]):
        yield "" if place else "waiting", text
    for reason in waiting["refused"]:
        yield "refused", reason


def _failure_rows(failure: dict[str, Any] | None) -> Iterator[tuple[str, str]]:
    if failure is None:
        yield "failed last", "no run that Dagster keeps"
        return
    since = "a later one succeeded" if failure["succeeded_since"] else "none has succeeded since"
    yield "failed last", f"{failure['job']}, {failure['ended_at']}; {since}"
    for step, message in failure["steps"].items():
        yield "", f"{step.replace('__', '.')}: {message}"
