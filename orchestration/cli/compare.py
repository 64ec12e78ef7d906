"""`lct compare`: which numbers differ between two publications, and what they were made from.

What they were made from stands first: where that differs lies the reason.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from orchestration.cli.exit_codes import answered
from orchestration.cli.printing import as_text, json_text, print_notice, table_lines
from orchestration.cli.summary import labelled
from orchestration.cli.wrapping import whole, wrapped
from orchestration.errors import ExplainedError
from orchestration.publishing.comparison import TableChange, compared_tables
from orchestration.publishing.drift import (
    SUBJECTS,
    Drift,
    drift_between,
    other_choices,
    plural,
)
from orchestration.publishing.integrity import WAREHOUSE
from orchestration.publishing.origins import Differing, OriginChange, compared_origins
from orchestration.publishing.reading import (
    EARLIER,
    LATER,
    SYNTHETIC_NOTICE,
    kept_publications,
    open_side_by_side,
    provenance_of,
    publication_folder,
)
from orchestration.settings import Settings

Rows = Iterator[tuple[str, str]]

INDENT = 4
DRIFTED_SHOWN = 5
COMMIT_SHOWN = 12


class NothingToCompareError(ExplainedError):
    """There are not two publications to compare. The message says what to name."""


@dataclass(frozen=True)
class Comparison:
    """Two publications, by their provenances, and what differs between them."""

    before: dict[str, Any]
    after: dict[str, Any]
    origin: OriginChange
    tables: list[TableChange]
    drift: list[Drift]


def main(
    before: str | None = None,
    after: str | None = None,
    table: str | None = None,
    examples: int = 5,
    as_json: bool = False,
) -> int:
    """Compare two publications, each a number or the folder of a copy. Returns the exit status.

    Without `after` the published one, without `before` the one published before that. 0 whether or
    not they differ.
    """

    def answer(settings: Settings) -> None:
        folders = _folders(settings, before, after)
        found = compared(settings, *folders, table, examples)
        if found.before["is_synthetic"] or found.after["is_synthetic"]:
            print_notice(SYNTHETIC_NOTICE.strip())
        print(json_text(_as_json(found)) if as_json else "\n".join(_lines(found)))

    return answered(answer, as_json)


def compared(
    settings: Settings, before: Path, after: Path, table: str | None, examples: int
) -> Comparison:
    """Compare the publications in two folders; if given, only `table`."""
    was, now = provenance_of(before), provenance_of(after)
    with open_side_by_side(settings, before, after) as connection:
        contents = (was.get("tables", {}), now.get("tables", {}))
        tables = compared_tables(connection, contents, examples, table)
        if reasons := other_choices(_stated(was), _stated(now)):
            why = f"they were made with other choices: {'; '.join(reasons)}"
            drifted = [Drift(subject, 0, not_compared=why) for subject in SUBJECTS]
        else:
            drifted = [drift_between(connection, EARLIER, LATER, s) for s in SUBJECTS]
    return Comparison(was, now, compared_origins(was, now), tables, drifted)


def _folders(settings: Settings, before: str | None, after: str | None) -> tuple[Path, Path]:
    later = _folder(settings, after)
    if before is not None:
        return _folder(settings, before), later
    earlier = [number for number in kept_publications(settings) if number < later.name]
    if not earlier:
        raise NothingToCompareError(
            f"No publication before {later.name} is kept. Name two: `lct compare BEFORE AFTER`, "
            "each a number or the folder of a copy."
        )
    return publication_folder(settings, earlier[-1]), later


def _folder(settings: Settings, named: str | None) -> Path:
    """The folder of a publication named by its number, or by the folder of a copy."""
    if named is not None and (Path(named) / WAREHOUSE).is_file():
        return Path(named).resolve()
    return publication_folder(settings, named)


def _stated(provenance: Mapping[str, Any]) -> dict[str, Any]:
    return {part: provenance.get(part, {}) for part in ("choices", "settings")}


# ---- for programs --------------------------------------------------------------------------------


def _as_json(found: Comparison) -> dict[str, Any]:
    named = ("publication", "published_at", "is_synthetic")
    return {
        "before": {name: found.before[name] for name in named},
        "after": {name: found.after[name] for name in named},
        "made_from": asdict(found.origin),
        "tables": [asdict(change) for change in found.tables],
        "drift": [asdict(drifted) for drifted in found.drift],
    }


# ---- for people ----------------------------------------------------------------------------------


def _lines(found: Comparison) -> Iterator[str]:
    for label, text in [*_headings(found), *_origin_rows(found.origin), *_drift_rows(found.drift)]:
        yield from labelled(label, text)
    yield ""
    if not found.tables:
        yield "No published number differs."
        return
    yield from _counts(found.tables)
    for change in found.tables:
        yield from _details(change)


def _headings(found: Comparison) -> Rows:
    for label, provenance in (("before", found.before), ("after", found.after)):
        kind = "SYNTHETIC" if provenance["is_synthetic"] else "real data"
        yield label, f"{provenance['publication']}, {provenance['published_at']}, {kind}"


def _origin_rows(origin: OriginChange) -> Rows:
    rows = [
        *_file_rows("added", origin.files_added),
        *_file_rows("gone", origin.files_gone),
        *(
            (part, f"{d.name}: {as_text(d.before) or 'none'} -> {as_text(d.after) or 'none'}")
            for part in ("settings", "choices", "versions")
            for d in origin.of(part)
        ),
        *_seed_rows(origin.of("seeds")),
        *_git_rows({d.name: d for d in origin.of("git")}),
    ]
    if not rows:
        yield "made from", "the same files, settings, seeds, versions and commit"
    last = ""
    for label, text in rows:
        yield "" if label == last else label, text
        last = label


def _file_rows(what: str, files: tuple[dict[str, Any], ...]) -> Rows:
    """The files of a source and release in a line: by name, or how many."""

    def source(file: dict[str, Any]) -> tuple[str, str]:
        return file["source"], str(file.get("release") or "")

    for (name, release), group in itertools.groupby(sorted(files, key=source), key=source):
        held = [file["file"] for file in group]
        more = f" and {len(held) - 1} more" if len(held) > 1 else ""
        of_release = f", release {release}" if release else ""
        yield f"files {what}", f"{name}{of_release}: {whole(held[0])}{more}"


def _seed_rows(seeds: list[Differing]) -> Rows:
    if seeds:
        yield "seeds", ", ".join(seed.name for seed in seeds)


def _git_rows(git: dict[str, Differing]) -> Rows:
    if commit := git.get("commit"):
        was, now = (str(c or "unknown")[:COMMIT_SHOWN] for c in (commit.before, commit.after))
        yield "git", f"{was} -> {now}"
    if changes := git.get("has_local_changes"):
        which = "after" if changes.after else "before"
        yield "git", f"local changes that are not committed in the one {which}"


def _drift_rows(drifts: list[Drift]) -> Rows:
    for drift in drifts:
        label = plural(drift.subject)
        if drift.not_compared:
            yield label, f"not held against the bounds of drift: {drift.not_compared}"
            continue
        beyond = f"{len(drift.moved)} of {drift.compared} beyond the bounds of drift"
        stops = sum(moved.is_blocking for moved in drift.moved)
        yield label, beyond + (f", {stops} beyond those that stop a publication" if stops else "")
        for moved in drift.moved[:DRIFTED_SHOWN]:
            yield "", moved.both_values()


def _counts(tables: list[TableChange]) -> list[str]:
    return list(
        table_lines(
            ["table", "rows before", "rows after", "added", "gone", "changed"],
            [[t.table, t.rows_before, t.rows_after, t.added, t.gone, t.changed] for t in tables],
        )
    )


def _details(change: TableChange) -> Iterator[str]:
    texts = list(_remarks(change))
    if not (texts or change.largest):
        return
    yield ""
    yield change.table
    for text in texts:
        yield from _indented(text)
    for largest in change.largest:
        percent = "" if largest.percent is None else f" {whole(f'({largest.percent:+.3g} %)')}"
        values = f"{_value(largest.before)} -> {_value(largest.after)}"
        yield from _indented(f"{_key(largest.key)}: {largest.column} {values}{percent}")


def _remarks(change: TableChange) -> Iterator[str]:
    if change.rows_before is None:
        yield "only in the one after"
    elif change.rows_after is None:
        yield "only in the one before"
    elif not change.key:
        yield "rows without a key, compared as wholes"
    for what, columns in (("added", change.columns_added), ("gone", change.columns_gone)):
        if columns:
            yield f"columns {what}: {', '.join(columns)}"
    for what, keys in (("added", change.examples_added), ("gone", change.examples_gone)):
        if keys:
            yield f"{what}, first: {'; '.join(_key(key) for key in keys)}"
    if change.changed_columns:
        counts = (whole(f"{name} {rows:,}") for name, rows in change.changed_columns.items())
        yield f"rows changed by column: {', '.join(counts)}"


def _key(key: dict[str, Any]) -> str:
    return " ".join(whole(as_text(value)) for value in key.values() if value is not None)


def _value(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    return whole(as_text(value)) if value is not None else "nothing"


def _indented(text: str) -> list[str]:
    return wrapped(text, indent=INDENT)
