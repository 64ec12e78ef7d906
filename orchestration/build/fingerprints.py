"""What each layer was made from, as one fingerprint: where it is unchanged, so is the layer.

A fingerprint is a digest of everything that determines the content of a layer: the rows it reads,
the code that makes it, the settings and the versions of packages. It is recorded when the layer is
complete (operations.completed_layers). What determines nothing (memory, ports, keys) is no part.
"""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import duckdb

from orchestration.build import warehouse
from orchestration.build.dbt_project import project_files
from orchestration.settings import PROJECT_ROOT, Settings

# the packages whose version may change a digit, or the form, of what a layer holds
PACKAGES_OF_MODELS = (
    *("dbt-adapters", "dbt-common", "dbt-core", "dbt-duckdb", "duckdb"),
    *("numpy", "pandas"),  # of Python models
)
PACKAGES_OF_ESTIMATES = ("formulaic", "numpy", "pandas", "pyfixest", "scipy")
PACKAGES_OF_PUBLICATION = (
    *("altair", "duckdb", "jinja2", "matplotlib", "pandas", "pyarrow", "vl-convert-python"),
)

# what loading records of the rows of schema raw, by partition and by landed file; and the one raw
# table that has no landed file
_RECORDS_OF_RAW = ("raw.loaded_partitions", "raw.landed_files", "raw.low_carbon_products")


def of_models(connection: duckdb.DuckDBPyConnection, settings: Settings) -> str:
    """Of schemas seeds to report: raw rows, the dbt project, settings and versions."""
    rows = {
        table: connection.execute(f"select * from {table} order by all").fetchall()
        for table in _RECORDS_OF_RAW
    }
    return _digest(
        rows=rows,
        # dbt's process imports what Python models call when it runs
        code=_contents([*project_files(), *(PROJECT_ROOT / "estimation/prices").rglob("*.py")]),
        settings=settings.stated(is_synthetic=True),
        versions=_versions(PACKAGES_OF_MODELS),
    )


def of_estimates(connection: duckdb.DuckDBPyConnection, planted_truth: Path | None) -> str | None:
    """Of schema estimates: the models it reads, estimation's code, planted truth and versions.

    None if the models are not complete, or it is not recorded what they were made from.
    """
    models = warehouse.fingerprint_of(connection, "models")
    if models is None:
        return None
    return _digest(
        models=models,
        code=CODE_OF_ESTIMATES,
        planted_truth=_contents([planted_truth] if planted_truth else []),
        versions=_versions(PACKAGES_OF_ESTIMATES),
    )


def of_publication(
    connection: duckdb.DuckDBPyConnection, provenance: Mapping[str, Any]
) -> str | None:
    """Of a publication: the layers it holds, its code, and what its provenance says of its origin.

    None if the estimates are not complete, or it is not recorded what they were made from.
    """
    models, estimates = (warehouse.fingerprint_of(connection, x) for x in warehouse.LAYERS)
    if models is None or estimates is None:
        return None
    return _digest(
        models=models,
        estimates=estimates,
        code=(CODE_OF_PUBLICATION, CODE_OF_REPORT_PAGE),
        provenance=provenance,
        versions=_versions(PACKAGES_OF_PUBLICATION),
    )


def _contents(paths: Iterable[Path]) -> dict[str, str]:
    """A checksum of each file that is there, by name; renaming a file changes them too."""
    return {
        path.as_posix().removeprefix(f"{PROJECT_ROOT.as_posix()}/"): hashlib.sha256(
            path.read_bytes()
        ).hexdigest()
        for path in sorted(paths)
        if path.is_file()
    }


def _versions(packages: Iterable[str]) -> dict[str, str]:
    return {"python": platform.python_version(), **{name: version(name) for name in packages}}


def _digest(**parts: Any) -> str:
    text = json.dumps(parts, sort_keys=True, default=str, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _code_of(*places: str) -> str:
    """A digest of the files of Python and SQL at these places of the project."""
    found: list[Path] = []
    for place in places:
        path = PROJECT_ROOT / place
        found += [path] if path.is_file() else [*path.rglob("*.py"), *path.rglob("*.sql")]
    return _digest(code=_contents(found))


# taken when this process imports the code, not when it runs: the files may have changed since
CODE_OF_ESTIMATES = _code_of("estimation", "orchestration/build/estimates.py")
CODE_OF_PUBLICATION = _code_of(
    "estimation",
    "orchestration/build/estimates.py",
    "orchestration/landing/publishers",
    "orchestration/publishing",
)
# templates, style sheet and script are no Python, and are as much of the page
CODE_OF_REPORT_PAGE = _digest(
    files=_contents(
        path
        for path in (PROJECT_ROOT / "orchestration/publishing/report_page").rglob("*")
        if path.suffix in (".py", ".html", ".css", ".js")
    ),
    words=_contents((PROJECT_ROOT / "seeds/labels").glob("*.csv")),
)
