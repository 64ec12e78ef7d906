"""`lct tables`: the tables and macros of a publication, or one of them with its columns."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict

import duckdb

from orchestration.cli.exit_codes import answered
from orchestration.cli.printing import json_text, print_notice
from orchestration.cli.wrapping import wrapped
from orchestration.publishing.catalogue import (
    Column,
    Macro,
    Table,
    columns_given_by,
    columns_of,
    macros_of,
    table_named,
    tables_of,
)
from orchestration.publishing.reading import open_publication
from orchestration.settings import Settings

INDENT = 4


def main(table: str | None = None, publication: str | None = None, as_json: bool = False) -> int:
    """List the tables and macros of a publication, or describe one. Returns the exit status."""

    def answer(settings: Settings) -> None:
        with open_publication(settings, publication) as opened:
            print_notice(opened.notice)
            if table is None:
                tables, macros = tables_of(opened.connection), macros_of(opened.connection)
                left_out = opened.withheld()
                stated = {
                    "tables": [asdict(t) for t in tables],
                    "macros": [asdict(m) for m in macros],
                    "left_out": left_out,
                }
                lines = list(_listed(tables, macros, left_out))
            else:
                described, columns = _found(opened.connection, table)
                stated = asdict(described) | {"columns": [asdict(c) for c in columns]}
                lines = list(_described(described, columns))
            print(json_text(opened.as_json() | stated) if as_json else "\n".join(lines))

    return answered(answer, as_json)


def _found(connection: duckdb.DuckDBPyConnection, name: str) -> tuple[Table | Macro, list[Column]]:
    for macro in macros_of(connection):
        if macro.name == name:
            return macro, columns_given_by(connection, macro)
    table = table_named(connection, name)
    return table, columns_of(connection, table)


def _listed(tables: list[Table], macros: list[Macro], left_out: list[str]) -> Iterator[str]:
    everything: list[Table | Macro] = [*tables, *macros]
    for described in everything:
        yield _headed(described)
        yield from _indented(described.grain or described.description)
    if left_out:
        yield from wrapped(
            f"Left out (LCT_PUBLISH=aggregates; llms.txt says why): {', '.join(left_out)}"
        )
    yield "`lct tables TABLE` describes one."


def _described(described: Table | Macro, columns: list[Column]) -> Iterator[str]:
    yield _headed(described)
    yield from wrapped(f"Grain: {described.grain}" if described.grain else "")
    yield from wrapped(described.description)
    yield ""
    for column in columns:
        yield f"{column.name}  {column.type}"
        yield from _indented(column.description)


def _headed(described: Table | Macro) -> str:
    if isinstance(described, Macro):
        return f"{described.call}: macro"
    return f"{described.name}: {described.rows:,} row{'' if described.rows == 1 else 's'}"


def _indented(text: str) -> list[str]:
    return wrapped(text, indent=INDENT)
