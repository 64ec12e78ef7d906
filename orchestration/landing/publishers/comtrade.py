"""UN Comtrade: goods trade by year or month as reported, in answers of its interface or as CSV."""

from __future__ import annotations

from orchestration.durable import sql_texts
from orchestration.landing.layout import (
    Author,
    Column,
    EmptyAnswerError,
    LandingError,
    Layout,
    Publisher,
    Reference,
    Replacement,
    RunOverRows,
    Terms,
    needed_column,
    text_columns,
)
from orchestration.messages import shown

# the dimensions under which an extract may keep UN Comtrade's rows; it is recognised, so that the
# error can say what is lost
_HEADERS = (
    {"reportercode", "cmdcode"},
    {"reporter", "partner", "cmd", "flow"},
    {"reporter", "partner", "commodity code"},
)

# what makes a row of an answer unique; staging removes repeated rows by the same columns
_KEY = (
    "period",
    "refYear",
    "reporterCode",
    "flowCode",
    "partnerCode",
    "partner2Code",
    "classificationCode",
    "cmdCode",
    "customsCode",
    "mosCode",
    "motCode",
)


def _recognise(names: frozenset[str], _label: str) -> bool:
    return any(header <= names for header in _HEADERS)


def _refuse_lost_detail(label: str, run: RunOverRows) -> None:
    """Refuse a file in which one key occurs with several values.

    The columns that distinguished its rows are lost, so no sum would be right.
    """
    key = ", ".join(f"trim({c}) as {c}" for c in _KEY)
    [(keys, rows, row)] = run(
        f"""
        select count(*), sum(row_count), min(first_row) from (
            select {key},
                count(*) as row_count,
                min(landed_row) as first_row,
                count(distinct try_cast(primaryValue as double)) as value_count
            from landed_rows group by all
        ) where value_count > 1
        """
    )
    if keys:
        raise LandingError(
            f"{label}: {rows:,} rows share only {keys:,} keys, "
            "with different values under one key "
            f"(first at row {row}, columns {', '.join(_KEY[2:])}). "
            "The columns that distinguish totals from parts are lost, "
            "so any sum would count several times. "
            "Pull the data again pinned to partner2Code=0, customsCode=C00 and motCode=0."
        )


# ---- what a newer answer replaces ----------------------------------------------------------------

_REPORTER = "cast(try_cast(reporterCode as integer) as varchar)"
# the year of an annual row, the year and month (202203) of a monthly one, as a request names them
_PERIOD = """
    case upper(trim(freqCode))
        when 'A' then cast(try_cast(refYear as integer) as varchar)
        when 'M'
        then cast(100 * try_cast(refYear as integer) + try_cast(refMonth as integer) as varchar)
    end
"""


def _years_of_request(request: dict) -> set[int]:
    return {int(period[:4]) for period in request["period"].split(",")}


def _rows_of_request(request: dict) -> str:
    """The raw rows within the scope of a request: its periods, reporters, flows, codes, partners.

    A request for months replaces no year and no other month, one for years no month.
    """
    conditions = [
        f"{_PERIOD} in ({sql_texts(request['period'].split(','))})",
        f"{_REPORTER} in ({sql_texts(request['reporterCode'].split(','))})",
        f"upper(trim(flowCode)) in ({sql_texts(request['flowCode'].split(','))})",
        f"lpad(trim(cmdCode), 6, '0') in ({sql_texts(request['cmdCode'].split(','))})",
    ]
    if "partnerCode" in request:
        conditions.append(
            "cast(try_cast(partnerCode as integer) as varchar) "
            f"in ({sql_texts(request['partnerCode'].split(','))})"
        )
    return " and ".join(conditions)


# ---- answers -------------------------------------------------------------------------------------


def _rows_of_answer(label: str, answer: object) -> list[dict] | None:
    if not isinstance(answer, dict):
        return None
    if answer.get("error"):
        raise LandingError(
            f"{label}: UN Comtrade answered with an error: {shown(answer['error'])}. "
            "Send the request again, then land the new answer."
        )
    if isinstance(answer.get("data"), list):
        return _rows_of_data(label, answer)
    if "message" in answer:
        raise LandingError(
            f"{label}: an error message, not data: {shown(answer['message'])}. "
            "Send the request again, then land the new answer."
        )
    return None


def _rows_of_data(label: str, answer: dict) -> list[dict]:
    rows, count = answer["data"], answer.get("count")
    if isinstance(count, int) and count != len(rows):
        raise LandingError(
            f"{label}: says count {count:,} but holds {len(rows):,} rows. "
            "The answer was truncated or altered; land it again."
        )
    if not all(isinstance(row, dict) for row in rows):
        raise LandingError(
            f"{label}: the list 'data' holds something other than rows with named columns. "
            "Send the request again, then land the new answer."
        )
    if not rows:
        raise EmptyAnswerError(
            f"{label}: a UN Comtrade answer without rows (count 0); there is nothing to land.",
            COMTRADE_TRADE.name,
        )
    return rows


# ---- the layout ----------------------------------------------------------------------------------

# The 47 columns of a UN Comtrade goods answer, in the publisher's order. The ones marked as needed
# decide what a row is: without partner2Code, customsCode and motCode a total cannot be told from
# its parts, and a sum would count twice.
COMTRADE_TRADE = Layout(
    name="comtrade_trade",
    description="UN Comtrade goods answers, all 47 columns as text.",
    columns=(
        needed_column("typeCode"),
        needed_column("freqCode"),
        *text_columns("refPeriodId"),
        needed_column("refYear", "year"),
        *text_columns("refMonth", "period"),
        needed_column("reporterCode", "integer"),
        *text_columns("reporterISO", "reporterDesc"),
        needed_column("flowCode"),
        *text_columns("flowDesc"),
        needed_column("partnerCode", "integer"),
        *text_columns("partnerISO", "partnerDesc"),
        needed_column("partner2Code", "integer"),
        *text_columns("partner2ISO", "partner2Desc"),
        needed_column("classificationCode"),
        *text_columns("classificationSearchCode"),
        needed_column("isOriginalClassification", blank_allowed=True),
        needed_column("cmdCode"),
        *text_columns("cmdDesc", "aggrLevel", "isLeaf"),
        needed_column("customsCode"),
        *text_columns("customsDesc"),
        needed_column("mosCode", blank_allowed=True),
        needed_column("motCode", "integer"),
        *text_columns("motDesc", "qtyUnitCode", "qtyUnitAbbr"),
        Column("qty", "number"),
        *text_columns("isQtyEstimated", "altQtyUnitCode", "altQtyUnitAbbr"),
        Column("altQty", "number"),
        *text_columns("isAltQtyEstimated"),
        needed_column("netWgt", "amount", aliases=("netWeight",), blank_allowed=True),
        *text_columns("isNetWgtEstimated"),
        Column("grossWgt", "number"),
        *text_columns("isGrossWgtEstimated"),
        Column("cifvalue", "number"),
        Column("fobvalue", "number"),
        needed_column("primaryValue", "amount"),
        *text_columns("legacyEstimationFlag", "isReported", "isAggregate"),
    ),
    recognise=_recognise,
    missing_remedy=(
        "Without them totals cannot be distinguished from their parts "
        "and flows would count several times. "
        "Pull the data again with all columns, pinned to partner2Code=0, "
        "customsCode=C00 and motCode=0."
    ),
    lists_every_column=True,
    further_check=_refuse_lost_detail,
    year_column="refYear",
    sorted_by=("cmdCode", "reporterCode", "partnerCode"),
    cut_at=(500, 100_000),  # of the preview and of the data endpoint
    replacement=Replacement(
        table="comtrade_superseded",
        description=(
            "UN Comtrade rows that a newer answer to the same question replaced, "
            "set aside when it was loaded."
        ),
        years=_years_of_request,
        replaced_rows=_rows_of_request,
        release_period=_PERIOD,
        release_key=_REPORTER,
    ),
)

PUBLISHER = Publisher(
    name="comtrade",
    title="UN Comtrade",
    layouts=(COMTRADE_TRADE,),
    # its licence agreement: for internal use, not to be re-disseminated in any form without written
    # permission of the United Nations Statistics Division
    terms=Terms(
        "UN Comtrade terms of use: data may be used, not redistributed",
        "other-closed",
        "https://comtrade.un.org/db/help/PolicyOnUseAndRedissemination.pdf",
        rows_may_be_passed_on=False,
    ),
    reference=Reference("UN Comtrade Database", (Author("United Nations Statistics Division"),)),
    address="https://comtradeplus.un.org",
    access="comtradeapi.un.org; a free key (COMTRADE_API_KEY) for more than a trial",
    rows_of_answer=_rows_of_answer,
)
