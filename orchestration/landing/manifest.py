"""The landing zone's manifest: what has landed, from where, with which checksum.

`register` is the one way to add to it. A file is inspected completely before it is listed, so that
loading never meets a file it cannot read. Landed files are never altered: a newer file of the same
name is stored beside the old one and supersedes it.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pyarrow as pa

from orchestration.durable import write_then_replace
from orchestration.landing import layout as layouts
from orchestration.landing.layout import (
    EmptyAnswerError,
    LandedTable,
    LandingError,
    Layout,
    UnknownLayoutError,
)

MANIFEST_VERSION = 1


@dataclass(frozen=True)
class TableEntry:
    """A table inside a landed file: its layout, its rows and, for trade, the years it holds."""

    layout: str
    member: str | None
    rows: int
    years: tuple[int, ...] = ()
    hs_revision: str | None = None
    release: str | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class FileEntry:
    """A landed file.

    `file` is its path below the landing zone; `sequence` orders landings: the higher, the newer.
    """

    file: str
    source: str
    origin: str
    parameters: dict
    landed_at: str
    bytes: int
    sha256: str
    rows: int
    release: str | None
    sequence: int
    tables: tuple[TableEntry, ...]
    superseded_by: str | None = None

    @property
    def asked(self) -> dict | None:
        """The parameters of the UN Comtrade request that gave this answer, as sent, or None.

        None means that the file does not answer a request of ours.
        """
        return self.parameters.get("asked")

    def years_of(self, layout: Layout) -> set[int]:
        """The years of trade this file covers.

        They are the years it holds and, for an answer, those that were requested (it may hold
        nothing for them).
        """
        return {y for t in self.tables if t.layout == layout.name for y in t.years} | (
            {int(y) for y in self.asked["period"].split(",")} if self.asked else set()
        )


@dataclass(frozen=True)
class LeftOut:
    """A file that did not land.

    `status` is skipped (nothing is wrong with it) or refused (it is unusable).
    """

    file: str
    status: str
    reason: str


@dataclass
class Manifest:
    """All landed files.

    `world` says whether the warehouse is built from the synthetic (demo) or the real files.
    """

    path: Path
    world: str = "real"
    files: list[FileEntry] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)

    @property
    def folder(self) -> Path:
        return self.path.parent

    def current(self, layout: Layout | None = None) -> list[FileEntry]:
        """The files the warehouse is built from, oldest first.

        They are the ones of the chosen world that are not superseded.
        """
        chosen = [
            f
            for f in self.files
            if f.superseded_by is None
            and (f.origin == "demo") == (self.world == "demo")
            and (layout is None or any(t.layout == layout.name for t in f.tables))
        ]
        return sorted(chosen, key=lambda f: f.sequence)

    def replayed(self, layout: Layout) -> list[FileEntry]:
        """The files whose rows make up a raw trade table, oldest first.

        They are the current ones and, among a service's answers, the superseded ones too. An answer
        replaces what an older one reported within the scope of its request; the earlier values are
        kept as a revision.
        """
        of_layout = [
            f
            for f in self.files
            if any(t.layout == layout.name for t in f.tables)
            and (f.superseded_by is None or f.asked is not None)
        ]
        return sorted(
            (f for f in of_layout if (f.origin == "demo") == (self.world == "demo")),
            key=lambda f: f.sequence,
        )

    def years(self, layout: Layout) -> set[int]:
        return {y for f in self.current(layout) for y in f.years_of(layout)}

    def write(self) -> None:
        """Replace the manifest on disk, atomically."""
        self.folder.mkdir(parents=True, exist_ok=True)
        body = {
            "version": MANIFEST_VERSION,
            "world": self.world,
            "files": [asdict(f) for f in self.files],
            "left_out": [asdict(x) for x in self.left_out],
        }
        write_then_replace(self.path, json.dumps(body, indent=1, ensure_ascii=False))


def read_manifest(path: Path) -> Manifest:
    """Read the manifest at `path`; an absent one is an empty one.

    Raises LandingError if it is damaged.
    """
    if not path.exists():
        return Manifest(path)
    try:
        body = json.loads(path.read_text(encoding="utf-8"))
        files = [
            FileEntry(
                **{
                    **f,
                    "tables": tuple(
                        TableEntry(**{**t, "years": tuple(t["years"]), "notes": tuple(t["notes"])})
                        for t in f["tables"]
                    ),
                }
            )
            for f in body["files"]
        ]
        return Manifest(path, body["world"], files, [LeftOut(**x) for x in body["left_out"]])
    except (ValueError, KeyError, TypeError) as error:
        raise LandingError(
            f"{path}: the manifest is damaged ({error}). Remove it and register the files again."
        ) from error


def sha256_of(path: Path) -> str:
    with open(path, "rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def inspect_table(table: LandedTable, connection: duckdb.DuckDBPyConnection) -> TableEntry:
    """Read a table to its end: count its rows and years, and check that every number is one.

    Raises LandingError naming the file, the first bad row, the column and the value.
    """
    checks = layouts.number_checks(table.layout)
    value_columns = table.year_columns if table.layout is layouts.WDI_INDICATORS else []
    bad = {c.name: _bad_value(c) for c in checks} | {
        y: f'"{y}" is not null and try_cast("{y}" as double) is null' for y in value_columns
    }
    year_column = {"comtrade_trade": "refYear", "baci_trade": "t"}.get(table.layout.name)
    selected = [
        "count(*)",
        f'list(distinct try_cast("{year_column}" as integer))' if year_column else "null",
    ]
    for name, condition in bad.items():
        selected += [
            f"min(landed_row) filter ({condition})",
            f"arg_min(coalesce(\"{name}\", ''), landed_row) filter ({condition})",
        ]
    [result] = run_over_rows(table, connection, f"select {', '.join(selected)} from landed_rows")
    rows, years, found = result[0], result[1] or [], result[2:]
    for (name, _), row, value in zip(bad.items(), found[::2], found[1::2], strict=True):
        if row is not None:
            what = "blank" if value == "" else f"{value!r}"
            raise LandingError(
                f"{table.label}: row {row}, column {name}: {what} where a value is needed. "
                "Land the file as published, or ask for it again."
            )
    if table.layout is layouts.COMTRADE_TRADE:
        _refuse_lost_detail(table, connection)
    return TableEntry(
        table.layout.name,
        table.member,
        rows,
        tuple(sorted(y for y in years if y is not None)),
        table.hs_revision,
        table.release,
        table.notes,
    )


# what makes a row of a UN Comtrade answer unique; staging removes repeated rows by the same columns
COMTRADE_KEY = (
    "period",
    "refYear",
    "reporterCode",
    "flowCode",
    "partnerCode",
    "partner2Code",
    "classificationCode",
    "cmdCode",
    "customsCode",
    "mosCode",
    "motCode",
)


def _refuse_lost_detail(table: LandedTable, connection: duckdb.DuckDBPyConnection) -> None:
    """Refuse a file in which one key occurs with several values.

    The columns that told its rows apart are lost, so no sum would be right.
    """
    key = ", ".join(f"trim({c}) as {c}" for c in COMTRADE_KEY)
    [(keys, rows, row)] = run_over_rows(
        table,
        connection,
        f"""
        select count(*), sum(row_count), min(first_row) from (
            select {key},
                count(*) as row_count,
                min(landed_row) as first_row,
                count(distinct try_cast(primaryValue as double)) as value_count
            from landed_rows group by all
        ) where value_count > 1
        """,
    )
    if keys:
        raise LandingError(
            f"{table.label}: {rows:,} rows stand for only {keys:,} keys, "
            "with different values under one key "
            f"(first at row {row}, columns {', '.join(COMTRADE_KEY[2:])}). "
            "The columns that told totals from parts are lost, "
            "so any sum would count several times. "
            "Pull the data again pinned to partner2Code=0, customsCode=C00 and motCode=0."
        )


def _bad_value(column: layouts.Column) -> str:
    name = f'"{column.name}"'
    sql_type = "bigint" if column.kind == "integer" else "double"
    not_a_number = f"({name} is not null and try_cast({name} as {sql_type}) is null)"
    blank = f"{name} is null or trim({name}) = ''"
    if column.kind == "text":
        return blank
    return (
        f"{not_a_number} or {blank}"
        if column.required and not column.blank_allowed
        else not_a_number
    )


def run_over_rows(
    table: LandedTable,
    connection: duckdb.DuckDBPyConnection,
    sql: str,
    parameters: list | None = None,
) -> list[tuple]:
    """Run `sql` over the streamed rows of `table` and return what it selects.

    The rows are visible to it as `landed_rows`. A LandingError raised while reading surfaces as
    itself, not wrapped in the database's own error.
    """
    met: list[BaseException] = []
    batches = layouts.read_batches(table)
    first = next(batches, None)
    if first is None:
        first = pa.RecordBatch.from_pylist([], schema=_empty_schema(table))

    def stream() -> Iterable[pa.RecordBatch]:
        try:
            yield first
            yield from batches
        except BaseException as error:
            met.append(error)
            raise

    reader = pa.RecordBatchReader.from_batches(first.schema, stream())
    connection.register("landed_rows", reader)
    try:
        return connection.execute(sql, parameters or []).fetchall()
    except duckdb.Error:
        if met:
            raise met[0] from None
        raise
    finally:
        connection.unregister("landed_rows")


def _empty_schema(table: LandedTable) -> pa.Schema:
    names = [c.name for c in table.layout.columns] + (
        table.year_columns if table.layout is layouts.WDI_INDICATORS else []
    )
    return pa.schema([("landed_row", pa.int64()), *((n, pa.string()) for n in names)])


def register(
    manifest: Manifest,
    paths: Iterable[Path],
    origin: str,
    say: Callable[[str], None] = lambda _: None,
    parameters: dict | None = None,
) -> list[LeftOut]:
    """Land the files at `paths`: inspect each, store it unchanged, list it in the manifest.

    A file that cannot be used is left out with its reason, and the rest goes on. The manifest is
    written after every file, so that an interrupted registration loses nothing. Returns what was
    left out.
    """
    left_out: list[LeftOut] = []
    connection = duckdb.connect()
    connection.execute("set preserve_insertion_order = true")
    try:
        for path in paths:
            outcome = _register_one(manifest, path, origin, connection, parameters or {})
            if isinstance(outcome, LeftOut):
                left_out.append(outcome)
                say(f"{outcome.status}: {outcome.reason}")
            elif outcome is not None:
                manifest.write()
                say(f"landed: {outcome.file}  {outcome.rows:,} rows")
    finally:
        connection.close()
    manifest.left_out = left_out
    manifest.write()
    return left_out


def _register_one(
    manifest: Manifest,
    path: Path,
    origin: str,
    connection: duckdb.DuckDBPyConnection,
    parameters: dict,
) -> FileEntry | LeftOut | None:
    digest = sha256_of(path)
    same_world = [
        f
        for f in manifest.files
        if f.superseded_by is None and (f.origin == "demo") == (origin == "demo")
    ]
    # an answer with the same content as an earlier one still lands: it shows that nothing changed
    for known in same_world if origin != "api" else []:
        if known.sha256 == digest:
            named_alike = (
                known.parameters.get("published_name", Path(known.file).name) == path.name
                or (manifest.folder / known.file) == path
            )
            if named_alike and (manifest.folder / known.file).exists():
                return None
            if not (manifest.folder / known.file).exists():
                _store(path, manifest.folder / known.file)
                return None
            return LeftOut(
                path.name,
                "skipped",
                f"{path.name}: the same content has already landed as {known.file}",
            )
    try:
        tables, members_left_out = layouts.open_tables(path)
        entries = tuple(inspect_table(t, connection) for t in tables)
    except EmptyAnswerError as empty:
        if origin != "api":
            return LeftOut(path.name, "skipped", str(empty))
        members_left_out, entries = [], (TableEntry(layouts.COMTRADE_TRADE.name, None, 0),)
    except UnknownLayoutError as unknown:
        return LeftOut(path.name, "skipped", str(unknown))
    except LandingError as error:
        return LeftOut(path.name, "refused", str(error))
    source = layouts.LAYOUTS[entries[0].layout].source
    folder = manifest.folder / source / ("demo" if origin == "demo" else "")
    older = [
        f
        for f in same_world
        if f.source == source and f.parameters.get("published_name") == path.name
    ]
    target = folder / path.name
    if target.exists() and target != path and sha256_of(target) != digest:
        base, dot, rest = path.name.partition(".")
        target = folder / f"{base}.{digest[:8]}{dot}{rest}"
    if target != path:
        _store(path, target)
    entry = FileEntry(
        file=target.relative_to(manifest.folder).as_posix(),
        source=source,
        origin=origin,
        parameters={
            "published_name": path.name,
            **parameters,
            **({"members_left_out": members_left_out} if members_left_out else {}),
        },
        landed_at=datetime.now(UTC).isoformat(timespec="seconds"),
        bytes=path.stat().st_size,
        sha256=digest,
        rows=sum(e.rows for e in entries),
        release=next((e.release for e in entries if e.release), parameters.get("release")),
        sequence=1 + max((f.sequence for f in manifest.files), default=0),
        tables=entries,
    )
    replaced = {f.file for f in older}
    manifest.files = [
        FileEntry(**{**f.__dict__, "superseded_by": entry.file}) if f.file in replaced else f
        for f in manifest.files
    ] + [entry]
    return entry


def _store(path: Path, target: Path) -> None:
    """Store `path` unchanged at `target`, never half-written.

    It is a hard link where the file system allows, else a copy.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".part-{target.name}")
    partial.unlink(missing_ok=True)
    try:
        os.link(path, partial)
    except OSError:
        shutil.copyfile(path, partial)
    os.replace(partial, target)
