"""Reading a publication, so that nothing but its own tables can be read and nothing be written.

DuckDB opens the file read-only, with access to everything else off and its settings locked: other
files, databases and extensions, and the objects of this process. Only a single SELECT is run.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from orchestration.durable import sql_text
from orchestration.errors import ExplainedError
from orchestration.messages import shown
from orchestration.publishing.integrity import PROVENANCE, WAREHOUSE
from orchestration.settings import Settings

SYNTHETIC_NOTICE = "SYNTHETIC DEMO DATA: every number is invented. "

# in this order: the lock is last
CLOSED = {
    "enable_external_access": "false",
    "allow_community_extensions": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "python_enable_replacements": "false",
    "lock_configuration": "true",
}


# two publications that are open side by side
EARLIER, LATER = "earlier", "later"


class PublicationError(ExplainedError):
    """There is no such publication, or it cannot be opened. The message says what to do."""


class QueryError(ExplainedError):
    """A query is not one SELECT, or it fails. The message says what to do."""


@dataclass(frozen=True)
class OpenPublication:
    """A publication opened for reading: its number, its folder, and whether it is synthetic.

    What a query cannot hold in memory is for a while in the folder `spill`.
    """

    number: str
    folder: Path
    is_synthetic: bool
    connection: duckdb.DuckDBPyConnection
    spill: Path

    @property
    def notice(self) -> str:
        """What every output of synthetic numbers says; empty for real ones."""
        return SYNTHETIC_NOTICE.strip() if self.is_synthetic else ""

    def provenance(self) -> dict[str, Any]:
        """What it was made from. Raises PublicationError if that cannot be read."""
        return provenance_of(self.folder)

    def withheld(self) -> list[str]:
        """The tables that it leaves out (LCT_PUBLISH=aggregates)."""
        return [left_out["table"] for left_out in self.provenance().get("withheld", ())]

    def as_json(self) -> dict[str, Any]:
        """What every answer to a program says of where it comes from."""
        stated = {"publication": self.number, "is_synthetic": self.is_synthetic}
        return stated | ({"notice": self.notice} if self.notice else {})


def kept_publications(settings: Settings) -> list[str]:
    """The numbers of the publications that are kept, the oldest first."""
    publications = settings.data_dir / "publications"
    return sorted(p.name for p in publications.glob("[0-9]*") if p.is_dir())


def publication_folder(settings: Settings, number: str | None = None) -> Path:
    """The folder of publication `number` (12 is 000012), or of the one that is published.

    Raises PublicationError, naming those that are kept, if there is none.
    """
    if number is None:
        if not (settings.published_dir / WAREHOUSE).is_file():
            raise PublicationError(
                f"{settings.published_dir}: nothing is published there. "
                "Publish with `lct run`, or name another data folder in LCT_DATA_DIR."
            )
        return settings.published_dir.resolve()
    kept = kept_publications(settings)
    if number.zfill(6) not in kept:
        raise PublicationError(
            f"There is no publication {shown(number)}; kept are: {', '.join(kept) or 'none'}."
        )
    return settings.data_dir / "publications" / number.zfill(6)


@contextmanager
def open_publication(settings: Settings, number: str | None = None) -> Iterator[OpenPublication]:
    """Open publication `number`, or the one that is published, for the time of the block.

    A publication that takes its place meanwhile changes nothing of what is open. Raises
    PublicationError if there is none or it cannot be opened.
    """
    folder = publication_folder(settings, number)
    with open_folder(settings, folder, folder.name) as publication:
        yield publication


@contextmanager
def open_folder(settings: Settings, folder: Path, number: str) -> Iterator[OpenPublication]:
    """Open what is to be publication `number` in its folder. Raises PublicationError."""
    with _bounds(settings) as (spill, bounds):
        with _explaining_damage(folder):
            connection = duckdb.connect(str(folder / WAREHOUSE), read_only=True, config=bounds)
            _close(connection)
            [(is_synthetic,)] = connection.execute(
                "select coalesce(bool_or(is_synthetic), false) from marts.run_choices"
            ).fetchall()
        with connection:
            yield OpenPublication(number, folder, is_synthetic, connection, spill)


@contextmanager
def open_side_by_side(
    settings: Settings, earlier: Path, later: Path
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the publications in two folders as the catalogues EARLIER and LATER, to compare them.

    Temporary tables can be made; nothing else can be written or read. Raises PublicationError if
    one cannot be opened.
    """
    with _bounds(settings) as (_, bounds), duckdb.connect(config=bounds) as connection:
        for catalogue, folder in ((EARLIER, earlier), (LATER, later)):
            with _explaining_damage(folder):
                place = sql_text(folder / WAREHOUSE)
                connection.execute(f"attach {place} as {catalogue} (read_only)")
        _close(connection)
        yield connection


def provenance_of(folder: Path) -> dict[str, Any]:
    """What the publication in a folder was made from. Raises PublicationError if it is damaged."""
    path = folder / PROVENANCE
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise PublicationError(
            f"{path} cannot be read: {error}. `lct verify` says what is damaged; "
            "`lct restore` goes back to an earlier publication."
        ) from error


@contextmanager
def _bounds(settings: Settings) -> Iterator[tuple[Path, dict[str, Any]]]:
    """How much a connection may hold in memory, and a folder for the rest, removed at the end."""
    with tempfile.TemporaryDirectory(prefix="lct-", ignore_cleanup_errors=True) as spill:
        yield (
            Path(spill),
            {
                "memory_limit": settings.memory_limit,
                "temp_directory": str(Path(spill) / "duckdb"),
            },
        )


@contextmanager
def _explaining_damage(folder: Path) -> Iterator[None]:
    try:
        yield
    except duckdb.Error as error:
        raise PublicationError(
            f"{folder / WAREHOUSE} cannot be opened: {error}. "
            "`lct verify` says what is damaged; `lct restore` goes back to an earlier one."
        ) from error


def _close(connection: duckdb.DuckDBPyConnection) -> None:
    """Nothing but what is open can be read from now on."""
    for setting, value in CLOSED.items():
        connection.execute(f"set {setting} = {value}")


def select(publication: OpenPublication, sql: str) -> duckdb.DuckDBPyRelation:
    """One SELECT (or FROM, WITH, VALUES, DESCRIBE, SUMMARIZE, SHOW), which runs as it is read.

    Raises QueryError if `sql` is anything else or DuckDB refuses it.
    """
    connection = publication.connection
    with explaining_queries():
        statements = connection.extract_statements(sql)
        if len(statements) != 1:
            raise QueryError(
                f"{len(statements)} statements were given; a query is one. "
                "Give a single SELECT; several steps go into one by `with ... as (...)`."
            )
        if not _is_select(statements[0]):
            raise QueryError(
                "Only a SELECT (or FROM, WITH, VALUES, DESCRIBE, SUMMARIZE, SHOW) is run here: "
                "the publication is read-only. A PIVOT needs its values: on column in (...). "
                "`lct export` exports tables; to change them, open a copy of the file with DuckDB."
            )
        return connection.sql(statements[0])


def _is_select(statement: duckdb.Statement) -> bool:
    try:
        return statement.type == duckdb.StatementType.SELECT
    except ValueError:  # a kind of statement that DuckDB has no name for in Python
        return False


REMEDIES: dict[type[duckdb.Error], str] = {
    duckdb.CatalogException: "`lct tables` lists the tables, `lct tables TABLE` its columns.",
    duckdb.BinderException: "`lct tables TABLE` lists the columns of a table.",
    duckdb.PermissionException: "Only the tables of the publication can be read, no other file.",
    duckdb.OutOfMemoryException: "Select less, or raise LCT_MEMORY_LIMIT.",
}


@contextmanager
def explaining_queries() -> Iterator[None]:
    """Raise QueryError, with a remedy, for what DuckDB says of a query in the block.

    Raises KeyboardInterrupt if it says that it was Ctrl-C.
    """
    try:
        yield
    except RuntimeError as error:
        if str(error) == "Query interrupted":
            raise KeyboardInterrupt from error
        raise
    except duckdb.Error as error:
        remedies = [text for kind, text in REMEDIES.items() if isinstance(error, kind)]
        raise QueryError("\n".join([str(error), *remedies])) from error
