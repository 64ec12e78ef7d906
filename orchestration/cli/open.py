"""`lct open`: what is published, in the browser of this machine; where there is none, its place."""

from __future__ import annotations

import json
import os
import sys
import urllib.request
import webbrowser
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Literal

from orchestration.cli.exit_codes import answered
from orchestration.cli.printing import json_text, print_notice
from orchestration.errors import ExplainedError
from orchestration.publishing.reading import open_publication
from orchestration.settings import Settings

What = Literal["page", "dagster", "docs", "codebook", "pictures", "tables"]

SECONDS_TO_ANSWER = 3.0


class NothingToOpenError(ExplainedError):
    """What is to be opened is not there. The message says what makes it."""


@dataclass(frozen=True)
class Place:
    """Something a publication may have: where below its folder, and what it is."""

    path: str
    title: str


PLACES: dict[str, Place] = {
    "page": Place("report/index.html", "the report as a page"),
    "docs": Place("dbt_docs.html", "dbt's documentation of the models"),
    "codebook": Place("codebook.html", "the codebook"),
    "pictures": Place("figures", "the pictures"),
    "tables": Place("tables", "the printed tables"),
}


def main(what: What = "page", publication: str | None = None, as_json: bool = False) -> int:
    """Open `what` in the browser, or say where it is. Returns the exit status.

    For programs (`as_json`) nothing is opened.
    """

    def answer(settings: Settings) -> None:
        if what == "dagster":
            stated, place, address = _dagster(settings)
        else:
            stated, place, address = _published(settings, what, publication)
        is_opened = not as_json and open_in_browser(address)
        if as_json:
            print(json_text(stated | {"what": what, "place": place, "address": address}))
        elif is_opened:
            print(f"opened in the browser: {place}")
        else:
            print(place)
            print("there is no browser here to open it", file=sys.stderr)

    return answered(answer, as_json)


def open_in_browser(address: str) -> bool:
    """Open an address in a browser with windows; False where there is none.

    One that works in the terminal would take it over, or wait unseen: it is used only if BROWSER
    names it.
    """
    has_windows = sys.platform in ("darwin", "win32") or any(
        os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")
    )
    return has_windows and webbrowser.open(address)


def _published(
    settings: Settings, what: str, publication: str | None
) -> tuple[dict[str, Any], str, str]:
    with open_publication(settings, publication) as opened:
        print_notice(opened.notice)
        stated, number = opened.as_json(), opened.number
        folder = settings.published_dir if publication is None else opened.folder
    place = folder / PLACES[what].path
    if not place.exists():
        held = [name for name, other in PLACES.items() if (folder / other.path).exists()]
        raise NothingToOpenError(
            f"Publication {number} does not have {PLACES[what].title} ({PLACES[what].path}). "
            "`lct run` publishes again where this version publishes more. "
            f"There are: {', '.join(held) or 'none of those'}; "
            "`lct exhibits` shows figures and tables on the terminal."
        )
    return stated, str(place), place.absolute().as_uri()


def _dagster(settings: Settings) -> tuple[dict[str, Any], str, str]:
    address = f"http://127.0.0.1:{settings.dagster_port}"
    if not _is_dagster(address):
        raise NothingToOpenError(
            f"Dagster does not answer at {address}. Start it with `lct dev`, or name the port it "
            "listens on in LCT_DAGSTER_PORT."
        )
    return {}, address, address


def _is_dagster(address: str) -> bool:
    """Whether Dagster's web server, and not another program, answers there."""
    without_proxy = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with without_proxy.open(f"{address}/server_info", timeout=SECONDS_TO_ANSWER) as response:
            return response.status == HTTPStatus.OK and "dagster_version" in json.load(response)
    except (OSError, ValueError):
        return False
