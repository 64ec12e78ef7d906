"""What the Tab key completes besides commands and options: publications, tables, exhibits, files.

Each takes what has been typed and gives what it may become, with a word of help. The shell waits:
nothing but names and small JSON files is read, and where nothing can be known nothing is given.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from orchestration.settings import Settings

Completions = list[tuple[str, str]]


def publications(incomplete: str) -> Completions:
    """The numbers of the publications that are kept."""
    settings = _settings()
    if settings is None:
        return []
    from orchestration.publishing.reading import kept_publications

    published = settings.published_dir.resolve().name
    return _beginning(
        incomplete,
        ((n, "published" if n == published else "") for n in kept_publications(settings)),
    )


def tables(incomplete: str) -> Completions:
    """The published tables, by their full names or, without a schema, by their own."""
    listed = [
        (name, f"{held['rows']:,} rows") for name, held in _provenance().get("tables", {}).items()
    ]
    short = ((name.partition(".")[2], rows) for name, rows in listed)
    return _beginning(incomplete, listed) or _beginning(incomplete, short)


def exhibits(incomplete: str) -> Completions:
    """The report's figures and tables."""
    provenance = _provenance()
    published = " ".join(provenance.get("tables", []))
    drawn = re.findall(r"\breport\.((?:figure|table)_\d+)\b", published)
    printed = [Path(file) for file in provenance.get("files", []) if file.startswith("tables/")]
    names = {*drawn, *(p.name.partition(".")[0] for p in printed if len(p.parts) == 2)}
    return _beginning(incomplete, ((name, "") for name in sorted(names)))


def landed_files(incomplete: str) -> Completions:
    """The files in the landing zone, by their paths below it."""
    settings = _settings()
    body = _json(settings.manifest_path) if settings else {}
    files = [*body.get("files", []), *(out["file"] for out in body.get("unlanded", []))]
    return _beginning(incomplete, ((f["file"], f["source"]) for f in files))


def _settings() -> Settings | None:
    # not with the module, which every command imports
    from orchestration.errors import ExplainedError
    from orchestration.settings import load_settings

    with suppress(ExplainedError):
        return load_settings()
    return None


def _provenance() -> dict:
    from orchestration.publishing.integrity import PROVENANCE

    settings = _settings()
    return _json(settings.published_dir / PROVENANCE) if settings else {}


def _json(path: Path) -> dict:
    with suppress(OSError, ValueError):
        return json.loads(path.read_text(encoding="utf-8"))
    return {}


def _beginning(incomplete: str, named: Iterable[tuple[str, str]]) -> Completions:
    return [(name, word) for name, word in named if name.startswith(incomplete)]
