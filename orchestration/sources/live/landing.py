"""How the answers of a refresh land, whichever service they come from, and what becomes of others.

An answer lands as a file. One that cannot is left out with the reason, and kept for inspection.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from orchestration.landing.layout import LandingError
from orchestration.landing.manifest import LeftOut, Manifest
from orchestration.landing.registration import register
from orchestration.sources.live.comtrade import TruncatedAnswerError
from orchestration.sources.live.errors import TransientError
from orchestration.sources.live.services import Say


@dataclass(frozen=True)
class AnswerLanding:
    """The landing of one refresh's answers, from `incoming`, and the list of what it left out.

    `redacted` takes secrets out of a text.
    """

    manifest: Manifest
    incoming: Path
    say: Say
    redacted: Callable[[str], str]
    left_out: list[LeftOut] = field(default_factory=list)

    def land(self, path: Path, parameters: dict) -> bool:
        """Land the answer at `path`; `parameters` go to the manifest. Whether it was accepted."""
        refused = register(self.manifest, [path], "api", parameters=parameters)
        for item in refused:
            self.say(f"{item.status}: {item.reason}")
        self.left_out.extend(refused)
        return not refused

    def leave_out(self, what: str, error: LandingError | str) -> None:
        """Go on without `what`, and say why."""
        reason = self.redacted(str(error))
        self.left_out.append(LeftOut(what, "refused", reason))
        self.say(f"refused: {reason}")

    def keep_refused(self, name: str) -> None:
        """Move the answer that landing refused to where it can be inspected."""
        shutil.move(self.incoming / name, self._refused_folder() / name)

    def keeping_refused(self, check: Callable[[Path], tuple]) -> Callable[[Path], tuple]:
        """The check, with a copy of every refused answer kept for inspection.

        Refused is a valid answer that does not answer the request.
        """

        def checked(path: Path) -> tuple:
            try:
                return check(path)
            except (TransientError, TruncatedAnswerError):
                raise
            except LandingError:
                shutil.copyfile(path, self._refused_folder() / path.name.removeprefix(".part-"))
                raise

        return checked

    def _refused_folder(self) -> Path:
        folder = self.incoming / "refused"
        folder.mkdir(parents=True, exist_ok=True)
        return folder
