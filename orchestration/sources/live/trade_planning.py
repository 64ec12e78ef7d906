"""Planning a refresh of trade: what UN Comtrade has released that has not landed completely.

Only the availability of data is requested here. What it names is compared with what has landed;
`plan` then makes the requests, and the plan is kept on disk.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cache, partial
from pathlib import Path

from orchestration.landing.layout import LandingError
from orchestration.landing.manifest import Manifest
from orchestration.landing.own_products import read_own_products
from orchestration.settings import Settings
from orchestration.sources.live import comtrade, plan
from orchestration.sources.live.comtrade import Releases
from orchestration.sources.live.pending_plan import PendingPlan, plan_path
from orchestration.sources.live.plan import Limits, Request
from orchestration.sources.live.services import Say, comtrade_limits
from orchestration.sources.live.transport import Transport

ReporterYears = set[tuple[int, int]]
Part = tuple[str, str]  # the flows and the codes of one request, each separated by commas


@dataclass(frozen=True)
class TradePlanner:
    """What a plan depends on: the service, what has landed, the codes to request and the limits."""

    service: Transport
    settings: Settings
    manifest: Manifest
    say: Say
    started: datetime
    limits: Limits
    codes: tuple[str, ...]
    codes_per_reporter: int

    @property
    def calls_left(self) -> int:
        """How many calls the day's quota still has."""
        ledger = self.service.ledger
        return self.limits.calls_a_day if ledger is None else ledger.left

    def still_applies(self, pending: PendingPlan) -> bool:
        """Whether a plan was made for the codes and the limits of today."""
        return (pending.codes, pending.rows_per_answer) == (self.codes, self.limits.rows)

    def new_plan(self) -> PendingPlan:
        """A plan made from the availability of data, kept on disk if it has any requests.

        Raises LandingError if the availability cannot be obtained, QuotaExhaustedError if the day's
        calls are used up.
        """
        years = list(range(plan.FIRST_YEAR, self.started.year + 1))
        groups = self._groups_of(years)
        self._announce_planning(len(groups))
        releases, answers = self._availability(groups)
        existing = {cell for cell in releases if cell[1] in years}
        needed = self._needed(self._wanted(existing), releases)
        requests = self._requests(needed, existing)
        pending = PendingPlan(
            plan_path(self.settings),
            self.started.isoformat(timespec="microseconds"),
            self.codes,
            self.limits.rows,
            {c: releases[c] for cells in needed.values() for c in cells},
            requests,
            len(requests),
        )
        if requests:
            pending.write()
            self._say_plan("plan", requests, 0, existing)
        else:
            self.say(f"UN Comtrade: nothing new in {len(existing):,} reporter-years")
        for path in [*answers, *self.settings.incoming_dir.glob("availability_*")]:
            path.unlink(missing_ok=True)
        return pending

    def _groups_of(self, years: list[int]) -> list[list[int]]:
        """The years of each call for the availability of data; without a key, the last twelve."""
        if not self.service.secret:
            return [years[-12:]]
        periods = self.limits.periods
        return [years[i : i + periods] for i in range(0, len(years), periods)]

    def _announce_planning(self, calls: int) -> None:
        """Say what the plan will be made from, before any of its `calls` is made."""
        first_time = not any(f.request_parameters for f in self.manifest.files)
        if not self.service.secret:
            self.say(
                "UN Comtrade: NO KEY, so this is a TRIAL: two products, "
                "China's reports of two years, through the preview (500 rows and one year a call)."
            )
            self.say(
                "A free key gives the full history: "
                "put COMTRADE_API_KEY into the environment or .env."
            )
        elif first_time:
            assumed = plan.assumed_reporter_years(self.started.year)
            requests = self._requests(plan.all_cells(assumed), assumed)
            self._say_plan("plan (at most)", requests, calls, assumed)
        else:
            self.say(
                f"UN Comtrade: {calls} calls ask which reporter-years have a new release; "
                "only those are requested"
            )

    def _availability(self, groups: list[list[int]]) -> tuple[Releases, list[Path]]:
        """The newest release of every reporter-year, and the answers that name them.

        Raises LandingError if no reporter-year is available at all.
        """
        releases: Releases = {}
        answers = []
        today = self.started.date().isoformat()
        for group in groups:
            path = (
                self.settings.incoming_dir / f"availability_{today}_{group[0]}-{group[-1]}.json.gz"
            )
            releases |= self.service.fetch(
                comtrade.availability_url(
                    self.settings.comtrade_url, group, bool(self.service.secret)
                ),
                path,
                comtrade.read_releases,
            )
            answers.append(path)
        if not releases:
            for path in answers:
                path.unlink()
            raise LandingError(
                "UN Comtrade: the list of available data is empty. "
                "The interface may have changed; nothing was requested."
            )
        return releases, answers

    def _wanted(self, existing: ReporterYears) -> dict[str, ReporterYears]:
        """The reporter-years of each question; without a key, China's last two years."""
        if self.service.secret:
            return plan.all_cells(existing)
        of_china = sorted(cell for cell in existing if cell[0] == plan.CHINA)
        return {plan.TRIAL: set(of_china[-plan.TRIAL_YEARS :])}

    def _requests(self, needed: dict[str, ReporterYears], existing: ReporterYears) -> list[Request]:
        return plan.requests_for(
            needed,
            existing,
            self.codes,
            self.codes_per_reporter,
            self.limits,
            self.settings.comtrade_url,
        )

    def _say_plan(
        self,
        label: str,
        requests: list[Request],
        further_calls: int,
        existing: ReporterYears,
    ) -> None:
        calls = len(requests) + further_calls
        rows = sum(plan.expected_rows(r, existing, self.codes_per_reporter) for r in requests)
        years = sorted({y for r in requests for y in r.periods})
        by_question = ", ".join(
            f"{sum(r.question == q for r in requests)} {q.replace('_', ' ')}"
            for q in dict.fromkeys(r.question for r in requests)
        )
        self.say(
            f"UN Comtrade {label}: {calls} calls ({by_question}), at most about {rows:,} rows, "
            f"{years[0]}-{years[-1]}, {len(self.codes)} codes; "
            f"{plan.days_of_quota(calls, self.limits)} day(s) of quota "
            f"({self.calls_left} of {self.limits.calls_a_day} calls left today)"
        )

    def _needed(
        self, wanted: dict[str, ReporterYears], releases: Releases
    ) -> dict[str, ReporterYears]:
        """The wanted reporter-years not yet landed completely from their newest release."""
        landed = self._landed_parts()
        self._say_what_is_no_longer_listed(
            {
                (r, y)
                for question, r, y, _ in landed
                if question in wanted and question != plan.TRIAL
            }
            - set(releases)
        )
        is_complete = cache(partial(_have_all_flows_and_codes, codes=set(self.codes)))
        return {
            q: {
                (r, y)
                for r, y in cells
                if not is_complete(frozenset(landed.get((q, r, y, releases[r, y]), ())))
            }
            for q, cells in wanted.items()
        }

    def _landed_parts(self) -> dict[tuple[str, int, int, str], set[Part]]:
        """The parts that have landed of each question, reporter, year and release."""
        landed: dict[tuple[str, int, int, str], set[Part]] = {}
        for file in self.manifest.files:
            request = file.request_parameters or {}
            for year, stamps in (file.parameters.get("releases") or {}).items():
                for reporter, released in stamps.items():
                    landed.setdefault(
                        (file.parameters["question"], int(reporter), int(year), released), set()
                    ).add((request["flowCode"], request["cmdCode"]))
        return landed

    def _say_what_is_no_longer_listed(self, gone: ReporterYears) -> None:
        if gone:
            reporter, year = min(gone)
            self.say(
                f"UN Comtrade: {len(gone)} reporter-years that have landed are no longer listed as "
                f"available (reporter {reporter} in {year} for one); they are kept as they are"
            )


def trade_planner(
    service: Transport, settings: Settings, manifest: Manifest, say: Say, started: datetime
) -> TradePlanner:
    """The planner of the refresh that began at `started`; the codes depend on key and own list.

    Raises LandingError if the own list of products cannot be read.
    """
    own_list = settings.low_carbon_products
    own = tuple(row[0] for row in read_own_products(own_list)) if own_list else ()
    listed, codes_per_reporter = plan.listed_codes()
    has_key = bool(settings.comtrade_key)
    return TradePlanner(
        service,
        settings,
        manifest,
        say,
        started,
        limits=comtrade_limits(settings),
        codes=tuple(sorted({*listed, *own})) if has_key else plan.TRIAL_CODES,
        codes_per_reporter=codes_per_reporter + len(own),
    )


def _have_all_flows_and_codes(parts: frozenset[Part], codes: set[str]) -> bool:
    """Whether the parts together hold each of the codes in every flow."""
    return all(
        codes
        <= {c for flows, listed in parts if flow in flows.split(",") for c in listed.split(",")}
        for flow in plan.FLOWS
    )
