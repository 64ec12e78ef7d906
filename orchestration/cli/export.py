"""`lct export`: the panel, a table or the exhibits of a publication as a file for other programs.

Stata, Excel, R, CSV, Parquet and LaTeX; what each file holds is in docs/exports.md.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestration.cli.exit_codes import UsageError, answered
from orchestration.cli.places import refuse_place
from orchestration.cli.printing import json_text, print_notice
from orchestration.errors import ExplainedError
from orchestration.messages import shown
from orchestration.publishing.exports.extract import PANEL, Selection, extract_of
from orchestration.publishing.exports.writing import (
    ENDINGS,
    EXHIBITS,
    OF_EXHIBITS,
    OF_EXTRACTS,
    Format,
    Written,
    files_of,
    write_exhibits,
    write_extract,
)
from orchestration.publishing.published_exhibits import Language
from orchestration.publishing.reading import OpenPublication, open_publication
from orchestration.settings import Settings

# the exhibits, as `lct exhibits` lists them; a table of the same name has its schema in front
EXHIBIT_NAME = re.compile(r"(\w+/)?(figure|table|gravity|instrument)_[0-9]+")


@dataclass(frozen=True)
class Export:
    """What to export, how, and where to; texts as they are given on the command line.

    what        panel, exhibits, an exhibit or a table
    economies, years, variables
                separated by commas, such as DEU,FRA and 2000-2010,2015; None for all
    to          the file; without it one of the export's name in the working folder
    force       replace a file that is there
    """

    what: str = PANEL
    output_format: Format | None = None
    to: Path | None = None
    economies: str | None = None
    years: str | None = None
    variables: str | None = None
    language: Language | None = None
    force: bool = False
    publication: str | None = None


class FileExistsAlreadyError(ExplainedError):
    """The file is there, and nobody said that it may be replaced."""


def main(export: Export, as_json: bool = False) -> int:
    """Write the export, and say what was written. Returns the exit status."""

    def answer(settings: Settings) -> None:
        output_format = chosen_format(export)
        path = export.to or Path(f"{_stem(export.what)}{ENDINGS[output_format]}")
        _refuse_files(settings, files_of(output_format, path), export.force)
        with open_publication(settings, export.publication) as publication:
            print_notice(publication.notice)
            stated, written = _write(publication, export, output_format, path)
            files = [str(file) for file in written.files]
            if as_json:
                stated = {"export": export.what, "format": output_format} | stated
                stated |= {"files": files, "remarks": list(written.remarks)}
                print(json_text(publication.as_json() | stated))
                return
            rows = f"{stated['rows']:,} row{'s' * (stated['rows'] != 1)}, " if stated else ""
            print(f"{' and '.join(files)}: {rows}publication {publication.number}")
            for remark in written.remarks:
                print(remark)

    return answered(answer, as_json)


def chosen_format(export: Export) -> Format:
    """The format that was named, or that of the file's ending. Raises UsageError."""
    if export.output_format:
        return export.output_format
    ending = export.to.suffix.lower() if export.to else ""
    for output_format, its_ending in ENDINGS.items():
        if ending == its_ending.lower():
            return output_format
    formats = OF_EXHIBITS if _is_exhibit(export.what) else OF_EXTRACTS
    raise UsageError(
        f"Name a format with --format ({', '.join(formats)}), or a file with its ending with --to."
    )


def selection_of(export: Export) -> Selection:
    """Which part of a table is asked for. Raises UsageError for years that are none."""
    return Selection(
        tuple(dict.fromkeys(code.upper() for code in _parts(export.economies))),
        tuple(_range(years) for years in _parts(export.years)),
        tuple(_parts(export.variables)),
    )


def _write(
    publication: OpenPublication, export: Export, output_format: Format, path: Path
) -> tuple[dict[str, Any], Written]:
    """Write the files; returns how many rows they have, if they have rows."""
    selection = selection_of(export)
    if _is_exhibit(export.what):
        if selection != Selection():
            raise UsageError(
                "Exhibits are exported as they are printed: leave --economies, --years and "
                "--variables out, or export a table."
            )
        name = None if export.what == EXHIBITS else export.what
        return {}, write_exhibits(publication, name, output_format, path, export.language)
    extract = extract_of(publication, export.what, selection)
    written = write_extract(extract, output_format, path, export.language)
    return {"rows": extract.rows}, written


def _is_exhibit(what: str) -> bool:
    return what == EXHIBITS or bool(EXHIBIT_NAME.fullmatch(what))


def _stem(what: str) -> str:
    """The name of the file: of a table without its schema, of a variant's table with it."""
    return what.replace("/", "_") if _is_exhibit(what) else what.rpartition(".")[2]


def _refuse_files(settings: Settings, files: tuple[Path, ...], force: bool) -> None:
    for file in files:
        refuse_place(settings, file)
        if file.exists() and not force:
            raise FileExistsAlreadyError(
                f"{file} exists. Replace it with --force, or name another file with --to."
            )


def _parts(text: str | None) -> list[str]:
    return [part.strip() for part in (text or "").split(",") if part.strip()]


def _range(years: str) -> tuple[int, int]:
    found = re.fullmatch(r"([0-9]{4})(?:-([0-9]{4}))?", years)
    if not found or (found[2] and found[2] < found[1]):
        raise UsageError(f"--years {shown(years)}: give years such as 2000-2020 or 2005,2010-2015.")
    return int(found[1]), int(found[2] or found[1])
