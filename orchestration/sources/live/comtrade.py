"""UN Comtrade's answers: which releases exist, and whether an answer is complete and correct."""

from __future__ import annotations

import re
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from orchestration.landing.layout import (
    EmptyAnswerError,
    LandingError,
    MissingColumnError,
    UnknownLayoutError,
)
from orchestration.landing.reading import open_tables, read_batches
from orchestration.sources.live.answers import read_json
from orchestration.sources.live.errors import TransientError
from orchestration.sources.live.plan import (
    ANNUAL,
    MONTHLY,
    Limits,
    Request,
    query_string,
    year_of,
)
from orchestration.sources.live.redaction import value_shown

Releases = dict[tuple[int, int], str]  # (reporter, period) -> when it was last released
_PERIOD = {ANNUAL: "[0-9]{4}", MONTHLY: "[0-9]{4}(0[1-9]|1[0-2])"}


class TruncatedAnswerError(LandingError):
    """An answer with as many rows as the service gives at most.

    It was cut without notice; a smaller request is needed.
    """


def availability_url(base: str, frequency: str, parameters: dict[str, str], with_key: bool) -> str:
    """The address of the data availability of at most twelve periods, or of one reporter's.

    It tells which periods of which reporters exist and when they were last released.
    """
    return (
        f"{base}{'/data/v1' if with_key else '/public/v1'}/getDa/C/{frequency}/HS?"
        f"{query_string(parameters)}"
    )


def read_releases(path: Path, frequency: str) -> Releases:
    """The newest release of each reporter and period in an answer from getDa.

    Raises TransientError for a response that is not such an answer, LandingError for one of another
    frequency or form.
    """
    answer = read_json(path, "UN Comtrade getDa")
    if (
        not isinstance(answer, dict)
        or not isinstance(answer.get("data"), list)
        or answer.get("error")
    ):
        said = answer.get("error") or answer.get("message") if isinstance(answer, dict) else None
        raise TransientError(
            "UN Comtrade getDa: not a list of releases"
            f"{f', but {value_shown(said)}' if said else ''}."
        )
    rows, count = answer["data"], answer.get("count")
    if isinstance(count, int) and count != len(rows):
        raise TransientError(
            f"UN Comtrade getDa: says count {count:,} but holds {len(rows):,} rows."
        )
    releases: Releases = {}
    for number, row in enumerate(rows, 1):
        cell, released = _release(number, row, frequency)
        releases[cell] = max(released, releases.get(cell, ""))
    return releases


def _release(number: int, row: object, frequency: str) -> tuple[tuple[int, int], str]:
    """The reporter and period of a row of getDa, and when it was last released."""
    named = {name.lower(): value for name, value in row.items()} if isinstance(row, dict) else {}
    texts = [
        str(named[name]) if isinstance(named.get(name), int | str) else ""
        for name in ("reportercode", "period", "lastreleased")
    ]
    reporter, period, released = texts
    is_usable = (
        re.fullmatch("[0-9]{1,6}", reporter)
        and re.fullmatch(_PERIOD[frequency], period)
        and released
    )
    if not is_usable:
        raise LandingError(
            f"UN Comtrade getDa: row {number} has no usable reporterCode, period or lastReleased "
            f"({', '.join(map(value_shown, texts))}). "
            "The interface has changed; this client must be adapted."
        )
    return (int(reporter), int(period)), released


def check_answer(path: Path, request: Request, limits: Limits) -> tuple[int, tuple[str, ...]]:
    """Rows and notes of the answer at `path`.

    Raises TruncatedAnswerError for an answer at the cap, TransientError for what is not an answer
    (HTML, cut JSON, an error in its place), and LandingError for an answer to a different request
    or without the columns that are needed.
    """
    try:
        [table] = open_tables(path)[0]
    except EmptyAnswerError:
        # it withdraws what was there, so it must say that it means it
        if read_json(path, "UN Comtrade").get("count") != 0:
            raise TransientError(f"{request.name}: no rows, and no count of 0.") from None
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
    for columns, allowed in _requested(request).items():
        for batch in batches if allowed else []:
            texts = _joined(batch, columns)
            if set(pc.unique(texts).to_pylist()) - allowed:
                row, value = next(
                    (n, v)
                    for n, v in zip(
                        batch.column("landed_row").to_pylist(), texts.to_pylist(), strict=True
                    )
                    if v not in allowed
                )
                raise LandingError(
                    f"{request.name}: row {row}, column {' '.join(columns)}: "
                    f"{value_shown(value)} was not requested. "
                    "The answer belongs to another request or the service ignores a parameter; "
                    "it is kept in the folder 'refused'."
                )
    return rows, tuple(note for note in table.notes if note.startswith("unknown"))


def _requested(request: Request) -> dict[tuple[str, ...], set[str]]:
    """What the columns of an answer may hold, joined where several say the same; none: anything.

    Of a month the warehouse reads refYear and refMonth, so that they must be those of the period.
    """
    if request.frequency == MONTHLY:
        when: tuple[str, ...] = ("period", "refYear", "refMonth")
        periods = {f"{p} {year_of(p)} {p % 100}" for p in request.periods}
    else:
        when, periods = ("refYear",), set(map(str, request.periods))
    return {
        ("freqCode",): {request.frequency},
        ("reporterCode",): set(map(str, request.reporters)),
        when: periods,
        ("partnerCode",): set(map(str, request.partners)),
        ("flowCode",): set(request.flows),
        ("cmdCode",): set(request.codes),
        ("partner2Code",): {"0"},
        ("customsCode",): {"C00"},
        ("motCode",): {"0"},
    }


def _joined(batch: pa.RecordBatch, columns: tuple[str, ...]) -> pa.Array:
    """The texts of the columns, row by row, with a space between them."""
    texts = [batch.column(name) for name in columns]
    return pc.binary_join_element_wise(*texts, " ", null_handling="replace", null_replacement="")
