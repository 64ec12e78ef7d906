"""SOURCE=api: request what is missing or newer, land every answer as a file, resume after a stop.

Puts the two services together, under a lock: one refresh at a time works in the folder incoming/.
"""

from __future__ import annotations

from contextlib import closing
from typing import Any

from orchestration.durable import file_lock
from orchestration.landing.layout import LandingError
from orchestration.landing.manifest import LeftOut, Manifest
from orchestration.settings import Settings
from orchestration.sources.live.indicators import IndicatorRefresh
from orchestration.sources.live.landing import AnswerLanding
from orchestration.sources.live.pending_plan import PendingPlan, plan_path, read_plan
from orchestration.sources.live.services import Say, Services, open_services
from orchestration.sources.live.trade import TradeRefresh
from orchestration.sources.live.trade_planning import trade_planner


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
    services = services or open_services(settings, say, **options)
    with closing(services), file_lock(settings.incoming_dir / "refresh.lock", say):

        def say_redacted(text: str) -> None:
            say(services.comtrade.redacted(text))

        started = services.comtrade.now()
        landing = AnswerLanding(
            manifest, settings.incoming_dir, say_redacted, services.comtrade.redacted
        )
        planner = trade_planner(services.comtrade, settings, landing, started)
        TradeRefresh(services.comtrade, settings, landing, planner).run()
        IndicatorRefresh(services.world_bank, settings, landing, started.year).run()
    manifest.left_out = landing.left_out
    manifest.write()
    if not manifest.current():
        reasons = (
            "; ".join(x.reason for x in landing.left_out[:3])
            or "the day's quota was used up before anything arrived"
        )
        raise LandingError(f"SOURCE=api: nothing could be landed. {reasons}")
    return landing.left_out


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
    services = services or open_services(settings, say, **options)
    with closing(services), file_lock(settings.incoming_dir / "refresh.lock", say):
        started = services.comtrade.now()
        landing = AnswerLanding(manifest, settings.incoming_dir, say, services.comtrade.redacted)
        planner = trade_planner(services.comtrade, settings, landing, started)
        return read_plan(plan_path(settings)) or planner.new_plan()
