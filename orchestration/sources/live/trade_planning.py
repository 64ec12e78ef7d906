"""Planning a refresh of trade: what UN Comtrade has released that has not landed completely.

Only the availability of data is requested here. What it names is compared with what has landed;
`plan` then makes the requests, and the plan is kept on disk.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cache, partial

from orchestration.landing.layout import LandingError
from orchestration.landing.own_products import read_own_products
from orchestration.settings import Settings
from orchestration.sources.live import comtrade, plan
from orchestration.sources.live.comtrade import Releases
from orchestration.sources.live.errors import QuotaExhaustedError
from orchestration.sources.live.landing import AnswerLanding
from orchestration.sources.live.pending_plan import PendingPlan, plan_path
from orchestration.sources.live.plan import Limits, Request
from orchestration.sources.live.services import comtrade_limits
from orchestration.sources.live.transport import Transport

Cells = set[tuple[int, int]]  # reporters in periods
Part = tuple[str, str]  # the flows and the codes of one request, each separated by commas


@dataclass(frozen=True)
class TradePlanner:
    """What a plan depends on: the service, what has landed, the codes to request and the limits."""

    service: Transport
    settings: Settings
    landing: AnswerLanding
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
        years = range(plan.FIRST_YEAR, self.started.year + 1)
        groups = self._groups_of(list(years))
        has_months = bool(self.service.secret)
        self._announce_planning(len(groups) + has_months)
        listed = self._listed("data", plan.ANNUAL, [{"period": group} for group in groups])
        releases = {cell: stamp for cell, stamp in listed.items() if cell[1] in years}
        if has_months:
            releases |= self._months_of_china()
        existing = set(releases)
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
            months = sum(plan.is_month(period) for _, period in existing)
            self.say(
                f"UN Comtrade: nothing new in {len(existing) - months:,} reporter-years"
                f"{f' and {months} months of China' if months else ''}"
            )
        for path in self.settings.incoming_dir.glob("availability_*"):
            path.unlink(missing_ok=True)
        return pending

    def say(self, text: str) -> None:
        self.landing.say(text)

    def _groups_of(self, years: list[int]) -> list[str]:
        """The years of each call for the availability of data; without a key, the last twelve."""
        periods = self.limits.periods
        groups = (
            [years[i : i + periods] for i in range(0, len(years), periods)]
            if self.service.secret
            else [years[-12:]]
        )
        return [",".join(map(str, group)) for group in groups]

    def _announce_planning(self, calls: int) -> None:
        """Say what the plan will be made from, before any of its `calls` is made."""
        first_time = not any(f.request_parameters for f in self.landing.manifest.files)
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
            assumed = plan.assumed_cells(self.started.year)
            requests = self._requests(plan.all_cells(assumed), assumed)
            self._say_plan("plan (at most)", requests, calls, assumed)
        else:
            self.say(
                f"UN Comtrade: {calls} calls ask which reporter-years, and which months of China, "
                "have a new release; only those are requested"
            )

    def _listed(self, what: str, frequency: str, questions: list[dict[str, str]]) -> Releases:
        """The newest release of each period of each reporter in the lists of available data.

        A list answers each of `questions`, the parameters of a call. Raises LandingError if
        nothing at all is listed.
        """
        releases: Releases = {}
        answers = []
        for parameters in questions:
            asked = "_".join(parameters.values()).replace(",", "-")
            name = f"availability_{self.started.date().isoformat()}_{frequency}_{asked}.json.gz"
            answers.append(self.settings.incoming_dir / name)
            releases |= self.service.fetch(
                comtrade.availability_url(
                    self.settings.comtrade_url, frequency, parameters, bool(self.service.secret)
                ),
                answers[-1],
                partial(comtrade.read_releases, frequency=frequency),
            )
        if not releases:
            for path in answers:
                path.unlink()
            raise LandingError(
                f"UN Comtrade: the list of available {what} is empty. "
                "The interface may have changed; nothing of it was requested."
            )
        return releases

    def _months_of_china(self) -> Releases:
        """The newest release of each month of China; none if they cannot be listed now.

        The years do not wait for them: why there are no months is left out, or said.
        """
        years = range(plan.FIRST_MONTHLY_YEAR, self.started.year + 1)
        question = {"reporterCode": str(plan.CHINA)}
        try:
            listed = self._listed("months", plan.MONTHLY, [question])
        except QuotaExhaustedError as quota:
            self.say(
                f"UN Comtrade: {quota}; what is available of China by month could not be listed. "
                "The next refresh after 00:00 UTC asks for it."
            )
            return {}
        except LandingError as error:
            self.landing.leave_out("UN Comtrade, China by month", error)
            return {}
        return {
            (reporter, month): stamp
            for (reporter, month), stamp in listed.items()
            if reporter == plan.CHINA and plan.year_of(month) in years
        }

    def _wanted(self, existing: Cells) -> dict[str, Cells]:
        """The reporters and periods of each question; without a key, China's last two years."""
        if self.service.secret:
            return plan.all_cells(existing)
        of_china = sorted(cell for cell in existing if cell[0] == plan.CHINA)
        return {plan.TRIAL: set(of_china[-plan.TRIAL_YEARS :])}

    def _requests(self, needed: dict[str, Cells], existing: Cells) -> list[Request]:
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
        existing: Cells,
    ) -> None:
        calls = len(requests) + further_calls
        rows = sum(plan.expected_rows(r, existing, self.codes_per_reporter) for r in requests)
        years = sorted({plan.year_of(p) for r in requests for p in r.periods})
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

    def _needed(self, wanted: dict[str, Cells], releases: Releases) -> dict[str, Cells]:
        """The wanted years and months not yet landed completely from their newest release."""
        landed = self._landed_parts()
        self._say_what_is_no_longer_listed(
            {
                (r, p)
                for question, r, p, _ in landed
                if question in wanted and question != plan.TRIAL
            }
            - set(releases)
        )
        is_complete = cache(partial(_have_all_flows_and_codes, codes=set(self.codes)))
        return {
            q: {
                (r, p)
                for r, p in cells
                if not is_complete(frozenset(landed.get((q, r, p, releases[r, p]), ())))
            }
            for q, cells in wanted.items()
        }

    def _landed_parts(self) -> dict[tuple[str, int, int, str], set[Part]]:
        """The parts that have landed of each question, reporter, period and release."""
        landed: dict[tuple[str, int, int, str], set[Part]] = {}
        for file in self.landing.manifest.files:
            request = file.request_parameters or {}
            for period, stamps in (file.parameters.get("releases") or {}).items():
                for reporter, released in stamps.items():
                    landed.setdefault(
                        (file.parameters["question"], int(reporter), int(period), released), set()
                    ).add((request["flowCode"], request["cmdCode"]))
        return landed

    def _say_what_is_no_longer_listed(self, gone: Cells) -> None:
        if gone:
            reporter, period = min(gone)
            self.say(
                f"UN Comtrade: {len(gone)} years or months of a reporter that have landed are no "
                f"longer listed as available (reporter {reporter} in {plan.shown_period(period)} "
                "for one); they are kept as they are"
            )


def trade_planner(
    service: Transport, settings: Settings, landing: AnswerLanding, started: datetime
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
        landing,
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
