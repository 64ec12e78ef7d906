"""`lct tables`: the tables of a publication, or one of them with its columns."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict

from orchestration.cli.exit_codes import answered
from orchestration.cli.printing import json_text, print_notice
from orchestration.cli.wrapping import wrapped
from orchestration.publishing.catalogue import Column, Table, columns_of, table_named, tables_of
from orchestration.publishing.reading import open_publication
from orchestration.settings import Settings

INDENT = 4


def main(table: str | None = None, publication: str | None = None, as_json: bool = False) -> int:
    """List the tables of a publication, or describe `table`. Returns the exit status."""

    def answer(settings: Settings) -> None:
        with open_publication(settings, publication) as opened:
            print_notice(opened.notice)
            if table is None:
                tables = tables_of(opened.connection)
                left_out = opened.withheld()
                stated = {"tables": [asdict(t) for t in tables], "left_out": left_out}
                lines = list(_listed(tables, left_out))
            else:
                described = table_named(opened.connection, table)
                columns = columns_of(opened.connection, described)
                stated = asdict(described) | {"columns": [asdict(c) for c in columns]}
                lines = list(_described(described, columns))
            print(json_text(opened.as_json() | stated) if as_json else "\n".join(lines))

    return answered(answer, as_json)


def _listed(tables: list[Table], left_out: list[str]) -> Iterator[str]:
    for table in tables:
        yield f"{table.name}: {_rows(table)}"
        yield from _indented(table.grain)
    if left_out:
        yield from wrapped(
            f"Left out (LCT_PUBLISH=aggregates; llms.txt says why): {', '.join(left_out)}"
        )
    yield "`lct tables TABLE` describes one."


def _described(table: Table, columns: list[Column]) -> Iterator[str]:
    yield f"{table.name}: {_rows(table)}"
    yield from wrapped(f"Grain: {table.grain}" if table.grain else "")
    yield from wrapped(table.description)
    yield ""
    for column in columns:
        yield f"{column.name}  {column.type}"
        yield from _indented(column.description)


def _indented(text: str) -> list[str]:
    return wrapped(text, indent=INDENT)


def _rows(table: Table) -> str:
    return f"{table.rows:,} row{'' if table.rows == 1 else 's'}"
