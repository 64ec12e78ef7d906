"""From totals to flows: which products an economy trades with China and with the rest of the world.

The totals of world.py hold for the products that treatment harmonised counts in the nomenclature
that China uses in a year. Products that a nomenclature hides in codes of other goods (electric cars
before 2017) are traded in addition. Which economies report is decided here too.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd

from orchestration.sources.synthetic.calibration import (
    CHINA_IN_EXPORTS,
    CHINA_SECTORS,
    COMTRADE_REVISIONS,
    FULL_TRADER,
    HIGH_INCOME_IN_EXPORTS,
    HIGH_INCOME_IN_IMPORTS,
    IMPORTS_OVER_EXPORTS,
    OTHER_SECTORS,
    OTHER_STAGES,
    SECTORS,
    TRADE_YEARS,
    WORLD_EXPORTS,
    WORLD_ORE_EXPORTS,
    WORLD_SECTORS,
    Scale,
)
from orchestration.sources.synthetic.draws import autoregressive, lasting_trait
from orchestration.sources.synthetic.economies import CHINA, exists_in, groups_in, seed_table
from orchestration.sources.synthetic.equations import china_totals, path
from orchestration.sources.synthetic.world import World

# lithium is in both lists, and counts in both
LOW_CARBON, LITHIUM, ORE, OTHER_STAGE = "low_carbon", "lithium", "ore", "other_stage"
LITHIUM_PART = {"283691": 0.7, "282520": 0.3}
# largest shares of the two totals; the smaller of the two amounts is used
LITHIUM_IN_LOW_CARBON, LITHIUM_IN_MINERALS = 0.02, 0.3
# accumulator locomotives, the only transport product that a code shows before 2017, are hardly
# traded; photovoltaic cells are traded by all
UNUSUAL_WEIGHTS = {"860120": 0.03, "854140": 1.5}
TRADED_BY_ALL = "854140"
# a direction of trade with China: the flow, its total of low-carbon technology, that of minerals
IMPORTS_FROM_CHINA = ("import", "lct_imports_from_china", "mineral_imports_from_china")
EXPORTS_TO_CHINA = ("export", "lct_exports_to_china", "mineral_exports_to_china")


@dataclass(frozen=True)
class Flows:
    """Trade by product in USD, economy x product x year (1992-2022).

    The flows with China are as China reports them (exports FOB, imports CIF). `rest_*` are each
    economy's exports to and imports from all economies but China, FOB.
    """

    products: pd.DataFrame
    from_china: np.ndarray
    to_china: np.ndarray
    rest_exports: np.ndarray
    rest_imports: np.ndarray
    usd_per_kg: np.ndarray
    freight: np.ndarray
    """Economy x 1 x 1: the CIF value of an import relative to the FOB value of the same export."""
    reporting: np.ndarray
    """Economy x 1 x year: whether an economy reports to UN Comtrade."""


@cache
def products() -> pd.DataFrame:
    """Every product of the two lists once: product_code, kind, sector, description."""
    low_carbon = seed_table("low_carbon_products").assign(kind=LOW_CARBON)
    minerals = seed_table("transition_minerals").query("is_in_report_list == 'true'")
    minerals = minerals.assign(
        kind=np.where(minerals.is_in_ores_scope == "true", ORE, OTHER_STAGE), sector=""
    )
    both = pd.concat([low_carbon, minerals]).drop_duplicates("product_code")
    both["kind"] = both.kind.mask(both.product_code.isin(LITHIUM_PART), LITHIUM)
    return both[["product_code", "kind", "sector", "description"]].reset_index(drop=True)


@cache
def concordance() -> pd.DataFrame:
    """The seed's rows as numbers: hs_revision, hs6_code, product_code, weight."""
    rows = seed_table("hs_concordance").astype({"weight": float})
    return rows[["hs_revision", "hs6_code", "product_code", "weight"]]


@cache
def counted_parts() -> pd.Series:
    """By hs_revision and hs6_code: the part of a code that counts under treatment harmonised.

    It is summed over the products of the code; the rest of the code is other goods.
    """
    return concordance().groupby(["hs_revision", "hs6_code"]).weight.sum()


@cache
def codes() -> pd.DataFrame:
    """Under which codes of a revision a product is reported, and how much for each USD of it.

    Columns: hs_revision, hs6_code, product_code, is_counted, per_usd. A product is divided equally
    among its codes. Where only a part of a code counts under treatment harmonised, other goods are
    reported with it, so that the part is again the product (or, of a code that several products
    share, their sum). Where nothing of a code counts, the product alone is reported. A product that
    merged into the code of another is not traded: all of that code counts as the other.
    """
    under = concordance()
    counted = under.groupby(["hs_revision", "hs6_code"]).weight.transform("sum")
    has_merged = (under.weight == 0) & (counted > 0)
    under, counted = under[~has_merged], counted[~has_merged]
    under = under.assign(is_counted=under.weight > 0)
    of_product = under.groupby(["hs_revision", "product_code"])
    part = 1 / of_product.hs6_code.transform("size")
    return under.assign(per_usd=part / counted.mask(counted == 0, 1.0)).drop(columns="weight")


def in_force(revisions: dict[int, str], year: int) -> str:
    """The revision that applies in a year, by the first year of each."""
    return revisions[max(first for first in revisions if first <= year)]


@dataclass(frozen=True)
class _Baskets:
    """Which products each economy buys and sells; arrays are economy x product x year.

    The weights of products that treatment harmonised counts (`visible`) and of those that a
    nomenclature hides in codes of other goods (`hidden`), by flow.
    """

    products: pd.DataFrame
    visible: dict[str, np.ndarray]
    hidden: dict[str, np.ndarray]

    def divided(
        self, totals: np.ndarray, flow: str, *kinds: str, sectors: np.ndarray | None = None
    ) -> np.ndarray:
        """Divide totals (economy x year, USD) over the visible products of the given kinds.

        If `sectors` (sector x year, USD) is given, the totals of sectors are met too.
        """
        weights = self.visible[flow]
        members = self.products.kind.isin(kinds).to_numpy()
        flows = np.zeros(weights.shape)
        flows[:, members] = _by_sector(
            totals, weights[:, members], self.products.sector[members].to_numpy(), sectors
        )
        return flows

    def with_hidden(self, flows: np.ndarray, flow: str) -> np.ndarray:
        """Add the trade in products that a nomenclature hides.

        It is in proportion to the economy's visible trade in their sector, by its tastes for both.
        """
        visible, hidden = self.visible[flow], self.hidden[flow]
        group = (self.products.kind + self.products.sector).to_numpy()
        completed = flows.copy()
        for name in np.unique(group):
            members = group == name
            if hidden[:, members].any():
                of_group = flows[:, members].sum(axis=1, keepdims=True)
                shown = visible[:, members].sum(axis=1, keepdims=True)
                completed[:, members] += (
                    np.where(shown > 0, of_group / np.maximum(shown, 1e-300), 0.0)
                    * hidden[:, members]
                )
        return completed


def invent_flows(rng: np.random.Generator, world: World, scale: Scale) -> Flows:
    """Divide the world's totals among products, and generate trade between other economies."""
    listed, count = products(), len(world.economies)
    baskets = _fill_baskets(rng, world, scale)
    from_china = _with_china(world, baskets, IMPORTS_FROM_CHINA, sector_shares(CHINA_SECTORS))
    to_china = _with_china(world, baskets, EXPORTS_TO_CHINA, sector_shares(WORLD_SECTORS))
    freight = 1 + rng.uniform(0.06, 0.10, (count, 1, 1))
    reporting = _reporting(rng, world)
    size = _trading_size(rng, world)
    rest = _RestOfTheWorld(world, baskets, from_china, to_china, freight, reporting, size)
    usd_per_kg = np.exp(
        np.where(listed.sector != "", 2.7, 0.3)[:, None]
        + rng.normal(0, 0.8, (len(listed), 1))
        + 0.1 * autoregressive(rng, (len(listed), len(TRADE_YEARS)), 0.8)
    )
    return Flows(
        products=listed,
        from_china=baskets.with_hidden(from_china, "import"),
        to_china=baskets.with_hidden(to_china, "export"),
        rest_exports=baskets.with_hidden(rest.exports(), "export"),
        rest_imports=baskets.with_hidden(rest.imports(), "import"),
        usd_per_kg=usd_per_kg,
        freight=freight,
        reporting=reporting,
    )


def sector_shares(named: dict[str, dict[int, float]]) -> np.ndarray:
    """Sector (in the order of SECTORS) x year: shares that sum to one."""
    given = np.array([path(points) / 100 for points in named.values()])
    return np.concatenate(
        [given, (1 - given.sum(axis=0)) * np.array(list(OTHER_SECTORS.values()))[:, None]]
    )


def _product_weights(
    rng: np.random.Generator, listed: pd.DataFrame
) -> tuple[np.ndarray, np.ndarray]:
    """Product x year: a product's weight within its sector or kind.

    The first array holds it where treatment harmonised counts the product, the second where it is
    hidden in codes of other goods.
    """
    under = codes()
    weight = np.exp(rng.normal(0, 0.8, len(listed)))
    weight = listed.product_code.map(UNUSUAL_WEIGHTS).fillna(pd.Series(weight)).to_numpy()
    visible, hidden = np.zeros((2, len(listed), len(TRADE_YEARS)), dtype=bool)
    for y, year in enumerate(TRADE_YEARS):
        of_year = under[under.hs_revision == in_force(COMTRADE_REVISIONS, int(year))]
        visible[:, y] = listed.product_code.isin(of_year.product_code[of_year.is_counted])
        hidden[:, y] = listed.product_code.isin(of_year.product_code[~of_year.is_counted])
    # products that no code shows yet are young: their trade grows from almost nothing
    return weight[:, None] * visible, weight[:, None] * hidden * np.interp(
        TRADE_YEARS, [1992, 2016], [0.005, 1.0]
    )


def _fill_baskets(rng: np.random.Generator, world: World, scale: Scale) -> _Baskets:
    """Draw what each economy trades; small economies trade few products."""
    visible, hidden = _product_weights(rng, products())
    place = world.economies.frame["size"].rank(pct=True).to_numpy()[:, None]
    widths = {"import": 0.03 + 0.40 * place**2.5, "export": 0.02 + 0.28 * place**4}
    tastes = {
        flow: _tastes(rng, world, visible, hidden, scale.breadth * width)
        for flow, width in widths.items()
    }
    seen = {flow: taste * (visible > 0) for flow, taste in tastes.items()}
    hidden_tastes = {flow: tastes[flow] - seen[flow] for flow in tastes}
    told_apart = {flow: _as_told_apart(taste) for flow, taste in seen.items()}
    return _Baskets(products(), told_apart, hidden_tastes)


def _as_told_apart(weights: np.ndarray) -> np.ndarray:
    """Economy x product x year: products that share a code weigh what the concordance gives them.

    Nothing else can be told from a report; accumulators share a code before HS 2012, for example.
    """
    weights, place = weights.copy(), pd.Index(products().product_code)
    counted = concordance().query("weight > 0")
    shared = counted[counted.duplicated(["hs_revision", "hs6_code"], keep=False)]
    for y, year in enumerate(TRADE_YEARS):
        of_year = shared[shared.hs_revision == in_force(COMTRADE_REVISIONS, int(year))]
        for _, sharing in of_year.groupby("hs6_code"):
            members, parts = place.get_indexer(sharing.product_code), sharing.weight.to_numpy()
            of_code = weights[:, members, y].sum(axis=1, keepdims=True)
            weights[:, members, y] = of_code * parts / parts.sum()
    return weights


def _tastes(
    rng: np.random.Generator,
    world: World,
    weights: np.ndarray,
    hidden: np.ndarray,
    width: np.ndarray,
) -> np.ndarray:
    """Economy x product x year: the weights with which an economy buys or sells products.

    It trades a fraction `width` of all products, and more of them as time goes by.
    """
    entry = rng.random((len(width), len(weights)))
    entry[world.economies.where([FULL_TRADER, "CHN"])] = 0
    entry[:, (products().product_code == TRADED_BY_ALL).to_numpy()] = 0
    kinds = products().kind.to_numpy()
    always = weights.min(axis=1) > 0
    for kind in np.unique(kinds):  # every economy trades at least one product of each kind
        place = np.where(always & (kinds == kind), entry, np.inf).argmin(axis=1)
        entry[np.arange(len(width)), place] = 0
    traded = entry[:, :, None] < np.maximum(
        width[:, :, None] * np.linspace(0.6, 1, len(TRADE_YEARS)), 1e-12
    )
    return np.exp(rng.normal(0, 0.7, entry.shape))[:, :, None] * (weights + hidden) * traded


def _by_sector(
    totals: np.ndarray, share: np.ndarray, sector: np.ndarray, targets: np.ndarray | None
) -> np.ndarray:
    """Economy x product x year: totals divided among products by raking.

    Each economy's totals are met exactly, those of the sectors as nearly as the pattern of who
    trades what allows.
    """
    share = share / np.maximum(share.sum(axis=1, keepdims=True), 1e-300)
    if targets is None:
        return totals[:, None, :] * share
    groups = list(SECTORS)
    member = np.array([sector == name for name in groups], dtype=float)
    by_sector = np.einsum("gp,epy->egy", member, share)
    within = share / np.maximum(np.einsum("gp,egy->epy", member, by_sector), 1e-300)
    flows = totals[:, None, :] * by_sector
    for _ in range(25):
        flows *= (targets / np.maximum(flows.sum(axis=0), 1e-9))[None]
        flows *= (totals / np.maximum(flows.sum(axis=1), 1e-9))[:, None, :]
    return np.einsum("gp,egy->epy", member, flows) * within


def _with_china(
    world: World, baskets: _Baskets, names: tuple[str, str, str], sectors: np.ndarray
) -> np.ndarray:
    """Economy x product x year, in USD: one direction of trade with China.

    `names` are the flow and its totals of low-carbon technology and of minerals; `sectors` are the
    shares (sector x year) of China's total of the former.
    """
    flow, low_carbon, mineral = names
    trade = {name: 1000 * world.all_trade[name] for name in (low_carbon, mineral)}
    lithium = np.minimum(
        LITHIUM_IN_LOW_CARBON * trade[low_carbon], LITHIUM_IN_MINERALS * trade[mineral]
    )
    part = baskets.products.product_code.map(LITHIUM_PART).fillna(0.0).to_numpy()
    of_sectors = sectors * (1000 * china_totals()[low_carbon])
    of_sectors[SECTORS.index("energy_storage")] -= lithium.sum(axis=0)
    stages_of = low_carbon if low_carbon in OTHER_STAGES else mineral
    return (
        part[None, :, None] * lithium[:, None, :]
        + baskets.divided(trade[low_carbon] - lithium, flow, LOW_CARBON, sectors=of_sectors)
        + baskets.divided(trade[mineral] - lithium, flow, ORE)
        + baskets.divided(OTHER_STAGES[stages_of] * trade[stages_of], flow, OTHER_STAGE)
    )


def _reporting(rng: np.random.Generator, world: World) -> np.ndarray:
    """Who reports to UN Comtrade.

    Some developing economies start late or skip a year; a few never report.
    """
    frame = world.economies.frame
    developing = ~frame.is_advanced.to_numpy() & (frame.iso3 != "CHN").to_numpy()
    first = np.where(developing, rng.choice([1992, 1992, 1992, 1994, 1996, 2000], len(frame)), 1992)
    small = frame["size"].to_numpy() < -1.0
    first = np.where(developing & small & (rng.random(len(frame)) < 0.3), 9999, first)
    holes = developing[:, None] & (rng.random((len(frame), len(TRADE_YEARS))) < 0.03)
    reports = (first[:, None] <= TRADE_YEARS) & ~holes
    return reports[:, None, :]


def _trading_size(rng: np.random.Generator, world: World) -> np.ndarray:
    """Economy x year: how much an economy trades relative to others, by GDP, traits and chance."""
    count = len(world.economies)
    lasting = np.exp(
        1.15 * world.covariates.values["ln_gdp"].mean(axis=1, keepdims=True)
        + 0.5 * lasting_trait("trade", count)
    )
    return lasting * np.exp(0.15 * autoregressive(rng, (count, len(TRADE_YEARS)), 0.8))


@dataclass(frozen=True)
class _RestOfTheWorld:
    """What all economies but China export to and import from each other.

    Reported trade thereby meets the shares of figure 1 and the sectors of figure 3. Economies that
    do not report trade as if they did.
    """

    world: World
    baskets: _Baskets
    from_china: np.ndarray
    to_china: np.ndarray
    freight: np.ndarray
    reporting: np.ndarray
    size: np.ndarray
    """Economy x year: the weights by which the economies of a group divide its total."""

    @property
    def partner(self) -> np.ndarray:
        """Economy x 1: all but China."""
        return (self.world.economies.frame.index != CHINA)[:, None]

    @property
    def reports(self) -> np.ndarray:
        """Economy x year: whether an economy reports, under its own code or a former state's."""
        return self.reporting[:, 0] & (exists_in(self.world.economies) | self.partner)

    @property
    def is_low_carbon(self) -> np.ndarray:
        return (self.baskets.products.sector != "").to_numpy()

    @property
    def world_exports(self) -> np.ndarray:
        """By year: world exports of low-carbon technology in USD."""
        return 1e9 * path(WORLD_EXPORTS, logarithmic=True)

    @property
    def world_imports(self) -> np.ndarray:
        return self.world_exports * path(IMPORTS_OVER_EXPORTS)

    def exports(self) -> np.ndarray:
        """Economy x product x year, USD, FOB."""
        exports = self.by_group(
            self.world_exports,
            path(HIGH_INCOME_IN_EXPORTS) / 100,
            path(CHINA_IN_EXPORTS) / 100,
            (self.to_china / self.freight)[:, self.is_low_carbon].sum(axis=1),
        )
        return self.by_product(exports, "export", self.sectors_left(exports))

    def imports(self) -> np.ndarray:
        """Economy x product x year, USD, FOB."""
        imports = self.by_group(
            self.world_imports,
            path(HIGH_INCOME_IN_IMPORTS) / 100,
            china_totals()["lct_exports_to_china"] * 1000 / self.world_imports,
            (self.from_china * self.freight)[:, self.is_low_carbon].sum(axis=1),
        )
        fob = imports / self.freight[:, :, 0]
        sectors = self.sectors_of_world_exports()
        return self.by_product(fob, "import", sectors / sectors.sum(axis=0) * fob.sum(axis=0))

    def by_group(
        self,
        total: np.ndarray,
        advanced_share: np.ndarray,
        china_share: np.ndarray,
        with_china: np.ndarray,
    ) -> np.ndarray:
        """Economy x year: the rest of each group's total, divided by size among its reporters."""
        advanced = groups_in(self.world.economies, "weo_group") == "Advanced economies"
        flows = np.zeros(self.size.shape)
        for members, share in (
            (advanced, advanced_share),
            (self.partner & ~advanced, 1 - advanced_share - china_share),
        ):
            of_group = total * share
            traded_with_china = (with_china * members * self.reports).sum(axis=0)
            weight = members * self.size
            flows += (
                np.maximum(of_group - traded_with_china, 0.1 * of_group)
                * weight
                / np.maximum((weight * self.reports).sum(axis=0), 1e-9)
            )
        return flows

    def sectors_of_world_exports(self) -> np.ndarray:
        """Sector x year, USD."""
        return sector_shares(WORLD_SECTORS) * self.world_exports

    def sectors_left(self, exports: np.ndarray) -> np.ndarray:
        """Sector x year, USD: what the reported trade with China leaves of the sectors of exports.

        It is scaled up to all `exports` (economy x year), those that are not reported included.
        """
        sectors = self.sectors_of_world_exports()
        with_china = self.from_china + self.to_china / self.freight * self.reporting
        sector_of = self.baskets.products.sector
        known = np.array(
            [with_china[:, (sector_of == s).to_numpy()].sum(axis=(0, 1)) for s in SECTORS]
        )
        left = np.maximum(sectors - known, 0.02 * sectors)
        reported = (exports * self.reports).sum(axis=0)
        unreported = exports.sum(axis=0) / np.maximum(reported, 1e-9)
        return left / left.sum(axis=0) * reported * unreported

    def by_product(self, totals: np.ndarray, flow: str, sectors: np.ndarray) -> np.ndarray:
        """Economy x product x year: low-carbon totals by sector, ores and their other stages."""
        ores = self.ores()
        return (
            self.baskets.divided(totals, flow, LOW_CARBON, LITHIUM, sectors=sectors)
            + self.baskets.divided(ores, flow, ORE)
            + self.baskets.divided(0.5 * ores, flow, OTHER_STAGE)
        )

    def ores(self) -> np.ndarray:
        """Economy x year, USD: each economy's exports of ores, and as much in imports."""
        ores = 1e9 * path(WORLD_ORE_EXPORTS, logarithmic=True)
        of_china = 1000 * china_totals()["mineral_exports_to_china"]
        weight = self.partner * self.size / (self.partner * self.size).sum(axis=0)
        return np.maximum(ores - of_china, 0.2 * ores) * weight
