"""Writing an export in one step: a file that is whole, or the one that was there before.

The formats' modules, and what they import, are loaded when something is written.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from orchestration.durable import explaining_full_disk, move_into_place, partial_path
from orchestration.errors import ExplainedError
from orchestration.publishing.catalogue import table_named
from orchestration.publishing.exports.extract import (
    PANEL,
    PANEL_TABLE,
    Extract,
    Selection,
    extract_of,
)
from orchestration.publishing.published_exhibits import (
    Language,
    PublishedExhibit,
    exhibit_named,
    exhibits_of,
)
from orchestration.publishing.reading import OpenPublication

Format = Literal["csv", "dta", "parquet", "r", "tex", "xlsx"]

# format -> the ending of its files
ENDINGS: dict[Format, str] = {
    "csv": ".csv",
    "dta": ".dta",
    "parquet": ".parquet",
    "r": ".R",
    "tex": ".tex",
    "xlsx": ".xlsx",
}
OF_EXTRACTS: tuple[Format, ...] = ("csv", "dta", "parquet", "r", "xlsx")
OF_EXHIBITS: tuple[Format, ...] = ("xlsx", "tex")
EXHIBITS = "exhibits"
# what a publication holds ready, below its folder
READY = "exports"


class FormatError(ExplainedError):
    """Something cannot be exported in a format. The message says in which ones it can."""


@dataclass(frozen=True)
class Written:
    """The files of an export, and what whoever exports should hear of it."""

    files: tuple[Path, ...]
    remarks: tuple[str, ...] = ()


def files_of(output_format: Format, path: Path) -> tuple[Path, ...]:
    """The files that an export to `path` writes: a script of R has its data beside it."""
    return (path, path.with_suffix(ENDINGS["csv"])) if output_format == "r" else (path,)


def write_extract(
    extract: Extract, output_format: Format, path: Path, language: Language | None = None
) -> Written:
    """Write the rows of an extract, with labels in a language, or in both where the format can.

    Raises ExtractError for what the format cannot hold, FormatError for a format of exhibits, and
    DiskFullError.
    """
    files = files_of(output_format, path)
    with _replacing(files) as partials:
        remarks = _write_extract(extract, output_format, partials, files, language)
    return Written(files, (*extract.remarks, *remarks))


def _write_extract(
    extract: Extract,
    output_format: Format,
    partials: tuple[Path, ...],
    files: tuple[Path, ...],
    language: Language | None,
) -> list[str]:
    if output_format == "parquet":
        from orchestration.publishing.exports.parquet import write_parquet

        return write_parquet(extract, partials[0])
    if output_format == "dta":
        from orchestration.publishing.exports.stata import write_stata

        return write_stata(extract, partials[0], language)
    if output_format == "xlsx":
        from orchestration.publishing.exports.workbook import write_workbook

        return write_workbook(extract, partials[0])
    from orchestration.publishing.exports.delimited import write_delimited

    if output_format == "csv":
        return write_delimited(extract, partials[0])
    if output_format == "r":
        from orchestration.publishing.exports.r_script import r_script

        partials[0].write_text(r_script(extract, files[1].name, language), encoding="ascii")
        return write_delimited(extract, partials[1])
    raise FormatError(
        f"{extract.table} cannot be exported as {output_format}, but as {', '.join(OF_EXTRACTS)}."
    )


def write_exhibits(
    publication: OpenPublication,
    name: str | None,
    output_format: Format,
    path: Path,
    language: Language | None = None,
) -> Written:
    """Write the exhibit `name`, or all but the variants of tables, as they are printed.

    A workbook has them in both languages without a `language`; LaTeX in English then, because its
    labels would stand twice. Raises UnknownExhibitError; FormatError for what is not printed in
    the format; DiskFullError.
    """
    if output_format not in OF_EXHIBITS:
        raise FormatError(
            f"Exhibits are exported as {' or '.join(OF_EXHIBITS)}. The numbers are in tables: "
            "`lct export report.figure_1`, or estimates.coefficients, has every format."
        )
    languages: tuple[Language, ...] = ("en", "zh") if output_format == "xlsx" else ("en",)
    languages = (language,) if language else languages
    found = {each: _chosen(publication, name, each) for each in languages}
    with _replacing((path,)) as (partial,):
        if output_format == "xlsx":
            from orchestration.publishing.exports.exhibits_workbook import write_exhibits_workbook

            write_exhibits_workbook(publication, found, partial)
        else:
            [(of_language, chosen)] = found.items()
            partial.write_text(_latex(publication, chosen, of_language), encoding="utf-8")
    return Written((path,))


def _chosen(
    publication: OpenPublication, name: str | None, language: Language
) -> list[PublishedExhibit]:
    found = exhibits_of(publication, language)
    return [exhibit_named(name, found)] if name else [e for e in found if "/" not in e.name]


def _latex(publication: OpenPublication, chosen: list[PublishedExhibit], language: Language) -> str:
    """The LaTeX of printed tables one after the other; figures have none."""
    files = [publication.folder / "tables" / f"{e.name}.{language}.tex" for e in chosen if e.file]
    texts = [file.read_text(encoding="utf-8") for file in files if file.is_file()]
    if not texts:
        names = ", ".join(e.name for e in chosen)
        raise FormatError(f"{names}: only tables of regressions have LaTeX. Use --format xlsx.")
    return "\n".join(texts)


def write_ready_exports(publication: OpenPublication) -> None:
    """What every publication holds ready: the panel for Stata, and the workbook of exhibits.

    A panel without a row has no file.
    """
    folder = publication.folder / READY
    folder.mkdir()
    if table_named(publication.connection, PANEL_TABLE).rows:
        write_extract(extract_of(publication, PANEL, Selection()), "dta", folder / "panel.dta")
    write_exhibits(publication, None, "xlsx", folder / "exhibits.xlsx")


@contextmanager
def _replacing(files: tuple[Path, ...]) -> Iterator[tuple[Path, ...]]:
    """Where to write the files; at the end of the block they take their places, the last first."""
    partials = tuple(partial_path(file) for file in files)
    try:
        with explaining_full_disk(files[-1]):
            yield partials
            for partial, file in reversed(list(zip(partials, files, strict=True))):
                move_into_place(partial, file)
    finally:
        for partial in partials:
            partial.unlink(missing_ok=True)
