"""What Spark builds on: the very Parquet files of raw trade, and other tables as Parquet.

The build file lists the files of trade that count. They are linked, not copied, into one flat
folder for each table: in folders named year=1995 Spark would see a column. A linked file also stays
as it is if the pipeline replaces it meanwhile. The other raw tables are small and are written from
the build file, and so are the tables of Python models: dbt-spark runs no Python in a session.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from orchestration.cluster.places import Places
from orchestration.durable import sql_name, sql_text
from orchestration.errors import ExplainedError
from orchestration.settings import PROJECT_ROOT

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_OF_THE_PIPELINE = ("parquet_files", "loaded_partitions")
# the schema of every Python model
_INTERMEDIATE = "intermediate"


class HandoverError(ExplainedError):
    """A raw table cannot be given to Spark. The message names the file and the remedy."""


def python_models() -> list[str]:
    """The names of the project's models in Python."""
    return sorted(path.stem for path in (PROJECT_ROOT / "dbt_project" / "models").rglob("*.py"))


def hand_over(session: SparkSession, build_path: Path, places: Places) -> dict[str, int]:
    """Give Spark every raw table of the build file, and those of Python models.

    Returns the number of files of each, by schema and name.
    """
    folder = places.local / "raw"
    counts = as_parquet(build_path, folder)
    if places.storage:
        _replace_folder(session, folder, places.raw)
    for table in counts:
        location = f"{places.raw}/{table}".replace("'", "\\'")
        session.sql(f"create table {table} using parquet location '{location}'")
    return counts


def as_parquet(build_path: Path, folder: Path) -> dict[str, int]:
    """The tables as Parquet below `folder`, a folder each, and how many files each has."""
    counts = {}
    with duckdb.connect(str(build_path), read_only=True) as connection:
        tables = connection.execute(
            "select table_schema, table_name from information_schema.tables "
            "where table_schema = 'raw' and not list_contains(?, table_name) "
            "or table_schema = ? and list_contains(?, table_name) order by all",
            [list(_OF_THE_PIPELINE), _INTERMEDIATE, python_models()],
        ).fetchall()
        for schema, table in tables:
            name = f"{schema}.{table}"
            (folder / name).mkdir(parents=True)
            listed = connection.execute(
                "select path from raw.parquet_files where 'raw.' || table_name = ?", [name]
            ).fetchall()
            for (path,) in listed:
                link = f"{Path(path).parent.name.removeprefix('year=')}-{Path(path).name}"
                _link(Path(path), folder / name / link)
            if not listed:
                target = sql_text(folder / name / "rows.parquet")
                connection.execute(f"copy {sql_name(schema, table)} to {target} (format parquet)")
            counts[name] = max(len(listed), 1)
    return counts


def _link(path: Path, link: Path) -> None:
    try:
        os.link(path, link)
    except FileNotFoundError:
        raise HandoverError(
            f"{path}: the build file lists it, and it is not there; make run loads it again."
        ) from None


def _replace_folder(session: SparkSession, folder: Path, address: str) -> None:
    """Put a folder of this machine at an address of any storage that Spark can write to."""
    target, files = _file_system(session, address)
    files.delete(target, True)
    files.copyFromLocalFile(_path(session, f"file://{folder}"), target)


def clear_warehouse(session: SparkSession, places: Places) -> None:
    """Delete the tables of an earlier run: Spark creates none over files that it finds."""
    target, files = _file_system(session, places.warehouse)
    files.delete(target, True)


def _file_system(session: SparkSession, address: str) -> tuple[Any, Any]:
    """Hadoop's path and file system of an address: objects of the Java side."""
    target = _path(session, address)
    return target, target.getFileSystem(session._jsc.hadoopConfiguration())


def _path(session: SparkSession, address: str) -> Any:
    return session._jvm.org.apache.hadoop.fs.Path(address)
