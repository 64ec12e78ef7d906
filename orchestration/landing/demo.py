"""SOURCE=demo: a small synthetic world in the publishers' own layouts, so that a fresh machine runs everything offline.

Here belongs how that world is invented and how its files are written. Names of economies, products and codes come from
seeds/; every number is drawn by a generator of random numbers, so that one seed always gives the same bytes. What the
invented world shares with the real one is its shape only: growth, gravity, who reports to whom, and what publishers leave out.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from orchestration.landing import layouts
from orchestration.landing.manifest import LeftOut, Manifest, register
from orchestration.settings import PROJECT_ROOT

GENERATOR_VERSION = 1  # raise it whenever a number or a byte of the files changes
SEEDS = PROJECT_ROOT / "seeds"

COVARIATE_YEARS = np.arange(1988, 2023)
TRADE_YEARS = np.arange(1992, 2023)
BACI_YEARS = np.arange(1995, 2023)
JSON_YEAR = 2010  # this year of UN Comtrade lands as the service's JSON answer instead of CSV
UNPINNED_YEAR = 2014  # in this year Germany's trade stands once in total and again by mode of transport
COMTRADE_REVISIONS = {1992: "H0", 1996: "H1", 2002: "H2", 2007: "H3", 2012: "H4", 2017: "H5", 2022: "H6"}
BACI_REVISIONS = {1995: "92", 2002: "02", 2017: "17"}
BACI_RELEASE = "202401"

# largest first: an economy's place in the list sets the size of its invented economy
ADVANCED = "USA JPN DEU GBR FRA ITA CAN KOR ESP AUS NLD TWN CHE SWE BEL AUT NOR HKG SGP DNK FIN ISR IRL PRT GRC CZE NZL SVK"
DEVELOPING = "IND BRA RUS MEX IDN TUR SAU POL ARG THA ZAF EGY MYS NGA PHL CHL ARE VNM BGD PAK COL PER ROU KAZ HUN UKR DZA KEN MAR ECU GHA GTM CRI JOR ETH TZA BOL LKA ZMB UGA SEN MOZ COD"
EU_MEMBERS = "DEU FRA ITA ESP NLD SWE BEL AUT DNK FIN IRL PRT GRC CZE SVK POL ROU HUN"
EU_YEARS = (2015, 2022)
AGGREGATES = {"WLD": "World", "ARB": "Arab World", "EUU": "European Union", "HIC": "High income", "LMY": "Low & middle income", "SSF": "Sub-Saharan Africa"}
DEVELOPMENT = {"High income": 0.8, "Upper middle income": 0.0, "Lower middle income": -0.8, "Low income": -1.6}
LARGEST_TRADERS = 25  # besides China, BACI's flows between the larger economies only

# indicator: mean, effect of development, spread between economies, spread within, persistence, lowest, highest (in its own unit)
INDICATORS = {
    "NY.GDS.TOTL.ZS": (20, 5, 8, 3, 0.8, -40, 70),
    "FS.AST.PRVT.GD.ZS": (50, 28, 18, 6, 0.92, 2, 250),
    "FR.INR.RINR": (6.5, -2, 3, 4, 0.5, -40, 80),
    "PX.REX.REER": (100, 0, 4, 6, 0.85, 30, 300),
    "TG.VAL.TOTL.GD.ZS": (62, 4, 26, 6, 0.9, 12, 380),
    "TM.TAX.MRCH.WM.AR.ZS": (7, -2.8, 2, 1, 0.9, 0, 60),
    "CC.EST": (-0.1, 0.8, 0.35, 0.12, 0.9, -2.5, 2.5),
    "PV.EST": (-0.1, 0.6, 0.45, 0.2, 0.9, -3, 2),
    "RQ.EST": (-0.1, 0.75, 0.35, 0.12, 0.9, -2.5, 2.5),
    "BX.KLT.DINV.WD.GD.ZS": (3.5, 0.4, 1.5, 3, 0.4, -20, 80),
    "DT.ODA.ODAT.PC.ZS": (30, -22, 12, 8, 0.7, -5, 400),
    "EN.CO2.TRAN.ZS": (25, 2, 7, 1.5, 0.9, 3, 70),
    "EN.ATM.PM25.MC.M3": (26, -10, 8, 1, 0.9, 5, 90),
    "SL.EMP.MPYR.FE.ZS": (2.2, 0.3, 0.8, 0.2, 0.8, 0.1, 9),
    "SL.EMP.TOTL.SP.FE.ZS": (47, 0, 10, 1, 0.9, 5, 90),
    "SL.IND.EMPL.FE.ZS": (15, 1, 4, 0.7, 0.9, 0.5, 45),
    "SL.SRV.EMPL.FE.ZS": (60, 16, 7, 1, 0.9, 5, 97),
    "SL.TLF.CACT.FE.ZS": (52, 1, 9, 1, 0.9, 6, 90),
    "SL.TLF.CACT.FM.ZS": (72, 4, 10, 1, 0.9, 9, 105),
}
ANY_OTHER_INDICATOR = (50, 5, 10, 2, 0.8, 0, 100)  # so that a variable added to seeds/variables.csv has numbers in the demo too
# the years the publisher does not have, by the start of the indicator's code
BEFORE_GOVERNANCE_WAS_YEARLY = (*range(1988, 1996), 1997, 1999, 2001)
UNPUBLISHED_YEARS = {
    **dict.fromkeys(("CC.EST", "PV.EST", "RQ.EST"), BEFORE_GOVERNANCE_WAS_YEARLY),
    "EN.ATM": (1988, 1989, 2021, 2022),
    "EN.CO2": (1988, 1989, *range(2015, 2023)),
    "SL.": (1988, 1989, 1990),
}

# ln trade with China answers to these, one standard deviation, one year earlier
GRAVITY = {"NY.GDP.MKTP.CD": 1.7, "NY.GDP.PCAP.PP.KD": 0.15, "TG.VAL.TOTL.GD.ZS": 0.3, "RQ.EST": 0.12, "TM.TAX.MRCH.WM.AR.ZS": -0.1, "NY.GDP.MKTP.KD.ZG": 0.05}
# shares of a product group in its list in 1992, 2016 and 2022; of the transport group only locomotives had a code before 2017
GROUP_SHARES = {
    "buildings": (0.19, 0.15, 0.10),
    "energy_storage": (0.05, 0.10, 0.18),
    "pollution_control": (0.26, 0.22, 0.15),
    "power_generation": (0.22, 0.26, 0.25),
    "household_appliances": (0.06, 0.05, 0.04),
    "transport": (0.05, 0.04, 0.18),
    "environmental_monitoring": (0.22, 0.20, 0.13),
    "ore": (0.45, 0.60, 0.60),
    "intermediate": (0.20, 0.15, 0.15),
    "refined": (0.35, 0.25, 0.25),
}
ACCUMULATOR_LOCOMOTIVES, THEIR_WEIGHT = "860120", 0.003

SMALLEST_FLOW_USD = 500
CHINA = 0  # its place among the economies


@dataclass(frozen=True)
class TradeList:
    """The course of a product list's trade: values in 1992, 2007 and 2022, as world exports in USD and as shares of them."""

    world_exports_usd: tuple[float, float, float]
    china_in_exports: tuple[float, float, float]
    china_in_imports: tuple[float, float, float]
    advanced_in_exports: tuple[float, float, float]


TRADE_LISTS = {
    "low_carbon": TradeList((71e9, 430e9, 1119e9), (0.01, 0.12, 0.23), (0.05, 0.14, 0.09), (0.93, 0.80, 0.62)),
    "mineral": TradeList((60e9, 330e9, 640e9), (0.02, 0.02, 0.015), (0.03, 0.18, 0.38), (0.55, 0.50, 0.46)),
}


@dataclass(frozen=True)
class World:
    """The invented world. Trade is economy x product x year (1992-2022) in USD, FOB; `covariates` economy x year (1988-2022)."""

    economies: pd.DataFrame
    products: pd.DataFrame
    covariates: dict[str, np.ndarray]
    from_china: np.ndarray
    to_china: np.ndarray
    other_exports: np.ndarray
    other_imports: np.ndarray
    usd_per_kg: np.ndarray


def fill_with_demo(manifest: Manifest, seed: int, say: Callable[[str], None] = print) -> list[LeftOut]:
    """Land the synthetic world of `seed` and make it the one the warehouse is built from; what is landed already stays.

    Returns what was left out (nothing, unless the disk is at fault).
    """
    parameters = {"seed": seed, "generator_version": GENERATOR_VERSION, "synthetic": "every number is invented"}
    manifest.world = "demo"
    if _has_landed(manifest, parameters):
        manifest.left_out = []
        manifest.write()
        say(f"demo: the synthetic world of seed {seed} has landed already")
        return []
    say(f"demo: inventing a synthetic world (seed {seed})")
    manifest.folder.mkdir(parents=True, exist_ok=True)
    # beside the landing zone, on its file system: landing is then a link, not a copy
    with tempfile.TemporaryDirectory(dir=manifest.folder.parent, prefix="demo-") as scratch:
        return register(manifest, write_world(Path(scratch), seed), origin="demo", say=say, parameters=parameters)


def _has_landed(manifest: Manifest, parameters: dict) -> bool:
    files = manifest.current()
    # BACI's list of codes is the same in every seed's world, so it may have landed with another
    seeded = [f for f in files if f.tables[0].layout != layouts.BACI_ECONOMIES.name]
    complete = len(files) == len(TRADE_YEARS) + len(BACI_YEARS) + 2
    return complete and all((manifest.folder / f.file).exists() for f in files) and all(parameters.items() <= f.parameters.items() for f in seeded)


def write_world(folder: Path, seed: int) -> list[Path]:
    """Invent the world of `seed` and write its files into `folder`. Returns their paths, in the order in which they land."""
    # the version belongs to the seed: another version's files all differ, so that each of them supersedes its predecessor
    rng = np.random.default_rng([GENERATOR_VERSION, seed])
    world = _invent_world(rng)
    reports = _mirror_reports(rng, world)
    return [*_write_comtrade(folder, rng, world, reports), *_write_baci(folder, rng, world, reports), _write_wdi(folder, rng, world)]


# ---- the world ----------------------------------------------------------------------------------------------------------------


def _invent_world(rng: np.random.Generator) -> World:
    economies, products = _economies(), _products()
    covariates, population = _covariates(rng, economies)
    usd_per_kg = np.exp(np.where(products.product_list == "mineral", 0.3, 2.7)[:, None] + rng.normal(0, 0.8, (len(products), 1)) + _autoregressive(rng, (len(products), len(TRADE_YEARS)), 0.8, 0.1))
    trade = [_trade(rng, economies, products, covariates, name) for name in TRADE_LISTS]
    from_china, to_china, other_exports, other_imports = (sum(flows) for flows in zip(*trade, strict=True))
    low_carbon = (products.product_list == "low_carbon").to_numpy()
    covariates |= _emissions(rng, covariates, population, from_china[:, low_carbon].sum(axis=1))
    variables = _seed("variables")
    for code in sorted({*variables.indicator_code, *variables.denominator_code} - {"", *covariates}):
        covariates[code] = _indicator(rng, economies.development.to_numpy()[:, None], *ANY_OTHER_INDICATOR)
    return World(economies, products, covariates, from_china, to_china, other_exports, other_imports, usd_per_kg)


def _seed(name: str) -> pd.DataFrame:
    return pd.read_csv(SEEDS / f"{name}.csv", dtype=str, keep_default_na=False)


def _economies() -> pd.DataFrame:
    """The chosen economies, China first, with the size (ln USD of 2010) and the level of development of their inventions."""
    size = {"CHN": 29.4} | {iso3: 30.0 - 1.05 * np.log1p(n) for n, iso3 in enumerate(ADVANCED.split())} | {iso3: 28.4 - 1.2 * np.log1p(n) for n, iso3 in enumerate(DEVELOPING.split())}
    groups = _seed("economy_groups").query("vintage == 'FY24'").drop(columns="vintage")
    chosen = _seed("economies").merge(groups, on="iso3").set_index("iso3").loc[list(size)].reset_index()
    # the code an economy trades under today; of several the last is the one that UN Comtrade and BACI use (842 of 840 and 842)
    codes = _seed("comtrade_economy_codes").query("kind == 'economy' and end_year == ''").drop_duplicates("iso3", keep="last").set_index("iso3").comtrade_code
    chosen["code"] = chosen.iso3.map(codes).astype("int64")
    chosen["is_advanced"] = chosen.weo_group == "Advanced economies"
    chosen["size"] = chosen.iso3.map(size)
    chosen["development"] = chosen.income_group.map(DEVELOPMENT) + 0.5 * chosen.is_advanced
    return chosen


def _products() -> pd.DataFrame:
    """Every product of the two lists once, in the group that sets its share; lithium stands in both lists and is invented as low-carbon."""
    low_carbon = _seed("low_carbon_products").assign(product_list="low_carbon").rename(columns={"sector": "group"})
    minerals = _seed("transition_minerals").query("is_in_report_list == 'true'").assign(product_list="mineral").rename(columns={"stage": "group"})
    both = pd.concat([low_carbon, minerals]).drop_duplicates("product_code")
    return both[["product_code", "product_list", "group", "description"]].reset_index(drop=True)


def _autoregressive(rng: np.random.Generator, shape: tuple[int, int], persistence: float, spread: float) -> np.ndarray:
    """Noise with mean zero and standard deviation `spread`, each year (second axis) remembering the one before."""
    noise = rng.normal(0, spread, shape)
    for year in range(1, shape[1]):
        noise[:, year] = persistence * noise[:, year - 1] + np.sqrt(1 - persistence**2) * noise[:, year]
    return noise


def _covariates(rng: np.random.Generator, economies: pd.DataFrame) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """The indicators that do not depend on trade, without gaps, and the population in persons."""
    shape = (len(economies), len(COVARIATE_YEARS))
    development = economies.development.to_numpy()[:, None] + rng.normal(0, 0.2, (shape[0], 1))
    since_2010 = lambda yearly: np.cumsum(yearly, axis=1) - np.cumsum(yearly, axis=1)[:, [2010 - 1988]]  # noqa: E731
    growth = 3.4 - 0.9 * development + rng.normal(0, 1.0, (1, shape[1])) + _autoregressive(rng, shape, 0.4, 2.6)
    growth[CHINA] += 4.5
    population_growth = 1.3 - 0.6 * development + _autoregressive(rng, shape, 0.9, 0.3)
    ln_population = economies["size"].to_numpy()[:, None] - 9.0 - 1.35 * development + rng.normal(0, 0.2, (shape[0], 1)) + since_2010(population_growth / 100)
    ln_gdp = economies["size"].to_numpy()[:, None] + since_2010(growth / 100) + 0.02 * (COVARIATE_YEARS - 2010) + _autoregressive(rng, shape, 0.8, 0.07)
    made = {
        "NY.GDP.MKTP.CD": np.exp(ln_gdp),
        "NY.GDP.MKTP.KD.ZG": growth,
        "NY.GDP.PCAP.PP.KD": np.exp(9.45 + 0.95 * development + since_2010((growth - population_growth) / 100)),
        "SP.POP.GROW": population_growth,
        "FP.CPI.TOTL.ZG": np.exp(1.7 - 0.45 * development + rng.normal(0, 0.3, (shape[0], 1)) + _autoregressive(rng, shape, 0.6, 0.55)) - 1.5,
        "FI.RES.TOTL.CD": np.exp(ln_gdp + np.log(0.15) + rng.normal(0, 0.5, (shape[0], 1)) + _autoregressive(rng, shape, 0.9, 0.2)),
        "SE.COM.DURS": np.round(np.clip(9.5 + 0.5 * development + rng.normal(0, 1.2, (shape[0], 1)) + 0.04 * (COVARIATE_YEARS - 2010), 5, 15)),
    }
    return made | {code: _indicator(rng, development, *course) for code, course in INDICATORS.items()}, np.exp(ln_population)


def _indicator(rng: np.random.Generator, development: np.ndarray, mean: float, effect: float, between: float, within: float, persistence: float, lowest: float, highest: float) -> np.ndarray:
    """An indicator's values by economy and year; the arguments are those of INDICATORS."""
    shape = (len(development), len(COVARIATE_YEARS))
    return np.clip(mean + effect * development + rng.normal(0, between, (shape[0], 1)) + _autoregressive(rng, shape, persistence, within), lowest, highest)


def _emissions(rng: np.random.Generator, covariates: dict[str, np.ndarray], population: np.ndarray, low_carbon_imports: np.ndarray) -> dict[str, np.ndarray]:
    """The outcomes of the emission equations: they answer, a little, to last year's openness and low-carbon imports from China."""
    shape = population.shape
    imports = _lag(np.concatenate([np.repeat(low_carbon_imports[:, :1], len(COVARIATE_YEARS) - len(TRADE_YEARS), axis=1), low_carbon_imports], axis=1))
    ln_income = np.log(covariates["NY.GDP.PCAP.PP.KD"])
    tonnes_per_capita = np.exp(
        1.0 + 0.85 * (ln_income - 9.4) + rng.normal(0, 0.35, (shape[0], 1)) + _autoregressive(rng, shape, 0.8, 0.05)
        - 0.03 * _standardised(imports) + 0.04 * _standardised(_lag(covariates["TG.VAL.TOTL.GD.ZS"]))
    )  # fmt: skip
    kg_per_constant_dollar = 1000 * tonnes_per_capita / covariates["NY.GDP.PCAP.PP.KD"]
    kilotonnes = tonnes_per_capita * population / 1000
    return {
        "EN.ATM.CO2E.KT": kilotonnes,
        "EN.ATM.CO2E.PC": tonnes_per_capita,
        "EN.ATM.CO2E.PP.GD.KD": kg_per_constant_dollar,
        "EN.ATM.CO2E.PP.GD": kg_per_constant_dollar * np.exp(-0.02 * (COVARIATE_YEARS - 2017)),
        "EN.ATM.CO2E.LF.KT": kilotonnes * np.clip(0.42 + rng.normal(0, 0.1, (shape[0], 1)) + _autoregressive(rng, shape, 0.9, 0.03), 0.1, 0.9),
        "EN.ATM.NOXE.KT.CE": 0.0004 * population * np.exp(rng.normal(0, 0.4, (shape[0], 1)) + _autoregressive(rng, shape, 0.9, 0.05)),
        "EN.ATM.METH.KT.CE": 0.0011 * population * np.exp(rng.normal(0, 0.4, (shape[0], 1)) + _autoregressive(rng, shape, 0.9, 0.05)),
    }


def _lag(values: np.ndarray) -> np.ndarray:
    return np.concatenate([values[:, :1], values[:, :-1]], axis=1)


def _standardised(values: np.ndarray) -> np.ndarray:
    return (values - values.mean()) / values.std()


def _path(values: tuple[float, float, float], years: tuple[int, int, int] = (1992, 2007, 2022)) -> np.ndarray:
    return np.interp(TRADE_YEARS, years, values)


def _trade(rng: np.random.Generator, economies: pd.DataFrame, products: pd.DataFrame, covariates: dict[str, np.ndarray], name: str) -> list[np.ndarray]:
    """Trade in one list, economy x product x year in USD: from China, to China, and each economy's exports to and imports from all others."""
    course, advanced = TRADE_LISTS[name], economies.is_advanced.to_numpy()[:, None]
    world = np.exp(_path(tuple(np.log(course.world_exports_usd))))
    last_year = {code: _lag(np.log(x) if code.startswith("NY.GDP") and x.min() > 0 else x)[:, -len(TRADE_YEARS) :] for code, x in covariates.items() if code in GRAVITY}
    attraction = sum(GRAVITY[code] * _standardised(x) for code, x in last_year.items())

    def flows_of(total: np.ndarray, members: np.ndarray, gravity: np.ndarray) -> np.ndarray:
        """`total` by year, divided among the `members` as gravity, lasting effects and noise have it."""
        weight = members * np.exp(gravity + rng.normal(0, 0.5, (len(economies), 1)) + _autoregressive(rng, gravity.shape, 0.6, 0.25))
        return weight / weight.sum(axis=0) * total

    partners = (economies.index != CHINA)[:, None]
    from_china = flows_of(world * _path(course.china_in_exports), partners, attraction - 0.8 * advanced)
    to_china = flows_of(world * _path(course.china_in_imports), partners, attraction + 0.5 * advanced)
    other_exports = np.zeros_like(from_china)
    for members, share in ((advanced, _path(course.advanced_in_exports)), (partners & ~advanced, 1 - _path(course.advanced_in_exports) - _path(course.china_in_exports))):
        others = world * share - (members * to_china).sum(axis=0)
        other_exports += flows_of(np.maximum(others, 0.2 * world * share), members, 0.8 * attraction)
    other_imports = flows_of(other_exports.sum(axis=0), partners, 0.8 * attraction - 0.5 * advanced)

    weights = _product_weights(rng, products, name)
    place = economies["size"].rank(pct=True).to_numpy()[:, None]
    spreads = {"import": 0.06 + 0.48 * place**2, "export": 0.04 + 0.42 * place**3}  # small economies trade few products
    shares = {flow: _product_shares(rng, weights, width) for flow, width in spreads.items()}
    flows = ((from_china, "import"), (to_china, "export"), (other_exports, "export"), (other_imports, "import"))
    return [total[:, None, :] * shares[flow] for total, flow in flows]


def _product_weights(rng: np.random.Generator, products: pd.DataFrame, name: str) -> np.ndarray:
    """Product x year: a product's part in its list's trade; nothing in years whose HS revision has no code for it."""
    codes = _codes()
    sold = np.stack([products.product_code.isin(codes.product_code[codes.hs_revision == _in_force(COMTRADE_REVISIONS, year)]) for year in TRADE_YEARS], axis=1)
    within = np.exp(rng.normal(0, 1.0, len(products)))
    within[products.product_code == ACCUMULATOR_LOCOMOTIVES] = THEIR_WEIGHT
    within /= pd.Series(within).groupby(products.group).transform("sum").to_numpy()
    of_group = np.stack([_path(GROUP_SHARES[group], (1992, 2016, 2022)) for group in products.group])
    return within[:, None] * of_group * sold * (products.product_list == name).to_numpy()[:, None]


def _product_shares(rng: np.random.Generator, weights: np.ndarray, width: np.ndarray) -> np.ndarray:
    """Economy x product x year: how an economy's trade divides among products. It trades a part `width` of them, more as time goes by."""
    entry = rng.random((len(width), len(weights)))
    always = weights.min(axis=1) > 0
    entry[np.arange(len(width)), np.where(always, entry, np.inf).argmin(axis=1)] = 0  # nobody trades nothing
    entry[CHINA] = 0
    traded = entry[:, :, None] < width[:, :, None] * np.linspace(0.6, 1, len(TRADE_YEARS))
    taste = np.exp(rng.normal(0, 0.7, entry.shape))
    share = taste[:, :, None] * weights * traded
    return share / share.sum(axis=1, keepdims=True)


def _in_force(revisions: dict[int, str], year: int) -> str:
    return revisions[max(first for first in revisions if first <= year)]


def _codes() -> pd.DataFrame:
    """hs_revision, hs6_code, product_code and the factor that turns a product's value into what is reported under the code."""
    codes = _seed("hs_concordance").astype({"weight": float}).query("weight > 0")
    split = codes.groupby(["hs_revision", "product_code"]).hs6_code.transform("size")
    # a code wider than the listed products holds other goods too: it reports more than they are worth
    listed_part = codes.groupby(["hs_revision", "hs6_code"]).weight.transform("sum")
    return codes.assign(factor=1 / split / listed_part)[["hs_revision", "hs6_code", "product_code", "factor"]]


# ---- what is reported of it -----------------------------------------------------------------------------------------------------


def _mirror_reports(rng: np.random.Generator, world: World) -> dict[str, np.ndarray]:
    """Both sides' reports of the trade with China, in USD: exports FOB, imports CIF, never quite the same."""
    shape = world.from_china.shape
    freight = 1 + rng.uniform(0.06, 0.10, (shape[0], 1, 1))
    noise = lambda: np.exp(rng.normal(0, 0.04, shape)) * (rng.random(shape) > 0.02)  # now and then one side has no record  # noqa: E731
    # some developing economies report late or leave a year out
    unreliable = ~world.economies.is_advanced.to_numpy() & (world.economies.index != CHINA)
    first_year = np.where(unreliable, rng.choice([1992, 1992, 1992, 1994, 1996, 2000], shape[0]), 1992)
    reporting = (first_year[:, None] <= TRADE_YEARS) & ~(unreliable[:, None] & (rng.random((shape[0], shape[2])) < 0.03))
    reports = {
        "china_exports": world.from_china * noise(),
        "china_imports": world.to_china * freight * noise(),
        "partner_imports": world.from_china * freight * noise() * reporting[:, None, :],
        "partner_exports": world.to_china * noise() * reporting[:, None, :],
        "freight": freight,
        "reporting": reporting[:, None, :],
    }
    reports["china_imports"][CHINA] = 0.003 * world.from_china.sum(axis=0)  # goods returned
    return reports


def _product_rows(values: np.ndarray, reporter: int | None, flow: str, partner: int | np.ndarray | None) -> pd.DataFrame:
    """The flows worth reporting, one row each. `reporter` and `partner` are places in the list of parties; None is the array's own economy."""
    economy, product, year = np.nonzero(values >= SMALLEST_FLOW_USD)
    if isinstance(partner, np.ndarray):
        partner = partner[economy, product]
    return pd.DataFrame(
        {
            "year": TRADE_YEARS[year],
            "reporter": economy if reporter is None else reporter,
            "flow": flow,
            "partner": economy if partner is None else partner,
            "product": product,
            "usd": values[economy, product, year],
        }
    )


def _as_codes(rng: np.random.Generator, world: World, rows: pd.DataFrame, revisions: dict[int, str], keys: list[str]) -> pd.DataFrame:
    """Rows by product turned into rows by six-digit code of the revision in force, with net weight in whole kg (0: not recorded)."""
    revision = {year: _in_force(revisions, year) for year in rows.year.unique()}
    rows = rows.assign(hs_revision=rows.year.map(revision), product_code=world.products.product_code.to_numpy()[rows["product"]])
    price = world.usd_per_kg[rows["product"], rows.year - TRADE_YEARS[0]]
    rows["kg"] = rows.usd / price * np.exp(rng.normal(0, 0.15, len(rows))) * (rng.random(len(rows)) > 0.03)
    rows = rows.merge(_codes(), on=["hs_revision", "product_code"])
    rows["usd"] *= rows.factor
    rows["kg"] *= rows.factor
    return rows.groupby(["year", *keys, "hs_revision", "hs6_code"], as_index=False)[["usd", "kg"]].sum().assign(kg=lambda r: np.ceil(r.kg).astype("int64"))


def _gzip(path: Path, text: str) -> Path:
    with open(path, "wb") as raw, gzip.GzipFile(filename="", mode="wb", fileobj=raw, compresslevel=6, mtime=0) as packed:
        packed.write(text.encode("utf-8"))
    return path


def _text(column: pa.Array) -> pa.Array:
    """A column as UN Comtrade writes it into CSV: True, 372484.83, blanks for what is missing, quotes where a comma asks for them."""
    if pa.types.is_boolean(column.type):
        return pc.if_else(column, "True", "False")
    if pa.types.is_floating(column.type):
        return pc.fill_null(pc.replace_substring_regex(column.cast(pa.decimal128(18, 3)).cast(pa.string()), "0{1,2}$", ""), "")
    if pa.types.is_string(column.type):
        return pc.if_else(pc.match_substring(column, ","), pc.binary_join_element_wise('"', column, '"', ""), column)
    return pc.fill_null(column.cast(pa.string()), "")


# ---- UN Comtrade ----------------------------------------------------------------------------------------------------------------


def _write_comtrade(folder: Path, rng: np.random.Generator, world: World, reports: dict[str, np.ndarray]) -> list[Path]:
    """One file a year, every reporter and both flows: China with all partners, the others with China, a few more and the World."""
    parties = _parties(world.economies)
    european_union, areas, everybody = (int(parties.index[parties.iso == iso][0]) for iso in ("EUR", "_X", "W00"))
    shape = world.from_china.shape[:2]
    handful = np.stack([rng.choice([e for e in _largest(world.economies) if e != economy], 5, replace=False) for economy in range(shape[0])])
    main_partner = handful[np.arange(shape[0])[:, None], rng.integers(5, size=shape)]
    elsewhere = np.where(rng.random(shape) < 0.12, 0.05, 0.0)[:, :, None]  # the part whose partner is not specified
    rows = [
        _product_rows(reports["china_exports"], CHINA, "X", None),
        _product_rows(reports["china_imports"], CHINA, "M", None),
        _product_rows(reports["partner_imports"], None, "M", CHINA),
        _product_rows(reports["partner_exports"], None, "X", CHINA),
    ]
    for flow, values in (("M", world.other_imports * reports["freight"]), ("X", world.other_exports)):
        rows += [_product_rows(values * reports["reporting"] * part, None, flow, partner) for part, partner in ((1 - elsewhere, main_partner), (elsewhere, areas))]
    named = _as_codes(rng, world, pd.concat(rows), COMTRADE_REVISIONS, ["reporter", "flow", "partner"])
    named["thousandths"] = np.round(named.usd * 1000).astype("int64")  # money is added up in whole numbers: a total is exactly its parts

    members = world.economies.index[world.economies.iso3.isin(EU_MEMBERS.split())]
    union = named[named.year.between(*EU_YEARS) & named.reporter.isin(members) & ~named.partner.isin(members)].assign(reporter=european_union)
    key = ["year", "reporter", "flow", "partner", "hs_revision", "hs6_code"]
    named = pd.concat([named, union])[[*key, "thousandths", "kg"]].groupby(key, as_index=False).sum()
    totals = named.assign(partner=everybody).groupby(key, as_index=False)[["thousandths", "kg"]].sum()
    rows = pd.concat([totals, named]).assign(transport=0)
    by_part = rows[(rows.year == UNPINNED_YEAR) & (rows.reporter == world.economies.index[world.economies.iso3 == "DEU"][0])]
    by_air = by_part.assign(transport=1000, thousandths=by_part.thousandths // 5, kg=by_part.kg // 5)
    by_sea = by_part.assign(transport=2100, thousandths=by_part.thousandths - by_air.thousandths, kg=by_part.kg - by_air.kg)
    rows = pd.concat([rows, by_air, by_sea]).sort_values([*key, "transport"], ignore_index=True)
    descriptions = _descriptions(world.products)
    return [_write_comtrade_year(folder, year, part, parties, descriptions) for year, part in rows.groupby("year")]


def _largest(economies: pd.DataFrame) -> list[int]:
    return list(economies.drop(index=CHINA)["size"].nlargest(LARGEST_TRADERS).index)


def _parties(economies: pd.DataFrame) -> pd.DataFrame:
    """Reporters and partners with UN Comtrade's code, ISO and name: the economies in their order, then what is no economy."""
    iso = economies.iso3.replace("TWN", "S19")
    named = pd.DataFrame({"code": economies.code, "iso": iso, "name": economies.economy_name.where(iso != "S19", "Other Asia, nes")})
    others = pd.DataFrame({"code": [97, 899, 0], "iso": ["EUR", "_X", "W00"], "name": ["European Union", "Areas, nes", "World"]})
    return pd.concat([named, others], ignore_index=True)


def _descriptions(products: pd.DataFrame) -> pd.Series:
    """The first product under each code, in words, by (hs_revision, hs6_code)."""
    return _codes().merge(products, on="product_code").groupby(["hs_revision", "hs6_code"]).description.first()


def _write_comtrade_year(folder: Path, year: int, rows: pd.DataFrame, parties: pd.DataFrame, descriptions: pd.Series) -> Path:
    n, revision = len(rows), rows.hs_revision.iloc[0]
    constant = lambda value: pa.repeat(value, n)  # noqa: E731
    looked_up = lambda column, place: pa.array(parties[column].to_numpy()[place])  # noqa: E731
    usd = pa.array(rows.thousandths.to_numpy() / 1000)
    kg = pa.array(rows.kg.to_numpy(dtype=float), mask=(rows.kg == 0).to_numpy())
    is_import, is_total = pa.array((rows.flow == "M").to_numpy()), pa.array(parties.iso.to_numpy()[rows.partner] == "W00")
    nothing = pa.nulls(n, pa.float64())
    transport = pa.array(rows.transport.to_numpy())
    columns = {
        "typeCode": constant("C"), "freqCode": constant("A"), "refPeriodId": constant(year * 10_000 + 101), "refYear": constant(int(year)), "refMonth": constant(52),
        "period": constant(str(year)),
        "reporterCode": looked_up("code", rows.reporter), "reporterISO": looked_up("iso", rows.reporter), "reporterDesc": looked_up("name", rows.reporter),
        "flowCode": pc.if_else(is_import, "M", "X"), "flowDesc": pc.if_else(is_import, "Import", "Export"),
        "partnerCode": looked_up("code", rows.partner), "partnerISO": looked_up("iso", rows.partner), "partnerDesc": looked_up("name", rows.partner),
        "partner2Code": constant(0), "partner2ISO": constant("W00"), "partner2Desc": constant("World"),
        "classificationCode": constant(revision), "classificationSearchCode": constant("HS"), "isOriginalClassification": constant(True),
        "cmdCode": pa.array(rows.hs6_code.to_numpy()), "cmdDesc": pa.array(rows.hs6_code.map(descriptions[revision]).to_numpy()), "aggrLevel": constant(6), "isLeaf": constant(True),
        "customsCode": constant("C00"), "customsDesc": constant("TOTAL CPC"), "mosCode": constant("0"),
        "motCode": transport, "motDesc": pa.array(rows.transport.map({0: "TOTAL MOT", 1000: "Air", 2100: "Sea"}).to_numpy()),
        "qtyUnitCode": constant(8), "qtyUnitAbbr": constant("kg"), "qty": kg, "isQtyEstimated": constant(False),
        "altQtyUnitCode": constant(8), "altQtyUnitAbbr": constant("kg"), "altQty": kg, "isAltQtyEstimated": constant(False),
        "netWgt": kg, "isNetWgtEstimated": constant(False), "grossWgt": nothing, "isGrossWgtEstimated": constant(False),
        "cifvalue": pc.if_else(is_import, usd, nothing), "fobvalue": pc.if_else(is_import, nothing, usd), "primaryValue": usd,
        "legacyEstimationFlag": constant(0), "isReported": pc.invert(is_total), "isAggregate": is_total,
    }  # fmt: skip
    name = f"comtrade_C_A_HS_{year}"
    if year == JSON_YEAR:
        # the service's own answer spells the net weight differently
        data = pa.table({"netWeight" if name == "netWgt" else name: column for name, column in columns.items()}).to_pylist()
        return _gzip(folder / f"{name}.json.gz", json.dumps({"elapsedTime": "0.42 secs", "count": n, "data": data, "error": ""}, ensure_ascii=False))
    lines = pc.binary_join_element_wise(*(_text(column) for column in columns.values()), ",")
    return _gzip(folder / f"{name}.csv.gz", "\n".join([",".join(columns), *lines.to_pylist(), ""]))


# ---- BACI -----------------------------------------------------------------------------------------------------------------------


def _write_baci(folder: Path, rng: np.random.Generator, world: World, reports: dict[str, np.ndarray]) -> list[Path]:
    """One file a year in whole USD: China's pairs complete, the others among the larger economies only; and the list of codes."""

    def reconciled(exports: np.ndarray, imports: np.ndarray) -> np.ndarray:
        """Between the two reports, freight removed; where one side is silent, the other's."""
        free_on_board = imports / reports["freight"]
        both = np.clip((exports + free_on_board) / 2, np.minimum(exports, imports), np.maximum(exports, imports))
        return np.where(exports == 0, free_on_board, np.where(imports == 0, exports, both))

    to_china = reconciled(reports["partner_exports"], reports["china_imports"])
    to_china[CHINA] = 0  # BACI knows no trade of an economy with itself
    rows = [_product_rows(reconciled(reports["china_exports"], reports["partner_imports"]), CHINA, "X", None), _product_rows(to_china, None, "X", CHINA)]
    large = np.array(_largest(world.economies))
    # an exporter's sales of a product divide among the large importers that buy it, not all of which it reaches
    reach = np.exp(rng.normal(0, 0.8, (len(large), len(large), world.from_china.shape[1]))) * (rng.random((len(large), len(large), world.from_china.shape[1])) < 0.4)
    reach[np.arange(len(large)), np.arange(len(large))] = 0
    for place, exporter in enumerate(large):
        part = reach[place][:, :, None] * world.other_imports[large]
        part /= np.maximum(part.sum(axis=0), 1)
        sales = _product_rows(part * world.other_exports[exporter], int(exporter), "X", None)
        rows.append(sales.assign(partner=large[sales.partner]))
    flows = pd.concat(rows)
    revisions = {first: layouts.BACI_REVISIONS[name] for first, name in BACI_REVISIONS.items()}
    flows = _as_codes(rng, world, flows[flows.year >= BACI_YEARS[0]], revisions, ["reporter", "partner"])
    codes = world.economies.code.to_numpy()
    flows = flows.assign(i=codes[flows.reporter], j=codes[flows.partner]).sort_values(["year", "i", "j", "hs6_code"])
    paths = []
    for year, part in flows.groupby("year"):
        in_thousands = lambda units: pa.array(units.to_numpy(dtype=float).round() / 1000).cast(pa.decimal128(18, 3)).cast(pa.string())  # noqa: E731
        keys = [pa.array(column.astype("int64").to_numpy()).cast(pa.string()) for column in (part.year, part.i, part.j, part.hs6_code)]
        tonnes = pc.if_else(pa.array((part.kg == 0).to_numpy()), "NA", in_thousands(part.kg))
        lines = pc.binary_join_element_wise(*keys, in_thousands(part.usd), tonnes, ",")
        path = folder / f"BACI_HS{_in_force(BACI_REVISIONS, year)}_Y{year}_V{BACI_RELEASE}.csv.gz"
        paths.append(_gzip(path, "\n".join(["t,i,j,k,v,q", *lines.to_pylist(), ""])))
    listed = folder / f"country_codes_V{BACI_RELEASE}.csv"
    economies = world.economies.assign(iso2="")[["code", "economy_name", "iso2", "iso3"]]
    economies.to_csv(listed, index=False, header=["country_code", "country_name", "country_iso2", "country_iso3"], lineterminator="\n")
    return [*paths, listed]


# ---- World Development Indicators -----------------------------------------------------------------------------------------------


def _write_wdi(folder: Path, rng: np.random.Generator, world: World) -> Path:
    """The bulk file WDI_CSV.zip with the indicators and the list of economies and aggregates. Taiwan is not in it."""
    labels = _seed("variables").query("indicator_code != ''").drop_duplicates("indicator_code").set_index("indicator_code").label_en
    listed = world.economies[world.economies.iso3 != "TWN"]
    names = dict(zip(listed.iso3, listed.economy_name, strict=True)) | AGGREGATES
    rows = []
    for code in sorted(world.covariates):
        values = world.covariates[code]
        aggregates = np.repeat(values.mean(axis=0, keepdims=True), len(AGGREGATES), axis=0)
        published = np.concatenate([np.where(_gaps(rng, world.economies, code), np.nan, values)[listed.index], aggregates])
        published[:, np.isin(COVARIATE_YEARS, next((years for start, years in UNPUBLISHED_YEARS.items() if code.startswith(start)), ()))] = np.nan
        for (iso3, name), series in zip(names.items(), published, strict=True):
            rows.append([name, iso3, f"{labels.get(code, code)} (invented)", code, *("" if np.isnan(v) else f"{v:.9g}" for v in series), ""])
    rows.sort(key=lambda row: (row[0], row[3]))
    header = ["Country Name", "Country Code", "Indicator Name", "Indicator Code", *map(str, COVARIATE_YEARS), ""]
    countries = [[e.iso3, e.economy_name, e.economy_name, e.region, e.income_group] for e in listed.itertuples()] + [[iso3, name, name, "", ""] for iso3, name in AGGREGATES.items()]
    members = {
        "WDICSV.csv": "\ufeff" + _csv_text([header, *rows]),
        "WDICountry.csv": "\ufeff" + _csv_text([["Country Code", "Short Name", "Table Name", "Region", "Income Group"], *sorted(countries)]),
    }
    path = folder / "WDI_CSV.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in members.items():
            entry = zipfile.ZipInfo(name, date_time=(2024, 1, 1, 0, 0, 0))
            entry.compress_type, entry.create_system = zipfile.ZIP_DEFLATED, 3
            archive.writestr(entry, text.encode("utf-8"))
    return path


def _gaps(rng: np.random.Generator, economies: pd.DataFrame, code: str) -> np.ndarray:
    """Economy x year: True where an economy has no value of the indicator."""
    shape = (len(economies), len(COVARIATE_YEARS))
    developing = ~economies.is_advanced.to_numpy()[:, None]
    starts_late = rng.integers(1988, 2000, (shape[0], 1)) > COVARIATE_YEARS
    if code == "PX.REX.REER":
        return developing & (rng.random((shape[0], 1)) < 0.35) | np.zeros(shape, bool)
    if code == "FR.INR.RINR":
        return (rng.random((shape[0], 1)) < 0.1) | starts_late | (rng.random(shape) < 0.04)
    if code == "TM.TAX.MRCH.WM.AR.ZS":
        return starts_late | (rng.random(shape) < 0.1)
    if code == "DT.ODA.ODAT.PC.ZS":
        return (economies.income_group == "High income").to_numpy()[:, None] | np.zeros(shape, bool)
    return rng.random(shape) < 0.005


def _csv_text(rows: list[list[str]]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows(rows)
    return buffer.getvalue()
