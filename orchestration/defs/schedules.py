"""Refreshes by calendar. Stopped unless LCT_SCHEDULES=on."""

import dagster as dg

from orchestration.defs.policies import every_year

# UN Comtrade releases new reporter-years continually;
# the World Bank revises its series mostly at the end of the year
MONTHLY, YEARLY = "0 5 3 * *", "0 5 20 12 *"


def build_schedules(are_on: bool) -> list[dg.ScheduleDefinition]:
    """A monthly refresh of everything and a yearly one of the World Bank's series."""
    status = dg.DefaultScheduleStatus.RUNNING if are_on else dg.DefaultScheduleStatus.STOPPED
    return [
        dg.ScheduleDefinition(
            name="monthly_refresh",
            job_name="refresh",
            cron_schedule=MONTHLY,
            default_status=status,
            execution_fn=lambda _: dg.RunRequest(tags=every_year()),
            description="Asks every month for what the publishers have released since.",
        ),
        dg.ScheduleDefinition(
            name="yearly_world_bank",
            job_name="refresh_world_bank",
            cron_schedule=YEARLY,
            default_status=status,
            description="The World Bank's yearly revision of its series.",
        ),
    ]
