"""`lct lake`: the published Parquet files, and a script that gives an engine all of them by name.

For those who work in their own DuckDB, in Spark or in Polars, and want the tables of the warehouse
there under the same names, read where they lie.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Literal

from orchestration.cli.exit_codes import answered
from orchestration.cli.printing import json_text, print_notice, table_lines
from orchestration.publishing.lake import lake_tables, script
from orchestration.publishing.reading import open_publication
from orchestration.settings import Settings

Engine = Literal["duckdb", "spark", "polars"]


def main(
    engine: Engine | None = None, publication: str | None = None, as_json: bool = False
) -> int:
    """List the Parquet files of a publication, or print the script for `engine`.

    Returns the exit status.
    """

    def answer(settings: Settings) -> None:
        with open_publication(settings, publication) as opened:
            print_notice(opened.notice)
            stated, notice = opened.as_json(), opened.notice
            folder = settings.published_dir if publication is None else opened.folder
        tables = lake_tables(folder)
        if engine is not None:
            text = script(engine, tables, notice)
            print(json_text(stated | {"engine": engine, "script": text}) if as_json else text)
            return
        listed = [asdict(table) | {"path": str(table.path)} for table in tables]
        if as_json:
            print(json_text(stated | {"folder": str(folder / "parquet"), "tables": listed}))
            return
        print(folder / "parquet")
        rows = [[t.name, t.rows, t.bytes, str(t.path.relative_to(folder))] for t in tables]
        print("\n".join(table_lines(["table", "rows", "bytes", "file"], rows)))
        print(f"{len(tables)} files, {sum(table.bytes for table in tables) / 1e6:,.1f} MB")
        print("`lct lake duckdb` (spark, polars) prints a script that names them all.")

    return answered(answer, as_json)
