"""How standard errors are computed: one rule per kind, and one small-sample correction for all of them.

pyfixest's default variance has changed between releases; nothing here relies on a default.
"""

from __future__ import annotations

import pyfixest as pf

# kind -> pyfixest's variance. The report does not say which it used; clustering by partner economy is this project's default.
INFERENCE = {
    "iid": "iid",
    "hetero": "hetero",
    "cluster_iso3": {"CRV1": "iso3"},
}
DEFAULT_INFERENCE = "cluster_iso3"


def small_sample_correction() -> dict:
    """(N-1)/(N-K) with K counting the regressors and the fixed effects, except effects nested in the clusters; times G/(G-1)
    for G clusters. The convention of fixest and reghdfe (Correia 2017)."""
    return pf.ssc(k_adj=True, k_fixef="nonnested", G_adj=True, G_df="min")
