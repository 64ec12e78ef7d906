"""What is published is finite, whole and unaltered: the checks before, and the seal that lasts.

A publication's provenance.json lists bytes and sha256 of every other file, and its own checksum;
its files and folders are read-only. `verify_publication` names whatever has changed since.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import duckdb

from orchestration.durable import flush_to_disk, sql_name, sql_text, sql_texts
from orchestration.landing.manifest import sha256_of

PROVENANCE = "provenance.json"
WAREHOUSE = "warehouse.duckdb"
OWN_CHECKSUM = "sha256_of_the_rest"
# where a reader's queries that do not fit into memory write for a while
READERS_SPILL = f"{WAREHOUSE}.tmp"
READ_ONLY_FILE, READ_ONLY_FOLDER = 0o444, 0o555
UNLISTED = "lists no checksums: it was published by an earlier version, and cannot be verified"


@dataclass(frozen=True)
class Damage:
    """A file of a publication that is not as it was published, and what is wrong with it."""

    file: str
    what: str

    def __str__(self) -> str:
        return f"{self.file}: {self.what}"


# ---- finite --------------------------------------------------------------------------------------


def non_finite_numbers(
    connection: duckdb.DuckDBPyConnection, schemas: tuple[str, ...]
) -> list[str]:
    """The columns of the schemas with NaN or infinite values, each with its first row's keys.

    Every column of floating-point numbers is looked at; NULL is finite enough.
    """
    columns = connection.execute(
        f"""
        select schema_name, table_name, column_name, data_type in ('DOUBLE', 'FLOAT') as is_number
        from duckdb_columns()
        where
            database_name = current_database()
            and not internal
            and schema_name in ({sql_texts(schemas)})
        order by schema_name, table_name, column_index
        """
    ).fetchall()
    tables: dict[tuple[str, str], dict[bool, list[str]]] = {}
    for schema, table, column, is_number in columns:
        of_table = tables.setdefault((schema, table), {True: [], False: []})
        of_table[is_number].append(column)
    return [
        found
        for (schema, table), of_table in tables.items()
        if of_table[True]
        for found in _non_finite_columns(connection, schema, table, of_table[True], of_table[False])
    ]


def _non_finite_columns(
    connection: duckdb.DuckDBPyConnection,
    schema: str,
    table: str,
    numbers: list[str],
    keys: list[str],
) -> list[str]:
    def counted(column: str) -> str:
        return f"count(*) filter (not isfinite({sql_name(column)}))"

    [counts] = connection.execute(
        f"select {', '.join(counted(column) for column in numbers)} from {sql_name(schema, table)}"
    ).fetchall()
    found = []
    for column, count in zip(numbers, counts, strict=True):
        if not count:
            continue
        shown = [sql_name(name) for name in [*keys, column]]
        [(*of_keys, value)] = connection.execute(
            f"select {', '.join(shown)} from {sql_name(schema, table)} "
            f"where not isfinite({sql_name(column)}) order by all limit 1"
        ).fetchall()
        where = ", ".join(
            f"{name} {key}" for name, key in zip(keys, of_keys, strict=True) if key is not None
        )
        found.append(f"{schema}.{table}.{column} is {value} in {count:,} rows, first at {where}")
    return found


# ---- whole ---------------------------------------------------------------------------------------


def tables_that_differ(folder: Path, tables: dict[str, int]) -> list[Damage]:
    """What of `tables` (rows by schema.table) the DuckDB file or the Parquet files do not hold."""
    try:
        with duckdb.connect(str(folder / WAREHOUSE), read_only=True) as connection:
            return _tables_that_differ(connection, folder, tables)
    except duckdb.Error as error:
        return [Damage(WAREHOUSE, f"cannot be read with its Parquet files ({error})")]


def _tables_that_differ(
    connection: duckdb.DuckDBPyConnection, folder: Path, tables: dict[str, int]
) -> list[Damage]:
    held = {
        f"{schema}.{table}"
        for schema, table in connection.execute(
            "select schema_name, table_name from duckdb_tables() where not internal"
        ).fetchall()
    }
    damages = [Damage(WAREHOUSE, f"has no table {name}") for name in sorted(set(tables) - held)]
    damages += [Damage(WAREHOUSE, f"has a table {name} besides") for name in held - set(tables)]
    for name in sorted(held & set(tables)):
        parquet = f"parquet/{name.replace('.', '/')}.parquet"
        for file, source in (
            (WAREHOUSE, sql_name(*name.split("."))),
            (parquet, f"read_parquet({sql_text(folder / parquet)})"),
        ):
            [(rows,)] = connection.execute(f"select count(*) from {source}").fetchall()
            if rows != tables[name]:
                damages.append(Damage(file, f"{rows:,} rows of {name}, not {tables[name]:,}"))
    return damages


# ---- unaltered -----------------------------------------------------------------------------------


def seal(folder: Path, provenance: dict) -> dict:
    """Write provenance.json with the checksums of all files, and make them read-only, on disk.

    Returns what was written.
    """
    files = {
        name: {"bytes": path.stat().st_size, "sha256": sha256_of(path)}
        for name, path in files_of(folder).items()
    }
    sealed = {**provenance, "files": files}
    sealed[OWN_CHECKSUM] = checksum_of_the_rest(sealed)
    (folder / PROVENANCE).write_text(
        json.dumps(sealed, indent=1, ensure_ascii=False), encoding="utf-8"
    )
    for path in [*folder.rglob("*"), folder]:
        path.chmod(READ_ONLY_FOLDER if path.is_dir() else READ_ONLY_FILE)
    flush_to_disk(folder)
    return sealed


def verify_publication(folder: Path) -> list[Damage]:
    """What of a publication is not as it was published: truncated, changed, missing or added.

    `folder` may be the link `published`. Reads every file once.
    """
    try:
        provenance = json.loads((folder / PROVENANCE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return [Damage(PROVENANCE, "is missing")]
    except (OSError, ValueError, RecursionError) as error:
        return [Damage(PROVENANCE, f"cannot be read ({type(error).__name__})")]
    if not isinstance(provenance, dict):
        return [Damage(PROVENANCE, "is not the provenance of a publication")]
    if "files" not in provenance and OWN_CHECKSUM not in provenance:
        return [Damage(PROVENANCE, UNLISTED)]
    if provenance.get(OWN_CHECKSUM) != checksum_of_the_rest(provenance):
        return [Damage(PROVENANCE, "has been changed (its own checksum differs)")]
    listed, found = provenance["files"], files_of(folder)
    del found[PROVENANCE]
    damages = [Damage(name, "is missing") for name in listed if name not in found]
    damages += [
        Damage(name, "is not part of the publication") for name in found if name not in listed
    ]
    for name in (name for name in listed if name in found):
        what = _difference(found[name], listed[name])
        damages += [Damage(name, what)] if what else []
    return sorted(damages, key=str)


def _difference(path: Path, listed: dict) -> str:
    try:
        size = path.stat().st_size
        if size != listed["bytes"]:
            return f"has {size:,} bytes instead of {listed['bytes']:,}"
        return "" if sha256_of(path) == listed["sha256"] else "has been changed (sha256 differs)"
    except OSError as error:
        return f"cannot be read ({error.strerror})"


def files_of(folder: Path) -> dict[str, Path]:
    """The files of a publication by their path within it."""
    return {
        path.relative_to(folder).as_posix(): path
        for path in sorted(folder.rglob("*"))
        if (path.is_symlink() or not path.is_dir())
        and path.relative_to(folder).parts[0] != READERS_SPILL
    }


def checksum_of_the_rest(provenance: dict) -> str:
    """What OWN_CHECKSUM of a provenance is: a checksum of all else that it says."""
    rest = {key: value for key, value in provenance.items() if key != OWN_CHECKSUM}
    return hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()


def remove_publication(folder: Path) -> None:
    """Delete a publication, whose folders do not let their files go until they are writable."""
    for path in [folder, *(p for p in folder.rglob("*") if p.is_dir() and not p.is_symlink())]:
        os.chmod(path, 0o755)
    shutil.rmtree(folder)
