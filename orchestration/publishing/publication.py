"""Publication: copying the build file to what analysts open, in one atomic step.

published/ is a symbolic link to the newest folder below publications/. A new folder is completed
beside it and the link is replaced: a reader sees the old publication or the new one, never a
mixture, and an open connection keeps reading what it opened.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import duckdb

from orchestration.build import warehouse
from orchestration.build.estimates import write_printed_tables
from orchestration.build.warehouse import WarehouseError
from orchestration.durable import flush_to_disk, point_link, sql_text
from orchestration.landing.manifest import Manifest
from orchestration.publishing.drift import HOW_TO_ACCEPT, SUBJECTS, drift
from orchestration.settings import PROJECT_ROOT, Settings

PUBLISHED_SCHEMAS = ("marts", "report", "estimates")
KEPT_PUBLICATIONS = 3
SYNTHETIC_NOTICE = "SYNTHETIC DEMO DATA: every number is invented. "
PACKAGES = (
    "dagster",
    "dagster-dbt",
    "dbt-core",
    "dbt-duckdb",
    "duckdb",
    "numpy",
    "pandas",
    "pyarrow",
    "pyfixest",
)


@dataclass(frozen=True)
class Publication:
    """The result: its folder, whether its content differs from the one before, rows per table."""

    folder: Path
    changed: bool
    rows: dict[str, int]


def publish(
    settings: Settings, manifest: Manifest, say: Callable[[str], None] = lambda _: None
) -> Publication:
    """Publish the build file's marts, report and estimates.

    If the content equals the current publication, that one stays in place. Raises WarehouseError if
    the models or the estimates are not complete, with every blocking test passed, on the data
    loaded, or if a number has moved since the current publication by more than the bound that stops
    a publication (unless settings.accept_drift).
    """
    if settings.published_dir.is_dir() and not settings.published_dir.is_symlink():
        raise WarehouseError(
            f"{settings.published_dir} is a folder, not the link that publication makes. "
            "Move it away and run again."
        )
    publications = settings.data_dir / "publications"
    publications.mkdir(parents=True, exist_ok=True)
    with warehouse.writing(settings.build_path, say) as connection:
        missing = [
            layer for layer in warehouse.LAYERS if layer not in warehouse.completed(connection)
        ]
        if missing:
            raise WarehouseError(
                f"Not published: {' and '.join(missing)} are not complete for the data loaded, "
                "or not every blocking test has passed. "
                "Run the models and the estimates first (make run, or materialise them in Dagster)."
            )
        for moved in (drift(connection, settings, subject) for subject in SUBJECTS):
            if moved.is_blocking and not settings.accept_drift:
                raise WarehouseError(f"Not published: {moved.sentence()} {HOW_TO_ACCEPT}")
        for leftover in publications.glob(".part-*"):
            shutil.rmtree(leftover)
        numbers = sorted(int(p.name) for p in publications.iterdir() if p.name.isdigit())
        folder = publications / f"{(numbers[-1] if numbers else 0) + 1:06d}"
        partial = publications / f".part-{folder.name}"
        partial.mkdir()
        tables = _copy_tables(connection, partial, say)
        write_printed_tables(connection, partial / "tables")
        provenance = _provenance(settings, manifest, connection, tables, folder.name)
    current = _current(settings)
    if current is not None and _content(current[1]) == _content(provenance):
        shutil.rmtree(partial)
        say(f"content unchanged: publication {current[0].name} stays in place")
        return Publication(current[0], False, {name: t["rows"] for name, t in tables.items()})
    (partial / "provenance.json").write_text(
        json.dumps(provenance, indent=1, ensure_ascii=False), encoding="utf-8"
    )
    flush_to_disk(partial)
    os.rename(partial, folder)
    _point_published_at(settings, folder)
    for old in numbers[: -(KEPT_PUBLICATIONS - 1)]:
        shutil.rmtree(publications / f"{old:06d}", ignore_errors=True)
    return Publication(folder, True, {name: t["rows"] for name, t in tables.items()})


def restore(settings: Settings, number: str | None = None) -> Path:
    """Point `published` at an earlier publication: `number`, or the one before the current.

    Returns its folder. The build file is not changed: the next refresh publishes again. Raises
    WarehouseError, naming the publications that are kept, if the one wanted is not among them.
    """
    publications = settings.data_dir / "publications"
    kept = sorted(p.name for p in publications.glob("[0-9]*") if p.is_dir())
    current = _current(settings)
    earlier = [name for name in kept if current is None or name < current[0].name]
    wanted = number or (earlier[-1] if earlier else None)
    if wanted not in kept:
        raise WarehouseError(
            f"There is no publication {wanted or 'before the current one'} to restore; "
            f"kept are: {', '.join(kept) or 'none'}."
        )
    with warehouse.exclusive(settings.build_path):
        _point_published_at(settings, publications / wanted)
    return publications / wanted


def _copy_tables(
    connection: duckdb.DuckDBPyConnection, folder: Path, say: Callable[[str], None]
) -> dict[str, dict]:
    """Copy the published schemas into a DuckDB file and Parquet files.

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
        f"attach {sql_text(folder / 'warehouse.duckdb')} as publication (storage_version 'v1.0.0')"
    )
    copied = {}
    try:
        for schema in PUBLISHED_SCHEMAS:
            connection.execute(f"create schema publication.{schema}")
            (folder / "parquet" / schema).mkdir(parents=True)
        for schema, table, comment in tables:
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
        for schema, table, column, comment in columns:
            target_column = f'publication.{schema}."{table}"."{column}"'
            connection.execute(f"comment on column {target_column} is {sql_text(comment)}")
        say(f"{len(copied)} tables copied, {sum(t['rows'] for t in copied.values()):,} rows")
    finally:
        connection.execute("detach publication")
    return copied


def _provenance(
    settings: Settings,
    manifest: Manifest,
    connection: duckdb.DuckDBPyConnection,
    tables: dict[str, dict],
    number: str,
) -> dict:
    cursor = connection.execute("select * from marts.run_choices")
    names = [d[0] for d in cursor.description]
    choices = dict(zip(names, cursor.fetchall()[0], strict=True))
    return {
        "publication": number,
        "published_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "is_synthetic": choices["is_synthetic"],
        "notice": SYNTHETIC_NOTICE.strip()
        if choices["is_synthetic"]
        else "Built from the publishers' files listed under sources.",
        "choices": choices,
        "settings": settings.stated(choices["is_synthetic"]),
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
            for f in manifest.current()
        ],
        "left_out": [
            {"file": x.file, "status": x.status, "reason": x.reason} for x in manifest.left_out
        ],
        "tables": tables,
        "versions": {"python": platform.python_version(), **{p: version(p) for p in PACKAGES}},
        "git": _git_state(),
    }


def _content(provenance: dict) -> dict:
    """The part of a provenance that is compared between publications: all but number and time."""
    return {k: v for k, v in provenance.items() if k not in ("publication", "published_at")}


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
        text = (settings.published_dir / "provenance.json").read_text(encoding="utf-8")
        return folder, json.loads(text)
    except (OSError, ValueError):
        return None


def _point_published_at(settings: Settings, folder: Path) -> None:
    point_link(settings.published_dir, Path("publications") / folder.name)
