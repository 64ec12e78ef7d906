"""The synthetic world as the publishers' files.

These are UN Comtrade's CSV and JSON, BACI's yearly files, and the bulk archive of the World
Development Indicators. Every table has the column that marks it as synthetic, the last with a name.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import zipfile
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from orchestration.landing.publishers import baci
from orchestration.landing.synthetic_mark import INVENTED, MARK_COLUMN, MARK_VALUE
from orchestration.sources.synthetic.calibration import (
    ANY_OTHER_INDICATOR,
    COVARIATE_YEARS,
    WITHOUT_WORLD_BANK_DATA,
    Scale,
)
from orchestration.sources.synthetic.covariates import documented_course
from orchestration.sources.synthetic.economies import seed_table
from orchestration.sources.synthetic.every_code import (
    random_numbers_of,
    rest_of_baci,
    rows_by_year,
)
from orchestration.sources.synthetic.flows import Flows, codes, products
from orchestration.sources.synthetic.reports import WORLD_CODE, baci_rows, parties
from orchestration.sources.synthetic.workers import results_of, workers_allowed
from orchestration.sources.synthetic.world import World

BACI_RELEASE = "202401"
BACI_HEADER = f"t,i,j,k,v,q,{MARK_COLUMN}"
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


def write_gzip(path: Path, header: str, blocks: Iterable[pa.Array] = (), level: int = 4) -> Path:
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
    named, descriptions = parties(world), _descriptions()
    return [
        _write_comtrade_year(folder, int(year), part, named, descriptions)
        for year, part in records.groupby("year")
    ]


def write_comtrade_months(folder: Path, world: World, records: pd.DataFrame) -> list[Path]:
    """Write the months of `monthly_rows`, one file a year."""
    named, descriptions = parties(world), _descriptions()
    return [
        _write_comtrade_year(folder, int(year), part, named, descriptions)
        for year, part in records.groupby("year")
    ]


def _descriptions() -> pd.Series:
    """What a code of a revision is called."""
    listed = codes().merge(products(), on="product_code")
    return listed.groupby(["hs_revision", "hs6_code"]).description.first()


def _write_comtrade_year(
    folder: Path, year: int, rows: pd.DataFrame, named: pd.DataFrame, descriptions: pd.Series
) -> Path:
    is_annual = "month" not in rows
    columns = _comtrade_columns(year, rows, named, descriptions)
    name = f"comtrade_C_{'A' if is_annual else 'M'}_HS_{year}"
    if is_annual and year == JSON_YEAR:
        return write_gzip(folder / f"{name}.json.gz", _api_response(columns))
    lines = pc.binary_join_element_wise(*(_text(column) for column in columns.values()), ",")
    return write_gzip(folder / f"{name}.csv.gz", ",".join(columns), [lines])


def _api_response(columns: dict[str, pa.Array]) -> str:
    """The records as the API's JSON response, which names the net weight differently."""
    records = pa.table(
        {"netWeight" if name == "netWgt" else name: column for name, column in columns.items()}
    ).to_pylist()
    return json.dumps(
        {"elapsedTime": "0.42 secs", "count": len(records), "data": records, "error": ""},
        ensure_ascii=False,
    )


def _comtrade_columns(
    year: int, rows: pd.DataFrame, named: pd.DataFrame, descriptions: pd.Series
) -> dict[str, pa.Array]:
    """The 47 columns of UN Comtrade's layout, in its order, and the mark."""
    is_import = pa.array((rows.flow == "M").to_numpy())
    return {
        **_period_columns(year, rows),
        **_party_columns("reporter", rows.reporter, named),
        "flowCode": pc.if_else(is_import, "M", "X"),
        "flowDesc": pc.if_else(is_import, "Import", "Export"),
        **_party_columns("partner", rows.partner, named),
        **_constant(len(rows), partner2Code=0, partner2ISO="W00", partner2Desc="World"),
        **_product_columns(rows, descriptions),
        **_constant(len(rows), customsCode="C00", customsDesc="TOTAL CPC", mosCode="0"),
        "motCode": pa.array(rows.transport.to_numpy()),
        "motDesc": pa.array(rows.transport.map(MODES_OF_TRANSPORT).to_numpy()),
        **_weight_columns(rows),
        **_value_columns(rows, is_import),
        **_constant(len(rows), **{MARK_COLUMN: MARK_VALUE}),
    }


def _period_columns(year: int, rows: pd.DataFrame) -> dict[str, pa.Array]:
    """The year, or with a column month the months, as UN Comtrade names them."""
    n = len(rows)
    if "month" not in rows:
        return {
            **_constant(n, typeCode="C", freqCode="A", refPeriodId=year * 10_000 + 101),
            **_constant(n, refYear=year, refMonth=52, period=str(year)),
        }
    period = year * 100 + rows.month
    return {
        **_constant(n, typeCode="C", freqCode="M"),
        "refPeriodId": pa.array((period * 100 + 1).to_numpy()),
        **_constant(n, refYear=year),
        "refMonth": pa.array(rows.month.to_numpy()),
        "period": pa.array(period.astype(str).to_numpy()),
    }


def _constant(count: int, **values: object) -> dict[str, pa.Array]:
    return {name: pa.repeat(value, count) for name, value in values.items()}


def _party_columns(party: str, code: pd.Series, named: pd.DataFrame) -> dict[str, pa.Array]:
    place = named.index.get_indexer(code)
    return {
        f"{party}Code": pa.array(code.to_numpy()),
        f"{party}ISO": pa.array(named["iso"].to_numpy()[place]),
        f"{party}Desc": pa.array(named["name"].to_numpy()[place]),
    }


def _product_columns(rows: pd.DataFrame, descriptions: pd.Series) -> dict[str, pa.Array]:
    code = pd.MultiIndex.from_frame(rows[["hs_revision", "hs6_code"]])
    return {
        "classificationCode": pa.array(rows.hs_revision.to_numpy()),
        **_constant(len(rows), classificationSearchCode="HS", isOriginalClassification=True),
        "cmdCode": pa.array(rows.hs6_code.to_numpy()),
        "cmdDesc": pa.array((descriptions.reindex(code) + f" {INVENTED}").to_numpy()),
        **_constant(len(rows), aggrLevel=6, isLeaf=True),
    }


def _weight_columns(rows: pd.DataFrame) -> dict[str, pa.Array]:
    """Quantities, all of them the net weight in kg; missing where it is not recorded."""
    kg = pa.array(rows.kg.to_numpy(dtype=float), mask=(rows.kg == 0).to_numpy())
    n = len(rows)
    estimated = rows.is_estimated if "is_estimated" in rows else pd.Series(False, rows.index)
    is_estimated = pa.array(estimated.to_numpy())
    return {
        **_constant(n, qtyUnitCode=8, qtyUnitAbbr="kg"),
        "qty": kg,
        "isQtyEstimated": is_estimated,
        **_constant(n, altQtyUnitCode=8, altQtyUnitAbbr="kg"),
        "altQty": kg,
        "isAltQtyEstimated": is_estimated,
        "netWgt": kg,
        "isNetWgtEstimated": is_estimated,
        "grossWgt": pa.nulls(n, pa.float64()),
        **_constant(n, isGrossWgtEstimated=False),
    }


def _value_columns(rows: pd.DataFrame, is_import: pa.Array) -> dict[str, pa.Array]:
    """Values in USD: CIF for imports, FOB for exports."""
    usd, nothing = pa.array(rows.thousandths.to_numpy() / 1000), pa.nulls(len(rows), pa.float64())
    is_total = pa.array((rows.partner == WORLD_CODE).to_numpy())
    return {
        "cifvalue": pc.if_else(is_import, usd, nothing),
        "fobvalue": pc.if_else(is_import, nothing, usd),
        "primaryValue": usd,
        **_constant(len(rows), legacyEstimationFlag=0),
        "isReported": pc.invert(is_total),
        "isAggregate": is_total,
    }


# ---- BACI ------------------------------------------------------------------------------------


def write_baci(
    folder: Path,
    rng: np.random.Generator,
    world: World,
    flows: Flows,
    scale: Scale,
) -> list[Path]:
    """Write one file a year, each as soon as it is generated, and the list of codes."""
    paths = [
        write_gzip(
            folder / baci_name(year, revision), BACI_HEADER, [_marked(baci_lines(year, rows))]
        )
        for year, revision, rows in baci_rows(rng, world, flows, scale)
    ]
    return [*paths, write_baci_economies(folder, world)]


def write_all_of_baci(
    folder: Path,
    rng: np.random.Generator,
    world: World,
    flows: Flows,
    scale: Scale,
    seed: int,
    rows: int | None = None,
    say: Callable[[str], None] = lambda _: None,
    workers: int | None = None,
) -> list[Path]:
    """Write the same with every pair and code, `rows` in all, the years by several processes.

    The latest years are the longest and come first, so that no process is left alone with one.
    """
    wanted = rows_by_year(rows)
    tasks = [
        (folder / baci_name(year, revision), year, revision, of_report, wanted[year], scale, seed)
        for year, revision, of_report in baci_rows(rng, world, flows, scale)
    ]
    workers = workers or workers_allowed()
    for path, count in results_of(write_year_of_baci, reversed(tasks), workers):
        say(f"demo: wrote {path.name}, {count:,} rows, {path.stat().st_size / 1e6:,.0f} MB")
    return [*(task[0] for task in tasks), write_baci_economies(folder, world)]


def write_year_of_baci(
    path: Path,
    year: int,
    revision: str,
    of_report: pd.DataFrame,
    rows: int,
    scale: Scale,
    seed: int,
) -> tuple[Path, int]:
    """Write the report's rows of a year, and all others until there are `rows`.

    Returns the path and how many rows there are.
    """
    count = 0

    def blocks() -> Iterator[pa.Array]:
        nonlocal count
        rng, hs_revision = random_numbers_of(seed, year), baci.BACI_REVISIONS[revision]
        others = rest_of_baci(rng, year, hs_revision, scale, max(rows - len(of_report), 0))
        for lines in chain([baci_lines(year, of_report)], others):
            count += len(lines)
            yield _marked(lines)

    return write_gzip(path, BACI_HEADER, blocks(), level=1), count


def baci_name(year: int, revision: str) -> str:
    return f"BACI_HS{revision}_Y{year}_V{BACI_RELEASE}.csv.gz"


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


def _marked(lines: pa.Array) -> pa.Array:
    return pc.binary_join_element_wise(lines, MARK_VALUE, ",")


def write_baci_economies(folder: Path, world: World) -> Path:
    path = folder / f"country_codes_V{BACI_RELEASE}.csv"
    economies = parties(world).drop(index=[0, 97, 899]).reset_index()
    economies["iso3"] = economies.iso.replace("S19", "TWN")
    economies.assign(iso2="", mark=MARK_VALUE)[["code", "name", "iso2", "iso3", "mark"]].to_csv(
        path,
        index=False,
        header=["country_code", "country_name", "country_iso2", "country_iso3", MARK_COLUMN],
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
    frame = world.economies.frame
    listed = frame[~frame.iso3.isin(WITHOUT_WORLD_BANK_DATA)]
    members = {
        "WDICSV.csv": _series_table(indicators(rng, world), listed),
        "WDICountry.csv": _economies_table(listed),
    }
    path = folder / "WDI_CSV.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, table in members.items():
            entry = zipfile.ZipInfo(name, date_time=(2024, 1, 1, 0, 0, 0))
            entry.compress_type, entry.create_system = zipfile.ZIP_DEFLATED, 3
            text = "\ufeff" + _csv_text(table)
            archive.writestr(entry, text.encode("utf-8"), compresslevel=6)
    return path


def _series_table(values: dict[str, np.ndarray], listed: pd.DataFrame) -> list[list[str]]:
    """WDICSV.csv: a header, and a row for each series of a listed economy or an aggregate."""
    labels = (
        seed_table("variables")
        .query("indicator_code != ''")
        .drop_duplicates("indicator_code")
        .set_index("indicator_code")
        .label_en
    )
    names = dict(zip(listed.iso3, listed.economy_name, strict=True)) | AGGREGATES
    rows = []
    for code, series in sorted(values.items()):
        label = f"{labels.get(code, code)} {INVENTED}"
        published = _with_aggregates(series[listed.index])
        for (iso3, name), by_year in zip(names.items(), published, strict=True):
            cells = ("" if np.isnan(value) else f"{value:.12g}" for value in by_year)
            rows.append([name, iso3, label, code, *cells, MARK_VALUE, ""])
    rows.sort(key=lambda row: (row[0], row[3]))
    header = ["Country Name", "Country Code", "Indicator Name", "Indicator Code"]
    return [[*header, *map(str, COVARIATE_YEARS), MARK_COLUMN, ""], *rows]


def _with_aggregates(of_economies: np.ndarray) -> np.ndarray:
    """The series of the economies, and for each aggregate the mean of those that are published."""
    known = np.maximum(np.isfinite(of_economies).sum(axis=0), 1)
    aggregate = np.where(
        np.isfinite(of_economies).any(axis=0), np.nansum(of_economies, axis=0) / known, np.nan
    )
    return np.concatenate([of_economies, np.repeat(aggregate[None], len(AGGREGATES), axis=0)])


def _economies_table(listed: pd.DataFrame) -> list[list[str]]:
    """WDICountry.csv: a header, and the listed economies and aggregates; these have no region."""
    rows = [
        [e.iso3, e.economy_name, e.economy_name, e.region, e.income_group]
        for e in listed.itertuples()
    ] + [[iso3, name, name, "", ""] for iso3, name in AGGREGATES.items()]
    header = ["Country Code", "Short Name", "Table Name", "Region", "Income Group", MARK_COLUMN]
    return [header, *([*row, MARK_VALUE] for row in sorted(rows))]


def _csv_text(rows: list[list[str]]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows(rows)
    return buffer.getvalue()
