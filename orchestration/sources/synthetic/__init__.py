"""SOURCE=demo: a synthetic world in the publishers' own file layouts.

With it a fresh machine runs everything offline, and the results can be checked against a known
truth. Names of economies, products and codes are real and come from seeds/; every number is drawn
by a seeded random number generator, so one seed always gives the same bytes.

Given: calibration.py (the published facts that the world reproduces), printed.py (the numbers that
the report prints), economies.py (who is in it).
Invented: availability.py (which indicators are published), covariates.py (their values),
equations.py (trade with China and emissions, from the planted equations), all with draws.py;
world.py combines them.
Written: flows.py divides totals among products, reports.py decides who reports them and with which
flaws, every_code.py adds all other products at the largest scale, distances.py draws what no
equation needs (distances of pairs), files.py writes the publishers' files, landing.py lands them.
Expected: truth.py holds what a run must recover, totals.py by what unmarked tables are known.
"""

from orchestration.sources.synthetic.landing import fill_with_demo, write_world

__all__ = ["fill_with_demo", "write_world"]
