"""SOURCE=api: the publishers' interfaces as one more way to fill the landing zone.

`plan` decides what to request (pure functions), `transport` sends requests and recovers from
failures, `comtrade` and `world_bank` know how each service answers. `refresh` puts them together:
what is missing or newer is requested, and every answer lands as a file.
"""
