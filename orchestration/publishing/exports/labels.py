"""What the columns of an export are called, in English and Chinese, and what their values are.

Labels and units of variables come from marts.dim_variable, names of values from marts.dim_economy
and dim_product; both are of the publication that is exported. The few words that are of no
variable, such as that of a lag, are rows of the seed reasons,
families column_label and variable_label.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import duckdb

from orchestration.durable import sql_name
from orchestration.publishing.catalogue import Column, unit_by_name
from orchestration.seeds import seed_rows

# column -> the table that names its values, and there the value, its English and Chinese name
NAMED_VALUES = {
    "economy_name": ("dim_economy", "economy_name", "economy_name", "economy_name_zh"),
    "region": ("dim_economy", "region", "region", "region_zh"),
    "income_group": ("dim_economy", "income_group", "income_group", "income_group_zh"),
    "country_group": ("dim_economy", "country_group", "country_group", "country_group_zh"),
    "sector": ("dim_product", "sector", "sector_name", "sector_name_zh"),
    "technology": ("dim_product", "technology", "technology_name", "technology_name_zh"),
    "transition_mineral": (
        "dim_product",
        "transition_mineral",
        "transition_mineral_name",
        "transition_mineral_name_zh",
    ),
    "mineral_stage": ("dim_product", "mineral_stage", "mineral_stage", "mineral_stage_zh"),
}


@dataclass(frozen=True)
class NamedValue:
    """A value of a column and its names."""

    value: str
    name_en: str
    name_zh: str


@dataclass(frozen=True)
class LabelledColumn:
    """A column of an export.

    type            its type in DuckDB
    description     what it holds, as the publication describes it, in English
    label_en, label_zh
                    its short names; the column's name, or its description where that is short,
                    stands in for an English one, nothing for a Chinese one
    unit            its unit; empty where the publication says none
    values          the names of its values, if all it can hold have one; in a fixed order
    """

    name: str
    type: str
    description: str
    label_en: str
    label_zh: str
    unit: str
    values: tuple[NamedValue, ...] = ()

    def label(self, language: str | None) -> str:
        """The label in a language, English where there is no other; English / Chinese for None."""
        if language is None:
            return " / ".join(dict.fromkeys(filter(None, (self.label_en, self.label_zh))))
        return self.label_zh or self.label_en if language == "zh" else self.label_en


@dataclass(frozen=True)
class _Label:
    en: str
    zh: str
    unit: str


def labelled_columns(
    connection: duckdb.DuckDBPyConnection, columns: list[Column]
) -> tuple[LabelledColumn, ...]:
    """The columns of a table of the publication with their labels, units and named values."""
    known = dict(_labels(connection))
    names = {c.name: _named_values(connection, c.name) for c in columns if c.name in NAMED_VALUES}
    return tuple(_labelled(c, known.get(c.name), names.get(c.name, ())) for c in columns)


def _labelled(
    column: Column, label: _Label | None, values: tuple[NamedValue, ...]
) -> LabelledColumn:
    unit = unit_by_name(column.name)
    label = label or _Label(column.name.replace("_", " "), "", unit)
    return LabelledColumn(
        column.name,
        column.type,
        column.description,
        label.en,
        label.zh,
        label.unit or unit,
        values,
    )


def _labels(connection: duckdb.DuckDBPyConnection) -> Iterator[tuple[str, _Label]]:
    """Column -> its label: every variable of the panel, its lag and z-score, and other columns."""
    for column, (en, zh) in _words("column_label").items():
        yield column, _Label(en, zh, "")
    words = _words("variable_label")
    variables = connection.execute(
        "select variable, label_en, label_zh, unit, is_regressor from marts.dim_variable"
    ).fetchall()
    deviations, _ = words["standard_deviations"]
    for variable, label_en, label_zh, unit, is_regressor in variables:
        en = label_en[:1].upper() + label_en[1:]
        yield variable, _Label(en, label_zh, unit)
        if is_regressor:
            for ending, of_lag in (("lag1", unit), ("lag1_z", deviations)):
                lag_en, lag_zh = words[ending]
                yield (
                    f"{variable}_{ending}",
                    _Label(lag_en.format(variable=en), lag_zh.format(variable=label_zh), of_lag),
                )


def _words(family: str) -> dict[str, tuple[str, str]]:
    return {
        row["code"]: (row["text_en"], row["text_zh"])
        for row in seed_rows("reasons")
        if row["family"] == family
    }


def _named_values(connection: duckdb.DuckDBPyConnection, column: str) -> tuple[NamedValue, ...]:
    table, *names = NAMED_VALUES[column]
    value, name_en, name_zh = map(sql_name, names)
    rows = connection.execute(
        f"""
        select {value}, min({name_en}), min({name_zh})
        from marts.{table}
        where {value} is not null
        group by {value}
        order by {value}
        """
    ).fetchall()
    return tuple(NamedValue(*row) for row in rows)
