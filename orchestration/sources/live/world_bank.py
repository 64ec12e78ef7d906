"""The World Bank's indicators: which series to request, page by page, in the chosen vintage.

A vintage is a release of the World Development Indicators; the settings name it. `202310`, the
report's, comes from the archives (source 57), which also hold the series that have been retired
since; `today` comes from source 2, with the successors of what was retired or renamed
(seeds/indicator_successors.csv). Vintages are never mixed. All pages of a batch land as one zip,
each page as it was sent.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from orchestration.durable import write_then_replace
from orchestration.landing.layout import LandingError
from orchestration.seeds import seed_rows
from orchestration.sources.live.answers import read_json
from orchestration.sources.live.errors import TransientError
from orchestration.sources.live.redaction import value_shown
from orchestration.sources.live.transport import Transport

TODAY = "today"
FIRST_YEAR = 1988  # four years before the panel, for standard deviations that roll over four years
CODES_PER_CALL = 60
ROWS_PER_PAGE = 20_000
CHARACTERS_BETWEEN_SLASHES = 1500
ECONOMIES = 270  # and aggregates, for the estimate of the plan
RESTARTS = 3


class UnknownIndicatorError(LandingError):
    """The service does not know, or no longer knows, one of the requested codes."""


class SeriesUpdatedError(LandingError):
    """The series were updated between two pages: the earlier pages belong to another edition."""


@dataclass(frozen=True)
class Batch:
    """Series of one vintage that are requested together; the answer has pages."""

    vintage: str
    codes: tuple[str, ...]
    years: tuple[int, ...]
    number: int = 1

    @property
    def name(self) -> str:
        return f"world_bank_indicators_{self.number}.zip"

    @property
    def parameters(self) -> dict[str, str]:
        """What the manifest keeps of the request."""
        return {
            "vintage": self.vintage,
            "series": ";".join(self.codes),
            "years": f"{self.years[0]}:{self.years[-1]}",
        }

    def url(self, base: str, page: int, per_page: int | None = None) -> str:
        paging = f"format=json&per_page={per_page or ROWS_PER_PAGE}&page={page}"
        if self.vintage == TODAY:
            return (
                f"{base}/v2/country/all/indicator/{';'.join(self.codes)}"
                f"?source=2&date={self.years[0]}:{self.years[-1]}&{paging}"
            )
        times = ";".join(f"YR{year}" for year in self.years)
        return (
            f"{base}/v2/sources/57/version/{self.vintage}/country/all"
            f"/series/{';'.join(self.codes)}/time/{times}/data?{paging}"
        )

    @property
    def expected_rows(self) -> int:
        return len(self.codes) * ECONOMIES * len(self.years)

    @property
    def expected_calls(self) -> int:
        return -(-self.expected_rows // ROWS_PER_PAGE)


def panel_indicators() -> tuple[str, ...]:
    """The codes the panel is made from, in the order of the seed `variables`."""
    pairs = ((row["indicator_code"], row["denominator_code"]) for row in seed_rows("variables"))
    return tuple(dict.fromkeys(code for pair in pairs for code in pair if code))


def successors() -> dict[str, str]:
    """The code that follows each retired or renamed one."""
    rows = seed_rows("indicator_successors")
    return {row["indicator_code"]: row["successor_code"] for row in rows}


def batches(vintage: str, codes: tuple[str, ...], years: tuple[int, ...]) -> list[Batch]:
    """The codes in as few batches as the limits on codes and characters between slashes allow."""
    parts: list[list[str]] = []
    for code in codes:
        if (
            not parts
            or len(parts[-1]) == CODES_PER_CALL
            or len(";".join([*parts[-1], code])) > CHARACTERS_BETWEEN_SLASHES
        ):
            parts.append([])
        parts[-1].append(code)
    return [Batch(vintage, tuple(part), years, number) for number, part in enumerate(parts, 1)]


def codes_of_today(
    catalogue: dict[str, dict[str, str]], say: Callable[[str], None]
) -> tuple[tuple[str, ...], list[str]]:
    """The panel's codes as the catalogue has them today: the code itself, else its successor.

    Also returns the codes that have neither.
    """
    successor, found, missing = successors(), [], []
    for code in panel_indicators():
        if code in catalogue:
            found.append(code)
        elif successor.get(code) in catalogue:
            found.append(successor[code])
            say(
                f"World Bank: {code} is retired; its successor {successor[code]} replaces it "
                "(see seeds/indicator_successors.csv: levels differ)"
            )
        else:
            missing.append(code)
    return tuple(dict.fromkeys(found)), missing


def read_page(path: Path) -> dict:
    """A page's answer: page information (`info`), rows and their count, and its series.

    The series come with their names and units. Raises UnknownIndicatorError for a code the service
    does not know, TransientError for what is not an answer.
    """
    answer = read_json(path, "World Bank")
    _raise_message(answer)
    try:
        if isinstance(answer, list) and len(answer) == 2 and isinstance(answer[0], dict):
            info, rows = answer[0], answer[1] or []
            series = _series_of_rows(rows)
        elif isinstance(answer, dict) and isinstance(answer.get("source"), dict):
            info, rows = answer, answer["source"].get("data") or []
            series = _series_of_dimensions(rows)
        else:
            raise TransientError("World Bank: the answer has neither pages nor a message.")
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise TypeError("rows that are no objects")
        kept = {
            "page": _whole_number(info, "page"),
            "pages": _whole_number(info, "pages"),
            "total": _whole_number(info, "total"),
            "lastupdated": str(info.get("lastupdated") or ""),
        }
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise TransientError(
            "World Bank: the page is not in the known form "
            f"({type(error).__name__}: {value_shown(str(error))})."
        ) from None
    return {"info": kept, "rows": rows, "count": len(rows), "series": series}


def _raise_message(answer: Any) -> None:
    """Raise the error that a message stands for which was sent in an answer's place."""
    if not (isinstance(answer, list) and answer and isinstance(answer[0], dict)):
        return
    if "message" not in answer[0]:
        return
    messages = answer[0]["message"]
    first = messages[0] if isinstance(messages, list) and messages else {}
    message = first if isinstance(first, dict) else {}
    said = (
        f"World Bank: {value_shown(message.get('key'))}: {value_shown(message.get('value'))} "
        f"(message {value_shown(message.get('id'))}, sent with status 200)."
    )
    if str(message.get("id")) in ("120", "175"):
        raise UnknownIndicatorError(said)
    raise TransientError(said)


def _series_of_rows(rows: list[dict]) -> dict[str, dict[str, str]]:
    """The series of a page of the indicators interface, with names and units."""
    return {
        _text(r["indicator"]["id"]): {
            "name": _text(r["indicator"]["value"]),
            "unit": _text(r.get("unit") or ""),
        }
        for r in rows
        if "indicator" in r
    }


def _series_of_dimensions(rows: list[dict]) -> dict[str, dict[str, str]]:
    """The series of a page of the archives, which name no units."""
    return {
        _text(d["id"]): {"name": _text(d["value"]), "unit": ""}
        for r in rows
        for d in r["variable"]
        if d["concept"] == "Series"
    }


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("a number or a list where a text is needed")
    return value


def _whole_number(info: dict, name: str) -> int:
    """A number of the page information, which the service writes as a number or as text."""
    value = str(info[name])
    if not re.fullmatch("[0-9]{1,9}", value):
        raise ValueError(f"{name} is {value}")
    return int(value)


def fetch_pages(transport: Transport, batch: Batch, incoming: Path) -> tuple[Path, dict]:
    """Request all pages of a batch and pack them, as they were sent, into one zip.

    Returns the zip and what the manifest keeps of it: the request, the date of the last update, the
    names and units of the series. Pages that arrived before an interruption are not requested
    again. Raises UnknownIndicatorError, ServiceError, or LandingError.
    """
    for _ in range(RESTARTS):
        try:
            return _fetch_pages(transport, batch, incoming)
        except SeriesUpdatedError as changed:
            transport.say(f"{changed} All pages are requested again.")
            delete_pages(batch, incoming)
    raise LandingError(
        f"{batch.name}: the number of rows or the date of update changed between pages "
        f"{RESTARTS} times. "
        "The World Bank is publishing an update; run the same command again later."
    )


def delete_pages(batch: Batch, incoming: Path) -> None:
    """Delete the pages that arrived: they have landed, or belong to another edition."""
    for page in incoming.glob(f"{Path(batch.name).stem}_*.json.gz"):
        page.unlink()


def known_codes(transport: Transport, batch: Batch, incoming: Path) -> tuple[str, ...]:
    """The codes of the batch that the service knows.

    One unknown code makes the whole request fail, so the batch is halved until the codes are found.
    """
    probe = incoming / "world_bank_probe.json.gz"
    try:
        transport.fetch(batch.url(transport.base, 1, per_page=1), probe, read_page)
        return batch.codes
    except UnknownIndicatorError:
        if len(batch.codes) == 1:
            return ()
        half = len(batch.codes) // 2
        return tuple(
            code
            for part in (batch.codes[:half], batch.codes[half:])
            for code in known_codes(transport, replace(batch, codes=part), incoming)
        )
    finally:
        probe.unlink(missing_ok=True)


def last_update(transport: Transport, batch: Batch, incoming: Path) -> str:
    """The date on which the service last updated the series: one call, one row."""
    probe = incoming / "world_bank_probe.json.gz"
    try:
        return transport.fetch(batch.url(transport.base, 1, per_page=1), probe, read_page)["info"][
            "lastupdated"
        ]
    finally:
        probe.unlink(missing_ok=True)


def catalogue_url(base: str) -> str:
    return f"{base}/v2/indicator?source=2&format=json&per_page={ROWS_PER_PAGE}"


def economies_url(base: str) -> str:
    return f"{base}/v2/country?format=json&per_page=400"


def read_catalogue(path: Path) -> dict[str, dict[str, str]]:
    """Name, unit and source of every series of today's World Development Indicators, by code."""
    page = read_page(path)
    if page["info"]["pages"] != 1:
        raise LandingError(
            "World Bank: the catalogue of indicators no longer comes on one page; "
            "this client must be adapted."
        )
    _refuse_missing_rows(page, "series of the catalogue")
    return {
        _text(r["id"]): {
            "name": _text(r["name"]),
            "unit": _text(r.get("unit") or ""),
            "source": _text(r.get("sourceOrganization") or ""),
        }
        for r in page["rows"]
    }


def check_economies(path: Path) -> int:
    """The number of economies and aggregates in the answer.

    Raises TransientError if it is not the whole list.
    """
    page = read_page(path)
    _refuse_missing_rows(page, "economies")
    return page["count"]


def _refuse_missing_rows(page: dict, rows: str) -> None:
    """Raise TransientError for an answer on one page that is not all there is."""
    if page["info"]["pages"] != 1 or page["count"] != page["info"]["total"]:
        raise TransientError(
            f"World Bank: {page['count']:,} of the {page['info']['total']:,} "
            f"announced {rows} arrived."
        )


def _fetch_pages(transport: Transport, batch: Batch, incoming: Path) -> tuple[Path, dict]:
    pages: list[Path] = []
    series: dict[str, dict[str, str]] = {}
    rows, number, first = 0, 1, None
    while first is None or number <= first["pages"]:
        path = incoming / f"{Path(batch.name).stem}_{batch.vintage}_page_{number:04}.json.gz"
        page = transport.fetch(batch.url(transport.base, number), path, read_page)
        first = first or page["info"]
        if {**page["info"], "page": 0} != {**first, "page": 0}:
            raise SeriesUpdatedError(
                f"{batch.name}: page {number} says {_edition(page['info'])} "
                f"where page 1 said {_edition(first)}."
            )
        if page["info"]["page"] != number:
            raise SeriesUpdatedError(
                f"{batch.name}: page {number} was requested, "
                f"but page {page['info']['page']} arrived."
            )
        rows += page["count"]
        series |= page["series"]
        pages.append(path)
        number += 1
    if rows != first["total"]:
        raise SeriesUpdatedError(
            f"{batch.name}: {rows:,} of the {first['total']:,} announced rows arrived."
        )
    unasked = set(series) - set(batch.codes)
    if unasked or rows == 0:
        fault = (
            "series " + sorted(unasked)[0] + " was not requested"
            if unasked
            else "no rows for any of its series"
        )
        raise LandingError(
            f"{batch.name}: {fault}. The interface may have changed; nothing was kept."
        )
    target = incoming / batch.name
    _pack(pages, target)
    release = (
        batch.vintage if batch.vintage != TODAY else f"{TODAY}, updated {first['lastupdated']}"
    )
    return target, {
        "indicators": batch.parameters,
        "release": release,
        "lastupdated": first["lastupdated"],
        "series": dict(sorted(series.items())),
    }


def _edition(info: dict) -> str:
    return f"{info['total']:,} rows, updated {info['lastupdated'] or 'on an unknown date'}"


def _pack(pages: list[Path], target: Path) -> None:
    """Pack the pages into one zip, without timestamps, so that equal answers give equal bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for number, page in enumerate(pages, 1):
            archive.writestr(zipfile.ZipInfo(f"page_{number:04}.json.gz"), page.read_bytes())
    write_then_replace(target, buffer.getvalue())


def series_changes(
    before: dict[str, dict[str, str]], after: dict[str, dict[str, str]]
) -> list[str]:
    """Sentences on series whose name, unit or source differs from the previous answer.

    Their levels may not be comparable.
    """
    return [
        f"{code}: {field} was {before[code].get(field)!r} and is {after[code].get(field)!r}"
        for code in sorted(set(before) & set(after))
        for field in sorted(set(before[code]) & set(after[code]))
        if before[code].get(field) != after[code].get(field)
    ]
