"""Standard errors, t statistics, p values and intervals under every kind of inference.

All kinds but one share the sandwich V = c A M A and differ in its middle, M. A is the inverse of
the cross product of the terms net of the fixed effects, and s_i = x_i e_i is the score of row i:

    iid               V = c A SSR / (N - 1)
    hetero            M = sum over rows of s s'
                      White (1980)
    cluster_iso3      M = sum over economies of S S', S the economy's sum of scores
                      Liang and Zeger (1986)
    twoway            M = by economy + by year - by both
                      Cameron, Gelbach and Miller (2011)
    driscoll_kraay    M = sum over years of H H', H the year's sum of scores, plus the
                      autocovariances of H with Bartlett weights
                      Driscoll and Kraay (1998)
    cluster_pair      M = sum over pairs of economies of S S', S the sum of scores of both
                      directions: for bilateral trade alone

The small-sample correction c is that of fixest and reghdfe (Correia 2017), in
`small_sample_factor`. The remaining kind, wild_bootstrap, takes the clustered t statistic and
simulates its distribution under the null instead of relying on Student's
(`wild_cluster_bootstrap`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import special

from estimation.fit import Fit
from estimation.reasons import Reason, because

# the report does not say which it used; clustering by partner economy is this project's default
DEFAULT_INFERENCE = "cluster_iso3"

# With fewer clusters the t distribution of clustered statistics is unreliable (Cameron and Miller
# 2015: 20 to 50), and it is bootstrapped.
FEW_CLUSTERS = 50
# With fewer clusters two-point weights give too few distinct draws, and Webb's six points are used
# instead (Webb 2023).
VERY_FEW_CLUSTERS = 12
BOOTSTRAP_DRAWS = 9_999
BOOTSTRAP_SEED = 20241


@dataclass(frozen=True)
class Inference:
    """Standard error, t statistic, two-sided p value and 95 % interval of k terms: arrays (k,).

    `degrees_of_freedom` are those of the t distribution; None where p values come from the normal
    distribution or from the bootstrap.
    """

    std_error: np.ndarray
    t_statistic: np.ndarray
    p_value: np.ndarray
    conf_low: np.ndarray
    conf_high: np.ndarray
    degrees_of_freedom: int | None = None


@dataclass(frozen=True)
class Kind:
    """One kind of inference.

    compute         (kind, fit) -> the inference of this kind, or why there is none
    covariance      (fit, c) -> the covariance matrix (k, k) of the estimates, c being the
                    small-sample correction
    clusters        names of the ids that are the clusters; none where rows are independent
    corrects_all_rows
                    the correction starts from N instead of N - 1
    nests_effects   effects nested in the clusters count as one parameter each
    is_drawn        p values are drawn: they have no counterpart in printed tables
    is_bilateral    for fits of bilateral trade alone
    """

    compute: Callable[[Kind, Fit], Inference | Reason]
    covariance: Callable[[Fit, float], np.ndarray]
    clusters: tuple[str, ...] = ()
    corrects_all_rows: bool = False
    nests_effects: bool = True
    is_drawn: bool = False
    is_bilateral: bool = False


def kind_of(name: str) -> Kind:
    """The kind of inference of this name. Raises ValueError if it does not exist."""
    if name not in KINDS:
        raise ValueError(f"inference {name!r} is not known; use one of: {', '.join(KINDS)}")
    return KINDS[name]


def infer(kind: Kind, fit: Fit) -> Inference | Reason:
    """Inference of one kind, or why there is none: without a positive variance of every term."""
    clusters = _cluster_counts(kind, fit)
    if clusters and min(clusters) < 2:
        return because("inference", "one_cluster", clusters=min(clusters))
    with np.errstate(invalid="ignore", divide="ignore"):
        result = kind.compute(kind, fit)
    if isinstance(result, Inference) and not (
        np.isfinite(result.std_error).all() and (result.std_error > 0).all()
    ):
        return because("inference", "variance_not_positive")
    return result


def analytic(kind: Kind, fit: Fit) -> Inference:
    """Student's t distribution, or the normal one for maximum likelihood."""
    std_error = np.sqrt(np.diag(covariance(kind, fit)))
    t = fit.estimates / std_error
    df: int | None
    if fit.is_maximum_likelihood:
        df, p, critical = None, 2 * special.ndtr(-np.abs(t)), special.ndtri(0.975)
    else:
        df = degrees_of_freedom(kind, fit)
        p, critical = 2 * special.stdtr(df, -np.abs(t)), special.stdtrit(df, 0.975)
    return Inference(
        std_error,
        t,
        p,
        fit.estimates - critical * std_error,
        fit.estimates + critical * std_error,
        df,
    )


def bootstrapped_where_few(kind: Kind, fit: Fit) -> Inference | Reason:
    """The wild cluster bootstrap of least squares with few economies."""
    if fit.estimator != "ols":
        return because("inference", "not_least_squares")
    [economies] = _cluster_counts(kind, fit)
    if economies >= FEW_CLUSTERS:
        return because("inference", "economies_not_few", economies=economies, few=FEW_CLUSTERS)
    return wild_cluster_bootstrap(kind, fit)


def covariance(kind: Kind, fit: Fit) -> np.ndarray:
    """The covariance matrix (k, k) of the estimates."""
    return kind.covariance(fit, small_sample_factor(kind, fit))


def by_equal_variance(fit: Fit, c: float) -> np.ndarray:
    """Errors of equal variance without correlation.

    With PPML it is the inverse of the Fisher information, without correction.
    """
    if fit.is_maximum_likelihood:
        return fit.bread
    return c * fit.bread * (fit.residuals @ fit.residuals) / (len(fit.residuals) - 1)


def by_row(fit: Fit, c: float) -> np.ndarray:
    """White (1980)."""
    scores = _scores(fit)
    return _sandwich(fit, c, scores.T @ scores)


def by_economy(fit: Fit, c: float) -> np.ndarray:
    """Liang and Zeger (1986)."""
    return _sandwich(fit, c, _outer(_scores(fit), fit.ids["iso3"]))


def by_pair(fit: Fit, c: float) -> np.ndarray:
    """Liang and Zeger (1986), by pair of economies whichever exports.

    Where the fit brings residuals without shrinkage, the middle is that of Weidner and Zylkin
    (2021, section 3.4), S times the unshrunk S', made symmetric. They replace the correction for
    the number of parameters; that for the number of clusters remains.
    """
    pair = fit.ids["undirected_pair"]
    sums = _sums(_scores(fit), pair)
    if fit.unshrunk_residuals is None:
        return _sandwich(fit, c, sums.T @ sums)
    unshrunk = _sums(fit.x * fit.unshrunk_residuals[:, None], pair)
    crossed = sums.T @ unshrunk
    clusters = _count(pair)
    return _sandwich(fit, clusters / (clusters - 1), (crossed + crossed.T) / 2)


def by_economy_and_year(fit: Fit, c: float) -> np.ndarray:
    """Cameron, Gelbach and Miller (2011)."""
    scores, economy, year = _scores(fit), fit.ids["iso3"], fit.ids["year"]
    middle = _outer(scores, economy) + _outer(scores, year)
    middle = middle - _outer(scores, economy * (year.max() + 1) + year)
    return _positive(_sandwich(fit, c, middle))


def by_correlated_year(fit: Fit, c: float) -> np.ndarray:
    """Driscoll and Kraay (1998)."""
    return _sandwich(fit, c, _kernel(_scores(fit), fit.years))


def small_sample_factor(kind: Kind, fit: Fit) -> float:
    """The small-sample correction c of the covariance.

    (N - 1)/(N - K), or N/(N - K) for hetero, times G/(G - 1) where there are G clusters. With
    two-way clustering G is the smaller number of clusters; for Driscoll-Kraay it is the number of
    years. K counts the terms and the effects' parameters. Effects nested in the clusters, such as
    partner effects when clustering by partner, count as one parameter each, except for
    Driscoll-Kraay. As in fixest and pyfixest.
    """
    n = len(fit.residuals)
    c = (n if kind.corrects_all_rows else n - 1) / (n - counted_parameters(kind, fit))
    groups = _cluster_counts(kind, fit)
    return c * min(groups) / (min(groups) - 1) if groups else c


def counted_parameters(kind: Kind, fit: Fit) -> int:
    """K of the small-sample correction."""
    k = fit.x.shape[1] + fit.effect_rank
    if not kind.nests_effects:
        return k
    for effect in fit.effects:
        if any(_is_nested(fit.ids[effect], fit.ids[cluster]) for cluster in kind.clusters):
            k += 1 - _count(fit.ids[effect])
    return k


def degrees_of_freedom(kind: Kind, fit: Fit) -> int:
    """Degrees of freedom of the t distribution.

    N - K without clusters, otherwise the number of clusters less one (the smaller number with
    two-way clustering).
    """
    groups = _cluster_counts(kind, fit)
    return min(groups) - 1 if groups else len(fit.residuals) - counted_parameters(kind, fit)


def bandwidth(years: int) -> int:
    """Lags of the Driscoll-Kraay kernel, in calendar years.

    The rule of thumb of Newey and West (1994): floor(4 (T/100)^(2/9)).
    """
    return int(np.floor(4 * (years / 100) ** (2 / 9)))


def _kernel(scores: np.ndarray, years: np.ndarray) -> np.ndarray:
    """Sum of the years' outer products and Bartlett-weighted autocovariances.

    Lags are calendar years: a year without rows has scores of zero, so the years before and after
    it are not treated as adjacent.
    """
    by_year = _sums(scores, years - years.min())
    lags = bandwidth(len(np.unique(years)))
    middle = by_year.T @ by_year
    for lag in range(1, min(lags, len(by_year) - 1) + 1):
        cross = by_year[lag:].T @ by_year[:-lag]
        middle += (1 - lag / (lags + 1)) * (cross + cross.T)
    return middle


def wild_cluster_bootstrap(kind: Kind, fit: Fit) -> Inference | Reason:
    """Wild cluster bootstrap by economy with the null imposed (WCR), for each term separately.

    Cameron, Gelbach and Miller (2008), section III; computed as in Roodman, MacKinnon, Nielsen and
    Webb (2019). The residuals of the fit without the term are multiplied by one random weight per
    economy (Rademacher; Webb's six points below VERY_FEW_CLUSTERS economies). The p value is the
    share of draws, counting the sample itself as one, whose clustered |t| is at least the observed
    one. The standard error and t statistic are those of cluster_iso3, the statistic being
    bootstrapped; the interval is the estimate plus or minus the 95 % quantile of the drawn |t|
    times that standard error. Weights come from a fixed seed and are the same for every term.
    """
    economy = fit.ids["iso3"]
    g, (n, k) = _count(economy), fit.x.shape
    weights = bootstrap_weights(g)
    c = small_sample_factor(kind, fit)
    std_error = np.sqrt(np.diag(covariance(kind, fit)))
    t = fit.estimates / std_error
    p, quantile = np.empty(k), np.empty(k)
    for j in range(k):
        others = np.delete(fit.x, j, axis=1)
        projection, *_ = np.linalg.lstsq(others, np.column_stack([fit.x[:, j], fit.y]), rcond=None)
        partial, restricted = (np.column_stack([fit.x[:, j], fit.y]) - others @ projection).T
        # column h: the restricted residuals of economy h alone, net of the effects and all terms
        each = np.zeros((n, g))
        each[np.arange(n), economy] = restricted
        each = fit.sweep(each)
        each -= fit.x @ (fit.bread @ (fit.x.T @ each))
        drawn_scores = _sums(partial[:, None] * each, economy) @ weights
        drawn_estimates = _sums((partial * restricted)[:, None], economy)[:, 0] @ weights
        drawn_t = np.abs(drawn_estimates) / np.sqrt(c * (drawn_scores**2).sum(axis=0))
        if not np.isfinite(drawn_t).all():
            return because("inference", "draws_without_variance")
        p[j] = (1 + np.count_nonzero(drawn_t >= abs(t[j]) * (1 - 1e-9))) / (1 + weights.shape[1])
        quantile[j] = np.quantile(drawn_t, 0.95)
    return Inference(
        std_error, t, p, fit.estimates - quantile * std_error, fit.estimates + quantile * std_error
    )


def bootstrap_weights(clusters: int) -> np.ndarray:
    """Bootstrap weights (clusters, draws) from a fixed seed.

    They are plus or minus one; with very few clusters, plus or minus sqrt(1/2), 1 or sqrt(3/2).
    """
    points = np.sqrt([0.5, 1, 1.5]) if clusters < VERY_FEW_CLUSTERS else np.ones(1)
    return np.random.default_rng(BOOTSTRAP_SEED).choice(
        np.concatenate([-points, points]), size=(clusters, BOOTSTRAP_DRAWS)
    )


def _scores(fit: Fit) -> np.ndarray:
    return fit.x * fit.residuals[:, None]


def _sandwich(fit: Fit, c: float, middle: np.ndarray) -> np.ndarray:
    return c * fit.bread @ middle @ fit.bread


def _cluster_counts(kind: Kind, fit: Fit) -> list[int]:
    return [_count(fit.ids[name]) for name in kind.clusters]


def _sums(rows: np.ndarray, ids: np.ndarray) -> np.ndarray:
    """Sums of the rows (n, m) of each id: (ids, m)."""
    return np.stack([np.bincount(ids, weights=column) for column in rows.T], axis=1)


def _outer(scores: np.ndarray, ids: np.ndarray) -> np.ndarray:
    sums = _sums(scores, np.unique(ids, return_inverse=True)[1])
    return sums.T @ sums


def _positive(covariance: np.ndarray) -> np.ndarray:
    """The covariance with its negative eigenvalues set to zero.

    Two-way clustering subtracts a term and can therefore produce negative variances (Cameron,
    Gelbach and Miller 2011, 2.3).
    """
    values, vectors = np.linalg.eigh((covariance + covariance.T) / 2)
    if values.min() >= 0:
        return covariance
    return (vectors * np.maximum(values, 0)) @ vectors.T


def _count(ids: np.ndarray) -> int:
    return int(ids.max()) + 1


def _is_nested(inner: np.ndarray, outer: np.ndarray) -> bool:
    """Whether all rows of an inner level are in one outer level."""
    outer_of = np.empty(_count(inner), dtype=outer.dtype)
    outer_of[inner] = outer
    return bool((outer_of[inner] == outer).all())


# A new kind of inference is an entry here and its words.
KINDS: dict[str, Kind] = {
    "iid": Kind(analytic, by_equal_variance),
    "hetero": Kind(analytic, by_row, corrects_all_rows=True),
    "cluster_iso3": Kind(analytic, by_economy, clusters=("iso3",)),
    "twoway": Kind(analytic, by_economy_and_year, clusters=("iso3", "year")),
    "driscoll_kraay": Kind(analytic, by_correlated_year, clusters=("year",), nests_effects=False),
    "wild_bootstrap": Kind(bootstrapped_where_few, by_economy, clusters=("iso3",), is_drawn=True),
    "cluster_pair": Kind(analytic, by_pair, clusters=("undirected_pair",), is_bilateral=True),
}
INFERENCE_KINDS = tuple(name for name, kind in KINDS.items() if not kind.is_bilateral)
KINDS_NOT_DRAWN = tuple(name for name in INFERENCE_KINDS if not KINDS[name].is_drawn)
BILATERAL_KINDS = ("hetero", "cluster_pair")
