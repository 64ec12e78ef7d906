"""UN Comtrade's answers: which releases exist, and whether an answer is complete and correct."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pyarrow.compute as pc

from orchestration.landing.layout import (
    EmptyAnswerError,
    LandingError,
    MissingColumnError,
    UnknownLayoutError,
)
from orchestration.landing.reading import open_tables, read_batches
from orchestration.sources.live.plan import Limits, Request, query_string
from orchestration.sources.live.transport import TransientError

Releases = dict[tuple[int, int], str]  # (reporter, year) -> when it was last released


class TruncatedAnswerError(LandingError):
    """An answer with as many rows as the service gives at most.

    It was cut without notice; a smaller request is needed.
    """


def availability_url(base: str, years: list[int], with_key: bool) -> str:
    """The address of the data availability of at most twelve years.

    It tells which reporter-years exist and when they were last released.
    """
    return (
        f"{base}{'/data/v1' if with_key else '/public/v1'}/getDa/C/A/HS?"
        f"{query_string({'period': ','.join(map(str, years))})}"
    )


def read_releases(path: Path) -> Releases:
    """The newest release of each reporter-year in an answer from getDa.

    Raises TransientError for a response that is not such an answer.
    """
    try:
        answer = json.loads(gzip.decompress(path.read_bytes()).decode("utf-8-sig"))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise TransientError(f"UN Comtrade getDa: the answer is not JSON ({error}).") from None
    if (
        not isinstance(answer, dict)
        or not isinstance(answer.get("data"), list)
        or answer.get("error")
    ):
        said = answer.get("error") or answer.get("message") if isinstance(answer, dict) else None
        raise TransientError(
            f"UN Comtrade getDa: not a list of releases{f', but {said!r}' if said else ''}."
        )
    releases: Releases = {}
    for number, row in enumerate(answer["data"], 1):
        named = {name.lower(): value for name, value in row.items()}
        try:
            cell = int(named["reportercode"]), int(str(named["period"])[:4])
            released = str(named["lastreleased"])
        except (KeyError, ValueError) as error:
            raise LandingError(
                f"UN Comtrade getDa: row {number} has no usable "
                f"reporterCode, period or lastReleased ({error}). "
                "The interface has changed; this client must be adapted."
            ) from None
        releases[cell] = max(released, releases.get(cell, ""))
    return releases


def check_answer(path: Path, request: Request, limits: Limits) -> tuple[int, tuple[str, ...]]:
    """Rows and notes of the answer at `path`.

    Raises TruncatedAnswerError for an answer at the cap, TransientError for what is not an answer
    (HTML, cut JSON, an error in its place), and LandingError for an answer to a different request
    or without the columns that are needed.
    """
    try:
        [table] = open_tables(path)[0]
    except EmptyAnswerError:
        return 0, ()
    except (MissingColumnError, UnknownLayoutError) as error:
        raise LandingError(
            f"{error} The interface may have changed; what it sent is kept in the folder 'refused'."
        ) from error
    except LandingError as error:
        raise TransientError(str(error)) from error
    batches = list(read_batches(table))
    rows = sum(batch.num_rows for batch in batches)
    if rows >= limits.rows:
        raise TruncatedAnswerError(f"{request.name}: {rows:,} rows, the most one answer holds")
    asked = {
        "reporterCode": request.reporters,
        "refYear": request.periods,
        "partnerCode": request.partners,
        "flowCode": request.flows,
        "cmdCode": request.codes,
    }
    pinned = {"partner2Code": (0,), "customsCode": ("C00",), "motCode": (0,)}
    for column, values in {**asked, **pinned}.items():
        allowed = set(map(str, values))
        for batch in batches if allowed else []:
            if set(pc.unique(batch.column(column)).to_pylist()) - allowed:
                row, value = next(
                    (n, v)
                    for n, v in zip(
                        batch.column("landed_row").to_pylist(),
                        batch.column(column).to_pylist(),
                        strict=True,
                    )
                    if v not in allowed
                )
                raise LandingError(
                    f"{request.name}: row {row}, column {column}: {value!r} was not requested. "
                    "The answer belongs to another request or the service ignores a parameter; "
                    "it is kept in the folder 'refused'."
                )
    return rows, tuple(note for note in table.notes if note.startswith("unknown"))
