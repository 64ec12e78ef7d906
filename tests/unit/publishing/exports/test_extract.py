"""Which rows and columns an export has, what they are called, and what is refused."""

from __future__ import annotations

import pytest

from orchestration.publishing.catalogue import UnknownTableError
from orchestration.publishing.exports.extract import (
    Extract,
    ExtractError,
    Selection,
    extract_of,
)
from orchestration.publishing.reading import OpenPublication

LONG_NAME = "lct_without_dual_use_imports_from_china_kusd"
KEYS = [
    "iso3",
    "economy_name",
    "economy_name_zh",
    "region",
    "income_group",
    "country_group",
    "year",
]
CHOICES = ["basis", "hs_treatment", "mineral_scope", "is_synthetic"]


def names_of(extract: Extract) -> list[str]:
    return [column.name for column in extract.columns]


def rows_of(extract: Extract) -> list[tuple]:
    return [
        row
        for batch in extract.batches()
        for row in zip(*(column.to_pylist() for column in batch.columns), strict=True)
    ]


def test_the_panel_is_whose_it_is_then_the_variables_then_the_choices(
    real: OpenPublication,
) -> None:
    panel = extract_of(real, "panel", Selection())
    names = names_of(panel)
    assert (names[:7], names[-4:]) == (KEYS, CHOICES)
    assert names[7:-4] == [
        "gdp",
        "ln_lct_imports_from_china",
        LONG_NAME,
        f"{LONG_NAME}_lag1",
        f"{LONG_NAME}_lag1_z",
    ]
    assert (panel.name, panel.rows, panel.grain) == ("panel", 3, "one row per economy and year.")
    rows = rows_of(panel)
    assert [row[:3] + row[6:8] for row in rows] == [
        ("DEU", "Germany", "德国", 2020, None),
        ("DEU", "Germany", "德国", 2021, 1.5),
        ("FRA", "France", "法国", 2021, None),
    ]


def test_economies_years_and_variables_are_chosen_at_once(real: OpenPublication) -> None:
    chosen = Selection(("DEU", "CHN"), ((2021, 2022), (1990, 1990)), ("ln_*", "*_lag1"))
    extract = extract_of(real, "panel", chosen)
    assert names_of(extract) == [
        *KEYS,
        "ln_lct_imports_from_china",
        f"{LONG_NAME}_lag1",
        *CHOICES,
    ]
    assert [row[6:9] for row in rows_of(extract)] == [(2021, 10.25, 2000.125)]
    assert extract.rows == 1
    assert extract.remarks == ("no rows for CHN",)


def test_a_flow_belongs_to_either_side_and_a_table_keeps_its_columns(
    real: OpenPublication,
) -> None:
    flows = extract_of(real, "fct_trade_flow", Selection(("FRA",), (), ("value_usd", "year")))
    assert (flows.name, flows.table) == ("fct_trade_flow", "marts.fct_trade_flow")
    assert (names_of(flows), rows_of(flows)) == (["year", "value_usd"], [(2022, None)])
    assert [c.unit for c in flows.columns] == ["", "current US dollars"]


def test_labels_are_the_publications_in_both_languages_also_of_lags(real: OpenPublication) -> None:
    columns = {c.name: c for c in extract_of(real, "panel", Selection()).columns}
    lag = columns[f"{LONG_NAME}_lag1"]
    assert (lag.label_en, lag.label_zh, lag.unit) == (
        "LCT imports from China without dual-use products, t-1",
        "从中国进口的低碳技术 (不含两用产品), 滞后一年",
        "thousand USD",
    )
    assert columns[f"{LONG_NAME}_lag1_z"].unit == "standard deviations"
    assert columns["gdp"].label(None) == "GDP / 国内生产总值"
    assert columns["gdp"].label("zh") == "国内生产总值"
    assert columns["gdp"].description == "GDP, current USD. NY.GDP.MKTP.CD."
    assert [(v.value, v.name_zh) for v in columns["country_group"].values] == [
        ("China", "中国"),
        ("High income", "高收入经济体"),
    ]


def test_a_column_has_names_of_values_only_if_all_of_its_values_have_one(
    real: OpenPublication,
) -> None:
    hard = {c.name: c for c in extract_of(real, "hard_values", Selection()).columns}
    assert hard["sector"].values == (), "all sectors is no sector"
    assert len(hard["country_group"].values) == 2
    assert hard["text"].label("zh") == "text"


def test_invented_numbers_say_so_in_a_column_where_a_format_has_no_other_place(
    real: OpenPublication, synthetic: OpenPublication
) -> None:
    panel = extract_of(synthetic, "panel", Selection())
    assert names_of(panel.with_notice()) == [*names_of(panel), "notice"]
    assert {row[-1] for row in rows_of(panel.with_notice())} == {synthetic.notice}
    of_real = extract_of(real, "panel", Selection())
    assert of_real.with_notice() == of_real


@pytest.mark.parametrize(
    ("what", "selection", "said"),
    [
        ("panel", Selection(economies=("GER",)), "Do you mean DEU (Germany)?"),
        ("panel", Selection(economies=("DUE", "FRA")), "Unknown economies: DUE. Do you mean DEU"),
        ("panel", Selection(economies=("XXXX",)), "Unknown economies: XXXX. Economies are ISO"),
        ("panel", Selection(economies=("CHN",)), "no rows of CHN."),
        ("panel", Selection(years=((1990, 1991),)), "has 2020 to 2021."),
        ("panel", Selection(("CHN",), ((1990, 1991),)), "has no rows of CHN."),
        ("panel", Selection(("FRA",), ((2020, 2020),)), "has 2021 to 2021 of FRA."),
        ("panel", Selection(variables=("ln_lct_imports",)), "mean ln_lct_imports_from_china?"),
        ("panel", Selection(variables=("zz*",)), "lists all of them"),
        ("run_choices", Selection(economies=("DEU",)), "has no economies"),
        ("run_choices", Selection(years=((2020, 2020),)), "has no years"),
    ],
)
def test_what_is_not_there_is_said_with_what_is(
    real: OpenPublication, what: str, selection: Selection, said: str
) -> None:
    with pytest.raises(ExtractError) as refused:
        extract_of(real, what, selection)
    assert said in str(refused.value)


def test_an_unknown_table_is_refused(real: OpenPublication) -> None:
    with pytest.raises(UnknownTableError, match=r"marts\.panel_country_year"):
        extract_of(real, "marts.panel", Selection())


def test_years_are_also_those_of_days(real: OpenPublication) -> None:
    months = extract_of(real, "months", Selection(years=((2022, 2022),)))
    assert [row[0].isoformat() for row in rows_of(months)] == ["2022-01-01"]
