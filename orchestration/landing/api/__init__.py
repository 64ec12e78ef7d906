"""SOURCE=api: the publishers' interfaces as one more way to fill the landing zone.

`plan` decides what to ask (pure functions), `transport` asks and survives what goes wrong, `comtrade` and `world_bank` know
how each service answers, `refresh` puts them together: what is missing or newer is asked for, and every answer lands as a file.
"""
