"""The landing zone: the one seam between the publishers' files and everything downstream.

layout.py says what a publisher and a layout are, and publishers/ has a module for each. reading.py
turns a file into rows, inspection.py reads it to its end, registration.py stores and lists it, and
manifest.py knows what has landed. sources/ fills the zone; build/ loads it.
"""
