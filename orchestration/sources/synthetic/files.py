"""The synthetic world as the publishers' files.

These are UN Comtrade's CSV and JSON, BACI's yearly files, and the bulk archive of the World
Development Indicators.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import zipfile
from collections.abc import Callable, Iterable
from itertools import chain
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from orchestration.sources.synthetic.calibration import (
    ANY_OTHER_INDICATOR,
    COVARIATE_YEARS,
    WITHOUT_WORLD_BANK_DATA,
    Scale,
)
from orchestration.sources.synthetic.covariates import documented_course
from orchestration.sources.synthetic.economies import seed_table
from orchestration.sources.synthetic.every_code import rest_of_baci
from orchestration.sources.synthetic.flows import Flows, codes, products
from orchestration.sources.synthetic.reports import WORLD_CODE, baci_rows, parties
from orchestration.sources.synthetic.world import World

BACI_RELEASE = "202401"
JSON_YEAR = 2010  # this year of UN Comtrade lands as the API's JSON response instead of CSV
MODES_OF_TRANSPORT = {0: "TOTAL MOT", 1000: "Air", 2100: "Sea"}
AGGREGATES = {
    "WLD": "World",
    "ARB": "Arab World",
    "EUU": "European Union",
    "HIC": "High income",
    "LMY": "Low & middle income",
    "SSF": "Sub-Saharan Africa",
}


def _gzip(path: Path, header: str, blocks: Iterable[pa.Array] = (), level: int = 4) -> Path:
    """Write a gzipped text file of a header and blocks of lines.

    The same content always gives the same bytes.
    """
    with (
        open(path, "wb") as raw,
        gzip.GzipFile(filename="", mode="wb", fileobj=raw, compresslevel=level, mtime=0) as packed,
    ):
        packed.write(f"{header}\n".encode())
        for lines in blocks:
            lines = lines.combine_chunks() if isinstance(lines, pa.ChunkedArray) else lines
            packed.write(
                pc.binary_join(pa.ListArray.from_arrays([0, len(lines)], lines), "\n")[
                    0
                ].as_buffer()
            )
            packed.write(b"\n")
    return path


def _text(column: pa.Array) -> pa.Array:
    """A column as UN Comtrade writes it into CSV.

    Values look like True or 372484.83; missing values are blank, and text with a comma is quoted.
    """
    if pa.types.is_boolean(column.type):
        return pc.if_else(column, "True", "False")
    if pa.types.is_floating(column.type):
        return pc.fill_null(
            pc.replace_substring_regex(
                column.cast(pa.decimal128(18, 3)).cast(pa.string()), "0{1,2}$", ""
            ),
            "",
        )
    if pa.types.is_string(column.type):
        return pc.if_else(
            pc.match_substring(column, ","),
            pc.binary_join_element_wise('"', column, '"', ""),
            column,
        )
    return pc.fill_null(column.cast(pa.string()), "")


# ---- UN Comtrade -----------------------------------------------------------------------------


def write_comtrade(folder: Path, world: World, records: pd.DataFrame) -> list[Path]:
    """Write the records of `comtrade_rows`, one file a year, with every reporter and both flows.

    China reports trade with all partners; the others report trade with China, with other partners
    (one per product, and areas not specified) and with the World.
    """
    named = parties(world)
    descriptions = (
        codes()
        .merge(products(), on="product_code")
        .groupby(["hs_revision", "hs6_code"])
        .description.first()
    )
    return [
        _write_comtrade_year(folder, int(year), part, named, descriptions)
        for year, part in records.groupby("year")
    ]


def _write_comtrade_year(
    folder: Path, year: int, rows: pd.DataFrame, named: pd.DataFrame, descriptions: pd.Series
) -> Path:
    n = len(rows)

    def constant(value: object) -> pa.Array:
        return pa.repeat(value, n)

    def looked_up(column: str, place: np.ndarray) -> pa.Array:
        return pa.array(named[column].to_numpy()[place])

    reporter, partner = (
        named.index.get_indexer(rows[column]) for column in ("reporter", "partner")
    )
    usd = pa.array(rows.thousandths.to_numpy() / 1000)
    kg = pa.array(rows.kg.to_numpy(dtype=float), mask=(rows.kg == 0).to_numpy())
    is_import, is_total = (
        pa.array((rows.flow == "M").to_numpy()),
        pa.array((rows.partner == WORLD_CODE).to_numpy()),
    )
    nothing = pa.nulls(n, pa.float64())
    described = descriptions.reindex(
        pd.MultiIndex.from_frame(rows[["hs_revision", "hs6_code"]])
    ).to_numpy()
    columns = {
        "typeCode": constant("C"), "freqCode": constant("A"),
        "refPeriodId": constant(year * 10_000 + 101), "refYear": constant(year),
        "refMonth": constant(52), "period": constant(str(year)),
        "reporterCode": pa.array(rows.reporter.to_numpy()),
        "reporterISO": looked_up("iso", reporter), "reporterDesc": looked_up("name", reporter),
        "flowCode": pc.if_else(is_import, "M", "X"),
        "flowDesc": pc.if_else(is_import, "Import", "Export"),
        "partnerCode": pa.array(rows.partner.to_numpy()),
        "partnerISO": looked_up("iso", partner), "partnerDesc": looked_up("name", partner),
        "partner2Code": constant(0), "partner2ISO": constant("W00"),
        "partner2Desc": constant("World"),
        "classificationCode": pa.array(rows.hs_revision.to_numpy()),
        "classificationSearchCode": constant("HS"), "isOriginalClassification": constant(True),
        "cmdCode": pa.array(rows.hs6_code.to_numpy()), "cmdDesc": pa.array(described),
        "aggrLevel": constant(6), "isLeaf": constant(True),
        "customsCode": constant("C00"), "customsDesc": constant("TOTAL CPC"),
        "mosCode": constant("0"), "motCode": pa.array(rows.transport.to_numpy()),
        "motDesc": pa.array(rows.transport.map(MODES_OF_TRANSPORT).to_numpy()),
        "qtyUnitCode": constant(8), "qtyUnitAbbr": constant("kg"),
        "qty": kg, "isQtyEstimated": constant(False),
        "altQtyUnitCode": constant(8), "altQtyUnitAbbr": constant("kg"),
        "altQty": kg, "isAltQtyEstimated": constant(False),
        "netWgt": kg, "isNetWgtEstimated": constant(False),
        "grossWgt": nothing, "isGrossWgtEstimated": constant(False),
        "cifvalue": pc.if_else(is_import, usd, nothing),
        "fobvalue": pc.if_else(is_import, nothing, usd), "primaryValue": usd,
        "legacyEstimationFlag": constant(0), "isReported": pc.invert(is_total),
        "isAggregate": is_total,
    }  # fmt: skip
    name = f"comtrade_C_A_HS_{year}"
    if year == JSON_YEAR:
        # the API's JSON response names the net weight differently
        data = pa.table(
            {"netWeight" if name == "netWgt" else name: column for name, column in columns.items()}
        ).to_pylist()
        return _gzip(
            folder / f"{name}.json.gz",
            json.dumps(
                {"elapsedTime": "0.42 secs", "count": n, "data": data, "error": ""},
                ensure_ascii=False,
            ),
        )
    lines = pc.binary_join_element_wise(*(_text(column) for column in columns.values()), ",")
    return _gzip(folder / f"{name}.csv.gz", ",".join(columns), [lines])


# ---- BACI ------------------------------------------------------------------------------------


def write_baci(
    folder: Path,
    rng: np.random.Generator,
    world: World,
    flows: Flows,
    scale: Scale,
    say: Callable[[str], None] = lambda _: None,
) -> list[Path]:
    """Write one file a year, each as soon as it is generated, and the list of codes."""
    paths = []
    for year, revision, rows in baci_rows(rng, world, flows, scale):
        path = folder / f"BACI_HS{revision}_Y{year}_V{BACI_RELEASE}.csv.gz"
        further = rest_of_baci(rng, world, year) if scale.every_code else ()
        paths.append(
            _gzip(
                path,
                "t,i,j,k,v,q",
                chain([baci_lines(year, rows)], further),
                level=1 if scale.every_code else 4,
            )
        )
        if scale.every_code:
            say(f"demo: wrote {path.name}, {path.stat().st_size / 1e6:,.0f} MB")
    return [*paths, write_baci_economies(folder, world)]


def baci_lines(year: int, rows: pd.DataFrame) -> pa.Array:
    """Rows i, j, hs6_code, usd, kg as BACI writes them.

    Values are in thousand USD and tonnes; unrecorded weights are NA; codes have no leading zeros.
    """

    def in_thousands(units: pd.Series) -> pa.Array:
        thousands = pa.array(units.to_numpy(dtype=float).round() / 1000)
        return thousands.cast(pa.decimal128(18, 3)).cast(pa.string())

    keys = [
        pa.array(column.astype("int64").to_numpy()).cast(pa.string())
        for column in (rows.i, rows.j, rows.hs6_code)
    ]
    tonnes = pc.if_else(pa.array((rows.kg == 0).to_numpy()), "NA", in_thousands(rows.kg))
    return pc.binary_join_element_wise(
        pa.repeat(str(year), len(rows)), *keys, in_thousands(rows.usd), tonnes, ","
    )


def write_baci_economies(folder: Path, world: World) -> Path:
    path = folder / f"country_codes_V{BACI_RELEASE}.csv"
    economies = parties(world).drop(index=[0, 97, 899]).reset_index()
    economies["iso3"] = economies.iso.replace("S19", "TWN")
    economies.assign(iso2="")[["code", "name", "iso2", "iso3"]].to_csv(
        path,
        index=False,
        header=["country_code", "country_name", "country_iso2", "country_iso3"],
        lineterminator="\n",
    )
    return path


# ---- World Development Indicators ------------------------------------------------------------


def indicators(rng: np.random.Generator, world: World) -> dict[str, np.ndarray]:
    """Economy x year (1988-2022) by indicator code, missing where not published.

    These are the panel's variables in the publisher's own units.
    """
    variables = seed_table("variables").query("indicator_code != ''")
    invented, published = world.covariates.values, world.covariates.published
    found: dict[str, np.ndarray] = {}
    for row in variables.itertuples():
        name = "exchange_rate" if row.indicator_code == "PX.REX.REER" else row.variable
        if row.transformation == "rolling_sd" and name == row.variable:
            continue  # derived from an indicator that is listed itself
        if name in invented:
            values = np.where(published.get(name, published["ln_gdp"]), invented[name], np.nan)
            if row.transformation == "ln":
                values = np.exp(values)
            elif row.transformation == "hundredth":
                values = 100 * values
        else:
            values = documented_course(
                rng, world.economies, ANY_OTHER_INDICATOR, row.indicator_code
            )
        found.setdefault(row.indicator_code, values)
    for row in variables.query("transformation == 'percent_of'").itertuples():
        # a percentage of a denominator that may itself be unpublished
        found[row.indicator_code] = found[row.indicator_code] / 100 * np.exp(invented["ln_gdp"])
        found.setdefault(row.denominator_code, np.exp(invented["ln_gdp"]))
    return found


def write_wdi(folder: Path, rng: np.random.Generator, world: World) -> Path:
    """Write the bulk file WDI_CSV.zip: the indicators, and the list of economies and aggregates.

    Taiwan is not in it.
    """
    labels = (
        seed_table("variables")
        .query("indicator_code != ''")
        .drop_duplicates("indicator_code")
        .set_index("indicator_code")
        .label_en
    )
    frame = world.economies.frame
    listed = frame[~frame.iso3.isin(WITHOUT_WORLD_BANK_DATA)]
    names = dict(zip(listed.iso3, listed.economy_name, strict=True)) | AGGREGATES
    rows = []
    for code, values in sorted(indicators(rng, world).items()):
        of_economies = values[listed.index]
        known = np.maximum(np.isfinite(of_economies).sum(axis=0), 1)
        aggregate = np.where(
            np.isfinite(of_economies).any(axis=0), np.nansum(of_economies, axis=0) / known, np.nan
        )
        published = np.concatenate(
            [of_economies, np.repeat(aggregate[None], len(AGGREGATES), axis=0)]
        )
        for (iso3, name), series in zip(names.items(), published, strict=True):
            rows.append(
                [
                    name,
                    iso3,
                    f"{labels.get(code, code)} (invented)",
                    code,
                    *("" if np.isnan(v) else f"{v:.12g}" for v in series),
                    "",
                ]
            )
    rows.sort(key=lambda row: (row[0], row[3]))
    header = [
        "Country Name",
        "Country Code",
        "Indicator Name",
        "Indicator Code",
        *map(str, COVARIATE_YEARS),
        "",
    ]
    countries = [
        [e.iso3, e.economy_name, e.economy_name, e.region, e.income_group]
        for e in listed.itertuples()
    ] + [[iso3, name, name, "", ""] for iso3, name in AGGREGATES.items()]
    members = {
        "WDICSV.csv": "\ufeff" + _csv_text([header, *rows]),
        "WDICountry.csv": "\ufeff"
        + _csv_text(
            [
                ["Country Code", "Short Name", "Table Name", "Region", "Income Group"],
                *sorted(countries),
            ]
        ),
    }
    path = folder / "WDI_CSV.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in members.items():
            entry = zipfile.ZipInfo(name, date_time=(2024, 1, 1, 0, 0, 0))
            entry.compress_type, entry.create_system = zipfile.ZIP_DEFLATED, 3
            archive.writestr(entry, text.encode("utf-8"), compresslevel=6)
    return path


def _csv_text(rows: list[list[str]]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows(rows)
    return buffer.getvalue()
