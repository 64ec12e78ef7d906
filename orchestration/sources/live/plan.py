"""Planning the UN Comtrade requests from the products, the existing periods and the limits.

Only pure functions belong here: nothing in this module knows the network, the clock or the landing
zone. The cost is the number of calls a day, not the bandwidth, so a request is as large as the
limits on rows, periods and URL allow. `split` is the one way to make a request smaller: the planner
uses it before a request is sent, the guard against truncated answers afterwards.

A period is a year, or a month as the service writes it (202203). A cell is a reporter in a period.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from functools import cache
from math import ceil
from typing import Any
from urllib.parse import quote, urlencode

from orchestration.landing.layout import LandingError
from orchestration.seeds import seed_rows

CHINA, WORLD = 156, 0
FIRST_YEAR = 1992  # the first year China reports to UN Comtrade
# The first year of which months are requested. The early warning of prices (estimation/prices)
# needs three years of months before the first that it judges, and judged months on both sides of a
# cut-off, to choose its threshold on the earlier and to be tested on the later ones.
FIRST_MONTHLY_YEAR = 2017
FLOWS = ("M", "X")
ANNUAL, MONTHLY = "A", "M"

# The questions. China reports its trade with every partner; every other reporter reports its trade
# with China (the mirror of China's reports) and with the World. No row answers both, so that no
# answer replaces a part of another. China's reports by month come last: the report needs none.
CHINA_REPORTS, OTHERS_REPORT, TRIAL = "china_reports", "others_report", "trial"
CHINA_REPORTS_MONTHLY = "china_reports_monthly"

# Rows per product code, for one reporter, period and flow: generous, so that an answer at the cap
# stays the exception. In the answers seen for 2022, imports filled 0.64 of all reporter x code
# cells with the World and 0.38 with China. Of the partners to whom China exports solar cells,
# graphite and gallium in a year, a month has 0.72 to 0.79, 0.71 to 0.85 and 0.47 to 0.58 (2017 to
# 2025); its imports by month have not been seen, and are the more scattered.
ROWS_PER_CODE = {
    (CHINA_REPORTS, "X"): 145.0,
    (CHINA_REPORTS, "M"): 75.0,
    (OTHERS_REPORT, "X"): 1.3,
    (OTHERS_REPORT, "M"): 1.5,
    (CHINA_REPORTS_MONTHLY, "X"): 110.0,
    (CHINA_REPORTS_MONTHLY, "M"): 45.0,
    (TRIAL, "X"): 145.0,
    (TRIAL, "M"): 75.0,
}

# lithium carbonate and lithium-ion batteries: one product of either list
TRIAL_CODES = ("283691", "850760")
TRIAL_YEARS = 2


@dataclass(frozen=True)
class Limits:
    """The service's limits: characters of a URL, rows and periods of one answer, calls a day.

    `is_preview`: they are those of the endpoint that takes no key.
    """

    url_characters: int = 4096
    rows: int = 100_000
    periods: int = 12
    calls_a_day: int = 500
    is_preview: bool = False


PREVIEW_LIMITS = Limits(rows=500, periods=1, is_preview=True)


@dataclass(frozen=True)
class Request:
    """One request for UN Comtrade's goods data, in the Harmonized System as reported.

    Its periods are all years or all months. No partners means all of them.
    """

    question: str
    reporters: tuple[int, ...]
    partners: tuple[int, ...]
    periods: tuple[int, ...]
    flows: tuple[str, ...]
    codes: tuple[str, ...]

    @property
    def frequency(self) -> str:
        return MONTHLY if self.question == CHINA_REPORTS_MONTHLY else ANNUAL

    @property
    def parameters(self) -> dict[str, str]:
        """The request's parameters as the service takes them, pinned to totals.

        Unpinned, each flow would come back once in total and again in parts.
        """
        listed = {
            "reporterCode": self.reporters,
            "period": self.periods,
            "partnerCode": self.partners,
            "cmdCode": self.codes,
            "flowCode": self.flows,
        }
        return {
            **{name: ",".join(map(str, values)) for name, values in listed.items() if values},
            "partner2Code": "0",
            "customsCode": "C00",
            "motCode": "0",
            "includeDesc": "false",
        }

    @property
    def name(self) -> str:
        """A file name for the answer: readable, and one for each different request."""
        digest = hashlib.sha256(repr(sorted(self.parameters.items())).encode()).hexdigest()[:8]
        periods = (
            f"{self.periods[0]}-{self.periods[-1]}"
            if len(self.periods) > 1
            else f"{self.periods[0]}"
        )
        return f"comtrade_{self.question}_{periods}_{''.join(self.flows)}_{digest}.json.gz"

    @property
    def cells(self) -> Iterable[tuple[int, int]]:
        return ((reporter, period) for reporter in self.reporters for period in self.periods)


def is_month(period: int) -> bool:
    return period > 9999


def year_of(period: int) -> int:
    return period // 100 if is_month(period) else period


def shown_period(period: int) -> str:
    """A period for messages: 2022, or 2022-03 for a month."""
    return f"{year_of(period)}-{period % 100:02}" if is_month(period) else str(period)


def query_string(parameters: dict[str, str]) -> str:
    """Encode the parameters with commas kept: written as %2C they would take a third of the URL."""
    return urlencode(parameters, safe=",", quote_via=quote)


def url_of(base: str, request: Request, limits: Limits) -> str:
    endpoint = "/public/v1/preview" if limits.is_preview else "/data/v1/get"
    path = f"{endpoint}/C/{request.frequency}/HS"
    return f"{base}{path}?{query_string({**request.parameters, 'maxRecords': str(limits.rows)})}"


def split(request: Request) -> tuple[Request, Request]:
    """Two requests that together ask for the same as `request`.

    Each gets half of the periods; if there is only one, half of the flows, else of the reporters,
    else of the codes. Raises LandingError for a request that is down to one of each.
    """
    for dimension in ("periods", "flows", "reporters", "codes"):
        values = getattr(request, dimension)
        if len(values) > 1:
            half = ceil(len(values) / 2)
            first, second = values[:half], values[half:]
            return replace(request, **{dimension: first}), replace(request, **{dimension: second})
    raise LandingError(
        f"{request.name}: one reporter, period, flow and code, "
        "and still more than one answer holds. "
        "The service's limit must have changed; look at its documentation."
    )


def expected_rows(
    request: Request, existing: Iterable[tuple[int, int]] | dict, codes_per_reporter: int
) -> int:
    """A generous estimate of an answer's rows; cells that do not exist give none."""
    cells = sum(cell in existing for cell in request.cells)
    codes = min(len(request.codes), codes_per_reporter)
    return round(
        sum(ROWS_PER_CODE[request.question, flow] for flow in request.flows) * codes * cells
    )


def fitted(
    request: Request, existing, codes_per_reporter: int, limits: Limits, base: str
) -> list[Request]:
    """The request, in as many parts as the limits on periods, rows and URL require."""
    too_large = (
        len(request.periods) > limits.periods
        or expected_rows(request, existing, codes_per_reporter) > limits.rows
        or len(url_of(base, request, limits)) > limits.url_characters
    )
    if not too_large:
        return [request]
    dimensions = (request.periods, request.flows, request.reporters, request.codes)
    if all(len(values) == 1 for values in dimensions):
        return [request]  # only the estimate says that it is too large; the guard will find out
    return [
        part
        for half in split(request)
        for part in fitted(half, existing, codes_per_reporter, limits, base)
    ]


def rectangles(
    needed: set[tuple[int, int]], existing: set[tuple[int, int]], periods: int
) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
    """The needed cells, of one frequency, as rectangles of reporters x periods.

    A rectangle has at most `periods` of them and holds no existing cell that is not needed.
    """
    by_period: dict[int, set[int]] = {}
    for reporter, period in needed:
        by_period.setdefault(period, set()).add(reporter)
    found: list[tuple[set[int], list[int]]] = []
    for period in sorted(by_period):
        if found and len(found[-1][1]) < periods:
            reporters, joined = found[-1][0] | by_period[period], [*found[-1][1], period]
            if all((r, p) in needed or (r, p) not in existing for r in reporters for p in joined):
                found[-1] = (reporters, joined)
                continue
        found.append((set(by_period[period]), [period]))
    return [(tuple(sorted(reporters)), tuple(joined)) for reporters, joined in found]


def requests_for(
    needed: dict[str, set[tuple[int, int]]],
    existing: set[tuple[int, int]],
    codes: tuple[str, ...],
    codes_per_reporter: int,
    limits: Limits,
    base: str,
) -> list[Request]:
    """The requests for each question's needed cells, and for no other existing ones."""
    requests = []
    for question, cells in needed.items():
        partners = (WORLD, CHINA) if question == OTHERS_REPORT else ()
        for reporters, joined in rectangles(cells, existing, limits.periods):
            whole = Request(question, reporters, partners, joined, FLOWS, codes)
            requests += fitted(whole, existing, codes_per_reporter, limits, base)
    return requests


def all_cells(existing: set[tuple[int, int]]) -> dict[str, set[tuple[int, int]]]:
    """Every existing cell under the question that asks for it, in the order of the asking.

    Months are a question only where there are any: a list of years says nothing of them.
    """
    months = {(reporter, period) for reporter, period in existing if is_month(period)}
    years = existing - months
    annual = {
        CHINA_REPORTS: {c for c in years if c[0] == CHINA},
        OTHERS_REPORT: {c for c in years if c[0] != CHINA},
    }
    return {**annual, CHINA_REPORTS_MONTHLY: months} if months else annual


def days_of_quota(calls: int, limits: Limits) -> int:
    return ceil(calls / limits.calls_a_day)


def as_json(request: Request) -> dict:
    return asdict(request)


def from_json(body: dict) -> Request:
    fields: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in body.items()
    }
    return Request(**fields)


@cache
def listed_codes() -> tuple[tuple[str, ...], int]:
    """The listed six-digit codes of all HS revisions, and how many one revision has at most.

    A code is listed if it stands for a product of either list. All are requested together, because
    an answer comes as reported: in the revision that each reporter used that year.
    """
    concordance = [row for row in seed_rows("hs_concordance") if float(row["weight"]) > 0]
    own = {
        row["product_code"]
        for name in ("low_carbon_products", "transition_minerals")
        for row in seed_rows(name)
    }
    by_revision: dict[str, set[str]] = {}
    for row in concordance:
        by_revision.setdefault(row["hs_revision"], set()).add(row["hs6_code"])
    return tuple(sorted(own.union(*by_revision.values()))), max(map(len, by_revision.values()))


def assumed_cells(last_year: int) -> set[tuple[int, int]]:
    """Every economy that has a code, in every year in which it has it, and China in every month.

    It is the most there can be, known without any call to the service.
    """
    economies = [
        row for row in seed_rows("comtrade_economy_codes") if row["kind"] in ("economy", "group")
    ]
    reporter_years = {
        (int(row["comtrade_code"]), year)
        for row in economies
        for year in range(FIRST_YEAR, last_year + 1)
        if int(row["start_year"] or 0) <= year <= int(row["end_year"] or 9999)
    }
    months = {
        (CHINA, 100 * year + month)
        for year in range(FIRST_MONTHLY_YEAR, last_year + 1)
        for month in range(1, 13)
    }
    return reporter_years | months
