"""Early warning of price shocks in a monthly index, and how often such a warning was right.

The rule is the FAO's indicator of price anomalies (Baquedano 2015, Developing a price warning
indicator as an early warning tool; indicator 2.c.1 of the Sustainable Development Goals), adapted
to prices of a few years. Compound growth per month over a quarter and over a year is set against
its weighted mean and standard deviation over all earlier months, recent ones weighing more, and
the two z-scores are weighed 0.4 to 0.6. The FAO takes each calendar month by itself, which needs
many years, and warns of rises alone; here all earlier months count, and falls warn too, each only
where prices have moved that way. Nothing of a month or of what follows enters the mean and
deviation it is judged by.

A warning is judged by what follows: a shock is a move by at least a fifth within half a year. Of
the months before a cut-off the threshold is taken that is most useful (Alessi and Detken 2011),
and the months after it tell hits, misses and false alarms. How many false alarms there would be
without any shock is told by placebo series, drawn from the series' own calm months.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

import numpy as np

QUARTER, YEAR = 3, 12
QUARTER_WEIGHT = 0.4
# earlier months of growth over a year that a mean and deviation need
LEAST_HISTORY = 24
VOLATILITY_MONTHS = 12
# a variance of growth, relative to its square, that is rounding alone
NO_VARIANCE = 1e-10

HORIZON = 6
SHOCK = np.log(1.2)
# the FAO calls 1 abnormal; what is most useful on earlier months is taken of these
THRESHOLDS = (1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0)
# how a policy maker weighs a missed shock against a false alarm (Alessi and Detken: theta)
PREFERENCE = 0.5

# of alarms where there is no shock, no more than one in two years
MOST_FALSE_ALARMS_A_YEAR = 0.5
PLACEBO_DRAWS = 200
PLACEBO_MONTHS = 60  # that are judged, after the history that they need
PLACEBO_BLOCK = 12
PLACEBO_SEED = 20241


@dataclass(frozen=True)
class Record:
    """How warnings fared: months of hits, false alarms, misses and quiet, and what follows.

    `noise_to_signal` is the share of quiet months with an alarm over the share of months before a
    shock with one (Kaminsky and Reinhart 1999); `usefulness` is what a policy maker gains over
    ignoring the rule, at most 0.5 (Alessi and Detken 2011, equation 3). NaN where undefined.
    """

    hits: int
    false_alarms: int
    misses: int
    quiet: int

    @property
    def noise_to_signal(self) -> float:
        if not self.hits or not self.false_alarms + self.quiet:
            return np.nan
        false = self.false_alarms / (self.false_alarms + self.quiet)
        return false / (self.hits / (self.hits + self.misses))

    @property
    def usefulness(self) -> float:
        shocks, calm = self.hits + self.misses, self.false_alarms + self.quiet
        if not shocks or not calm:
            return np.nan
        loss = PREFERENCE * self.misses / shocks + (1 - PREFERENCE) * self.false_alarms / calm
        return min(PREFERENCE, 1 - PREFERENCE) - loss


def compound_growth(levels: np.ndarray, months: int) -> np.ndarray:
    """Growth per month over the last `months`, shape (..., periods); NaN where it is not known."""
    growth = np.full(levels.shape, np.nan)
    growth[..., months:] = (levels[..., months:] / levels[..., :-months]) ** (1 / months) - 1
    return growth


def anomalies(levels: np.ndarray) -> np.ndarray:
    """The weighted z-score of every month, shape (..., periods), NaN with too short a history.

    0 where prices moved the other way over the quarter: a fall that slows is no rise. `levels` are
    those of consecutive months, NaN where there is none; of several series at once.
    """
    over_quarter, over_year = (compound_growth(levels, months) for months in (QUARTER, YEAR))
    scores = QUARTER_WEIGHT * _scores(over_quarter) + (1 - QUARTER_WEIGHT) * _scores(over_year)
    return np.where(scores * over_quarter < 0, 0.0, scores)


def volatility(levels: np.ndarray) -> np.ndarray:
    """Standard deviation of the last twelve monthly log changes, shape (periods,)."""
    changes = np.diff(np.log(levels), prepend=np.nan)
    found = np.full(len(levels), np.nan)
    for t in range(VOLATILITY_MONTHS, len(levels)):
        found[t] = np.std(changes[t - VOLATILITY_MONTHS + 1 : t + 1], ddof=1)
    return found


def warnings(scores: np.ndarray, threshold: float | np.ndarray) -> np.ndarray:
    """1 where prices rise abnormally, -1 where they fall, 0 elsewhere: integers (..., periods).

    `threshold` is one for all periods, or each period's own.
    """
    return np.where(np.abs(scores) >= threshold, np.sign(scores), 0).astype(int)


def shocks_ahead(levels: np.ndarray) -> np.ndarray:
    """1 or -1 before a rise or fall by a fifth within the next half year, else 0; (periods,).

    Of a month at the end, whose half year is not over, what is known of it counts.
    """
    logs = np.log(levels)
    ahead = np.zeros(len(levels), dtype=int)
    for t in range(len(levels)):
        moves = logs[t + 1 : t + 1 + HORIZON] - logs[t]
        moves = moves[~np.isnan(moves)]
        if len(moves) and np.abs(moves).max() >= SHOCK:
            ahead[t] = np.sign(moves[np.argmax(np.abs(moves))])
    return ahead


def record(warned: np.ndarray, ahead: np.ndarray) -> Record:
    """How warnings fared against shocks ahead, both of shape (months,).

    A fall before which a rise was warned of is missed; the month is not quiet, so it counts once.
    """
    return Record(
        hits=int(((ahead != 0) & (warned == ahead)).sum()),
        false_alarms=int(((ahead == 0) & (warned != 0)).sum()),
        misses=int(((ahead != 0) & (warned != ahead)).sum()),
        quiet=int(((ahead == 0) & (warned == 0)).sum()),
    )


def threshold_of(levels: np.ndarray, scores: np.ndarray) -> float:
    """Of THRESHOLDS the most useful one on these months that is seldom false without shocks.

    It is the lowest of those where none has been of use, as without a shock on record: there
    silence would be best, and the next shock would find it silent.
    """
    placebos = placebo_scores(levels)
    seldom_false = [
        threshold
        for threshold in THRESHOLDS
        if not alarms_a_year(placebos, threshold) > MOST_FALSE_ALARMS_A_YEAR
    ] or [THRESHOLDS[-1]]
    judged, ahead = ~np.isnan(scores), shocks_ahead(levels)
    useful = [
        record(warnings(scores[judged], threshold), ahead[judged]).usefulness
        for threshold in seldom_false
    ]
    best = int(np.argmax(np.nan_to_num(useful)))
    return seldom_false[best if useful[best] > 0 else 0]


def thresholds_of_earlier_years(
    levels: np.ndarray, scores: np.ndarray, years: np.ndarray
) -> np.ndarray:
    """Each month's threshold, shape (periods,): that of the years before its own.

    Nothing of the year itself enters, also not to tell whether a shock was ahead in the year
    before.
    """
    thresholds = np.full(len(levels), THRESHOLDS[0])
    for year in np.unique(years[~np.isnan(scores)]):
        earlier = years < year
        thresholds[years >= year] = threshold_of(levels[earlier], scores[earlier])
    return thresholds


def placebo_scores(levels: np.ndarray) -> np.ndarray:
    """Scores of series without shocks, shape (draws, judged months); no draws if too few are calm.

    Placebo series have the changes of the series' calm months, those from which no shock lies ahead
    or just behind, in blocks and less their mean: what is left is noise of the series' own size.
    """
    changes = np.diff(np.log(levels))
    ahead = shocks_ahead(levels)
    in_shock = np.array([ahead[max(0, t - HORIZON) : t + 1].any() for t in range(len(levels))])
    calm = changes[~in_shock[1:] & ~np.isnan(changes)]
    if len(calm) < 2 * PLACEBO_BLOCK:
        return np.empty((0, PLACEBO_MONTHS))
    calm = calm - calm.mean()
    random = np.random.default_rng(PLACEBO_SEED)
    months = YEAR + LEAST_HISTORY + PLACEBO_MONTHS
    blocks = -(-(months - 1) // PLACEBO_BLOCK)
    starts = random.integers(0, len(calm) - PLACEBO_BLOCK + 1, (PLACEBO_DRAWS, blocks, 1))
    drawn = calm[starts + np.arange(PLACEBO_BLOCK)].reshape(PLACEBO_DRAWS, -1)[:, : months - 1]
    placebos = np.exp(np.pad(np.cumsum(drawn, axis=1), ((0, 0), (1, 0))))
    return anomalies(placebos)[:, -PLACEBO_MONTHS:]


def alarms_a_year(scores: np.ndarray, threshold: float) -> float:
    """Alarms a year, as episodes, on series of shape (draws, months); NaN without any."""
    warned = warnings(scores, threshold)
    before = np.pad(warned, ((0, 0), (1, 0)))[:, :-1]
    begun = (warned != 0) & (warned != before)
    return float(YEAR * begun.mean()) if len(warned) else np.nan


def episodes(warned: np.ndarray) -> list[slice]:
    """The runs of months with one warning, each from its first month."""
    found, start = [], 0
    for warning, months in groupby(warned):
        end = start + len(list(months))
        if warning:
            found.append(slice(start, end))
        start = end
    return found


def _scores(growth: np.ndarray) -> np.ndarray:
    """Each month's growth less the weighted mean of the earlier months, in their deviations.

    The weights rise evenly, from one for the first month of the series.
    """
    known = ~np.isnan(growth)
    growth = np.where(known, growth, 0)
    weights = np.where(known, np.arange(growth.shape[-1]) + 1.0, 0)

    def of_earlier(terms: np.ndarray) -> np.ndarray:
        """Sums over the months before each month."""
        return np.cumsum(terms, axis=-1) - terms

    with np.errstate(divide="ignore", invalid="ignore"):
        mean = of_earlier(weights * growth) / of_earlier(weights)
        square = of_earlier(weights * growth**2) / of_earlier(weights)
        variance = square - mean**2
        scores = (growth - mean) / np.sqrt(variance)
    has_history = of_earlier(known.astype(int)) >= LEAST_HISTORY
    return np.where(known & has_history & (variance > NO_VARIANCE * square), scores, np.nan)
