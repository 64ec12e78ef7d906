"""The landing zone: the one seam between the publishers' files and everything downstream.

`layouts` knows what the publishers' files look like and `manifest` what has landed; `files`, `demo`
and `api` fill the zone.
"""
