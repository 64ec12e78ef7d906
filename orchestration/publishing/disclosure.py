"""Which tables are not published where the terms of a publisher forbid passing its rows on.

With LCT_PUBLISH=aggregates a table is left out, whole, if it holds rows of such a publisher in this
run. A table that is left out is not in the publication at all: a query of it fails, and does not
answer with less.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import duckdb

from orchestration.durable import sql_name
from orchestration.landing.publishers import PUBLISHERS
from orchestration.publishing.catalogue import Column, columns_by_table
from orchestration.publishing.lineage import Declared


def withheld_tables(
    connection: duckdb.DuckDBPyConnection,
    declared: Mapping[str, Declared],
    landed: Iterable[str],
) -> dict[str, list[str]]:
    """The tables to leave out, each with the publishers whose rows must not be passed on.

    `landed` names the publishers of the loaded files.
    """
    columns = columns_by_table(connection)
    closed = {name for name in landed if not PUBLISHERS[name].terms.rows_may_be_passed_on}
    return {
        table: sorted(found)
        for table, says in sorted(declared.items())
        if table in columns
        and (
            found := closed
            & publishers_in(connection, table, columns[table], says.rows_of.intersection(landed))
        )
    }


def publishers_in(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    columns: Iterable[Column],
    possible: frozenset[str],
) -> frozenset[str]:
    """Of the publishers that a table may be from, those it is from in this run.

    Where its column `source` names publishers, these; none where it is empty.
    """
    if not possible:
        return possible
    source = "source" if any(c.name == "source" for c in columns) else "null"
    found = {
        named
        for (named,) in connection.execute(
            f"select distinct {source} from {sql_name(*table.split('.'))}"
        ).fetchall()
    }
    return possible & found if found <= set(PUBLISHERS) else possible
