"""Publication: copying the build file to what analysts open, in one atomic step.

published/ is a symbolic link to the newest folder below publications/. A new folder is completed
beside it, sealed and checked, and the link is replaced: a reader sees the old publication or the
new one, never a mixture, and an open connection keeps reading what it opened.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import duckdb

from orchestration.build import fingerprints, warehouse
from orchestration.build.dbt_project import dbt_manifest
from orchestration.build.estimates import write_printed_tables
from orchestration.build.warehouse import WarehouseError
from orchestration.durable import (
    bytes_below,
    explaining_full_disk,
    point_link,
    sql_name,
    sql_text,
    transaction,
)
from orchestration.landing.manifest import Manifest, read_manifest
from orchestration.progress import counted
from orchestration.publishing.catalogue import grain_of
from orchestration.publishing.disclosure import withheld_tables
from orchestration.publishing.drift import HOW_TO_ACCEPT, SUBJECTS, drift
from orchestration.publishing.exports.writing import write_ready_exports
from orchestration.publishing.integrity import (
    OWN_CHECKSUM,
    PROVENANCE,
    UNLISTED,
    WAREHOUSE,
    non_finite_numbers,
    remove_publication,
    seal,
    tables_that_differ,
    verify_publication,
)
from orchestration.publishing.lineage import declared_tables
from orchestration.publishing.macros import write_macros
from orchestration.publishing.reading import SYNTHETIC_NOTICE, kept_publications, open_folder
from orchestration.settings import PROJECT_ROOT, Settings

PUBLISHED_SCHEMAS = ("marts", "report", "estimates")
KEPT_PUBLICATIONS = 3
NOT_CONTENT = ("publication", "published_at", "files", OWN_CHECKSUM)
PACKAGES = (
    "altair",
    "dagster",
    "dagster-dbt",
    "dbt-core",
    "dbt-duckdb",
    "duckdb",
    "numpy",
    "pandas",
    "pyarrow",
    "pyfixest",
    "vl-convert-python",
)


@dataclass(frozen=True)
class Publication:
    """The result: its folder, whether its content differs from the one before, rows per table."""

    folder: Path
    changed: bool
    rows: dict[str, int]


def publish(
    settings: Settings,
    say: Callable[[str], None] = lambda _: None,
    may_skip: bool = False,
) -> Publication:
    """Publish the build file's marts, report and estimates.

    If the content equals the current publication, and that one is unaltered, it stays in place;
    where `may_skip`, without being written again and compared, if it was made from the same.
    The writer's lock is held until the link points at the new folder, so that a second publisher
    waits and then sees what the first one has published.

    Raises WarehouseError if the models or the estimates are not complete, with every blocking test
    passed, on the data loaded; if a number is NaN or infinite; or if a number has moved since the
    current publication by more than the bound that stops a publication (unless
    settings.accept_drift). Raises DiskFullError if the disk is full.
    """
    with warehouse.writing(settings.build_path, say) as connection:
        _refuse_if_it_is_not_ready(connection, settings)
        # read under the lock: the manifest may have grown while this publisher waited
        origin = _origin(settings, read_manifest(settings.manifest_path), connection)
        made_from = fingerprints.of_publication(connection, origin)
        if may_skip and (standing := _standing_publication(connection, settings, made_from, say)):
            return standing
        _refuse_if_it_must_not_be_published(connection, settings)
        publications = _publications_without_leftovers(settings)
        numbers = sorted(int(p.name) for p in publications.iterdir() if p.name.isdigit())
        folder = publications / f"{(numbers[-1] if numbers else 0) + 1:06d}"
        with _partial_folder(folder, settings) as partial:
            provenance = _write_tables(connection, partial, origin, folder.name, say)
            rows = _rows(provenance)
            current = _unaltered_publication(settings, say)
            if current is not None and _content(current[1]) == _content(provenance):
                say(f"content unchanged: publication {current[0].name} stays in place")
                warehouse.complete(
                    connection, warehouse.PUBLICATION, current[0].name, fingerprint=made_from
                )
                return Publication(current[0], False, rows)
            _write_what_tables_give(connection, partial, provenance, settings, say)
            _seal_and_check(partial, provenance, rows)
            os.rename(partial, folder)
        _point_published_at(settings, folder)
        warehouse.complete(connection, warehouse.PUBLICATION, folder.name, fingerprint=made_from)
        for old in numbers[: -(KEPT_PUBLICATIONS - 1)]:
            remove_publication(publications / f"{old:06d}")
    return Publication(folder, True, rows)


def restore(settings: Settings, number: str | None = None) -> Path:
    """Point `published` at an earlier publication: `number`, or the one before the current.

    Returns its folder. The build file is not changed: the next refresh publishes again. Raises
    WarehouseError, naming the publications that are kept, if the one wanted is not among them, or
    is damaged.
    """
    publications = settings.data_dir / "publications"
    kept = kept_publications(settings)
    current = _current(settings)
    earlier = [name for name in kept if current is None or name < current[0].name]
    wanted = number or (earlier[-1] if earlier else None)
    if wanted not in kept:
        raise WarehouseError(
            f"There is no publication {wanted or 'before the current one'} to restore; "
            f"kept are: {', '.join(kept) or 'none'}."
        )
    with warehouse.exclusive(settings.build_path):
        # a run that just ended may have removed it: then it is damaged
        damages = [d for d in verify_publication(publications / wanted) if d.what != UNLISTED]
        if damages:
            raise WarehouseError(
                f"Publication {wanted} is damaged: {damages[0]}. Restore another one "
                f"(kept are: {', '.join(kept)}), or run again to publish a new one."
            )
        _point_published_at(settings, publications / wanted)
    return publications / wanted


def _standing_publication(
    connection: duckdb.DuckDBPyConnection,
    settings: Settings,
    made_from: str | None,
    say: Callable[[str], None],
) -> Publication | None:
    """The current publication, if it is the last one made, from the same, and unaltered.

    It is not the last one made after `restore`, or where the link was moved by hand.
    """
    if made_from is None or made_from != warehouse.fingerprint_of(
        connection, warehouse.PUBLICATION
    ):
        return None
    current = _unaltered_publication(settings, say)
    if current is None or current[0].name != warehouse.detail_of(connection, warehouse.PUBLICATION):
        return None
    folder, provenance = current
    say(f"nothing is new: publication {folder.name} stays in place")
    return Publication(folder, False, _rows(provenance))


def _refuse_if_it_is_not_ready(connection: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    if settings.published_dir.is_dir() and not settings.published_dir.is_symlink():
        raise WarehouseError(
            f"{settings.published_dir} is a folder, not the link that publication makes. "
            "Move it away and run again."
        )
    missing = [layer for layer in warehouse.LAYERS if layer not in warehouse.completed(connection)]
    if missing:
        raise WarehouseError(
            f"Not published: {' and '.join(missing)} are not complete for the data loaded, "
            "or not every blocking test has passed. "
            "Run the models and the estimates first (make run, or materialise them in Dagster)."
        )


def _refuse_if_it_must_not_be_published(
    connection: duckdb.DuckDBPyConnection, settings: Settings
) -> None:
    if found := non_finite_numbers(connection, PUBLISHED_SCHEMAS):
        others = f" (and {len(found) - 1} other columns)" if len(found) > 1 else ""
        raise WarehouseError(
            f"Not published: {found[0]}{others}. No published number may be NaN or infinite: "
            "find the landed row it comes from, and have the model or the estimate leave it empty."
        )
    for moved in (drift(connection, settings, subject) for subject in SUBJECTS):
        if moved.is_blocking and not settings.accept_drift:
            raise WarehouseError(f"Not published: {moved.sentence()} {HOW_TO_ACCEPT}")


def _publications_without_leftovers(settings: Settings) -> Path:
    """The folder of all publications, without what killed publishers have left in it.

    The caller holds the writer's lock, so no other publisher is at work.
    """
    publications = settings.data_dir / "publications"
    publications.mkdir(parents=True, exist_ok=True)
    for leftover in publications.glob(".part-*"):
        remove_publication(leftover)
    return publications


@contextmanager
def _partial_folder(folder: Path, settings: Settings) -> Iterator[Path]:
    """A new folder beside `folder`, for the block to complete and rename; else it is removed."""
    current = settings.published_dir.resolve()
    needed = bytes_below(current) if current.is_dir() else settings.build_path.stat().st_size
    partial = Path(tempfile.mkdtemp(prefix=f".part-{folder.name}-", dir=folder.parent))
    try:
        with explaining_full_disk(partial / WAREHOUSE, needed):
            yield partial
    finally:
        if partial.exists():
            remove_publication(partial)


def _write_tables(
    connection: duckdb.DuckDBPyConnection,
    folder: Path,
    origin: dict[str, Any],
    number: str,
    say: Callable[[str], None],
) -> dict[str, Any]:
    """Write the tables and macros of a publication, and return its provenance."""
    withheld = {left_out["table"] for left_out in origin["withheld"]}
    tables = _copy_tables(connection, folder, withheld, say)
    macros = write_macros(folder / WAREHOUSE, SYNTHETIC_NOTICE if origin["is_synthetic"] else "")
    return _provenance(origin, tables, macros, number)


def _write_what_tables_give(
    connection: duckdb.DuckDBPyConnection,
    folder: Path,
    provenance: dict[str, Any],
    settings: Settings,
    say: Callable[[str], None],
) -> None:
    """Write all other files of a publication: printed tables, exports, metadata and the page."""
    # the forms of metadata are needed by what publishes alone
    from orchestration.publishing.metadata import write_metadata

    write_printed_tables(connection, folder / "tables")
    with open_folder(settings, folder, provenance["publication"]) as publication:
        write_ready_exports(publication)
    write_metadata(connection, folder, provenance, _manifest_of_dbt(settings))
    if settings.has_report_page:
        _write_report_page(folder, provenance, say)


def _manifest_of_dbt(settings: Settings) -> dict[str, Any]:
    return json.loads(dbt_manifest(settings).read_text("utf-8"))


def _write_report_page(
    folder: Path, provenance: dict[str, Any], say: Callable[[str], None]
) -> None:
    """Write the report as a page, from the tables as this publication has them."""
    # what draws it takes a second to import: only a publication pays for it
    from orchestration.publishing.report_page.writing import write_report_page

    with duckdb.connect(str(folder / WAREHOUSE), read_only=True) as published:
        written = write_report_page(published, provenance, folder)
    say(f"report: {written.pages} pages, {written.bytes / 1e6:.1f} MB")


def _unaltered_publication(
    settings: Settings, say: Callable[[str], None]
) -> tuple[Path, dict] | None:
    """The current publication with its provenance, if there is one and it is as published."""
    if not settings.published_dir.is_symlink():
        return None
    damages = verify_publication(settings.published_dir)
    if damages:
        name = settings.published_dir.resolve().name
        say(f"publication {name} does not stand, a new one replaces it: {damages[0]}")
    return None if damages else _current(settings)


def _seal_and_check(folder: Path, provenance: dict, rows: dict[str, int]) -> None:
    """Raises WarehouseError if what is on disk is not what was to be written."""
    seal(folder, provenance)
    damages = [*tables_that_differ(folder, rows), *verify_publication(folder)]
    if damages:
        raise WarehouseError(
            f"Not published: the new publication is not as it was written: {damages[0]}. "
            "Something else has changed the files, or the disk is failing. Run again."
        )


def _copy_tables(
    connection: duckdb.DuckDBPyConnection,
    folder: Path,
    withheld: set[str],
    say: Callable[[str], None],
) -> dict[str, dict]:
    """Copy the published schemas, without the tables withheld, into a DuckDB and Parquet files.

    Rows are written in a fixed order, and table and column comments are copied too.
    """
    [(is_synthetic,)] = connection.execute("select is_synthetic from marts.run_choices").fetchall()
    notice = SYNTHETIC_NOTICE if is_synthetic else ""
    source = connection.execute("select current_database()").fetchall()[0][0]
    placeholders = ", ".join("?" * len(PUBLISHED_SCHEMAS))
    tables = connection.execute(
        f"""
        select schema_name, table_name, comment
        from duckdb_tables()
        where database_name = ? and schema_name in ({placeholders})
        order by 1, 2
        """,
        [source, *PUBLISHED_SCHEMAS],
    ).fetchall()
    columns = connection.execute(
        f"""
        select schema_name, table_name, column_name, comment
        from duckdb_columns()
        where database_name = ? and schema_name in ({placeholders}) and comment is not null
        """,
        [source, *PUBLISHED_SCHEMAS],
    ).fetchall()
    # a storage version that DuckDB 1.1.3 and every later version can open
    connection.execute(
        f"attach {sql_text(folder / WAREHOUSE)} as publication (storage_version 'v1.0.0')"
    )
    copied = {}
    try:
        for schema in PUBLISHED_SCHEMAS:
            connection.execute(f"create schema publication.{schema}")
            (folder / "parquet" / schema).mkdir(parents=True)
        for schema, table, comment in counted(tables, "publication: tables"):
            if f"{schema}.{table}" in withheld:
                continue
            target = f'publication.{schema}."{table}"'
            connection.execute(
                f'create table {target} as select * from {schema}."{table}" order by all'
            )
            connection.execute(f"comment on table {target} is {sql_text(notice + (comment or ''))}")
            [(rows, content)] = connection.execute(
                f"select count(*), coalesce(sum(hash(t)::hugeint), 0) from {target} as t"
            ).fetchall()
            parquet = folder / "parquet" / schema / f"{table}.parquet"
            connection.execute(
                f"copy (select * from {target}) to {sql_text(parquet)} "
                "(format parquet, compression zstd)"
            )
            copied[f"{schema}.{table}"] = {"rows": rows, "content": f"{content:x}"}
        with transaction(connection):  # not one for each of a thousand comments
            for schema, table, column, comment in columns:
                if f"{schema}.{table}" in withheld:
                    continue
                target_column = f'publication.{schema}."{table}"."{column}"'
                connection.execute(f"comment on column {target_column} is {sql_text(comment)}")
        say(f"{len(copied)} tables copied, {sum(t['rows'] for t in copied.values()):,} rows")
    finally:
        connection.execute("detach publication")
    return copied


def _provenance(
    origin: dict[str, Any], tables: dict[str, dict], macros: dict[str, dict], number: str
) -> dict[str, Any]:
    return {
        "publication": number,
        "published_at": datetime.now(UTC).isoformat(timespec="seconds"),
        **origin,
        "tables": tables,
        "macros": macros,
    }


def _rows(provenance: dict[str, Any]) -> dict[str, int]:
    return {name: table["rows"] for name, table in provenance["tables"].items()}


def _origin(
    settings: Settings, manifest: Manifest, connection: duckdb.DuckDBPyConnection
) -> dict[str, Any]:
    """From what a publication is made: choices, settings, sources, versions, the git commit."""
    cursor = connection.execute("select * from marts.run_choices")
    names = [d[0] for d in cursor.description]
    choices = dict(zip(names, cursor.fetchall()[0], strict=True))
    # not what the manifest holds by now: files may have landed since the models were built
    loaded = set(
        connection.execute("select distinct landed_file, sha256 from raw.landed_files").fetchall()
    )
    return {
        "is_synthetic": choices["is_synthetic"],
        "notice": SYNTHETIC_NOTICE.strip()
        if choices["is_synthetic"]
        else "Built from the publishers' files listed under sources.",
        "choices": choices,
        "settings": {
            **settings.stated(choices["is_synthetic"]),
            "published_tables": settings.published_tables,
        },
        "withheld": _withheld(
            connection, settings, {f.source for f in manifest.files if (f.file, f.sha256) in loaded}
        ),
        "publishers": manifest.terms(),
        "sources": [
            {
                "source": f.source,
                "origin": f.origin,
                "file": f.file,
                "release": f.release,
                "landed_at": f.landed_at,
                "bytes": f.bytes,
                "sha256": f.sha256,
                "rows": f.rows,
            }
            for f in sorted(manifest.files, key=lambda f: f.sequence)
            if (f.file, f.sha256) in loaded
        ],
        "left_out": [
            {"file": x.file, "status": x.status, "reason": x.reason} for x in manifest.left_out
        ],
        "seeds": _contents_of_seeds(connection),
        "versions": {"python": platform.python_version(), **{p: version(p) for p in PACKAGES}},
        "git": _git_state(),
        # another page is another publication, though its tables be the same
        "report_page": fingerprints.CODE_OF_REPORT_PAGE[:12] if settings.has_report_page else None,
    }


def _withheld(
    connection: duckdb.DuckDBPyConnection, settings: Settings, landed: set[str]
) -> list[dict[str, Any]]:
    """The tables that are left out: what a row of each is, and whose rows it holds."""
    if settings.published_tables == "everything":
        return []
    withheld = withheld_tables(connection, declared_tables(_manifest_of_dbt(settings)), landed)
    grains = {
        f"{schema}.{table}": grain_of(comment)[0]
        for schema, table, comment in connection.execute(
            "select schema_name, table_name, coalesce(comment, '') from duckdb_tables() "
            "where database_name = current_database()"
        ).fetchall()
    }
    return [
        {"table": table, "grain": grains[table], "publishers": publishers}
        for table, publishers in withheld.items()
    ]


def _contents_of_seeds(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """A checksum of the rows of each seed, as the models had them."""
    names = connection.execute(
        "select table_name from duckdb_tables() "
        "where database_name = current_database() and schema_name = 'seeds' order by 1"
    ).fetchall()
    found = {}
    for (name,) in names:
        [(content,)] = connection.execute(
            f"select coalesce(sum(hash(t)::hugeint), 0) from {sql_name('seeds', name)} as t"
        ).fetchall()
        found[name] = f"{content:x}"
    return found


def _content(provenance: dict) -> dict:
    """The part of a provenance that is compared between publications.

    Equal tables have equal content checksums, but not equal bytes: DuckDB's files are not
    reproducible.
    """
    return {k: v for k, v in provenance.items() if k not in NOT_CONTENT}


def _git_state() -> dict:
    def ask(*arguments: str) -> str | None:
        try:
            done = subprocess.run(
                ["git", "-C", str(PROJECT_ROOT), *arguments],
                capture_output=True,
                text=True,
                timeout=20,
            )
        except (OSError, subprocess.TimeoutExpired):
            return None
        return done.stdout.strip() if done.returncode == 0 else None

    changes = ask("status", "--porcelain", "--untracked-files=no")
    return {
        "commit": ask("rev-parse", "HEAD"),
        "has_local_changes": None if changes is None else bool(changes),
    }


def _current(settings: Settings) -> tuple[Path, dict] | None:
    try:
        folder = settings.published_dir.resolve()
        text = (settings.published_dir / PROVENANCE).read_text(encoding="utf-8")
        return folder, json.loads(text)
    except (OSError, ValueError):
        return None


def _point_published_at(settings: Settings, folder: Path) -> None:
    point_link(settings.published_dir, Path("publications") / folder.name)
