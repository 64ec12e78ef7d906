"""The invented flows as UN Comtrade and BACI would hold them.

Both sides report, in the codes of the time and with the publishers' flaws. The planted flaws, each
for a model or test to catch, are: parts beside totals (UNPINNED), a group that reports beside its
members (EUROPEAN_UNION), unspecified partners, reporters that are late or silent, former states,
several revisions in one year, and unrecorded weights.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from orchestration.landing.publishers import baci
from orchestration.sources.synthetic.calibration import (
    BACI_REVISIONS,
    COMTRADE_REVISIONS,
    PREDECESSORS,
    TRADE_YEARS,
    Scale,
)
from orchestration.sources.synthetic.economies import CHINA, largest
from orchestration.sources.synthetic.flows import Flows, codes, in_force
from orchestration.sources.synthetic.world import World

SMALLEST_FLOW_USD = 0.0005  # the smallest amount that rounds to a tenth of a cent
# its trade is reported once in total and again by mode of transport
UNPINNED_YEAR, UNPINNED_REPORTER = 2014, "DEU"
EUROPEAN_UNION = [
    "DEU",
    "FRA",
    "ITA",
    "ESP",
    "NLD",
    "SWE",
    "BEL",
    "AUT",
    "DNK",
    "FIN",
    "IRL",
    "PRT",
    "GRC",
    "CZE",
    "SVK",
    "POL",
    "ROU",
    "HUN",
]
EUROPEAN_UNION_YEARS = (2015, 2022)
GROUP_CODE, AREAS_CODE, WORLD_CODE = 97, 899, 0
UNSPECIFIED = -1  # in place of a partner's index: the partner is not specified
RECORD = ["year", "reporter", "flow", "partner", "hs_revision", "hs6_code"]


def parties(world: World) -> pd.DataFrame:
    """Reporters and partners by UN Comtrade's code, with ISO and name.

    They are the economies, former states, and groups or areas that are not economies.
    """
    frame = world.economies.frame
    is_taiwan = frame.iso3 == "TWN"
    named = pd.DataFrame(
        {
            "code": frame.code,
            "iso": frame.iso3.mask(is_taiwan, "S19"),
            "name": frame.economy_name.mask(is_taiwan, "Other Asia, nes"),
        }
    )
    former = {
        "BLX": "Belgium-Luxembourg (...1998)",
        "SCG": "Serbia and Montenegro (...2005)",
        "CSK": "Czechoslovakia (...1992)",
    }
    states = [
        (code, state, former[state]) for state, code, _ in dict.fromkeys(PREDECESSORS.values())
    ]
    others = [
        (GROUP_CODE, "EUR", "European Union"),
        (AREAS_CODE, "_X", "Areas, nes"),
        (WORLD_CODE, "W00", "World"),
        *states,
    ]
    listed = pd.concat(
        [named, pd.DataFrame(others, columns=["code", "iso", "name"])], ignore_index=True
    )
    return listed.drop_duplicates("code").set_index("code").sort_index()


def comtrade_rows(rng: np.random.Generator, world: World, flows: Flows) -> pd.DataFrame:
    """One row per record, in the order of the files.

    Columns: year, reporter, flow (M, X), partner (codes), hs_revision, hs6_code, thousandths (of a
    USD), kg, transport.
    """
    main_partner, unspecified = _main_partners(rng, world, flows)
    tables = [
        *_reports_on_china(rng, flows),
        *_reports_on_others(flows, main_partner, unspecified),
    ]
    rows = _in_codes(rng, flows, pd.concat(tables, ignore_index=True), _adopted(rng, world))
    for party in ("reporter", "partner"):
        rows[party] = _code_of_the_time(world, rows[party], rows.year)
    # money is added up in whole numbers, so that a total is exactly the sum of its parts
    rows["thousandths"] = np.round(rows.usd * 1000).astype("int64")
    rows = _sums(pd.concat([rows, _reported_by_the_group(world, rows)]))
    rows = pd.concat([_sums(rows.assign(partner=WORLD_CODE)), rows]).assign(transport=0)
    return pd.concat([rows, *_parts_by_transport(world, rows)]).sort_values(
        [*RECORD, "transport"], ignore_index=True
    )


def _main_partners(
    rng: np.random.Generator, world: World, flows: Flows
) -> tuple[np.ndarray, np.ndarray]:
    """The partner that an economy names for a product, besides China.

    Returns the partner's index (economy x product), one of a handful of large economies; and the
    fraction of the trade whose partner is not specified (economy x product x 1).
    """
    shape = flows.from_china.shape[:2]
    large = largest(world.economies, 26)
    handful = np.stack(
        [
            rng.choice([e for e in large if e != economy], 5, replace=False)
            for economy in range(shape[0])
        ]
    )
    main_partner = handful[np.arange(shape[0])[:, None], rng.integers(5, size=shape)]
    return main_partner, np.where(rng.random(shape) < 0.12, 0.05, 0.0)[:, :, None]


def _reports_on_china(rng: np.random.Generator, flows: Flows) -> list[pd.DataFrame]:
    """Trade with China as both sides report it: China all of it, and goods returned to it."""
    shape = flows.from_china.shape

    def noise() -> np.ndarray:
        """Differences between both sides' reports; now and then one side has no record."""
        return np.exp(rng.normal(0, 0.04, shape)) * (rng.random(shape) > 0.02)

    china_imports = flows.to_china.copy()
    china_imports[CHINA] = 0.003 * flows.from_china.sum(axis=0)
    return [
        _rows(flows.from_china, "X").assign(reporter=CHINA),
        _rows(china_imports, "M").assign(reporter=CHINA),
        _rows(flows.from_china * flows.freight * noise() * flows.reporting, "M", CHINA),
        _rows(flows.to_china / flows.freight * noise() * flows.reporting, "X", CHINA),
    ]


def _reports_on_others(
    flows: Flows, main_partner: np.ndarray, unspecified: np.ndarray
) -> Iterator[pd.DataFrame]:
    """All other trade, with one main partner per product and in part with unspecified partners."""
    nowhere = np.full(main_partner.shape, UNSPECIFIED)
    for flow, values in (("M", flows.rest_imports * flows.freight), ("X", flows.rest_exports)):
        reported = values * flows.reporting
        yield _rows(reported * (1 - unspecified), flow, main_partner)
        yield _rows(reported * unspecified, flow, nowhere)


def _sums(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows with their money and weight summed by record."""
    return rows.groupby(RECORD, as_index=False)[["thousandths", "kg"]].sum()


def _reported_by_the_group(world: World, rows: pd.DataFrame) -> pd.DataFrame:
    """The European Union's own reports: its members' trade with all others."""
    member = world.economies.frame.code[world.economies.where(EUROPEAN_UNION)]
    inside = (
        rows.year.between(*EUROPEAN_UNION_YEARS)
        & rows.reporter.isin(member)
        & ~rows.partner.isin(member)
    )
    return rows[inside].assign(reporter=GROUP_CODE)


def _parts_by_transport(world: World, rows: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The unpinned reporter's trade once more: a fifth by air, the rest by sea."""
    reporter = world.economies.frame.code[world.economies.where([UNPINNED_REPORTER])].iloc[0]
    totals = rows[(rows.year == UNPINNED_YEAR) & (rows.reporter == reporter)]
    by_air = totals.assign(transport=1000, thousandths=totals.thousandths // 5, kg=totals.kg // 5)
    by_sea = totals.assign(
        transport=2100,
        thousandths=totals.thousandths - by_air.thousandths,
        kg=totals.kg - by_air.kg,
    )
    return by_air, by_sea


def baci_rows(
    rng: np.random.Generator, world: World, flows: Flows, scale: Scale
) -> Iterator[tuple[int, str, pd.DataFrame]]:
    """By year: the year, its revision as BACI writes it (92, 02, 17), and the rows.

    Rows have i, j (codes), hs6_code, usd and kg. Pairs with China are complete; all other trade is
    that between the largest economies. Values reconcile both sides' reports, without freight.
    """
    shape = flows.from_china.shape

    def reconciled(values: np.ndarray) -> np.ndarray:
        return values * np.exp(rng.normal(0, 0.03, shape))

    tables = [
        _rows(reconciled(flows.from_china), "X").assign(reporter=CHINA),
        _rows(reconciled(flows.to_china / flows.freight), "X", CHINA),
        *_between_large_economies(rng, flows, largest(world.economies, scale.third_countries)),
    ]
    rows = pd.concat(tables, ignore_index=True)
    revisions = {first: baci.BACI_REVISIONS[name] for first, name in BACI_REVISIONS.items()}
    rows = rows[rows.year >= min(BACI_REVISIONS)]
    first = min(revisions)
    revision_of = np.array([in_force(revisions, max(int(year), first)) for year in TRADE_YEARS])
    rows = _in_codes(rng, flows, rows, np.broadcast_to(revision_of, (shape[0], len(TRADE_YEARS))))
    rows["i"], rows["j"] = (
        _code_of_the_time(world, rows.reporter, rows.year),
        _code_of_the_time(world, rows.partner, rows.year),
    )
    rows = rows.groupby(["year", "i", "j", "hs6_code"], as_index=False)[["usd", "kg"]].sum()
    for year, part in rows.groupby("year"):
        yield (
            int(year),
            in_force(BACI_REVISIONS, int(year)),
            part.drop(columns="year").reset_index(drop=True),
        )


def _between_large_economies(
    rng: np.random.Generator, flows: Flows, large: np.ndarray
) -> Iterator[pd.DataFrame]:
    """By exporter: sales of a product to the large importers that buy it and that it reaches."""
    shape = (len(large), len(large), flows.from_china.shape[1])
    reach = np.exp(rng.normal(0, 0.8, shape)) * (rng.random(shape) < 0.4)
    reach[np.arange(len(large)), np.arange(len(large))] = 0
    for place, exporter in enumerate(large):
        part = reach[place][:, :, None] * flows.rest_imports[large]
        part /= np.maximum(part.sum(axis=0), 1)
        sales = _rows(part * flows.rest_exports[exporter], "X")
        yield sales.assign(reporter=exporter, partner=large[sales.partner])


def _adopted(rng: np.random.Generator, world: World) -> np.ndarray:
    """Economy x year: the revision in which an economy reports.

    Some developing economies adopt a new revision one or two years late.
    """
    frame = world.economies.frame
    # economies that report together (in a union or a former state) use the same revision
    in_time = frame.is_advanced | frame.iso3.isin(["CHN", *EUROPEAN_UNION, *PREDECESSORS])
    late = np.where(in_time, 0, rng.choice([0, 0, 0, 1, 2], len(frame)))
    return np.array(
        [
            [
                in_force(COMTRADE_REVISIONS, int(max(year - delay, min(COMTRADE_REVISIONS))))
                for year in TRADE_YEARS
            ]
            for delay in late
        ]
    )


def _rows(values: np.ndarray, flow: str, partner: int | np.ndarray | None = None) -> pd.DataFrame:
    """The flows large enough for a record, one row each.

    The reporter is the economy of the array, and so is the partner unless one is given.
    """
    economy, product, year = np.nonzero(values >= SMALLEST_FLOW_USD)
    if isinstance(partner, np.ndarray):
        partner = partner[economy, product]
    return pd.DataFrame(
        {
            "year": TRADE_YEARS[year],
            "reporter": economy,
            "flow": flow,
            "partner": economy if partner is None else partner,
            "product": product,
            "usd": values[economy, product, year],
        }
    )


def _in_codes(
    rng: np.random.Generator, flows: Flows, rows: pd.DataFrame, revision_of: np.ndarray
) -> pd.DataFrame:
    """Turn rows by product into rows by six-digit code of the reporter's revision.

    Net weight is in whole kg (0: not recorded). A product for which a revision has no code at all
    is not recorded by those who still use that revision.
    """
    year = rows.year.to_numpy() - TRADE_YEARS[0]
    rows = rows.assign(
        hs_revision=revision_of[rows.reporter, year],
        product_code=flows.products.product_code.to_numpy()[rows["product"]],
    )
    price = flows.usd_per_kg[rows["product"], year]
    rows["kg"] = (
        rows.usd / price * np.exp(rng.normal(0, 0.15, len(rows))) * (rng.random(len(rows)) > 0.03)
    )
    rows = rows.merge(
        codes()[["hs_revision", "product_code", "hs6_code", "per_usd"]],
        on=["hs_revision", "product_code"],
    )
    return rows.assign(
        usd=rows.usd * rows.per_usd, kg=np.ceil(rows.kg * rows.per_usd).astype("int64")
    )


def _code_of_the_time(world: World, place: pd.Series, year: pd.Series) -> np.ndarray:
    """UN Comtrade's code of each party, given by its index among the economies, in its year.

    It is the former state's code while the economy was part of one.
    """
    code = world.economies.frame.code.to_numpy()
    found = np.where(place == UNSPECIFIED, AREAS_CODE, code[place])
    for iso3, (_, former, last) in PREDECESSORS.items():
        found[(place == np.flatnonzero(world.economies.where([iso3]))[0]) & (year <= last)] = former
    return found
