"""The refresh of the World Bank: the panel's indicators, in the vintage that the settings name."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from orchestration.landing.layout import LandingError
from orchestration.landing.manifest import FileEntry
from orchestration.landing.publishers.world_bank import WDI_ECONOMIES
from orchestration.settings import Settings
from orchestration.sources.live import world_bank
from orchestration.sources.live.archives import land_archive
from orchestration.sources.live.errors import ServiceError
from orchestration.sources.live.landing import AnswerLanding
from orchestration.sources.live.redaction import shown_place
from orchestration.sources.live.transport import Transport


@dataclass(frozen=True)
class IndicatorRefresh:
    """One refresh of the indicators, in the year `year`: whom it asks and where it lands."""

    service: Transport
    settings: Settings
    landing: AnswerLanding
    year: int

    def run(self) -> None:
        """Land the panel's indicators in the vintage of the settings.

        What has landed and has not been updated since is not requested.
        """
        try:
            self._land_what_is_newer()
        except ServiceError as error:
            bulk = self.settings.wdi_bulk
            if not bulk:
                self.landing.leave_out(
                    "World Bank",
                    f"{error} Or download WDI_CSV.zip from the World Bank's data catalogue "
                    "and name it: LCT_WDI_BULK=path or address "
                    "(it holds today's series, not the archives').",
                )
            else:
                self.landing.say(f"{error} Taking the bulk file instead: {shown_place(bulk)}")
                self.landing.left_out.extend(
                    land_archive(
                        self.landing.manifest,
                        bulk,
                        "LCT_WDI_BULK",
                        self.landing.incoming,
                        self.service,
                    )
                )
        except LandingError as error:
            self.landing.leave_out("World Bank", error)

    def _land_what_is_newer(self) -> None:
        vintage, panel = self.settings.wdi_vintage, ";".join(world_bank.panel_indicators())
        last = self.year if vintage == world_bank.TODAY else int(vintage[:4]) - 1
        years = tuple(range(world_bank.FIRST_YEAR, last + 1))
        landed = [
            f
            for f in self.landing.manifest.current()
            if "series" in f.parameters and f.origin == "api"
        ]
        if self._are_current(landed, years, panel):
            if not self.landing.manifest.current(WDI_ECONOMIES):
                # they come after the series: the last refresh ended in between
                self._land_economies()
            return
        codes = world_bank.panel_indicators()
        self._announce_indicators(codes, years)
        catalogue: dict[str, dict[str, str]] = {}
        missing: list[str] = []
        if vintage == world_bank.TODAY:
            catalogue = self.service.fetch(
                world_bank.catalogue_url(self.settings.world_bank_url),
                self.landing.incoming / "world_bank_catalogue.json.gz",
                world_bank.read_catalogue,
            )
            codes, missing = world_bank.codes_of_today(catalogue, self.landing.say)
        for batch in world_bank.batches(vintage, codes, years):
            missing += self._land_batch(batch, catalogue, panel, landed)
        if missing:
            self.landing.say(
                f"warning: World Bank: {', '.join(missing)} {'is' if len(missing) == 1 else 'are'} "
                "not available in this vintage; "
                "the variables made from them stay empty (LCT_WDI_VINTAGE=202310 has them)"
            )
        self._land_economies()
        (self.landing.incoming / "world_bank_catalogue.json.gz").unlink(missing_ok=True)

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
            self.landing.say(
                f"World Bank: release {vintage} has landed; releases of the archives do not change"
            )
            return True
        series = tuple(same[0].parameters["indicators"]["series"].split(";"))
        updated = world_bank.last_update(
            self.service, world_bank.Batch(vintage, series, years), self.landing.incoming
        )
        if updated != same[0].parameters["lastupdated"]:
            return False
        self.landing.say(f"World Bank: not updated since {same[0].parameters['lastupdated']}")
        return True

    def _announce_indicators(self, codes: tuple[str, ...], years: tuple[int, ...]) -> None:
        vintage = self.settings.wdi_vintage
        estimate = sum(b.expected_calls for b in world_bank.batches(vintage, codes, years))
        edition = (
            "today’s series"
            if vintage == world_bank.TODAY
            else f"release {vintage} of the archives"
        )
        self.landing.say(
            f"World Bank plan: about {estimate + 2} calls (no quota) for {len(codes)} indicators, "
            f"{years[0]}-{years[-1]}, {edition} (LCT_WDI_VINTAGE)"
        )

    def _land_economies(self) -> None:
        """Land the World Bank's list of economies, with their regions and income groups."""
        economies = self.landing.incoming / "world_bank_economies.json.gz"
        self.service.fetch(
            world_bank.economies_url(self.settings.world_bank_url),
            economies,
            world_bank.check_economies,
        )
        self.landing.land(economies, {"address": shown_place(self.settings.world_bank_url)})
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
            known = world_bank.known_codes(self.service, batch, self.landing.incoming)
            unknown = [code for code in batch.codes if code not in known]
            self.landing.say(f"{error} The rest is requested again without {', '.join(unknown)}.")
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
            self.landing.say(f"warning: World Bank: {change}; levels may not be comparable")
        self.landing.land(
            packed,
            {
                **recorded,
                "panel": panel,
                "address": shown_place(self.settings.world_bank_url),
                **({"series_changes": changes} if changes else {}),
            },
        )
        world_bank.delete_pages(batch, self.landing.incoming)
        packed.unlink(missing_ok=True)
        return unknown

    def _pages(self, batch: world_bank.Batch) -> tuple[Path, dict]:
        """All pages of a batch; after a wrong answer they are deleted and not resumed."""
        try:
            return world_bank.fetch_pages(self.service, batch, self.landing.incoming)
        except ServiceError:
            raise
        except LandingError:
            world_bank.delete_pages(batch, self.landing.incoming)
            raise
