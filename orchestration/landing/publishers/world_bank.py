"""The World Bank: World Development Indicators as bulk files or answers of its interface.

An answer lists observations one by one; its rows are those of the bulk files, one column per year.
"""

from __future__ import annotations

from collections.abc import Iterable

from orchestration.durable import sql_name
from orchestration.landing.layout import (
    YEAR,
    Author,
    Column,
    LandedTable,
    LandingError,
    Layout,
    Page,
    Publisher,
    RawColumn,
    Reference,
    RunOverRows,
    Terms,
    needed_column,
)
from orchestration.messages import listed, shown


def _recognise_indicators(names: frozenset[str], _label: str) -> bool:
    return {"country code", "indicator code"} <= names and any(YEAR.match(n) for n in names)


def _recognise_economies(names: frozenset[str], _label: str) -> bool:
    return {"country code", "region", "income group"} <= names


def _refuse_repeated_rows(label: str, run: RunOverRows, key: tuple[str, ...]) -> None:
    names = ", ".join(f"trim({sql_name(name)})" for name in key)
    repeated = run(
        f"select max(landed_row) as row, {names} from landed_rows "
        f"group by {names} having count(*) > 1 order by row limit 1"
    )
    for row, *values in repeated:
        raise LandingError(
            f"{label}: row {row}, {' and '.join(key)}: {listed(*values)} repeats an earlier row. "
            "Land the file as published, or request it again."
        )


def _refuse_repeated_series(label: str, run: RunOverRows) -> None:
    _refuse_repeated_rows(label, run, ("Country Code", "Indicator Code"))


def _refuse_repeated_economies(label: str, run: RunOverRows) -> None:
    _refuse_repeated_rows(label, run, ("Country Code",))


def _one_row_per_year(table: LandedTable) -> str:
    years = ", ".join(sql_name(year) for year in table.year_columns)
    return f"(unpivot (select * from landed_rows) on {years} into name year value value)"


WDI_INDICATORS = Layout(
    name="wdi_indicators",
    description="World Development Indicators, long form.",
    columns=(
        Column("Country Name"),
        needed_column("Country Code"),
        Column("Indicator Name"),
        needed_column("Indicator Code"),
    ),
    recognise=_recognise_indicators,
    missing_remedy=(
        "Take WDICSV.csv (formerly WDIData.csv) out of WDI_CSV.zip, or land the zip as it is."
    ),
    has_year_columns=True,
    first_year=1960,
    key_in_file=("country_code", "indicator_code", "year"),
    further_check=_refuse_repeated_series,
    raw_columns=(
        RawColumn("country_code", expression='trim("Country Code")'),
        RawColumn("indicator_code", expression='trim("Indicator Code")'),
        RawColumn("indicator_name", expression='"Indicator Name"'),
        RawColumn("year", "smallint"),
        RawColumn("value", "double"),
    ),
    raw_rows=_one_row_per_year,
)

WDI_ECONOMIES = Layout(
    name="wdi_economies",
    description="The World Bank's economies and aggregates.",
    columns=(
        needed_column("Country Code"),
        Column("Short Name", aliases=("Table Name",)),
        needed_column("Region", blank_allowed=True),
        needed_column("Income Group", blank_allowed=True),
    ),
    recognise=_recognise_economies,
    further_check=_refuse_repeated_economies,
    key_in_file=("country_code",),
    raw_columns=(
        RawColumn("country_code", expression='"Country Code"'),
        RawColumn("short_name", expression='"Short Name"'),
        RawColumn("region", expression='"Region"'),
        RawColumn("income_group", expression='"Income Group"'),
    ),
)


# ---- answers -------------------------------------------------------------------------------------


def _rows_of_answer(label: str, answer: object) -> list[dict] | None:
    """An answer as rows of the bulk files (WDICSV.csv or WDICountry.csv).

    Observations come in two forms: from the indicators interface (a list of page information and
    rows) and from the archives (source.data, each with its dimensions by name).
    """
    if (
        isinstance(answer, list)
        and answer
        and isinstance(answer[0], dict)
        and "message" in answer[0]
    ):
        raise LandingError(
            f"{label}: the World Bank answered with an error: {shown(answer[0]['message'])}. "
            "Send the request again, then land the new answer."
        )
    try:
        return _rows_of_page(label, answer) or _rows_of_archive(label, answer)
    except (KeyError, TypeError, AttributeError) as error:
        raise LandingError(
            f"{label}: a World Bank answer whose rows are not in the known form "
            f"({type(error).__name__}: {error}). "
            "The interface may have changed; this reader must be adapted."
        ) from error


def _rows_of_page(label: str, answer: object) -> list[dict] | None:
    """Observations or economies from a page of the indicators interface."""
    if not (
        isinstance(answer, list) and len(answer) == 2 and isinstance(answer[1], list) and answer[1]
    ):
        return None
    first = answer[1][0]
    names = set(first) if isinstance(first, dict) else set()
    if {"indicator", "date", "value"} <= names:
        return _by_year(
            label,
            (
                (
                    r["countryiso3code"] or r["country"]["id"],
                    r["country"]["value"],
                    r["indicator"]["id"],
                    r["indicator"]["value"],
                    r["date"],
                    r["value"],
                )
                for r in answer[1]
            ),
        )
    if {"region", "incomeLevel", "iso2Code"} <= names:
        return [
            {
                "Country Code": r["id"],
                "Short Name": r["name"],
                "Region": _group_of_economy(r, "region"),
                "Income Group": _group_of_economy(r, "incomeLevel"),
            }
            for r in answer[1]
        ]
    return None


def _rows_of_archive(label: str, answer: object) -> list[dict] | None:
    """Observations from an archived release."""
    source = answer.get("source") if isinstance(answer, dict) else None
    if not isinstance(source, dict) or not isinstance(source.get("data"), list):
        return None
    dimensions = [({d["concept"]: d for d in r["variable"]}, r["value"]) for r in source["data"]]
    return _by_year(
        label,
        (
            (
                d["Country"]["id"],
                d["Country"]["value"],
                d["Series"]["id"],
                d["Series"]["value"],
                d["Time"]["id"].removeprefix("YR"),
                value,
            )
            for d, value in dimensions
        ),
    )


def _group_of_economy(row: dict, grouping: str) -> str:
    """The region or income group of an economy; blank for an aggregate (region NA)."""
    return "" if row["region"]["id"] == "NA" else row[grouping]["value"].strip()


def _page_of_answer(answer: object) -> Page | None:
    if isinstance(answer, list) and len(answer) == 2:
        info, rows = answer
    elif isinstance(answer, dict) and isinstance(answer.get("source"), dict):
        info, rows = answer, answer["source"].get("data")
    else:
        return None
    names = ("page", "pages", "total")
    if not isinstance(rows, list) or not isinstance(info, dict) or not info.keys() >= {*names}:
        return None
    number, pages, total = (int(str(info[name])) for name in names)
    return Page(number, pages, len(rows), total)


def _by_year(label: str, observations: Iterable[tuple]) -> list[dict]:
    rows: dict[tuple, dict] = {}
    for code, name, indicator, indicator_name, year, value in observations:
        if not YEAR.match(str(year)):
            raise LandingError(
                f"{label}: {listed(indicator)} of {listed(code)} has the date {shown(year)}, "
                "which is no year. Request the yearly values."
            )
        row = rows.setdefault(
            (code, indicator),
            {
                "Country Name": name,
                "Country Code": code,
                "Indicator Name": indicator_name,
                "Indicator Code": indicator,
            },
        )
        if row.setdefault(str(year), value) != value:
            raise LandingError(
                f"{label}: {listed(indicator)} of {listed(code)} in {year} appears twice, "
                f"with the values {shown(row[str(year)])} and {shown(value)}. "
                "Send the request again, then land the new answer."
            )
    return list(rows.values())


PUBLISHER = Publisher(
    name="wdi",
    title="World Development Indicators",
    layouts=(WDI_INDICATORS, WDI_ECONOMIES),
    terms=Terms("CC BY 4.0", "CC-BY-4.0", "https://creativecommons.org/licenses/by/4.0/"),
    reference=Reference("World Development Indicators", (Author("The World Bank"),)),
    address="https://databank.worldbank.org/source/world-development-indicators",
    access="api.worldbank.org or the bulk file WDI_CSV.zip, no key",
    rows_of_answer=_rows_of_answer,
    page_of_answer=_page_of_answer,
)
