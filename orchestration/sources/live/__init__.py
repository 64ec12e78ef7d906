"""SOURCE=api: the publishers' interfaces as one more way to fill the landing zone.

What every service shares: `transport` sends requests and recovers from failures, `services` opens
the connections, `landing` lands the answers, `archives` lands publishers' zips. UN Comtrade:
`plan` decides what to request (pure functions), `comtrade` knows how the service answers,
`trade_planning` makes the plan of a refresh, `pending_plan` keeps it on disk, `trade` works through
it. The World Bank: `world_bank` knows how it answers, `indicators` refreshes. `refresh` puts them
together: what is missing or newer is requested, and every answer lands as a file.
"""
