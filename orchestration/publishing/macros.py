"""Macros of the published file: the commonest questions, to be asked as `from name(...)`.

Each is a file of the folder macros/: its description as the opening comment, then one `create
macro`. They read published tables alone, and are written in SQL that DuckDB 1.1.3 understands. They
are in the schema main, so that they are called without a schema.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path

import duckdb

from orchestration.durable import sql_name, sql_text

FOLDER = Path(__file__).with_name("macros")
_FILE = re.compile(
    r"(?P<comment>(?:-- .*\n)+)(?P<definition>create macro (?P<name>\w+)\([^)]*\) as(?P<rest>.*))",
    flags=re.DOTALL,
)


@dataclass(frozen=True)
class Macro:
    """A macro: its name, what it answers, its `create macro`, and whether it gives a table."""

    name: str
    description: str
    definition: str
    is_table: bool

    @property
    def tables(self) -> set[str]:
        """The published tables that its SQL names, as `schema.table`."""
        return set(re.findall(r"\b(?:from|join)\s+(\w+\.\w+)", self.definition))

    def calls(self, name: str) -> bool:
        """Whether its SQL calls the macro `name`."""
        return name != self.name and bool(re.search(rf"\b{name}\(", self.definition))


def macros() -> list[Macro]:
    """All macros, each after those that it calls: DuckDB looks them up as it creates one.

    Raises ValueError naming the file if one is not a description and one macro of the file's name.
    """
    read = {path.stem: _read(path) for path in sorted(FOLDER.glob("*.sql"))}
    called = {name: [other for other in read if macro.calls(other)] for name, macro in read.items()}
    return [read[name] for name in TopologicalSorter(called).static_order()]


def write_macros(warehouse: Path, notice: str) -> dict[str, dict[str, str]]:
    """Create the macros in a DuckDB file, described, each description after the `notice`.

    A macro of a table that is not published there is left out, and so are those that call it.
    Returns a checksum of each that is written by name, for the provenance.
    """
    written: dict[str, dict[str, str]] = {}
    left_out: list[Macro] = []
    with duckdb.connect(str(warehouse)) as connection:
        held = connection.execute(
            "select schema_name || '.' || table_name from duckdb_tables() where not internal"
        ).fetchall()
        tables = {name for (name,) in held}
        for macro in macros():
            if not macro.tables <= tables or any(macro.calls(other.name) for other in left_out):
                left_out.append(macro)
                continue
            _create(connection, macro, notice)
            text = f"{macro.description}\n{macro.definition}"
            written[macro.name] = {"content": hashlib.sha256(text.encode()).hexdigest()}
    return dict(sorted(written.items()))


def _create(connection: duckdb.DuckDBPyConnection, macro: Macro, notice: str) -> None:
    kind = "macro table" if macro.is_table else "macro"
    comment = sql_text(notice + macro.description)
    connection.execute(macro.definition)
    connection.execute(f"comment on {kind} {sql_name(macro.name)} is {comment}")


def _read(path: Path) -> Macro:
    parts = _FILE.fullmatch(path.read_text(encoding="utf-8"))
    if parts is None or parts["name"] != path.stem:
        raise ValueError(
            f"{path}: a macro's file is its description as lines of comment, "
            f"then one `create macro {path.stem}(...) as ...`."
        )
    description = " ".join(parts["comment"].replace("-- ", "").split())
    return Macro(
        path.stem, description, parts["definition"].strip(), parts["rest"].startswith(" table\n")
    )
