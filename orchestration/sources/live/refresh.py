"""SOURCE=api: request what is missing or newer, land every answer as a file, resume after a stop.

The plan of a refresh is kept on disk (incoming/plan.json) until all of it has landed: a run that is
killed, or that reaches the end of the day's quota, is continued by the next one without requesting
anything twice. An answer is first complete in incoming/, then in the landing zone, and only then is
its request removed from the plan; whenever a run ends, the next one finds which of the three steps
it had reached.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from orchestration.durable import file_lock, write_then_replace
from orchestration.landing.layout import LandingError
from orchestration.landing.manifest import FileEntry, LeftOut, Manifest
from orchestration.landing.own_products import read_own_products
from orchestration.landing.registration import register
from orchestration.settings import Settings
from orchestration.sources.live import comtrade, plan, world_bank
from orchestration.sources.live.comtrade import Releases, TruncatedAnswerError
from orchestration.sources.live.plan import Limits, Request
from orchestration.sources.live.transport import (
    Ledger,
    QuotaExhaustedError,
    ServiceError,
    TransientError,
    Transport,
)

Say = Callable[[str], None]


@dataclass
class PendingPlan:
    """The requests of a refresh that are left, with the releases it was planned on.

    `total` counts the requests it began with.
    """

    path: Path
    made_at: str
    codes: tuple[str, ...]
    rows_per_answer: int
    releases: Releases
    requests: list[Request]
    total: int

    def write(self) -> None:
        body = {
            "made_at": self.made_at,
            "codes": self.codes,
            "rows_per_answer": self.rows_per_answer,
            "total": self.total,
            "releases": [
                [reporter, year, released] for (reporter, year), released in self.releases.items()
            ],
            "requests": [plan.as_json(request) for request in self.requests],
        }
        write_then_replace(self.path, json.dumps(body).encode())


def read_plan(path: Path) -> PendingPlan | None:
    """The plan at `path`, or None if there is none. Raises LandingError if it is damaged."""
    if not path.exists():
        return None
    try:
        body = json.loads(path.read_text(encoding="utf-8"))
        releases = {(reporter, year): released for reporter, year, released in body["releases"]}
        return PendingPlan(
            path,
            body["made_at"],
            tuple(body["codes"]),
            body["rows_per_answer"],
            releases,
            [plan.from_json(r) for r in body["requests"]],
            body["total"],
        )
    except (ValueError, KeyError, TypeError) as error:
        raise LandingError(
            f"{path}: the plan of the refresh is damaged ({error}). "
            "Remove it; what has landed is not requested again."
        ) from error


def waiting_requests(settings: Settings) -> int:
    """How many requests of the last refresh have not landed yet."""
    pending = read_plan(settings.incoming_dir / "plan.json")
    return len(pending.requests) if pending else 0


@dataclass(frozen=True)
class Services:
    """The connections to the services that one refresh asks. Whoever opens them closes them."""

    comtrade: Transport
    world_bank: Transport

    def close(self) -> None:
        self.comtrade.close()
        self.world_bank.close()


def comtrade_limits(settings: Settings) -> Limits:
    """What UN Comtrade grants with the key of the settings, or without one."""
    granted = Limits() if settings.comtrade_key else plan.PREVIEW_LIMITS
    return replace(granted, calls_a_day=settings.comtrade_calls_a_day)


def comtrade_transport(settings: Settings, say: Say, **options: Any) -> Transport:
    """The connection to UN Comtrade, with the key and the count of the day's calls.

    `options` are those of Transport (clock, sleep, chance, timeouts).
    """
    now = options.get("now", _now)
    path = settings.incoming_dir / "comtrade_calls.json"
    return Transport(
        "UN Comtrade",
        settings.comtrade_url,
        secret=settings.comtrade_key,
        ledger=Ledger(path, comtrade_limits(settings).calls_a_day, now),
        **{"say": say, "pause_seconds": settings.api_pause_seconds, **options},
    )


def world_bank_transport(settings: Settings, say: Say, **options: Any) -> Transport:
    """The connection to the World Bank, which has no key and no quota."""
    options = {"say": say, "pause_seconds": settings.api_pause_seconds, **options}
    return Transport("World Bank", settings.world_bank_url, **options)


def open_services(settings: Settings, say: Say, **options: Any) -> Services:
    """Connections as the settings name them; `options` go to Transport."""
    return Services(
        comtrade_transport(settings, say, **options), world_bank_transport(settings, say, **options)
    )


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass
class Refresh:
    """One refresh: where it lands, which services it asks, what it had to leave out."""

    manifest: Manifest
    settings: Settings
    say: Say
    services: Services
    left_out: list[LeftOut] = field(default_factory=list)

    def __post_init__(self) -> None:
        now = self.services.comtrade.now()
        self.comtrade = self.services.comtrade
        self.world_bank = self.services.world_bank
        self.limits = comtrade_limits(self.settings)
        self.incoming = self.settings.incoming_dir
        self.year = now.year
        self.today = now.date().isoformat()
        self.made_at = now.isoformat(timespec="microseconds")
        own_list = self.settings.low_carbon_products
        own = tuple(row[0] for row in read_own_products(own_list)) if own_list else ()
        listed, self.codes_per_reporter = plan.listed_codes()
        has_key = bool(self.settings.comtrade_key)
        self.codes = tuple(sorted({*listed, *own})) if has_key else plan.TRIAL_CODES
        self.codes_per_reporter += len(own)

    @property
    def calls_left(self) -> int:
        """How many calls the day's quota still has."""
        ledger = self.comtrade.ledger
        return self.limits.calls_a_day if ledger is None else ledger.left

    # -- UN Comtrade -------------------------------------------------------------------------------

    def trade(self) -> None:
        """Request every missing or newly released reporter-year, as far as today's quota goes."""
        if not self.comtrade.secret and any(
            f.request_parameters and f.parameters["question"] != plan.TRIAL
            for f in self.manifest.files
        ):
            self.say(
                "UN Comtrade: no key (COMTRADE_API_KEY), so nothing is requested; "
                "what has landed is used"
            )
            return
        pending = read_plan(self.incoming / "plan.json")
        if pending is not None and (pending.codes, pending.rows_per_answer) != (
            self.codes,
            self.limits.rows,
        ):
            self.say(
                "the products or the key have changed since the last plan was made: "
                "making a new plan; what has landed is kept"
            )
            pending = None
        try:
            if pending is None:
                pending = self._planned()
            else:
                self.say(
                    f"UN Comtrade: continuing the plan of {pending.made_at[:16]}: "
                    f"{len(pending.requests)} of {pending.total} requests remain "
                    f"({self.calls_left} calls left today)"
                )
            self._work_through(pending)
        except QuotaExhaustedError as quota:
            left = (
                f"{len(pending.requests)} of {pending.total} requests are waiting"
                if pending
                else "the available data could not be listed"
            )
            self.say(
                f"UN Comtrade: {quota}; {left}. "
                "Run the same command again after 00:00 UTC to continue; "
                "what has landed is used now."
            )
        except LandingError as error:
            self._leave_out("UN Comtrade", error)

    def _planned(self) -> PendingPlan:
        years = list(range(plan.FIRST_YEAR, self.year + 1))
        groups = self._groups_of(years)
        self._announce_planning(len(groups))
        releases, answers = self._availability(groups)
        existing = {cell for cell in releases if cell[1] in years}
        needed = self._needed(self._wanted(existing), releases)
        requests = self._requests(needed, existing)
        pending = PendingPlan(
            self.incoming / "plan.json",
            self.made_at,
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
        for path in [*answers, *self.incoming.glob("availability_*")]:
            path.unlink(missing_ok=True)
        return pending

    def _groups_of(self, years: list[int]) -> list[list[int]]:
        """The years of each call for the availability of data; without a key, the last twelve."""
        if not self.comtrade.secret:
            return [years[-12:]]
        periods = self.limits.periods
        return [years[i : i + periods] for i in range(0, len(years), periods)]

    def _announce_planning(self, calls: int) -> None:
        """Say what the plan will be made from, before any of its `calls` is made."""
        first_time = not any(f.request_parameters for f in self.manifest.files)
        if not self.comtrade.secret:
            self.say(
                "UN Comtrade: NO KEY, so this is a TRIAL: two products, "
                "China's reports of two years, through the preview (500 rows and one year a call)."
            )
            self.say(
                "A free key gives the full history: "
                "put COMTRADE_API_KEY into the environment or .env."
            )
        elif first_time:
            assumed = plan.assumed_reporter_years(self.year)
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
        for group in groups:
            path = self.incoming / f"availability_{self.today}_{group[0]}-{group[-1]}.json.gz"
            releases |= self.comtrade.fetch(
                comtrade.availability_url(
                    self.settings.comtrade_url, group, bool(self.comtrade.secret)
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

    def _wanted(self, existing: set[tuple[int, int]]) -> dict[str, set[tuple[int, int]]]:
        """The reporter-years of each question; without a key, China's last two years."""
        if self.comtrade.secret:
            return plan.all_cells(existing)
        of_china = sorted(cell for cell in existing if cell[0] == plan.CHINA)
        return {plan.TRIAL: set(of_china[-plan.TRIAL_YEARS :])}

    def _requests(
        self, needed: dict[str, set[tuple[int, int]]], existing: set[tuple[int, int]]
    ) -> list[Request]:
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
        existing: set[tuple[int, int]],
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
        self, wanted: dict[str, set[tuple[int, int]]], releases: Releases
    ) -> dict[str, set[tuple[int, int]]]:
        """The wanted reporter-years not yet landed completely from their newest release.

        Complete means with all flows and codes.
        """
        landed: dict[tuple, set[tuple[str, str]]] = {}
        for file in self.manifest.files:
            request = file.request_parameters or {}
            for year, stamps in (file.parameters.get("releases") or {}).items():
                for reporter, released in stamps.items():
                    landed.setdefault(
                        (file.parameters["question"], int(reporter), int(year), released), set()
                    ).add((request["flowCode"], request["cmdCode"]))
        codes, complete = set(self.codes), {}

        def is_complete(parts: frozenset[tuple[str, str]]) -> bool:
            if parts not in complete:
                complete[parts] = all(
                    codes
                    <= {
                        c
                        for flows, listed in parts
                        if flow in flows.split(",")
                        for c in listed.split(",")
                    }
                    for flow in plan.FLOWS
                )
            return complete[parts]

        gone = {
            (r, y) for question, r, y, _ in landed if question in wanted and question != plan.TRIAL
        } - set(releases)
        if gone:
            reporter, year = min(gone)
            self.say(
                f"UN Comtrade: {len(gone)} reporter-years that have landed are no longer listed as "
                f"available (reporter {reporter} in {year} for one); they are kept as they are"
            )
        return {
            q: {
                (r, y)
                for r, y in cells
                if not is_complete(frozenset(landed.get((q, r, y, releases[r, y]), ())))
            }
            for q, cells in wanted.items()
        }

    def _work_through(self, pending: PendingPlan) -> None:
        failed: list[Request] = []
        while len(pending.requests) > len(failed):
            request = pending.requests[len(failed)]
            if not self._has_landed(request, pending):
                try:
                    rows, notes = self.comtrade.fetch(
                        plan.url_of(self.settings.comtrade_url, request, self.limits),
                        self.incoming / request.name,
                        self._keeping_refused(
                            partial(comtrade.check_answer, request=request, limits=self.limits)
                        ),
                    )
                except TruncatedAnswerError as cut:
                    parts = plan.split(request)
                    self.say(f"{cut}: it was truncated; requesting it again in {len(parts)} parts")
                    place = pending.requests.index(request)
                    pending.requests[place : place + 1] = parts
                    pending.total += len(parts) - 1
                    pending.write()
                    continue
                except (QuotaExhaustedError, ServiceError):
                    raise
                except LandingError as error:
                    self._leave_out(request.name, error)
                    failed.append(request)
                    continue
                for note in notes:
                    self.say(
                        f"warning: {request.name}: {note}; "
                        "that content is kept in the file but not loaded"
                    )
                self.say(
                    f"[{pending.total - len(pending.requests) + 1}/{pending.total}] "
                    f"{_described(request)}: {rows:,} rows"
                )
                refused = self._land(self.incoming / request.name, self._recorded(request, pending))
                if refused:
                    shutil.move(self.incoming / request.name, self._refused_folder() / request.name)
                    failed.append(request)
                    continue
            (self.incoming / request.name).unlink(missing_ok=True)
            pending.requests.remove(request)
            pending.write()
        if not pending.requests:
            pending.path.unlink(missing_ok=True)

    def _has_landed(self, request: Request, pending: PendingPlan) -> bool:
        return any(
            f.parameters.get("published_name") == request.name
            and f.parameters.get("plan") == pending.made_at
            for f in self.manifest.files
        )

    def _recorded(self, request: Request, pending: PendingPlan) -> dict:
        """What the manifest keeps of a request.

        It keeps the parameters as sent (never the key) and the releases that were current.
        """
        stamps: dict[str, dict[str, str]] = {}
        for reporter, year in request.cells:
            if (reporter, year) in pending.releases:
                stamps.setdefault(str(year), {})[str(reporter)] = pending.releases[reporter, year]
        return {
            "question": request.question,
            "asked": request.parameters,
            "address": self.settings.comtrade_url,
            "releases": stamps,
            "plan": pending.made_at,
        }

    # -- World Bank --------------------------------------------------------------------------------

    def indicators(self) -> None:
        """Land the panel's indicators in the vintage of the settings.

        What has landed and has not been updated since is not requested.
        """
        try:
            self._indicators()
        except ServiceError as error:
            bulk = self.settings.wdi_bulk
            if not bulk:
                self._leave_out(
                    "World Bank",
                    f"{error} Or download WDI_CSV.zip from the World Bank's data catalogue "
                    "and name it: LCT_WDI_BULK=path or address "
                    "(it holds today's series, not the archives').",
                )
            else:
                self.say(f"{error} Taking the bulk file instead: {_without_query(bulk)}")
                self.left_out += land_archive(
                    self.manifest, bulk, "LCT_WDI_BULK", self.incoming, self.world_bank
                )
        except LandingError as error:
            self._leave_out("World Bank", error)

    def _indicators(self) -> None:
        vintage, panel = self.settings.wdi_vintage, ";".join(world_bank.panel_indicators())
        last = self.year if vintage == world_bank.TODAY else int(vintage[:4]) - 1
        years = tuple(range(world_bank.FIRST_YEAR, last + 1))
        landed = [
            f for f in self.manifest.current() if "series" in f.parameters and f.origin == "api"
        ]
        if self._are_current(landed, years, panel):
            return
        codes = world_bank.panel_indicators()
        self._announce_indicators(codes, years)
        catalogue: dict[str, dict[str, str]] = {}
        missing: list[str] = []
        if vintage == world_bank.TODAY:
            catalogue = self.world_bank.fetch(
                world_bank.catalogue_url(self.settings.world_bank_url),
                self.incoming / "world_bank_catalogue.json.gz",
                world_bank.read_catalogue,
            )
            codes, missing = world_bank.codes_of_today(catalogue, self.say)
        for batch in world_bank.batches(vintage, codes, years):
            missing += self._land_batch(batch, catalogue, panel, landed)
        if missing:
            self.say(
                f"warning: World Bank: {', '.join(missing)} {'is' if len(missing) == 1 else 'are'} "
                "not available in this vintage; "
                "the variables made from them stay empty (LCT_WDI_VINTAGE=202310 has them)"
            )
        self._land_economies()
        (self.incoming / "world_bank_catalogue.json.gz").unlink(missing_ok=True)

    def _are_current(self, landed: list[FileEntry], years: tuple[int, ...], panel: str) -> bool:
        """Whether the panel's indicators have landed and have not been updated since."""
        vintage = self.settings.wdi_vintage
        same = [
            f
            for f in landed
            if f.parameters["indicators"]["vintage"] == vintage
            and f.parameters["indicators"]["years"] == f"{years[0]}:{years[-1]}"
            and f.parameters.get("panel") == panel
        ]
        if not same:
            return False
        if vintage != world_bank.TODAY:
            self.say(
                f"World Bank: release {vintage} has landed; releases of the archives do not change"
            )
            return True
        series = tuple(same[0].parameters["indicators"]["series"].split(";"))
        updated = world_bank.last_update(
            self.world_bank, world_bank.Batch(vintage, series, years), self.incoming
        )
        if updated != same[0].parameters["lastupdated"]:
            return False
        self.say(f"World Bank: not updated since {same[0].parameters['lastupdated']}")
        return True

    def _announce_indicators(self, codes: tuple[str, ...], years: tuple[int, ...]) -> None:
        vintage = self.settings.wdi_vintage
        estimate = sum(b.expected_calls for b in world_bank.batches(vintage, codes, years))
        edition = (
            "today’s series"
            if vintage == world_bank.TODAY
            else f"release {vintage} of the archives"
        )
        self.say(
            f"World Bank plan: about {estimate + 2} calls (no quota) for {len(codes)} indicators, "
            f"{years[0]}-{years[-1]}, {edition} (LCT_WDI_VINTAGE)"
        )

    def _land_economies(self) -> None:
        """Land the World Bank's list of economies, with their regions and income groups."""
        economies = self.incoming / "world_bank_economies.json.gz"
        self.world_bank.fetch(
            world_bank.economies_url(self.settings.world_bank_url),
            economies,
            world_bank.check_economies,
        )
        self._land(economies, {"address": self.settings.world_bank_url})
        economies.unlink(missing_ok=True)

    def _land_batch(
        self,
        batch: world_bank.Batch,
        catalogue: dict[str, dict[str, str]],
        panel: str,
        landed: list[FileEntry],
    ) -> list[str]:
        """Land one batch; returns the codes the service does not know."""
        unknown: list[str] = []
        try:
            packed, recorded = self._pages(batch)
        except world_bank.UnknownIndicatorError as error:
            known = world_bank.known_codes(self.world_bank, batch, self.incoming)
            unknown = [code for code in batch.codes if code not in known]
            self.say(f"{error} The rest is requested again without {', '.join(unknown)}.")
            if not known:
                return unknown
            batch = replace(batch, codes=known)
            packed, recorded = self._pages(batch)
        recorded["series"] = {
            code: {**described, **catalogue.get(code, {})}
            for code, described in recorded["series"].items()
        }
        before = {
            code: described for f in landed for code, described in f.parameters["series"].items()
        }
        changes = world_bank.series_changes(before, recorded["series"])
        for change in changes:
            self.say(f"warning: World Bank: {change}; levels may not be comparable")
        self._land(
            packed,
            {
                **recorded,
                "panel": panel,
                "address": self.settings.world_bank_url,
                **({"series_changes": changes} if changes else {}),
            },
        )
        world_bank.forget_pages(batch, self.incoming)
        packed.unlink(missing_ok=True)
        return unknown

    def _pages(self, batch: world_bank.Batch) -> tuple[Path, dict]:
        """All pages of a batch; after a wrong answer they are deleted and not resumed."""
        try:
            return world_bank.fetch_pages(self.world_bank, batch, self.incoming)
        except ServiceError:
            raise
        except LandingError:
            world_bank.forget_pages(batch, self.incoming)
            raise

    # -- landing -----------------------------------------------------------------------------------

    def _land(self, path: Path, parameters: dict, origin: str = "api") -> list[LeftOut]:
        refused = register(self.manifest, [path], origin, parameters=parameters)
        for item in refused:
            self.say(f"{item.status}: {item.reason}")
        self.left_out += refused
        return refused

    def _refused_folder(self) -> Path:
        folder = self.incoming / "refused"
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def _keeping_refused(self, check: Callable[[Path], tuple]) -> Callable[[Path], tuple]:
        """The check, with a copy of every refused answer kept for inspection.

        Refused is a valid answer that does not answer the request.
        """

        def checked(path: Path) -> tuple:
            try:
                return check(path)
            except (TransientError, TruncatedAnswerError):
                raise
            except LandingError:
                shutil.copyfile(path, self._refused_folder() / path.name.removeprefix(".part-"))
                raise

        return checked

    def _leave_out(self, what: str, error: LandingError | str) -> None:
        reason = self.comtrade.redacted(str(error))
        self.left_out.append(LeftOut(what, "refused", reason))
        self.say(f"refused: {reason}")


def land_archive(
    manifest: Manifest, place: str, setting: str, incoming: Path, transport: Transport
) -> list[LeftOut]:
    """Land a publisher's zip from a path or an address; it is read without unpacking.

    A download from an address can be resumed. Returns what was left out. BACI's releases do not
    change: what has landed from an address is not downloaded again.
    """
    try:
        if not place.startswith(("http://", "https://")):
            path = Path(place).expanduser()
            if not path.is_file():
                raise LandingError(
                    f"{setting}={place}: no such file. "
                    "Give the path of the publisher's zip, or its address."
                )
            return register(manifest, [path], "files", transport.say)
        address = _without_query(place)
        if setting == "LCT_BACI" and any(
            f.parameters.get("address") == address for f in manifest.files
        ):
            return []
        transport.say(f"downloading {address}")
        path = transport.download(
            place, incoming / (Path(urlsplit(place).path).name or "download.zip")
        )
        refused = register(manifest, [path], "download", transport.say, {"address": address})
        path.unlink(missing_ok=True)
        return refused
    except LandingError as error:
        transport.say(f"refused: {error}")
        return [LeftOut(setting, "refused", str(error))]


def _described(request: Request) -> str:
    reporters = (
        "China"
        if request.reporters == (plan.CHINA,)
        else f"{len(request.reporters)} reporters"
        if len(request.reporters) > 1
        else f"reporter {request.reporters[0]}"
    )
    partners = "all partners" if not request.partners else "the World and China"
    years = (
        f"{request.periods[0]}-{request.periods[-1]}"
        if len(request.periods) > 1
        else f"{request.periods[0]}"
    )
    flows = " and ".join({"M": "imports", "X": "exports"}[f] for f in request.flows)
    return f"{reporters} with {partners}, {years}, {flows}"


def _without_query(address: str) -> str:
    """An address without the parts that may hold a secret."""
    parts = urlsplit(address)
    return (
        f"{parts.scheme}://{parts.hostname}{f':{parts.port}' if parts.port else ''}{parts.path}"
        if parts.scheme
        else address
    )


def fill_with_baci(
    manifest: Manifest, settings: Settings, say: Say = lambda _: None, **options
) -> list[LeftOut]:
    """Land BACI from the place that the setting LCT_BACI names. Returns what was left out."""
    settings.incoming_dir.mkdir(parents=True, exist_ok=True)
    transport = Transport("CEPII", settings.baci, say, **options)
    try:
        return land_archive(manifest, settings.baci, "LCT_BACI", settings.incoming_dir, transport)
    finally:
        transport.close()


def plan_refresh(
    manifest: Manifest,
    settings: Settings,
    say: Say = lambda _: None,
    services: Services | None = None,
    **options: Any,
) -> PendingPlan:
    """The plan that the next refresh of trade works through.

    It is the pending plan, or else a new one made from the availability of data. `services` are
    the connections to use instead of those that the settings name. Raises LandingError if the
    availability cannot be obtained, QuotaExhaustedError if the day's calls are used up.
    """
    settings.incoming_dir.mkdir(parents=True, exist_ok=True)
    with file_lock(settings.incoming_dir / "refresh.lock", say):
        refresh = Refresh(
            manifest, settings, say, services or open_services(settings, say, **options)
        )
        try:
            return read_plan(settings.incoming_dir / "plan.json") or refresh._planned()
        finally:
            refresh.services.close()


def fill_from_api(
    manifest: Manifest,
    settings: Settings,
    say: Say = lambda _: None,
    services: Services | None = None,
    **options: Any,
) -> list[LeftOut]:
    """Bring the landing zone up to date from the publishers' interfaces.

    `services` are the connections to use instead of those that the settings name; `options` go to
    Transport (clock, sleep, chance, timeouts). What cannot be obtained now is left out with its
    reason, and the rest goes on; returns what was left out. A used-up quota leaves nothing out:
    the requests wait (`waiting_requests`). Raises LandingError only if nothing has ever landed.
    """
    manifest.is_synthetic = False
    settings.incoming_dir.mkdir(parents=True, exist_ok=True)
    with file_lock(settings.incoming_dir / "refresh.lock", say):
        services = services or open_services(settings, say, **options)

        def say_redacted(text: str) -> None:
            say(services.comtrade.redacted(text))

        refresh = Refresh(manifest, settings, say_redacted, services)
        try:
            refresh.trade()
            refresh.indicators()
        finally:
            services.close()
    manifest.left_out = refresh.left_out
    manifest.write()
    if not manifest.current():
        reasons = (
            "; ".join(x.reason for x in refresh.left_out[:3])
            or "the day's quota was used up before anything arrived"
        )
        raise LandingError(f"SOURCE=api: nothing could be landed. {reasons}")
    return refresh.left_out
