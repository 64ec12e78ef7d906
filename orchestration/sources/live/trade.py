"""The refresh of UN Comtrade: a plan is made or continued, and its answers land one by one.

An answer is first complete in incoming/, then in the landing zone, and only then is its request
removed from the plan; whenever a run ends, the next one finds which of the three steps it had
reached.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from orchestration.landing.layout import LandingError
from orchestration.progress import tell
from orchestration.settings import Settings
from orchestration.sources.live import comtrade, plan
from orchestration.sources.live.comtrade import TruncatedAnswerError
from orchestration.sources.live.errors import (
    QuotaExhaustedError,
    ServiceError,
    UnusableAnswerError,
)
from orchestration.sources.live.landing import AnswerLanding
from orchestration.sources.live.pending_plan import PendingPlan, plan_path, read_plan
from orchestration.sources.live.plan import Request
from orchestration.sources.live.redaction import shown_place
from orchestration.sources.live.services import asks_comtrade
from orchestration.sources.live.trade_planning import TradePlanner
from orchestration.sources.live.transport import Transport

# requests without a usable answer, after which the service is not asked any more: each costs as
# many calls as it has attempts
MOST_UNUSABLE = 3


@dataclass(frozen=True)
class TradeRefresh:
    """One refresh of trade: whom it asks, where it lands, and what plans it."""

    service: Transport
    settings: Settings
    landing: AnswerLanding
    planner: TradePlanner

    def run(self) -> None:
        """Request what is missing or newly released, year or month, as far as the quota goes."""
        if not asks_comtrade(self.settings):
            self.landing.say(
                "UN Comtrade: no key (COMTRADE_API_KEY), so nothing is requested: "
                "BACI (LCT_BACI) is the trade, on the reconciled basis"
            )
            return
        if not self.service.secret and any(
            f.request_parameters and f.parameters["question"] != plan.TRIAL
            for f in self.landing.manifest.files
        ):
            self.landing.say(
                "UN Comtrade: no key (COMTRADE_API_KEY), so nothing is requested; "
                "what has landed is used"
            )
            return
        pending = self._plan_to_continue()
        try:
            if pending is None:
                pending = self.planner.new_plan()
            else:
                self.landing.say(
                    f"UN Comtrade: continuing the plan of {pending.made_at[:16]}: "
                    f"{len(pending.requests)} of {pending.total} requests remain "
                    f"({self.planner.calls_left} calls left today)"
                )
            self._work_through(pending)
        except QuotaExhaustedError as quota:
            left = (
                f"{len(pending.requests)} of {pending.total} requests are waiting"
                if pending
                else "the available data could not be listed"
            )
            self.landing.say(
                f"UN Comtrade: {quota}; {left}. "
                "Run the same command again after 00:00 UTC to continue; "
                "what has landed is used now."
            )
        except LandingError as error:
            self.landing.leave_out("UN Comtrade", error)

    def _plan_to_continue(self) -> PendingPlan | None:
        """The plan on disk, unless there is none or it was made for other products or limits."""
        pending = read_plan(plan_path(self.settings))
        if pending is not None and not self.planner.still_applies(pending):
            self.landing.say(
                "the products or the key have changed since the last plan was made: "
                "making a new plan; what has landed is kept"
            )
            return None
        return pending

    def _work_through(self, pending: PendingPlan) -> None:
        """Land the answer to every request of the plan; those that fail stay in it."""
        failed = unusable = 0
        while len(pending.requests) > failed:
            request = pending.requests[failed]
            tell("UN Comtrade: requests", pending.total - len(pending.requests), pending.total)
            try:
                has_landed = self._has_landed(request, pending) or self._land(request, pending)
            except TruncatedAnswerError as cut:
                self._split(request, pending, cut)
                continue
            except UnusableAnswerError as error:
                unusable += 1
                if unusable == MOST_UNUSABLE:
                    raise
                self.landing.leave_out(request.name, error)
                has_landed = False
            if not has_landed:
                failed += 1
                continue
            (self.landing.incoming / request.name).unlink(missing_ok=True)
            pending.requests.remove(request)
            pending.write()
        if not pending.requests:
            pending.path.unlink(missing_ok=True)

    def _land(self, request: Request, pending: PendingPlan) -> bool:
        """Request an answer and land it. Whether it landed; if not, it is left out with the reason.

        Raises TruncatedAnswerError for an answer at the cap, ServiceError if the service does not
        deliver.
        """
        limits = self.planner.limits
        check = partial(comtrade.check_answer, request=request, limits=limits)
        try:
            rows, notes = self.service.fetch(
                plan.url_of(self.settings.comtrade_url, request, limits),
                self.landing.incoming / request.name,
                self.landing.keeping_refused(check),
            )
        except (TruncatedAnswerError, ServiceError):
            raise
        except LandingError as error:
            self.landing.leave_out(request.name, error)
            return False
        for note in notes:
            self.landing.say(
                f"warning: {request.name}: {note}; that content is kept in the file but not loaded"
            )
        self.landing.say(
            f"[{pending.total - len(pending.requests) + 1}/{pending.total}] "
            f"{_described(request)}: {rows:,} rows"
        )
        answer = self.landing.incoming / request.name
        has_landed = self.landing.land(answer, self._recorded(request, pending))
        if not has_landed:
            self.landing.keep_refused(request.name)
        return has_landed

    def _split(self, request: Request, pending: PendingPlan, cut: TruncatedAnswerError) -> None:
        """Put smaller requests into the plan, in place of one whose answer was cut."""
        parts = plan.split(request)
        self.landing.say(
            f"warning: {cut}: it was truncated; requesting it again in {len(parts)} parts"
        )
        place = pending.requests.index(request)
        pending.requests[place : place + 1] = parts
        pending.total += len(parts) - 1
        pending.write()

    def _has_landed(self, request: Request, pending: PendingPlan) -> bool:
        return any(
            f.parameters.get("published_name") == request.name
            and f.parameters.get("plan") == pending.made_at
            for f in self.landing.manifest.files
        )

    def _recorded(self, request: Request, pending: PendingPlan) -> dict:
        """What the manifest keeps of a request.

        It keeps the parameters as sent (never the key) and the releases that were current.
        """
        stamps: dict[str, dict[str, str]] = {}
        for reporter, period in request.cells:
            if released := pending.releases.get((reporter, period)):
                stamps.setdefault(str(period), {})[str(reporter)] = released
        return {
            "question": request.question,
            "asked": request.parameters,
            "address": shown_place(self.settings.comtrade_url),
            "releases": stamps,
            "plan": pending.made_at,
        }


def _described(request: Request) -> str:
    reporters = (
        "China"
        if request.reporters == (plan.CHINA,)
        else f"{len(request.reporters)} reporters"
        if len(request.reporters) > 1
        else f"reporter {request.reporters[0]}"
    )
    partners = "all partners" if not request.partners else "the World and China"
    first, last = map(plan.shown_period, (request.periods[0], request.periods[-1]))
    periods = first if first == last else f"{first} to {last}"
    flows = " and ".join({"M": "imports", "X": "exports"}[f] for f in request.flows)
    return f"{reporters} with {partners}, {periods}, {flows}"
