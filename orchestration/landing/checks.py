"""The SQL conditions that say which text in a landed row is not what its layout needs."""

from __future__ import annotations

from orchestration.durable import sql_name, sql_text
from orchestration.landing.layout import KINDS, Column, LandedTable, Layout


def checked_columns(table: LandedTable) -> list[Column]:
    """The columns of a table whose text must be a number, or must not be blank."""
    columns = [c for c in table.layout.columns if c.is_checked]
    return columns + [Column(year, "number") for year in table.year_columns]


def bad_row(table: LandedTable) -> str:
    """The condition for a row of which any column holds what it must not."""
    return any_bad(table.layout, checked_columns(table))


def any_bad(layout: Layout, columns: list[Column]) -> str:
    """The condition for a row of which any of these columns holds what it must not."""
    return " or ".join(f"({bad_value(layout, c)})" for c in columns) or "false"


def bad_value(layout: Layout, column: Column) -> str:
    """The condition for text that the column must not hold; infinity and NaN are no numbers."""
    name = sql_name(column.name)
    may_be_blank = column.blank_allowed or not column.required
    if column.kind == "text":
        return f"{name} is null or trim({name}) = ''"
    kind = KINDS[column.kind]
    value = f"try_cast({name} as {kind.sql_type})"
    good = [f"isfinite({value})" if kind.sql_type == "double" else f"{value} is not null"]
    if kind.pattern:
        good.append(f"regexp_full_match({name}, {sql_text(kind.pattern)})")
    if column.name == layout.year_column:
        good.append(f"{value} between {layout.years[0]} and {layout.years[-1]}")
    bad = f"not coalesce({' and '.join(good)}, false)"
    return f"{name} is not null and {bad}" if may_be_blank else bad
