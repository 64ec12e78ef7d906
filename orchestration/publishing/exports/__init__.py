"""Exports of a publication for other programs: one module a format, and what is exported.

They read the publication alone, and write one file, or a script and its data, in one step.
"""
