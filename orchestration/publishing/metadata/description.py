"""The one description of a publication from which every form of its metadata is written.

What is known of the tables is read from the publication itself (columns, comments, Parquet files),
its provenance (sources, choices, versions) and what dbt and estimation declare (keys, references,
whose data). No form adds a fact of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import yaml

from orchestration.durable import sql_text
from orchestration.landing.entries import SYNTHETIC_LICENCE
from orchestration.landing.layout import Reference as Citation
from orchestration.landing.layout import Terms
from orchestration.landing.manifest import sha256_of
from orchestration.landing.publishers import PUBLISHERS
from orchestration.publishing import catalogue
from orchestration.publishing.disclosure import publishers_in
from orchestration.publishing.integrity import WAREHOUSE
from orchestration.publishing.lineage import Declared, Reference
from orchestration.publishing.reading import SYNTHETIC_NOTICE
from orchestration.settings import PROJECT_ROOT

# "other-open" is what the Open Definition calls terms that are open and have no licence's name
SYNTHETIC_TERMS = Terms(SYNTHETIC_LICENCE, "other-open", "")


@dataclass(frozen=True)
class Project:
    """What CITATION.cff at the project's root says of the software that made a publication."""

    title: str
    abstract: str
    authors: tuple[str, ...]
    keywords: tuple[str, ...]
    version: str
    terms: Terms


@cache
def project() -> Project:
    stated = yaml.safe_load((PROJECT_ROOT / "CITATION.cff").read_text("utf-8"))
    licence = stated["license"]
    return Project(
        stated["title"],
        stated["abstract"],
        tuple(author["name"] for author in stated["authors"]),
        tuple(stated["keywords"]),
        stated["version"],
        Terms(f"{licence} licence", licence, f"https://spdx.org/licenses/{licence}.html"),
    )


@dataclass(frozen=True)
class Column:
    """A column: its type in DuckDB, its unit where it has one, and how many rows lack a value."""

    name: str
    type: str
    unit: str
    description: str
    missing: int


@dataclass(frozen=True)
class Table:
    """A published table, `schema.table`, with its Parquet file and whose data it is made from.

    `key` are the columns no two rows share the values of; `sources` names the publishers whose data
    are in it in this run.
    """

    name: str
    rows: int
    grain: str
    description: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    references: tuple[Reference, ...]
    sources: tuple[str, ...]
    file: str
    bytes: int
    sha256: str

    @property
    def is_key_complete(self) -> bool:
        """Whether no column of the key lacks a value, as a primary key must."""
        return bool(self.key) and not any(c.missing for c in self.columns if c.name in self.key)


@dataclass(frozen=True)
class Source:
    """A publisher whose files the tables rest on: its terms, what to cite, and what has landed."""

    name: str
    title: str
    address: str
    access: str
    terms: Terms
    citation: Citation | None
    releases: tuple[str, ...]
    files: int
    rows: int
    landed_at: str

    @property
    def edition(self) -> str:
        """Its releases, or when its files landed where it has none."""
        if self.releases:
            return f"release {', '.join(self.releases)}"
        return f"landed {self.landed_at[:10]}"


@dataclass(frozen=True)
class Withheld:
    """A table that is not published, and the titles of the publishers whose terms forbid it."""

    name: str
    grain: str
    publishers: tuple[str, ...]

    @property
    def reason(self) -> str:
        return (
            f"It holds rows of {' and '.join(self.publishers)}, whose terms do not allow passing "
            "them on (LCT_PUBLISH=aggregates)."
        )


@dataclass(frozen=True)
class Description:
    """A publication as all forms of metadata describe it. `notice` is empty for real data."""

    number: str
    published_at: str
    notice: str
    choices: Mapping[str, Any]
    commit: str | None
    tables: tuple[Table, ...]
    sources: tuple[Source, ...]
    withheld: tuple[Withheld, ...]
    first_year: int | None
    last_year: int | None

    @property
    def title(self) -> str:
        return f"{project().title} (SYNTHETIC DEMO DATA)" if self.notice else project().title

    @property
    def summary(self) -> str:
        return f"{self.notice} {project().abstract}".strip()

    @property
    def version(self) -> str:
        """The number in the form that metadata want: every publication has other numbers."""
        return f"{int(self.number)}.0.0"

    @property
    def date(self) -> str:
        return self.published_at[:10]

    def table(self, name: str) -> Table | None:
        return next((t for t in self.tables if t.name == name), None)

    def source(self, name: str) -> Source:
        return next(s for s in self.sources if s.name == name)

    def text_of(self, table: Table) -> str:
        """What a row of a table is and what else is to be known, with the notice before it."""
        return " ".join(text for text in (self.notice, table.grain, table.description) if text)

    def terms_of(self, table: Table) -> tuple[Terms, ...]:
        """The terms of a table: those of its sources, or our own where it has none."""
        terms = dict.fromkeys(self.source(name).terms for name in table.sources)
        return tuple(terms) or (project().terms,)

    def all_terms(self) -> tuple[Terms, ...]:
        """The terms of the sources, and our own."""
        return tuple(dict.fromkeys([*(s.terms for s in self.sources), project().terms]))


def describe(
    folder: Path, provenance: Mapping[str, Any], declared: Mapping[str, Declared]
) -> Description:
    """Describe the publication in `folder`, whose tables and Parquet files are written."""
    sources = _sources(provenance)
    with duckdb.connect(str(folder / WAREHOUSE), read_only=True) as connection:
        read = _Reading(
            connection,
            folder,
            declared,
            frozenset(source.name for source in sources),
            catalogue.columns_by_table(connection),
            _missing_values(connection, folder),
            _units_of_variables(connection),
        )
        tables = tuple(_table(read, table) for table in catalogue.tables_of(connection))
        years = _years(connection, tables)
    return Description(
        number=provenance["publication"],
        published_at=provenance["published_at"],
        notice=SYNTHETIC_NOTICE.strip() if provenance["is_synthetic"] else "",
        choices=provenance["choices"],
        commit=provenance["git"]["commit"],
        tables=tables,
        sources=sources,
        withheld=tuple(
            Withheld(
                left_out["table"],
                left_out["grain"],
                tuple(PUBLISHERS[name].title for name in left_out["publishers"]),
            )
            for left_out in provenance["withheld"]
        ),
        first_year=years[0],
        last_year=years[1],
    )


def _sources(provenance: Mapping[str, Any]) -> tuple[Source, ...]:
    """The publishers of the loaded files, by name."""
    found = []
    for name in sorted({file["source"] for file in provenance["sources"]}):
        files = [file for file in provenance["sources"] if file["source"] == name]
        publisher = PUBLISHERS[name]
        is_synthetic = provenance["is_synthetic"]
        found.append(
            Source(
                name=name,
                title=f"{publisher.title} (invented)" if is_synthetic else publisher.title,
                address=publisher.address,
                access=publisher.access,
                terms=SYNTHETIC_TERMS if is_synthetic else publisher.terms,
                citation=None if is_synthetic else publisher.reference,
                releases=tuple(sorted({f["release"] for f in files if f["release"]})),
                files=len(files),
                rows=sum(f["rows"] for f in files),
                landed_at=max(f["landed_at"] for f in files),
            )
        )
    return tuple(found)


@dataclass(frozen=True)
class _Reading:
    """What is read once of a publication for all its tables."""

    connection: duckdb.DuckDBPyConnection
    folder: Path
    declared: Mapping[str, Declared]
    landed: frozenset[str]
    columns: Mapping[str, list[catalogue.Column]]
    missing: Mapping[tuple[str, str], int]
    units: Mapping[str, str]


def _table(read: _Reading, table: catalogue.Table) -> Table:
    says = read.declared.get(table.name, Declared())
    file = f"parquet/{table.name.replace('.', '/')}.parquet"
    columns = read.columns[table.name]
    has_units = any(c.name == "unit" for c in columns)
    sources = publishers_in(read.connection, table.name, columns, says.made_from & read.landed)
    return Table(
        name=table.name,
        rows=table.rows,
        grain=table.grain,
        description=table.description,
        columns=tuple(
            Column(
                c.name,
                c.type,
                unit_of(c.name, read.units, has_units),
                c.description,
                read.missing.get((file, c.name), 0),
            )
            for c in columns
        ),
        key=says.key,
        references=says.references,
        sources=tuple(sorted(sources)),
        file=file,
        bytes=(read.folder / file).stat().st_size,
        sha256=sha256_of(read.folder / file),
    )


def _missing_values(
    connection: duckdb.DuckDBPyConnection, folder: Path
) -> dict[tuple[str, str], int]:
    """The number of missing values by Parquet file and column, as the files' footers have it."""
    found = connection.execute(
        "select file_name, path_in_schema, sum(stats_null_count) "
        f"from parquet_metadata({sql_text(folder / 'parquet' / '*' / '*.parquet')}) "
        "group by file_name, path_in_schema"
    ).fetchall()
    return {
        (Path(file).relative_to(folder).as_posix(), column): int(count)
        for file, column, count in found
    }


Z_SCORE = "standard deviations"


def unit_of(column: str, of_variables: Mapping[str, str], has_units: bool = False) -> str:
    """The unit of a column, as the seed of variables or the end of its name says; else empty.

    `of_variables` has the units of the panel's variables; a table with a column `unit` states that
    of `value` row by row.
    """
    if column == "value" and has_units:
        return "as the column unit says"
    if column.endswith("_lag1_z"):
        return Z_SCORE
    variable = column.removesuffix("_lag1")
    if variable in of_variables:
        return of_variables[variable]
    return catalogue.unit_by_name(column)


def _units_of_variables(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    return dict(connection.execute("select variable, unit from marts.dim_variable").fetchall())


def _years(
    connection: duckdb.DuckDBPyConnection, tables: tuple[Table, ...]
) -> tuple[int | None, int | None]:
    """The first and the last year of the figures and of the facts that are published."""
    with_years = [
        t.name
        for t in tables
        if t.name.startswith(("marts.fct_", "report.figure_", "marts.panel_country_year"))
        and any(c.name == "year" for c in t.columns)
    ]
    if not with_years:
        return None, None
    everything = " union all ".join(
        f"select min(year) as first_year, max(year) as last_year from {name}" for name in with_years
    )
    [years] = connection.execute(
        f"select min(first_year), max(last_year) from ({everything})"
    ).fetchall()
    return years
