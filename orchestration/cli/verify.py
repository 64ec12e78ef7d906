"""`lct verify`, `make verify`: all that landed, was loaded and published, against the records."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict

from orchestration.build.verification import verify_build_file
from orchestration.cli.exit_codes import FAILED, MISUSED
from orchestration.cli.printing import print_error
from orchestration.durable import LockTimeoutError
from orchestration.landing.layout import LandingError
from orchestration.landing.manifest import read_manifest
from orchestration.landing.verification import Damage, Findings, verify_zone
from orchestration.publishing.integrity import verify_publication
from orchestration.settings import SettingError, Settings, load_settings
from orchestration.sources.repairing import copies

RUN_AGAIN = "make run loads it again"
PUBLISH_AGAIN = "make run publishes again; make restore goes back to the publication before"


def main(as_json: bool = False) -> int:
    """Verify the data folder that the settings name, and heal what can be healed.

    Returns the process's exit status: 0 healthy or healed, 1 damage left, 2 a wrong setting.
    """
    started = time.monotonic()
    try:
        settings = load_settings()
    except SettingError as error:
        print_error(error, as_json)
        return MISUSED
    try:
        findings = verify(settings, _say)
    except (LockTimeoutError, OSError) as error:
        print_error(error, as_json)
        return FAILED
    left = [d for d in findings.damages if not d.is_healed]
    if as_json:
        print(json.dumps(_as_json(findings), indent=1, ensure_ascii=False))
    else:
        for line in _lines(findings, time.monotonic() - started):
            print(line)
    return FAILED if left else 0


def verify(settings: Settings, say: Callable[[str], None] = lambda _: None) -> Findings:
    """The findings on the landing zone, then on what was made from it."""
    with copies(settings, say) as find_again:
        findings = verify_zone(settings.manifest_path, find_again, say)
    try:
        manifest = read_manifest(settings.manifest_path)
    except LandingError:  # named already
        return findings
    if settings.build_path.exists():
        for what in verify_build_file(settings.build_path, manifest, say):
            findings.damages.append(Damage(str(settings.build_path), what, False, RUN_AGAIN))
    else:
        findings.notes.append("nothing has been loaded yet: make run")
    if settings.published_dir.exists():
        where = str(settings.published_dir)
        for damage in verify_publication(settings.published_dir.resolve()):
            findings.damages.append(Damage(where, str(damage), False, PUBLISH_AGAIN))
    else:
        findings.notes.append("nothing has been published yet: make run")
    return findings


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _as_json(findings: Findings) -> dict:
    left = sum(not d.is_healed for d in findings.damages)
    return {"is_healthy": left == 0, "damages_left": left, **asdict(findings)}


def _lines(findings: Findings, seconds: float) -> Iterator[str]:
    for damage in findings.damages:
        yield f"{'healed' if damage.is_healed else 'DAMAGED'}: {damage.where}: {damage.what}"
        yield f"  {damage.remedy}"
    for note in findings.notes:
        yield f"note: {note}"
    left = sum(not d.is_healed for d in findings.damages)
    state = "healthy" if left == 0 else f"{left} damage{'s' if left > 1 else ''} left"
    yield (
        f"{state}: {findings.files:,} landed files, {findings.bytes / 1e6:,.0f} MB, "
        f"checked in {seconds:.1f} s"
    )
